import { types } from 'node:util'
import type { Grant } from '../scopes/grant.js'
import { isPlainObject } from '../scopes/entries.js'
import type { ResolveGrant } from './grants.js'
import type { ApiKeyRecord, JsonObject, StoredKey } from './record.js'

/** Why a credential that claims to be an API key is refused. For logs; a client is not told. */
export type KeyRefusal = 'malformed' | 'unknown' | 'revoked' | 'disabled' | 'expired' | 'ownerless' | 'corrupt'

/** A key that the store knows, read once and ready for any number of requests. */
export interface KnownKey {
  /** Frozen, and without the digest. */
  readonly record: ApiKeyRecord
  readonly grant: Grant
  /** With `ownerScopes`: what its owner may do, which the grant is within. Left out: no limit. */
  readonly limit?: Grant
  /** Milliseconds since 1970 (`Infinity`: never). Kept as a number, for a `Date` could be changed by whoever holds the record. */
  readonly expiresAt: number
  /** `ownerless`: `ownerScopes` says that its owner is gone. Whether it has expired is asked anew each time, unless that stands here. */
  readonly ended: KeyRefusal | null
}

/** Whether a known key may be used at this moment, in milliseconds since 1970: `null`, or why not. */
export function refusalOf (key: KnownKey, now: number): KeyRefusal | null {
  if (key.ended !== null) return key.ended
  return now < key.expiresAt ? null : 'expired'
}

/**
 * Reads what a store answered. A record that is not whole and well-formed in every field is refused, and its faults
 * are told: a date that is no date, or a list of scopes that is no list, must never open anything.
 */
export function readStoredKey (stored: unknown, resolve: ResolveGrant): KnownKey | CorruptKey {
  const faults = faultsOf(stored)
  if (faults.length > 0) return { corrupt: faults }

  return knownKeyOf(recordOf(stored as StoredKey), resolve)
}

export function knownKeyOf (record: ApiKeyRecord, resolve: ResolveGrant): KnownKey {
  return Object.freeze({
    record,
    grant: resolve(record.scopes),
    expiresAt: record.expiresAt?.getTime() ?? Infinity,
    ended: record.revokedAt !== null ? 'revoked' : record.disabledAt !== null ? 'disabled' : null
  })
}

/** What stands in a store but is no proper record; the faults name its fields. */
export interface CorruptKey { readonly corrupt: readonly string[] }

export function isCorrupt (key: object): key is CorruptKey {
  return 'corrupt' in key
}

/** A frozen copy with exactly the fields of a record. The dates are copies too: nobody can change the store's own through it. */
export function recordOf (key: ApiKeyRecord): ApiKeyRecord {
  return Object.freeze({
    id: key.id,
    name: key.name,
    ownerId: key.ownerId,
    start: key.start,
    scopes: Object.freeze([...key.scopes]),
    createdAt: new Date(key.createdAt),
    expiresAt: key.expiresAt && new Date(key.expiresAt),
    revokedAt: key.revokedAt && new Date(key.revokedAt),
    // A store of your own need not keep it.
    revokedReason: key.revokedReason ?? null,
    disabledAt: key.disabledAt && new Date(key.disabledAt),
    lastUsedAt: key.lastUsedAt && new Date(key.lastUsedAt),
    metadata: copyJson(key.metadata)!,
    rotatedFrom: key.rotatedFrom,
    pepperVersion: key.pepperVersion
  })
}

/** A frozen deep copy, as JSON has it, or `undefined` if there is no JSON object in it. */
export function copyJson (value: unknown): JsonObject | undefined {
  if (!isPlainObject(value)) return undefined
  try {
    // A toJSON may have made anything of it.
    const copy: unknown = JSON.parse(JSON.stringify(value), (_, part: unknown) => Object.freeze(part))
    return isPlainObject(copy) ? copy as JsonObject : undefined
  } catch {
    return undefined
  }
}

/** A `Date`, of whatever realm, that is one. */
export function isDate (value: unknown): value is Date {
  return types.isDate(value) && !Number.isNaN(value.getTime())
}

const isString = (value: unknown) => typeof value === 'string'
const isStringOrNull = (value: unknown) => value === null || isString(value)
const isDateOrNull = (value: unknown) => value === null || isDate(value)

const FIELDS: ReadonlyArray<readonly [keyof StoredKey, (value: unknown) => boolean]> = [
  ['id', value => isString(value) && value !== ''],
  ['digest', isString],
  ['name', isString],
  ['ownerId', isStringOrNull],
  ['start', isString],
  ['scopes', value => Array.isArray(value) && [...value].every(isString)],
  ['createdAt', isDate],
  ['expiresAt', isDateOrNull],
  ['revokedAt', isDateOrNull],
  ['revokedReason', value => value === undefined || isStringOrNull(value)],
  ['disabledAt', isDateOrNull],
  ['lastUsedAt', isDateOrNull],
  ['metadata', value => copyJson(value) !== undefined],
  ['rotatedFrom', isStringOrNull],
  ['pepperVersion', Number.isInteger]
]

function faultsOf (stored: unknown): string[] {
  if (typeof stored !== 'object' || stored === null) return ['the record is no object']
  const fields = stored as Record<string, unknown>
  return FIELDS.filter(([field, holds]) => !holds(fields[field])).map(([field]) => `${field} is missing or malformed`)
}
