// A whole check of a key, as a request goes through it, without HTTP. The one place here that knows how the parts are put together.
import { memoryStore } from '../../dist/esm/index.js'
import { decide } from '../../dist/esm/http/decision.js'
import { keyStart, likelyKeyAt } from '../../dist/esm/http/credential.js'
import { digester, fingerprintOf } from '../../dist/esm/keys/digest.js'
import { generateKey } from '../../dist/esm/keys/key-format.js'
import { UsageLog } from '../../dist/esm/keys/usage/log.js'
import { KeyVerifier } from '../../dist/esm/keys/verifier.js'
import { sampleKey } from '../../dist/esm/testing/store-cases/store-case.js'

/** Longer than any measurement: what is cached stays. */
const AN_HOUR = 3_600_000
/** More than an app remembers, so that it can be seen what more would cost. */
export const MOST_CACHED = 1_000_000

/** A store with so many keys, and a verifier before it that knows none of them yet. */
export async function storeOf (catalog, size, scopes, maxKeys = MOST_CACHED) {
  const store = memoryStore()
  const trouble = { failed (error) { throw error }, corrupt () {}, ineffective () {}, forgot () {} }
  const verifier = new KeyVerifier({ catalog, store, prefixes: ['acme'], digester: digester([], false), maxStaleness: AN_HOUR, trouble, maxKeys })
  const keys = []
  for (let i = 0; i < size; i++) {
    const key = generateKey('acme')
    await store.insert(sampleKey({ id: `key-${i}`, digest: fingerprintOf(key), scopes }))
    keys.push(key)
  }
  return { verifier, keys, store }
}

/** Those of the keys that are cached after each was seen once. */
export async function cached (verifier, keys) {
  for (const key of keys) await verifier.verify(key)
  const known = keys.filter(key => verifier.known(key) !== undefined)
  if (known.length === 0) throw new Error('no key is cached')
  return known
}

/** Reads the key from the headers, looks it up, has it decided, notes the use. */
export function checkOf (verifier) {
  const usage = new UsageLog({ recordUse: async () => {}, flushInterval: AN_HOUR, failed () {}, full () {}, maxKeys: MOST_CACHED })
  return (headers, policy) => {
    const at = likelyKeyAt(headers, null)
    const identity = verifier.known(headers[at + 1], keyStart(headers[at]))
    const decision = decide(policy, identity)
    if (decision.outcome === 'allow') usage.note(identity, policy.demand)
    return decision
  }
}

/** The headers that a key is sent in, as a request shows them. */
export function headersWith (key) {
  return ['Host', 'localhost', 'Authorization', `Bearer ${key}`]
}

export function policyOf (catalog, demand) {
  return { kind: 'scopes', demand: catalog.requirement(demand), conditions: [] }
}

/** Calls it with one key after another, not in the order in which they were made. */
export function inTurn (keys, call) {
  let at = 0
  return () => {
    at = (at + 7919) % keys.length
    return call(keys[at])
  }
}
