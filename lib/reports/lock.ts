import type { FastifyInstance } from 'fastify'
import type { Condition } from '../http/conditions.js'
import type { Policy } from '../http/decision.js'
import type { GuardedRouteEntry } from '../http/guarded-routes.js'
import type { ScopeStatus } from '../scopes/entries.js'
import type { Requirement, ScopeRequirement } from '../scopes/requirement.js'
import { insideOf } from './inside.js'

/** Who may call what, and all of the catalog that decides it: what is in a `scopes.lock.json`. */
export interface Lock {
  /** The form of the file. */
  readonly lockVersion: typeof LOCK_VERSION
  /** Every route, hidden ones too, by URL and then by method. */
  readonly routes: readonly LockedRoute[]
  /** Who gets to the not-found handler. */
  readonly notFound: LockedAccess
  /** Every scope of the catalog. */
  readonly scopes: Readonly<Record<string, LockedScope>>
  /** What a key gets that is made without naming scopes; `null`: scopes must be named. */
  readonly defaultGrant: readonly string[] | null
  readonly presets: Readonly<Record<string, readonly string[]>>
}

export interface LockedRoute extends LockedAccess {
  /** Method and URL, as declared: `GET /clusters/:id`. */
  readonly route: string
  /** As in `GuardedRoute`; left out if there are none. */
  readonly constraints?: Readonly<Record<string, string>>
}

/** What a route says of access, as in its `config`: exactly one of `scopes`, `userOnly` and `public`. */
export interface LockedAccess {
  /** In the names of today: a deprecated scope is called as what has replaced it. */
  readonly scopes?: ScopeRequirement
  readonly scopesWhen?: readonly LockedCondition[]
  readonly userOnly?: true
  readonly public?: true
  /** Any verified credential passes, and what would have been refused is only logged. */
  readonly scopesMode?: 'report'
}

export interface LockedCondition {
  readonly scopes: ScopeRequirement
  readonly description?: string
}

/** What a scope opens. What it says for people, and what must be granted with it, is left out. */
export interface LockedScope {
  /** As written, patterns unresolved. */
  readonly includes?: readonly string[]
  /** Left out: `active`. */
  readonly status?: Exclude<ScopeStatus, 'active'>
  readonly replacedBy?: string
}

export const LOCK_VERSION = 1

/**
 * Who may call what in an app. The same app always gives the same lock, in whatever order its routes, scopes and presets are
 * written down.
 *
 * @throws FST_API_KEY_NOT_READY (500) before `app.ready()`, FST_API_KEY_BAD_OPTIONS (500) if the plugin is not on the app.
 */
export function lockOf (app: FastifyInstance): Lock {
  const { table, catalog: { scopes, defaultGrant, presets }, notFound } = insideOf(app, 'lockOf')
  return {
    lockVersion: LOCK_VERSION,
    routes: table.entries('routes').map(lockedRoute).sort(inOrder),
    notFound: lockedAccess(notFound),
    scopes: sorted([...scopes].map(([name, { includes, status, replacedBy }]) => [name, {
      ...includes.length > 0 && { includes: ordered(includes) },
      ...status !== 'active' && { status },
      ...replacedBy !== null && { replacedBy }
    }])),
    defaultGrant: defaultGrant === undefined ? null : ordered(defaultGrant),
    presets: sorted([...presets].map(([name, names]) => [name, ordered(names)]))
  }
}

/** By URL, then by method, so that what can be done with one thing stands together. */
export function inOrder (a: LockedRoute, b: LockedRoute): number {
  return compare(orderOf(a), orderOf(b))
}

/** By code units, which are the same everywhere. */
export function compare (a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/** What tells a route from all others. */
export function placeOf ({ route, constraints = {} }: Pick<LockedRoute, 'route' | 'constraints'>): string {
  return JSON.stringify([route, Object.entries(constraints).sort(([a], [b]) => compare(a, b))])
}

function orderOf (locked: LockedRoute): string {
  const [method, url] = cut(locked.route)
  // A control character is smaller than any other that a URL may have.
  return [url, method, locked.constraints === undefined ? '' : placeOf(locked), JSON.stringify(locked)].join('\0')
}

/** A method has no space in it; a URL may. */
export function cut (route: string): [method: string, url: string] {
  const space = route.indexOf(' ')
  return [route.slice(0, space), route.slice(space + 1)]
}

function lockedRoute ({ guarded: { method, url, constraints, mode }, policy }: GuardedRouteEntry): LockedRoute {
  return {
    route: `${method} ${url}`,
    ...Object.keys(constraints).length > 0 && { constraints: sorted(Object.entries(constraints)) },
    ...lockedAccess(policy),
    ...mode === 'report' && { scopesMode: mode }
  }
}

function lockedAccess (policy: Policy): LockedAccess {
  // One that says nothing keeps the app from starting.
  if (policy.kind !== 'scopes') return policy.kind === 'userOnly' ? { userOnly: true } : { public: true }
  const { demand, conditions } = policy
  return { scopes: written(demand.alternatives), ...conditions.length > 0 && { scopesWhen: inJsonOrder(conditions.map(lockedCondition)) } }
}

function lockedCondition ({ requirement, description }: Condition): LockedCondition {
  return { scopes: written(requirement.alternatives), ...description !== '' && { description } }
}

/** The shortest form that a requirement may have in a config. */
function written (alternatives: Requirement['alternatives']): ScopeRequirement {
  const shortest = alternatives.map(names => names.length === 1 ? names[0]! : ordered(names))
  return shortest.length === 1 ? shortest[0]! : { anyOf: inJsonOrder(shortest) }
}

function inJsonOrder<Item> (items: readonly Item[]): readonly Item[] {
  return [...items].sort((a, b) => compare(JSON.stringify(a), JSON.stringify(b)))
}

function ordered (names: readonly string[]): readonly string[] {
  return [...names].sort(compare)
}

function sorted<Value> (entries: ReadonlyArray<readonly [string, Value]>): Record<string, Value> {
  return Object.fromEntries([...entries].sort(([a], [b]) => compare(a, b)))
}
