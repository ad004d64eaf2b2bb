import type { KeyStore } from 'fastify-api-key-scopes'
import { postgresStore } from 'fastify-api-key-scopes/postgres'
import { redisStore } from 'fastify-api-key-scopes/redis'
import { sqliteStore } from 'fastify-api-key-scopes/sqlite'

/** Where the keys are, unless `--store` says otherwise. */
export const DEFAULT_STORE = process.env.SKALEDATA_STORE ?? 'sqlite:skaledata.db'

/** `sqlite:keys.db`, `postgres://user@host/database` or `redis://host`. */
export function storeNamed (name: string): KeyStore {
  if (name.startsWith('sqlite:')) return sqliteStore(name.slice('sqlite:'.length))
  if (/^postgres(ql)?:/.test(name)) return postgresStore(name)
  if (/^(redis|valkey)s?:/.test(name)) return redisStore(name)
  throw new Error('--store must be sqlite:keys.db, postgres://user@host/database or redis://host')
}

/** To be shown, and so without a password. */
export function placeOf (name: string): string {
  if (name.startsWith('sqlite:')) return name.slice('sqlite:'.length)
  const { protocol, host, pathname } = new URL(name)
  return `${protocol}//${host}${pathname}`
}
