import { randomUUID } from 'node:crypto'
import type { Changes, Position } from '../keys/store.js'
import { CHANGES_KEPT, changesSince, entriesFor, type LogEntry } from './change-log.js'

export type MemoryChanges = ReturnType<typeof memoryChanges>

/** The history of a store in memory. The position is the number of entries that the log has ever had. */
export function memoryChanges () {
  let position: Position = { epoch: randomUUID(), seq: 0 }
  let log: LogEntry[] = []
  const watchers = new Set<() => void>()

  return {
    /** @param digests of the records that one change concerns; `null`: of all. */
    note (digests: readonly string[] | null): void {
      const entries = entriesFor(digests)
      log.push(...entries)
      position = { ...position, seq: position.seq + entries.length }
      // Not at each change, for that would move all the others.
      if (log.length > 2 * CHANGES_KEPT) log = log.slice(-CHANGES_KEPT)
      hint()
    },

    since (since: Position | null): Changes {
      const behind = since === null ? 0 : position.seq - since.seq
      return changesSince(since, { ...position }, log.slice(Math.max(0, log.length - behind)))
    },

    beginEpoch (): void {
      position = { epoch: randomUUID(), seq: 0 }
      log = []
      hint()
    },

    watch (watcher: () => void): () => void {
      // Several may watch with the same function, and each ends its own.
      const own = () => { watcher() }
      watchers.add(own)
      return () => { watchers.delete(own) }
    }
  }

  function hint (): void {
    for (const watcher of watchers) watcher()
  }
}
