// The package itself, of this checkout or another, its stores, and keys in them.
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { SCOPE } from './digests.mjs'
import { fastify } from './route.mjs'

/** What the package exports, or one of its subpaths. */
export async function packageOf (checkout, file = 'index.js') {
  return await import(pathToFileURL(join(checkout, 'dist/esm', file)))
}

export async function catalogOf (checkout) {
  const { defineScopes } = await packageOf(checkout)
  return defineScopes({ full: { description: 'Everything', includes: '*' }, 'apps:read': 'Read', [SCOPE]: 'Deploy' })
}

export async function openStore (kind, { checkout, location }) {
  if (kind === 'memory') return (await packageOf(checkout)).memoryStore()
  const { [`${kind}Store`]: open } = await packageOf(checkout, `stores/${kind}.js`)
  return open(location)
}

/** Makes keys with an app of its own, so that no other has seen them, and returns them. */
export async function fillStore (store, scopes, { checkout, keys: count }, fields = {}) {
  const { default: apiKeyScopes } = await packageOf(checkout)
  const app = fastify()
  await app.register(apiKeyScopes, { scopes: await catalogOf(checkout), store, keyPrefix: 'acme' })
  const keys = []
  const makeKeys = async () => {
    for (let i = started++; i < count; i = started++) {
      const { key } = await app.apiKeys.create({ name: `key ${i}`, ownerId: `user-${i % 1000}`, scopes, ...fields })
      keys.push(key)
    }
  }
  let started = 0
  await Promise.all(Array.from({ length: AT_ONCE }, makeKeys))
  await app.close()
  return keys
}

/** So that a database is not asked for one after the other. */
const AT_ONCE = 64
