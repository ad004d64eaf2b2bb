import type { ApiKeyScopesOptions } from 'fastify-api-key-scopes'
import { sqliteStore } from 'fastify-api-key-scopes/sqlite'
import { scopes } from './scopes.js'

/** What the app and the command line tool `api-key-scopes` have in common. */
export default {
  scopes,
  keyPrefix: 'skale',
  store: sqliteStore(process.env.SKALEDATA_DB ?? 'skaledata.db')
} satisfies Partial<ApiKeyScopesOptions>
