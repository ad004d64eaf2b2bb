import type { PastDemand } from './demands.js'
import type { Scopes } from './scopes.js'

/** The scopes of a grant, each held against demands on its own. */
export class Holdings {
  readonly #scopes: Scopes
  /** As they were granted. */
  readonly #granted: ReadonlySet<string>
  readonly #holders = new Map<string, string | undefined>()

  constructor (granted: readonly string[], scopes: Scopes) {
    this.#scopes = scopes
    this.#granted = new Set(granted)
  }

  /** To which granted scope a demand for this one is put down: to itself if it was granted, else to the one that covers least beside it. */
  holderOf (name: string): string | undefined {
    if (this.#granted.has(name)) return name
    if (!this.#holders.has(name)) this.#holders.set(name, this.#find(name))
    return this.#holders.get(name)
  }

  #find (name: string): string | undefined {
    const covering = [...this.#granted].filter(granted => this.#scopes.alone(granted).covers(name)).sort()
    // An old name of the same scope stands for it, even if another scope covers no more.
    return covering.find(granted => this.#scopes.today(granted) === name) ??
      covering.sort((a, b) => this.#scopes.breadth(a) - this.#scopes.breadth(b))[0]
  }
}

/**
 * When each granted scope was last needed, in milliseconds since 1970. Of a choice one alternative counts, so that no more
 * counts as needed than has to be kept: if possible one whose scopes are needed anyway, and were needed lately.
 */
export function lastNeeded (demands: readonly PastDemand[], holdings: Holdings, scopes: Scopes): ReadonlyMap<string, number> {
  const needed = new Map<string, number>()
  const holders = (names: readonly string[]) => [...new Set(names.map(name => holdings.holderOf(name)!))]
  const count = (granted: readonly string[], at: number) => {
    for (const name of granted) needed.set(name, Math.max(at, needed.get(name) ?? at))
  }

  for (const { alternatives, at } of demands) {
    if (alternatives.length === 1) count(holders(alternatives[0]!), at)
  }
  const choices = demands.filter(({ alternatives }) => alternatives.length > 1).sort((a, b) => b.at - a.at)
  for (const { alternatives, at } of choices) {
    const ways = alternatives.map(names => {
      const granted = holders(names)
      return {
        granted,
        fresh: granted.filter(name => !needed.has(name)).length,
        oldest: Math.min(...granted.map(name => needed.get(name) ?? at)),
        breadth: granted.reduce((sum, name) => sum + scopes.breadth(name), 0)
      }
    })
    const [best] = ways.sort((a, b) => a.fresh - b.fresh || b.oldest - a.oldest || a.breadth - b.breadth)
    count(best!.granted, at)
  }
  return needed
}
