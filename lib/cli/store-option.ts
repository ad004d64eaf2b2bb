import type { KeyStore } from '../keys/store.js'
import { didYouMean } from '../scopes/faults.js'
import { CliError, messageOf, wrong } from './errors.js'

/** The store of `--store`: `sqlite:keys.db`, `postgres://host/database`, `redis://host`. The others are not loaded. */
export async function storeNamed (name: string): Promise<KeyStore> {
  const [, scheme, place] = /^([a-z][a-z0-9+.-]*):(.*)$/is.exec(name) ?? []
  if (scheme === undefined) throw wrong(`--store needs to be told what kind of store it is: sqlite:${name || 'keys.db'}`)
  const open = Object.hasOwn(STORES, scheme) ? STORES[scheme] : undefined
  if (open === undefined) throw wrong(`--store does not know "${scheme}:"${didYouMean(scheme, Object.keys(STORES))}; there is ${Object.keys(STORES).map(known => `${known}:`).join(', ')}`)
  try {
    return await open(place!, name)
  } catch (error) {
    throw error instanceof CliError ? error : wrong(`--store: ${messageOf(error)}`, error)
  }
}

type OpenStore = (place: string, name: string) => Promise<KeyStore>

const STORES: Readonly<Record<string, OpenStore>> = {
  async sqlite (path) {
    // A relative path after two slashes could be meant in two ways.
    if (path === '' || path.startsWith('//')) throw wrong('--store needs the path of a file after sqlite:, such as sqlite:keys.db or sqlite:/var/lib/acme/keys.db')
    const { sqliteStore } = await import('../stores/sqlite.js')
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
async function openPostgres (_: string, url: string): Promise<KeyStore> {
  const { postgresStore } = await import('../stores/postgres.js')
  return postgresStore(checked(url, 'postgres://user@host:5432/database'), { migrate: false, listen: false })
}

/** Whether this Redis is good enough is for the app to say. What has to be revoked is revoked there in any case. */
async function openRedis (_: string, url: string): Promise<KeyStore> {
  const { redisStore } = await import('../stores/redis.js')
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
