import { hasErrorHandler } from '../http/answer.js'
import { decide, isOnlyReported, NOBODY, type Decision, type Identity, type Policy } from '../http/decision.js'
import type { GuardedRoute, GuardedRouteEntry } from '../http/guarded-routes.js'
import { anyKey } from '../keys/known-key.js'
import { allOf, type ScopeRequirement } from '../scopes/requirement.js'
import { accessText } from './access-text.js'
import type { Inside } from './inside.js'
import { securityOf, type Security, type SecurityOfDocument } from './openapi-security.js'

export interface Operation {
  readonly description?: string
  readonly security?: Security
  readonly responses?: Readonly<Record<string, object>>
  readonly [extension: `x-${string}`]: unknown
}

/** The schema of the bodies of denials. */
export const DENIAL = {
  type: 'object',
  description: 'Why a request was refused',
  required: ['statusCode', 'code', 'error', 'message'],
  properties: {
    statusCode: { type: 'integer' },
    code: { type: 'string', description: 'Why, for programs' },
    error: { type: 'string', description: 'The name of the status' },
    message: { type: 'string', description: 'Why, for people' },
    requiredScopes: { type: 'array', items: { type: 'string' }, description: 'With a missing scope: every scope that is asked for' },
    missingScopes: { type: 'array', items: { type: 'string' }, description: 'With a missing scope: those of them that are missing' },
    grantedScopes: { type: 'array', items: { type: 'string' }, description: 'With a missing scope: what was granted' }
  }
}

/** The operation with who may call it. */
export function describeOperation (operation: Operation, entry: GuardedRouteEntry, document: SecurityOfDocument, inside: Inside): Operation {
  const { guarded } = entry
  const { access, scopes, conditions } = guarded
  // Whatever stands there already, the route knows better.
  const { 'x-required-scopes': _required, 'x-conditional-scopes': _conditional, ...rest } = operation
  return {
    ...rest,
    description: withLine(operation.description, accessLine(guarded)),
    ...access === 'scopes' && { 'x-required-scopes': asDeclared(scopes) },
    ...conditions.length > 0 && { 'x-conditional-scopes': conditions.map(({ scopes, description }) => ({ scopes: asDeclared(scopes), description })) },
    security: securityOf(guarded, operation.security, document, inside),
    responses: { ...denialsOf(operation, entry, inside), ...operation.responses }
  }
}

/** In a form that `config.scopes` may have. */
function asDeclared (alternatives: GuardedRoute['scopes']): ScopeRequirement {
  const [first, ...others] = alternatives
  return others.length === 0 ? first! : { anyOf: alternatives.map(names => names.length === 1 ? names[0]! : names) }
}

function accessLine (route: GuardedRoute): string {
  switch (route.access) {
    case 'public': return 'No token required'
    case 'userOnly': return `User session required, API keys are not accepted${route.mode === 'report' ? ' (report mode: not enforced)' : ''}`
    case 'unannotated': return 'Nobody may call this'
    case 'scopes': {
      const [names, ...others] = route.scopes
      const needed = names!.length === 0 ? 'Token' : names!.length > 1 && others.length === 0 ? 'Token scopes' : 'Token scope'
      const conditions = route.conditions.map(condition => ({ ...condition, scopes: inCode(condition.scopes) }))
      return `${needed} required: ${accessText({ ...route, scopes: inCode(route.scopes), conditions })}`
    }
  }
}

function inCode (alternatives: GuardedRoute['scopes']): GuardedRoute['scopes'] {
  return alternatives.map(names => names.map(asCode))
}

/** A scope may have backticks in its name; what encloses it has more of them. */
function asCode (name: string): string {
  const longest = Math.max(0, ...[...name.matchAll(/`+/g)].map(([ticks]) => ticks.length))
  const fence = '`'.repeat(longest + 1)
  return longest === 0 ? `${fence}${name}${fence}` : `${fence} ${name} ${fence}`
}

function withLine (description = '', line: string): string {
  if (description === '') return line
  return description.split('\n').includes(line) ? description : `${description.trimEnd()}\n\n${line}`
}

/** What is answered to nobody, and to a key without scopes, unless the app documents it itself. */
function denialsOf ({ responses = {} }: Operation, { policy, known: { route, instance }, guarded: { mode } }: GuardedRouteEntry, { catalog, refusals, hasSessions, formatsErrors }: Inside): Readonly<Record<string, object>> {
  if (Object.keys(responses).some(status => status.toUpperCase() === '4XX')) return {}
  const isOurs = !formatsErrors && !hasErrorHandler(instance, route.errorHandler !== undefined)
  const bareKey: Identity = anyKey(catalog.grant([]))
  const denials: Record<string, object> = {}
  for (const identity of [NOBODY, bareKey]) {
    const decision = decideForAll(policy, identity)
    if (decision.outcome === 'allow' || isOnlyReported(decision, identity, mode)) continue
    const { denial } = refusals.of(decision, identity)
    denials[denial.statusCode] = {
      description: decision.outcome === 'keyRequired' ? `No API key${hasSessions ? ' or user session' : ''}, or an invalid one` : denial.message,
      ...isOurs && { content: { 'application/json': { schema: { $ref: '#/components/schemas/ApiKeyDenial' }, example: denial } } }
    }
  }
  return denials
}

/** As on a request to which no condition applies; if it passes, as on one to which all apply. */
function decideForAll (policy: Policy, identity: Identity): Decision {
  const decision = decide(policy, identity)
  if (decision.outcome !== 'allow' || policy.kind !== 'scopes') return decision
  return decide({ kind: 'scopes', demand: allOf([policy.demand, ...policy.conditions.map(({ requirement }) => requirement)]) }, identity)
}
