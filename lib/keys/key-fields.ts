import { show } from '../scopes/faults.js'
import { shifted } from './duration.js'
import { InvalidInputError } from './errors.js'
import { copyJson, isDate } from './known-key.js'
import type { JsonObject } from './record.js'

// The fields of a key as callers give them. Each reader adds what is wrong, and how to put it right, to `faults`.

export function readName (name: unknown, faults: string[]): string {
  if (!isText(name, 200)) faults.push(`name must be a string of 1 to 200 characters without control characters, not ${show(name)}`)
  return name as string
}

export function readOwnerId (ownerId: unknown, faults: string[]): string | null {
  if (ownerId !== null && !isText(ownerId, 255)) faults.push(`ownerId must be a string of 1 to 255 characters, not ${show(ownerId)}`)
  return ownerId as string | null
}

/** What limits the time of a key that is made `now`. Milliseconds since 1970. */
export interface ExpiryRules {
  readonly now: number
  /** The longest life of a key, in milliseconds; `null`: any. */
  readonly maxKeyLifetime: number | null
  /** The key for which it is made expires then; `null`: there is none, or it never does. */
  readonly actingKeyExpires: Date | null
}

/** Left out, it is as late as the rules allow. */
export function readExpiresAt (expiresAt: unknown, { now, maxKeyLifetime, actingKeyExpires }: ExpiryRules, faults: string[]): Date | null {
  const longest = maxKeyLifetime === null ? Infinity : Math.min(now + maxKeyLifetime, LAST_MOMENT)
  const latest = Math.min(longest, actingKeyExpires?.getTime() ?? Infinity)
  if (expiresAt === undefined) return latest === Infinity ? null : new Date(latest)
  const expiry = expiresAt === null ? null : readMoment(expiresAt, now)
  if (expiry === undefined) {
    faults.push(`expiresAt must be a Date, an ISO 8601 date and time with its zone, such as "2030-01-31T12:00:00Z", or an ISO 8601 duration, such as "P90D", not ${show(expiresAt)}`)
  } else if (expiry !== null && expiry.getTime() <= now) {
    faults.push(`expiresAt must be in the future, not ${expiry.toISOString()}`)
  } else if ((expiry?.getTime() ?? Infinity) > latest) {
    const limit = latest === longest ? 'a key of this API may not live longer' : 'the key that makes it expires then'
    faults.push(`expiresAt must be ${new Date(latest).toISOString()} or earlier, not ${expiry === null ? 'never' : expiry.toISOString()}: ${limit}`)
  }
  return expiry as Date | null
}

/** What a `Date` can hold ends here. */
export const LAST_MOMENT = 8.64e15

/** A `Date`, an ISO 8601 date and time with its zone, or an ISO 8601 duration from `now` (or until it). */
export function readMoment (value: unknown, now: number, direction: 'after' | 'before' = 'after'): Date | undefined {
  return readDate(value) ?? (typeof value === 'string' ? shifted(new Date(now), value, direction) : undefined)
}

/** Since when something was not used, told as a duration until now or as a moment. One to come would make everything seem unused. */
export function readUnusedFor (unusedFor: unknown, now: number, faults: string[]): Date {
  const since = readMoment(unusedFor, now, 'before')
  if (since === undefined || since.getTime() > now) {
    faults.push(`unusedFor must be an ISO 8601 duration such as "P90D", or a Date or an ISO 8601 date and time with its zone that is past, not ${show(unusedFor)}`)
  }
  return since as Date
}

/** Why something is done, for the record and the audit. */
export function readReason (reason: unknown): string | null {
  if (reason === undefined || reason === null) return null
  if (isText(reason, 200)) return reason
  throw new InvalidInputError(`reason must be a string of 1 to 200 characters without control characters, not ${show(reason)}`)
}

export function readMetadata (metadata: unknown, faults: string[]): JsonObject {
  const json = copyJson(metadata)
  if (json === undefined || Buffer.byteLength(JSON.stringify(json)) > METADATA_BYTES) faults.push('metadata must be a JSON object of 16 KiB at most')
  return json as JsonObject
}

const METADATA_BYTES = 16 * 1024

/**
 * No control characters, and none that turn the direction of a text or end a line: a name ends up in lists and
 * terminals. No halves of surrogate pairs either: they do not survive UTF-8, so two owners could become one in a database.
 */
export function isText (value: unknown, longest: number): value is string {
  return typeof value === 'string' && value !== '' && value.length <= longest && !/[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Bidi_Control}]/u.test(value)
}

/** As `Date` reads it, but with a zone, and nothing left out. */
export const ISO_8601 = /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:\d\d)$/

/** A `Date`, or an ISO 8601 date and time with its zone. */
export function readDate (value: unknown): Date | undefined {
  if (isDate(value)) return new Date(value)
  if (typeof value !== 'string' || !ISO_8601.test(value)) return undefined
  const date = new Date(value)
  return isDate(date) && isDay(value.slice(0, 10)) ? date : undefined
}

/** `new Date('2030-02-31')` is the 3rd of March, which nobody asked for. */
function isDay (day: string): boolean {
  return new Date(day).toISOString().startsWith(day)
}
