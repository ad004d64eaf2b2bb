// fastify-api-key-scopes with its defaults: a scope on the route, usage and lease on.
import { SCOPE } from './digests.mjs'
import { catalogOf, fillStore, openStore, packageOf } from './our-stores.mjs'
import { addRoute, fastify, serving } from './route.mjs'

const GRANT = ['apps:read', SCOPE]

export async function accepted (settings) {
  return await withKeys(settings, GRANT)
}

/** As many are there, but few of them are sent. */
export async function fewInUse (settings) {
  const { credentials, ...served } = await accepted(settings)
  return { ...served, credentials: credentials.slice(0, 1000) }
}

export async function principal (settings) {
  return await withKeys(settings, GRANT, request => request.principal.record.id)
}

export async function missingScope (settings) {
  return await withKeys(settings, ['apps:read'])
}

/** Keys as they should be, of another store. */
export async function unknownKey (settings) {
  const keys = await fillStore(await openStore('memory', settings), GRANT, settings)
  return serving(await appOn(await openStore('memory', settings), settings), keys)
}

export async function userSession (settings) {
  const tokens = Array.from({ length: settings.keys }, (_, i) => `session-${i}`)
  const sessions = new Map(tokens.map((token, i) => [`Bearer ${token}`, { id: `user-${i}` }]))
  const authenticateUser = async request => sessions.get(request.headers.authorization) ?? null
  return serving(await appOn(await openStore('memory', settings), settings, { authenticateUser }), tokens)
}

/** On a store that outlives the process, and has keys already. */
export async function stored (settings) {
  return serving(await appOn(await openStore(settings.store, settings), settings), [])
}

async function withKeys (settings, scopes, look) {
  const store = await openStore('memory', settings)
  const keys = await fillStore(store, scopes, settings)
  return serving(await appOn(store, settings, {}, look), keys)
}

async function appOn (store, { checkout }, options = {}, look) {
  const { default: apiKeyScopes } = await packageOf(checkout)
  const app = fastify()
  await app.register(apiKeyScopes, { scopes: await catalogOf(checkout), store, keyPrefix: 'acme', ...options })
  addRoute(app, { config: { scopes: SCOPE } }, look)
  return app
}
