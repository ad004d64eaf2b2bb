import { show } from '../../scopes/faults.js'
import type { Actor } from '../audit.js'
import { InvalidInputError, OwnerlessKeyError } from '../errors.js'
import { isText } from '../key-fields.js'
import type { ApiKeyRecord } from '../record.js'

/** A user on whose behalf a call is made. */
export interface Issuer {
  readonly id: string
  /** What this user's session may do. Left out: everything. */
  readonly scopes?: readonly string[]
}

/** For whom a call is made: a user, or a `request.principal`. */
export type OnBehalf =
  | Issuer
  | { readonly type: 'user', readonly user: Issuer }
  | { readonly type: 'apiKey', readonly record: ApiKeyRecord }

/** As much of a request as an audit event tells. A `FastifyRequest` is one. */
export interface CallingRequest {
  readonly id: string
  readonly method: string
  readonly routeOptions: { readonly url?: string | undefined }
}

export interface CallOptions {
  /**
   * Acts for this user alone, or for this API key: keys are created in the user's name, never beyond what user or key may
   * give away, and the keys of others do not exist. A key that is created by a key never expires later than it. Left out:
   * the calling code is trusted.
   */
  readonly as?: OnBehalf
  /** With `as`: the keys of others exist too, for an administrator. What may be given away is no more for that. */
  readonly all?: boolean
  /** Without `as`: what the calling code calls itself, for the audit. 1 to 200 characters. */
  readonly actor?: string
  /** The request in which the call is made, for the audit. */
  readonly request?: CallingRequest
}

/** Who makes a call. */
export interface Caller {
  /** Whose keys there are for this caller. `undefined`: everybody's. */
  readonly sees: string | undefined
  /** In whose name this caller makes keys. `undefined`: whoever it names. */
  readonly owner: string | undefined
  /** The key or the user for whom the call is made; both `null` for trusted code. */
  readonly key: ApiKeyRecord | null
  readonly user: Issuer | null
  readonly actor: Actor
  readonly requestId: string | null
  readonly method: string | null
  readonly route: string | null
}

const OPTIONS = ['as', 'all', 'actor', 'request']

/**
 * Reads call options. Without `as` the calling code is trusted; but an `as` that holds nobody, a forgotten user or the
 * principal of a public route, must not be.
 *
 * @param more the options that this call has beside them.
 * @throws {InvalidInputError} naming the option.
 */
export function callerOf (options: CallOptions | undefined = {}, more: readonly string[] = []): Caller {
  if (typeof options !== 'object' || options === null) throw new InvalidInputError(`call options must be an object { ${[...more, ...OPTIONS].join(', ')} }, not ${show(options)}`)
  const strange = Object.keys(options).find(option => !OPTIONS.includes(option) && !more.includes(option))
  if (strange !== undefined) throw new InvalidInputError(`unknown call option ${show(strange)}; there is { ${[...more, ...OPTIONS].join(', ')} }`)
  const { all = false, actor, request } = options
  if (typeof all !== 'boolean') throw new InvalidInputError(`all must be true or false, not ${show(all)}`)
  const at = { requestId: request?.id ?? null, method: request?.method ?? null, route: request?.routeOptions.url ?? null }

  if (!('as' in options)) {
    if (all) throw new InvalidInputError('all means something only with as; code that is trusted sees all keys anyway')
    if (actor !== undefined && !isText(actor, 200)) throw new InvalidInputError(`actor must be a string of 1 to 200 characters without control characters, not ${show(actor)}`)
    return { sees: undefined, owner: undefined, key: null, user: null, actor: { type: 'code', id: actor ?? null }, ...at }
  }
  if (actor !== undefined) throw new InvalidInputError('actor cannot be chosen with as: it is the user or the key')
  const { key, user } = readOnBehalf(options.as)
  const owner = user?.id ?? key!.ownerId
  if (owner === null) throw new OwnerlessKeyError()
  return {
    sees: all ? undefined : owner,
    owner,
    key,
    user,
    actor: user !== null ? { type: 'user', id: user.id } : { type: 'apiKey', id: key!.id, ownerId: owner },
    ...at
  }
}

/** The owner of whatever is asked for or made; naming another one is no way around it. */
export function ownedBy (ownerId: unknown, owner: string): string {
  if (ownerId !== undefined && ownerId !== owner) throw new InvalidInputError('ownerId cannot be chosen: it is that of the user who asks')
  return owner
}

function readOnBehalf (as: unknown): { key: ApiKeyRecord, user: null } | { key: null, user: Issuer } {
  const { type, record, user } = Object(as) as Record<string, unknown>
  if (type === 'apiKey' && typeof Object(record).id === 'string') return { key: record as ApiKeyRecord, user: null }
  const issuer: unknown = type === 'user' && user !== undefined ? user : as
  const { id, scopes, rotatedFrom } = Object(issuer) as Partial<Record<keyof Issuer | 'rotatedFrom', unknown>>
  // The record of a key has an id and scopes too; it would pass for a user of that name, whom no ceiling of a key holds.
  if (rotatedFrom !== undefined) throw new InvalidInputError('as must be the principal of the key, not its record')
  const listed = scopes === undefined || (Array.isArray(scopes) && scopes.every(name => typeof name === 'string'))
  if (typeof id === 'string' && id !== '' && listed) return { key: null, user: issuer as Issuer }
  throw new InvalidInputError('as must be the user for whom the call is made, { id, scopes? }, or a request\'s principal; leave it out if the calling code may do everything')
}
