import type { KeyStore } from '../../lib/keys/store.js'

/** The store of a url. Only its own driver is loaded. */
export async function storeAt (url: string): Promise<Required<KeyStore>> {
  if (url.startsWith('postgres:')) return (await import('../../lib/stores/postgres.js')).postgresStore(url)
  if (url.startsWith('redis:')) return (await import('../../lib/stores/redis.js')).redisStore(url)
  return (await import('../../lib/stores/sqlite.js')).sqliteStore(url)
}
