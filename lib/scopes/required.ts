import { addBits, hasBit, noBits } from './bits.js'
import type { ReadOptions } from './catalog-options.js'
import { isInForce, type Entry } from './entries.js'
import { didYouMean, show } from './faults.js'
import { isPattern } from './name.js'
import type { Coverage } from './inclusion.js'
import type { Spelling } from './spelling.js'

/** Each missing scope, with those that require it. */
export type MissingRequired = ReadonlyMap<string, readonly string[]>

/**
 * Follows what scopes require to be granted with them, and what that requires in turn. What these scopes cover is not
 * missing; what another missing one covers is. Scopes may require each other.
 *
 * Only scopes that are named have requirements, not those that they include: an alias that grows by itself must not
 * become impossible to grant one day.
 */
export function missingRequired (
  names: readonly string[],
  entries: ReadonlyMap<string, Entry>,
  today: Spelling,
  { indexOf, coveredBy }: Coverage
): MissingRequired {
  // What is not in force grants nothing, and requires nothing.
  const named = new Set(names.map(today).filter(name => coveredBy.has(name)))
  const missing = new Map<string, string[]>()
  const covered = noBits(indexOf.size)
  for (const name of named) addBits(covered, coveredBy.get(name)!)

  // A Set also visits what is added on the way.
  for (const name of named) {
    for (const required of new Set(entries.get(name)!.requires.map(today))) {
      const requirers = missing.get(required)
      if (requirers !== undefined) {
        requirers.push(name)
      } else if (!hasBit(covered, indexOf.get(required)!)) {
        missing.set(required, [name])
        named.add(required)
      }
    }
  }
  return missing
}

/** A scope whose required scope can never be granted could never be granted itself. */
export function checkRequires (entries: ReadonlyMap<string, Entry>, faults: string[]): void {
  for (const entry of entries.values()) {
    for (const name of new Set(entry.requires)) {
      const required = entries.get(name)
      if (isPattern(name)) faults.push(`${show(entry.name)}: requires ${show(name)}, a pattern; name each scope that it requires`)
      else if (required === undefined) faults.push(`${show(entry.name)}: requires ${show(name)}, which the catalog does not have${didYouMean(name, entries.keys())}`)
      else if (isInForce(entry) && !isInForce(required)) faults.push(`${show(entry.name)}: requires ${show(name)}, which is ${required.status}`)
    }
  }
}

/** The default grant and the presets name all that their scopes require. */
export function checkOffers (
  { defaultGrant = [], presets }: Pick<ReadOptions, 'defaultGrant' | 'presets'>,
  missing: (names: readonly string[]) => MissingRequired,
  faults: string[]
): void {
  const offers = [['defaultGrant', defaultGrant], ...[...presets].map(([name, list]) => [`preset ${show(name)}`, list])] as Array<[string, readonly string[]]>
  for (const [field, list] of offers) {
    for (const [name, requirers] of missing(list)) faults.push(`${field} lacks ${show(name)}, which ${requirers.map(show).join(' and ')} ${requirers.length === 1 ? 'requires' : 'require'}`)
  }
}
