import type { Entry } from './entries.js'
import { isPlainObject } from './entries.js'
import { didYouMean, ScopeDefinitionError, show } from './faults.js'
import type { Grant } from './grant.js'

/**
 * What a route demands: one scope, a list of which all are needed (an empty one: any valid key), or
 * `{ anyOf: [...] }`, whose alternatives are again one scope or a list of which all are needed.
 */
export type ScopeRequirement<Name extends string = string> =
  | Name
  | readonly Name[]
  | { readonly anyOf: ReadonlyArray<Name | readonly Name[]> }

/** A requirement, checked against a catalog and ready to be held against grants. */
export interface Requirement {
  /** Every scope it names, each once, as declared. */
  readonly names: readonly string[]
  /** OR of ANDs. `[[]]` when no scope is needed. */
  readonly alternatives: ReadonlyArray<readonly string[]>
  /** What the grant lacks, or `null` when the requirement is met. */
  missing (grant: Grant): Shortfall | null
}

export interface Shortfall {
  /** Every scope the requirement names and the grant does not cover. */
  readonly scopes: readonly string[]
  /** For people: `scope: a`, `scopes: a, b`, `scope: one of a, b + c`. */
  readonly text: string
}

/**
 * Reads what a route declares.
 *
 * @throws {ScopeDefinitionError} naming every scope that is unknown or not active, and every wrong form.
 */
export function readRequirement (demand: unknown, entries: ReadonlyMap<string, Entry>): Requirement {
  const faults: string[] = []
  const alternatives = readAlternatives(demand, entries, faults)
  if (faults.length > 0) throw new ScopeDefinitionError('bad scopes', faults)
  return requirementOf(alternatives)
}

function requirementOf (alternatives: string[][]): Requirement {
  const names = Object.freeze([...new Set(alternatives.flat())])
  const oneOf = `scope: one of ${alternatives.map(scopes => scopes.join(' + ')).join(', ')}`

  return Object.freeze({
    names,
    alternatives: Object.freeze(alternatives.map(scopes => Object.freeze(scopes))),
    missing (grant: Grant): Shortfall | null {
      for (const scopes of alternatives) {
        if (scopes.every(name => grant.covers(name))) return null
      }
      const scopes = names.filter(name => !grant.covers(name))
      if (alternatives.length > 1) return { scopes, text: oneOf }
      return { scopes, text: `${scopes.length === 1 ? 'scope' : 'scopes'}: ${scopes.join(', ')}` }
    }
  })
}

const FORMS = 'a scope name, a list of them (all needed; an empty list: any valid key), or { anyOf: [...] }'

function readAlternatives (demand: unknown, entries: ReadonlyMap<string, Entry>, faults: string[]): string[][] {
  if (typeof demand === 'string' || Array.isArray(demand)) return [readAll(demand, entries, faults)]
  if (!isPlainObject(demand)) {
    faults.push(`scopes must be ${FORMS}, not ${show(demand)}`)
    return []
  }
  for (const member of Object.keys(demand)) {
    if (member !== 'anyOf') faults.push(`unknown member ${show(member)}${didYouMean(member, ['anyOf'])}; scopes must be ${FORMS}`)
  }
  const { anyOf } = demand
  if (!Array.isArray(anyOf) || anyOf.length === 0) {
    faults.push(`anyOf must be a list with at least one alternative, not ${show(anyOf)}`)
    return []
  }
  return anyOf.map((alternative: unknown) => {
    if (Array.isArray(alternative) && alternative.length === 0) {
      faults.push('anyOf has an empty alternative, which every key would meet; if that is meant, write scopes: []')
    }
    return readAll(alternative, entries, faults)
  })
}

function readAll (demand: unknown, entries: ReadonlyMap<string, Entry>, faults: string[]): string[] {
  const names: unknown[] = Array.isArray(demand) ? demand : [demand]
  for (const name of names) {
    const entry = typeof name === 'string' ? entries.get(name) : undefined
    if (typeof name !== 'string') faults.push(`a scope must be a string, not ${show(name)}`)
    else if (entry === undefined) faults.push(`unknown scope ${show(name)}${didYouMean(name, entries.keys())}`)
    else if (entry.status !== 'active') faults.push(`scope ${show(name)} is ${entry.status}; no route can demand it until it is active`)
  }
  return [...new Set(names as string[])]
}
