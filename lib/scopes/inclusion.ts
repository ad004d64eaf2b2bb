import { addBits, noBits, setBit, type Bits } from './bits.js'
import type { Entry } from './entries.js'
import { didYouMean, show } from './faults.js'
import { isPattern, matches } from './name.js'

/**
 * Works out which scopes each scope covers: itself, what it includes, what those include, and so on.
 * Only active scopes cover anything, so that a planned one opens nothing before its time.
 *
 * Patterns are resolved here, once, against the whole catalog. What cannot be resolved is added to `faults`;
 * the result is only meaningful if there are none.
 */
export function coverage (entries: ReadonlyMap<string, Entry>, faults: string[]): Map<string, Bits> {
  const indexOf = new Map([...entries.keys()].map((name, index) => [name, index]))
  const matched = new Map<string, readonly string[]>()
  const included = new Map<string, Set<string>>()

  for (const entry of entries.values()) {
    const direct = new Set<string>()
    for (const item of entry.includes) {
      for (const name of isPattern(item) ? matchesOf(item) : [item]) direct.add(name)
      if (isPattern(item) && matchesOf(item).length === 0) {
        faults.push(`${show(entry.name)}: includes ${show(item)}, a pattern that matches no active scope`)
      } else if (!isPattern(item) && !entries.has(item)) {
        faults.push(`${show(entry.name)}: includes ${show(item)}, which the catalog does not have${hint(item)}`)
      }
    }
    included.set(entry.name, entry.status === 'active' ? direct : new Set())
  }
  for (const circle of namedCircles(entries)) {
    faults.push(`scopes that include each other in a circle: ${circle.join(' -> ')}; scopes that mean the same should be one scope`)
  }

  const covered = new Map<string, Bits>()
  for (const { name, status } of entries.values()) {
    const bits = noBits(entries.size)
    if (status === 'active') reach(name, bits)
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
    for (const name of seen) {
      const known = covered.get(name)
      const index = indexOf.get(name)
      if (known !== undefined) {
        addBits(bits, known)
      } else if (index !== undefined) {
        setBit(bits, index)
        for (const next of included.get(name)!) seen.add(next)
      }
    }
  }
}

/**
 * The circles that scopes form by naming each other, each found once. Meeting again through a pattern is no
 * circle: `full` and `api:write` may both include `*`.
 */
function namedCircles (entries: ReadonlyMap<string, Entry>): string[][] {
  const circles: string[][] = []
  const done = new Set<string>()

  for (const start of entries.keys()) {
    const path: string[] = []
    const left: Array<Iterator<string>> = []
    const enter = (name: string) => { path.push(name); left.push(entries.get(name)!.includes[Symbol.iterator]()) }
    if (!done.has(start)) enter(start)
    // Depth first with a stack of our own: a chain of thousands of scopes must not overflow the call stack.
    while (path.length > 0) {
      const { value: next, done: finished } = left.at(-1)!.next()
      if (finished === true) {
        left.pop()
        done.add(path.pop()!)
      } else if (path.includes(next)) {
        circles.push([...path.slice(path.indexOf(next)), next])
      } else if (entries.has(next) && !done.has(next)) {
        enter(next)
      }
    }
  }
  return circles
}
