import type { StoredKey } from '../../keys/record.js'
import type { KeyChanges, SeenKey } from '../../keys/store.js'
import { textOrNull, toKey, toMilliseconds, toRow, toText } from '../row.js'

/** What a record consists of, in the order of `toRow`. */
export const fields = [
  'id', 'digest', 'name', 'ownerId', 'start', 'scopes', 'createdAt', 'expiresAt', 'revokedAt', 'disabledAt',
  'lastUsedAt', 'metadata', 'rotatedFrom', 'pepperVersion', 'revokedReason'
] as const

/** A new record as words: what it is to be found by, how many words follow, and each field that is not null with its value. */
export function toNewWords (key: StoredKey): string[] {
  const row = toRow(key)
  const words = fields.flatMap((field, i) => row[i] == null ? [] : [field, String(row[i])])
  const ends = [key.revokedAt, key.expiresAt].filter(date => date !== null).map(toMilliseconds)
  return [
    toText(key.id),
    toText(key.digest),
    String(toMilliseconds(key.createdAt)),
    ends.length === 0 ? 'inf' : String(Math.min(...ends)),
    key.rotatedFrom === null ? '0' : '1',
    toText(key.rotatedFrom ?? ''),
    String(words.length),
    ...words
  ]
}

/** What to set in an update, as words. A date that is to be none is an empty word. */
export function changesToWords ({ name, scopes, metadata, disabledAt }: KeyChanges): string[] {
  return [
    ...name === undefined ? [] : ['name', toText(name)],
    ...scopes === undefined ? [] : ['scopes', JSON.stringify(scopes)],
    ...metadata === undefined ? [] : ['metadata', JSON.stringify(metadata)],
    ...disabledAt === undefined ? [] : ['disabledAt', dateOrNone(disabledAt)]
  ]
}

/** Whether a record must be as it was seen, and how that was. */
export function seenToWords (seen: SeenKey | undefined): string[] {
  return seen === undefined ? ['0', '', ''] : ['1', JSON.stringify(seen.scopes), dateOrNone(seen.disabledAt)]
}

function dateOrNone (date: Date | null): string {
  return date === null ? '' : String(toMilliseconds(date))
}

/** A reason is a word of its own, or none. */
export function reasonToWords (reason: string | null | undefined): string[] {
  const text = textOrNull(reason)
  return text === null ? [] : [text]
}

/** From the values of `fields`. Never throws: a record that has lost a field it must have is refused by the check of every record. */
export function fromValues (values: Values): StoredKey {
  const row = Object.fromEntries(fields.map((field, i) => [field, values[i] ?? (MAY_BE_NULL.has(field) ? null : '')]))
  const lost = fields.filter((field, i) => values[i] === null && !MAY_BE_NULL.has(field))
  return Object.assign(toKey(row), Object.fromEntries(lost.map(field => [field, null])))
}

/** Without a single field there is no record. */
export function fromValuesOrNull (values: Values | null): StoredKey | null {
  return values === null || values.every(value => value === null) ? null : fromValues(values)
}

const MAY_BE_NULL: ReadonlySet<string> = new Set(['ownerId', 'expiresAt', 'revokedAt', 'disabledAt', 'lastUsedAt', 'rotatedFrom', 'revokedReason'])

/** What stands in Redis for each of `fields`. */
export type Values = ReadonlyArray<string | null>
