import type { StoredKey } from '../../keys/record.js'
import { fromText, toKey as keyOf } from '../row.js'

/**
 * Several columns as one value of bytes, for `unpack`. The drivers disagree about large numbers, and libsql ends the whole
 * process where a text is no UTF-8: with one damaged row all others would be lost.
 */
export function packed (object: Record<string, string>): string {
  const members = Object.entries(object).map(([name, column]) => `'${name}', ${column}`)
  return `CAST(json_object(${members.join(', ')}) AS BLOB) AS packed`
}

/** What was packed, or `null` if there is text in it that is none. */
export function unpack<Row> (row: unknown): Row | null {
  try {
    return JSON.parse(utf8.decode((row as Packed).packed)) as Row
  } catch {
    return null
  }
}

/** What `toKey` reads. */
export const selection = packed({
  id: 'id',
  digest: 'digest',
  name: 'name',
  ownerId: 'owner_id',
  start: 'start',
  scopes: 'scopes',
  createdAt: 'created_at',
  expiresAt: 'expires_at',
  revokedAt: 'revoked_at',
  revokedReason: 'revoked_reason',
  disabledAt: 'disabled_at',
  lastUsedAt: 'last_used_at',
  metadata: 'metadata',
  rotatedFrom: 'rotated_from',
  pepperVersion: 'pepper_version'
})

/** Never throws: what cannot be read becomes a value that the check of every record refuses, and the key is denied. */
export function toKey (row: unknown): StoredKey {
  const values = unpack<object>(row)
  return values === null ? { id: idIn(row as Packed) } as StoredKey : keyOf(values)
}

/** The `SET` part of an update. Its values are those of `toChanges`. */
export const assignments = `name = coalesce(?, name), scopes = coalesce(?, scopes), metadata = coalesce(?, metadata),
  disabled_at = iif(?, ?, disabled_at)`

interface Packed { readonly packed: Uint8Array }

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** As well as it can be read: somebody will look for the row by it. */
function idIn ({ packed }: Packed): string {
  return fromText((JSON.parse(Buffer.from(packed).toString()) as { id: string }).id)
}
