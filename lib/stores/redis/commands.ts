import { randomUUID } from 'node:crypto'
import { within } from '../../keys/within.js'
import type { Connection } from './client.js'
import type { Script } from './scripts.js'

/** Runs a script with these keys and words. Rejects if it fails, or has not answered in time. */
export type Run = (script: Script, keys: readonly string[], ...words: string[]) => Promise<unknown>

/** What runs scripts on this connection. All of it together takes at most `timeout` milliseconds. */
export function runner (connection: Connection, place: string, timeout: number) {
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
    try {
      await ready(intime)
      return await intime(connection.evalsha(script.sha, keys.length, ...keys, ...words)).catch(async (error) => {
        if (!error.message.startsWith('NOSCRIPT')) throw error
        await ready(intime)
        return await intime(connection.eval(script.text, keys.length, ...keys, ...words))
      })
    } catch (error) {
      throw new Error(`Redis at ${place}: ${reasonOf(error as Error)}`)
    }
  }

  async function ready (intime: (promise: Promise<void>) => Promise<void>): Promise<void> {
    if (connection.status === 'ready') return
    let listener = () => {}
    const happened = new Promise<void>((resolve) => {
      listener = resolve
      connection.once('ready', listener).once('end', listener)
    })
    try {
      await intime(happened)
    } finally {
      connection.off('ready', listener).off('end', listener)
    }
  }
}

/**
 * Of an error, the message alone: the driver adds the words of the command, and these are records, digests and, of the first
 * command, the password. An unknown command is told with its words too.
 */
export function reasonOf ({ message, code }: { message: string, code?: string }): string {
  return (message || code || 'it cannot be reached').replace(/, with args beginning with:.*/s, '')
}
