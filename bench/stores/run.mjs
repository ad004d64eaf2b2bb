// A store with very many keys: npm run bench:stores -- --store sqlite|postgres --keys 10000000
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { beside } from './beside.mjs'
import * as measures from './measures.mjs'
import { keep } from './results.mjs'
import { postgresPlace } from './postgres.mjs'
import { sqlitePlace } from './sqlite.mjs'
import { show } from './tables.mjs'
import { machine, rounded, timeOf } from './timing.mjs'

const { values } = parseArgs({
  options: {
    store: { type: 'string', default: 'sqlite' },
    keys: { type: 'string', default: '100000' },
    samples: { type: 'string', default: '2000' },
    results: { type: 'string', default: fileURLToPath(new URL('../results', import.meta.url)) }
  }
})
const places = { sqlite: sqlitePlace, postgres: postgresPlace }
const [keys, samples] = [Number(values.keys), Number(values.samples)]
if (places[values.store] === undefined || !(keys >= 10_000) || !(samples >= 20)) {
  console.error('npm run bench:stores -- --store sqlite|postgres [--keys 100000] [--samples 2000] [--results folder], with 10,000 keys and 20 samples at least')
  process.exit(2)
}
// A write takes a thousand times as long as a read.
const writes = Math.ceil(samples / 7)

const folder = mkdtempSync(join(tmpdir(), 'fastify-api-key-scopes-many-keys-'))
process.once('exit', () => { rmSync(folder, { recursive: true, force: true }) })
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1))

const began = performance.now()
const say = (text) => { console.error(`${Math.round((performance.now() - began) / 1000)} s: ${text}`) }

const place = await places[values.store]({ folder, keys })
const result = { store: await place.version(), keys, machine: machine(), measured: new Date().toISOString() }
try {
  const { ms } = await timeOf(() => place.load((done) => { if (done % 1_000_000 === 0) say(`${done} keys loaded`) }))
  result.load = { seconds: ms / 1000, perSecond: Math.round(keys / ms * 1000) }
  result.bytes = await place.sizes()

  await opened(async (store) => { await measures.isThere(store, keys) })
  say('loaded, and found as it was written')

  const isCold = await place.cool()
  result.lookups = {}
  const first = isCold ? 'from the disk' : 'after opening again'
  await opened(async (store) => { result.lookups[first] = await measures.lookups(store, keys, 1, samples) })
  await opened(async (store) => {
    result.lookups['after opening again, in memory of the system'] = await measures.lookups(store, keys, 1, samples)
    result.lookups['once more'] = await measures.lookups(store, keys, 1, samples)
  })
  say('looked up')

  await opened(async (store) => {
    result.lists = await measures.lists(store, keys)
    say('listed')
    result.inserts = { insert: await measures.inserts(store, keys, writes), import: await measures.imported(store, keys, Math.ceil(samples / 2)) }
    await opened(async (other) => { result.feed = await measures.feed(store, other, keys, { samples, writes }) })
    result.rotate = await measures.rotations(store, keys, writes)
    say('inserted, revoked and rotated')
    const besides = (calls, seed, work) => beside({ kind: values.store, source: place.source, keys, calls, seed }, work)
    result.usage = await measures.flushes(store, keys, Math.ceil(samples / 20), besides)
    say('uses written')
    result.ends = await measures.ends(store, keys, besides)
    say('purged')
  })
  result.bytesAfter = await place.sizes()
} finally {
  await place.close()
  rmSync(folder, { recursive: true, force: true })
}

keep(values.results, `stores-${values.store}.json`, keys, rounded(result))
show(rounded(result))

async function opened (work) {
  const store = place.store()
  await store.open()
  try {
    await work(store)
  } finally {
    await store.close()
  }
}
