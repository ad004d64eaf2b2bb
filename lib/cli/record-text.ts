import type { ApiKeyRecord } from '../keys/record.js'
import type { KeyState } from '../keys/store.js'
import { shortened } from './text.js'

// Records in words, for tables.

export function stateOf ({ revokedAt, disabledAt, expiresAt }: ApiKeyRecord): KeyState {
  if (revokedAt !== null) return 'revoked'
  if (disabledAt !== null) return 'disabled'
  return expiresAt !== null && expiresAt.getTime() <= Date.now() ? 'expired' : 'active'
}

/** In UTC, to the minute. */
export function timeOf (date: Date | null, otherwise = 'never'): string {
  return date === null ? otherwise : `${date.toISOString().slice(0, 16).replace('T', ' ')}Z`
}

/** As a sentence goes on. */
export function ending (expiresAt: Date | null): string {
  return expiresAt === null ? 'never expires' : `expires at ${timeOf(expiresAt)}`
}

/** In a table; `show` has all of it. */
export function inCell (text: string | readonly string[]): string {
  return shortened((typeof text === 'string' ? text : text.join(', ')) || '-', 40)
}

/** As a sentence names it. */
export function called ({ id, name, ownerId }: ApiKeyRecord): string {
  return `${JSON.stringify(name)} (${id}${ownerId === null ? '' : `, of ${ownerId}`})`
}
