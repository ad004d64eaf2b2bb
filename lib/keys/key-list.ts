import { didYouMean, show } from '../scopes/faults.js'
import { InvalidInputError } from './errors.js'
import { readMoment } from './key-fields.js'
import { isDate } from './known-key.js'
import type { ApiKeyRecord } from './record.js'
import type { KeyQuery, KeyState } from './store.js'

export interface ListQuery {
  /** Only the keys of this owner. Default: everybody's. */
  readonly ownerId?: string
  /** Only keys in this state. Default: all. */
  readonly state?: KeyState
  /**
   * Only keys that were made longer ago than this and not used since: an ISO 8601 duration such as `P90D`, or a `Date`, or
   * an ISO 8601 date and time with its zone. Keys that were never used are among them. Default: all.
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

/** @throws {InvalidInputError} naming the field. */
export function readListQuery ({ ownerId, state, unusedFor, limit = 100, cursor, ...rest }: ListQuery, now = Date.now()): KeyQuery {
  const [strange] = Object.keys(rest)
  if (strange !== undefined) throw new InvalidInputError(`unknown field ${show(strange)}${didYouMean(strange, FIELDS)}`)
  if (ownerId !== undefined && typeof ownerId !== 'string') throw new InvalidInputError(`ownerId must be a string, not ${show(ownerId)}`)
  if (!Number.isInteger(limit) || limit < 1 || limit > 1000) throw new InvalidInputError(`limit must be a whole number from 1 to 1000, not ${show(limit)}`)
  if (state !== undefined && !STATES.includes(state)) throw new InvalidInputError(`state must be one of ${STATES.join(', ')}, not ${show(state)}`)
  const unusedSince = unusedFor === undefined ? undefined : readMoment(unusedFor, now, 'before')
  if (unusedFor !== undefined && unusedSince === undefined) {
    throw new InvalidInputError(`unusedFor must be an ISO 8601 duration such as "P90D", a Date, or an ISO 8601 date and time with its zone, not ${show(unusedFor)}`)
  }
  return {
    limit,
    ...ownerId !== undefined && { ownerId },
    ...state !== undefined && { state: { is: state, at: new Date(now) } },
    ...unusedSince !== undefined && { unusedSince },
    ...cursor !== undefined && { after: readCursor(cursor) }
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

function readCursor (cursor: unknown): Place {
  const text = typeof cursor === 'string' ? Buffer.from(cursor, 'base64url').toString() : ''
  const [, time, id] = /^(-?\d{1,15}) (.+)$/s.exec(text) ?? []
  if (time === undefined || id === undefined) throw new InvalidInputError('cursor must be one that a page came with')
  return { createdAt: new Date(Number(time)), id }
}
