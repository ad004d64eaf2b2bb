import type { SqliteStatement } from './driver.js'

export interface Watchers {
  /** Answers what ends it. */
  add (hint: () => void): () => void
  /** Tells all. */
  hint (): void
  /** No more looks, whoever still watches. */
  end (): void
}

/**
 * Those who want to hear of writes. Of its own connection's they are told; those of others SQLite counts, and tells nobody,
 * so that somebody has to look.
 *
 * @param dataVersion The statement that reads how often another connection has written.
 */
export function watchersBy (dataVersion: SqliteStatement): Watchers {
  const watchers = new Set<() => void>()
  let timer: NodeJS.Timeout | undefined
  let known = ''

  return {
    add (hint) {
      // Several may watch with the same function, and each ends its own.
      const own = () => { hint() }
      if (watchers.size === 0) {
        known = version()
        timer = setInterval(look, LOOK_EVERY).unref()
      }
      watchers.add(own)
      return () => {
        watchers.delete(own)
        if (watchers.size === 0) clearInterval(timer)
      }
    },
    hint,
    end () { clearInterval(timer) }
  }

  function look (): void {
    const now = version()
    const isNew = now !== known
    known = now
    if (isNew) hint()
  }

  /** Never throws, for nobody could catch it. Who reads what has changed will hear of the same trouble. */
  function version (): string {
    try {
      return String((dataVersion.get() as { data_version: number | bigint }).data_version)
    } catch {
      return 'unknown'
    }
  }

  function hint (): void {
    for (const watcher of watchers) watcher()
  }
}

/** Milliseconds. A look takes some microseconds. */
const LOOK_EVERY = 20
