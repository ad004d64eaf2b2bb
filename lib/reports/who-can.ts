import type { Identity } from '../http/decision.js'
import type { GuardedCondition, GuardedRoute } from '../http/guarded-routes.js'
import type { Scopes } from '../keys/usage/scopes.js'
import { isInForce } from '../scopes/entries.js'
import type { Grant } from '../scopes/grant.js'
import type { ScopeName } from '../scopes/register.js'
import { allOf, type Requirement } from '../scopes/requirement.js'
import { readCall, type RouteQuery } from './explain-options.js'
import { passes } from './passes.js'
import { smallestAddition } from './smallest-addition.js'
import type { Views } from './views.js'
import { keysWho, readKeysQuery, type AbleKeys, type KeysQuery } from './who-can-keys.js'

/** Everybody who may call a route. */
export interface WhoCan extends Opening, AbleKeys {
  readonly route: GuardedRoute
  /** Whether anybody may, without a credential. Then nobody is named. */
  readonly everybody: boolean
  /** Whether users may. Where scopes are needed, those whose session has scopes of its own need them too. */
  readonly users: boolean
  /** What else is needed for some requests. */
  readonly conditions: readonly OpenedCondition[]
}

/** What a key must have been granted, whether that is enforced or not. */
export interface Opening {
  /** Every scope that is enough alone, by its name or by what it includes, in the order of the catalog. Empty if none is needed. */
  readonly alone: readonly ScopeName[]
  /**
   * For each alternative of what is demanded, the scopes that cover least, with what they require, so that they can be granted as they
   * are. `[[]]` if none is needed; empty if no scopes are enough.
   */
  readonly smallest: ReadonlyArray<readonly ScopeName[]>
  /** The names of the presets that are enough. */
  readonly presets: readonly string[]
  /** Whether the default grant is enough. */
  readonly defaultGrant: boolean
}

/** A condition of `scopesWhen`, and what is enough for requests to which it applies and no other does. */
export interface OpenedCondition extends GuardedCondition, Opening {}

export interface WhoCanQuery extends RouteQuery, KeysQuery {}

export function whoCan (views: Views) {
  return async (method: string, url: string, options?: WhoCanQuery): Promise<WhoCan> => {
    const faults: string[] = []
    const query = readKeysQuery(options, faults)
    const entry = readCall(views, 'whoCan', method, url, options, faults, ['keys', 'limit', 'cursor'])
    const { guarded, policy } = entry
    const { scopes } = views
    return Object.freeze({
      route: guarded,
      everybody: policy.kind === 'public',
      users: views.hasSessions && passes(entry, USER),
      ...policy.kind === 'scopes' ? opening([policy.demand], scopes) : NOTHING,
      conditions: policy.kind !== 'scopes'
        ? []
        : policy.conditions.map(({ requirement, description }) => {
          return Object.freeze({ scopes: requirement.alternatives, description, ...opening([policy.demand, requirement], scopes) })
        }),
      ...await keysWho(entry, query, views)
    })
  }
}

const USER: Identity = { type: 'user', user: { id: 'a session without limits' }, grant: null }

const NOTHING: Opening = { alone: [], smallest: [], presets: [], defaultGrant: false }

function opening (demands: readonly Requirement[], scopes: Scopes): Opening {
  const { catalog } = scopes
  const demand = allOf(demands)
  const isEnough = (grant: Grant) => demand.missing(grant) === null
  const needsNone = isEnough(catalog.grant([]))
  const entries = needsNone ? [] : [...catalog.scopes.values()]
  return {
    alone: entries.filter(entry => isInForce(entry) && isEnough(scopes.alone(entry.name))).map(({ name }) => name as ScopeName),
    smallest: needsNone ? [[]] : smallestOf(demands, scopes),
    presets: [...catalog.presets].filter(([, names]) => isEnough(catalog.grant(names))).map(([name]) => name),
    defaultGrant: catalog.defaultGrant !== undefined && isEnough(catalog.grant(catalog.defaultGrant))
  }
}

/** Each once: two alternatives may come to the same. */
function smallestOf ([first, ...others]: readonly Requirement[], scopes: Scopes): Opening['smallest'] {
  const each = first!.alternatives.map(names => smallestAddition([], [[names], ...others.map(({ alternatives }) => alternatives)], scopes)!)
  return [...new Map(each.map(names => [JSON.stringify(names), names as readonly ScopeName[]])).values()]
}
