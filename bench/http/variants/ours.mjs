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

export async function userOnly (settings) {
  const store = await openStore('memory', settings)
  const keys = await fillStore(store, GRANT, settings)
  return serving(await appOn(store, settings, { authenticateUser: () => null }, undefined, { userOnly: true }), keys)
}

export async function noCredentials (settings) {
  return { ...await sent(settings, []), credentials: [''] }
}

export async function shortKey (settings) {
  return await sent(settings, (await madeUp(settings, settings.keys)).map(key => key.slice(0, -1)))
}

export async function wrongChecksum (settings) {
  return await sent(settings, (await madeUp(settings, settings.keys)).map(key => key.slice(0, -1) + (key.endsWith('0') ? '1' : '0')))
}

/** Fewer than it remembers. */
export async function unknownKeys (settings) {
  return await sent(settings, await madeUp(settings, Math.min(settings.keys, 5000)))
}

/** The store is asked about each of them. */
export async function newUnknownKeys (settings) {
  return await sent(settings, await madeUp(settings, settings.keys * 4))
}

export async function twoCredentials (settings) {
  const { credentials, ...served } = await sent(settings, await madeUp(settings, settings.keys))
  return { ...served, credentials: credentials.map(each => `${each}\r\nAuthorization: ${credentials[0]}`) }
}

export async function revoked (settings) {
  return await withEnded(settings, async (keys, id) => { await keys.revoke(id) })
}

export async function disabled (settings) {
  return await withEnded(settings, async (keys, id) => { await keys.update(id, { disabled: true }) })
}

export async function expired (settings) {
  const expiresAt = new Date(Date.now() + 5000)
  const served = await withEnded(settings, () => {}, { expiresAt })
  await new Promise(resolve => setTimeout(resolve, expiresAt - Date.now()))
  return served
}

/** Keys as they should be, that nobody has made. */
async function madeUp ({ checkout }, count) {
  const { generateKey } = await packageOf(checkout, 'keys/key-format.js')
  return Array.from({ length: count }, () => generateKey('acme'))
}

/** To an app whose store has no keys. */
async function sent (settings, keys) {
  return serving(await appOn(await openStore('memory', settings), settings), keys)
}

/** A tenth as many keys, each of which comes to an end. */
async function withEnded (settings, end, fields) {
  const store = await openStore('memory', settings)
  const keys = await fillStore(store, GRANT, { ...settings, keys: Math.ceil(settings.keys / 10) }, fields)
  const app = await appOn(store, settings)
  await app.ready()
  for (const { id } of await store.list({ limit: keys.length })) await end(app.apiKeys, id)
  return serving(app, keys)
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

async function appOn (store, { checkout }, options = {}, look, access = { scopes: SCOPE }) {
  const { default: apiKeyScopes } = await packageOf(checkout)
  const app = fastify()
  await app.register(apiKeyScopes, { scopes: await catalogOf(checkout), store, keyPrefix: 'acme', ...options })
  addRoute(app, { config: access }, look)
  return app
}
