import { MOST_AT_ONCE } from '../change-log.js'
import { fromText } from '../row.js'
import { change } from './changes.js'
import type { Connection } from './connection.js'
import { transaction } from './transaction.js'

/**
 * Removes what ended before this time, so many at a time that nobody else is held up for long. To find them takes one look at all
 * records, during which nobody has to wait.
 */
export async function purge (to: Connection, before: number): Promise<number> {
  let count = 0
  let last: string | null = null
  while (true) {
    const found: string[] = await transaction(to.pool, PATIENCE, 'SELECT 1', async (ask) => idsOf(await ask(to.endedKeys(before, before, last, last, AT_ONCE))))
    if (found.length === 0) return count
    for (let from = 0; from < found.length; from += MOST_AT_ONCE) count += await remove(to, found.slice(from, from + MOST_AT_ONCE), before)
    last = found.at(-1)!
  }
}

/** How many of them there were: another process may have been first. Each is told, so that nobody forgets all others. */
async function remove (to: Connection, found: readonly string[], before: number): Promise<number> {
  const digests = await change(to, async (ask) => {
    const ids = idsOf(await ask(to.lockEnded(found, before, before)))
    await ask(to.purgeUses(ids))
    const { rows } = await ask(to.purgeKeys(ids)) as { rows: Array<{ digest: string }> }
    return rows.map(({ digest }) => fromText(digest))
  }, (digests) => digests)
  return digests.length
}

function idsOf (answer: unknown): string[] {
  return (answer as { rows: Array<{ id: string }> }).rows.map(({ id }) => id)
}

/** Keys that are found with one look. */
const AT_ONCE = 10_000

/** Milliseconds. */
const PATIENCE = 60_000
