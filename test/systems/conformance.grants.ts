/** Which grants are tried on every row. */
import type { Reading, Row } from './conformance.expectation.js'

export interface Tried extends Pick<Reading, 'opens' | 'requires'> {
  readonly rows: readonly Row[]
  /** Every scope that may be granted. */
  readonly scopes: readonly string[]
  /** More grants: presets, combinations of the page. */
  readonly grants?: { readonly [title: string]: readonly string[] }
}

export type TriedGrant = readonly [title: string, granted: readonly string[]]

/** Nothing; each scope alone, and all those that do not open it; each combination that a row needs, and that less one. */
export function grantsOf (page: Tried): Map<string, readonly string[]> {
  const { rows, scopes, opens, grants = {} } = page
  const found = new Map<string, readonly string[]>()
  const seen = new Set<string>()
  const add = (title: string, granted: readonly string[]) => {
    const id = [...granted].sort().join(' ')
    if (!seen.has(id)) found.set(title, granted)
    seen.add(id)
  }
  const alternatives = rows.flatMap(({ needs, base }) => typeof needs === 'string' ? [] : [...needs, ...base ? [base] : []])

  add('nothing', [])
  for (const scope of scopes) {
    add(scope, [scope])
    add(`${scope} and what it requires`, completed([scope], page))
  }
  for (const needed of alternatives) {
    add(needed.join(' + '), needed)
    add(`${needed.join(' + ')} and what they require`, completed(needed, page))
    for (const name of needed) add(`${needed.join(' + ')}, less ${name}`, needed.filter(other => other !== name))
  }
  for (const name of new Set(alternatives.flat())) {
    add(`everything that does not open ${name}`, completed(scopes.filter(scope => !opens(scope).includes(name)), page))
  }
  for (const [title, granted] of Object.entries(grants)) add(title, granted)
  return found
}

/**
 * The same, in groups that can be tried on one app, row by row: each row that changes something succeeds for one of the group alone, and
 * finds everything as if that one had been alone.
 */
export function groupsOf (grants: readonly TriedGrant[], changes: (granted: readonly string[]) => readonly Row[]): TriedGrant[][] {
  const groups: Array<{ readonly grants: TriedGrant[], readonly changing: Set<Row> }> = []
  for (const grant of grants) {
    const rows = changes(grant[1])
    let group = groups.find(({ changing }) => !rows.some(row => changing.has(row)))
    if (group === undefined) groups.push(group = { grants: [], changing: new Set() })
    group.grants.push(grant)
    for (const row of rows) group.changing.add(row)
  }
  return groups.map(({ grants }) => grants)
}

/** With what is missing of all that these scopes require. */
export function completed (granted: readonly string[], { opens, requires }: Pick<Reading, 'opens' | 'requires'>): readonly string[] {
  const all = new Set(granted)
  for (const scope of all) {
    for (const name of requires?.(scope) ?? []) {
      if (![...all].some(other => opens(other).includes(name))) all.add(name)
    }
  }
  return [...all]
}
