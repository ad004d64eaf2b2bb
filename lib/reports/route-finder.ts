import type { FastifyInstance, HTTPMethods } from 'fastify'
import { didYouMean, listed, show } from '../scopes/faults.js'
import { InvalidInputError } from '../keys/errors.js'
import type { GuardedRouteEntry } from '../http/guarded-routes.js'
import type { RouteTable } from './route-table.js'
import { readStrategies, routerOf, type Matched, type Router, type Strategies } from './router.js'

/** What a request says beside its method and its URL, where routes differ by that. */
export type RequestConstraints = Readonly<Record<string, string>>

/** Finds the route that a method and a URL mean, as Fastify does. */
export class RouteFinder {
  readonly #app: FastifyInstance
  readonly #table: RouteTable
  #known: Known | undefined

  constructor (app: FastifyInstance, table: RouteTable) {
    this.#app = app
    this.#table = table
  }

  /**
   * @param url as it was declared (`/clusters/:id`), or of a request (`/clusters/42?full=true`).
   * @param constraints of the request. Left out: it may have any, so it must be clear without them which route is meant.
   * @param call what of `app.apiKeys` asks.
   * @throws {InvalidInputError} if there is no such route, or several, of which the message tells;
   * {NotReadyError} before all routes are there.
   */
  find (method: string, url: string, constraints: RequestConstraints | undefined, call: string): GuardedRouteEntry {
    const known = this.#known ??= knownOf(this.#app, this.#table.all(call))
    const wanted: Wanted = { method: method.toUpperCase(), url, constraints: constraints && checked(constraints, known) }
    // What has parameters is meant as it was declared; else it is for the router to say.
    const ways = /[:*]/.test(url) ? [declared, requested] : [requested, declared]
    for (const way of ways) {
      const found = [...new Set(way(wanted, known, this.#app))]
      if (found.length > 1) throw ambiguous(wanted, found)
      if (found.length === 1) return found[0]!
    }
    throw unknown(wanted, known)
  }
}

interface Known {
  readonly entries: readonly GuardedRouteEntry[]
  readonly strategies: Strategies
  /** What routes declare of constraints, each once: nothing, first. */
  readonly constraints: ReadonlyArray<RequestConstraints>
  /** As Fastify has it. */
  readonly router: Router
  /** The same, but constraints are met by what routes declare of them, word by word. */
  readonly byDeclared: Router
  /** Those that were needed to tell apart the routes of one declared URL. */
  readonly ofUrls: Map<string, Router>
}

interface Wanted { readonly method: string, readonly url: string, readonly constraints: RequestConstraints | undefined }

function knownOf (app: FastifyInstance, entries: readonly GuardedRouteEntry[]): Known {
  const strategies = readStrategies(app, entries)
  const constraints = [{}, ...entries.map(({ guarded }) => guarded.constraints)]
  const distinct = new Map(constraints.map(texts => [JSON.stringify(texts), texts]))
  return { entries, strategies, constraints: [...distinct.values()], router: routerOf(entries, app, strategies.real), byDeclared: routerOf(entries, app, strategies.byDeclared), ofUrls: new Map() }
}

/** Routes that were declared with this very URL. */
function declared ({ method, url, constraints }: Wanted, known: Known, app: FastifyInstance): readonly GuardedRouteEntry[] {
  const same = known.entries.filter(({ guarded }) => guarded.method === method && guarded.url === url)
  if (constraints === undefined || same.length === 0) return same
  // Which of them, is for the router to say: `1.x` is a version too.
  const { ofUrls } = known
  if (!ofUrls.has(url)) ofUrls.set(url, routerOfUrl(url, known, app))
  return entryIn(ofUrls.get(url)!.find(method, '/', constraints))
}

/** Routes of other URLs matter only for what they are told apart by. */
function routerOfUrl (url: string, { entries, strategies }: Known, app: FastifyInstance): Router {
  const telling = entries.filter(({ guarded }) => guarded.url === url || Object.keys(guarded.constraints).length > 0)
  return routerOf(telling, app, strategies.real, ({ guarded }) => guarded.url === url ? '/' : '/another')
}

/** Routes that a request with this URL may lead to. */
function requested ({ method, url, constraints }: Wanted, known: Known, app: FastifyInstance): readonly GuardedRouteEntry[] {
  if (!isOfRequest(url)) return []
  const { router } = known
  const matched = router.find(method, url, constraints ?? {})
  checkAgainst(app, { method, url, constraints }, matched, router)
  if (constraints !== undefined) return entryIn(matched)
  return possible(method, url, known)
}

/** Routes that a request with this URL leads to, whatever constraints it meets. */
function possible (method: string, url: string, { constraints, byDeclared }: Known): readonly GuardedRouteEntry[] {
  if (!isOfRequest(url)) return []
  return constraints.flatMap(texts => entryIn(byDeclared.find(method, url, texts)))
}

/** Whether a request may have it at all. The router takes the first character for a slash, whatever it is. */
function isOfRequest (url: string): boolean {
  return /^(?:[/*]|https?:\/\/)/i.test(url)
}

function entryIn (matched: Matched | null): readonly GuardedRouteEntry[] {
  return matched?.entry === undefined ? [] : [matched.entry]
}

/**
 * Nothing may be told of a route that requests do not reach: the app may have others in its way, declared outside of what the plugin
 * guards, or where nobody could see them.
 */
function checkAgainst (app: FastifyInstance, { method, url, constraints }: Wanted, matched: Matched | null, router: Router): void {
  const inUse = router.inUse(constraints ?? {})
  // For all that its type says, there may be none.
  const actual = app.findRoute({ method: method as HTTPMethods, url, ...inUse && { constraints: inUse } }) as Pick<Matched, 'params'> | null
  if (JSON.stringify(actual?.params) === JSON.stringify(matched?.params)) return
  throw new InvalidInputError(`url: ${method} ${show(url)} leads to a route that fastify-api-key-scopes does not know: it was declared outside of what the plugin guards, or on an app that is older than the import of the package`)
}

/** @throws {InvalidInputError} for names that are no constraints, and values that are no text. */
function checked (constraints: RequestConstraints, { strategies }: Known): RequestConstraints {
  const names = strategies.names
  const faults = Object.entries(constraints).flatMap(([name, value]) => {
    if (!names.includes(name)) return [`constraints: this app has no constraint ${show(name)}${didYouMean(name, names)}; there is ${names.join(', ')}`]
    return typeof value === 'string' ? [] : [`constraints.${name} must be a string, not ${show(value)}`]
  })
  if (faults.length > 0) throw new InvalidInputError(faults.join('; '))
  return constraints
}

function ambiguous ({ method, url }: Wanted, found: readonly GuardedRouteEntry[]): Error {
  return new InvalidInputError(`${method} ${show(url)} may be one of several routes; say which with constraints: ${listed(found, nameOf)}`)
}

function unknown ({ method, url }: Wanted, known: Known): Error {
  const { entries } = known
  const name = `there is no route ${method} ${show(url)}`
  const here = (method: string) => [...entries.filter(({ guarded }) => guarded.method === method && guarded.url === url), ...possible(method, url, known)]
  const others = here(method)
  if (others.length > 0) return new InvalidInputError(`${name} with these constraints; there is ${listed([...new Set(others.map(nameOf))], String)}`)
  const meant = (some: readonly GuardedRouteEntry[]) => didYouMean(url, new Set(some.map(({ guarded }) => guarded.url)))
  const hint = meant(entries.filter(({ guarded }) => guarded.method === method))
  // A route for every URL, such as that of @fastify/cors for OPTIONS, tells nothing of this one.
  const isForIt = ({ guarded }: GuardedRouteEntry) => !/^\/?\*$/.test(guarded.url)
  const methods = [...new Set(entries.map(({ guarded }) => guarded.method))].filter(other => here(other).some(isForIt))
  if (hint === '' && methods.length > 0) return new InvalidInputError(`${name}; this URL is for ${methods.join(', ')}`)
  return new InvalidInputError(`${name}${hint || meant(entries)}; app.apiKeys.routes() has them all`)
}

function nameOf ({ guarded: { method, url, constraints } }: GuardedRouteEntry): string {
  const texts = Object.entries(constraints).map(([name, value]) => `${name} ${value}`)
  return `${method} ${url}${texts.length === 0 ? '' : ` (${texts.join(', ')})`}`
}
