import type { Grant } from '../scopes/grant.js'
import type { ResolveGrant } from './grants.js'
import type { Awaitable } from './store.js'
import { PATIENCE, within } from './within.js'

/**
 * Says what an owner of keys may do today, by scope names; `null` if there is no such owner any more.
 */
export type OwnerScopes = (ownerId: string) => Awaitable<readonly string[] | null>

/** What this owner may do, or `null`. Rejects if it cannot be told. */
export async function ownerGrant (ownerId: string, ownerScopes: OwnerScopes, resolve: ResolveGrant): Promise<Grant | null> {
  const names = await answerOf('ownerScopes', () => ownerScopes(ownerId))
  return names === null ? null : resolve(readScopeNames(names, 'ownerScopes'))
}

/** Asks a function of the app. If it fails, the error says which one it was. */
export async function answerOf (called: string, ask: () => unknown): Promise<unknown> {
  try {
    return await within(PATIENCE, (async () => await ask())(), () => new Error('it did not answer in time'))
  } catch (cause) {
    throw new Error(`${called} failed`, { cause })
  }
}

/** Whatever is no list of names, a forgotten `return` say, must not pass for a list of all. */
export function readScopeNames (names: unknown, called: string): readonly string[] {
  if (Array.isArray(names) && names.every(name => typeof name === 'string')) return names
  throw new TypeError(`${called} must answer a list of scope names`)
}
