import type { Scopes } from '../keys/usage/scopes.js'
import type { Grant } from '../scopes/grant.js'
import type { Requirement } from '../scopes/requirement.js'

type Alternatives = Requirement['alternatives']

/**
 * The scopes that cover least and, added to what was granted, meet all these demands, completed by what is required, so that
 * all of it can be granted as it is. `null` if none would do, because the limit does not cover what is demanded.
 *
 * Every choice is tried as long as there are few; else the narrowest each.
 */
export function smallestAddition (granted: readonly string[], demands: readonly Alternatives[], scopes: Scopes, limit?: Grant): readonly string[] | null {
  const search = new Search(granted, scopes)
  for (const needed of combined(demands)) {
    if (search.best !== null && search.isLong) break
    if (limit === undefined || needed.every(limit.covers)) search.tryFor(needed)
  }
  return search.best
}

function * combined ([first, ...rest]: readonly Alternatives[]): Generator<readonly string[]> {
  if (first === undefined) yield []
  else for (const names of first) for (const others of combined(rest)) yield [...names, ...others]
}

/** How many more scopes are covered than before, how many are named that nothing asks for by that name, and how many in all. */
type Cost = readonly [breadth: number, broader: number, count: number]

/** About as many steps as fit into some milliseconds. */
const MOST_STEPS = 200_000

/** Branch and bound: each step adds what covers the first scope that is lacking, the narrowest first. */
class Search {
  best: readonly string[] | null = null
  #cost: Cost = [Infinity, Infinity, Infinity]
  #steps = 0
  readonly #granted: readonly string[]
  readonly #before: Grant
  readonly #scopes: Scopes
  readonly #coverers = new Map<string, readonly string[]>()

  constructor (granted: readonly string[], scopes: Scopes) {
    this.#granted = granted
    this.#before = scopes.catalog.grant(granted)
    this.#scopes = scopes
  }

  get isLong (): boolean {
    return this.#steps > MOST_STEPS
  }

  tryFor (needed: readonly string[], added: readonly string[] = [], broader = 0): void {
    const { catalog } = this.#scopes
    this.#steps += catalog.scopes.size
    const all = [...this.#granted, ...added]
    const grant = catalog.grant(all)
    const cost: Cost = [this.#scopes.breadthOf(grant, this.#before), broader, added.length]
    if (!isLess(cost, this.#cost)) return
    const lacking = needed.find(name => !grant.covers(name)) ?? catalog.missingRequired(all).keys().next().value
    if (lacking === undefined) {
      this.best = added
      this.#cost = cost
      return
    }
    for (const [i, name] of this.#covering(lacking).entries()) {
      if (i > 0 && this.isLong) break
      this.tryFor(needed, [...added, name], name === lacking ? broader : broader + 1)
    }
  }

  /** The scopes in force that cover this one, in the spelling of today: itself first, then those that cover least. */
  #covering (name: string): readonly string[] {
    let found = this.#coverers.get(name)
    if (found === undefined) {
      const covering = [...this.#scopes.catalog.scopes.values()].filter(other => other.replacedBy === null && this.#scopes.alone(other.name).covers(name))
      found = covering.map(other => other.name).sort((a, b) => Number(b === name) - Number(a === name) || this.#scopes.breadth(a) - this.#scopes.breadth(b))
      this.#coverers.set(name, found)
    }
    return found
  }
}

function isLess (one: Cost, other: Cost): boolean {
  const difference = one.map((part, i) => part - other[i]!).find(part => part !== 0)
  return difference !== undefined && difference < 0
}
