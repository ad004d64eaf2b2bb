// What all variants on Fastify have in common.
import { randomBytes } from 'node:crypto'
import Fastify from 'fastify'

export const HELLO_SCHEMA = { response: { 200: { type: 'object', properties: { hello: { type: 'string' } } } } }

export function fastify () {
  return Fastify({ logger: false })
}

/** The one route, which answers the same everywhere. */
export function addRoute (app, options = {}, look = () => {}) {
  app.get('/hello', { schema: HELLO_SCHEMA, ...options }, (request, reply) => {
    look(request)
    reply.send({ hello: 'world' })
  })
}

/** What is to be served, and the headers to send. */
export function serving (app, keys) {
  return {
    listen: async () => {
      await app.listen({ port: 0, host: '127.0.0.1' })
      return app.server.address().port
    },
    credentials: keys.map(key => `Bearer ${key}`)
  }
}

/** Keys as long as ours. */
export function randomKeys (count) {
  return Array.from({ length: count }, () => `acme_${randomBytes(22).toString('hex').slice(0, 43)}`)
}
