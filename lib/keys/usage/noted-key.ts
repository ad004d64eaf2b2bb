import type { Requirement } from '../../scopes/requirement.js'

/**
 * A key on which its use is noted until that is written, so that at each request a few numbers change and nothing has to be made, or
 * looked for among very many keys. Times are milliseconds since the log began (fewer than none if the
 * clock was set back): small numbers, which V8 keeps in the object itself.
 */
export interface NotedKey {
  readonly id: string
  /** `NEVER`: nothing is noted. */
  usedAt: number
  /** The first demand that it met: most keys meet one over and over. */
  met: Requirement | null
  metAt: number
  /** The other ones. */
  otherMet: Map<Requirement, number> | null
}

/** The smallest of these numbers. */
export const NEVER = -(2 ** 31)

export function isNoted ({ usedAt }: NotedKey): boolean {
  return usedAt !== NEVER
}

/** Notes a demand that was not met before. */
export function meet (key: NotedKey, demand: Requirement, at: number): void {
  if (key.met === null) {
    key.met = demand
    key.metAt = at
  } else {
    key.otherMet ??= new Map()
    key.otherMet.set(demand, at)
  }
}

/** Every demand that it met, and when. */
export function * demandsOn ({ met, metAt, otherMet }: NotedKey): Generator<readonly [Requirement, number]> {
  if (met !== null) yield [met, metAt]
  if (otherMet !== null) yield * otherMet
}

/** It is written now. */
export function forget (key: NotedKey): void {
  key.usedAt = NEVER
  key.met = null
  key.metAt = NEVER
  key.otherMet = null
}
