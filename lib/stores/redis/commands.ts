import { within } from '../../keys/within.js'
import type { Connection } from './client.js'
import type { Script } from './scripts.js'

/** Runs a script. Rejects if it failed, or has not answered in time; then it may still be done, but never later than the time-out. */
export type Run = (script: Script, keys: readonly string[], ...words: string[]) => Promise<unknown>

export function runner (connection: Connection, place: string, timeout: number): Run {
  const late = () => new Error(`no answer after ${timeout} ms`)

  return async (script, keys, ...words) => {
    const end = performance.now() + timeout
    const rest = () => Math.max(0, end - performance.now())
    try {
      await isReady(connection, rest(), late)
      return await within(rest(), connection.evalsha(script.sha, keys.length, ...keys, ...words), late).catch(async (error) => {
        if (!/^NOSCRIPT/.test(error.message)) throw error
        await isReady(connection, rest(), late)
        return await within(rest(), connection.eval(script.text, keys.length, ...keys, ...words), late)
      })
    } catch (error) {
      throw plainError(place, error as Error)
    }
  }
}

/** Without what the driver adds: the words of the command, and so records, digests and, of the first one, the password. */
export function plainError (place: string, { message, code }: Error & { code?: string }): Error {
  return new Error(`Redis at ${place}: ${reasonOf({ message, code })}`)
}

export function reasonOf ({ message, code }: { message: string, code?: string | undefined }): string {
  return (message || code || 'it cannot be reached').replace(/, with args beginning with:.*/s, '')
}

async function isReady (connection: Connection, milliseconds: number, late: () => Error): Promise<void> {
  if (connection.status === 'ready') return
  let listener = () => {}
  const ready = new Promise<void>((resolve) => {
    listener = resolve
    connection.once('ready', listener).once('end', listener)
  })
  try {
    await within(milliseconds, ready, late)
  } finally {
    connection.off('ready', listener).off('end', listener)
  }
}
