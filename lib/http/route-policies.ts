import type { FastifyInstance, FastifyRequest, RouteOptions } from 'fastify'
import type { Policy, ScopesMode } from './decision.js'
import { routesOf } from './early-routes.js'
import { BadRouteError, UnannotatedRoutesError } from './errors.js'
import { routeOf } from './route-context.js'
import { PUBLIC, readAccess, readMode, readPolicy, UNANNOTATED, type PolicyContext, type RouteAccess } from './policy.js'
import { unannotatedMessage, type UnannotatedRoute } from './unannotated.js'

/** A route of which `annotate` is asked who may call it: as declared, never as requested. */
export interface RouteToAnnotate {
  readonly method: string | string[]
  /** With its prefix, and with `:parameters` and `*` as they stand. */
  readonly url: string
}

export type Annotate = (route: RouteToAnnotate) => RouteAccess | undefined

/** What a route turned out to say. */
export interface RoutePolicy {
  readonly policy: Policy
  /** Always `enforce` where the policy is `public`. */
  readonly mode: ScopesMode
  /** Whether the route brought an error handler of its own. */
  readonly ownErrorHandler: boolean
}

/** A route of the app, as far as it could be seen. */
export interface KnownRoute {
  readonly route: RouteOptions
  /** As declared: in a route that has two, such as `/` under a prefix, Fastify replaces it by the second. */
  readonly url: string
  /** The app, or the encapsulated child, that it was declared on. */
  readonly instance: FastifyInstance
  readonly policy: Policy
  readonly mode: ScopesMode
}

/** Who may call a route, and whether that is enforced. */
interface Ruling { readonly policy: Policy, readonly mode: ScopesMode }

/** A route, and what its config said of access when it was declared. One flat object, for there may be thousands. */
interface DeclaredHere extends KnownRoute {
  readonly scopes: unknown
  readonly scopesWhen: unknown
  readonly userOnly: unknown
  readonly public: unknown
  readonly scopesMode: unknown
}

/** Knows who may call each route of an app. */
export class RoutePolicies {
  readonly #context: PolicyContext
  readonly #annotate: Annotate | undefined
  readonly #notFound: RoutePolicy
  /** Of routes that say nothing of it. */
  readonly #mode: ScopesMode
  /** By what Fastify makes for each route: nothing that happens to its config later changes the policy. */
  readonly #byRoute = new WeakMap<object, RoutePolicy>()
  /** Carries a route's policy from its declaration to the config that its requests show. Nobody else's will do. */
  readonly #kPolicy = Symbol('fastify-api-key-scopes.policy')
  readonly #declared: DeclaredHere[] = []
  /** By their policy: what all routes are that say the same, and leave the rest to the app. */
  readonly #shared = new Map<Policy, RoutePolicy>()
  /** What `declare` refused: those routes are not there. */
  readonly #refused = new WeakSet<RouteOptions>()
  readonly #early: KnownRoute[] = []
  // By method and URL: what `annotate` answered, and what `check` saw of routes that `declare` could not see.
  readonly #annotated = new Map<string, Answered>()
  readonly #earlyErrorHandlers = new Set<string>()
  readonly #corsPreflights = new Set<string>()
  readonly #unannotated: UnannotatedRoute[] = []

  constructor (context: PolicyContext, annotate: Annotate | undefined, notFound: Policy, mode: ScopesMode) {
    this.#context = context
    this.#annotate = annotate
    // A policy of its own, though a route may say the same: what let a request through to a route does not let it through here.
    this.#notFound = { policy: Object.freeze({ ...notFound }), mode: 'enforce', ownErrorHandler: false }
    this.#mode = mode
  }

  /** The policy of the route that a request was matched with. Never decides by the request's URL. */
  of (request: FastifyRequest): RoutePolicy {
    return this.#byRoute.get(routeOf(request)) ?? this.#firstOf(request)
  }

  /** What is found out at the first request of a route. */
  #firstOf (request: FastifyRequest): RoutePolicy {
    const { config } = request.routeOptions
    const declared = (config as unknown as Record<symbol, RoutePolicy | undefined>)[this.#kPolicy]
    // Asked only now, for it is the URL in the config that tells, and a hook may have taken that out.
    if (declared === undefined && request.is404) return this.#notFound
    const found = declared ?? this.#atFirstSight(request)
    this.#byRoute.set(routeOf(request), found)
    return found
  }

  /** For the `onRoute` hook. Throws if what the route says is wrong; notes it if the route says nothing. */
  declare (route: RouteOptions, instance: FastifyInstance): Policy {
    const { policy, mode } = this.#readOrRefuse(route, instance)
    const config = route.config ?? NOTHING_SAID
    const { scopes, scopesWhen, userOnly, public: isPublic, scopesMode } = config
    this.#declared.push({ route, url: route.url, instance, policy, mode, scopes, scopesWhen, userOnly, public: isPublic, scopesMode })
    // A copy, for the object is the user's, and may serve several routes. Begun with ours: were it added to a copy, V8 would make each a
    // hidden class of its own. And set again, for what is copied may be the config of another route, with that one's.
    const said = this.#routePolicy(policy, mode, route.errorHandler !== undefined)
    const copy: Record<symbol, RoutePolicy> = { [this.#kPolicy]: said, ...config }
    copy[this.#kPolicy] = said
    route.config = copy
    return policy
  }

  /**
   * For `onReady`. Looks at the routes that `declare` could not see, and refuses to start if any does not say who may
   * call it. Answers whether there may be others that nobody could see.
   *
   * @throws {UnannotatedRoutesError} naming every such route, {BadRouteError} for an early route that says it wrongly.
   */
  check (app: FastifyInstance): 'all seen' | 'some may be unseen' {
    for (const declared of this.#declared) {
      if (saysTheSame(declared)) continue
      throw new BadRouteError(namesOf({ method: declared.route.method, url: declared.url }).join(', '), 'an onRoute hook has changed who may call it after fastify-api-key-scopes had read it; register that hook before the plugin, or use annotate')
    }
    const routes = routesOf(app)
    const declared = new Set(this.#declared.map(({ route }) => route))
    for (const { route, url, instance } of routes ?? []) {
      if (declared.has(route) || this.#refused.has(route)) continue
      const early = { ...route, url }
      this.#early.push({ route, url, instance, ...this.#read(early, instance) })
      if (route.errorHandler !== undefined) for (const name of namesOf(early)) this.#earlyErrorHandlers.add(name)
    }
    if (this.#unannotated.length > 0) throw new UnannotatedRoutesError(unannotatedMessage(this.#unannotated))
    return routes === undefined ? 'some may be unseen' : 'all seen'
  }

  /** Every route that could be seen, in the order of declaration. Complete once `check` was called. */
  known (): readonly KnownRoute[] {
    return [...this.#early, ...this.#declared]
  }

  /** One for all routes that are alike: thousands of requests to thousands of routes then read a few objects, which stay in the caches of the processor. */
  #routePolicy (policy: Policy, mode: ScopesMode, ownErrorHandler: boolean): RoutePolicy {
    if (ownErrorHandler || mode !== this.#mode) return { policy, mode, ownErrorHandler }
    let shared = this.#shared.get(policy)
    if (shared === undefined) this.#shared.set(policy, shared = { policy, mode, ownErrorHandler })
    return shared
  }

  #readOrRefuse (route: RouteOptions, instance: FastifyInstance): Ruling {
    try {
      return this.#read(route, instance)
    } catch (error) {
      this.#refused.add(route)
      throw error
    }
  }

  #read (route: RouteOptions, instance: FastifyInstance): Ruling {
    const { policy, mode } = this.#said(route)
    if (policy !== undefined) return { policy, mode }
    if (isCorsPreflight(route, instance)) {
      for (const name of namesOf(route)) this.#corsPreflights.add(name)
      return CORS_PREFLIGHT
    }
    this.#unannotated.push({
      methods: [route.method].flat(),
      url: route.url,
      constraints: route.constraints,
      plugin: instance.pluginName
    })
    return { policy: UNANNOTATED, mode }
  }

  /** What a route says itself goes before what `annotate` says of it, and that before the mode of the app. */
  #said (route: RouteToAnnotate & Pick<RouteOptions, 'config'>): { readonly policy: Policy | undefined, readonly mode: ScopesMode } {
    const faults: string[] = []
    const config = route.config ?? {}
    const own: Answered = { policy: readPolicy(config, this.#context, faults), mode: readMode(config, faults) }
    const { policy, mode } = own.policy !== undefined || faults.length > 0 ? own : { ...this.#asked(route, faults), ...own.mode !== undefined && { mode: own.mode } }
    if (policy === PUBLIC && mode !== undefined) faults.push('scopesMode has nothing to say of a public route, where nobody is refused; leave it out')
    if (faults.length > 0) throw new BadRouteError(namesOf(route).join(', '), faults.join('; '))
    return { policy, mode: policy === PUBLIC ? 'enforce' : mode ?? this.#mode }
  }

  #asked (route: RouteToAnnotate, faults: string[]): Answered {
    const access = this.#annotate?.({ method: route.method, url: route.url })
    if (access === undefined) {
      // The HEAD route that Fastify adds to a GET is for whom the GET is.
      return (route.method === 'HEAD' ? this.#annotated.get(`GET ${route.url}`) : undefined) ?? NOTHING
    }
    const said: string[] = []
    const answered: Answered = { policy: readAccess(access, this.#context, said), mode: readMode(Object(access) as object, said) }
    faults.push(...said.map(fault => `annotate answered wrongly: ${fault}`))
    for (const name of namesOf(route)) this.#annotated.set(name, answered)
    return answered
  }

  /** A route that `declare` did not see: by its config, or by `annotate`, else it is for nobody. */
  #atFirstSight (request: FastifyRequest): RoutePolicy {
    const { config } = request.routeOptions
    const route = { method: config.method, url: config.url, config }
    const names = namesOf(route)
    // Of a route that says it wrongly, nothing is clear.
    let ruling: Ruling = { policy: UNANNOTATED, mode: 'enforce' }
    try {
      const { policy, mode } = this.#said(route)
      // What @fastify/cors added is known by its constraints, which a request does not show: only if `check` saw it.
      ruling = policy === undefined && names.some(name => this.#corsPreflights.has(name)) ? CORS_PREFLIGHT : { policy: policy ?? UNANNOTATED, mode }
    } catch (error) {
      request.log.error({ err: error }, 'a route that was declared before fastify-api-key-scopes has a bad access policy')
    }
    return { ...ruling, ownErrorHandler: names.some(name => this.#earlyErrorHandlers.has(name)) }
  }
}

const CORS_PREFLIGHT: Ruling = Object.freeze({ policy: PUBLIC, mode: 'enforce' })

/** `undefined`: of that it says nothing. */
interface Answered { readonly policy: Policy | undefined, readonly mode: ScopesMode | undefined }

const NOTHING: Answered = Object.freeze({ policy: undefined, mode: undefined })

const NOTHING_SAID: NonNullable<RouteOptions['config']> = Object.freeze({})

/** Compared by identity: what is in an array may change, and changes nothing. */
function saysTheSame (declared: DeclaredHere): boolean {
  const { config } = declared.route
  return config?.scopes === declared.scopes && config?.scopesWhen === declared.scopesWhen && config?.userOnly === declared.userOnly &&
    config?.public === declared.public && config?.scopesMode === declared.scopesMode
}

function namesOf ({ method, url }: RouteToAnnotate): string[] {
  return [method].flat().map(name => `${name} ${url}`)
}

/**
 * The route by which `@fastify/cors` catches preflights. Its handler only answers 404, or 204 without content. There is
 * no other on the very instance that it is registered on: Fastify refuses a second one.
 */
function isCorsPreflight ({ method, url, constraints = {} }: RouteToAnnotate & Pick<RouteOptions, 'constraints'>, instance: FastifyInstance): boolean {
  return method === 'OPTIONS' && url === `${instance.prefix}*` && Object.keys(constraints).length === 0 &&
    instance.pluginName.split(' -> ').includes('@fastify/cors')
}
