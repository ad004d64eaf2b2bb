import type { ApiKeyScopesOptions } from 'fastify-api-key-scopes'
import { scopes } from './scopes.js'
import { DEFAULT_STORE, storeNamed } from './store.js'

/** What the app and the command line tool `api-key-scopes` have in common. */
export default {
  scopes,
  keyPrefix: 'skale',
  store: storeNamed(DEFAULT_STORE)
} satisfies Partial<ApiKeyScopesOptions>
