import { setTimeout as wait } from 'node:timers/promises'
import { within } from '../../keys/within.js'
import type { ClosablePool, PostgresClient, PostgresPool } from './driver.js'
import { CHANNEL } from './notifier.js'
import { ignore, late, lent } from './session.js'

export interface ListenerOptions {
  readonly schema: string
  /** Milliseconds for each answer. */
  readonly patience: number
}

/**
 * Hints whenever another process tells of a change in this schema, and when it begins to listen, for nobody knows what was told
 * before. Connects again by itself. Answers what ends it.
 */
export function listen (poolOf: () => Promise<ClosablePool>, options: ListenerOptions, hint: () => void): () => Promise<void> {
  const ending = new AbortController()
  const listening = keepListening(poolOf, options, hint, ending.signal).catch(ignore)
  return async () => {
    ending.abort()
    await listening
  }
}

async function keepListening (poolOf: () => Promise<ClosablePool>, options: ListenerOptions, hint: () => void, signal: AbortSignal): Promise<void> {
  const { pool, close } = await poolOf()
  let pause = FIRST_PAUSE
  while (!signal.aborted && pool.ending !== true) {
    await listenOnce(pool, options, signal, () => {
      pause = FIRST_PAUSE
      hint()
    }).catch(ignore)
    // Not all processes at the same moment.
    await wait(pause * (0.5 + Math.random() / 2), undefined, { signal, ref: false }).catch(ignore)
    pause = Math.min(2 * pause, LONGEST_PAUSE)
  }
  await close()
}

/** Until the connection is lost, or it is ended. */
async function listenOnce (pool: PostgresPool, { schema, patience }: ListenerOptions, signal: AbortSignal, hint: () => void): Promise<void> {
  const client = await connected(pool, patience, signal)
  const lost = new AbortController()
  const over = lost.signal
  for (const event of ['error', 'end']) client.on(event, () => { lost.abort() })
  signal.addEventListener('abort', () => { lost.abort() }, { signal: over })
  // It would wait for this connection for ever.
  const looking = setInterval(() => { if (pool.ending === true) lost.abort() }, LOOK_FOR_END).unref()
  client.on('notification', ({ payload }: { payload?: string }) => { if (payload === schema) hint() })
  try {
    await within(patience, client.query({ text: `LISTEN ${CHANNEL}` }), late)
    hint()
    while (!over.aborted && !signal.aborted) {
      await wait(LOOK_EVERY, undefined, { signal: over, ref: false }).catch(ignore)
      // Nobody says so when a connection ends in silence.
      if (!over.aborted) await within(patience, client.query({ text: 'SELECT 1' }), late)
    }
  } finally {
    clearInterval(looking)
    lost.abort()
    client.release(true)
  }
}

async function connected (pool: PostgresPool, patience: number, signal: AbortSignal): Promise<PostgresClient> {
  const connecting = lent(pool, patience)
  let end = () => {}
  const ended = new Promise<never>((_resolve, reject) => { end = () => { reject(signal.reason) } })
  signal.addEventListener('abort', end)
  try {
    return await Promise.race([connecting, ended])
  } catch (error) {
    connecting.then((client) => { client.release() }, ignore)
    throw error
  } finally {
    signal.removeEventListener('abort', end)
  }
}

/** Milliseconds. */
const FIRST_PAUSE = 100
const LONGEST_PAUSE = 5000
const LOOK_EVERY = 5000
const LOOK_FOR_END = 100
