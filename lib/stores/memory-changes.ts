import { randomUUID } from 'node:crypto'
import type { Changes, Position } from '../keys/store.js'
import { CHANGES_KEPT, changesSince, entriesFor, type LogEntry } from './change-log.js'

export type MemoryChanges = ReturnType<typeof memoryChanges>

/** The history of a store in memory. */
export function memoryChanges () {
  let position: Position = { epoch: randomUUID(), seq: 0 }
  let log: Array<readonly [seq: number, entry: LogEntry]> = []
  const watchers = new Set<() => void>()

  return {
    /** @param digests of the records that one change concerns; `null`: of all. */
    note (digests: readonly string[] | null): void {
      const seq = position.seq + 1
      position = { ...position, seq }
      for (const entry of digests === null ? [null] : entriesFor(digests)) log.push([seq, entry])
      // Not at each change, for that would move all the others.
      if (log.length > 2 * CHANGES_KEPT) log = log.filter(([at]) => at > seq - CHANGES_KEPT)
      hint()
    },

    since (since: Position | null): Changes {
      const entries = since === null ? [] : log.filter(([seq]) => seq > since.seq).map(([, entry]) => entry)
      return changesSince(since, position, entries)
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
