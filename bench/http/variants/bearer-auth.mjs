// @fastify/bearer-auth knows no scopes: it tells who may come in.
import { createHash } from 'node:crypto'
import bearerAuth from '@fastify/bearer-auth'
import { addRoute, fastify, randomKeys, serving } from './route.mjs'

export async function staticKey () {
  const keys = randomKeys(1)
  return await protectedBy({ keys: new Set(keys) }, keys)
}

/** As its documentation has it for keys that are kept elsewhere; only digests are in memory. */
export async function asyncFunction ({ keys: count }) {
  const keys = randomKeys(count)
  const records = new Map(keys.map(key => [digestOf(key), { id: key.slice(0, 9) }]))
  return await protectedBy({ keys: new Set(), auth: async key => records.has(digestOf(key)) }, keys)
}

async function protectedBy (options, keys) {
  const app = fastify()
  await app.register(bearerAuth, options)
  addRoute(app)
  return serving(app, keys)
}

function digestOf (key) {
  return createHash('sha256').update(key).digest('hex')
}
