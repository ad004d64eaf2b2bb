// What a whole accepted check costs as something grows: the catalog, the grant, the keys, the routes.
import Fastify from 'fastify'
import apiKeyScopes, { defineScopes, memoryStore } from '../../dist/esm/index.js'
import { sampleKey } from '../../dist/esm/testing/store-cases/store-case.js'
import { catalogOf } from '../micro/catalog.mjs'
import { cached, checkOf, headersWith, inTurn, policyOf, storeOf } from '../micro/check.mjs'

/** So many keys are in use, where it is not their number that grows. */
const KEYS = 1000

/** Looks up, decides and notes: keys that were granted `scopes`, of which the last one is demanded. */
async function checks (catalog, scopes, inUse, inStore = inUse) {
  const { verifier, keys, store } = await storeOf(catalog, inUse, scopes)
  for (let i = inUse; i < inStore; i++) await store.insert(sampleKey({ id: `other-${i}`, scopes }))
  const known = await cached(verifier, keys)
  const [check, policy] = [checkOf(verifier), policyOf(catalog, scopes.at(-1))]
  const headers = known.map(headersWith)
  const refused = headers.find(each => check(each, policy).outcome !== 'allow')
  if (refused !== undefined) throw new Error('a check was not accepted')
  return { batch: 100, call: inTurn(headers, each => check(each, policy)), besides: { cached: known.length } }
}

const byName = new Intl.Collator('en', { numeric: true })

export const calls = {
  async scopes (size) {
    const catalog = defineScopes(catalogOf(size))
    return await checks(catalog, ['resource-0:list', [...catalog.scopes.keys()].at(-2)], KEYS)
  },
  async grant (size) {
    const catalog = defineScopes(catalogOf(1000))
    const names = [...catalog.scopes.keys()].filter(name => name.startsWith('resource-') && !name.endsWith(':manage')).sort(byName.compare)
    return await checks(catalog, names.slice(0, size), KEYS)
  },
  async keys (size) {
    return await checks(defineScopes(catalogOf(100)), ['resource-0:list', 'resource-1:deploy'], size)
  },
  async store (size) {
    return await checks(defineScopes(catalogOf(100)), ['resource-0:list', 'resource-1:deploy'], KEYS, size)
  },

  /** A whole request, without a socket, beside the same app without the plugin. */
  async routes (size) {
    const [guarded, bare] = [await app(size, true), await app(size, false)]
    const { key } = await guarded.apiKeys.create({ name: 'bench', scopes: ['full'] })
    let at = 0
    const send = app => async () => {
      at = (at + 7919) % size
      const { statusCode } = await app.inject({ url: `/resource-${at}/1`, headers: { authorization: `Bearer ${key}` } })
      if (statusCode !== 200) throw new Error(`answered ${statusCode}`)
    }
    // Each route has to have had its first request: that one costs more, with the plugin and without.
    for (const each of [send(guarded), send(bare)]) for (let i = 0; i < size; i++) await each()
    return { batch: 20, call: send(guarded), beside: send(bare) }
  }
}

async function app (routes, isGuarded) {
  const app = Fastify()
  if (isGuarded) await app.register(apiKeyScopes, { scopes: defineScopes(catalogOf(100)), store: memoryStore(), keyPrefix: 'acme', logFindings: false })
  for (let i = 0; i < routes; i++) app.get(`/resource-${i}/:id`, { config: { scopes: 'resource-1:read' } }, async () => ({ ok: true }))
  await app.ready()
  return app
}
