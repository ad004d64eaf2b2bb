import { didYouMean, show } from '../scopes/faults.js'
import { InvalidInputError } from './errors.js'
import { readUnusedFor } from './key-fields.js'
import { isDate } from './known-key.js'
import type { ApiKeyRecord } from './record.js'
import type { KeyQuery, KeyState } from './store.js'

export interface ListQuery {
  /** Only the keys of this owner. Default: everybody's. */
  readonly ownerId?: string
  /** Only keys in this state. Default: all. */
  readonly state?: KeyState
  /**
   * Only keys that were made longer ago than this and not used since: an ISO 8601 duration such as `P90D`, or since when, as
   * a `Date` or an ISO 8601 date and time with its zone that is past. Keys that were never used are among them. Default: all.
   */
  readonly unusedFor?: Date | string
  /** How many records at most, 1 to 1000. Default 100. */
  readonly limit?: number
  /** The `cursor` of the page before. Default: from the newest. */
  readonly cursor?: string
}

export interface KeyPage {
  readonly records: readonly ApiKeyRecord[]
  /** Asks for the next page; `null` after the last one. */
  readonly cursor: string | null
}

/** @throws {InvalidInputError} naming every field that is wrong, and how to put it right. */
export function readListQuery (query: ListQuery, now = Date.now()): KeyQuery {
  if (typeof query !== 'object' || query === null) throw new InvalidInputError(`a list is asked for with { ${FIELDS.join(', ')} }, not ${show(query)}`)
  const { ownerId, state, unusedFor, limit = 100, cursor, ...rest } = query
  const faults = Object.keys(rest).map(field => `unknown field ${show(field)}${didYouMean(field, FIELDS)}`)
  if (ownerId !== undefined && typeof ownerId !== 'string') faults.push(`ownerId must be a string, not ${show(ownerId)}`)
  if (!Number.isInteger(limit) || limit < 1 || limit > 1000) faults.push(`limit must be a whole number from 1 to 1000, not ${show(limit)}`)
  if (state !== undefined && !STATES.includes(state)) faults.push(`state must be one of ${STATES.join(', ')}, not ${show(state)}`)
  const unusedSince = unusedFor === undefined ? undefined : readUnusedFor(unusedFor, now, faults)
  const after = cursor === undefined ? undefined : readCursor(cursor, faults)
  if (faults.length > 0) throw new InvalidInputError(faults.join('; '))
  return {
    limit,
    ...ownerId !== undefined && { ownerId },
    ...state !== undefined && { state: { is: state, at: new Date(now) } },
    ...unusedSince !== undefined && { unusedSince },
    ...after !== undefined && { after }
  }
}

/** Where a record stands in the order of `list`. */
type Place = NonNullable<KeyQuery['after']>

/** Whether what the store answered has a place, so that the next page can begin after it. A corrupt record may. */
export function hasPlace (stored: unknown): stored is Place {
  const { createdAt, id } = Object(stored) as Record<keyof Place, unknown>
  return isDate(createdAt) && typeof id === 'string' && id !== ''
}

const FIELDS = ['ownerId', 'state', 'unusedFor', 'limit', 'cursor']
const STATES: readonly unknown[] = ['active', 'disabled', 'expired', 'revoked'] satisfies KeyState[]

/** Where the page after this record begins. Opaque to whoever gets it. */
export function cursorAfter ({ createdAt, id }: Place): string {
  return Buffer.from(`${createdAt.getTime()} ${id}`).toString('base64url')
}

function readCursor (cursor: unknown, faults: string[]): Place | undefined {
  const text = typeof cursor === 'string' ? Buffer.from(cursor, 'base64url').toString() : ''
  // Not every database takes a NUL in a text.
  const [, time, id] = /^(-?\d{1,15}) ([^\0]+)$/.exec(text) ?? []
  if (time !== undefined && id !== undefined) return { createdAt: new Date(Number(time)), id }
  faults.push('cursor must be one that a page came with')
  return undefined
}
