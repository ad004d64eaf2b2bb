import { setTimeout as wait } from 'node:timers/promises'
import { within } from '../../keys/within.js'
import type { Connection } from './client.js'
import type { Session } from './session.js'

/** Hints after every change that is told to the stream, until it is ended. Goes on by itself when a connection is lost. */
export function watchStream ({ connectToWait, keys }: Session, hint: () => void): () => void {
  const ended = new AbortController()
  let connection: Connection | undefined
  ended.signal.addEventListener('abort', () => { connection?.disconnect() })

  const going = async () => {
    while (!ended.signal.aborted) {
      try {
        connection = await connectToWait(WAIT)
        // Nobody knows what has happened meanwhile.
        tell()
        if (!ended.signal.aborted) await follow(connection)
      } catch {
        await wait(RETRY_AFTER, undefined, { signal: ended.signal, ref: false }).catch(() => {})
      } finally {
        connection?.disconnect()
        connection = undefined
      }
    }
  }
  going().catch(() => {})

  return () => { ended.abort() }

  function tell (): void {
    if (!ended.signal.aborted) hint()
  }

  async function follow (connection: Connection): Promise<never> {
    // After the last entry that was read; after none for a while, whichever is the last one now: the stream may be a new one.
    let last = '$'
    for (;;) {
      // Not for ever: it may be that nothing it says is understood any more.
      const answer = await within(2 * WAIT, connection.xread('COUNT', 100, 'BLOCK', WAIT, 'STREAMS', keys.changes, last), silent) as Answer
      last = answer?.[0][1].at(-1)?.[0] ?? '$'
      if (answer !== null) tell()
    }
  }
}

/** Of one stream, some entries. `null`: none in all that time. */
type Answer = [[stream: string, entries: Array<[id: string, words: string[]]>]] | null

const silent = () => new Error('Redis tells nothing')

/** Milliseconds. */
const WAIT = 5000
const RETRY_AFTER = 250
