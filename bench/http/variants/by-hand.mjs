// What one writes without a library.
import { createHash } from 'node:crypto'
import { addRoute, fastify, randomKeys, serving } from './route.mjs'

/** The ceiling: nothing is computed. But whoever reads the memory of the process has all keys. */
export async function rawHeaders ({ keys: count }) {
  const keys = randomKeys(count)
  const grants = new Map(keys.map(key => [`Bearer ${key}`, 0b10]))
  const app = fastify()
  app.addHook('onRequest', (request, reply, done) => {
    const grant = grants.get(request.headers.authorization)
    if (grant !== undefined && (grant & 0b10) !== 0) return done()
    reply.code(grant === undefined ? 401 : 403).send()
  })
  addRoute(app)
  return serving(app, keys)
}

/** The usual one. */
export async function hashes ({ keys: count }) {
  const keys = randomKeys(count)
  const digests = new Set(keys.map(digestOf))
  const app = fastify()
  app.addHook('onRequest', async (request, reply) => {
    const [, key] = /^Bearer (.+)$/.exec(request.headers.authorization) ?? []
    if (key === undefined || !digests.has(digestOf(key))) return reply.code(401).send()
  })
  addRoute(app)
  return serving(app, keys)
}

function digestOf (key) {
  return createHash('sha256').update(key).digest('hex')
}
