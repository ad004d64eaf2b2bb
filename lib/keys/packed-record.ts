import type { ApiKeyRecord, JsonObject } from './record.js'

/** What a record holds beside its scopes, in an order in which what most keys do not have comes last; dates as milliseconds since 1970. */
type Packed = [
  id: string, name: string, start: string, createdAt: number, ownerId?: string | undefined | null, lastUsedAt?: number | undefined | null, expiresAt?: number | undefined | null,
  pepperVersion?: number | undefined | null, metadata?: JsonObject | undefined | null, rotatedFrom?: string | undefined | null, disabledAt?: number | undefined | null, revokedAt?: number | undefined | null,
  revokedReason?: string | undefined | null
]

/** A record as JSON, as short as can be, without its scopes: those are in its grant, which many keys share. */
export function packed (record: ApiKeyRecord): string {
  const { id, name, start, createdAt, ownerId, lastUsedAt, expiresAt, pepperVersion, metadata, rotatedFrom, disabledAt, revokedAt, revokedReason } = record
  const values: Packed = [
    id, name, start, createdAt.getTime(), ownerId, lastUsedAt?.getTime(), expiresAt?.getTime(), pepperVersion || null, // 0: none
    Object.keys(metadata).length === 0 ? null : metadata, rotatedFrom, disabledAt?.getTime(), revokedAt?.getTime(), revokedReason
  ]
  while (values.at(-1) == null) values.pop()
  // Copied, for V8 keeps what JSON.stringify makes in pieces, which take twice the memory.
  return Buffer.from(JSON.stringify(values)).toString()
}

/** The record again: frozen, with dates and metadata of its own. */
export function unpacked (text: string, scopes: readonly string[]): ApiKeyRecord {
  const values = JSON.parse(text, (_, part: unknown) => Object.freeze(part)) as Packed
  const [id, name, start, createdAt, ownerId, lastUsedAt, expiresAt, pepperVersion, metadata, rotatedFrom, disabledAt, revokedAt, revokedReason] = values
  return Object.freeze({
    id,
    name,
    ownerId: ownerId ?? null,
    start,
    scopes,
    createdAt: new Date(createdAt),
    expiresAt: dateOf(expiresAt),
    revokedAt: dateOf(revokedAt),
    revokedReason: revokedReason ?? null,
    disabledAt: dateOf(disabledAt),
    lastUsedAt: dateOf(lastUsedAt),
    metadata: metadata ?? NO_METADATA,
    rotatedFrom: rotatedFrom ?? null,
    pepperVersion: pepperVersion ?? 0
  })
}

/** The id in a packed record, without unpacking all of it. */
export function idIn (text: string): string {
  const id = text.slice(2, text.indexOf('"', 2))
  return id.includes('\\') ? (JSON.parse(text) as Packed)[0] : id
}

const NO_METADATA: JsonObject = Object.freeze({})

function dateOf (milliseconds: number | null | undefined): Date | null {
  return milliseconds == null ? null : new Date(milliseconds)
}
