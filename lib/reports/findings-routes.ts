import type { GuardedRouteEntry } from '../http/guarded-routes.js'
import type { ScopesPolicy } from '../http/decision.js'
import { segmentsOf } from '../scopes/name.js'
import type { Catalog } from '../scopes/catalog.js'
import type { Requirement } from '../scopes/requirement.js'
import { scopesText } from './access-text.js'
import type { Findable, Finding, FindingKind } from './findings.js'

/** What is odd about the requirements of routes. An app waits for it when it starts, so what most routes are is seen at a glance. */
export function routeFindings ({ catalog, entries }: Findable): readonly Finding[] {
  const urlsOfGets = new Set(entries.filter(({ guarded }) => guarded.method === 'GET').map(({ guarded }) => guarded.url))
  const hasDeprecated = [...catalog.scopes.values()].some(({ status }) => status === 'deprecated')
  return entries.flatMap(entry => {
    const { policy } = entry
    if (policy.kind !== 'scopes') return []
    const odd = [
      ...isOneScope(policy) ? [] : needless(policy, catalog),
      ...hasDeprecated ? deprecated(entry, policy, catalog) : [],
      ...oddVerb(entry, policy, urlsOfGets)
    ]
    return odd.length === 0 ? [] : told(entry, odd)
  })
}

interface Odd { readonly kind: FindingKind, readonly message: string, readonly scope?: string | undefined }

function told ({ guarded: { method, url, constraints } }: GuardedRouteEntry, odd: readonly Odd[]): readonly Finding[] {
  const route = `${method} ${url}`
  const where = Object.entries(constraints).map(([name, value]) => ` (${name} ${value})`).join('')
  return odd.map(({ kind, message, scope }) => ({ kind, route, ...scope !== undefined && { scope }, message: `${route}${where} ${message}` }))
}

function isOneScope ({ demand: { alternatives }, conditions }: ScopesPolicy): boolean {
  return conditions.length === 0 && alternatives.length === 1 && alternatives[0]!.length < 2
}

/** What can be left out of a requirement, and it is still met by the same keys. */
function needless ({ demand, conditions }: ScopesPolicy, catalog: Catalog): readonly Odd[] {
  const kind = 'needless-scope'
  const { alternatives } = demand
  const meets = (names: readonly string[], others: Requirement['alternatives']) => others.some(other => other.every(name => catalog.grant(names).covers(name)))
  const within = alternatives.flatMap(names => impliedIn(names, catalog).map(([name, by]) => ({ kind, scope: name, message: `demands ${name} beside ${by}, which includes it: leave ${name} out` } as const)))
  // Of two that mean the same, the later one.
  const swallowed = alternatives.filter((names, i) => alternatives.some((other, j) => i !== j && meets(names, [other]) && !(i < j && meets(other, [names]))))
  return [
    ...within,
    ...swallowed.map(names => ({ kind, scope: names.length === 1 ? names[0] : undefined, message: `offers ${scopesText([names])} as an alternative, which includes another one: leave it out, for that is enough` } as const)),
    ...conditions.filter(({ requirement }) => alternatives.every(names => meets(names, requirement.alternatives)))
      .map(({ requirement }) => ({ kind, message: `has a condition that demands ${scopesText(requirement.alternatives)}, which what it always demands includes: the condition changes nothing` } as const))
  ]
}

/** Of scopes that include each other, the first is kept. */
function impliedIn (names: readonly string[], catalog: Catalog): ReadonlyArray<readonly [name: string, by: string]> {
  const covers = (by: string, name: string) => catalog.grant([by]).covers(name)
  return names.flatMap((name, i) => {
    const by = names.find((other, j) => i !== j && covers(other, name) && !(i < j && covers(name, other)))
    return by === undefined ? [] : [[name, by] as const]
  })
}

/** As written: what a requirement is read to speaks of the new names. */
function deprecated ({ known: { route: { config } } }: GuardedRouteEntry, { demand, conditions }: ScopesPolicy, catalog: Catalog): readonly Odd[] {
  const read = [demand, ...conditions.map(({ requirement }) => requirement)].flatMap(({ names }) => names)
  const written = namesIn([config?.scopes, config?.scopesWhen?.map(({ scopes }) => scopes)])
  return [...new Set([...written, ...read])].flatMap(name => {
    const { status, replacedBy } = catalog.scopes.get(name) ?? {}
    if (status !== 'deprecated') return []
    const advice = replacedBy === null || replacedBy === undefined ? 'demand another one' : `write ${catalog.grant([name]).current[0]}, which is the same`
    return [{ kind: 'deprecated-demanded', scope: name, message: `demands ${name}, which is deprecated: ${advice}` }]
  })
}

function namesIn (demand: unknown): string[] {
  if (typeof demand === 'string') return [demand]
  if (typeof demand !== 'object' || demand === null) return []
  return Object.values(demand).flatMap(namesIn)
}

/** Only what is clear: most actions of APIs neither read nor write, they execute, deploy, enrol. */
function oddVerb ({ guarded: { method, url } }: GuardedRouteEntry, { demand, conditions }: ScopesPolicy, urlsOfGets: ReadonlySet<string>): readonly Odd[] {
  const { alternatives } = demand
  if (method === 'GET' || method === 'HEAD') {
    if (!alternatives.every(names => names.some(isWriting))) return []
    return [{ kind: 'read-demands-write', message: `only reads, and demands ${scopesText(alternatives)}: should a key that may only read not do?` }]
  }
  // POST often asks a question that is too long for a URL. Beside a GET for the same URL it makes something.
  const changes = CHANGING.includes(method) || (method === 'POST' && urlsOfGets.has(url))
  const isContent = changes && conditions.length === 0 && alternatives.some(names => names.length > 0 && names.every(isReading))
  return isContent ? [{ kind: 'write-demands-read', message: `changes something, and is content with ${scopesText(alternatives)}: is it meant for keys that may only read?` }] : []
}

function isReading (name: string): boolean {
  return READING.includes(actionOf(name))
}

function isWriting (name: string): boolean {
  return WRITING.includes(actionOf(name))
}

function actionOf (name: string): string {
  return segmentsOf(name).at(-1)!.toLowerCase()
}

const CHANGING = ['PUT', 'PATCH', 'DELETE']
const READING = ['read', 'list', 'get', 'view']
const WRITING = ['write', 'create', 'update', 'edit', 'delete', 'remove', 'destroy', 'manage']
