import { isInForce, type Entry } from './entries.js'
import { didYouMean, listed, show } from './faults.js'

/** Answers what a scope is called today: its own name, or for a deprecated one that of its replacement. */
export type Spelling = (name: string) => string

/** What cannot be resolved is added to `faults`; such a scope, and any that is unknown, keeps its own name. */
export function spelling (entries: ReadonlyMap<string, Entry>, faults: string[]): Spelling {
  const today = new Map<string, string>()
  for (const { name, replacedBy } of entries.values()) {
    if (replacedBy !== null && !today.has(name)) follow(name)
  }
  return name => today.get(name) ?? name

  /** Finds out for all names on the way, so that each is looked at once. */
  function follow (start: string): void {
    const path = new Set<string>()
    let entry: Entry | undefined = entries.get(start)!
    while (entry !== undefined && entry.replacedBy !== null && !today.has(entry.name)) {
      if (path.has(entry.name)) {
        const circle = [...path].slice([...path].indexOf(entry.name))
        faults.push(`scopes that replace each other in a circle: ${listed([...circle, entry.name], String, ' -> ')}; keep one of them without replacedBy`)
        entry = undefined
      } else {
        path.add(entry.name)
        entry = replacementOf(entry)
      }
    }
    // Where it ends may be known already, if only as a name that cannot be resolved.
    const end = entry && entries.get(today.get(entry.name) ?? entry.name)!
    for (const name of path) today.set(name, end?.replacedBy === null ? end.name : name)
  }

  function replacementOf ({ name, replacedBy }: Entry): Entry | undefined {
    const replacement = entries.get(replacedBy!)
    if (replacement !== undefined && isInForce(replacement)) return replacement
    const why = replacement === undefined ? `the catalog does not have${didYouMean(replacedBy, entries.keys())}` : `is ${replacement.status}`
    faults.push(`${show(name)}: replacedBy names ${show(replacedBy)}, which ${why}`)
    return undefined
  }
}
