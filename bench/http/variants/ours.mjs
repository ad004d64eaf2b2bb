// fastify-api-key-scopes with its defaults: scopes on the route, usage and lease on.
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { addRoute, fastify, serving } from './route.mjs'

export async function accepted (settings) {
  const { app, keys } = await withKeys(settings, ['apps:read', 'apps:deploy'])
  addRoute(app, { config: { scopes: 'apps:deploy' } })
  return serving(app, keys)
}

export async function principal (settings) {
  const { app, keys } = await withKeys(settings, ['apps:read', 'apps:deploy'])
  addRoute(app, { config: { scopes: 'apps:deploy' } }, request => request.principal.record.id)
  return serving(app, keys)
}

export async function missingScope (settings) {
  const { app, keys } = await withKeys(settings, ['apps:read'])
  addRoute(app, { config: { scopes: 'apps:deploy' } })
  return serving(app, keys)
}

/** All of one shape with ours, with a right checksum; none is in the store. */
export async function unknownKey (settings) {
  const { app } = await withKeys({ ...settings, keys: 1 }, ['apps:read'])
  const { app: elsewhere, keys } = await withKeys(settings, ['apps:read'])
  await elsewhere.close()
  addRoute(app, { config: { scopes: 'apps:deploy' } })
  return serving(app, keys)
}

export async function userSession (settings) {
  const sessions = new Map(Array.from({ length: settings.keys }, (_, i) => [`Bearer session-${i}`, { id: `user-${i}` }]))
  const { app } = await withKeys({ ...settings, keys: 1 }, ['apps:read'], {
    authenticateUser: async request => sessions.get(request.headers.authorization) ?? null
  })
  addRoute(app, { config: { scopes: 'apps:deploy' } })
  return serving(app, [...sessions.keys()].map(header => header.slice('Bearer '.length)))
}

/** An app with so many keys, of which it has seen none yet. */
async function withKeys ({ checkout, keys: count }, scopes, options = {}) {
  const load = async name => await import(pathToFileURL(join(checkout, 'dist/esm', name)))
  const { default: apiKeyScopes, defineScopes, memoryStore } = await load('index.js')
  const app = fastify()
  await app.register(apiKeyScopes, {
    scopes: defineScopes({ full: { description: 'Everything', includes: '*' }, 'apps:read': 'Read', 'apps:deploy': 'Deploy' }),
    store: memoryStore(),
    keyPrefix: 'acme',
    ...options
  })
  const keys = []
  for (let i = 0; i < count; i++) {
    const { key } = await app.apiKeys.create({ name: `key ${i}`, ownerId: `user-${i % 1000}`, scopes })
    keys.push(key)
  }
  return { app, keys }
}
