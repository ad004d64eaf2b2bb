import type { PostgresPool } from './driver.js'
import { ignore, onConnection } from './session.js'

/** The channel of all stores in a database; what is told is in which schema there is something new. */
export const CHANNEL = 'api_key_scopes'

export interface Notifier {
  /** Tells the other processes soon that something has changed. */
  tell (): void
  /** When everything is told, or was tried. */
  done (): Promise<void>
}

/**
 * Tells of changes after they were committed, in a statement of its own: that of a transaction would make all commits of the
 * server wait for each other. Several changes in short time are told as one. That it fails is of no matter.
 */
export function notifier (pool: PostgresPool, schema: string, milliseconds: number): Notifier {
  let telling: Promise<void> | undefined
  let isMore = false

  return {
    tell () {
      isMore = true
      telling ??= tellAll().finally(() => { telling = undefined })
    },
    async done () { await telling }
  }

  async function tellAll (): Promise<void> {
    while (isMore) {
      isMore = false
      await onConnection(pool, milliseconds, async (ask) => await ask({ text: 'SELECT pg_notify($1, $2)', values: [CHANNEL, schema] })).catch(ignore)
    }
  }
}
