import { once } from 'node:events'
import type { Awaitable } from '../keys/store.js'
import { PATIENCE, within } from '../keys/within.js'

/** Of what has no time limit of its own. */
export async function inTime<T> (ask: () => Awaitable<T>, what = 'the store did not answer'): Promise<T> {
  return await within(PATIENCE, (async () => await ask())(), () => new Error(`${what} in time`))
}

export async function unlessInterrupted<T> (interrupted: AbortSignal, work: () => Promise<T>): Promise<T> {
  interrupted.throwIfAborted()
  return await Promise.race([work(), once(interrupted, 'abort').then((): never => { throw interrupted.reason })])
}
