// @fastify/auth puts checks together that one writes oneself: here a key that is looked up by its digest, and its scopes.
import auth from '@fastify/auth'
import { SCOPE, digestOf, keysWithRecords } from './digests.mjs'
import { addRoute, fastify, serving } from './route.mjs'

export async function composed ({ keys: count }) {
  const { keys, records } = keysWithRecords(count)
  const app = fastify()
  await app.register(auth)
  app.decorateRequest('apiKey', null)
  app.decorate('verifyApiKey', async (request) => {
    const [, key] = /^Bearer (.+)$/.exec(request.headers.authorization) ?? []
    const record = key === undefined ? undefined : records.get(digestOf(key))
    if (record === undefined) throw new Error('Invalid API key')
    request.apiKey = record
  })
  app.decorate('verifyScope', async (request) => {
    if (!request.apiKey.scope.includes(SCOPE)) throw new Error('API key missing required scope')
  })
  addRoute(app, { onRequest: app.auth([app.verifyApiKey, app.verifyScope], { relation: 'and' }) })
  return serving(app, keys)
}
