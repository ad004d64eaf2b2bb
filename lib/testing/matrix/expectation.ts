import type { GuardedRoute } from '../../http/guarded-routes.js'
import type { Grant } from '../../scopes/grant.js'
import type { Requirement } from '../../scopes/requirement.js'
import type { Sender } from './senders.js'

/** What should become of a request. */
export interface Expectation {
  /** The error code of the denial; `null`: it is let through. */
  readonly denial: string | null
  /** In report mode it passes all the same. */
  readonly onlyReported: boolean
  /** It depends on conditions whether it is let through, and nobody said which of them apply. */
  readonly depends: boolean
}

/**
 * What a route says should become of a request of this sender.
 *
 * @param needs everything that this very request needs, conditions included; `undefined`: not told.
 */
export function expectationOf (route: GuardedRoute, sender: Sender, needs: Requirement['alternatives'] | undefined): Expectation {
  const denial = denialOf(route, sender)
  if (denial === null && route.conditions.length > 0 && sender.grant !== null) {
    if (needs !== undefined) return missing(covers(sender.grant, needs) ? null : MISSING_SCOPE, route)
    if (!route.conditions.every(({ scopes }) => covers(sender.grant!, scopes))) return { ...missing(MISSING_SCOPE, route), depends: true }
  }
  return sender.type === 'nobody' ? { denial, onlyReported: false, depends: false } : missing(denial, route)
}

const MISSING_SCOPE = 'FST_API_KEY_MISSING_SCOPE'

function missing (denial: string | null, { mode }: GuardedRoute): Expectation {
  return { denial, onlyReported: denial !== null && mode === 'report', depends: false }
}

/** Before conditions. */
function denialOf ({ access, scopes }: GuardedRoute, { type, grant }: Sender): string | null {
  if (access === 'public') return null
  if (access === 'unannotated') return 'FST_API_KEY_UNANNOTATED_ROUTE'
  if (type === 'nobody') return access === 'userOnly' ? 'FST_USER_SESSION_REQUIRED' : 'FST_API_KEY_REQUIRED'
  if (access === 'userOnly') return type === 'user' ? null : 'FST_API_KEY_USER_ONLY'
  return grant === null || covers(grant, scopes) ? null : MISSING_SCOPE
}

function covers (grant: Grant, alternatives: Requirement['alternatives']): boolean {
  return alternatives.some(names => names.every(name => grant.covers(name)))
}
