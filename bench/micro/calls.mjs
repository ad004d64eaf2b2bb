// The parts of a check, each by itself.
import { defineScopes } from '../../dist/esm/index.js'
import { likelyKeyAt, readCredential } from '../../dist/esm/http/credential.js'
import { decide } from '../../dist/esm/http/decision.js'
import { identityOf } from '../../dist/esm/http/identity.js'
import { fingerprintOf } from '../../dist/esm/keys/digest.js'
import { generateKey } from '../../dist/esm/keys/key-format.js'
import { UsageLog } from '../../dist/esm/keys/usage/log.js'
import { catalogOf } from './catalog.mjs'
import { cached, checkOf, headersWith, inTurn, policyOf, storeOf } from './check.mjs'

const catalog = defineScopes(catalogOf(100))
const [DEMANDED, OTHER] = ['resource-1:deploy', 'resource-0:list']

/** As a browser or a client library sends them, name after name. */
const HEADERS = ['Host', 'api.example.com', 'User-Agent', 'client/1.0', 'Accept', 'application/json', 'Accept-Encoding', 'gzip, br', 'Accept-Language', 'en', 'Content-Type', 'application/json', 'X-Request-Id', '7f1c9a52', 'Connection', 'keep-alive']

/** So many keys an app remembers. */
const AS_AN_APP = 100_000

async function identityWith (scopes) {
  const { verifier, keys: [key] } = await storeOf(catalog, 1, scopes)
  return identityOf(await verifier.verify(key))
}

async function cacheOf (size) {
  const { verifier, keys } = await storeOf(catalog, size, ['full'])
  return { verifier, keys: await cached(verifier, keys) }
}

/** By what they are called in the table: what makes the call that is measured. */
export const calls = {
  'find what may be a key, 8 headers beside it' () {
    const rawHeaders = [...HEADERS, 'Authorization', `Bearer ${generateKey('acme')}`]
    return { batch: 100, call: () => likelyKeyAt(rawHeaders, null) }
  },
  'read the credential, 8 headers beside it' () {
    const rawHeaders = [...HEADERS, 'Authorization', `Bearer ${generateKey('acme')}`]
    return { batch: 100, call: () => readCredential(rawHeaders, null) }
  },
  'read the credential, X-API-Key' () {
    const rawHeaders = [...HEADERS, 'X-API-Key', generateKey('acme')]
    return { batch: 100, call: () => readCredential(rawHeaders, 'x-api-key') }
  },
  'digest of a key' () {
    const keys = Array.from({ length: 1000 }, () => generateKey('acme'))
    return { batch: 100, call: inTurn(keys, fingerprintOf) }
  },
  async 'look up a cached key' (size) {
    const { verifier, keys } = await cacheOf(size)
    return { batch: 100, call: inTurn(keys, key => verifier.known(key)), besides: { cached: keys.length } }
  },
  async 'take a key from the store (in memory), and drop another one from the cache' (size) {
    const { verifier, keys } = await storeOf(catalog, size, ['full'], AS_AN_APP)
    return { batch: 100, call: inTurn(keys, async key => await verifier.verify(key)) }
  },
  async 'refuse a made-up key (asked of the store in memory)' (size) {
    const { verifier } = await storeOf(catalog, 1, ['full'])
    const keys = Array.from({ length: size }, () => generateKey('acme'))
    return { batch: 100, call: inTurn(keys, async key => await verifier.verify(key)) }
  },
  async 'decide: allowed' () {
    const identity = await identityWith([OTHER, DEMANDED])
    const policy = policyOf(catalog, DEMANDED)
    return { batch: 100, call: () => decide(policy, identity) }
  },
  async 'decide: allowed, by *' () {
    const identity = await identityWith(['full'])
    const policy = policyOf(catalog, DEMANDED)
    return { batch: 100, call: () => decide(policy, identity) }
  },
  async 'decide: a scope is missing' () {
    const identity = await identityWith([OTHER])
    const policy = policyOf(catalog, DEMANDED)
    return { batch: 100, call: () => decide(policy, identity) }
  },
  async 'note a use' (size) {
    const { verifier, keys } = await cacheOf(size)
    const usage = new UsageLog({ recordUse: async () => {}, flushInterval: 3_600_000, failed () {}, full () {} })
    const { demand } = policyOf(catalog, DEMANDED)
    const known = keys.map(key => verifier.known(key))
    for (const key of known) usage.note(key, demand)
    return { batch: 100, call: inTurn(known, key => { usage.note(key, demand) }) }
  },
  async 'all of it: look up, decide, note' (size) {
    const { verifier, keys } = await cacheOf(size)
    const [check, policy] = [checkOf(verifier), policyOf(catalog, DEMANDED)]
    return { batch: 100, call: inTurn(keys.map(headersWith), headers => check(headers, policy)), besides: { cached: keys.length } }
  },
  'define a catalog' (size) {
    const entries = catalogOf(size)
    return { batch: 1, call: () => defineScopes(entries) }
  },
  'resolve a grant, once for each key and grant' (size) {
    const big = defineScopes(catalogOf(size))
    return { batch: 10, call: () => big.grant(['api:read', 'resource-0:deploy']) }
  }
}
