import { show } from '../scopes/faults.js'
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

export function readExpiresAt (expiresAt: unknown, now: number, faults: string[]): Date | null {
  if (expiresAt === null) return null
  const expiry = readDate(expiresAt)
  if (expiry === undefined) {
    faults.push(`expiresAt must be a Date or an ISO 8601 date and time with its zone, such as "2030-01-31T12:00:00Z", not ${show(expiresAt)}`)
  } else if (expiry.getTime() <= now) {
    faults.push(`expiresAt must be in the future, not ${expiry.toISOString()}`)
  }
  return expiry as Date
}

export function readMetadata (metadata: unknown, faults: string[]): JsonObject {
  const json = copyJson(metadata)
  if (json === undefined || Buffer.byteLength(JSON.stringify(json)) > METADATA_BYTES) faults.push('metadata must be a JSON object of 16 KiB at most')
  return json as JsonObject
}

const METADATA_BYTES = 16 * 1024

/**
 * No control characters, and none that turn the direction of a text or end a line: a name ends up in lists and terminals. No halves of surrogate pairs either: they do not
 * survive UTF-8, so two owners could become one in a database.
 */
function isText (value: unknown, longest: number): boolean {
  return typeof value === 'string' && value !== '' && value.length <= longest && !/[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Bidi_Control}]/u.test(value)
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
