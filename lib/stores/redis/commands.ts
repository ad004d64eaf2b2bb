import { randomUUID } from 'node:crypto'
import { within } from '../../keys/within.js'
import type { Connection } from './client.js'
import type { Script } from './scripts.js'

/** Runs a script with these keys and words. Rejects if it fails, or has not answered in time. */
export type Run = (script: Script, keys: readonly string[], ...words: string[]) => Promise<unknown>

/** What runs scripts on this connection. All of it together takes at most `timeout` milliseconds. */
export function runner (connection: Connection, place: string, timeout: number) {
  let connected: Promise<void> | undefined

  return {
    /** For scripts that read, and others of which it does not matter if they are run later than anybody waits for them. */
    run: (async (script, keys, ...words) => await until(end(), script, keys, words)) satisfies Run,

    /**
     * For scripts that change something, of which it does: what was reported as failed, say because the server hung, must not
     * happen when that goes on. So it is told by when, on its own clock. Also names the epoch that begins if the feed is lost.
     */
    changing: (time: Script, prefix: string): Run => async (script, keys, ...words) => {
      const latest = end()
      const [seconds, microseconds] = await until(latest, time, keys.slice(0, 1), [prefix]) as [string, string]
      const rest = latest - performance.now()
      const tooLate = Number(seconds) * 1000 + Number(microseconds) / 1000 + rest
      return await until(latest, script, keys, [prefix, randomUUID(), String(tooLate), ...words])
    }
  }

  function end (): number {
    return performance.now() + timeout
  }

  async function until (end: number, script: Script, keys: readonly string[], words: readonly string[]): Promise<unknown> {
    const intime = async <T>(promise: Promise<T>) => await within(Math.max(0, end - performance.now()), promise, () => new Error(`no answer after ${timeout} ms`))
    const send = async (command: 'eval' | 'evalsha', text: string): Promise<unknown> => {
      if (connection.status !== 'ready') await ready(intime)
      return await intime(connection[command](text, keys.length, ...keys, ...words))
    }
    try {
      return await send('evalsha', script.sha).catch(async (error) => {
        if (error.message.startsWith('NOSCRIPT')) return await send('eval', script.text)
        if (!NOT_SENT.test(error.message)) throw error
        await ready(intime)
        return await send('eval', script.text)
      })
    } catch (error) {
      throw new Error(`Redis at ${place}: ${reasonOf(error as Error)}`)
    }
  }

  /** Resolves with the next connection that can be used. One listener for all who wait: in an outage, that is everybody. */
  async function ready (intime: (promise: Promise<void>) => Promise<void>): Promise<void> {
    connected ??= new Promise<void>((resolve) => {
      const happened = () => {
        connection.off('ready', happened).off('end', happened)
        connected = undefined
        resolve()
      }
      connection.once('ready', happened).once('end', happened)
    })
    await intime(connected)
  }
}

/**
 * Of an error, the message alone: the driver adds the words of the command, and these are records, digests and, of the first
 * command, the password. An unknown command is told with its words too.
 */
export function reasonOf ({ message, code }: { message: string, code?: string }): string {
  if (LOST.test(message)) return 'the connection was lost'
  return (message || code || 'it cannot be reached').replace(/, with args beginning with:.*/s, '')
}

/** The connection is being closed, which its status does not tell yet. */
const NOT_SENT = /^Stream isn't writeable/

/** What ioredis says of that, and it means settings that are none of the user's. */
const LOST = /^(Stream isn't writeable|Reached the max retries|Connection is closed|Command aborted)/
