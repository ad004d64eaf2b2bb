import type { Actor } from '../keys/audit.js'
import { InvalidInputError } from '../keys/errors.js'
import { isText } from '../keys/key-fields.js'
import { Holdings } from '../keys/usage/attribution.js'
import { Scopes } from '../keys/usage/scopes.js'
import { smallestGrant } from '../keys/usage/smallest-grant.js'
import type { Catalog } from '../scopes/catalog.js'
import { isPlainObject } from '../scopes/entries.js'
import { didYouMean, show } from '../scopes/faults.js'
import type { ScopeName } from '../scopes/register.js'
import type { AllOf, Demand, Requirement } from '../scopes/requirement.js'
import { sum, type Row, type Tally } from './report-mode-tally.js'

/** Of whom to tell. */
export interface ReportedQuery {
  /** Only of this key. */
  readonly keyId?: string
  /** Only of this user, and of the keys of this owner. */
  readonly ownerId?: string
}

/** What would have been denied if every route were enforced. */
export interface ReportedDenials {
  /** Since when there are counts: since the app was made. */
  readonly since: Date
  /** How many in all. A request counts for each check that it would have failed: of its route, of `scopesWhen`, of `requireScopes`. */
  readonly count: number
  /** How many more, of whomever, of which only this number is known, for there were more different ones than are remembered (1,000). */
  readonly unlisted: number
  /** Those with most first. */
  readonly callers: readonly ReportedCaller[]
}

/** A key or a user, and what would have been denied to it. */
export interface ReportedCaller {
  /** By id, as in the audit: of keys `{ type: 'apiKey', id, ownerId }`, of users `{ type: 'user', id }`. */
  readonly actor: Exclude<Actor, { readonly type: 'code' | 'nobody' }>
  readonly count: number
  /**
   * The least that would have to be granted beside what it had at its latest request, so that no scope were missing, with what
   * these scopes require. Nothing helps a key on a route for users only.
   */
  readonly scopesToAdd: readonly ScopeName[]
  /** The most frequent ones first. */
  readonly denials: readonly ReportedDenial[]
}

export interface ReportedDenial {
  readonly method: string
  /** As declared. */
  readonly route: string
  /** The error code and the message that the client would have been answered. */
  readonly code: string
  readonly message: string
  /** Empty unless scopes are missing. */
  readonly missingScopes: readonly string[]
  readonly count: number
  readonly firstAt: Date
  readonly lastAt: Date
}

/** @throws {InvalidInputError} naming every option that is wrong. */
export function summaryOf (tally: Tally, query: ReportedQuery | undefined, catalog: Catalog): ReportedDenials {
  const { keyId, ownerId } = readQuery(query)
  const byCaller = new Map<string, Row[]>()
  for (const row of tally.rows()) {
    const { type, id } = row.actor as ReportedCaller['actor']
    if ((keyId !== undefined && !(type === 'apiKey' && id === keyId)) || (ownerId !== undefined && ownerOf(row) !== ownerId)) continue
    const caller = `${type} ${id}`
    byCaller.set(caller, [...byCaller.get(caller) ?? [], row])
  }
  const scopes = new Scopes(catalog)
  const callers = [...byCaller.values()].map(rows => callerOf(rows, scopes)).sort(mostFirst)
  // A copy, for dates and lists can be changed by whoever is given them.
  return structuredClone({ since: tally.since, count: sum(callers.map(({ count }) => count)), unlisted: tally.unlisted, callers })
}

function callerOf (rows: readonly Row[], scopes: Scopes): ReportedCaller {
  const latest = rows.reduce((one, other) => other.lastAt >= one.lastAt ? other : one)
  return {
    actor: latest.actor as ReportedCaller['actor'],
    count: sum(rows.map(({ count }) => count)),
    scopesToAdd: scopesToAdd(rows, latest.grant, scopes),
    denials: rows.map(({ method, route, code, message, missingScopes, count, firstAt, lastAt }) => ({ method, route, code, message, missingScopes, count, firstAt, lastAt })).sort(mostFirst)
  }
}

/** What it lacks of the smallest grant that holds all that it has, and would have served all that was demanded. */
function scopesToAdd (rows: readonly Row[], grant: Row['grant'], scopes: Scopes): readonly ScopeName[] {
  if (grant === null) return []
  const held = grant.current.filter(name => grant.covers(name))
  const unmet = rows.flatMap(({ demand }) => demand === null || demand.missing(grant) === null ? [] : partsOf(demand))
  if (unmet.length === 0) return []
  // Many routes may leave the same choice, which is to be made once.
  const choices = new Map(unmet.map(({ alternatives }) => [JSON.stringify(alternatives), alternatives]))
  const demanded = [...held.map(name => [[name]]), ...choices.values()]
  const needed = demanded.map(alternatives => ({ alternatives, at: 0 }))
  return smallestGrant(needed, new Holdings(held, scopes), scopes).filter(name => !grant.covers(name)) as ScopeName[]
}

function partsOf (demand: Demand): readonly Requirement[] {
  return 'parts' in demand ? (demand as AllOf).parts : [demand as Requirement]
}

function ownerOf ({ actor }: Row): string | null {
  const { id, ownerId = id } = actor as { readonly id: string, readonly ownerId?: string | null }
  return ownerId
}

function mostFirst (one: { readonly count: number }, other: { readonly count: number }): number {
  return other.count - one.count
}

const OPTIONS = ['keyId', 'ownerId']

function readQuery (query: unknown = {}): ReportedQuery {
  if (!isPlainObject(query)) throw new InvalidInputError(`what reported takes must be an object { ${OPTIONS.join(', ')} }, not ${show(query)}`)
  const faults = Object.entries(query).flatMap(([option, value]) => {
    if (!OPTIONS.includes(option)) return [`unknown option ${show(option)}${didYouMean(option, OPTIONS)}`]
    return value === undefined || isText(value, 255) ? [] : [`${option} must be a string of 1 to 255 characters without control characters, not ${show(value)}`]
  })
  if (faults.length > 0) throw new InvalidInputError(faults.join('; '))
  return query
}
