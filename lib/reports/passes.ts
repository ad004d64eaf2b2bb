import { decide, isOnlyReported, type Identity } from '../http/decision.js'
import type { GuardedRouteEntry } from '../http/guarded-routes.js'

/** Whether a request is let through, as long as no condition applies to it. */
export function passes ({ policy, known: { mode } }: GuardedRouteEntry, identity: Identity): boolean {
  const decision = decide(policy, identity)
  return decision.outcome === 'allow' || isOnlyReported(decision, identity, mode)
}
