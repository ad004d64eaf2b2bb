import { isInForce, isPlainObject, type Entry } from './entries.js'
import { didYouMean, ScopeDefinitionError, show } from './faults.js'
import type { Grant } from './grant.js'
import type { Spelling } from './spelling.js'

/**
 * What a route demands: one scope, a list of which all are needed (an empty one: any valid key), or
 * `{ anyOf: [...] }`, whose alternatives are again one scope or a list of which all are needed.
 */
export type ScopeRequirement<Name extends string = string> =
  | Name
  | readonly Name[]
  | { readonly anyOf: ReadonlyArray<Name | readonly Name[]> }

/** Scopes that are needed, to be held against grants. */
export interface Demand {
  /** Every scope it names, each once, as it is called today. */
  readonly names: readonly string[]
  /** What the grant lacks, or `null` when the demand is met. A requirement answers the same object each time. */
  missing (grant: Grant): Shortfall | null
}

/** What a route demands, checked against a catalog. */
export interface Requirement extends Demand {
  /** OR of ANDs. `[[]]` when no scope is needed. */
  readonly alternatives: ReadonlyArray<readonly string[]>
}

/** Several demands in one. */
export interface AllOf extends Demand {
  readonly parts: readonly Requirement[]
}

export interface Shortfall {
  /** Every scope that is named where the demand is not met, and that the grant does not cover. */
  readonly scopes: readonly string[]
  /** For people: `scope: a`, `scopes: a, b`, `scope: one of a, b + c`. */
  readonly text: string
}

/**
 * Reads what a route declares.
 *
 * @throws {ScopeDefinitionError} naming every scope that is unknown or not in force, and every wrong form.
 */
export function readRequirement (demand: unknown, entries: ReadonlyMap<string, Entry>, today: Spelling): Requirement {
  const faults: string[] = []
  const read = readAlternatives(demand, entries, faults)
  if (faults.length > 0) throw new ScopeDefinitionError('bad scopes', faults)

  const alternatives = distinct(read.map(names => [...new Set(names.map(today))]))
  // A flood of one refused key shall cost no more than it must.
  const lacking = new WeakMap<Grant, Shortfall>()
  const requirement: Requirement = Object.freeze({
    names: Object.freeze([...namesIn(alternatives)]),
    alternatives: Object.freeze(alternatives.map(names => Object.freeze(names))),
    missing (grant: Grant) {
      if (isMet(requirement, grant)) return null
      let known = lacking.get(grant)
      if (known === undefined) lacking.set(grant, known = Object.freeze(shortfall([requirement], grant)))
      return known
    }
  })
  return requirement
}

/** Demands everything that these do. */
export function allOf (parts: readonly Requirement[]): AllOf {
  return {
    parts,
    names: namesIn(parts.map(({ names }) => names)),
    missing (grant) {
      const unmet = parts.filter(requirement => !isMet(requirement, grant))
      return unmet.length === 0 ? null : shortfall(unmet, grant)
    }
  }
}

// Asked at every request. Loops by index take a fraction of the time of `some` and `every`, and make nothing.

function isMet ({ alternatives }: Requirement, grant: Grant): boolean {
  for (let i = 0; i < alternatives.length; i++) {
    if (coversAll(grant, alternatives[i]!)) return true
  }
  return false
}

function coversAll (grant: Grant, names: readonly string[]): boolean {
  for (let i = 0; i < names.length; i++) {
    if (!grant.covers(names[i]!)) return false
  }
  return true
}

function shortfall (unmet: readonly Requirement[], grant: Grant): Shortfall {
  const choices = unmet.filter(({ alternatives }) => alternatives.length > 1)
  const scopes = lacked(unmet, grant)
  const plain = choices.length === 0 ? scopes : lacked(unmet.filter(requirement => !choices.includes(requirement)), grant)
  const texts = choices.map(({ alternatives }) => `one of ${alternatives.map(names => names.join(' + ')).join(', ')}`)
  if (plain.length > 0) texts.unshift(plain.join(', '))
  return { scopes, text: `${plain.length + choices.length === 1 ? 'scope' : 'scopes'}: ${texts.join(' and ')}` }
}

function lacked (unmet: readonly Requirement[], grant: Grant): readonly string[] {
  return Object.freeze(namesIn(unmet.map(({ names }) => names)).filter(name => !grant.covers(name)))
}

/** Each name once. A single list has no name twice. */
function namesIn (lists: ReadonlyArray<readonly string[]>): readonly string[] {
  return lists.length === 1 ? lists[0]! : [...new Set(lists.flat())]
}

/** Two spellings of one scope, or another order, make the same alternative twice. */
function distinct (alternatives: string[][]): string[][] {
  const found = new Map<string, string[]>()
  for (const names of alternatives) {
    const id = JSON.stringify([...names].sort())
    if (!found.has(id)) found.set(id, names)
  }
  return [...found.values()]
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
    else if (!isInForce(entry)) faults.push(`scope ${show(name)} is ${entry.status}; no route can demand it until it is active`)
  }
  return names as string[]
}
