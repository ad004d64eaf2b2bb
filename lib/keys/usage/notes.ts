import type { AllOf, Requirement } from '../../scopes/requirement.js'
import { UsageOffError } from '../errors.js'
import type { KeyStore } from '../store.js'
import type { NotedKey } from './noted-key.js'
import { UsageLog, type UsageLogOptions } from './log.js'

/** Takes notes of the use of keys, for the store. */
export interface UsageNotes {
  /** A verified key was used; and, if it was let through, what was demanded of it. Nothing is written now. */
  note (key: NotedKey, met?: Requirement | AllOf): void
  /**
   * Resolves once all that was noted until now is in the store.
   *
   * @throws {StoreUnavailableError} if the store cannot take it; {UsageOffError} if nothing is noted because nobody wants it.
   */
  flush (): Promise<void>
  /** Writes what is left. If the store fails now, that is lost. */
  close (): Promise<void>
}

export interface NotesOptions extends Omit<UsageLogOptions, 'recordUse' | 'flushInterval'> {
  /** Milliseconds; `null`: use is not to be noted. */
  readonly flushInterval: number | null
}

/** The notes of an app, as far as they are wanted and its store can keep them. */
export function usageNotes (store: KeyStore, { flushInterval, ...options }: NotesOptions): UsageNotes {
  if (flushInterval === null) return SWITCHED_OFF
  if (typeof store.recordUse !== 'function') return NOT_NOTED
  return new UsageLog({ ...options, flushInterval, recordUse: async uses => { await store.recordUse!(uses) } })
}

/** Where no requests are served, or the store cannot keep it. */
export const NOT_NOTED: UsageNotes = Object.freeze({ note () {}, async flush () {}, async close () {} })

const SWITCHED_OFF: UsageNotes = Object.freeze({ ...NOT_NOTED, async flush () { throw new UsageOffError() } })
