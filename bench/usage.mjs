// What it costs to note the use of a key, beside what it costs to check that key. `npm run bench`
import { measure } from 'mitata'
import { defineScopes, memoryStore } from 'fastify-api-key-scopes'
import { digester, fingerprintOf } from '../dist/esm/keys/digest.js'
import { generateKey } from '../dist/esm/keys/key-format.js'
import { UsageLog } from '../dist/esm/keys/usage/log.js'
import { KeyVerifier } from '../dist/esm/keys/verifier.js'
import { sampleKey } from '../dist/esm/testing/store-cases/store-case.js'

const catalog = defineScopes({ full: { includes: '*' }, 'a:read': '', 'b:read': '' })
const requirement = catalog.requirement('a:read')
const choice = catalog.requirement({ anyOf: ['a:read', 'b:read'] })

/** The median time of one call, and the bytes that it allocates. A batch of calls is long enough to be timed. */
async function costOf (call) {
  const batch = () => { for (let i = 0; i < 1000; i++) call(i) }
  const { p50 } = await measure(batch, { min_cpu_time: 300e6 })
  globalThis.gc()
  const before = process.memoryUsage().heapUsed
  batch()
  const bytes = process.memoryUsage().heapUsed - before
  return { ns: p50 / 1000, bytes: bytes / 1000 }
}

const rows = []
for (const size of [1, 1_000, 100_000]) {
  const store = memoryStore()
  const trouble = { failed () {}, corrupt () {}, ineffective () {} }
  const verifier = new KeyVerifier({ catalog, store, prefixes: ['acme'], digester: digester([], false), maxStaleness: 3_600_000, trouble })
  const log = new UsageLog({ recordUse: async () => {}, flushInterval: 3_600_000, failed () {}, full () {} })
  const keys = []
  for (let i = 0; i < size; i++) {
    const key = generateKey('acme')
    const id = `key-${i}`
    await store.insert(sampleKey({ id, digest: fingerprintOf(key), scopes: ['full'] }))
    await verifier.verify(key)
    keys.push(key)
  }
  const ids = Array.from({ length: size }, (_, i) => `key-${i}`)
  for (const id of ids) {
    log.note(id, requirement)
    log.note(id, choice)
  }
  let at = 0
  const next = () => { at = (at + 7919) % size; return at }
  const check = await costOf(() => verifier.peek(keys[next()]))
  const note = await costOf(() => { log.note(ids[next()], requirement) })
  rows.push({ 'keys in use': size, 'check a key, ns': check.ns, 'note its use, ns': note.ns, 'note/check': note.ns / check.ns, 'bytes for a note': note.bytes })
  await log.close()
}

console.log(`Node ${process.version}, medians`)
console.table(rows.map(row => Object.fromEntries(Object.entries(row).map(([title, value]) => [title, Number(value.toPrecision(3))]))))
