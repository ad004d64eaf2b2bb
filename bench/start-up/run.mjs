// How much longer an app takes to start with the plugin than without, by the number of its routes: run.mjs [--rounds 7]
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { parseArgs, promisify } from 'node:util'
import { inWords, spread, writeResults } from '../figures.mjs'

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '7' } } })
const rounds = Number(values.rounds)
const program = fileURLToPath(new URL('start.mjs', import.meta.url))
const VARIANTS = ['bare', 'imported', 'plugin', 'without findings']

async function start (variant, routes) {
  const { stdout } = await promisify(execFile)(process.execPath, [program, variant, String(routes)])
  return JSON.parse(stdout)
}

const rows = []
for (const routes of [10, 100, 1_000, 6_000]) {
  const starts = Object.fromEntries(VARIANTS.map(variant => [variant, []]))
  for (let round = 0; round < rounds; round++) {
    // One after another, each time in another order: whatever else the machine does, it does to all of them.
    for (let i = 0; i < VARIANTS.length; i++) {
      const variant = VARIANTS[(round + i) % VARIANTS.length]
      starts[variant].push(await start(variant, routes))
    }
  }
  const of = (variant, figure) => spread(starts[variant].map(start => start[figure]))
  const ratio = (variant, figure) => spread(starts[variant].map((start, i) => start[figure] / starts.bare[i][figure]))
  for (const variant of VARIANTS) {
    rows.push({
      routes,
      variant,
      milliseconds: of(variant, 'milliseconds'),
      cpuMilliseconds: of(variant, 'cpuMilliseconds'),
      ratio: ratio(variant, 'milliseconds'),
      cpuRatio: ratio(variant, 'cpuMilliseconds')
    })
  }
}

writeResults('start-up', { rounds, rows })
console.log(`Start-up, Node ${process.version}, ${rounds} fresh processes each, median (the middle half)`)
console.table(rows.map(({ routes, variant, milliseconds, cpuMilliseconds, ratio, cpuRatio }) => ({
  routes,
  variant,
  'start, ms': inWords(milliseconds),
  'CPU, ms': inWords(cpuMilliseconds),
  'start, ratio to bare': inWords(ratio),
  'CPU, ratio': inWords(cpuRatio)
})))
