/** A value that survives `JSON.stringify` and `JSON.parse` unchanged. */
export type JsonValue = string | number | boolean | null | readonly JsonValue[] | JsonObject

/** A plain JSON object, such as a key's `metadata`. */
export interface JsonObject { readonly [key: string]: JsonValue }

/**
 * What is known about an API key. Never the key itself, and never its digest:
 * a record may be logged, and sent to the key's owner.
 */
export interface ApiKeyRecord {
  /** Names the key in lists, logs and calls such as `revoke(id)`. Says nothing about the secret. */
  readonly id: string
  /** What its owner calls it. */
  readonly name: string
  /** Whose key it is: the `id` that `authenticateUser` gave its user. `null`: nobody's, as a machine's. */
  readonly ownerId: string | null
  /** The prefix and the first four characters of the secret, to recognise a key in a list. */
  readonly start: string
  /** The grant, as it was named; what it opens is decided by today's catalog. */
  readonly scopes: readonly string[]
  readonly createdAt: Date
  /** The key is refused from this moment on (`now >= expiresAt`). `null`: never. */
  readonly expiresAt: Date | null
  readonly revokedAt: Date | null
  /** What whoever revoked it said of it. */
  readonly revokedReason: string | null
  readonly disabledAt: Date | null
  /** When it was last seen, a little late: uses are collected and written from time to time. `null`: never. */
  readonly lastUsedAt: Date | null
  /** Anything the application wants to keep with the key. Not for secrets. */
  readonly metadata: JsonObject
  /** The id of the key that this one replaced. */
  readonly rotatedFrom: string | null
  /** Which pepper the digest was made with. `0`: none. */
  readonly pepperVersion: number
}

/** A record as a store keeps it: with the digest by which it is found. */
export interface StoredKey extends ApiKeyRecord {
  /**
   * SHA-256 of the API key, or with a pepper HMAC-SHA-256(pepper, SHA-256(key)):
   * 64 lower-case hexadecimal digits, so that no collation can confuse two of them.
   */
  readonly digest: string
}
