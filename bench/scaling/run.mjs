// How a check grows with what an API has of scopes, keys and routes: run.mjs [--rounds 3]
import { parseArgs } from 'node:util'
import { writeResults } from '../figures.mjs'
import { show } from '../micro/show.mjs'
import { inProcesses } from '../processes.mjs'

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '3' } } })
const rounds = Number(values.rounds)

const CURVES = {
  scopes: [10, 100, 1_000, 10_000],
  grant: [1, 4, 16, 64, 256],
  keys: [1_000, 10_000, 100_000, 1_000_000],
  store: [1_000, 10_000, 100_000, 1_000_000],
  routes: [10, 100, 1_000, 6_000]
}

const cases = Object.entries(CURVES).flatMap(([name, sizes]) => sizes.map(size => ({ name, size })))
const rows = await inProcesses(new URL('calls.mjs', import.meta.url), cases, rounds)
writeResults('scaling', { rounds, rows })
console.log(`Growth of a check, Node ${process.version}, ${rounds} fresh processes each, median (the middle half)`)
show(rows)
