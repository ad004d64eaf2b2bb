import type { GuardedRouteEntry } from '../http/guarded-routes.js'
import type { ScopesPolicy } from '../http/decision.js'
import { segmentsOf } from '../scopes/name.js'
import type { Catalog } from '../scopes/catalog.js'
import type { Requirement } from '../scopes/requirement.js'
import { scopesText } from './access-text.js'
import type { Findable, Finding, FindingKind } from './findings.js'

/** What is odd about the requirement of one route. */
export function routeFindings (entry: GuardedRouteEntry, { catalog, entries }: Findable): readonly Finding[] {
  const { guarded: { method, url, constraints }, policy } = entry
  if (policy.kind !== 'scopes') return []
  const route = `${method} ${url}`
  const told = Object.entries(constraints).map(([name, value]) => ` (${name} ${value})`).join('')
  const found = (kind: FindingKind, message: string, scope?: string): Finding => ({ kind, route, ...scope !== undefined && { scope }, message: `${route}${told} ${message}` })
  return [
    ...needless(policy, catalog).map(([scope, why]) => found('needless-scope', why, scope)),
    ...deprecated(entry, catalog).map(([scope, advice]) => found('deprecated-demanded', `demands ${scope}, which is deprecated: ${advice}`, scope)),
    ...oddVerb(entry, policy, entries).map(([kind, why]) => found(kind, why))
  ]
}

/** What can be left out of a requirement, and it is still met by the same keys. */
function needless ({ demand, conditions }: ScopesPolicy, catalog: Catalog): ReadonlyArray<readonly [scope: string | undefined, message: string]> {
  const { alternatives } = demand
  const meets = (names: readonly string[], others: Requirement['alternatives']) => others.some(other => other.every(name => catalog.grant(names).covers(name)))
  const within = alternatives.flatMap(names => impliedIn(names, catalog).map(([name, by]) => [name, `demands ${name} beside ${by}, which includes it: leave ${name} out`] as const))
  // Of two that mean the same, the later one.
  const swallowed = alternatives.filter((names, i) => alternatives.some((other, j) => i !== j && meets(names, [other]) && !(i < j && meets(other, [names]))))
  return [
    ...within,
    ...swallowed.map(names => [names.length === 1 ? names[0] : undefined, `offers ${scopesText([names])} as an alternative, which includes another one: leave it out, for that is enough`] as const),
    ...conditions.filter(({ requirement }) => alternatives.every(names => meets(names, requirement.alternatives)))
      .map(({ requirement }) => [undefined, `has a condition that demands ${scopesText(requirement.alternatives)}, which what it always demands includes: the condition changes nothing`] as const)
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
function deprecated ({ known: { route: { config } }, policy }: GuardedRouteEntry, catalog: Catalog): ReadonlyArray<readonly [scope: string, advice: string]> {
  const read = policy.kind === 'scopes' ? [policy.demand, ...policy.conditions.map(({ requirement }) => requirement)].flatMap(({ names }) => names) : []
  const written = namesIn([config?.scopes, config?.scopesWhen?.map(({ scopes }) => scopes)])
  return [...new Set([...written, ...read])].flatMap(name => {
    const { status, replacedBy } = catalog.scopes.get(name) ?? {}
    if (status !== 'deprecated') return []
    return [[name, replacedBy === null || replacedBy === undefined ? 'demand another one' : `write ${catalog.grant([name]).current[0]}, which is the same`] as const]
  })
}

function namesIn (demand: unknown): string[] {
  if (typeof demand === 'string') return [demand]
  if (typeof demand !== 'object' || demand === null) return []
  return Object.values(demand).flatMap(namesIn)
}

/** Only what is clear: most actions of APIs neither read nor write, they execute, deploy, enrol. */
function oddVerb ({ guarded: { method, url } }: GuardedRouteEntry, { demand, conditions }: ScopesPolicy, entries: Findable['entries']): ReadonlyArray<readonly [FindingKind, string]> {
  const { alternatives } = demand
  const needed = scopesText(alternatives)
  if (['GET', 'HEAD'].includes(method)) {
    return alternatives.every(names => names.some(isWriting)) ? [['read-demands-write', `only reads, and demands ${needed}: should a key that may only read not do?`]] : []
  }
  // POST often asks a question that is too long for a URL. Beside a GET for the same URL it makes something.
  const changes = ['PUT', 'PATCH', 'DELETE'].includes(method) || (method === 'POST' && entries.some(({ guarded }) => guarded.method === 'GET' && guarded.url === url))
  const isContent = conditions.length === 0 && alternatives.some(names => names.length > 0 && names.every(isReading))
  return changes && isContent ? [['write-demands-read', `changes something, and is content with ${needed}: is it meant for keys that may only read?`]] : []
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

const READING = ['read', 'list', 'get', 'view']
const WRITING = ['write', 'create', 'update', 'edit', 'delete', 'remove', 'destroy', 'manage']
