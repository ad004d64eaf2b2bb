import type { Actor } from '../keys/audit.js'
import type { Grant } from '../scopes/grant.js'
import type { Demand } from '../scopes/requirement.js'
import type { Denial } from './denial.js'
import type { Throttle } from './throttle.js'

/** A refusal that was only told of. */
export interface Told {
  readonly actor: Actor
  readonly method: string
  readonly route: string
  readonly denial: Denial
  /** What was demanded, where scopes are missing. */
  readonly demand: Demand | null
  /** `null`: a key or session without limits. */
  readonly grant: Grant | null
}

/** All that were alike. */
export interface Row {
  readonly actor: Actor
  readonly method: string
  readonly route: string
  readonly code: string
  readonly message: string
  readonly missingScopes: readonly string[]
  readonly firstAt: Date
  readonly atTimes: Throttle
  count: number
  lastAt: Date
  /** Of the last one. */
  demand: Demand | null
  grant: Grant | null
}

/** Counts what was only told of: by caller, route and denial, in memory that has an end. */
export class Tally {
  readonly since = new Date()
  readonly #rows = new Map<string, Row>()
  readonly #lately = new Map<Row, number>()
  #unlisted = 0
  #unlistedLately = 0

  /** @returns its row, or `undefined` if there are too many: then it is only counted. */
  note ({ actor, method, route, denial: { code, message, missingScopes = [] }, demand, grant }: Told, newThrottle: () => Throttle): Row | undefined {
    // The message tells alternatives apart, which the missing scopes alone do not.
    const id = JSON.stringify([actor, method, route, code, message])
    let row = this.#rows.get(id)
    if (row === undefined) {
      if (this.#rows.size >= MOST_ROWS) {
        this.#unlisted++
        this.#unlistedLately++
        return undefined
      }
      const now = new Date()
      row = { actor, method, route, code, message, missingScopes, firstAt: now, lastAt: now, atTimes: newThrottle(), count: 0, demand, grant }
      this.#rows.set(id, row)
    }
    Object.assign(row, { count: row.count + 1, lastAt: new Date(), demand, grant })
    this.#lately.set(row, (this.#lately.get(row) ?? 0) + 1)
    return row
  }

  /** How many were counted since `takeLately` was called. */
  get lately (): number {
    return sum(this.#lately.values()) + this.#unlistedLately
  }

  /** What was counted since this was called before. */
  takeLately (): { readonly count: number, readonly unlisted: number, readonly rows: Array<Row & { readonly lately: number }> } {
    const taken = { count: this.lately, unlisted: this.#unlistedLately, rows: [...this.#lately].map(([row, lately]) => ({ ...row, lately })) }
    this.#lately.clear()
    this.#unlistedLately = 0
    return taken
  }

  /** How many have no row. */
  get unlisted (): number {
    return this.#unlisted
  }

  rows (): readonly Row[] {
    return [...this.#rows.values()]
  }
}

/** Rows are never dropped for others: those that are new would each be logged anew. */
const MOST_ROWS = 1000

export function sum (counts: Iterable<number>): number {
  return [...counts].reduce((all, count) => all + count, 0)
}
