import { isDeepStrictEqual } from 'node:util'
import type { GuardedRoute } from '../http/guarded-routes.js'
import type { ScopeRequirement } from '../scopes/requirement.js'
import { accessText } from './access-text.js'
import { compare, cut, inOrder, placeOf, type Lock, type LockedRoute, type LockedScope } from './lock.js'
import { gain, isEmpty, namesFor, type Gain } from './lock-opening.js'
import { catalogOf } from './lock-reading.js'
import { sideOf, type Side } from './lock-reach.js'

/** What has changed from one lock to another, by what it means and not by how it is written. */
export interface LockComparison {
  /** Whether nothing has. */
  readonly same: boolean
  /** Every route that is new, gone, for others than before, or says it in another way; in the order of the locks. */
  readonly routes: readonly RouteChange[]
  /** Every scope that is new, gone or written in another way, or that alone opens other routes than before. */
  readonly scopes: readonly ScopeChange[]
  /** The default grant and the presets that name others than before. */
  readonly grants: readonly GrantChange[]
}

export interface RouteChange {
  /** Method and URL; `requests that match no route` for the not-found handler. */
  readonly route: string
  readonly constraints: Readonly<Record<string, string>>
  /** `changed`: it was there before, and is now. */
  readonly change: 'new' | 'removed' | 'changed'
  /** Who might call it, in words; `null`: it was not there. */
  readonly before: string | null
  /** Who may call it now; `null`: it is not there any more. */
  readonly after: string | null
  /** Whether somebody gets in who did not. A route may be easier and harder to reach at once; a new or a removed one is neither. */
  readonly easier: boolean
  /** Whether somebody does not get in any more who did. */
  readonly harder: boolean
  readonly opensTo: Gain
  readonly closesTo: Gain
}

export interface ScopeChange {
  readonly scope: string
  readonly change: 'new' | 'removed' | 'changed'
  /** What is written of it. Equal if it is another scope that it includes that has changed. */
  readonly before: LockedScope | null
  readonly after: LockedScope | null
  /** Routes that were there before, and that this scope alone opens now and did not. */
  readonly opens: readonly string[]
  readonly closes: readonly string[]
}

export interface GrantChange {
  /** `null`: the default grant. */
  readonly preset: string | null
  /** `null`: there was none. */
  readonly before: readonly string[] | null
  readonly after: readonly string[] | null
  /** Scopes that are covered now and were not, in the names of the catalog of today. */
  readonly gained: readonly string[]
  readonly lost: readonly string[]
}

/**
 * Tells what has changed. A route is easier to reach if some grant of scopes, with the catalog of now, gets in that did not, with the
 * catalog of then, or if everybody does; harder, the other way round. Conditions of `scopesWhen` count as the same if their description is, or else
 * their scopes.
 *
 * @param before from `readLock`, or `lockOf` at another time.
 */
export function compareLocks (before: Lock, after: Lock): LockComparison {
  const [then, now] = [sideOf(catalogOf(before)), sideOf(catalogOf(after))]
  const pairs = [...pairsOf(before.routes, after.routes), [unmatched(before), unmatched(after)] as const]
  const isSameCatalog = same(before.scopes, after.scopes)
  const unchanged = isSameCatalog ? [] : pairs.filter(([old, fresh]) => old !== undefined && fresh !== undefined && same(old, fresh)).map(([, route]) => route!)
  const names = namesFor(then, now)

  const routes = pairs.map(([old, fresh]) => routeChange(old, fresh)).filter(change => change !== undefined)
  const scopes = unionOf(before.scopes, after.scopes).map(scopeChange).filter(change => change !== undefined)
  const grants = [
    grantChange(null, before.defaultGrant, after.defaultGrant),
    ...unionOf(before.presets, after.presets).map(name => grantChange(name, own(before.presets, name), own(after.presets, name)))
  ].filter(change => change !== undefined)
  return { same: routes.length + scopes.length + grants.length === 0, routes, scopes, grants }

  function routeChange (old: LockedRoute | undefined, fresh: LockedRoute | undefined): RouteChange | undefined {
    const { route, constraints = {} } = (fresh ?? old)!
    const told = { route, constraints, before: old === undefined ? null : accessOf(old), after: fresh === undefined ? null : accessOf(fresh) }
    if (old === undefined || fresh === undefined) return { ...told, change: old === undefined ? 'new' : 'removed', easier: false, harder: false, opensTo: NOBODY, closesTo: NOBODY }
    const isSame = same(old, fresh)
    if (isSame && isSameCatalog) return undefined
    const fromThere = gain(fresh, now, old, then, names.there)
    // What a new scope opens is told where nobody else gets in.
    const opensTo = isEmpty(fromThere) ? gain(fresh, now, old, then, [...names.there, ...names.fresh]) : fromThere
    const closesTo = gain(old, then, fresh, now, names.there)
    const [easier, harder] = [!isEmpty(opensTo), !isEmpty(closesTo)]
    return isSame && !easier && !harder ? undefined : { ...told, change: 'changed', easier, harder, opensTo, closesTo }
  }

  function scopeChange (scope: string): ScopeChange | undefined {
    const [old, fresh] = [own(before.scopes, scope), own(after.scopes, scope)]
    const changed = unchanged.map(route => ({ route: route.route, was: opensAlone(scope, route, then), is: opensAlone(scope, route, now) })).filter(({ was, is }) => was !== is)
    if (same(old, fresh) && changed.length === 0) return undefined
    return {
      scope,
      change: old === null ? 'new' : fresh === null ? 'removed' : 'changed',
      before: old,
      after: fresh,
      opens: changed.filter(({ is }) => is).map(({ route }) => route),
      closes: changed.filter(({ was }) => was).map(({ route }) => route)
    }
  }

  function grantChange (preset: string | null, old: readonly string[] | null, fresh: readonly string[] | null): GrantChange | undefined {
    if (same(old, fresh)) return undefined
    const [had, has] = [now.catalog.grant(old ?? []), now.catalog.grant(fresh ?? [])]
    const covered = [...now.catalog.scopes.keys()].filter(name => had.covers(name) !== has.covers(name))
    return { preset, before: old, after: fresh, gained: covered.filter(name => has.covers(name)), lost: covered.filter(name => had.covers(name)) }
  }
}

const NOBODY: Gain = Object.freeze({ everybody: false, keys: [], sessions: [] })

/** Requests that match no route. */
function unmatched ({ notFound }: Lock): LockedRoute {
  return { route: 'requests that match no route', ...notFound }
}

type Pair = readonly [before: LockedRoute | undefined, after: LockedRoute | undefined]

/** The same routes, in the order of the locks. A HEAD route that one of them does not tell of is for whom the GET is there. */
function pairsOf (before: readonly LockedRoute[], after: readonly LockedRoute[]): readonly Pair[] {
  const [old, fresh] = [byPlace(before), byPlace(after)]
  const places = new Map([...old, ...fresh])
  return [...places].sort(([, a], [, b]) => inOrder(a, b)).map(([place, route]) => [old.get(place) ?? getFor(route, old), fresh.get(place) ?? getFor(route, fresh)])
}

function getFor (route: LockedRoute, routes: ReadonlyMap<string, LockedRoute>): LockedRoute | undefined {
  const [method, url] = cut(route.route)
  const get = method === 'HEAD' ? routes.get(placeOf({ ...route, route: `GET ${url}` })) : undefined
  return get && { ...get, route: route.route }
}

/** Constraints that look the same as text may tell several routes apart: the first is compared with the first, and so on. */
function byPlace (routes: readonly LockedRoute[]): ReadonlyMap<string, LockedRoute> {
  const found = new Map<string, LockedRoute>()
  for (const route of routes) {
    let place = placeOf(route)
    while (found.has(place)) place += '+'
    found.set(place, route)
  }
  return found
}

/** Whether a key with this scope and no other gets in, at least for some requests. */
function opensAlone (scope: string, { public: isPublic, userOnly, scopes, scopesMode }: LockedRoute, { catalog, grant }: Side): boolean {
  if (isPublic === true || scopesMode === 'report') return true
  return userOnly !== true && catalog.requirement(scopes!).missing(grant(scope)) === null
}

/** The words of every other view. */
function accessOf ({ scopes = [], scopesWhen = [], userOnly, public: isPublic, scopesMode }: LockedRoute): string {
  return accessText({
    access: isPublic === true ? 'public' : userOnly === true ? 'userOnly' : 'scopes',
    scopes: alternativesOf(scopes),
    conditions: scopesWhen.map(({ scopes, description = '' }) => ({ scopes: alternativesOf(scopes), description })),
    mode: scopesMode ?? 'enforce'
  })
}

function alternativesOf (scopes: ScopeRequirement): GuardedRoute['scopes'] {
  const isChoice = typeof scopes === 'object' && 'anyOf' in scopes
  return isChoice ? scopes.anyOf.map(alternative => [alternative].flat()) : [[scopes].flat()]
}

function unionOf (a: object, b: object): readonly string[] {
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].sort(compare)
}

/** A scope may be called like something that every object has. */
function own<Value> (record: Readonly<Record<string, Value>>, name: string): Value | null {
  return Object.hasOwn(record, name) ? record[name]! : null
}

function same (a: unknown, b: unknown): boolean {
  return isDeepStrictEqual(a, b)
}
