import { AssertionError } from 'node:assert'
import type { FastifyInstance } from 'fastify'
import type { GuardedRoute } from '../http/guarded-routes.js'
import { readMode, readAccess } from '../http/policy.js'
import type { Policy, ScopesMode } from '../http/decision.js'
import { InvalidInputError } from '../keys/errors.js'
import { accessText } from '../reports/access-text.js'
import type { Catalog } from '../scopes/catalog.js'
import { isPlainObject } from '../scopes/entries.js'
import { didYouMean, show } from '../scopes/faults.js'
import type { ScopeName } from '../scopes/register.js'
import type { Requirement, ScopeRequirement } from '../scopes/requirement.js'

/** Who should be able to call a route: scopes as in `config.scopes`, or what stands in its `config`. */
export type ExpectedAccess =
  | ScopeRequirement<ScopeName>
  | {
    readonly scopes: ScopeRequirement<ScopeName>
    /** All of them, in any order. Left out: there are none. */
    readonly scopesWhen?: ReadonlyArray<{ readonly scopes: ScopeRequirement<ScopeName>, /** Left out: any. */ readonly description?: string }>
    readonly scopesMode?: ScopesMode
  }
  | { readonly userOnly: true, readonly scopesMode?: ScopesMode }
  | { readonly public: true }

/**
 * Asserts who may call a route, as its annotation (or `annotate`) says it. The order of scopes does not matter, nor which of two
 * spellings of one scope is used. A route in report mode, which is not enforced, passes only with `scopesMode: 'report'`.
 *
 * @param app one that is ready.
 * @param route method and URL as declared, with the prefix: `'GET /clusters/:id'`.
 * @param constraints of the route, as text, if it has any: `{ version: '2.0.0' }`.
 * @throws `AssertionError` that says what the route is, and what it should be; FST_API_KEY_INVALID_INPUT (400) for a route that the app
 * does not have, or an expectation that is none; FST_API_KEY_NOT_READY (500) before `app.ready()`.
 * @example
 * assertAccess(app, 'GET /clusters', 'clusters:read')
 * assertAccess(app, 'POST /apps/:id/deploy', ['apps:deploy', 'clusters:read'])
 * assertAccess(app, 'GET /status', { anyOf: ['apps:read', 'logs:read'] })
 * assertAccess(app, 'POST /billing', { userOnly: true })
 */
export function assertAccess (app: FastifyInstance, route: string, expected: ExpectedAccess, constraints: Readonly<Record<string, string>> = {}): void {
  const found = routeIn(app, route, constraints)
  const wanted = accessIn(expected, app.apiKeys.catalog)
  const [is, shouldBe] = [comparable(found), comparable(withDescriptionsOf(found, wanted))]
  if (is === shouldBe) return
  const [actual, should] = [accessText(found), accessText(wanted)]
  throw new AssertionError({
    message: `who may call ${route}\n  is:        ${actual}\n  should be: ${should}`,
    actual,
    expected: should,
    operator: 'assertAccess',
    stackStartFn: assertAccess
  })
}

type Access = Pick<GuardedRoute, 'access' | 'scopes' | 'conditions' | 'mode'>

function routeIn (app: FastifyInstance, name: string, constraints: Readonly<Record<string, string>>): GuardedRoute {
  const [, method, url] = /^([A-Z-]+) (.+)$/s.exec(name) ?? []
  if (method === undefined || url === undefined) throw new InvalidInputError(`route must be a method and a URL as declared, such as "GET /clusters/:id", not ${show(name)}`)
  const routes = app.apiKeys.routes()
  const here = routes.filter(route => route.url === url && route.method === method)
  const found = here.find(route => sameConstraints(route.constraints, constraints))
  if (found !== undefined) return found
  // A HEAD route that is for whom its GET is is not told of.
  if (method === 'HEAD' && app.hasRoute({ method, url, constraints })) return routeIn(app, `GET ${url}`, constraints)
  if (here.length > 0) throw new InvalidInputError(`there is no route ${name} with the constraints ${JSON.stringify(constraints)}; there is ${here.map(route => JSON.stringify(route.constraints)).join(', ')}`)
  throw new InvalidInputError(`there is no route ${name}${didYouMean(name, routes.map(route => `${route.method} ${route.url}`))}; app.apiKeys.routes() has them all, with their prefixes`)
}

function sameConstraints (one: Readonly<Record<string, string>>, other: Readonly<Record<string, string>>): boolean {
  return JSON.stringify(Object.entries(one).sort()) === JSON.stringify(Object.entries(other).sort())
}

/** @throws {InvalidInputError} if a route could not say this. */
function accessIn (expected: ExpectedAccess, catalog: Catalog): Access {
  const isConfig = isPlainObject(expected) && !('anyOf' in expected)
  const config = isConfig ? { ...expected } as Record<string, unknown> : { scopes: expected }
  // Nobody asks it here.
  if (Array.isArray(config.scopesWhen)) config.scopesWhen = config.scopesWhen.map((condition: unknown) => isPlainObject(condition) ? { when: Boolean, ...condition } : condition)
  const faults: string[] = []
  const policy = readAccess(config, { catalog, hasSessions: true }, faults)
  const mode = readMode(config, faults)
  if (faults.length > 0 || policy === undefined) throw new InvalidInputError(`the expected access is none that a route can have: ${faults.join('; ')}`)
  return { ...requirementsOf(policy), mode: mode ?? 'enforce' }
}

function requirementsOf (policy: Policy): Omit<Access, 'mode'> {
  if (policy.kind !== 'scopes') return { access: policy.kind, scopes: [], conditions: [] }
  const conditions = policy.conditions.map(({ requirement, description }) => ({ scopes: requirement.alternatives, description }))
  return { access: policy.kind, scopes: policy.demand.alternatives, conditions }
}

/** What is not said of a condition may be anything. */
function withDescriptionsOf (found: Access, wanted: Access): Access {
  const left = [...found.conditions]
  const conditions = wanted.conditions.map(condition => {
    if (condition.description !== '') return condition
    const at = left.findIndex(({ scopes }) => alternativesText(scopes) === alternativesText(condition.scopes))
    return at === -1 ? condition : left.splice(at, 1)[0]!
  })
  return { ...wanted, conditions }
}

function comparable ({ access, scopes, conditions, mode }: Access): string {
  const sorted = conditions.map(({ scopes, description }) => `${alternativesText(scopes)} ${description}`).sort()
  return JSON.stringify([access, alternativesText(scopes), sorted, mode])
}

function alternativesText (alternatives: Requirement['alternatives']): string {
  return JSON.stringify(alternatives.map(names => [...names].sort()).sort())
}
