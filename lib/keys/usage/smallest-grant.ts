import type { Catalog } from '../../scopes/catalog.js'
import { breadthOf, type Holdings } from './attribution.js'
import type { PastDemand } from './demands.js'

type Alternatives = PastDemand['alternatives']

/**
 * The least that would have served all these demands, completed by what its scopes require, so that it can be granted as it
 * is. No more than the grant allows, if that one has all that its own scopes require.
 *
 * Of choices, every combination is tried as long as there are few; else one after the other, the narrowest each.
 */
export function smallestGrant (demands: readonly PastDemand[], holdings: Holdings, catalog: Catalog): readonly string[] {
  const needed = demands.map(({ alternatives }) => alternatives)
  const certain = needed.filter(alternatives => alternatives.length === 1).flatMap(([names]) => names!)
  const choices = needed.filter(alternatives => !isServed(alternatives, certain, catalog))
  const names = pruned(chosen(certain, choices, holdings, catalog), needed, catalog)
  return [...catalog.scopes.keys()].filter(name => names.has(name))
}

/** How many scopes may be looked at to try every combination. */
const MOST_WORK = 500_000

function chosen (certain: readonly string[], choices: readonly Alternatives[], holdings: Holdings, catalog: Catalog): ReadonlySet<string> {
  const combinations = choices.reduce((count, { length }) => count * length, 1)
  const candidates = combinations * catalog.scopes.size <= MOST_WORK ? combined(certain, choices) : [oneByOne(certain, choices, catalog)]
  let best: { readonly names: ReadonlySet<string>, readonly cost: Cost } | undefined
  for (const candidate of candidates) {
    const names = completed(candidate, holdings, catalog)
    const cost = costOf([...names], holdings, catalog)
    if (best === undefined || isLess(cost, best.cost)) best = { names, cost }
  }
  return best!.names
}

/** How many scopes are covered, how many are named, and how many of those the key was not granted by name. */
type Cost = readonly [number, number, number]

function costOf (names: readonly string[], holdings: Holdings, catalog: Catalog): Cost {
  return [breadthOf(catalog.grant(names), catalog), names.length, names.filter(name => holdings.holderOf(name) !== name).length]
}

function isLess (one: Cost, other: Cost): boolean {
  const difference = one.map((part, i) => part - other[i]!).find(part => part !== 0)
  return difference !== undefined && difference < 0
}

function * combined (names: readonly string[], [choice, ...rest]: readonly Alternatives[]): Generator<readonly string[]> {
  if (choice === undefined) yield names
  else for (const alternative of choice) yield * combined([...names, ...alternative], rest)
}

function oneByOne (certain: readonly string[], choices: readonly Alternatives[], catalog: Catalog): readonly string[] {
  let names = certain
  for (const alternatives of choices) {
    if (isServed(alternatives, names, catalog)) continue
    const ways = alternatives.map(alternative => [...names, ...alternative])
    const breadths = new Map(ways.map(way => [way, breadthOf(catalog.grant(way), catalog)]))
    names = ways.sort((a, b) => breadths.get(a)! - breadths.get(b)!)[0]!
  }
  return names
}

/** With what these scopes require. One that requires more than was granted gives way to the granted scope that holds it. */
function completed (names: readonly string[], holdings: Holdings, catalog: Catalog): ReadonlySet<string> {
  const complete = new Set(names.map(grantable))
  for (;;) {
    const [required] = catalog.missingRequired([...complete]).keys()
    if (required === undefined) return complete
    complete.add(grantable(required))
  }

  function grantable (name: string): string {
    const isHeld = [...catalog.missingRequired([name]).keys()].every(required => holdings.holderOf(required) !== undefined)
    const holder = isHeld ? undefined : holdings.holderOf(name)
    return holder === undefined ? name : catalog.grant([holder]).current[0]!
  }
}

/** Without what the others make needless, beginning with what covers most. */
function pruned (names: ReadonlySet<string>, needed: readonly Alternatives[], catalog: Catalog): ReadonlySet<string> {
  const breadths = new Map([...names].map(name => [name, breadthOf(catalog.grant([name]), catalog)]))
  const kept = new Set([...names].sort((a, b) => breadths.get(b)! - breadths.get(a)! || (a < b ? -1 : 1)))
  for (let before = -1; before !== kept.size;) {
    before = kept.size
    for (const name of kept) {
      const rest = [...kept].filter(other => other !== name)
      if (catalog.missingRequired(rest).size === 0 && needed.every(alternatives => isServed(alternatives, rest, catalog))) kept.delete(name)
    }
  }
  return kept
}

function isServed (alternatives: Alternatives, names: readonly string[], catalog: Catalog): boolean {
  const { covers } = catalog.grant(names)
  return alternatives.some(alternative => alternative.every(covers))
}
