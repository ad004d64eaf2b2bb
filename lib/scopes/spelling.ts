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
    let name: string | undefined = start
    while (name !== undefined && !today.has(name) && !path.has(name) && entries.get(name)!.replacedBy !== null) {
      path.add(name)
      name = replacementOf(entries.get(name)!)
    }
    if (name !== undefined && path.has(name)) {
      const circle = [...path].slice([...path].indexOf(name))
      faults.push(`scopes that replace each other in a circle: ${listed([...circle, name], ' -> ')}; keep one of them without replacedBy`)
      name = undefined
    }
    // Behind a name that could not be resolved, nothing is.
    const end = name === undefined || entries.get(today.get(name) ?? name)!.replacedBy !== null ? undefined : today.get(name) ?? name
    for (const passed of path) today.set(passed, end ?? passed)
  }

  function replacementOf ({ name, replacedBy }: Entry): string | undefined {
    const replacement = entries.get(replacedBy!)
    if (replacement !== undefined && isInForce(replacement)) return replacement.name
    const why = replacement === undefined ? `the catalog does not have${didYouMean(replacedBy, entries.keys())}` : `is ${replacement.status}`
    faults.push(`${show(name)}: replacedBy names ${show(replacedBy)}, which ${why}`)
    return undefined
  }
}
