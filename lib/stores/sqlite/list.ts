import { setImmediate as breathe } from 'node:timers/promises'
import type { StoredKey } from '../../keys/record.js'
import type { KeyQuery } from '../../keys/store.js'
import { conditionsOf, type Condition } from '../list.js'
import { toMilliseconds, toText } from '../row.js'
import type { Connection } from './connection.js'
import { toKey, unpack } from './row.js'

/**
 * A page of a list. Where none of the indexes tells which records meet the conditions, and so hardly any may, they are looked at in
 * parts, and others have their turn in between.
 */
export async function list (connected: () => Promise<Connection>, query: KeyQuery): Promise<StoredKey[]> {
  const { ownerId, after: _, limit, ...filters } = query
  const owner = ownerId === undefined ? {} : { ownerId }
  const found: StoredKey[] = []
  let begin = beginningOf(query)
  while (true) {
    // It may be closed meanwhile.
    const to = await connected()
    const end = isIndexed(query) ? undefined : endOfPart(to, between(begin), conditionsOf({ ...owner, limit }))
    const conditions = [...between(begin, end), ...conditionsOf({ ...owner, ...filters, limit })]
    found.push(...to.list(sqlOf(conditions)).all(...valuesOf(conditions), limit - found.length).map(toKey))
    if (end === undefined || found.length === limit) return found
    begin = end
    await breathe()
  }
}

/** Only what was made before can be unused since. */
function beginningOf ({ after, unusedSince }: KeyQuery): Place | undefined {
  const place = after && [toMilliseconds(after.createdAt), toText(after.id)] as const
  if (unusedSince === undefined) return place
  const since = toMilliseconds(unusedSince)
  return place !== undefined && place[0] < since ? place : [since, '']
}

/** Those by creation and by owner hold all records, and those of the revoked and the disabled ones just these. */
function isIndexed ({ state, unusedSince }: KeyQuery): boolean {
  return unusedSince === undefined && (state === undefined || state.is === 'revoked' || state.is === 'disabled')
}

/** The place of the last record of the next part, or `undefined` if all others are fewer. */
function endOfPart (to: Connection, begin: readonly Condition[], owner: readonly Condition[]): Place | undefined {
  const conditions = [...begin, ...owner]
  const row = to.place(sqlOf(conditions)).get(...valuesOf(conditions), LOOKED_AT - 1)
  // A damaged one is no place: then the rest is one part.
  const place = row === undefined ? null : unpack<{ createdAt: number, id: string }>(row)
  return place === null ? undefined : [place.createdAt, place.id]
}

/** After the record at one place, as far as that at another one; as they stand in the table. */
type Place = readonly [createdAt: number, id: string]
function between (begin: Place | undefined, end?: Place): Condition[] {
  const conditions: Condition[] = []
  if (begin !== undefined) conditions.push(['(created_at, id) < (?, ?)', ...begin])
  if (end !== undefined) conditions.push(['(created_at, id) >= (?, ?)', ...end])
  return conditions
}

function sqlOf (conditions: readonly Condition[]): string[] {
  return conditions.map(([sql]) => sql)
}

function valuesOf (conditions: readonly Condition[]) {
  return conditions.flatMap(([, ...values]) => values)
}

/** Records that one part has: some milliseconds. */
const LOOKED_AT = 5000
