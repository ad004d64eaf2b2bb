// What every server process does first, that of bare Fastify and of others too. On Node 20 process.nextTick costs a process 40,000
// instructions more a request once it has had many promises or timers, as filling a store with keys takes, whatever serves it then.
// So each has had them. What is made stays in memory, for all of them to have as much of it.
import { fileURLToPath } from 'node:url'
import { SCOPE } from './variants/digests.mjs'
import { catalogOf, fillStore, openStore, packageOf } from './variants/our-stores.mjs'
import { fastify } from './variants/route.mjs'

const kept = []
const checkout = fileURLToPath(new URL('../../', import.meta.url))

/** An app with so many keys, each verified once, that never listens. */
export async function makeOtherApp ({ keys: count }) {
  const store = await openStore('memory', { checkout })
  const keys = await fillStore(store, ['apps:read', SCOPE], { checkout, keys: count })
  const { default: apiKeyScopes } = await packageOf(checkout)
  const app = fastify()
  await app.register(apiKeyScopes, { scopes: await catalogOf(checkout), store, keyPrefix: 'acme' })
  await app.ready()
  for (const key of keys) await app.apiKeys.verify(key)
  // Its timers end; what it remembers stays.
  await app.close()
  kept.push(app)
}
