import { after, type After } from './clock.js'

/** How long whatever a management call asks may take, in milliseconds: the store, the functions of the app. */
export const PATIENCE = 10_000

/** Rejects with what `timedOut` makes if the promise takes longer, in milliseconds. */
export function within<T> (milliseconds: number, promise: Promise<T>, timedOut: () => Error, wait: After = after): Promise<T> {
  // Less than half of what Promise.race() takes.
  return new Promise((resolve, reject) => {
    const cancel = wait(milliseconds, () => { reject(timedOut()) })
    promise.then(value => {
      cancel()
      resolve(value)
    }, error => {
      cancel()
      reject(error)
    })
  })
}
