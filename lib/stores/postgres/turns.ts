import { within } from '../../keys/within.js'
import { ignore, late } from './session.js'

/** Does one thing after the other. Who does not get its turn within its time is not done at all. */
export type InTurn = <Result>(milliseconds: number, work: (millisecondsLeft: number) => Promise<Result>) => Promise<Result>

/** All who change something wait for each other in the database anyway: so they need one connection between them, and leave the others to those who read. */
export function turns (): { inTurn: InTurn, done: () => Promise<void> } {
  let last: Promise<unknown> = Promise.resolve()

  return {
    async inTurn (milliseconds, work) {
      const deadline = performance.now() + milliseconds
      const before = last
      let end!: () => void
      const own = new Promise<void>((resolve) => { end = resolve })
      // Without what they resolve to, which would hold on to all that went before.
      last = Promise.all([before, own]).then(ignore)
      try {
        await within(milliseconds, before, late)
        return await work(Math.max(1, Math.ceil(deadline - performance.now())))
      } finally {
        end()
      }
    },
    async done () { await last }
  }
}
