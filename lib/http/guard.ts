import type { FastifyReply, FastifyRequest, HookHandlerDoneFunction } from 'fastify'
import type { Auditor } from '../keys/audit.js'
import type { UsageNotes } from '../keys/usage/notes.js'
import type { AllOf, Requirement } from '../scopes/requirement.js'
import { accessOf, letThrough, settle } from './access.js'
import { refuse, refuseThrown, type FormatError } from './answer.js'
import type { Callers } from './callers.js'
import { besideBase, demandOf } from './conditions.js'
import { decide, hasConditions, isOnlyReported, NOBODY, type Identity, type Policy, type Refused, type ScopesPolicy, type Verified } from './decision.js'
import type { Refusal, Refusals } from './denial.js'
import { reportAllowed, reportDenial, type DenialLogLevel } from './decision-log.js'
import type { HandlerDemands } from './handler-demands.js'
import { notDecided } from './last-check.js'
import type { ReportMode } from './report-mode.js'
import type { RoutePolicies, RoutePolicy } from './route-policies.js'

export interface GuardOptions {
  readonly policies: RoutePolicies
  readonly callers: Callers
  readonly refusals: Refusals
  /** For denials that come from handlers. */
  readonly demands: HandlerDemands
  readonly reportMode: ReportMode
  readonly formatError: FormatError | undefined
  readonly denialLogLevel: DenialLogLevel
  readonly auditor: Auditor
  readonly usage: UsageNotes
}

/** Stands before every route: asks who is calling, has it decided, and lets through or refuses. */
export class Guard {
  readonly #options: GuardOptions
  /** What was told of before it went to an error handler. */
  readonly #told = new WeakSet<Error>()

  constructor (options: GuardOptions) {
    this.#options = options
  }

  /** The `onRequest` hook. */
  onRequest (request: FastifyRequest, reply: FastifyReply, done: HookHandlerDoneFunction): void {
    const route = this.#options.policies.of(request)
    if (route.policy.kind === 'public' || (route.policy.kind === 'unannotated' && route.mode === 'enforce')) {
      this.#conclude(request, reply, route, NOBODY, done)
      return
    }
    const identity = this.#options.callers.of(request, reply)
    if ('type' in identity) {
      this.#conclude(request, reply, route, identity, done)
    } else {
      this.#concludeLater(request, reply, route, identity, done)
    }
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
    const thrown = this.#told.has(error) ? undefined : this.#options.demands.thrownAs(error)
    if (thrown !== undefined) {
      const { refusal, reason, identity } = thrown
      this.#report(request, refusal, reason, identity)
      refuseThrown(request, reply, refusal, this.#answer(this.#options.policies.of(request)))
    }
    done()
  }

  /** A function of its own, so that V8 makes nothing for its callback where there is nothing to wait for. */
  #concludeLater (request: FastifyRequest, reply: FastifyReply, route: RoutePolicy, identity: Promise<Identity>, done: HookHandlerDoneFunction): void {
    identity
      .then(identity => { this.#conclude(request, reply, route, identity, done) })
      .catch(done)
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
    if (identity.type === 'apiKey') this.#options.usage.note(identity, met)
  }

  #refuse (request: FastifyRequest, reply: FastifyReply, route: RoutePolicy, decision: Refused, identity: Identity, done: HookHandlerDoneFunction): void {
    this.#noteUse(identity)
    const refusal = this.#options.refusals.of(decision, identity)
    this.#report(request, refusal, identity.type === 'refusedKey' ? identity.reason : decision.outcome, identity)
    endIfUpgrade(request, reply)
    refuse(request, reply, refusal, this.#answer(route), error => {
      this.#told.add(error)
      done(error)
    })
  }

  #report (request: FastifyRequest, { denial }: Refusal, reason: string, identity: Identity): void {
    reportDenial(request, denial, reason, identity, this.#options.denialLogLevel, this.#options.auditor)
  }

  #answer ({ ownErrorHandler }: RoutePolicy) {
    return { formatError: this.#options.formatError, ownErrorHandler }
  }
}

/** The socket of an upgrade is no longer Node's HTTP server's to close; left alone, a refused one would stay open for ever. */
function endIfUpgrade ({ raw }: FastifyRequest, reply: FastifyReply): void {
  if ((raw as { readonly upgrade?: boolean }).upgrade === true) reply.raw.once('finish', () => { raw.socket.end() })
}
