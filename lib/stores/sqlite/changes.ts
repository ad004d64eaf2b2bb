import type { Changes, Position } from '../../keys/store.js'
import { CHANGES_KEPT, changesSince, entriesFor } from '../change-log.js'
import { fromText, textOrNull } from './row.js'
import type { Statements } from './statements.js'

/**
 * Moves the position on, in the transaction of the change itself.
 *
 * @param digests of the records that it concerns; `null`: of all. None: it has changed nothing.
 */
export function noteChange ({ moveOn, logChange, forgetChanges }: Statements, digests: readonly string[] | null): void {
  if (digests?.length === 0) return
  const seq = Number((moveOn.get() as { seq: string }).seq)
  for (const entry of digests === null ? [null] : entriesFor(digests)) logChange.run(seq, textOrNull(entry))
  forgetChanges.run(seq - CHANGES_KEPT)
}

/** One statement, and so one look: a process that writes meanwhile changes nothing of it. */
export function readChanges ({ changes }: Statements, since: Position | null): Changes {
  const rows = changes.all(since?.seq ?? Number.MAX_SAFE_INTEGER) as Row[]
  if (rows.length === 0) throw new Error('The table api_key_scopes_feed has lost its row: restore it from a backup, or bump the epoch')
  const { epoch, seq } = rows[0]!
  const entries = rows.filter(({ isChange }) => isChange === 1).map(({ digest }) => digest === null ? null : fromText(digest))
  return changesSince(since, { epoch, seq: Number(seq) }, entries)
}

/** Hints whenever another connection has written: SQLite counts that, but tells nobody by itself. */
export function watchWrites ({ dataVersion }: Statements, hint: () => void): () => void {
  let known = version()
  const timer = setInterval(() => {
    const now = version()
    if (now === known) return
    known = now
    hint()
  }, LOOK_EVERY)
  timer.unref()
  return () => { clearInterval(timer) }

  function version (): string {
    return JSON.stringify(dataVersion.get())
  }
}

/** Milliseconds. A look takes microseconds. */
const LOOK_EVERY = 20

interface Row { readonly epoch: string, readonly seq: string, readonly isChange: number, readonly digest: string | null }
