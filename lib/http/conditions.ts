import { types } from 'node:util'
import type { FastifyRequest } from 'fastify'
import type { Catalog } from '../scopes/catalog.js'
import { isPlainObject } from '../scopes/entries.js'
import { didYouMean, show, type ScopeDefinitionError } from '../scopes/faults.js'
import type { ScopeName } from '../scopes/register.js'
import { allOf, type AllOf, type Requirement, type ScopeRequirement } from '../scopes/requirement.js'
import { isPromise } from './answer.js'
import type { ScopesPolicy } from './decision.js'
import { throttle, type Throttle } from './throttle.js'

/** Scopes that a route needs only for some requests, beside those that it always needs. */
export interface ScopeCondition {
  /**
   * Whether this request needs them. Called after validation, so that the body is there; it must answer at once. If it
   * throws, answers anything but `true` or `false`, or the request did not pass validation, they are needed.
   */
  when (request: FastifyRequest): boolean
  readonly scopes: ScopeRequirement<ScopeName>
  /** When that is, for people: `Required if staging a deployment.` */
  readonly description?: string
}

/** The same, checked. */
export interface Condition {
  readonly when: (request: FastifyRequest) => unknown
  readonly requirement: Requirement
  readonly description: string
  /** A client that may call the route can make it fail, and must not be able to fill the log. */
  readonly atTimes: Throttle
}

/** Reads `config.scopesWhen`. What is wrong is added to `faults`. */
export function readConditions (list: unknown, catalog: Catalog, faults: string[]): readonly Condition[] {
  if (!Array.isArray(list)) {
    faults.push(`config.scopesWhen must be a list of { ${MEMBERS.join(', ')} }, not ${show(list)}`)
    return []
  }
  const conditions = [...list as unknown[]].map((item, i) => readCondition(item, `config.scopesWhen[${i}]`, catalog, faults))
  return Object.freeze(conditions.filter(condition => condition !== undefined))
}

/** What a route demands of this request. To be asked after validation. */
export function demandOf ({ demand, conditions }: ScopesPolicy, request: FastifyRequest): Requirement | AllOf {
  const applying = conditions.filter(condition => applies(condition, request))
  return applying.length === 0 ? demand : allOf([demand, ...applying.map(({ requirement }) => requirement)])
}

/** Of what `demandOf` has found: what is needed beside that which every request needs. */
export function besideBase (demand: Requirement | AllOf): AllOf {
  return allOf('parts' in demand ? demand.parts.slice(1) : [])
}

function applies ({ when, atTimes }: Condition, request: FastifyRequest): boolean {
  // With attachValidation a request gets this far whose body may be anything.
  if (request.validationError !== undefined) return true
  try {
    const answer = when(request)
    if (typeof answer === 'boolean') return answer
    // Nobody waits for a promise, and a rejection that nobody takes would end the process.
    if (isPromise(answer)) Promise.resolve(answer).catch(() => {})
    throw new TypeError(`when must answer true or false at once, not ${show(answer)}`)
  } catch (error) {
    atTimes(leftOut => {
      request.log.error({ err: error, route: request.routeOptions.url, failuresNotLogged: leftOut }, 'a condition of scopesWhen failed; its scopes are demanded')
    })
    return true
  }
}

const MEMBERS = ['when', 'scopes', 'description']

function readCondition (item: unknown, field: string, catalog: Catalog, faults: string[]): Condition | undefined {
  if (!isPlainObject(item)) {
    faults.push(`${field} must be { ${MEMBERS.join(', ')} }, not ${show(item)}`)
    return undefined
  }
  const { when, scopes, description = '', ...rest } = item
  for (const member of Object.keys(rest)) faults.push(`${field}: unknown member ${show(member)}${didYouMean(member, MEMBERS)}`)
  if (typeof when !== 'function') {
    faults.push(`${field}.when must be a function that answers true or false at once, not ${show(when)}`)
  } else if (types.isAsyncFunction(when) || types.isGeneratorFunction(when)) {
    faults.push(`${field}.when must answer true or false at once; an async function or a generator does not`)
  }
  if (typeof description !== 'string') faults.push(`${field}.description must be a string, not ${show(description)}`)
  const requirement = readDemand(scopes, `${field}.scopes`, catalog, faults)
  if (requirement?.names.length === 0) faults.push(`${field}.scopes is empty; name what is needed, or leave the condition out`)
  return Object.freeze({ when: when as Condition['when'], requirement: requirement!, description: description as string, atTimes: throttle(1000) })
}

/** Reads scopes that are demanded. What is wrong is added to `faults`. */
export function readDemand (scopes: unknown, field: string, catalog: Catalog, faults: string[]): Requirement | undefined {
  try {
    return catalog.requirement(scopes as ScopeRequirement)
  } catch (error) {
    faults.push(...(error as ScopeDefinitionError).faults.map(fault => `${field}: ${fault}`))
    return undefined
  }
}
