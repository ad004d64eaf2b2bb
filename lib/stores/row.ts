// How a record stands in the tables of an SQL database.
import type { StoredKey } from '../keys/record.js'
import type { KeyChanges } from '../keys/store.js'

/** What is given for a placeholder. */
export type SqlValue = string | number | null

/** What `toRow` gives values for. */
export const columns = `id, digest, name, owner_id, start, scopes, created_at, expires_at, revoked_at, disabled_at,
  last_used_at, metadata, rotated_from, pepper_version, revoked_reason`

/**
 * What `toKey` reads. Numbers come as text, because the drivers disagree about large ones: an absurd date in one row would
 * otherwise throw in `node:sqlite`, and with it every other row of a list would be lost.
 */
export const selection = `id, digest, name, owner_id AS "ownerId", start, scopes,
  CAST(created_at AS TEXT) AS "createdAt", CAST(expires_at AS TEXT) AS "expiresAt", CAST(revoked_at AS TEXT) AS "revokedAt",
  CAST(disabled_at AS TEXT) AS "disabledAt", CAST(last_used_at AS TEXT) AS "lastUsedAt",
  metadata, rotated_from AS "rotatedFrom", CAST(pepper_version AS TEXT) AS "pepperVersion", revoked_reason AS "revokedReason"`

export function toRow (key: StoredKey): SqlValue[] {
  return [
    toText(key.id),
    toText(key.digest),
    toText(key.name),
    textOrNull(key.ownerId),
    toText(key.start),
    JSON.stringify(key.scopes),
    toMilliseconds(key.createdAt),
    key.expiresAt === null ? null : toMilliseconds(key.expiresAt),
    key.revokedAt === null ? null : toMilliseconds(key.revokedAt),
    key.disabledAt === null ? null : toMilliseconds(key.disabledAt),
    key.lastUsedAt === null ? null : toMilliseconds(key.lastUsedAt),
    JSON.stringify(key.metadata),
    textOrNull(key.rotatedFrom),
    key.pepperVersion,
    textOrNull(key.revokedReason)
  ]
}

/**
 * What to set in an update: `name`, `scopes` and `metadata`, null if they stay as they are, and `disabled_at`, which may become
 * null, with a flag before it.
 */
export function toChanges ({ name, scopes, metadata, disabledAt }: KeyChanges): SqlValue[] {
  return [
    name === undefined ? null : toText(name),
    scopes === undefined ? null : JSON.stringify(scopes),
    metadata === undefined ? null : JSON.stringify(metadata),
    disabledAt === undefined ? 0 : 1,
    disabledAt == null ? null : toMilliseconds(disabledAt)
  ]
}

/** Never throws: what cannot be read becomes a value that the check of every record refuses, and the key is denied. */
export function toKey (row: unknown): StoredKey {
  const { id, digest, name, ownerId, start, scopes, metadata, rotatedFrom, pepperVersion, revokedReason, ...dates } = row as Row
  return {
    id: fromText(id),
    digest: fromText(digest),
    name: fromText(name),
    ownerId: ownerId === null ? null : fromText(ownerId),
    start: fromText(start),
    scopes: fromJson(scopes) as StoredKey['scopes'],
    createdAt: fromMilliseconds(dates.createdAt),
    expiresAt: dates.expiresAt === null ? null : fromMilliseconds(dates.expiresAt),
    revokedAt: dates.revokedAt === null ? null : fromMilliseconds(dates.revokedAt),
    revokedReason: revokedReason === null ? null : fromText(revokedReason),
    disabledAt: dates.disabledAt === null ? null : fromMilliseconds(dates.disabledAt),
    lastUsedAt: dates.lastUsedAt === null ? null : fromMilliseconds(dates.lastUsedAt),
    metadata: fromJson(metadata) as StoredKey['metadata'],
    rotatedFrom: rotatedFrom === null ? null : fromText(rotatedFrom),
    pepperVersion: Number(pepperVersion)
  }
}

/**
 * A database cannot hold every JavaScript string: a lone surrogate would be replaced, libsql reads only up to a NUL, and
 * PostgreSQL refuses it. So these, and the backslash that marks them, are written as `\uXXXX`; any other string stays as it is.
 */
export function toText (value: string): string {
  return value.replace(/[\0\\\p{Surrogate}]/gu, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

export function textOrNull (value: string | null | undefined): string | null {
  return value == null ? null : toText(value)
}

/** Throws on an invalid date, which a database would store as NULL: a key that never expires. */
export function toMilliseconds (date: Date): number {
  const milliseconds = date.getTime()
  if (Number.isNaN(milliseconds)) throw new TypeError('An API key record has an invalid date')
  return milliseconds
}

type Row = Record<
  'id' | 'digest' | 'name' | 'start' | 'scopes' | 'createdAt' | 'metadata' | 'pepperVersion', string
> & Record<'ownerId' | 'expiresAt' | 'revokedAt' | 'revokedReason' | 'disabledAt' | 'lastUsedAt' | 'rotatedFrom', string | null>

export function fromText (text: string): string {
  return text.replace(/\\u([0-9a-f]{4})/g, (_, digits: string) => String.fromCharCode(parseInt(digits, 16)))
}

export function fromMilliseconds (text: string): Date {
  return new Date(Number(text))
}

function fromJson (text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
