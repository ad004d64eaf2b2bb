import type { RouteOptions } from 'fastify'
import type { Requirement } from '../scopes/requirement.js'
import type { Policy, ScopesMode } from './decision.js'
import type { KnownRoute } from './route-policies.js'

/** A route and who may call it, as data: what every view of an app is made of. */
export interface GuardedRoute {
  /** One of them: a route that is declared for several methods is told of once for each. */
  readonly method: string
  /** As declared, with its prefix, and with `:parameters` and `*` as they stand. */
  readonly url: string
  /** What tells it from others with this method and URL, such as `{ version: '2.x' }`, as text. Usually empty. */
  readonly constraints: Readonly<Record<string, string>>
  /** `unannotated`: nobody may, for it says nothing, and was declared where start-up could not see it. */
  readonly access: Policy['kind']
  /** Alternatives, of each of which all scopes are needed; `[[]]`: any valid key. Empty unless `access` is `scopes`. */
  readonly scopes: Requirement['alternatives']
  /** What is needed beside `scopes` for some requests. */
  readonly conditions: readonly GuardedCondition[]
  /** `report`: a key or session that would be refused for its scopes is let through and told of. Of public routes always `enforce`. */
  readonly mode: ScopesMode
  /** What its schema says that it does (`summary`), or `''`. */
  readonly summary: string
  /** Whether its schema keeps it out of documentation, as `@fastify/swagger` reads it: by `hide: true`, or the tag `X-HIDDEN`. It is guarded all the same. */
  readonly hidden: boolean
}

export interface GuardedCondition {
  readonly scopes: Requirement['alternatives']
  /** When, for people; or `''`. */
  readonly description: string
}

/** A route of the table, with what belongs to it and is no data. */
export interface GuardedRouteEntry {
  readonly guarded: GuardedRoute
  readonly policy: Policy
  readonly known: KnownRoute
}

/** In the order of declaration. The HEAD routes that Fastify adds to GET routes are left out where they are for whom the GET is. */
export function guardedRoutes (routes: readonly KnownRoute[]): readonly GuardedRouteEntry[] {
  const entries = everyRoute(routes)
  const gets = new Map(entries.filter(({ guarded }) => guarded.method === 'GET').map(entry => [nameOf(entry), entry.known]))
  return entries.filter(entry => entry.guarded.method !== 'HEAD' || !isSame(entry.known, gets.get(nameOf(entry))))
}

/** Those HEAD routes among them: what a router is to be made of. */
export function everyRoute (routes: readonly KnownRoute[]): readonly GuardedRouteEntry[] {
  // Plain loops, and nothing made that need not be: an app may have thousands of routes, and waits for this when it starts.
  const entries: GuardedRouteEntry[] = []
  for (const known of routes) {
    for (const url of urlsOf(known)) {
      for (const method of methodsOf(known.route)) entries.push(entryOf(known, method, url))
    }
  }
  return entries
}

function entryOf (known: KnownRoute, method: string, url: string): GuardedRouteEntry {
  const { policy, mode, route: { constraints, schema } } = known
  const { summary, hide, tags } = (schema === undefined ? NOTHING : Object(schema)) as { summary?: unknown, hide?: unknown, tags?: unknown }
  const guarded: GuardedRoute = {
    method,
    url,
    constraints: constraints === undefined ? NOTHING : Object.freeze(Object.fromEntries(Object.entries(constraints).map(([name, value]) => [name, String(value)]))),
    access: policy.kind,
    scopes: policy.kind === 'scopes' ? policy.demand.alternatives : NONE,
    conditions: policy.kind === 'scopes' && policy.conditions.length > 0 ? policy.conditions.map(({ requirement, description }) => Object.freeze({ scopes: requirement.alternatives, description })) : NONE,
    mode,
    summary: typeof summary === 'string' ? summary : '',
    // Whatever may be meant so, for a public page leaves it out.
    hidden: Boolean(hide) || (tags !== undefined && [tags].flat().includes('X-HIDDEN'))
  }
  return { guarded: Object.freeze(guarded), policy, known }
}

const NOTHING = Object.freeze({})
const NONE: readonly never[] = Object.freeze([])

function methodsOf ({ method }: RouteOptions): readonly string[] {
  return typeof method === 'string' ? [method] : method
}

/** `/` under a prefix is two routes, with and without the slash. */
function urlsOf ({ url, route }: KnownRoute): readonly string[] {
  return url === route.url ? [url] : [url, route.url]
}

function nameOf ({ guarded: { url, constraints } }: GuardedRouteEntry): string {
  return constraints === NOTHING ? url : JSON.stringify([url, Object.entries(constraints).sort()])
}

function isSame ({ policy: one, mode }: KnownRoute, get: KnownRoute | undefined): boolean {
  if (mode !== get?.mode) return false
  const other = get.policy
  if (one === other) return true
  if (one.kind !== 'scopes' || other.kind !== 'scopes') return false
  const conditions = other.conditions
  return areSame(one.demand.alternatives, other.demand.alternatives) &&
    one.conditions.length === conditions.length && one.conditions.every(({ when }, i) => when === conditions[i]!.when)
}

function areSame (alternatives: Requirement['alternatives'], others: Requirement['alternatives']): boolean {
  return alternatives.length === others.length &&
    alternatives.every((names, i) => names.length === others[i]!.length && names.every((name, j) => name === others[i]![j]))
}
