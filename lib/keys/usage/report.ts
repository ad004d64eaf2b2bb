import type { Catalog } from '../../scopes/catalog.js'
import type { ScopeName } from '../../scopes/register.js'
import type { ApiKeyRecord } from '../record.js'
import { Holdings, lastNeeded } from './attribution.js'
import { readDemands } from './demands.js'
import { Scopes } from './scopes.js'
import { smallestGrant } from './smallest-grant.js'

/** What a key was used for, since it was made. */
export interface KeyUsage {
  /** `null`: never. */
  readonly lastUsedAt: Date | null
  /** Each scope that it was granted, with when it was last needed; `null`: never. */
  readonly scopes: ReadonlyArray<{ readonly name: string, readonly lastNeededAt: Date | null }>
  /**
   * The granted scopes that were not needed for as long as `unusedFor` says, or else never. The others would have served
   * all that was asked for since. None if the key is not that old.
   */
  readonly unusedScopes: readonly string[]
  /**
   * The least that would have served every request seen, with what its scopes require. Never more than was granted, but for
   * what these require today. Requests that today's grant would not serve do not count.
   */
  readonly smallestGrant: readonly ScopeName[]
}

/**
 * @param texts When each demand was last met, as `textsOf` wrote it.
 * @param unusedSince `null`: from the beginning.
 */
export function reportUsage (record: ApiKeyRecord, texts: ReadonlyMap<string, Date>, unusedSince: Date | null, catalog: Catalog): KeyUsage {
  const granted = [...new Set(record.scopes)]
  const scopes = new Scopes(catalog)
  const demands = readDemands(texts, catalog.grant(granted), scopes)
  const holdings = new Holdings(granted, scopes)
  const needed = lastNeeded(demands, holdings, scopes)

  const isOldEnough = unusedSince === null || record.createdAt < unusedSince
  const isUnused = (name: string) => {
    const last = needed.get(name)
    return last === undefined || (unusedSince !== null && last < unusedSince.getTime())
  }
  return {
    lastUsedAt: record.lastUsedAt,
    scopes: granted.map(name => ({ name, lastNeededAt: needed.has(name) ? new Date(needed.get(name)!) : null })),
    unusedScopes: isOldEnough ? granted.filter(isUnused) : [],
    smallestGrant: smallestGrant(demands, holdings, scopes) as readonly ScopeName[]
  }
}
