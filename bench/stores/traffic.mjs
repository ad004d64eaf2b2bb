// What a day's traffic is for the store: npm run bench:traffic. The usage log of the package is fed with the requests of some
// intervals, and what it writes is counted. Every interval of the day is like them.
import { mkdirSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { defineScopes } from '../../dist/esm/index.js'
import { UsageLog } from '../../dist/esm/keys/usage/log.js'
import { NEVER } from '../../dist/esm/keys/usage/noted-key.js'
import { rounded } from './timing.mjs'

const REQUESTS = 1_000_000_000
const DAY = 86_400
const INTERVALS = [10, 60, 600]
const KEYS = [1_000, 100_000, 10_000_000]
const PROCESSES = [1, 10, 100]

const catalog = defineScopes({ 'clusters:read': '', 'clusters:write': '', 'apps:deploy': '' })
/** A key is used for one or two things. */
const demands = ['clusters:read', 'clusters:write', 'apps:deploy'].map((name) => catalog.requirement(name))

/** Which key comes next. */
const drawers = {
  uniform: (keys) => () => Math.floor(Math.random() * keys),
  /** Exponent 1: the busiest key has twice the requests of the second, three times those of the third. By the rule for a continuous range. */
  zipf: (keys) => () => Math.min(keys - 1, Math.floor((keys + 1) ** Math.random()) - 1)
}

const rows = []
for (const spread of ['uniform', 'zipf']) {
  for (const keys of KEYS) {
    for (const processes of PROCESSES) {
      for (const interval of INTERVALS) rows.push({ spread, keys, processes, interval, ...await written({ spread, keys, processes, interval }) })
    }
  }
}
const results = fileURLToPath(new URL('../results', import.meta.url))
mkdirSync(results, { recursive: true })
writeFileSync(`${results}/traffic.json`, `${JSON.stringify({ requestsADay: REQUESTS, rows: rows.map(rounded) }, null, 2)}\n`)
console.log(`${REQUESTS} requests a day; the default interval is 10 s`)
console.table(rows.map(rounded))

/** What all processes write together. Each gets its share of the requests, whatever the key. */
async function written ({ spread, keys, processes, interval }) {
  const requests = Math.round(REQUESTS / DAY * interval / processes)
  // So many that a few million requests are drawn, which is enough for three digits.
  const rounds = Math.max(1, Math.min(20, Math.round(2_000_000 / requests)))
  const counted = { batches: 0, keys: 0, demands: 0 }
  let isFull = false
  const log = new UsageLog({
    flushInterval: 2 ** 31 - 1,
    async recordUse (uses) {
      counted.batches++
      counted.keys += uses.length
      for (const { demands } of uses) counted.demands += demands.size
    },
    failed (error) { throw error },
    full () { isFull = true }
  })
  const next = drawers[spread](keys)
  const known = []
  for (let round = 0; round < rounds; round++) {
    for (let i = 0; i < requests; i++) {
      const key = next()
      log.note(known[key] ??= noted(`key-${key}`), demands[(key + (Math.random() < 0.2 ? 1 : 0)) % 3])
    }
    await log.flush()
  }
  await log.close()
  const everySecond = (count) => count / rounds * processes / interval
  return {
    'batches/s': everySecond(counted.batches),
    'key rows/s': everySecond(counted.keys),
    'demand rows/s': everySecond(counted.demands),
    'rows a day, million': everySecond(counted.keys + counted.demands) * DAY / 1e6,
    'requests a row': REQUESTS / (everySecond(counted.keys + counted.demands) * DAY),
    'some forgotten': isFull
  }
}

/** A key as the log sees it. */
function noted (id) {
  return { id, usedAt: NEVER, met: null, metAt: NEVER, otherMet: null }
}
