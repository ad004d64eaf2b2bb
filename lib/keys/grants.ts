import type { Catalog } from '../scopes/catalog.js'
import type { Grant } from '../scopes/grant.js'
import { BoundedMap } from './bounded-map.js'

/** What a stored list of scopes opens today. */
export type ResolveGrant = (scopes: readonly string[]) => Grant

/** Resolves each distinct list of scopes once: thousands of keys share a handful of them. */
export function grantResolver (catalog: Catalog): ResolveGrant {
  const grants = new BoundedMap<string, Grant>(10_000)

  return scopes => {
    // Not joined: a store may hold a name with whatever stands between two, and one list must not pass for another.
    const key = JSON.stringify(scopes)
    let grant = grants.get(key)
    if (grant === undefined) {
      grant = catalog.grant(scopes)
      grants.set(key, grant)
    }
    return grant
  }
}
