import type { FastifyInstance } from 'fastify'
import type { IssuedKey } from '../keys/life/secret.js'
import type { NewApiKey } from '../keys/new-key.js'
import type { ScopeName } from '../scopes/register.js'

/** A key for a test, and how to send it. */
export interface TestKey extends IssuedKey {
  /** For `app.inject()`, `fetch` and the like: `{ authorization: 'Bearer …' }`. */
  readonly headers: { readonly authorization: string }
}

/**
 * Makes an API key with these scopes, for a test. It is made as `app.apiKeys.create` makes any, in the store of the app; what the scopes
 * require must be among them, unless the app has `missingRequired: 'add'`. Makes the app ready, if it is not.
 *
 * @param scopes one, or a list; `[]` opens only routes that demand no scope. Left out: the catalog's default grant.
 * @param options anything else that a key has: an owner, an expiry. Its name is `test`, unless it is given one.
 * @throws FST_API_KEY_INVALID_INPUT (400) for scopes that no key of this app can have.
 * @example
 * const { headers } = await testKey(app, 'clusters:read')
 * const { statusCode } = await app.inject({ url: '/clusters', headers })
 */
export async function testKey (app: FastifyInstance, scopes?: ScopeName | readonly ScopeName[], options: Partial<Omit<NewApiKey, 'scopes'>> = {}): Promise<TestKey> {
  await app.ready()
  const granted = typeof scopes === 'string' ? [scopes] : scopes
  const { key, record } = await app.apiKeys.create({ name: 'test', ...options, scopes: granted as readonly ScopeName[] | undefined })
  return { key, record, headers: { authorization: `Bearer ${key}` } }
}
