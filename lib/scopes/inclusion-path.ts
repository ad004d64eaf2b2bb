import { isInForce, type Entry } from './entries.js'
import { isPattern } from './name.js'
import { matching, type Matching } from './patterns.js'

/** Answers through which names and patterns one of the granted scopes covers a scope; `null` if none does. */
export type InclusionPath = (granted: readonly string[], scope: string) => readonly string[] | null

/**
 * Nothing is worked out before somebody asks: no request does. Each step leads from a scope to what it includes, from a pattern to
 * what it matches, or from one name of a scope to the next; a shortest way is found, of several always the same.
 */
export function inclusionPath (entries: ReadonlyMap<string, Entry>): InclusionPath {
  let steps: ((node: string) => readonly string[]) | undefined

  return (granted, scope) => {
    if (!isKnown(scope)) return null
    steps ??= stepsIn(entries)
    // A Map also visits what is added on the way, so that what is nearest is looked at first.
    const cameFrom = new Map<string, string | undefined>()
    for (const name of granted) if (isKnown(name)) cameFrom.set(name, undefined)
    for (const [node] of cameFrom) {
      if (node === scope) return wayTo(scope, cameFrom)
      for (const next of steps(node)) if (!cameFrom.has(next)) cameFrom.set(next, node)
    }
    return null
  }

  function isKnown (name: string): boolean {
    const entry = entries.get(name)
    return entry !== undefined && isInForce(entry)
  }
}

function wayTo (scope: string, cameFrom: ReadonlyMap<string, string | undefined>): readonly string[] {
  const way: string[] = []
  for (let node: string | undefined = scope; node !== undefined; node = cameFrom.get(node)) way.unshift(node)
  return Object.freeze(way)
}

function stepsIn (entries: ReadonlyMap<string, Entry>): (node: string) => readonly string[] {
  const inForce = new Map([...entries].filter(([, entry]) => isInForce(entry)))
  const matched: Matching = matching(inForce.keys())
  // Two names of one scope are the same both ways.
  const oldNames = new Map<string, string[]>()
  for (const { name, replacedBy } of inForce.values()) {
    if (replacedBy !== null) oldNames.set(replacedBy, [...oldNames.get(replacedBy) ?? [], name])
  }
  return node => {
    const entry = inForce.get(node)
    if (entry === undefined) return matched(node)
    const { includes, replacedBy } = entry
    const others = [...replacedBy === null ? [] : [replacedBy], ...includes, ...oldNames.get(node) ?? []]
    return others.filter(other => inForce.has(other) || isPattern(other))
  }
}
