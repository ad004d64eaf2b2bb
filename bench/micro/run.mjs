// What the parts of a check cost: run.mjs [--rounds 5]
import { parseArgs } from 'node:util'
import { writeResults } from '../figures.mjs'
import { inProcesses } from '../processes.mjs'
import { show } from './show.mjs'

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '5' } } })
const rounds = Number(values.rounds)

/** By name, and how many keys or scopes are there; 1: it does not matter. */
const CASES = [
  ['find what may be a key, 8 headers beside it', 1],
  ['read the credential, 8 headers beside it', 1],
  ['read the credential, X-API-Key', 1],
  ['digest of a key', 1],
  ['look up a cached key', 1_000],
  ['look up a cached key', 100_000],
  ['look up a cached key', 1_000_000],
  ['take a key from the store (in memory), and drop another one from the cache', 300_000],
  ['refuse a made-up key (asked of the store in memory)', 100_000],
  ['decide: allowed', 1],
  ['decide: allowed, by *', 1],
  ['decide: a scope is missing', 1],
  ['note a use', 1_000],
  ['note a use', 100_000],
  ['all of it: look up, decide, note', 1_000],
  ['all of it: look up, decide, note', 100_000],
  ['all of it: look up, decide, note', 1_000_000],
  ['define a catalog', 10],
  ['define a catalog', 100],
  ['define a catalog', 1_000],
  ['define a catalog', 10_000],
  ['resolve a grant, once for each key and grant', 100],
  ['resolve a grant, once for each key and grant', 10_000]
].map(([name, size]) => ({ name, size }))

const rows = await inProcesses(new URL('calls.mjs', import.meta.url), CASES, rounds)
writeResults('micro', { rounds, rows })
console.log(`Parts of a check, Node ${process.version}, ${rounds} fresh processes each, median (the middle half)`)
show(rows)
