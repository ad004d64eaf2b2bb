import type { Requirement, ScopeRequirement } from '../scopes/requirement.js'
import { compare, type LockedRoute } from './lock.js'
import { grantsBetween, NEVER, type Demands, type Side } from './lock-reach.js'

/** Who a route lets in. Users whose session has no limits pass everywhere, so nothing is said of them. */
interface Opening {
  readonly everybody: boolean
  readonly keys: Needed
  /** Sessions that have scopes of their own. */
  readonly sessions: Needed
}

/** What is needed always, and what is for some requests. */
interface Needed {
  readonly always: Requirement
  readonly sometimes: ReadonlyMap<string, Requirement>
}

/** Who gets in on one side and not on the other. Empty if nobody does. */
export interface Gain {
  readonly everybody: boolean
  /** Grants with which a key gets in, at least for some requests. */
  readonly keys: ReadonlyArray<readonly string[]>
  /** The same for sessions that have scopes of their own. */
  readonly sessions: ReadonlyArray<readonly string[]>
}

/** @param names what grants are made of. */
export function gain (to: LockedRoute, on: Side, from: LockedRoute, other: Side, names: readonly string[]): Gain {
  const ids = conditionIds(to, from)
  const [after, before] = [openingOf(to, on, ids.get(to)!), openingOf(from, other, ids.get(from)!)]
  const between = (met: Needed, unmet: Needed) => gained(met, on, unmet, other, names)
  const keys = between(after.keys, before.keys)
  return {
    everybody: after.everybody && !before.everybody,
    keys,
    // Where both are held against scopes they are held against the same.
    sessions: after.keys === after.sessions && before.keys === before.sessions ? keys : between(after.sessions, before.sessions)
  }
}

export function isEmpty ({ everybody, keys, sessions }: Gain): boolean {
  return !everybody && keys.length === 0 && sessions.length === 0
}

/** A condition may hold for a request and may not, whatever the others do: each that is not met is enough to be refused. */
function gained (met: Needed, on: Side, unmet: Needed, other: Side, names: readonly string[]): ReadonlyArray<readonly string[]> {
  const between = (demands: Demands, lacked: Requirement) => grantsBetween(demands, on, lacked, other, names)
  const ways = [
    ...between([met.always], unmet.always),
    ...[...unmet.sometimes].flatMap(([id, lacked]) => {
      const same = met.sometimes.get(id)
      return between(same === undefined ? [met.always] : [met.always, same], lacked)
    })
  ]
  return [...new Map(ways.map(grant => [JSON.stringify(grant), grant])).values()]
}

function openingOf (route: LockedRoute, { catalog }: Side, ids: readonly string[]): Opening {
  const any: Needed = { always: catalog.requirement([]), sometimes: new Map() }
  if (route.public === true) return { everybody: true, keys: any, sessions: any }
  if (route.scopesMode === 'report') return { everybody: false, keys: any, sessions: any }
  if (route.userOnly === true) return { everybody: false, keys: { always: NEVER, sometimes: new Map() }, sessions: any }
  const needed: Needed = {
    always: catalog.requirement(route.scopes!),
    sometimes: new Map((route.scopesWhen ?? []).map(({ scopes }, i) => [ids[i]!, catalog.requirement(scopes)]))
  }
  return { everybody: false, keys: needed, sessions: needed }
}

/**
 * Which conditions are the same: those with the same description, and of the others those with the same scopes. What decides whether one
 * holds is code, which nobody can compare.
 */
function conditionIds (one: LockedRoute, other: LockedRoute): ReadonlyMap<LockedRoute, readonly string[]> {
  const [left, right] = [one, other].map(({ scopesWhen = [] }) => scopesWhen.map(({ scopes, description }) => ({ scopes: textOf(scopes), description })))
  const ids = [new Array<string>(left!.length), new Array<string>(right!.length)] as const
  let matched = 0
  for (const isSame of [
    (a: Told, b: Told) => a.description === b.description && a.scopes === b.scopes,
    (a: Told, b: Told) => a.description !== undefined && a.description === b.description,
    (a: Told, b: Told) => a.scopes === b.scopes
  ]) {
    for (const [i, condition] of left!.entries()) {
      const j = right!.findIndex((candidate, at) => ids[1][at] === undefined && isSame(condition, candidate))
      if (ids[0][i] === undefined && j !== -1) ids[0][i] = ids[1][j] = `same ${matched++}`
    }
  }
  return new Map([one, other].map((route, side) => [route, Array.from(ids[side]!, (id: string | undefined, i) => id ?? `${side} ${i}`)]))
}

interface Told { readonly scopes: string, readonly description: string | undefined }

function textOf (scopes: ScopeRequirement): string {
  return JSON.stringify(scopes)
}

/** What grants can be made of: the scopes that there were, those that include least first, and then new ones. */
export function namesFor (before: Side, after: Side): { readonly there: readonly string[], readonly fresh: readonly string[] } {
  const today = (name: string) => after.grant(name).current[0]!
  const there = [...before.catalog.scopes.keys()]
  const known = new Set(there.map(today))
  const now = [...after.catalog.scopes.keys()]
  // Another name of a scope that was there is no news.
  const fresh = now.filter(name => !before.catalog.scopes.has(name) && !known.has(today(name)))
  const sizes = new Map([...there, ...fresh].map(name => [name, now.filter(other => after.grant(name).covers(other)).length]))
  const bySize = (a: string, b: string) => sizes.get(a)! - sizes.get(b)! || compare(a, b)
  return { there: there.sort(bySize), fresh: fresh.sort(bySize) }
}
