import type { Changes, Position } from '../../keys/store.js'
import { CHANGES_KEPT, changesSince, entriesFor } from '../change-log.js'
import { fromText, toText } from '../row.js'
import type { Connection } from './connection.js'
import { reading, writing } from './driver.js'
import { unpack } from './row.js'

/**
 * Makes a change and notes what it concerns, in one transaction.
 *
 * @param concerns Digests of the records; `null`: all. None: nothing was changed.
 */
export function change<Result> (to: Connection, concerns: (result: Result) => readonly string[] | null, work: () => Result): Result {
  const result = writing(to.handle, () => {
    const result = work()
    for (const entry of entriesFor(concerns(result))) entry === null ? to.logAll.run() : to.logChange.run(toText(entry))
    to.forgetChanges.run(CHANGES_KEPT)
    return result
  })
  to.watchers.hint()
  return result
}

/** One statement, and so one look: a process that writes meanwhile changes nothing of it. */
export function changes ({ handle, changes }: Connection, since: Position | null): Changes {
  const rows = reading(handle, () => changes.all(since?.seq ?? Number.MAX_SAFE_INTEGER)).map(row => unpack<Row>(row))
  if (rows.length === 0 || rows.includes(null)) throw new Error('The tables of changes are damaged; begin a new epoch: api-key-scopes epoch bump')
  const [{ epoch, last }] = rows as [Row]
  const entries = (rows as Row[]).filter(({ seq }) => seq !== null).map(({ digest }) => digest === null ? null : fromText(digest))
  return changesSince(since, { epoch, seq: last }, entries)
}

export function beginEpoch ({ handle, forgetFeed, beginFeed, forgetChanges, watchers }: Connection): void {
  writing(handle, () => {
    forgetFeed.run()
    beginFeed.run()
    forgetChanges.run(0)
  })
  watchers.hint()
}

/** One change, or none: `seq` is null. */
interface Row { readonly epoch: string, readonly last: number, readonly seq: number | null, readonly digest: string | null }
