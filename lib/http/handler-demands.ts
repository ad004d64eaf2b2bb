import type { FastifyRequest } from 'fastify'
import { BoundedMap } from '../keys/bounded-map.js'
import { StoreUnavailableError } from '../keys/errors.js'
import type { UsageNotes } from '../keys/usage/notes.js'
import type { Catalog } from '../scopes/catalog.js'
import type { Requirement, ScopeRequirement } from '../scopes/requirement.js'
import { accessOf } from './access.js'
import { decide, isOnlyReported, NOBODY, type Identity, type Verified } from './decision.js'
import type { Refusal, Refusals } from './denial.js'
import type { ReportMode } from './report-mode.js'
import type { RoutePolicies } from './route-policies.js'

/** A denial that a handler has thrown. */
export interface Thrown {
  readonly refusal: Refusal
  readonly reason: string
  readonly identity: Identity
}

export interface HandlerDemandsOptions {
  readonly catalog: Catalog
  readonly refusals: Refusals
  readonly usage: UsageNotes
  readonly policies: RoutePolicies
  readonly reportMode: ReportMode
}

/** What handlers demand of whoever makes a request: `request.hasScopes()` and `request.requireScopes()`. */
export class HandlerDemands {
  readonly #options: HandlerDemandsOptions
  /** By the JSON of the demand. */
  readonly #requirements = new BoundedMap<string, Requirement>(1000)
  /** The errors that `require` has thrown. */
  readonly #thrown = new WeakMap<Error, Thrown>()
  /** What calls of `app.apiKeys` throw is answered as if the guard had met it. */
  readonly #storeUnavailable: Thrown

  constructor (options: HandlerDemandsOptions) {
    this.#options = options
    this.#storeUnavailable = { refusal: options.refusals.of({ outcome: 'keysUnavailable' }, NOBODY), reason: 'keysUnavailable', identity: NOBODY }
  }

  /** Whether whoever makes the request would be let through by a route with these scopes. */
  has (request: FastifyRequest, scopes: readonly unknown[]): boolean {
    return this.#decide(request, scopes).decision.outcome === 'allow'
  }

  /** @throws the denial that a route with these scopes would answer, unless the route of the request is in report mode. */
  require (request: FastifyRequest, scopes: readonly unknown[]): void {
    const { decision, identity } = this.#decide(request, scopes)
    if (decision.outcome === 'allow') return
    const { policies, reportMode, refusals } = this.#options
    if (isOnlyReported(decision, identity, policies.of(request).mode)) {
      reportMode.tell(request, decision, identity as Verified, REASON)
      return
    }
    const refusal = refusals.of(decision, identity)
    const error = refusal.toError()
    this.#thrown.set(error, { refusal, reason: REASON, identity })
    throw error
  }

  /** The denial that an error stands for, if it does. */
  thrownAs (error: Error): Thrown | undefined {
    return this.#thrown.get(error) ?? (error instanceof StoreUnavailableError ? this.#storeUnavailable : undefined)
  }

  #decide (request: FastifyRequest, scopes: readonly unknown[]) {
    // `('a', 'b')` means the same as `(['a', 'b'])`.
    const demand = (scopes.length === 1 ? scopes[0] : scopes) as ScopeRequirement
    const id = JSON.stringify(demand)
    let requirement = this.#requirements.get(id)
    if (requirement === undefined) {
      requirement = this.#options.catalog.requirement(demand)
      this.#requirements.set(id, requirement)
    }
    const identity = accessOf(request)?.identity ?? NOBODY
    const decision = decide({ kind: 'scopes', demand: requirement }, identity)
    if (decision.outcome === 'allow' && identity.type === 'apiKey') this.#options.usage.note(identity, requirement)
    return { decision, identity }
  }
}

const REASON = 'requireScopes'
