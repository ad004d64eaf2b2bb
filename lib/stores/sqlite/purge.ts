import { setImmediate as breathe } from 'node:timers/promises'
import { fromText } from '../row.js'
import { change } from './changes.js'
import type { Connection } from './connection.js'
import { reading } from './driver.js'
import { unpack } from './row.js'

/**
 * Removes what ended before this time, so many at a time that neither this process nor another one that writes is held up for
 * long. To find them takes one look at all records, in parts, and others have their turn in between.
 */
export async function purge (connected: () => Promise<Connection>, before: number): Promise<number> {
  let count = 0
  let last: number | null = 0
  let found: number[] = []
  while (last !== null) {
    // It may be closed meanwhile.
    const to = await connected()
    const { next, ended } = look(to, last, before)
    found.push(...ended)
    last = next
    if (found.length >= ENOUGH || last === null) {
      count += remove(to, found, before)
      found = []
    }
    await breathe()
  }
  return count
}

/** What has ended among the next few records, and where to go on. Rows stay where they are, but for a VACUUM: what that hides, the next purge finds. */
function look ({ handle, endedAfter }: Connection, last: number, before: number): Part {
  const part = reading(handle, () => endedAfter.get(LOOKED_AT, before, before, last, LOOKED_AT))
  return unpack<Part>(part)!
}

/** How many of them there were: another process may have been first. */
function remove (to: Connection, rows: readonly number[], before: number): number {
  if (rows.length === 0) return 0
  const values = [JSON.stringify(rows), before, before]
  return change(to, digestsOf, () => {
    to.purgeUses.run(...values)
    return to.purgeKeys.all(...values).map((row) => unpack<Removed>(row))
  }).length
}

/** `null`, and so all, if one is damaged. */
function digestsOf (removed: ReadonlyArray<Removed | null>): readonly string[] | null {
  const digests: string[] = []
  for (const row of removed) {
    if (row === null) return null
    digests.push(fromText(row.digest))
  }
  return digests
}

interface Removed { readonly digest: string }
interface Part { readonly next: number | null, readonly ended: readonly number[] }

/** Records that one look takes in: that is a millisecond. */
const LOOKED_AT = 500

/** Records that are worth a step. With those of one more look they are no more than are told one by one, so that nobody forgets all others. */
const ENOUGH = 200
