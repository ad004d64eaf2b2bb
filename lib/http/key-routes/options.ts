import type { Catalog } from '../../scopes/catalog.js'
import { isPlainObject } from '../../scopes/entries.js'
import { didYouMean, show } from '../../scopes/faults.js'
import type { ScopeName } from '../../scopes/register.js'
import type { ScopeRequirement } from '../../scopes/requirement.js'
import type { Awaitable } from '../../keys/store.js'
import type { RegisteredUser } from '../access.js'
import { readDemand } from '../conditions.js'
import { BadOptionsError } from '../errors.js'
import type { RouteAccess } from '../policy.js'
import { FASTIFY_OPTIONS } from '../settings.js'
import type { RouteName } from './schemas.js'

/** What can be done with keys over HTTP. */
export type KeyOperation = 'create' | 'list' | 'get' | 'update' | 'rotate' | 'revoke' | 'usage'

/** The options of the management routes, beside the `prefix` of `register`. */
export interface ApiKeyRoutesOptions {
  /**
   * Whether a user manages the keys of everybody. Asked at each request of a user, `create` apart: a key is always made in
   * the name of whoever makes it. Only `true` means yes. If it throws, or answers no boolean, the request is answered 503
   * FST_API_KEY_RIGHTS_UNAVAILABLE. Default: nobody does.
   */
  readonly canManageAll?: (user: RegisteredUser) => Awaitable<boolean>
  /**
   * Which operations API keys may call too, and the scopes that they need for each, as in `config.scopes`. A user whose
   * session has scopes of its own needs them as well. Default: none, so that no key can make another.
   */
  readonly keyScopes?: { readonly [Operation in KeyOperation]?: ScopeRequirement<ScopeName> }
}

/** The options, checked and with their defaults. */
export interface RoutesSettings {
  readonly canManageAll: ApiKeyRoutesOptions['canManageAll'] | undefined
  readonly keyScopes: NonNullable<ApiKeyRoutesOptions['keyScopes']>
}

/** @throws {BadOptionsError} naming every option that is wrong, and how to put it right. */
export function readRoutesOptions ({ canManageAll, keyScopes = {}, ...rest }: ApiKeyRoutesOptions, catalog: Catalog): RoutesSettings {
  const faults = Object.keys(rest)
    .filter(option => !FASTIFY_OPTIONS.includes(option))
    .map(option => `unknown option ${show(option)}${didYouMean(option, OPTIONS)}`)
  if (canManageAll !== undefined && typeof canManageAll !== 'function') faults.push(`canManageAll must be a function, not ${show(canManageAll)}`)
  if (isPlainObject(keyScopes)) {
    for (const [operation, scopes] of Object.entries(keyScopes)) {
      if (OPERATIONS.includes(operation)) readDemand(scopes, `keyScopes.${operation}`, catalog, faults)
      else faults.push(`keyScopes: unknown operation ${show(operation)}${didYouMean(operation, OPERATIONS)}; there are ${OPERATIONS.join(', ')}`)
    }
  } else {
    faults.push(`keyScopes must be an object { operation: scopes } with any of ${OPERATIONS.join(', ')}, not ${show(keyScopes)}`)
  }
  if (faults.length > 0) throw new BadOptionsError(`routes: ${faults.join('; ')}`)
  return { canManageAll, keyScopes }
}

/** Who may call a route. */
export function accessTo (route: RouteName, { keyScopes }: RoutesSettings): RouteAccess {
  if (route === 'current' || route === 'scopes') return { scopes: [] }
  const scopes = keyScopes[route]
  return scopes === undefined ? { userOnly: true } : { scopes }
}

const OPTIONS = ['canManageAll', 'keyScopes']
const OPERATIONS: readonly string[] = ['create', 'list', 'get', 'update', 'rotate', 'revoke', 'usage'] satisfies KeyOperation[]
