import { addBits, hasBit, noBits, type Bits } from './bits.js'

/** The scopes that a key or a session was given, resolved against a catalog. */
export interface Grant {
  /** As they were named, unexpanded. */
  readonly names: readonly string[]
  /** Those of them that the catalog does not know, or that are not active: they grant nothing. */
  readonly ineffective: readonly string[]
  /** Whether this scope is among them, or included in one of them. */
  covers (name: string): boolean
}

/** What every scope of a catalog covers, and where each stands in the sets. */
export interface Coverage {
  readonly indexOf: ReadonlyMap<string, number>
  readonly coveredBy: ReadonlyMap<string, Bits>
}

export function grantOf (names: readonly string[], { indexOf, coveredBy }: Coverage): Grant {
  const covered = noBits(indexOf.size)
  const ineffective: string[] = []
  for (const name of names) {
    const bits = coveredBy.get(name)
    if (bits === undefined || !hasBit(bits, indexOf.get(name)!)) ineffective.push(name)
    else addBits(covered, bits)
  }
  return Object.freeze({
    names: Object.freeze([...names]),
    ineffective: Object.freeze(ineffective),
    covers (name: string) {
      const index = indexOf.get(name)
      return index !== undefined && hasBit(covered, index)
    }
  })
}
