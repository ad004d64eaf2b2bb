// What happens to real requests, and whom one sees on what ground: for holding the views against it.
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { FastifyInstance } from 'fastify'
import type { AuditEvent, GuardedRoute } from '../../lib/index.js'
import { filledUrl } from '../../lib/testing/matrix/url.js'
import { headersFor, type Sample } from './samples.js'

/** Whoever makes a request. */
export interface Caller {
  readonly type: 'nobody' | 'apiKey' | 'user'
  /** Of a key. */
  readonly id: string
  readonly scopes: readonly string[]
  readonly headers: Readonly<Record<string, string>>
}

/** A request: who asks for what. */
export interface Ask { readonly route: GuardedRoute, readonly sample: Sample, readonly caller: Caller }

/** What became of it, or what a view says. */
export interface Verdict {
  readonly allowed: boolean
  /** The code of the denial, also of one that is only reported. Left out: not told. */
  readonly code?: string | null
  readonly missing?: readonly string[]
}

/** Makes a key with these scopes, and with what they require. */
export async function callerWith (app: FastifyInstance, scopes: readonly string[]): Promise<Caller> {
  const { catalog } = app.apiKeys
  const granted = [...scopes]
  for (let missing = catalog.missingRequired(granted); missing.size > 0; missing = catalog.missingRequired(granted)) granted.push(...missing.keys())
  const { key, record } = await app.apiKeys.create({ name: 'agreement', scopes: granted as never })
  return { type: 'apiKey', id: record.id, scopes: granted, headers: { authorization: `Bearer ${key}` } }
}

/**
 * Sends the request and tells what became of it: by the audit events, for what stands in an answer is for the app to say; and by the
 * status, which is that of a denial if it is one.
 */
export async function answerTo (app: FastifyInstance, { route, sample: { applies, ...sample }, caller }: Ask): Promise<Verdict> {
  const events: AuditEvent[] = []
  const hear = (event: unknown) => { events.push(event as AuditEvent) }
  subscribe('fastify-api-key-scopes.audit', hear)
  const { statusCode, body } = await app.inject({ method: route.method as 'GET', url: filledUrl(route.url, {})!, headers: { ...headersFor(route), ...caller.headers }, ...sample })
  unsubscribe('fastify-api-key-scopes.audit', hear)

  const event = events.find(({ action, outcome, reason }) => action === 'request' && (outcome === 'denied' || outcome === 'reported') && reason !== 'requireScopes')
  const isDenied = event?.outcome === 'denied'
  if (isDenied !== (statusCode === 401 || statusCode === 403) && !route.url.startsWith('/moody/')) throw new Error(`${route.method} ${route.url}: ${statusCode} ${body}, ${JSON.stringify(event)}`)
  if (!isDenied && /"Route \w+:\S* not found"/.test(body)) throw new Error(`no request reaches ${route.method} ${route.url}`)
  return { allowed: !isDenied, code: event?.code ?? null, missing: event?.missingScopes ?? [] }
}

/** What of a scope decides what it opens, wherever it is written down. */
export interface ScopeText { readonly name: string, readonly includes: readonly string[], readonly status: string, readonly replacedBy: string | null }

/**
 * What is covered by what was granted, worked out from how scopes are written down, and by nothing of the package: names, patterns
 * segment by segment, two spellings of one scope.
 */
export function covering (scopes: readonly ScopeText[]): (granted: readonly string[]) => ReadonlySet<string> {
  const known = new Map(scopes.filter(({ status }) => status === 'active' || status === 'deprecated').map(scope => [scope.name, scope]))
  const neighbours = new Map([...known.values()].map(scope => [scope.name, [
    ...scope.includes.flatMap(inclusion => [...known.keys()].filter(name => matches(inclusion, name))),
    ...scope.replacedBy === null ? [] : [scope.replacedBy],
    ...[...known.values()].filter(({ replacedBy }) => replacedBy === scope.name).map(({ name }) => name)
  ]]))
  return granted => {
    const covered = new Set(granted.filter(name => known.has(name)))
    for (const name of covered) for (const next of neighbours.get(name)!) covered.add(next)
    return covered
  }
}

function matches (inclusion: string, name: string): boolean {
  if (inclusion === name || inclusion === '*') return true
  if (name.includes('://')) return false
  const [pattern, segments] = [inclusion.split(':'), name.split(':')]
  if (!pattern.includes('*')) return false
  const open = pattern.at(-1) === '*'
  return (open ? segments.length >= pattern.length : segments.length === pattern.length) && pattern.every((part, i) => part === '*' || part === segments[i])
}

/** Whether all of these are met, each a list of alternatives. */
export function meets (covered: ReadonlySet<string>, demands: ReadonlyArray<ReadonlyArray<readonly string[]>>): boolean {
  return demands.every(alternatives => alternatives.some(names => names.every(name => covered.has(name))))
}

/** A requirement as it may stand in a config, as alternatives. */
export function alternativesIn (requirement: unknown): ReadonlyArray<readonly string[]> {
  if (typeof requirement === 'string') return [[requirement]]
  if (Array.isArray(requirement)) return [requirement as string[]]
  return (requirement as { anyOf: Array<string | string[]> }).anyOf.map(names => [names].flat())
}
