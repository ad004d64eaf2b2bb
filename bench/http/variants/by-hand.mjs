// What one writes without a library.
import { SCOPE, digestOf, keysWithRecords } from './digests.mjs'
import { addRoute, fastify, randomKeys, serving } from './route.mjs'

const READ = 1
const DEPLOY = 2

/** The ceiling: nothing is computed. But whoever reads the memory of the process has all keys. */
export async function rawHeaders ({ keys: count }) {
  const keys = randomKeys(count)
  const grants = new Map(keys.map(key => [`Bearer ${key}`, READ | DEPLOY]))
  const app = fastify()
  app.addHook('onRequest', (request, reply, done) => {
    const grant = grants.get(request.headers.authorization)
    if (grant !== undefined && (grant & DEPLOY) !== 0) return done()
    reply.code(grant === undefined ? 401 : 403).send()
  })
  addRoute(app)
  return serving(app, keys)
}

/** The usual one. */
export async function hashes ({ keys: count }) {
  const { keys, records } = keysWithRecords(count)
  const allowed = new Set([...records].filter(([, { scope }]) => scope.includes(SCOPE)).map(([digest]) => digest))
  const app = fastify()
  app.addHook('onRequest', async (request, reply) => {
    const [, key] = /^Bearer (.+)$/.exec(request.headers.authorization) ?? []
    if (key === undefined || !allowed.has(digestOf(key))) return reply.code(401).send()
  })
  addRoute(app)
  return serving(app, keys)
}
