import type { Changes, Position } from '../../keys/store.js'
import { changesSince, entriesFor } from '../change-log.js'
import { fromText, textOrNull } from '../row.js'
import type { Connection } from './connection.js'
import { refuseReplica } from './read.js'
import { onConnection, type Ask } from './session.js'
import { transaction } from './transaction.js'

/**
 * Makes a change and notes what it concerns, in one transaction. All who do so wait for each other first, so that positions
 * follow each other as the transactions do, and nobody waits for somebody who waits for him.
 *
 * @param concerns Digests of the records; `null`: all. None: nothing was changed.
 */
export async function change<Result> (
  to: Connection,
  work: (ask: Ask) => Promise<Result>,
  concerns: (result: Result) => readonly string[] | null
): Promise<Result> {
  const { result, isChanged } = await to.inTurn(to.writeTimeout, async (milliseconds) => {
    return await transaction(to.pool, milliseconds, to.lockFeed, async (ask, feed) => {
      if ((feed as Rows).rows.length === 0) throw lostFeed()
      const result = await work(ask).catch(refuseTaken)
      const entries = entriesFor(concerns(result)).map(textOrNull)
      if (entries.length > 0) await ask(to.noteChange(entries))
      return { result, isChanged: entries.length > 0 }
    })
  })
  if (isChanged) to.tell()
  return result
}

/** One statement, and so one look: a process that writes meanwhile changes nothing of it. */
export async function changes ({ pool, timeout, changes }: Connection, since: Position | null): Promise<Changes> {
  const from = since?.seq ?? null
  const { rows: [row] } = await onConnection(pool, timeout, async (ask) => await ask(changes(from, from)) as Rows<Row>)
  if (row === undefined) throw lostFeed()
  refuseReplica(row)
  const entries = (JSON.parse(row.digests ?? '[]') as Array<string | null>).map((digest) => digest === null ? null : fromText(digest))
  const seq = Number(row.seq)
  // Each entry has moved the position on by one. If one is missing, nobody knows what it told.
  const isWhole = since === null || entries.length === seq - since.seq
  return changesSince(since, { epoch: row.epoch, seq }, isWhole ? entries : [null])
}

export async function beginEpoch (to: Connection): Promise<void> {
  await to.inTurn(to.writeTimeout, async (milliseconds) => {
    await transaction(to.pool, milliseconds, to.beginEpoch, async () => {})
  })
  to.tell()
}

/** Without what PostgreSQL says of it: that has the digest in it, and would be logged. */
function refuseTaken (error: unknown): never {
  if ((error as { code?: unknown }).code !== UNIQUE_VIOLATION) throw error
  throw new Error('There is already an API key record with this id, with this digest, or with this predecessor')
}

const UNIQUE_VIOLATION = '23505'

function lostFeed (): Error {
  return new Error('The table api_key_scopes_feed has lost its row; begin a new epoch: api-key-scopes epoch bump')
}

interface Rows<Row = unknown> { readonly rows: readonly Row[] }
interface Row { readonly isReplica: boolean, readonly epoch: string, readonly seq: string, readonly digests: string | null }
