import type { Grant } from '../scopes/grant.js'
import type { Demand, Requirement, Shortfall } from '../scopes/requirement.js'
import type { KnownKey } from '../keys/known-key.js'
import type { RefusedKey } from '../keys/verifier.js'
import type { Condition } from './conditions.js'

/** Who a route is for. */
export type Policy =
  | { readonly kind: 'public' }
  | { readonly kind: 'userOnly' }
  | ScopesPolicy
  /** The route does not say, and start-up could not see it. */
  | { readonly kind: 'unannotated' }

export interface ScopesPolicy {
  readonly kind: 'scopes'
  /** What every request needs. */
  readonly demand: Requirement
  /** What else may be needed, depending on the request. */
  readonly conditions: readonly Condition[]
}

export function hasConditions (policy: Policy): boolean {
  return policy.kind === 'scopes' && policy.conditions.length > 0
}

/**
 * What comes of a refusal. `enforce`: the request is refused. `report`: it is told of, and the request goes on, if whoever makes it
 * could prove who they are; strangers are refused all the same.
 */
export type ScopesMode = 'enforce' | 'report'

/** Somebody with a session of the application, as `authenticateUser` tells. */
export interface User {
  readonly id: string
  /** What this session may do. Left out: everything. */
  readonly scopes?: readonly string[]
}

/** Who is calling, as far as it could be found out. */
export type Identity =
  | { readonly type: 'none' }
  | { readonly type: 'malformed' }
  | KnownKey
  | RefusedKey
  /** `grant` is `null` for a session without limits. */
  | { readonly type: 'user', readonly user: User, readonly grant: Grant | null }
  /** A Bearer value that is no API key and that `authenticateUser` did not take. */
  | { readonly type: 'noUser' }
  | { readonly type: 'keysUnavailable' }
  | { readonly type: 'usersUnavailable' }

/** Somebody who could prove who they are. */
export type Verified = Extract<Identity, { readonly type: 'apiKey' | 'user' }>

export const NOBODY: Identity = Object.freeze({ type: 'none' })

/** `allow`, or why not. */
export type Decision =
  | { readonly outcome: 'allow' }
  | { readonly outcome: 'keyRequired' | 'malformed' | 'keyInvalid' | 'userOnly' | 'unannotated' | 'keysUnavailable' | 'usersUnavailable' }
  | { readonly outcome: 'sessionRequired', readonly offered: boolean }
  | { readonly outcome: 'missingScope', readonly shortfall: Shortfall, readonly demand: Demand }

/** Any decision but `allow`. */
export type Refused = Exclude<Decision, { outcome: 'allow' }>

/** Who may pass, so far as it can be told now: a policy, or what a policy demands of this very request. */
export type Question = Exclude<Policy, ScopesPolicy> | { readonly kind: 'scopes', readonly demand: Demand }

/** The one place where it is decided who may pass. Pure: the same question and identity always give the same decision. */
export function decide (question: Question, identity: Identity): Decision {
  if (question.kind === 'public') return ALLOW
  if (question.kind === 'unannotated') return { outcome: isUnavailable(identity) ? identity.type : 'unannotated' }

  const userOnly = question.kind === 'userOnly'
  switch (identity.type) {
    case 'malformed':
    case 'keysUnavailable':
    case 'usersUnavailable':
      return { outcome: identity.type }
    case 'refusedKey':
      return { outcome: 'keyInvalid' }
    case 'none':
      return userOnly ? { outcome: 'sessionRequired', offered: false } : { outcome: 'keyRequired' }
    case 'noUser':
      return userOnly ? { outcome: 'sessionRequired', offered: true } : { outcome: 'keyInvalid' }
    case 'apiKey':
      return userOnly ? { outcome: 'userOnly' } : held(question.demand, identity.grant)
    case 'user':
      return userOnly || identity.grant === null ? ALLOW : held(question.demand, identity.grant)
  }
}

/** Whether a refusal is only told of, and the request goes on. Pure, like `decide`; whatever is not listed here is refused in every mode. */
export function isOnlyReported ({ outcome }: Refused, identity: Identity, mode: ScopesMode): boolean {
  return mode === 'report' && isVerified(identity) && (outcome === 'missingScope' || outcome === 'userOnly' || outcome === 'unannotated')
}

export function isVerified (identity: Identity): identity is Verified {
  return identity.type === 'apiKey' || identity.type === 'user'
}

const ALLOW: Decision = Object.freeze({ outcome: 'allow' })

function isUnavailable (identity: Identity): identity is Extract<Identity, { type: 'keysUnavailable' | 'usersUnavailable' }> {
  return identity.type === 'keysUnavailable' || identity.type === 'usersUnavailable'
}

function held (demand: Demand, grant: Grant): Decision {
  const shortfall = demand.missing(grant)
  return shortfall === null ? ALLOW : { outcome: 'missingScope', shortfall, demand }
}
