import { MOST_AT_ONCE } from '../change-log.js'
import { fromText } from '../row.js'
import { change } from './changes.js'
import type { Connection } from './connection.js'
import { transaction } from './transaction.js'

/**
 * Removes what ended before this time, so many at a time that nobody else is held up for long. To find them takes one look at all
 * records, in parts, each of them short however many there are.
 */
export async function purge (to: Connection, before: number): Promise<number> {
  let count = 0
  let part: Part = { createdAt: FIRST, id: '', isLast: false, ended: [] }
  while (!part.isLast) {
    part = await look(to, part, before)
    for (let from = 0; from < part.ended.length; from += MOST_AT_ONCE) count += await remove(to, part.ended.slice(from, from + MOST_AT_ONCE), before)
  }
  return count
}

/** What has ended among the next records by creation, and where to go on. */
async function look (to: Connection, { createdAt, id }: Part, before: number): Promise<Part> {
  const asked = to.endedAfter(before, before, createdAt, id, LOOKED_AT)
  const { rows: [row] } = await transaction(to.pool, PATIENCE, 'SELECT 1', async (ask) => await ask(asked) as { rows: [Row] })
  return {
    createdAt: row.createdAt ?? FIRST,
    id: row.id ?? '',
    isLast: Number(row.count) < LOOKED_AT,
    ended: JSON.parse(row.ended ?? '[]') as string[]
  }
}

/** How many of them there were: another process may have been first. Each is told, so that nobody forgets all others. */
async function remove (to: Connection, found: readonly string[], before: number): Promise<number> {
  const digests = await change(to, async (ask) => {
    const { rows: locked } = await ask(to.lockEnded(found, before, before)) as { rows: Array<{ id: string }> }
    const ids = locked.map(({ id }) => id)
    await ask(to.purgeUses(ids))
    const { rows } = await ask(to.purgeKeys(ids)) as { rows: Array<{ digest: string }> }
    return rows.map(({ digest }) => fromText(digest))
  }, (digests) => digests)
  return digests.length
}

/** The last record that was looked at, whether there are no more, and the ids of those that had ended. */
interface Part { readonly createdAt: string, readonly id: string, readonly isLast: boolean, readonly ended: readonly string[] }
interface Row { readonly count: string, readonly createdAt: string | null, readonly id: string | null, readonly ended: string | null }

/** No record was made before that: the first number of the column. */
const FIRST = '-9223372036854775808'

/** Records that one look takes in. */
const LOOKED_AT = 10_000

/** Milliseconds for one look. */
const PATIENCE = 60_000
