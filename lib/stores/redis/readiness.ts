import type { Connection } from './client.js'

/** Whether a connection can be used, and if not, why. It mends itself meanwhile. */
export interface Readiness {
  /** Resolves once it can be used, and rejects once it was tried in vain to make it anew: then nobody waits, until it is there. */
  ready (): Promise<void>
  /** What the driver has said since it could be used: it does not say so to those who had asked something. */
  trouble (): Error | undefined
}

export function readinessOf (connection: Connection): Readiness {
  let trouble: Error | undefined
  /** Since it could be used. The first is the loss of it, each other one an attempt in vain. */
  let closed = 0
  let waiting: Promise<void> | undefined
  let settle: (error?: Error) => void = () => {}

  const failure = () => trouble ?? new Error('there is no connection')
  connection.on('error', (error) => { trouble = error })
  connection.on('ready', () => {
    [trouble, closed] = [undefined, 0]
    settle()
  })
  connection.on('close', () => { if (++closed > 1) settle(failure()) })
  connection.on('end', () => {
    closed = Infinity
    settle(failure())
  })

  return {
    async ready () {
      if (closed > 1) throw failure()
      // One for all who wait: in an outage, that is everybody.
      waiting ??= new Promise((resolve, reject) => {
        settle = (error) => {
          waiting = undefined
          if (error === undefined) resolve()
          else reject(error)
        }
      })
      await waiting
    },
    trouble: () => trouble
  }
}
