import { InvalidArgumentError } from 'commander'
import { shifted } from '../keys/duration.js'
import { readMoment } from '../keys/key-fields.js'

// What stands behind options, as far as it is checked before anything is opened. The messages follow the name of the option.

export const DURATIONS = 'P90D, PT1H, P1Y6M, P2W'
const MOMENTS = 'an ISO 8601 duration such as P90D, a date such as 2030-01-31, or a date and time with its zone such as 2030-01-31T12:00:00Z'

/** Not the value alone: the parser would take `null` for no value. */
export interface Expiry { readonly expiresAt: string | null }

/** Of a key: an ISO 8601 duration from now, a date, which begins in UTC, a date and time, or `never`. */
export function expiry (text: string): Expiry {
  if (text === 'never') return { expiresAt: null }
  const moment = atMidnight(text)
  if (readMoment(moment, Date.now()) === undefined) throw new InvalidArgumentError(`It must be ${MOMENTS}, or never.`)
  return { expiresAt: moment }
}

/** What lies so long ago, or then. */
export function past (text: string): Date {
  const now = Date.now()
  const moment = readMoment(atMidnight(text), now, 'before')
  if (moment === undefined || moment.getTime() > now) throw new InvalidArgumentError(`It must be past: ${MOMENTS}.`)
  return moment
}

export function duration (text: string): string {
  if (shifted(new Date(), text) === undefined) throw new InvalidArgumentError(`It must be an ISO 8601 duration such as ${DURATIONS}; PT0S for none.`)
  return text
}

export function count (text: string): number {
  const number = /^\d{1,4}$/.test(text) ? Number(text) : 0
  if (number < 1 || number > 1000) throw new InvalidArgumentError('It must be a whole number from 1 to 1000.')
  return number
}

function atMidnight (text: string): string {
  return /^\d{4}-\d\d-\d\d$/.test(text) ? `${text}T00:00:00Z` : text
}
