import type { FastifyInstance } from 'fastify'
import { BadOptionsError } from '../../http/errors.js'
import type { GuardedRoute } from '../../http/guarded-routes.js'
import type { Catalog } from '../../scopes/catalog.js'
import { isInForce, type ScopeStatus } from '../../scopes/entries.js'
import { isPattern } from '../../scopes/name.js'
import { matching } from '../../scopes/patterns.js'
import { accessText } from '../access-text.js'
import { plain } from './plain.js'
import { readReferenceOptions, type ReferenceOptions } from './options.js'

/** Every scope of an API and what it opens: plain data, to be shown or kept as JSON. Texts are on one line, but for `intro`. */
export interface ScopeReference {
  readonly title: string
  readonly intro: string
  readonly baseUrl: string | null
  /** As in the catalog, without those of which nothing may be told. */
  readonly resources: readonly ReferenceResource[]
  /** Named combinations. */
  readonly presets: ReadonlyArray<{ readonly name: string, readonly scopes: readonly string[] }>
  /** What a key gets that is created without naming scopes; `null`: they must be named. */
  readonly defaultGrant: readonly string[] | null
  /** The endpoints of which no scope alone tells all: several are needed, one of several is, or it depends on the request. */
  readonly severalScopes: readonly ReferenceEndpoint[]
  /** For any valid API key, whatever its scopes. */
  readonly anyKey: readonly ReferenceEndpoint[]
  /** For user sessions alone. */
  readonly userOnly: readonly ReferenceEndpoint[]
  /** For everybody. */
  readonly public: readonly ReferenceEndpoint[]
}

export interface ReferenceResource {
  readonly name: string
  /** For people: that of the catalog, or else made of the name; `General` for scopes of a single segment, such as `full`. */
  readonly heading: string
  /** A sentence, or `''`. */
  readonly description: string
  readonly scopes: readonly ReferenceScope[]
}

export interface ReferenceScope {
  readonly name: string
  readonly description: string
  readonly status: ScopeStatus
  /** Of a deprecated scope: what it is called today. Both mean the same. */
  readonly replacedBy: string | null
  /** What it was called before. */
  readonly replaces: readonly string[]
  /** Whether pickers leave it out. */
  readonly hidden: boolean
  readonly includes: {
    /** Whether it covers every scope of the API. */
    readonly all: boolean
    /** Patterns by which it grows when scopes are added, as `*:read`. */
    readonly patterns: readonly string[]
    /** All that it covers today beside itself, by the names of today. */
    readonly scopes: readonly string[]
  }
  /** The scopes that cover it. */
  readonly includedIn: readonly string[]
  /** Everything that must be granted with it: what it requires, and what that requires in turn. */
  readonly requires: readonly string[]
  /** Those that name it. It also opens those of the scopes that it includes. */
  readonly endpoints: readonly ReferenceEndpoint[]
}

/** A route, as far as it is told. */
export interface ReferenceEndpoint extends Pick<GuardedRoute, 'method' | 'url' | 'constraints' | 'access' | 'scopes' | 'conditions' | 'summary' | 'hidden'> {
  /** Who may call it, in words: `clusters:read`, `apps:deploy + clusters:read`, `one of a, b`, `any valid key`, `users only`. */
  readonly needs: string
}

/**
 * Tells of every scope of an app, and of every route, what an outsider may know:
 *
 * - Hidden scopes and hidden routes are left out, unless the option `hidden` asks for them. A hidden scope that the default grant or
 *   a preset names is offered after all, and so it is told of.
 * - Of what a route needs, alternatives with a scope that is left out are left out; and so is a route that has no others.
 * - Routes that say nothing of who may call them are left out, for nobody may. Every other route is told of, those that manage keys
 *   among them, unless the option `include` says no.
 *
 * @throws FST_API_KEY_NOT_READY before `app.ready()`, FST_API_KEY_BAD_OPTIONS for wrong options, or an app without fastify-api-key-scopes.
 */
export function scopeReference (app: Pick<FastifyInstance, 'apiKeys'>, options: ReferenceOptions = {}): ScopeReference {
  const { title, intro, baseUrl, hidden, include } = readReferenceOptions(options)
  const apiKeys = Object(app).apiKeys as FastifyInstance['apiKeys'] | undefined
  if (apiKeys === undefined) throw new BadOptionsError('reference: this app does not use fastify-api-key-scopes, or only in a part of it')
  const { catalog } = apiKeys
  const isShown = shownScopes(catalog, hidden)
  const endpoints = apiKeys.routes()
    .filter(route => route.access !== 'unannotated' && (hidden || !route.hidden) && include(route) === true)
    .flatMap(route => endpointOf(route, isShown))
  const scopeOf = scopesOf(catalog, isShown, endpoints)
  const of = (access: GuardedRoute['access']) => endpoints.filter(endpoint => endpoint.access === access)

  return {
    title: plain(title),
    intro,
    baseUrl,
    resources: catalog.resources
      .map(({ name, heading, description, scopes }) => ({ name, heading: heading === name || plain(heading) === '' ? headingOf(name) : plain(heading), description: plain(description), scopes: scopes.filter(isShown).map(scopeOf) }))
      .filter(({ scopes }) => scopes.length > 0),
    presets: [...catalog.presets].map(([name, scopes]) => ({ name: plain(name), scopes: catalog.grant(scopes).current })),
    defaultGrant: catalog.defaultGrant === undefined ? null : catalog.grant(catalog.defaultGrant).current,
    severalScopes: of('scopes').filter(({ scopes, conditions }) => scopes.length > 1 || scopes[0]!.length > 1 || conditions.length > 0),
    anyKey: of('scopes').filter(({ scopes }) => scopes[0]!.length === 0),
    userOnly: of('userOnly'),
    public: of('public')
  }
}

/** `Audit logs` for `audit-logs`. */
function headingOf (name: string): string {
  const words = plain(name.replace(/[-_]+/g, ' '))
  return words === '' ? 'General' : `${words[0]!.toUpperCase()}${words.slice(1)}`
}

type IsShown = (scope: string) => boolean

function shownScopes (catalog: Catalog, hidden: boolean): IsShown {
  const offered = new Set([catalog.defaultGrant ?? [], ...catalog.presets.values()].flatMap(names => catalog.grant(names).current))
  const isTold = (name: string) => hidden || !catalog.scopes.get(name)!.hidden || offered.has(name)
  // A former name says nothing without that of today.
  return name => isTold(name) && isTold(todayOf(catalog, name))
}

function todayOf (catalog: Catalog, name: string): string {
  return catalog.grant([name]).current[0]!
}

/** In a list, empty if nothing of it may be told. */
function endpointOf ({ method, url, constraints, access, scopes, conditions, summary, hidden }: GuardedRoute, isShown: IsShown): ReferenceEndpoint[] {
  const told = (alternatives: GuardedRoute['scopes']) => alternatives.filter(names => names.every(isShown))
  const shown = { access, scopes: told(scopes), conditions: conditions.map(({ scopes, description }) => ({ scopes: told(scopes), description: plain(description) })) }
  if (access === 'scopes' && shown.scopes.length === 0) return []
  // That more is needed is told, if not what.
  const inWords = shown.conditions.map(({ scopes, description }) => ({ scopes: scopes.length === 0 ? [[UNLISTED]] : scopes, description }))
  return [{ method, url, constraints, ...shown, summary: plain(summary), hidden, needs: accessText({ ...shown, conditions: inWords }) }]
}

/** In place of the names of scopes that are left out. */
export const UNLISTED = 'a scope that is not listed here'

function scopesOf (catalog: Catalog, isShown: IsShown, endpoints: readonly ReferenceEndpoint[]): (name: string) => ReferenceScope {
  const inForce = [...catalog.scopes.values()].filter(entry => isInForce(entry) && entry.replacedBy === null).map(({ name }) => name)
  const shown = inForce.filter(isShown)
  const grants = new Map(shown.map(name => [name, catalog.grant([name])]))
  const matched = matching(shown)
  const todays = new Map([...catalog.scopes.keys()].map(name => [name, todayOf(catalog, name)]))
  // Once for all scopes, of which there may be as many as endpoints.
  const formers = grouped([...todays].filter(([name, today]) => name !== today && isShown(name)).map(([name, today]) => [today, name] as const))
  const opened = grouped(endpoints.flatMap(endpoint => [...namesOf(endpoint)].map(name => [name, endpoint] as const)))

  return name => {
    const { description, status, replacedBy, hidden } = catalog.scopes.get(name)!
    const today = todays.get(name)!
    const entry = catalog.scopes.get(today)!
    const grant = catalog.grant([name])
    const others = shown.filter(other => other !== today)
    return {
      name,
      description: plain(description),
      status,
      replacedBy: replacedBy === null ? null : today,
      replaces: formers.get(name) ?? [],
      hidden,
      includes: {
        all: inForce.length > 1 && inForce.every(other => grant.covers(other)),
        // One that matches nothing that is told of would tell of what is not.
        patterns: isInForce(entry) ? entry.includes.filter(item => isPattern(item) && matched(item).length > 0) : [],
        scopes: others.filter(other => grant.covers(other))
      },
      includedIn: others.filter(other => grants.get(other)!.covers(name)),
      requires: isInForce(entry) ? [...catalog.missingRequired([name]).keys()] : catalog.grant(entry.requires).current,
      endpoints: opened.get(today) ?? []
    }
  }
}

/** Every scope that it names. */
function namesOf ({ scopes, conditions }: ReferenceEndpoint): ReadonlySet<string> {
  return new Set([scopes, ...conditions.map(condition => condition.scopes)].flat(2))
}

function grouped<Value> (pairs: ReadonlyArray<readonly [name: string, value: Value]>): ReadonlyMap<string, readonly Value[]> {
  const groups = new Map<string, Value[]>()
  for (const [name, value] of pairs) {
    const group = groups.get(name)
    if (group === undefined) groups.set(name, [value])
    else group.push(value)
  }
  return groups
}
