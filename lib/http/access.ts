import type { FastifyRequest } from 'fastify'
import type { Identity, Policy, User } from './decision.js'
import type { ApiKeyRecord } from '../keys/record.js'

/** Who makes a request. */
export type Principal<U extends User = User> =
  | { readonly type: 'apiKey', readonly record: ApiKeyRecord }
  | { readonly type: 'user', readonly user: U }

/** That a request was let through: by which policy, and as whom. */
export interface Access {
  readonly policy: Policy
  readonly identity: Identity
  readonly principal: Principal | null
}

const kAccess = Symbol('fastify-api-key-scopes.access')
interface Marked { [kAccess]?: Access }

/** `undefined` until a decision was taken. */
export function accessOf (request: FastifyRequest): Access | undefined {
  return (request as Marked)[kAccess]
}

export function letThrough (request: FastifyRequest, policy: Policy, identity: Identity): void {
  (request as Marked)[kAccess] = { policy, identity, principal: principalOf(identity) }
}

function principalOf (identity: Identity): Principal | null {
  switch (identity.type) {
    case 'apiKey': return { type: 'apiKey', record: identity.record }
    case 'user': return { type: 'user', user: identity.user }
    default: return null
  }
}
