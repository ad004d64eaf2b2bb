import { within } from '../../keys/within.js'
import { late } from './session.js'

/** Does a piece of work once there is a place for it. Who does not get one within its time is not done at all. */
export type Gate = <Result>(milliseconds: number, work: (millisecondsLeft: number) => Promise<Result>) => Promise<Result>

/**
 * Lets in so many at once. Of those who wait, it lets in the last one first: where there are more than can be served in time, the
 * first one would be let in when there is no time left, and in the end nobody would be served.
 */
export function gate (places: number): Gate {
  let free = places
  const waiting: Array<() => void> = []

  return async (milliseconds, work) => {
    const deadline = performance.now() + milliseconds
    if (free > 0) free--
    else await admission(milliseconds)
    try {
      return await work(Math.max(1, deadline - performance.now()))
    } finally {
      leave()
    }
  }

  async function admission (milliseconds: number): Promise<void> {
    let admit!: () => void
    const admitted = new Promise<void>((resolve) => { admit = resolve })
    waiting.push(admit)
    try {
      await within(milliseconds, admitted, late)
    } catch (error) {
      const place = waiting.indexOf(admit)
      // Not there: it was let in at the moment at which it gave up.
      if (place < 0) leave()
      else waiting.splice(place, 1)
      throw error
    }
  }

  function leave (): void {
    const next = waiting.pop()
    if (next === undefined) free++
    else next()
  }
}
