import crypto from 'node:crypto'
import { syncBuiltinESMExports } from 'node:module'
import timers from 'node:timers/promises'
import { machine, type Timer } from './machine.js'
import { Random } from './random.js'

/** The real one, for what is outside of the simulation. */
export const nextTurn = timers.setImmediate

/**
 * Puts the clocks and timers of the simulated machine, and random bytes that a seed can bring back, in the place of those of
 * Node, for good. So what runs in the simulation is the code that runs in production, to the last line.
 */
export function pretend (): void {
  const RealDate = Date
  globalThis.Date = class extends RealDate {
    constructor (...args: []) {
      if (args.length === 0) super(machine().wall())
      else super(...args)
    }

    static override now () { return machine().wall() }
  } as DateConstructor
  Object.assign(performance, { now: () => machine().monotonic() })
  Object.assign(globalThis, {
    setTimeout: (work: () => void, milliseconds: number) => machine().setTimeout(work, milliseconds),
    setImmediate: (work: () => void) => machine().setImmediate(work),
    clearTimeout: cancel,
    clearImmediate: cancel,
    setInterval () { throw new Error('not simulated: setInterval') }
  })
  Object.assign(timers, { setImmediate: () => new Promise<void>(resolve => { machine().setImmediate(resolve) }) })
  Object.assign(crypto, { randomBytes, randomUUID })
  syncBuiltinESMExports()
}

/** Begins the random bytes anew. */
export function seedBytes (seed: number): void {
  random = new Random(seed)
}

let random = new Random(0)

function randomBytes (size: number): Buffer {
  return Buffer.from(Array.from({ length: size }, () => random.whole(0, 255)))
}

function randomUUID (): string {
  return `id-${random.whole(1, 0x7fffffff).toString(36)}`
}

function cancel (timer?: Timer): void {
  if (timer !== undefined) timer.isCancelled = true
}
