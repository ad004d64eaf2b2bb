import type { Catalog } from '../scopes/catalog.js'
import { isPlainObject } from '../scopes/entries.js'
import { didYouMean, show } from '../scopes/faults.js'
import type { ScopeName } from '../scopes/register.js'
import { InvalidInputError } from './errors.js'
import { copyJson, isDate } from './known-key.js'
import type { JsonObject } from './record.js'

/** What a new API key is to be. */
export interface NewApiKey {
  /** What its owner calls it: 1 to 200 characters, no control characters. */
  readonly name: string
  /** Whose it is: the `id` of a user as `authenticateUser` gives it, 1 to 255 characters. Default `null`: nobody's. */
  readonly ownerId?: string | null
  /** The grant. An empty list opens only routes that demand no scope. Default: the catalog's `defaultGrant`. */
  readonly scopes?: readonly ScopeName[]
  /** A `Date`, or an ISO 8601 date and time with its zone, in the future. Default `null`: never. */
  readonly expiresAt?: Date | string | null
  /** A JSON object to keep with the key, 16 KiB at most as JSON. Not for secrets. Default `{}`. */
  readonly metadata?: JsonObject
}

/** The same, checked and with its defaults filled in. */
export interface CheckedKey {
  readonly name: string
  readonly ownerId: string | null
  readonly scopes: readonly string[]
  readonly expiresAt: Date | null
  readonly metadata: JsonObject
}

/** @throws {InvalidInputError} naming every field that is wrong, and how to put it right. */
export function checkNewKey (input: unknown, catalog: Catalog, now: number): CheckedKey {
  if (!isPlainObject(input)) throw new InvalidInputError(`expected an object { ${FIELDS.join(', ')} }, not ${show(input)}`)
  const { name, ownerId = null, scopes = catalog.defaultGrant, expiresAt = null, metadata = {}, ...rest } = input
  const faults: string[] = []

  for (const field of Object.keys(rest)) faults.push(`unknown field ${show(field)}${didYouMean(field, FIELDS)}`)
  if (!isText(name, 200)) faults.push(`name must be a string of 1 to 200 characters without control characters, not ${show(name)}`)
  if (ownerId !== null && !isText(ownerId, 255)) faults.push(`ownerId must be a string of 1 to 255 characters, not ${show(ownerId)}`)
  const expiry = expiresAt === null ? null : readDate(expiresAt)
  if (expiry === undefined) {
    faults.push(`expiresAt must be a Date or an ISO 8601 date and time with its zone, such as "2030-01-31T12:00:00Z", not ${show(expiresAt)}`)
  } else if (expiry !== null && expiry.getTime() <= now) {
    faults.push(`expiresAt must be in the future, not ${expiry.toISOString()}`)
  }
  checkScopes(scopes, catalog, faults)
  const json = copyJson(metadata)
  if (json === undefined || Buffer.byteLength(JSON.stringify(json)) > METADATA_BYTES) faults.push('metadata must be a JSON object of 16 KiB at most')

  if (faults.length > 0) throw new InvalidInputError(faults.join('; '))
  return {
    name: name as string,
    ownerId: ownerId as string | null,
    scopes: Object.freeze([...new Set(scopes as string[])]),
    expiresAt: expiry as Date | null,
    metadata: json as JsonObject
  }
}

const FIELDS = ['name', 'ownerId', 'scopes', 'expiresAt', 'metadata']
const METADATA_BYTES = 16 * 1024
const EXPLAINED = 10

/**
 * No control characters, and none that turn the direction of a text or end a line: a name ends up in lists and terminals. No halves of surrogate pairs either: they do not
 * survive UTF-8, so two owners could become one in a database.
 */
function isText (value: unknown, longest: number): boolean {
  return typeof value === 'string' && value !== '' && value.length <= longest && !/[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Bidi_Control}]/u.test(value)
}

function checkScopes (scopes: unknown, catalog: Catalog, faults: string[]): void {
  if (scopes === undefined) {
    faults.push('scopes must be named: this API has no default grant (an empty list grants nothing)')
  } else if (!Array.isArray(scopes)) {
    faults.push(`scopes must be a list of scope names, not ${show(scopes)}`)
  } else {
    const refused = [...new Set(scopes as unknown[])].filter(name => catalog.scopes.get(name as string)?.status !== 'active')
    // Whoever sends ten thousand wrong names is not to be helped with each of them.
    if (refused.length > EXPLAINED) faults.push(`${refused.length} of the scopes cannot be granted, the first of them these`)
    for (const name of refused.slice(0, EXPLAINED)) {
      const scope = catalog.scopes.get(name as string)
      if (scope === undefined) faults.push(`unknown scope ${show(name)}${didYouMean(name, catalog.scopes.keys())}`)
      else faults.push(`scope ${show(name)} is ${scope.status} and cannot be granted yet`)
    }
  }
}

const ISO_8601 = /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:\d\d)$/

function readDate (value: unknown): Date | undefined {
  if (isDate(value)) return new Date(value)
  if (typeof value !== 'string' || !ISO_8601.test(value)) return undefined
  const date = new Date(value)
  return isDate(date) && isDay(value.slice(0, 10)) ? date : undefined
}

/** `new Date('2030-02-31')` is the 3rd of March, which nobody asked for. */
function isDay (day: string): boolean {
  return new Date(day).toISOString().startsWith(day)
}
