import type { Catalog } from '../scopes/catalog.js'
import type { Grant } from '../scopes/grant.js'
import type { Requirement } from '../scopes/requirement.js'

/** One side of a comparison: a catalog, and what single scopes open in it. */
export interface Side {
  readonly catalog: Catalog
  /** Of one scope alone. */
  grant (name: string): Grant
}

export function sideOf (catalog: Catalog): Side {
  const grants = new Map<string, Grant>()
  return {
    catalog,
    grant (name) {
      const known = grants.get(name) ?? catalog.grant([name])
      grants.set(name, known)
      return known
    }
  }
}

/** Demands of which every one is to be met. `[]` is met by any valid key. */
export type Demands = readonly Requirement[]

/** What no grant meets. */
export const NEVER: Requirement = Object.freeze({ names: [], alternatives: [], missing: () => ({ scopes: [], text: '' }) })

/**
 * Grants that meet all of `met` on one side, and do not meet `unmet` on the other; smallest ones, each of which shows another way, as many
 * as anybody would look at. None if there is no such grant at all.
 *
 * @param names what grants are made of, those to be preferred first.
 */
export function grantsBetween (met: Demands, on: Side, unmet: Requirement, other: Side, names: readonly string[]): ReadonlyArray<readonly string[]> {
  const found = new Map<string, readonly string[]>()
  for (const wanted of combinations(met)) {
    const choices = wanted.map(name => coverersOf(name, on, unmet, other, names))
    for (const grant of chosen(choices, [], grant => unmet.missing(other.catalog.grant(grant)) !== null)) {
      found.set(JSON.stringify(grant), grant)
      if (found.size === MOST) break
    }
    if (found.size === MOST) break
  }
  const all = [...found.values()]
  return all.filter(grant => !all.some(smaller => smaller.length < grant.length && smaller.every(name => grant.includes(name))))
}

/** One is enough to tell that there is any, and ten scopes that can each be had in three ways make 59,049. */
const MOST = 100

/** All scopes that are needed together, for each way to meet every demand. */
function combinations (demands: Demands): ReadonlyArray<readonly string[]> {
  let ways: ReadonlyArray<readonly string[]> = [[]]
  for (const { alternatives } of demands) ways = ways.flatMap(way => alternatives.map(names => [...new Set([...way, ...names])]))
  return ways
}

/**
 * The scopes that cover a name, of those that help equally much to meet `unmet` one, and none that helps more than another: with it, a
 * grant meets `unmet` if it does with that.
 */
function coverersOf (name: string, on: Side, unmet: Requirement, other: Side, names: readonly string[]): readonly string[] {
  const byHelp = new Map<string, { readonly scope: string, readonly helps: readonly string[] }>()
  for (const scope of [name, ...names]) {
    if (!on.grant(scope).covers(name) || !names.includes(scope)) continue
    const helps = unmet.names.filter(needed => other.grant(scope).covers(needed))
    const key = JSON.stringify(helps)
    if (!byHelp.has(key)) byHelp.set(key, { scope, helps })
  }
  const all = [...byHelp.values()]
  return all.filter(({ helps }) => !all.some(less => less.helps.length < helps.length && less.helps.every(needed => helps.includes(needed)))).map(({ scope }) => scope)
}

/** Every way to take one of each list, as long as what was taken is still a grant that is looked for. */
function * chosen (choices: ReadonlyArray<readonly string[]>, taken: readonly string[], isLookedFor: (grant: readonly string[]) => boolean): Generator<readonly string[]> {
  if (!isLookedFor(taken)) return
  const [next, ...rest] = choices
  if (next === undefined) yield taken
  else for (const scope of next) yield * chosen(rest, [...new Set([...taken, scope])].sort(), isLookedFor)
}
