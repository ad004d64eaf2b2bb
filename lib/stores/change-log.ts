import type { Changes, Position } from '../keys/store.js'

/** How many changes a store keeps for those who ask what is new. Who is further behind forgets everything. */
export const CHANGES_KEPT = 10_000

/** What one change adds to the log: the digests that it concerns, or `null` for all, which is also what very many come to. */
export type LogEntry = string | null

/** @param digests of the records that one change concerns; `null`: of all. */
export function entriesFor (digests: readonly string[] | null): readonly LogEntry[] {
  return digests === null || digests.length > MOST_AT_ONCE ? [null] : digests
}

/** The answer of `changes`, from what stands in the log after `since`. All of it from one look at the store. */
export function changesSince (since: Position | null, position: Position, entries: readonly LogEntry[]): Changes {
  const isKept = since !== null && since.epoch === position.epoch && since.seq <= position.seq && position.seq - since.seq <= CHANGES_KEPT
  return { position, digests: isKept && !entries.includes(null) ? [...new Set(entries as readonly string[])] : null }
}

/** A change of more records than this is one of all. */
export const MOST_AT_ONCE = 1000
