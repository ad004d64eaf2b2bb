// Fastify itself: what everything else is compared with.
import { addRoute, fastify, randomKeys, serving } from './route.mjs'

export async function bare ({ keys }) {
  const app = fastify()
  addRoute(app)
  return serving(app, randomKeys(keys))
}

export async function emptyHook ({ keys }) {
  const app = fastify()
  app.addHook('onRequest', (request, reply, done) => { done() })
  addRoute(app)
  return serving(app, randomKeys(keys))
}
