import { within } from '../../keys/within.js'
import type { PostgresClient, PostgresPool, PostgresQuery } from './driver.js'

/** Asks the server, on one connection. */
export type Ask = (query: PostgresQuery) => Promise<unknown>

/**
 * Lends a connection for at most so many milliseconds. One on which anything failed, or took longer, is in a state that nobody
 * knows: it is destroyed, and nothing more can be asked on it.
 */
export async function onConnection<Result> (pool: PostgresPool, milliseconds: number, work: (ask: Ask, client: PostgresClient) => Promise<Result>): Promise<Result> {
  const deadline = performance.now() + milliseconds
  const client = await lent(pool, milliseconds)
  // The pool hears of errors only while it has the connection itself. Whoever asks on it will hear of this one.
  client.on('error', ignore)
  try {
    // What it sees may be older than a revocation, and what it is told could be rolled back.
    if (!IN_NONE.includes(client.getTransactionStatus?.())) throw new Error('The pool has lent a connection in the middle of a transaction; somebody has released it without ending that')
    const result = await within(deadline - performance.now(), work(async (query) => await client.query(query), client), late)
    client.release()
    client.off('error', ignore)
    return result
  } catch (error) {
    client.release(true)
    throw error
  }
}

/** A connection that comes too late goes back. */
export async function lent (pool: PostgresPool, milliseconds: number): Promise<PostgresClient> {
  const connecting = pool.connect()
  try {
    return await within(milliseconds, connecting, late)
  } catch (error) {
    connecting.then((client) => { client.release() }, ignore)
    throw error
  }
}

/** What a connection says of itself if it is in no transaction, or cannot tell. */
const IN_NONE: ReadonlyArray<string | null | undefined> = ['I', null, undefined]

export function late (): Error {
  return new Error('PostgreSQL took too long to answer')
}

export function ignore (): void {}
