import { randomUUID } from 'node:crypto'
import { within } from '../../keys/within.js'
import type { Connection } from './client.js'
import { readinessOf } from './readiness.js'
import type { Script } from './scripts.js'

/** Runs a script with these keys and words. Rejects if it fails, or has not answered in time. */
export type Run = (script: Script, keys: readonly string[], ...words: string[]) => Promise<unknown>

/** How long all of it together takes at most, in milliseconds. */
export interface Patience { readonly timeout: number, readonly writeTimeout: number }

/** What runs scripts on this connection. */
export function runner (connection: Connection, place: string, { timeout, writeTimeout }: Patience) {
  const { ready, trouble } = readinessOf(connection)
  /** When it was last made, and when anything was last answered. */
  let [made, answered] = [-Infinity, -Infinity]
  connection.on('connect', () => { made = performance.now() })
  /** Changes that still have time. */
  let changes = 0

  return {
    /** For scripts that read, and others of which it does not matter if they are run later than anybody waits for them. */
    run: (async (script, keys, ...words) => await until(deadline(timeout), script, keys, words)) satisfies Run,

    /**
     * For scripts that change something, of which it does: what was reported as failed, say because the server hung, must not
     * happen when that goes on. So it is told by when, on its own clock. Also names the epoch that begins if the feed is lost.
     */
    changing: (time: Script, prefix: string): Run => async (script, keys, ...words) => {
      const end = deadline(writeTimeout)
      changes++
      try {
        const [seconds, microseconds] = await until(end, time, keys.slice(0, 1), [prefix]) as [string, string]
        const tooLate = Number(seconds) * 1000 + Number(microseconds) / 1000 + end.left()
        return await until(end, script, keys, [prefix, randomUUID(), String(tooLate), ...words])
      } finally {
        changes--
      }
    }
  }

  async function until ({ left, late }: Deadline, script: Script, keys: readonly string[], words: readonly string[]): Promise<unknown> {
    const intime = async <T>(promise: Promise<T>) => await within(Math.max(0, left()), promise, late)
    const send = async (command: 'eval' | 'evalsha', text: string): Promise<unknown> => {
      if (connection.status !== 'ready') await connected(intime)
      const sent = performance.now()
      const answer = connection[command](text, keys.length, ...keys, ...words)
      const noted = () => { answered = performance.now() }
      answer.then(noted, noted)
      try {
        return await intime(answer)
      } finally {
        giveUpIfSilent(sent)
      }
    }
    try {
      return await send('evalsha', script.sha).catch(async (error) => {
        if (error.message.startsWith('NOSCRIPT')) return await send('eval', script.text)
        if (!NOT_SENT.test(error.message)) throw error
        await connected(intime)
        return await send('eval', script.text)
      })
    } catch (error) {
      const reasons = [error as Error, trouble()].filter(error => error !== undefined).map(reasonOf)
      throw new Error(`Redis at ${place}: ${[...new Set(reasons)].join(': ')}`)
    }
  }

  /**
   * When nothing at all was answered for as long as anybody waits, the server is gone, and nobody has said so, or nothing that it says
   * is understood any more. Another connection may do better. But a change that takes its time holds up everything.
   */
  function giveUpIfSilent (since: number): void {
    if (answered < since && performance.now() - since >= timeout && changes === 0) connection.disconnect(true)
  }

  async function connected (intime: (promise: Promise<void>) => Promise<void>): Promise<void> {
    try {
      await intime(ready())
    } finally {
      // The driver itself asks something first, and would wait for the answer for ever.
      if (connection.status === 'connect') giveUpIfSilent(made)
    }
  }
}

type Deadline = ReturnType<typeof deadline>

function deadline (milliseconds: number) {
  const end = performance.now() + milliseconds
  return {
    left: () => end - performance.now(),
    late: () => new Error(`no answer after ${milliseconds} ms`)
  }
}

/**
 * Of an error, the message alone: the driver adds the words of the command, and these are records, digests and, of the first
 * command, the password. An unknown command is told with its words too.
 */
export function reasonOf ({ message, code }: { message: string, code?: string }): string {
  if (LOST.test(message)) return 'the connection was lost'
  return (message || code || 'it cannot be reached').replace(/(, with args beginning with:.*|\. Please report this\.)$/s, '')
}

/** The connection is being closed, which its status does not tell yet. */
const NOT_SENT = /^Stream isn't writeable/

/** What ioredis says of that, and it means settings that are none of the user's. */
const LOST = /^(Stream isn't writeable|Reached the max retries|Connection is closed|Command aborted)/
