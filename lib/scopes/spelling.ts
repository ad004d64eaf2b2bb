import { isInForce, type Entry } from './entries.js'
import { didYouMean, show } from './faults.js'

/** Answers what a scope is called today: its own name, or for a deprecated one that of its replacement. */
export type Spelling = (name: string) => string

/** What cannot be resolved is added to `faults`; such a scope, and any that is unknown, keeps its own name. */
export function spelling (entries: ReadonlyMap<string, Entry>, faults: string[]): Spelling {
  const today = new Map<string, string>()
  const circling = new Set<string>()
  for (const { name, replacedBy } of entries.values()) {
    if (replacedBy !== null) today.set(name, follow(name))
  }
  return name => today.get(name) ?? name

  function follow (start: string): string {
    const path = new Set([start])
    let entry = entries.get(start)!
    while (entry.replacedBy !== null) {
      const { name, replacedBy } = entry
      const next = entries.get(replacedBy)
      if (path.has(replacedBy)) {
        if (replacedBy === start && !circling.has(start)) {
          faults.push(`scopes that replace each other in a circle: ${[...path, start].join(' -> ')}; keep one of them without replacedBy`)
          for (const member of path) circling.add(member)
        }
        return start
      }
      if (next === undefined || !isInForce(next)) {
        const why = next === undefined ? `the catalog does not have${didYouMean(replacedBy, entries.keys())}` : `is ${next.status}`
        if (name === start) faults.push(`${show(start)}: replacedBy names ${show(replacedBy)}, which ${why}`)
        return start
      }
      path.add(replacedBy)
      entry = next
    }
    return entry.name
  }
}
