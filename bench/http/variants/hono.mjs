// Hono on Node.js, by itself and with its own bearer auth, which knows no scopes.
import { once } from 'node:events'
import { createAdaptorServer } from '@hono/node-server'
import { Hono } from 'hono'
import { bearerAuth } from 'hono/bearer-auth'
import { digestOf, keysWithRecords } from './digests.mjs'
import { randomKeys } from './route.mjs'

export async function bare ({ keys }) {
  return serving(new Hono(), randomKeys(keys))
}

export async function withBearerAuth ({ keys: count }) {
  const { keys, records } = keysWithRecords(count)
  const app = new Hono()
  app.use('/hello', bearerAuth({ verifyToken: async key => records.has(digestOf(key)) }))
  return serving(app, keys)
}

function serving (app, keys) {
  app.get('/hello', context => context.json({ hello: 'world' }))
  const server = createAdaptorServer({ fetch: app.fetch })
  // As Fastify has it; the default ends connections that wait for their turn.
  server.keepAliveTimeout = 72_000
  return {
    listen: async () => {
      server.listen(0, '127.0.0.1')
      await once(server, 'listening')
      return server.address().port
    },
    credentials: keys.map(key => `Bearer ${key}`)
  }
}
