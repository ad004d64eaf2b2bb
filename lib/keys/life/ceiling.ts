import type { Catalog } from '../../scopes/catalog.js'
import type { Grant } from '../../scopes/grant.js'
import { BeyondGrantError, RightsUnavailableError } from '../errors.js'
import type { ResolveGrant } from '../grants.js'
import { answerOf, ownerGrant, readScopeNames, type OwnerScopes } from '../owner-rights.js'
import type { Awaitable } from '../store.js'
import type { Caller, Issuer } from './caller.js'

/** Says which scopes a user may give away, by name; what these include may be given away too. */
export type Grantable<U extends Issuer = Issuer> = (user: U) => Awaitable<readonly string[]>

export interface CeilingRules {
  readonly catalog: Catalog
  readonly resolve: ResolveGrant
  readonly grantable: Grantable | undefined
  readonly ownerScopes: OwnerScopes | undefined
  /** Told when one of the two fails. */
  readonly failed: (error: unknown) => void
}

/**
 * Refuses to give away more than the caller may: for a user, what the session may do and what `grantable` says; for a key,
 * its own grant, as far as its owner still may do that.
 *
 * @throws {BeyondGrantError} naming the scopes, {RightsUnavailableError} if it cannot be told.
 */
export async function checkCeiling (scopes: readonly string[], caller: Caller, rules: CeilingRules): Promise<void> {
  // What the catalog does not know opens nothing, and would only keep old keys from being rotated.
  const known = scopes.filter(name => rules.catalog.scopes.has(name))
  if (known.length === 0) return
  const grants = await ceilingOf(caller, rules)
  const beyond = known.filter(name => !grants.every(grant => grant.covers(name)))
  if (beyond.length > 0) throw new BeyondGrantError(beyond.join(', '))
}

/** Everything that a caller may give away is covered by each of these. */
export async function ceilingOf ({ key, user }: Caller, { resolve, grantable, ownerScopes, failed }: CeilingRules): Promise<readonly Grant[]> {
  try {
    const grants: Grant[] = []
    if (user?.scopes !== undefined) grants.push(resolve(user.scopes))
    if (user !== null && grantable !== undefined) grants.push(resolve(readScopeNames(await answerOf('grantable', () => grantable(user)), 'grantable')))
    if (key !== null) grants.push(resolve(key.scopes))
    if (key !== null && ownerScopes !== undefined) grants.push(await ownerGrant(key.ownerId!, ownerScopes, resolve) ?? resolve([]))
    return grants
  } catch (cause) {
    failed(new Error('it cannot be told what may be given away', { cause }))
    throw new RightsUnavailableError({ cause })
  }
}
