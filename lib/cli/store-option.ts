import type { KeyStore } from '../keys/store.js'
import { didYouMean } from '../scopes/faults.js'
import { sqliteStore } from '../stores/sqlite.js'
import { wrong } from './errors.js'

/** The store of `--store`: `sqlite:keys.db`. */
export function storeNamed (name: string): KeyStore {
  const [, scheme, place] = /^([a-z][a-z0-9+.-]*):(.*)$/is.exec(name) ?? []
  if (scheme === undefined) throw wrong(`--store needs to be told what kind of store it is: sqlite:${name || 'keys.db'}`)
  const open = Object.hasOwn(STORES, scheme) ? STORES[scheme] : undefined
  if (open === undefined) throw wrong(`--store does not know "${scheme}:"${didYouMean(scheme, Object.keys(STORES))}; there is ${Object.keys(STORES).map(known => `${known}:`).join(', ')}`)
  return open(place!)
}

const STORES: Readonly<Record<string, (place: string) => KeyStore>> = {
  sqlite (path) {
    // A relative path after two slashes could be meant in two ways.
    if (path === '' || path.startsWith('//')) throw wrong('--store needs the path of a file after sqlite:, such as sqlite:keys.db or sqlite:/var/lib/acme/keys.db')
    return sqliteStore(path)
  }
}
