import type { Catalog } from '../../scopes/catalog.js'
import type { Grant } from '../../scopes/grant.js'

/** What single scopes of a catalog cover; each is looked at once. */
export class Scopes {
  readonly catalog: Catalog
  readonly #grants = new Map<string, Grant>()
  readonly #breadths = new Map<string, number>()

  constructor (catalog: Catalog) {
    this.catalog = catalog
  }

  /** The grant of this scope alone. */
  alone (name: string): Grant {
    let grant = this.#grants.get(name)
    if (grant === undefined) this.#grants.set(name, grant = this.catalog.grant([name]))
    return grant
  }

  /** What a scope is called today. */
  today (name: string): string {
    return this.alone(name).current[0]!
  }

  /** How many scopes this one covers. */
  breadth (name: string): number {
    let breadth = this.#breadths.get(name)
    if (breadth === undefined) {
      const includesNone = this.catalog.scopes.get(this.today(name))?.includes.length === 0
      this.#breadths.set(name, breadth = includesNone ? 1 : this.breadthOf(this.alone(name)))
    }
    return breadth
  }

  /** How many scopes a grant covers, those left out that `but` covers too. */
  breadthOf (grant: Grant, but?: Grant): number {
    let count = 0
    for (const { name, replacedBy } of this.catalog.scopes.values()) {
      // A scope with two names counts once.
      if (replacedBy === null && grant.covers(name) && but?.covers(name) !== true) count++
    }
    return count
  }
}
