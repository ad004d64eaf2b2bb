import type { FastifyRequest } from 'fastify'
import type { ApiKeyRecord } from '../../keys/record.js'
import type { Catalog } from '../../scopes/catalog.js'
import { isInForce, type Entry, type ScopeStatus } from '../../scopes/entries.js'
import type { Grant } from '../../scopes/grant.js'
import { accessOf, type Principal } from '../access.js'
import type { Identity } from '../decision.js'

/** What is shown of a key over HTTP. `metadata` is the application's own. */
export type ShownApiKey = Omit<ApiKeyRecord, 'metadata' | 'pepperVersion'>

export function shown ({ metadata, pepperVersion, ...record }: ApiKeyRecord): ShownApiKey {
  return record
}

/** What `GET /api-keys/current` answers: who is calling, and every scope that they have today, included ones among them. */
export type CurrentPrincipal =
  | { readonly type: 'apiKey', readonly record: ShownApiKey, readonly scopes: readonly string[] }
  | { readonly type: 'user', readonly id: string, readonly scopes: readonly string[] }

export function currentOf (request: FastifyRequest, principal: Principal, catalog: Catalog): CurrentPrincipal {
  // Not by `request.hasScopes`: to be told what one may do is not to need it.
  const { grant } = accessOf(request)!.identity as Extract<Identity, { readonly grant: Grant | null }>
  const scopes = today(catalog).filter(isInForce).map(({ name }) => name).filter(name => grant === null || grant.covers(name))
  if (principal.type === 'user') return { type: 'user', id: principal.user.id, scopes }
  return { type: 'apiKey', record: shown(principal.record), scopes }
}

/** What `GET /api-keys/scopes` answers: all that a form for a key needs. */
export interface ScopePicker {
  /** Headings with at least one scope each. */
  readonly resources: ReadonlyArray<{
    /** `''` for scopes of a single segment, such as `full`. */
    readonly name: string
    readonly heading: string
    readonly description: string
    readonly scopes: readonly OfferedScope[]
  }>
  readonly presets: ReadonlyArray<{ readonly name: string, readonly scopes: readonly string[] }>
  /** What a key gets that is made without naming scopes; `null`: they must be named. */
  readonly defaultGrant: readonly string[] | null
}

export interface OfferedScope {
  readonly name: string
  readonly description: string
  /** The other offered scopes that it covers today. */
  readonly includes: readonly string[]
  /** What must be granted with it. */
  readonly requires: readonly string[]
  readonly status: ScopeStatus
  /** Whether whoever asks may give it to a key. */
  readonly grantable: boolean
}

/** Prepares what is the same for everybody; answers what is shown to somebody who may give away these scopes. */
export function pickerOf (catalog: Catalog): (grantable: readonly string[]) => ScopePicker {
  const offered = today(catalog).filter(({ hidden }) => !hidden)
  const details = new Map(offered.map(({ name, description, requires, status }) => {
    const { covers } = catalog.grant([name])
    const includes = offered.map(other => other.name).filter(other => other !== name && covers(other))
    return [name, { name, description, includes, requires: catalog.grant(requires).current, status }]
  }))
  const sections = catalog.resources
    .map(resource => ({ ...resource, scopes: resource.scopes.flatMap(name => details.get(name) ?? []) }))
    .filter(({ scopes }) => scopes.length > 0)
  const presets = [...catalog.presets].map(([name, scopes]) => ({ name, scopes: catalog.grant(scopes).current }))
  const defaultGrant = catalog.defaultGrant === undefined ? null : catalog.grant(catalog.defaultGrant).current

  return grantable => {
    const mayGive = new Set(grantable)
    const resources = sections.map(({ scopes, ...rest }) => ({ ...rest, scopes: scopes.map(scope => ({ ...scope, grantable: mayGive.has(scope.name) })) }))
    return { resources, presets, defaultGrant }
  }
}

/** Each scope by the name that it has today. */
function today ({ scopes }: Catalog): Entry[] {
  return [...scopes.values()].filter(({ replacedBy }) => replacedBy === null)
}
