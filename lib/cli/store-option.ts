import type { KeyStore } from '../keys/store.js'
import { didYouMean } from '../scopes/faults.js'
import { postgresStore } from '../stores/postgres.js'
import { redisStore } from '../stores/redis.js'
import { sqliteStore } from '../stores/sqlite.js'
import { CliError, messageOf, wrong } from './errors.js'

/** The store of `--store`: `sqlite:keys.db`, `postgres://host/database`, `redis://host`. */
export function storeNamed (name: string): KeyStore {
  const [, scheme, place] = /^([a-z][a-z0-9+.-]*):(.*)$/is.exec(name) ?? []
  if (scheme === undefined) throw wrong(`--store needs to be told what kind of store it is: sqlite:${name || 'keys.db'}`)
  const open = Object.hasOwn(STORES, scheme) ? STORES[scheme] : undefined
  if (open === undefined) throw wrong(`--store does not know "${scheme}:"${didYouMean(scheme, Object.keys(STORES))}; there is ${Object.keys(STORES).map(known => `${known}:`).join(', ')}`)
  try {
    return open(place!, name)
  } catch (error) {
    throw error instanceof CliError ? error : wrong(`--store: ${messageOf(error)}`, error)
  }
}

type OpenStore = (place: string, name: string) => KeyStore

const STORES: Readonly<Record<string, OpenStore>> = {
  sqlite (path) {
    // A relative path after two slashes could be meant in two ways.
    if (path === '' || path.startsWith('//')) throw wrong('--store needs the path of a file after sqlite:, such as sqlite:keys.db or sqlite:/var/lib/acme/keys.db')
    return sqliteStore(path)
  },
  postgres: openPostgres,
  postgresql: openPostgres,
  redis: openRedis,
  rediss: openRedis,
  valkey: openRedis,
  valkeys: openRedis
}

/** Tables are made by `migrate` alone, for a database that has none was misspelt. Nobody waits here to hear of changes by others. */
function openPostgres (_: string, url: string): KeyStore {
  return postgresStore(checked(url, 'postgres://user@host:5432/database'), { migrate: false, listen: false })
}

/** Whether this Redis is good enough is for the app to say. What has to be revoked is revoked there in any case. */
function openRedis (_: string, url: string): KeyStore {
  return redisStore(checked(url, 'redis://host:6379/0'), { allowDataLoss: true })
}

/** Else a part of a password could be taken for the name of a host, and be shown. */
function checked (url: string, example: string): string {
  if (!/^\w+:\/\//.test(url)) throw wrong(`--store needs a URL such as ${example}`)
  if (!URL.canParse(url) || /@/.test(pathOf(new URL(url)))) throw wrong(`--store needs a URL such as ${example}; in a user or a password, all but letters, digits and -._~ must be percent-encoded`)
  return url
}

function pathOf ({ pathname, search, hash }: URL): string {
  return pathname + search + hash
}
