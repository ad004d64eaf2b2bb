import { addBits, noBits, setBit, type Bits } from './bits.js'
import { components } from './components.js'
import { isInForce, type Entry } from './entries.js'
import { didYouMean, listed, show } from './faults.js'
import { isPattern } from './name.js'
import { matching, type Matching } from './patterns.js'
import type { Spelling } from './spelling.js'

/** What every scope that is in force covers, and where each stands in the sets: two spellings of one scope, in one place. */
export interface Coverage {
  readonly indexOf: ReadonlyMap<string, number>
  readonly coveredBy: ReadonlyMap<string, Bits>
}

/**
 * Works out which scopes each scope covers: itself, what it includes, what those include, and so on.
 * Only scopes in force cover anything and are covered, so that a planned one opens nothing before its time.
 *
 * Patterns are resolved here, once, against the whole catalog. What cannot be resolved is added to `faults`;
 * the result is only meaningful if there are none.
 */
export function coverage (entries: ReadonlyMap<string, Entry>, today: Spelling, faults: string[]): Coverage {
  const inForce = [...entries.values()].filter(isInForce)
  const matched = matching(inForce.map(({ name }) => name))
  findFaults(entries, matched, today, faults)

  const current = inForce.filter(({ name }) => today(name) === name).map(({ name }) => name)
  const places = new Map(current.map((name, index) => [name, index]))
  // By scope as it is called today, and by pattern.
  const covers = new Map<string, Bits>()
  // Scopes that include each other, as they may through patterns, cover the same.
  for (const component of components(current, directly)) {
    const bits = noBits(places.size)
    for (const node of component) {
      const place = places.get(node)
      if (place !== undefined) setBit(bits, place)
      covers.set(node, bits)
    }
    for (const node of component) {
      for (const next of directly(node)) if (covers.get(next) !== bits) addBits(bits, covers.get(next)!)
    }
  }

  return {
    indexOf: new Map(inForce.map(({ name }) => [name, places.get(today(name))!])),
    coveredBy: new Map(inForce.map(({ name }) => [name, covers.get(today(name))!]))
  }

  /** What a scope names, or a pattern matches, as far as it is in force. The patterns are nodes too: many scopes share one. */
  function directly (node: string): string[] {
    const entry = entries.get(node)
    const items = entry?.includes ?? matched(node)
    return items.map(today).filter(item => places.has(item) || isPattern(item))
  }
}

function findFaults (entries: ReadonlyMap<string, Entry>, matched: Matching, today: Spelling, faults: string[]): void {
  // A planned scope may include others that are.
  const matchedAtAll = matching(entries.keys())
  for (const entry of entries.values()) {
    const { name } = entry
    for (const item of new Set(entry.includes)) {
      if (isPattern(item)) {
        if ((isInForce(entry) ? matched(item) : matchedAtAll(item)).length === 0) faults.push(`${show(name)}: includes ${show(item)}, a pattern that matches no active scope`)
      } else if (!entries.has(item)) {
        const hint = item.includes('*') ? '; in a pattern a "*" stands for a whole segment, as in devices:* or *:read' : didYouMean(item, entries.keys())
        faults.push(`${show(name)}: includes ${show(item)}, which the catalog does not have${hint}`)
      }
    }
  }
  // Meeting again through a pattern is no circle: `full` and `api:write` may both include `*`.
  const named = (name: string) => entries.get(name)!.includes.map(today).filter(item => entries.has(item))
  for (const component of components(entries.keys(), named)) {
    const [name] = component as [string]
    if (component.length > 1) {
      faults.push(`scopes that include each other in a circle: ${listed(component)}; scopes that mean the same should be one scope`)
    } else if (named(name).includes(name)) {
      const old = entries.get(name)!.includes.find(item => item !== name && today(item) === name)
      faults.push(`${show(name)}: includes itself${old === undefined ? '' : `, by its old name ${show(old)}`}`)
    }
  }
}
