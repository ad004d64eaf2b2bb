import type { Grant } from '../../scopes/grant.js'
import type { Holdings } from './attribution.js'
import type { PastDemand } from './demands.js'
import type { Scopes } from './scopes.js'

type Alternatives = PastDemand['alternatives']

/**
 * The least that would have served all these demands, completed by what its scopes require, so that it can be granted as it
 * is. No more than the grant allows, if that one has all that its own scopes require.
 *
 * Of choices, every combination is tried as long as there are few; else one after the other, the narrowest each.
 */
export function smallestGrant (demands: readonly PastDemand[], holdings: Holdings, scopes: Scopes): readonly string[] {
  const needed = demands.map(({ alternatives }) => alternatives)
  const names = pruned(chosen(needed, holdings, scopes), needed, scopes)
  return [...scopes.catalog.scopes.keys()].filter(name => names.has(name))
}

/** Scopes that are needed, whatever is chosen. */
function certainIn (needed: readonly Alternatives[]): readonly string[] {
  return needed.filter(({ length }) => length === 1).flatMap(([names]) => names!)
}

/** About as many steps as fit into some milliseconds. */
const MOST_STEPS = 200_000

function chosen (needed: readonly Alternatives[], holdings: Holdings, scopes: Scopes): readonly string[] {
  const certain = certainIn(needed)
  const grant = scopes.catalog.grant(certain)
  const choices = needed.filter(alternatives => !isServed(alternatives, grant))
  const combinations = choices.reduce((count, { length }) => count * length, 1)
  const steps = combinations * (100 + scopes.catalog.scopes.size + 10 * certain.length)

  let best: { readonly names: readonly string[], readonly cost: Cost } | undefined
  for (const candidate of steps <= MOST_STEPS ? combined(certain, choices) : [oneByOne(certain, choices, scopes)]) {
    const names = completed(antichain(candidate, scopes), holdings, scopes)
    const cost = costOf(names, holdings, scopes)
    if (best === undefined || isLess(cost, best.cost)) best = { names, cost }
  }
  return best!.names
}

/** How many scopes are covered, how many are named, and how many of those the key was not granted by name. */
type Cost = readonly [number, number, number]

function costOf (names: readonly string[], holdings: Holdings, scopes: Scopes): Cost {
  return [scopes.breadthOf(scopes.catalog.grant(names)), names.length, names.filter(name => holdings.holderOf(name) !== name).length]
}

function isLess (one: Cost, other: Cost): boolean {
  const difference = one.map((part, i) => part - other[i]!).find(part => part !== 0)
  return difference !== undefined && difference < 0
}

function * combined (names: readonly string[], [choice, ...rest]: readonly Alternatives[]): Generator<readonly string[]> {
  if (choice === undefined) yield names
  else for (const alternative of choice) yield * combined([...names, ...alternative], rest)
}

function oneByOne (certain: readonly string[], choices: readonly Alternatives[], scopes: Scopes): readonly string[] {
  let names = certain
  for (const alternatives of choices) {
    const grant = scopes.catalog.grant(names)
    const more = alternatives.map(alternative => scopes.breadthOf(scopes.catalog.grant(alternative), grant))
    // Nothing more, if it is served already.
    names = [...names, ...alternatives[more.indexOf(Math.min(...more))]!]
  }
  return names
}

/** Without what others cover, those first that cover most. */
function antichain (names: readonly string[], scopes: Scopes): readonly string[] {
  const kept: string[] = []
  for (const name of broadestFirst(names, scopes)) {
    if (!isCovered(name, kept, scopes)) kept.push(name)
  }
  return kept
}

/** With what these scopes require. One that requires more than was granted gives way to the granted scope that holds it. */
function completed (names: readonly string[], holdings: Holdings, scopes: Scopes): readonly string[] {
  const { catalog } = scopes
  const complete = new Set(names.map(grantable))
  for (;;) {
    const missing = [...catalog.missingRequired([...complete])].filter(([, requirers]) => requirers.some(name => complete.has(name)))
    if (missing.length === 0) return [...complete]
    for (const [required] of missing) complete.add(grantable(required))
  }

  function grantable (name: string): string {
    const isHeld = [...catalog.missingRequired([name]).keys()].every(required => holdings.holderOf(required) !== undefined)
    const holder = isHeld ? undefined : holdings.holderOf(name)
    return holder === undefined ? name : scopes.today(holder)
  }
}

/** Without what the others make needless, those first that cover most. */
function pruned (names: readonly string[], needed: readonly Alternatives[], scopes: Scopes): ReadonlySet<string> {
  const { catalog } = scopes
  const certain = certainIn(needed)
  const kept = new Set(broadestFirst(names, scopes))
  for (let before = -1; before !== kept.size;) {
    before = kept.size
    // Most scopes are needed because they are asked for, or required, by their own name. That is quickly seen.
    const required = [...kept].flatMap(name => catalog.scopes.get(name)!.requires.map(other => scopes.today(other)).filter(other => other !== name))
    const byName = new Set([...certain, ...required])
    for (const name of kept) {
      const rest = [...kept].filter(other => other !== name)
      if (byName.has(name) && !isCovered(name, rest, scopes)) continue
      const grant = catalog.grant(rest)
      if (needed.every(alternatives => isServed(alternatives, grant)) && catalog.missingRequired(rest).size === 0) kept.delete(name)
    }
  }
  return kept
}

function broadestFirst (names: readonly string[], scopes: Scopes): string[] {
  return [...new Set(names)].sort((a, b) => scopes.breadth(b) - scopes.breadth(a) || (a < b ? -1 : 1))
}

/** Whether one of these covers it, of which the broadest are the first. */
function isCovered (name: string, broadestFirst: readonly string[], scopes: Scopes): boolean {
  for (const other of broadestFirst) {
    if (scopes.breadth(other) === 1) return false
    if (scopes.alone(other).covers(name)) return true
  }
  return false
}

function isServed (alternatives: Alternatives, { covers }: Grant): boolean {
  return alternatives.some(alternative => alternative.every(covers))
}
