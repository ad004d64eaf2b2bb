import type { Condition } from '../http/conditions.js'
import { decide, isOnlyReported, type Policy, type Question, type ScopesPolicy } from '../http/decision.js'
import type { Denial } from '../http/denial.js'
import type { GuardedCondition, GuardedRoute } from '../http/guarded-routes.js'
import type { KeyRefusal } from '../keys/known-key.js'
import type { ApiKeyRecord } from '../keys/record.js'
import type { ScopeName } from '../scopes/register.js'
import { allOf, type Requirement } from '../scopes/requirement.js'
import { readCall, type RouteQuery } from './explain-options.js'
import { identify, readSubject, type ExplainedSubject, type Identified } from './explain-subject.js'
import { smallestAddition } from './smallest-addition.js'
import type { Views } from './views.js'

/** Whether an API key may call a route, and why. */
export interface Explanation {
  readonly route: GuardedRoute
  /** Whether a request is let through, as long as no condition applies to it. */
  readonly allowed: boolean
  /** What a request is answered; `null` if nothing. With `allowed`, which is so in report mode alone: what it would be answered. */
  readonly denial: Denial | null
  /** Why the key itself is refused, whatever the route needs; `null` if it is not. A client is not told. */
  readonly refusal: KeyRefusal | null
  /** Of the key that was asked about, if it is known; not on public routes, where no key is read. */
  readonly record: ApiKeyRecord | null
  /** Every scope that the route names, and whether it is held. Of a key that is refused, nothing more is asked: empty. */
  readonly needs: readonly NeededScope[]
  /** Those of them that are missing, as the denial names them. */
  readonly missing: readonly ScopeName[]
  /**
   * What would do, added to the scopes that are there: of all that would, those that cover least, with what they require, so that it can
   * be granted as it is. Empty if nothing is missing, `null` if no scopes would do.
   */
  readonly smallest: readonly ScopeName[] | null
  /** What else is needed for some requests. */
  readonly conditions: readonly ExplainedCondition[]
}

export interface NeededScope {
  readonly name: ScopeName
  readonly held: boolean
  /**
   * Through which inclusion, from a scope that was granted to this one, as `catalog.path` tells; `null` if through none. If it is there and the
   * scope is not held, the owner of the key may not use it (`ownerScopes`).
   */
  readonly through: readonly string[] | null
}

/** A condition of `scopesWhen`, for requests to which it applies. */
export interface ExplainedCondition extends GuardedCondition, Pick<Explanation, 'needs' | 'missing' | 'smallest'> {
  /** Whether the scopes that it adds are held. */
  readonly met: boolean
  /** What a request is answered to which it applies, and no other does; as above. */
  readonly denial: Denial | null
}

export function explaining (views: Views) {
  return async (subject: ExplainedSubject, method: string, url: string, options?: RouteQuery): Promise<Explanation> => {
    const faults: string[] = []
    const asked = readSubject(subject, views.ring.catalog, faults)
    const { guarded, policy } = readCall(views, 'explain', method, url, options, faults)
    const who = await identify(asked!, policy, views)
    return new Explainer(views, who, guarded).explain(policy)
  }
}

type Demands = readonly Requirement[]

/** One question about one route. */
class Explainer {
  readonly #views: Views
  readonly #who: Identified
  readonly #route: GuardedRoute

  constructor (views: Views, who: Identified, route: GuardedRoute) {
    this.#views = views
    this.#who = who
    this.#route = route
  }

  explain (policy: Policy): Explanation {
    const { record, refusal } = this.#who
    const { allowed, denial } = this.#answer(policy)
    const conditions = policy.kind === 'scopes' && refusal === null ? this.#conditions(policy, allowed ? null : denial) : []
    const scopes = policy.kind === 'scopes' ? this.#held([policy.demand]) : { needs: [], missing: [], smallest: denial === null ? [] : null }
    return Object.freeze({ route: this.#route, allowed, denial, refusal, record, ...scopes, conditions })
  }

  /** @param before what every request is answered, before any condition is looked at. */
  #conditions ({ demand, conditions }: ScopesPolicy, before: Denial | null): readonly ExplainedCondition[] {
    return conditions.map(({ requirement, description }: Condition) => {
      const { needs, missing } = this.#held([requirement])
      const denial = before ?? this.#answer({ kind: 'scopes', demand: allOf([demand, requirement]) }).denial
      const { smallest } = this.#held([demand, requirement])
      return Object.freeze({ scopes: requirement.alternatives, description, met: missing.length === 0, needs, missing, smallest, denial })
    })
  }

  /** As the guard has it decided. */
  #answer (question: Question): Pick<Explanation, 'allowed' | 'denial'> {
    const { identity } = this.#who
    const decision = decide(question, identity)
    if (decision.outcome === 'allow') return { allowed: true, denial: null }
    return { allowed: isOnlyReported(decision, identity, this.#route.mode), denial: this.#views.refusals.of(decision, identity).denial }
  }

  #held (demands: Demands): Pick<Explanation, 'needs' | 'missing' | 'smallest'> {
    const { granted, identity, limit } = this.#who
    if (!('grant' in identity)) return { needs: [], missing: [], smallest: null }
    const { catalog } = this.#views.ring
    const grant = identity.grant!
    const names = [...new Set(demands.flatMap(demand => demand.names))] as ScopeName[]
    const missing = allOf(demands).missing(grant)?.scopes ?? []
    return {
      needs: names.map(name => Object.freeze({ name, held: grant.covers(name), through: catalog.path(granted, name) })),
      missing: missing as readonly ScopeName[],
      smallest: missing.length === 0 ? [] : smallestAddition(granted, demands.map(({ alternatives }) => alternatives), this.#views.scopes, limit) as readonly ScopeName[] | null
    }
  }
}
