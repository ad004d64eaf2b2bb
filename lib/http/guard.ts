import type { FastifyReply, FastifyRequest, HookHandlerDoneFunction } from 'fastify'
import { BoundedMap } from '../keys/bounded-map.js'
import { StoreUnavailableError } from '../keys/errors.js'
import type { KeyVerifier } from '../keys/verifier.js'
import type { Catalog } from '../scopes/catalog.js'
import type { Requirement, ScopeRequirement } from '../scopes/requirement.js'
import { accessOf, letThrough } from './access.js'
import { refuse, refuseThrown, type FormatError } from './answer.js'
import { readCredential, type Credential } from './credential.js'
import { decide, type Identity } from './decision.js'
import type { Refusal, Refusals } from './denial.js'
import { reportDenial, type DenialLogLevel } from './denial-log.js'
import { NoDecisionError } from './errors.js'
import { identityOf, lookUpKey } from './identity.js'
import type { RoutePolicies, RoutePolicy } from './route-policies.js'
import { identifyUser, type Sessions } from './session.js'

export interface GuardOptions {
  readonly catalog: Catalog
  readonly policies: RoutePolicies
  readonly verifier: KeyVerifier
  /** Looks up the key that a request brings as its bearer token. */
  readonly lookUpBearer: (request: FastifyRequest, reply: FastifyReply, key: string) => Promise<Identity>
  /** `undefined`: there are no users. */
  readonly sessions: Sessions | undefined
  /** In lower case; `null`: none. */
  readonly apiKeyHeader: string | null
  readonly refusals: Refusals
  readonly formatError: FormatError | undefined
  readonly denialLogLevel: DenialLogLevel
}

interface Thrown { readonly refusal: Refusal, readonly reason: string, readonly identity: Identity }

const NOBODY: Identity = Object.freeze({ type: 'none' })

/** Stands before every route: finds out who is calling, has it decided, and lets through or refuses. */
export class Guard {
  readonly #options: GuardOptions
  /** What handlers demand with `requireScopes` and `hasScopes`, by its JSON. */
  readonly #demands = new BoundedMap<string, Requirement>(1000)
  /** The errors that `requireScopes` has thrown. */
  readonly #thrown = new WeakMap<Error, Thrown>()

  /** What calls of `app.apiKeys` throw is answered as if the guard had met it. */
  readonly #storeUnavailable: Thrown

  constructor (options: GuardOptions) {
    this.#options = options
    this.#storeUnavailable = { refusal: options.refusals.of({ outcome: 'keysUnavailable' }, NOBODY), reason: 'keysUnavailable', identity: NOBODY }
  }

  /** The `onRequest` hook. */
  onRequest (request: FastifyRequest, reply: FastifyReply, done: HookHandlerDoneFunction): void {
    const route = this.#options.policies.of(request)
    if (route.policy.kind === 'public' || route.policy.kind === 'unannotated') {
      this.#conclude(request, reply, route, NOBODY, done)
      return
    }
    const credential = readCredential(rawHeadersOf(request), this.#options.apiKeyHeader)
    const identity = this.#identifyNow(credential)
    if (identity !== undefined) {
      this.#conclude(request, reply, route, identity, done)
      return
    }
    this.#identify(credential, request, reply)
      .then(identity => { this.#conclude(request, reply, route, identity, done) })
      .catch(done)
  }

  /**
   * The `preHandler` hook. A hook of another plugin may have led the request past `onRequest` (a hook that throws
   * `null` does), or to the not-found handler of an app that guards it: nothing is handled without a decision of ours.
   */
  preHandler (request: FastifyRequest, reply: FastifyReply, done: HookHandlerDoneFunction): void {
    if (accessOf(request)?.policy === this.#options.policies.of(request).policy) {
      done()
    } else if (request.is404) {
      this.onRequest(request, reply, done)
    } else {
      request.log.error({ route: request.routeOptions.url }, 'a hook led this request past the access check; it is refused')
      done(new NoDecisionError())
    }
  }

  /** The `onError` hook: for denials that come from a handler. */
  onError (request: FastifyRequest, reply: FastifyReply, error: Error, done: () => void): void {
    const thrown = this.#thrown.get(error) ?? (error instanceof StoreUnavailableError ? this.#storeUnavailable : undefined)
    if (thrown !== undefined) {
      const { refusal, reason, identity } = thrown
      this.#report(request, refusal, reason, identity)
      refuseThrown(request, reply, refusal, this.#answer(this.#options.policies.of(request)))
    }
    done()
  }

  /** Whether whoever makes the request would be let through by a route with these scopes. */
  hasScopes (request: FastifyRequest, demand: ScopeRequirement): boolean {
    return this.#decide(request, demand).decision.outcome === 'allow'
  }

  /** @throws the denial that a route with these scopes would answer. */
  requireScopes (request: FastifyRequest, demand: ScopeRequirement): void {
    const { decision, identity } = this.#decide(request, demand)
    if (decision.outcome === 'allow') return
    const refusal = this.#options.refusals.of(decision, identity)
    const error = refusal.toError()
    this.#thrown.set(error, { refusal, reason: 'requireScopes', identity })
    throw error
  }

  #decide (request: FastifyRequest, demand: ScopeRequirement) {
    const id = JSON.stringify(demand)
    let requirement = this.#demands.get(id)
    if (requirement === undefined) {
      requirement = this.#options.catalog.requirement(demand)
      this.#demands.set(id, requirement)
    }
    const identity = accessOf(request)?.identity ?? NOBODY
    return { decision: decide({ kind: 'scopes', requirement }, identity), identity }
  }

  /** Who is calling, if it can be told without waiting. */
  #identifyNow (credential: Credential): Identity | undefined {
    if (credential.kind === 'malformed') return { type: 'malformed' }
    const key = this.#keyIn(credential)
    if (key !== null) {
      const verdict = this.#options.verifier.peek(key)
      return verdict === undefined ? undefined : identityOf(verdict)
    }
    if (this.#options.sessions !== undefined) return undefined
    return credential.kind === 'none' ? NOBODY : { type: 'noUser' }
  }

  async #identify (credential: Credential, request: FastifyRequest, reply: FastifyReply): Promise<Identity> {
    const key = this.#keyIn(credential)
    if (key === null) {
      return await identifyUser(this.#options.sessions!, request, credential.kind === 'bearer')
    }
    return credential.kind === 'bearer' ? await this.#options.lookUpBearer(request, reply, key) : await lookUpKey(this.#options.verifier, key)
  }

  /** The API key in a credential: never shown to `authenticateUser`, and never turned into a user. */
  #keyIn (credential: Credential): string | null {
    if (credential.kind === 'keyHeader') return credential.value
    return credential.kind === 'bearer' && this.#options.verifier.claims(credential.value) ? credential.value : null
  }

  #conclude (request: FastifyRequest, reply: FastifyReply, route: RoutePolicy, identity: Identity, done: HookHandlerDoneFunction): void {
    const decision = decide(route.policy, identity)
    if (decision.outcome === 'allow') {
      letThrough(request, route.policy, identity)
      done()
      return
    }
    const refusal = this.#options.refusals.of(decision, identity)
    this.#report(request, refusal, identity.type === 'refusedKey' ? identity.reason : decision.outcome, identity)
    endIfUpgrade(request, reply)
    refuse(request, reply, refusal, this.#answer(route), done)
  }

  #report (request: FastifyRequest, { denial }: Refusal, reason: string, identity: Identity): void {
    reportDenial(request, denial, reason, identity, this.#options.denialLogLevel)
  }

  #answer ({ ownErrorHandler }: RoutePolicy) {
    return { formatError: this.#options.formatError, ownErrorHandler }
  }
}

/** What did not come over the wire has no raw headers: `injectWS()` of `@fastify/websocket` makes such requests. */
function rawHeadersOf ({ raw }: FastifyRequest): readonly string[] {
  const { rawHeaders } = raw as { readonly rawHeaders?: readonly string[] }
  return rawHeaders ?? Object.entries(raw.headers).flatMap(([name, value]) => [value].flat().flatMap(line => [name, String(line)]))
}

/** The socket of an upgrade is no longer Node's HTTP server's to close; left alone, a refused one would stay open for ever. */
function endIfUpgrade ({ raw }: FastifyRequest, reply: FastifyReply): void {
  if ((raw as { readonly upgrade?: boolean }).upgrade === true) reply.raw.once('finish', () => { raw.socket.end() })
}
