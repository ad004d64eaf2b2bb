import { AssertionError } from 'node:assert'
import type { FastifyInstance, InjectOptions } from 'fastify'
import type { GuardedRoute } from '../http/guarded-routes.js'
import { accessText } from '../reports/access-text.js'
import { listed } from '../scopes/faults.js'
import type { ScopeName } from '../scopes/register.js'
import type { ScopeRequirement } from '../scopes/requirement.js'
import { expectationOf, type Expectation } from './matrix/expectation.js'
import { Probe, type BuildApp, type DecidedAt, type Outcome } from './matrix/probe.js'
import { sendersFor, type Sender, type SenderOptions } from './matrix/senders.js'
import { filledUrl } from './matrix/url.js'

/** One route, asked by everybody. */
export interface MatrixCase {
  /** The route, and who may call it, in words: `GET /clusters: clusters:read`. */
  readonly name: string
  /** Rejects with an `AssertionError` that names everybody whose request was not decided as the route says. */
  run (): Promise<void>
}

/** The cases, and what ends them. */
export type ScopeMatrix = MatrixCase[] & {
  /** Closes the app. */
  close (): Promise<void>
}

/** What to send to a route, where the matrix cannot know it. */
export interface MatrixRequest extends Pick<InjectOptions, 'headers' | 'query' | 'payload'> {
  /** Parameters of the URL. */
  readonly params?: Readonly<Record<string, string>>
  /** Of a route with `scopesWhen`: everything that this request needs. Left out: nothing is said of keys for which it depends on the request. */
  readonly needs?: ScopeRequirement<ScopeName>
}

export interface MatrixOptions extends SenderOptions {
  /** Which routes are asked. Default: all. */
  readonly routes?: (route: GuardedRoute) => boolean
  /** Parameters of URLs, by their names: `{ clusterId: 'c-1' }`. `*` is the wildcard. Default: `1` and the like, whatever fits. */
  readonly params?: Readonly<Record<string, string>>
  /** What to send to a route: nothing more than a URL, if it answers nothing; several requests, if it answers a list. */
  readonly requests?: (route: GuardedRoute) => MatrixRequest | readonly MatrixRequest[] | undefined
  /**
   * Whether requests that are let through go on to validation, the route's own hooks and its handler. Default `false`: they end where they
   * are let through. Then nothing is changed, whoever asks, and no bodies are needed but for routes with `scopesWhen`.
   */
  readonly handlers?: boolean
}

/**
 * The whole matrix of routes and scopes as tests, for any test runner: real requests through the app, by somebody without a key, by keys
 * with nothing, with each scope, each preset and the default grant. Expected is what each route says (`app.apiKeys.routes()`); that
 * a request was refused by the plugin is known from its audit events, whatever the app makes of the answer.
 *
 * @param buildApp Makes the app, anew; not ready, or ready. It is called once, and gets keys into its store: give it one for tests.
 * @throws what `buildApp` and `app.ready()` throw.
 * @example
 * const matrix = await scopeMatrix(() => buildApp({ store: memoryStore() }))
 * after(() => matrix.close())
 * for (const { name, run } of matrix) test(name, run)
 */
export async function scopeMatrix (buildApp: BuildApp, options: MatrixOptions = {}): Promise<ScopeMatrix> {
  const probe = await Probe.start(buildApp)
  try {
    const senders = await sendersFor(probe.app, options)
    const routes = probe.app.apiKeys.routes().filter(route => options.routes?.(route) ?? true)
    const cases = routes.map(route => ({ name: `${nameOf(route)}: ${accessText(route)}`, run: async () => { await ask(route, senders, probe, options) } }))
    return Object.assign(cases, { close: async () => { await probe.close() } })
  } catch (error) {
    await probe.close()
    throw error
  }
}

async function ask (route: GuardedRoute, senders: readonly Sender[], probe: Probe, options: MatrixOptions): Promise<void> {
  const decidedAt = route.conditions.length > 0 ? 'preHandler' : 'onRequest'
  const wrong = new Map<string, string[]>()
  for (const given of [options.requests?.(route) ?? {}].flat() as readonly MatrixRequest[]) {
    const needs = given.needs === undefined ? undefined : probe.app.apiKeys.catalog.requirement(given.needs).alternatives
    for (const method of methodsOf(route, probe.app)) {
      const request = requestTo(route, method, given, options)
      // The first two have nothing: if these are refused, a HEAD is decided as its GET is.
      for (const sender of method === route.method ? senders : senders.slice(0, 2)) {
        const outcome = await probe.ask({ ...request, headers: { ...request.headers, ...sender.headers } }, decidedAt, options.handlers === true)
        const fault = faultOf(outcome, expectationOf(route, sender, needs), `${method} ${route.url}`, decidedAt)
        if (fault !== null) wrong.set(fault, [...wrong.get(fault) ?? [], `${sender.name}${method === route.method ? '' : ` (${method})`}`])
      }
    }
  }
  if (wrong.size > 0) throw unlike(route, [...wrong].map(([fault, who]) => `${fault}:\n    ${listed(who, String)}`))
}

/** A HEAD route that goes with its GET is asked too. */
function methodsOf ({ method, url, constraints }: GuardedRoute, app: FastifyInstance): readonly string[] {
  const isAlone = method !== 'GET' || app.apiKeys.routes().some(other => other.method === 'HEAD' && other.url === url)
  return isAlone || !app.hasRoute({ method: 'HEAD', url, constraints }) ? [method] : ['GET', 'HEAD']
}

function requestTo (route: GuardedRoute, method: string, { params, headers, query, payload }: MatrixRequest, options: MatrixOptions): InjectOptions {
  const { version, host } = route.constraints
  const url = filledUrl(route.url, { ...options.params, ...params })
  if (url === undefined) throw unlike(route, ['no value is known that fits its parameters; give them with the option params, or requests'])
  return {
    method: method as 'GET',
    url,
    headers: { ...version !== undefined && { 'accept-version': version }, ...host !== undefined && { host }, ...headers },
    ...query !== undefined && { query },
    ...payload !== undefined && { payload }
  }
}

/** How an outcome is not what it should be, in words, or `null`. */
function faultOf ({ statusCode, reached, handled, events }: Outcome, { denial, onlyReported, depends }: Expectation, route: string, decidedAt: DecidedAt): string | null {
  const denied = events.find(({ outcome, reason }) => outcome === 'denied' && reason !== 'requireScopes')
  const reported = events.find(({ outcome, reason }) => outcome === 'reported' && reason !== 'requireScopes')
  const went = reached ?? (denied === undefined ? null : `${denied.method} ${denied.route}`)
  if (went !== null && !isSame(went, route)) return `it went to ${went}; give it other params`
  if (denied !== undefined) {
    if (handled) return 'it was refused, and then handled all the same'
    if (statusCode < 400) return `it was refused (${denied.code}), but answered ${statusCode}`
    if (denied.code === denial && !onlyReported) return null
    return `it was refused with ${denied.code}; ${denial === null || onlyReported ? 'it should be let through' : `it should be refused with ${denial}`}`
  }
  if (reached === null) return `it was answered ${statusCode} before it was decided; ${decidedAt === 'onRequest' ? 'something is in its way' : 'say with the option requests what it is to be sent'}`
  if (depends) return null
  if (denial === null || onlyReported) return (reported?.code ?? null) === denial ? null : `it was let through, and ${reported === undefined ? 'not reported' : `reported as ${reported.code}`}`
  return `it was let through; it should be refused with ${denial}`
}

function unlike (route: GuardedRoute, wrong: readonly string[]): AssertionError {
  return new AssertionError({ message: `${nameOf(route)} is for: ${accessText(route)}\n${wrong.map(text => `  ${text}`).join('\n')}`, operator: 'scopeMatrix' })
}

/** `/` below a prefix has two URLs, and Fastify calls both the same. */
function isSame (one: string, other: string): boolean {
  const [a, b] = [one, other].map(name => name.replace(/(?<=[^ ])\/$/, ''))
  return a === b
}

function nameOf ({ method, url, constraints }: GuardedRoute): string {
  return [`${method} ${url}`, ...Object.entries(constraints).map(([name, value]) => `(${name} ${value})`)].join(' ')
}
