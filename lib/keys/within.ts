import { after, type After } from './clock.js'

/** How long whatever a management call asks may take, in milliseconds: the store, the functions of the app. */
export const PATIENCE = 10_000

/** Rejects with what `timedOut` makes if the promise takes longer, in milliseconds. */
export async function within<T> (milliseconds: number, promise: Promise<T>, timedOut: () => Error, wait: After = after): Promise<T> {
  let cancel!: () => void
  const late = new Promise<never>((_resolve, reject) => {
    cancel = wait(milliseconds, () => { reject(timedOut()) })
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    cancel()
  }
}
