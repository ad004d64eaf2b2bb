import type { StoredKey } from './record.js'

export type Awaitable<T> = T | Promise<T>

/**
 * Where key records live. Only `findByDigest` is needed to enforce scopes; the other methods each switch on
 * the call of `app.apiKeys` that needs them.
 *
 * A method that cannot answer rejects (or throws); it never answers `null` in place of "I don't know", for
 * `null` means that there is no such key. What it throws is logged and never reaches a client.
 *
 * `storeConformance` of `fastify-api-key-scopes/testing` checks a store against this contract.
 */
export interface KeyStore {
  /** The record with exactly this digest, byte for byte, whatever its state (revoked and expired ones too), or `null`. */
  findByDigest (digest: string): Awaitable<StoredKey | null>

  /**
   * Adds a record. Resolves once it would survive the loss of the process (for a store that is durable at all),
   * and from then on every other method sees it. Rejects, and changes nothing, if the id or the digest is taken.
   */
  insert? (key: StoredKey): Awaitable<void>

  /** The record with exactly this id, whatever its state, or `null`. */
  get? (id: string): Awaitable<StoredKey | null>

  /** Records by creation, newest first, those of the same millisecond by descending id (compared byte for byte). */
  list? (query: KeyQuery): Awaitable<readonly StoredKey[]>

  /**
   * Sets these fields of a record, all in one step and no others, and answers the record as it then is, or `null` if
   * there is none. As durable as `insert`: once it resolves, no later `findByDigest` answers the record as it was before.
   */
  update? (id: string, changes: KeyChanges): Awaitable<StoredKey | null>

  /**
   * Sets `revokedAt` to `at` unless it is already set, and answers the record as it then is, or `null` if there
   * is none. As durable as `insert`: once it resolves, no later `findByDigest` answers the unrevoked record.
   */
  revoke? (id: string, at: Date): Awaitable<StoredKey | null>

  /** Called when the plugin is registered; a rejection stops the app from starting. One store may be opened by several apps. */
  open? (): Awaitable<void>

  /** Called once for each `open`, when that app closes. */
  close? (): Awaitable<void>
}

/** What may change in the life of a key, beside its end. */
export type KeyChanges = Partial<Pick<StoredKey, 'name' | 'scopes' | 'metadata' | 'disabledAt'>>

export interface KeyQuery {
  /** Only the keys of this owner. Left out: everybody's. */
  readonly ownerId?: string
  /** Only what comes after this place in the order of `list`. */
  readonly after?: { readonly createdAt: Date, readonly id: string }
  /** How many at most: a whole number from 1. */
  readonly limit: number
}
