import { addBits, hasBit, noBits, setBit, type Bits } from './bits.js'
import type { Entry } from './entries.js'
import { didYouMean, show } from './faults.js'
import { isPattern, matches } from './name.js'

/**
 * Works out which scopes each scope covers: itself, what it includes, what those include, and so on.
 * Only active scopes cover anything and are covered, so that a planned one opens nothing before its time.
 *
 * Patterns are resolved here, once, against the whole catalog. What cannot be resolved is added to `faults`;
 * the result is only meaningful if there are none.
 */
export function coverage (entries: ReadonlyMap<string, Entry>, faults: string[]): Map<string, Bits> {
  const indexOf = new Map([...entries.keys()].map((name, index) => [name, index]))
  const matched = new Map<string, readonly string[]>()

  for (const entry of entries.values()) {
    for (const item of entry.includes) {
      if (isPattern(item) && matchesOf(item).length === 0) {
        faults.push(`${show(entry.name)}: includes ${show(item)}, a pattern that matches no active scope`)
      } else if (!isPattern(item) && !entries.has(item)) {
        faults.push(`${show(entry.name)}: includes ${show(item)}, which the catalog does not have${hint(item)}`)
      }
    }
  }
  const { circles, order } = followNames(entries)
  for (const circle of circles) {
    faults.push(`scopes that include each other in a circle: ${circle.join(' -> ')}; scopes that mean the same should be one scope`)
  }

  const covered = new Map<string, Bits>()
  for (const name of order) {
    const bits = noBits(entries.size)
    reach(name, bits)
    covered.set(name, bits)
  }
  return covered

  function matchesOf (pattern: string): readonly string[] {
    let names = matched.get(pattern)
    if (names === undefined) {
      names = [...entries.values()].filter(({ name, status }) => status === 'active' && matches(pattern, name)).map(({ name }) => name)
      matched.set(pattern, names)
    }
    return names
  }

  function hint (item: string): string {
    return item.includes('*')
      ? '; in a pattern a "*" stands for a whole segment, as in devices:* or *:read'
      : didYouMean(item, entries.keys())
  }

  function reach (start: string, bits: Bits): void {
    const seen = new Set([start])
    for (const item of seen) {
      const entry = entries.get(item)
      if (entry === undefined) {
        for (const name of matched.get(item) ?? []) seen.add(name)
      } else if (entry.status === 'active' && !hasBit(bits, indexOf.get(item)!)) {
        // A bit that is set already came with another scope's cover, and all that this one covers with it.
        const known = covered.get(item)
        if (known !== undefined) {
          addBits(bits, known)
        } else {
          setBit(bits, indexOf.get(item)!)
          for (const next of entry.includes) seen.add(next)
        }
      }
    }
  }
}

/**
 * Follows the names (not the patterns) that scopes include. `circles` are those that they form by naming each other,
 * each found once; meeting again through a pattern is no circle: `full` and `api:write` may both include `*`.
 * In `order`, each scope stands after those that it names.
 */
function followNames (entries: ReadonlyMap<string, Entry>): { circles: string[][], order: Iterable<string> } {
  const circles: string[][] = []
  const done = new Set<string>()

  for (const start of entries.keys()) {
    const path = new Set<string>()
    const left: Array<{ name: string, includes: Iterator<string> }> = []
    const enter = (name: string) => { path.add(name); left.push({ name, includes: entries.get(name)!.includes[Symbol.iterator]() }) }
    if (!done.has(start)) enter(start)
    // Depth first with a stack of our own: a chain of thousands of scopes must not overflow the call stack.
    while (left.length > 0) {
      const { name, includes } = left.at(-1)!
      const { value: next, done: finished } = includes.next()
      if (finished === true) {
        left.pop()
        path.delete(name)
        done.add(name)
      } else if (path.has(next)) {
        const names = [...path]
        circles.push([...names.slice(names.indexOf(next)), next])
      } else if (entries.has(next) && !done.has(next)) {
        enter(next)
      }
    }
  }
  return { circles, order: done }
}
