import type { FastifyReply, FastifyRequest, HookHandlerDoneFunction } from 'fastify'
import type { Auditor } from '../keys/audit.js'
import type { UsageNotes } from '../keys/usage/notes.js'
import type { KeyVerifier } from '../keys/verifier.js'
import type { AllOf, Requirement } from '../scopes/requirement.js'
import { accessOf, letThrough, settle } from './access.js'
import { refuse, refuseThrown, type FormatError } from './answer.js'
import { besideBase, demandOf } from './conditions.js'
import { readCredential, type Credential } from './credential.js'
import { decide, isOnlyReported, NOBODY, type Identity, type Policy, type Refused, type ScopesPolicy, type Verified } from './decision.js'
import type { Refusal, Refusals } from './denial.js'
import { reportAllowed, reportDenial, type DenialLogLevel } from './decision-log.js'
import type { HandlerDemands } from './handler-demands.js'
import { notDecided } from './last-check.js'
import { identityOf, lookUpKey } from './identity.js'
import type { ReportMode } from './report-mode.js'
import type { RoutePolicies, RoutePolicy } from './route-policies.js'
import { identifyUser, type Sessions } from './session.js'

export interface GuardOptions {
  readonly policies: RoutePolicies
  readonly verifier: KeyVerifier
  /** Looks up the key that a request brings as its bearer token. */
  readonly lookUpBearer: (request: FastifyRequest, reply: FastifyReply, key: string) => Promise<Identity>
  /** `undefined`: there are no users. */
  readonly sessions: Sessions | undefined
  /** In lower case; `null`: none. */
  readonly apiKeyHeader: string | null
  readonly refusals: Refusals
  /** For denials that come from handlers. */
  readonly demands: HandlerDemands
  readonly reportMode: ReportMode
  readonly formatError: FormatError | undefined
  readonly denialLogLevel: DenialLogLevel
  readonly auditor: Auditor
  readonly usage: UsageNotes
}

/** Stands before every route: finds out who is calling, has it decided, and lets through or refuses. */
export class Guard {
  readonly #options: GuardOptions
  readonly #isForeignKey: (value: string) => boolean

  constructor (options: GuardOptions) {
    this.#options = options
    this.#isForeignKey = value => options.verifier.isForeignKey(value)
  }

  /** The `onRequest` hook. */
  onRequest (request: FastifyRequest, reply: FastifyReply, done: HookHandlerDoneFunction): void {
    const route = this.#options.policies.of(request)
    if (route.policy.kind === 'public' || (route.policy.kind === 'unannotated' && route.mode === 'enforce')) {
      this.#conclude(request, reply, route, NOBODY, done)
      return
    }
    const credential = readCredential(rawHeadersOf(request), this.#options.apiKeyHeader, this.#isForeignKey)
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
    const route = this.#options.policies.of(request)
    const access = accessOf(request)
    if (access?.policy === route.policy) {
      this.#concludeConditions(request, reply, route, access.identity, done)
    } else if (request.is404) {
      // On its way from a route to the not-found handler: from the beginning, by that one's policy.
      this.onRequest(request, reply, error => {
        if (error == null) this.preHandler(request, reply, done)
        else done(error)
      })
    } else {
      done(notDecided(request))
    }
  }

  /** The `onError` hook: for denials that come from a handler. */
  onError (request: FastifyRequest, reply: FastifyReply, error: Error, done: () => void): void {
    const thrown = this.#options.demands.thrownAs(error)
    if (thrown !== undefined) {
      const { refusal, reason, identity } = thrown
      this.#report(request, refusal, reason, identity)
      refuseThrown(request, reply, refusal, this.#answer(this.#options.policies.of(request)))
    }
    done()
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
    const { policy } = route
    const decision = decide(policy, identity)
    if (decision.outcome === 'allow') {
      letThrough(request, policy, identity)
      if (hasConditions(policy)) this.#noteUse(identity)
      else this.#allowed(request, identity, policy.kind === 'scopes' ? policy.demand : undefined)
      done()
    } else if (isOnlyReported(decision, identity, route.mode)) {
      this.#letThroughAllTheSame(request, policy, decision, identity as Verified)
      done()
    } else {
      this.#refuse(request, reply, route, decision, identity, done)
    }
  }

  #letThroughAllTheSame (request: FastifyRequest, policy: Policy, decision: Refused, identity: Verified): void {
    this.#noteUse(identity)
    this.#options.reportMode.tell(request, decision, identity)
    letThrough(request, policy, identity)
  }

  /** Decides what depends on the request itself, now that its body is there. */
  #concludeConditions (request: FastifyRequest, reply: FastifyReply, route: RoutePolicy, identity: Identity, done: HookHandlerDoneFunction): void {
    const { policy } = route
    if (policy.kind !== 'scopes' || policy.conditions.length === 0) {
      done()
      return
    }
    // Of who may do everything nothing is demanded, so nobody need be asked.
    const isUnlimited = 'grant' in identity && identity.grant === null
    const demand = isUnlimited ? policy.demand : demandOf(policy, request)
    const decision = decide({ kind: 'scopes', demand }, identity)
    if (decision.outcome === 'allow') {
      settle(request)
      this.#allowed(request, identity, demand)
      done()
    } else if (isOnlyReported(decision, identity, route.mode)) {
      this.#settleAllTheSame(request, policy, demand, decision, identity as Verified)
      done()
    } else {
      this.#refuse(request, reply, route, decision, identity, done)
    }
  }

  #settleAllTheSame (request: FastifyRequest, policy: ScopesPolicy, demand: Requirement | AllOf, decision: Refused, identity: Verified): void {
    // Of what is always needed `onRequest` has told already, if it was missing.
    const isToldOf = decide(policy, identity).outcome !== 'allow'
    const untold = isToldOf ? decide({ kind: 'scopes', demand: besideBase(demand) }, identity) : decision
    if (untold.outcome !== 'allow') this.#options.reportMode.tell(request, untold, identity)
    settle(request)
  }

  #allowed (request: FastifyRequest, identity: Identity, demand: Requirement | AllOf | undefined): void {
    this.#noteUse(identity, demand)
    reportAllowed(request, identity, this.#options.auditor)
  }

  /** A key that is refused for what it may do is in use all the same. */
  #noteUse (identity: Identity, met?: Requirement | AllOf): void {
    if (identity.type === 'apiKey') this.#options.usage.note(identity.record.id, met)
  }

  #refuse (request: FastifyRequest, reply: FastifyReply, route: RoutePolicy, decision: Refused, identity: Identity, done: HookHandlerDoneFunction): void {
    this.#noteUse(identity)
    const refusal = this.#options.refusals.of(decision, identity)
    this.#report(request, refusal, identity.type === 'refusedKey' ? identity.reason : decision.outcome, identity)
    endIfUpgrade(request, reply)
    refuse(request, reply, refusal, this.#answer(route), done)
  }

  #report (request: FastifyRequest, { denial }: Refusal, reason: string, identity: Identity): void {
    reportDenial(request, denial, reason, identity, this.#options.denialLogLevel, this.#options.auditor)
  }

  #answer ({ ownErrorHandler }: RoutePolicy) {
    return { formatError: this.#options.formatError, ownErrorHandler }
  }
}

function hasConditions (policy: Policy): boolean {
  return policy.kind === 'scopes' && policy.conditions.length > 0
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
