// What keys cost that are remembered by one process: npm run bench:memory. Each size in a process of its own.
import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { PerformanceObserver } from 'node:perf_hooks'
import { fileURLToPath } from 'node:url'
import { setTimeout as wait } from 'node:timers/promises'
import { digester, fingerprintOf } from '../../dist/esm/keys/digest.js'
import { generateKey } from '../../dist/esm/keys/key-format.js'
import { KeyVerifier } from '../../dist/esm/keys/verifier.js'
import { defineScopes } from '../../dist/esm/index.js'
import { machine, rounded, spreadOf } from './timing.mjs'

const file = fileURLToPath(import.meta.url)
const SIZES = [10_000, 100_000, 1_000_000]
const GRANTS = [['full'], ['clusters:read', 'apps:deploy'], ['clusters:read'], ['apps:deploy', 'logs:read']]

if (process.argv[2] === undefined) {
  const rows = SIZES.map((size) => JSON.parse(execFileSync(process.execPath, ['--expose-gc', file, String(size)], { encoding: 'utf8' })))
  const results = fileURLToPath(new URL('../results', import.meta.url))
  mkdirSync(results, { recursive: true })
  writeFileSync(`${results}/memory.json`, `${JSON.stringify({ machine: machine(), measured: new Date().toISOString(), rows }, null, 2)}\n`)
  console.log(`Node ${process.version}`)
  console.table(rows)
} else {
  console.log(JSON.stringify(rounded(await measured(Number(process.argv[2])))))
}

async function measured (size) {
  const keys = packedKeys(size)
  const verifier = verifierOf(size)
  const pauses = gcPauses()
  const before = heap()
  const rssBefore = process.memoryUsage().rss
  const fillPauses = await pauses.during(async () => {
    for (let i = 0; i < size; i++) {
      const { refusal } = await verifier.verify(keys.at(i))
      if (refusal !== null) throw new Error(`a key is ${refusal}`)
    }
  })
  const after = heap()
  const remembered = count(size, (i) => verifier.known(keys.at(i)) !== undefined)
  const { rss } = process.memoryUsage()
  const usePauses = await pauses.during(async () => {
    for (let i = 0, at = 0; i < 2_000_000; i++) {
      at = (at + 7919) % size
      verifier.known(keys.at(at))
      if (i % 10_000 === 0) await wait(0)
    }
  })
  return {
    keys: size,
    remembered,
    'bytes a key': (after.used - before.used) / remembered,
    'of these outside the heap': (after.external - before.external) / remembered,
    'rss, MiB': rss / 2 ** 20,
    'rss growth, bytes a key': (rss - rssBefore) / remembered,
    'GC while filled, longest ms': fillPauses.max,
    'GC while filled, sum ms': fillPauses.sum,
    'GC in 2 M lookups, longest ms': usePauses.max,
    'GC in 2 M lookups, p99 ms': usePauses.p99,
    'GC in 2 M lookups, sum ms': usePauses.sum,
    'one full GC, ms': fullCollection()
  }
}

/** As an app has one; but it remembers as many keys as there are, and its store makes each record when it is asked for, and keeps none. */
function verifierOf (maxKeys) {
  const catalog = defineScopes({ full: { includes: '*' }, 'clusters:read': '', 'apps:deploy': '', 'logs:read': '' })
  const trouble = { failed (error) { throw error }, corrupt () {}, ineffective () {}, forgot () {} }
  const store = { findByDigest: async (digest) => recordOf(digest) }
  return new KeyVerifier({ catalog, store, prefixes: ['acme'], digester: digester([], false), maxStaleness: 3_600_000, trouble, maxKeys })
}

/** What a database would answer: strings of its own each time. */
function recordOf (digest) {
  return JSON.parse(JSON.stringify({
    id: `${digest.slice(0, 8)}-${digest.slice(8, 12)}-4${digest.slice(13, 16)}-a${digest.slice(17, 20)}-${digest.slice(20, 32)}`,
    digest,
    name: `deploy ${digest.slice(0, 4)}`,
    ownerId: `user-${digest.slice(4, 10)}`,
    start: `acme_${digest.slice(0, 4)}`,
    scopes: GRANTS[parseInt(digest[0], 16) % GRANTS.length],
    createdAt: 1_700_000_000_000,
    metadata: {},
    expiresAt: null,
    revokedAt: null,
    revokedReason: null,
    disabledAt: null,
    lastUsedAt: 1_760_000_000_000,
    rotatedFrom: null,
    pepperVersion: 0
  }), (name, value) => ['createdAt', 'lastUsedAt'].includes(name) ? new Date(value) : value)
}

/** In one block outside of the heap, so that they are not counted, and read as a request brings them. */
function packedKeys (size) {
  const first = generateKey('acme')
  const bytes = Buffer.allocUnsafe(size * first.length)
  for (let i = 0; i < size; i++) bytes.write(generateKey('acme'), i * first.length, 'latin1')
  fingerprintOf(first)
  return { at: (i) => bytes.latin1Slice(i * first.length, (i + 1) * first.length) }
}

function count (size, isSo) {
  let sum = 0
  for (let i = 0; i < size; i++) if (isSo(i)) sum++
  return sum
}

function heap () {
  for (let i = 0; i < 3; i++) globalThis.gc()
  const { heapUsed, external } = process.memoryUsage()
  return { used: heapUsed + external, external }
}

function fullCollection () {
  const start = performance.now()
  globalThis.gc()
  return performance.now() - start
}

function gcPauses () {
  let seen = []
  const observer = new PerformanceObserver((list) => { seen.push(...list.getEntries().map(({ duration }) => duration)) })
  return {
    async during (work) {
      observer.observe({ entryTypes: ['gc'] })
      await work()
      // They are told a little later.
      await wait(50)
      observer.disconnect()
      const [pauses, sum] = [spreadOf(seen), seen.reduce((a, b) => a + b, 0)]
      seen = []
      return { p99: pauses.p99 ?? 0, max: pauses.max ?? 0, sum }
    }
  }
}
