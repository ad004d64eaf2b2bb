import { types } from 'node:util'
import { intersection, type Grant } from '../scopes/grant.js'
import { isPlainObject } from '../scopes/entries.js'
import type { Requirement } from '../scopes/requirement.js'
import type { ResolveGrant } from './grants.js'
import { idIn, packed, unpacked } from './packed-record.js'
import type { ApiKeyRecord, JsonObject, StoredKey } from './record.js'
import { NEVER, type NotedKey } from './usage/noted-key.js'

/** Why a credential that claims to be an API key is refused (`ownerless`: `ownerScopes` says that its owner is gone). For logs; a client is not told. */
export type KeyRefusal = 'malformed' | 'unknown' | 'revoked' | 'disabled' | 'expired' | 'ownerless' | 'corrupt'

/**
 * A key that the store knows, read once and ready for any number of requests. There may be very many of them in memory, so the record
 * is kept as a short text until somebody wants to see it.
 */
export class KnownKey implements NotedKey {
  readonly grant: Grant
  /** When it ends, in milliseconds since 1970 (a `Date` could be changed by whoever holds the record; `null`: never), or why it has for good. */
  readonly ending: number | KeyRefusal | null
  usedAt = NEVER
  metAt = NEVER
  met: Requirement | null = null
  otherMet: Map<Requirement, number> | null = null
  #record: ApiKeyRecord | string

  constructor (record: ApiKeyRecord | string, grant: Grant, ending: number | KeyRefusal | null) {
    this.grant = grant
    this.ending = ending
    this.#record = record
  }

  /** A known key that may be used says by itself who is calling. */
  get type (): 'apiKey' {
    return 'apiKey'
  }

  /** With `ownerScopes`: what its owner may do, which the grant is within. */
  get limit (): Grant | undefined {
    return undefined
  }

  get id (): string {
    return typeof this.#record === 'string' ? idIn(this.#record) : this.#record.id
  }

  /** Frozen, and without the digest. The same object each time. */
  get record (): ApiKeyRecord {
    if (typeof this.#record === 'string') this.#record = unpacked(this.#record, this.grant.names)
    return this.#record
  }

  /** The same key, which may not be used any more, for good. */
  endedAs (refusal: KeyRefusal): KnownKey {
    return new KnownKey(this.#record, this.grant, refusal)
  }

  /** The same key, with no more than this. */
  within (limit: Grant): KnownKey {
    return new LimitedKey(this.#record, this.grant, this.ending, limit)
  }
}

/** A class of its own, for most apps have no such keys, and each byte of a known key is there very often. */
class LimitedKey extends KnownKey {
  readonly #limit: Grant

  constructor (record: ApiKeyRecord | string, grant: Grant, ending: number | KeyRefusal | null, limit: Grant) {
    super(record, intersection(grant, limit), ending)
    this.#limit = limit
  }

  override get limit (): Grant {
    return this.#limit
  }
}

/** Any key with this grant, where nobody's in particular is meant: its record says nothing. */
export function anyKey (grant: Grant): KnownKey {
  return new KnownKey('["","","",0]', grant, null)
}

/** Whether a known key may be used at this moment, in milliseconds since 1970: `null`, or why not. */
export function refusalOf ({ ending }: KnownKey, now: number): KeyRefusal | null {
  if (typeof ending !== 'number') return ending
  return now < ending ? null : 'expired'
}

/**
 * Reads what a store answered. A record that is not whole and well-formed in every field is refused, and its faults
 * are told: a date that is no date, or a list of scopes that is no list, must never open anything.
 */
export function readStoredKey (stored: unknown, resolve: ResolveGrant): KnownKey | CorruptKey {
  const faults = faultsOf(stored)
  if (faults.length > 0) return { corrupt: faults }

  return known(stored as StoredKey, packed(stored as StoredKey), resolve)
}

/** The key that this record is of, which is kept as it is. */
export function knownKeyOf (record: ApiKeyRecord, resolve: ResolveGrant): KnownKey {
  return known(record, record, resolve)
}

function known ({ scopes, expiresAt, revokedAt, disabledAt }: ApiKeyRecord, kept: ApiKeyRecord | string, resolve: ResolveGrant): KnownKey {
  const ended = revokedAt !== null ? 'revoked' : disabledAt !== null ? 'disabled' : null
  return new KnownKey(kept, resolve(scopes), ended ?? expiresAt?.getTime() ?? null)
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
