// hapi, by itself and with its own scopes on the route. A scheme is what one writes oneself.
import Boom from '@hapi/boom'
import Hapi from '@hapi/hapi'
import { SCOPE, digestOf, keysWithRecords } from './digests.mjs'
import { randomKeys } from './route.mjs'

export async function bare ({ keys }) {
  return serving(makeServer(), {}, randomKeys(keys))
}

export async function withScopes ({ keys: count }) {
  const { keys, records } = keysWithRecords(count)
  const server = makeServer()
  server.auth.scheme('api-key', () => ({
    authenticate (request, h) {
      const [, key] = /^Bearer (.+)$/.exec(request.headers.authorization) ?? []
      const record = key === undefined ? undefined : records.get(digestOf(key))
      return record === undefined ? h.unauthenticated(Boom.unauthorized('Invalid API key')) : h.authenticated({ credentials: record })
    }
  }))
  server.auth.strategy('key', 'api-key')
  return serving(server, { auth: { strategy: 'key', access: { scope: [SCOPE] } } }, keys)
}

function makeServer () {
  return Hapi.server({ port: 0, host: '127.0.0.1' })
}

function serving (server, options, keys) {
  server.route({ method: 'GET', path: '/hello', options, handler: () => ({ hello: 'world' }) })
  // As Fastify has it; the default ends connections that wait for their turn.
  server.listener.keepAliveTimeout = 72_000
  return {
    listen: async () => {
      await server.start()
      return server.info.port
    },
    credentials: keys.map(key => `Bearer ${key}`)
  }
}
