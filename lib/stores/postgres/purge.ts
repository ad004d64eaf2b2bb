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
    count += await change(to, async (ask) => {
      // Another may have purged them meanwhile.
      const ids = idsOf(await ask(to.lockEnded(found, before, before)))
      await ask(to.purgeUses(ids))
      await ask(to.purgeKeys(ids))
      return ids.length
    }, (removed) => removed > 0 ? null : [])
    last = found.at(-1)!
  }
}

function idsOf (answer: unknown): string[] {
  return (answer as { rows: Array<{ id: string }> }).rows.map(({ id }) => id)
}

const AT_ONCE = 10_000

/** Milliseconds. */
const PATIENCE = 60_000
