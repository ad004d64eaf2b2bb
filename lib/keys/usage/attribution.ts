import type { Catalog } from '../../scopes/catalog.js'
import type { Grant } from '../../scopes/grant.js'
import type { PastDemand } from './demands.js'

/** The scopes of a grant, each held against demands on its own. */
export class Holdings {
  readonly #catalog: Catalog
  /** As they were granted. */
  readonly #grants: ReadonlyMap<string, Grant>
  readonly #breadths = new Map<string, number>()
  readonly #holders = new Map<string, string | undefined>()

  constructor (granted: readonly string[], catalog: Catalog) {
    this.#catalog = catalog
    this.#grants = new Map(granted.map(name => [name, catalog.grant([name])]))
  }

  /** To which granted scope a demand for this one is put down: to itself if it was granted, else to the one that covers least beside it. */
  holderOf (name: string): string | undefined {
    if (this.#grants.has(name)) return name
    if (!this.#holders.has(name)) this.#holders.set(name, this.#find(name))
    return this.#holders.get(name)
  }

  /** How many scopes a granted one covers. */
  breadthOf (granted: string): number {
    const breadth = this.#breadths.get(granted) ?? breadthOf(this.#grants.get(granted)!, this.#catalog)
    this.#breadths.set(granted, breadth)
    return breadth
  }

  #find (name: string): string | undefined {
    const covering = [...this.#grants].filter(([, grant]) => grant.covers(name))
    // An old name of the same scope stands for it, even if another scope covers no more.
    const [same] = covering.filter(([, { current }]) => current[0] === name).map(([granted]) => granted).sort()
    const byBreadth = (a: string, b: string) => this.breadthOf(a) - this.breadthOf(b) || (a < b ? -1 : 1)
    return same ?? covering.map(([granted]) => granted).sort(byBreadth)[0]
  }
}

/** How many scopes a grant covers. One with two names counts once. */
export function breadthOf (grant: Grant, catalog: Catalog): number {
  let count = 0
  for (const { name, replacedBy } of catalog.scopes.values()) if (replacedBy === null && grant.covers(name)) count++
  return count
}

/**
 * When each granted scope was last needed, in milliseconds since 1970. Of a choice one alternative counts, so that no more
 * counts as needed than has to be kept: if possible one whose scopes are needed anyway, and were needed lately.
 */
export function lastNeeded (demands: readonly PastDemand[], holdings: Holdings): ReadonlyMap<string, number> {
  const needed = new Map<string, number>()
  const holders = (names: readonly string[]) => [...new Set(names.map(name => holdings.holderOf(name)!))]
  const count = (scopes: readonly string[], at: number) => {
    for (const scope of scopes) needed.set(scope, Math.max(at, needed.get(scope) ?? at))
  }

  for (const { alternatives, at } of demands) {
    if (alternatives.length === 1) count(holders(alternatives[0]!), at)
  }
  const choices = demands.filter(({ alternatives }) => alternatives.length > 1).sort((a, b) => b.at - a.at)
  for (const { alternatives, at } of choices) {
    const ways = alternatives.map(names => {
      const scopes = holders(names)
      return {
        scopes,
        fresh: scopes.filter(scope => !needed.has(scope)).length,
        oldest: Math.min(...scopes.map(scope => needed.get(scope) ?? at)),
        breadth: scopes.reduce((sum, scope) => sum + holdings.breadthOf(scope), 0)
      }
    })
    const [best] = ways.sort((a, b) => a.fresh - b.fresh || b.oldest - a.oldest || a.breadth - b.breadth)
    count(best!.scopes, at)
  }
  return needed
}
