import type { FastifyRequest } from 'fastify'
import type { Identity, Policy, User } from './decision.js'
import type { ApiKeyRecord } from '../keys/record.js'
import type { Register } from '../scopes/register.js'

/** The user type that `Register` names, or any user as long as it names none. */
export type RegisteredUser = Register extends { user: infer U extends User } ? U : User

/** Who makes a request. */
export type Principal =
  | { readonly type: 'apiKey', readonly record: ApiKeyRecord }
  | { readonly type: 'user', readonly user: RegisteredUser }

/** That a request was let through: by which policy, and as whom. */
export interface Access {
  readonly policy: Policy
  readonly identity: Identity
  /** Made when somebody asks, which most handlers never do. */
  principal: Principal | null | undefined
}

const kAccess = Symbol('fastify-api-key-scopes.access')
const kSettled = Symbol('fastify-api-key-scopes.settled')
interface Marked { [kAccess]?: Access, [kSettled]?: true }

/** `undefined` until a decision was taken. */
export function accessOf (request: object): Access | undefined {
  return (request as Marked)[kAccess]
}

export function letThrough (request: FastifyRequest, policy: Policy, identity: Identity): void {
  (request as Marked)[kAccess] = { policy, identity, principal: undefined }
}

/** Who makes a request, as far as it was let through: the same object each time. */
export function principalOf (request: object): Principal | null {
  const access = accessOf(request)
  if (access === undefined) return null
  if (access.principal === undefined) access.principal = asPrincipal(access.identity)
  return access.principal
}

/** The conditions of its route do not stand in the way of this request either. */
export function settle (request: FastifyRequest): void {
  (request as Marked)[kSettled] = true
}

/** Whether nothing stands in the way of this request any more. */
export function isSettled (request: object, hasConditions: boolean): boolean {
  return hasConditions ? (request as Marked)[kSettled] === true : accessOf(request) !== undefined
}

function asPrincipal (identity: Identity): Principal | null {
  switch (identity.type) {
    case 'apiKey': return { type: 'apiKey', record: identity.record }
    case 'user': return { type: 'user', user: identity.user as RegisteredUser }
    default: return null
  }
}
