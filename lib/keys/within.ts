/** Rejects with what `timedOut` makes if the promise takes longer. */
export async function within<T> (milliseconds: number, promise: Promise<T>, timedOut: () => Error): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    // Timers come before answers after a standstill: one that is there already is not late for the store.
    timer = setTimeout(() => { setImmediate(() => { reject(timedOut()) }) }, milliseconds)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}
