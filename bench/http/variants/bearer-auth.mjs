// @fastify/bearer-auth knows no scopes: it tells who may come in.
import bearerAuth from '@fastify/bearer-auth'
import { digestOf, keysWithRecords } from './digests.mjs'
import { addRoute, fastify, randomKeys, serving } from './route.mjs'

/** Its fastest: it compares with every key of the list. */
export async function staticKey () {
  const keys = randomKeys(1)
  return await protectedBy({ keys }, keys)
}

/** As its documentation has it for keys that are kept elsewhere. */
export async function asyncFunction ({ keys: count }) {
  const { keys, records } = keysWithRecords(count)
  return await protectedBy({ keys: [], auth: async key => records.has(digestOf(key)) }, keys)
}

async function protectedBy (options, keys) {
  const app = fastify()
  await app.register(bearerAuth, options)
  addRoute(app)
  return serving(app, keys)
}
