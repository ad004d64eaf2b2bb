import type { Grant } from '../../scopes/grant.js'
import type { Requirement } from '../../scopes/requirement.js'
import type { Scopes } from './scopes.js'

// How demands are kept in a store: as JSON of their alternatives (OR of ANDs), everything sorted, so that one demand is
// one text, whoever wrote it.

/** A demand that a key has met, as far as its grant meets it today. */
export interface PastDemand {
  /** At least one, none of them empty, each in the spelling of today. */
  readonly alternatives: ReadonlyArray<readonly string[]>
  /** When it was last met, in milliseconds since 1970. */
  readonly at: number
}

/**
 * The texts for a demand. Scopes of which all are needed have one each, so that many combinations of them do not fill a
 * store. So do those of a choice that is too long to be kept as such: better to count too much as needed than too little.
 */
export function textsOf (requirement: Requirement): readonly string[] {
  let texts = known.get(requirement)
  if (texts === undefined) {
    const { alternatives, names } = requirement
    const choice = textOf(alternatives)
    const isKept = alternatives.length > 1 && choice.length <= LONGEST
    texts = isKept ? [choice] : names.map(name => textOf([[name]])).filter(text => text.length <= LONGEST)
    known.set(requirement, texts)
  }
  return texts
}

const known = new WeakMap<Requirement, readonly string[]>()

/** Scope names are ASCII, so these are bytes. */
const LONGEST = 8 * 1024

/**
 * Reads what `textsOf` has made, at whatever time. What the catalog no longer has, or the grant does not cover, is left
 * out: such a request would be refused today.
 */
export function readDemands (texts: ReadonlyMap<string, Date>, grant: Grant, scopes: Scopes): PastDemand[] {
  const read = new Map<string, PastDemand>()
  for (const [text, date] of texts) {
    const alternatives = alternativesIn(text).map(names => [...new Set(names.map(name => scopes.today(name)))].sort())
    const met = sorted(alternatives.filter(names => names.length > 0 && names.every(name => grant.covers(name))))
    if (met.length === 0) continue
    // Two spellings of a scope may have made two texts of one demand.
    const id = textOf(met)
    const at = Math.max(date.getTime(), read.get(id)?.at ?? -Infinity)
    read.set(id, { alternatives: met, at })
  }
  return [...read].sort(([a], [b]) => a < b ? -1 : 1).map(([, demand]) => demand)
}

function textOf (alternatives: Requirement['alternatives']): string {
  return JSON.stringify(sorted(alternatives.map(names => [...names].sort())))
}

/** By their JSON, and each once. */
function sorted (alternatives: ReadonlyArray<readonly string[]>): ReadonlyArray<readonly string[]> {
  const byText = new Map(alternatives.map(names => [JSON.stringify(names), names]))
  return [...byText.keys()].sort().map(text => byText.get(text)!)
}

function alternativesIn (text: string): string[][] {
  try {
    const alternatives: unknown = JSON.parse(text)
    const isDemand = Array.isArray(alternatives) && alternatives.every(names => Array.isArray(names) && names.every(name => typeof name === 'string'))
    return isDemand ? alternatives as string[][] : []
  } catch {
    return []
  }
}
