import { addBits, hasBit, noBits } from './bits.js'
import type { Coverage } from './inclusion.js'
import type { Spelling } from './spelling.js'

/** The scopes that a key or a session was given, resolved against a catalog. */
export interface Grant {
  /** As they were named, unexpanded. */
  readonly names: readonly string[]
  /** The same as they are called today: a deprecated name gives way to its replacement. Each once. */
  readonly current: readonly string[]
  /** Those of the names that the catalog does not know, or that are not in force: they grant nothing. */
  readonly ineffective: readonly string[]
  /** Whether this scope is among them, or included in one of them. */
  covers (name: string): boolean
}

export function grantOf (names: readonly string[], { indexOf, coveredBy }: Coverage, today: Spelling): Grant {
  const covered = noBits(indexOf.size)
  const ineffective: string[] = []
  for (const name of names) {
    const bits = coveredBy.get(name)
    if (bits === undefined) ineffective.push(name)
    else addBits(covered, bits)
  }
  return Object.freeze({
    names: Object.freeze([...names]),
    current: Object.freeze([...new Set(names.map(today))]),
    ineffective: Object.freeze(ineffective),
    covers (name: string) {
      const index = indexOf.get(name)
      return index !== undefined && hasBit(covered, index)
    }
  })
}

/** What both of two grants allow. */
export function intersection (grant: Grant, limit: Grant): Grant {
  const covers = (name: string) => grant.covers(name) && limit.covers(name)
  return Object.freeze({
    names: grant.names,
    // `full` within `apps:read` is `apps:read`.
    current: Object.freeze([...new Set([...grant.current, ...limit.current].filter(covers))]),
    ineffective: grant.ineffective,
    covers
  })
}
