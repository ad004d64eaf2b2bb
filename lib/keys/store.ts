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
   * Replaces a key by its successor, all in one step: brings the `expiresAt` of the record with this id forward to
   * `endsAt` (never later than it was), adds the successor, whose `rotatedFrom` is this id, and answers the old record as
   * it then is. Answers `null`, and changes nothing, if there is no such record, if it is revoked or disabled, if there is
   * a record already whose `rotatedFrom` is this id, or if its `name`, `ownerId`, `scopes` and `metadata` are not those of
   * the successor. Rejects as `insert` does. Of two at once, one wins. As durable as `insert`.
   */
  rotate? (id: string, successor: StoredKey, endsAt: Date): Awaitable<StoredKey | null>

  /**
   * Sets `revokedAt` to `at`, and `revokedReason`, unless it is already revoked, and answers the record as it then is, or
   * `null` if there is none. As durable as `insert`: once it resolves, no later `findByDigest` answers the unrevoked record.
   */
  revoke? (id: string, at: Date, reason?: string | null): Awaitable<StoredKey | null>

  /** Does what `revoke` does to all keys of this owner in one step, and answers those that were not revoked before. */
  revokeOwner? (ownerId: string, at: Date, reason?: string | null): Awaitable<readonly StoredKey[]>

  /** Removes the records that were revoked, or had expired, before this time, with all that is kept of their use. Answers how many. */
  purge? (endedBefore: Date): Awaitable<number>

  /**
   * Notes uses of keys: each date replaces an earlier one, and never a later one. Unknown ids are passed over. Says
   * nothing of what a key may do, so it is no change that other processes must hear of.
   */
  recordUse? (uses: readonly KeyUse[]): Awaitable<void>

  /** When each demand was last met by this key, as `recordUse` was told. Empty if nothing is known. */
  usesOf? (id: string): Awaitable<ReadonlyMap<string, Date>>

  /** Called when the plugin is registered; a rejection stops the app from starting. One store may be opened by several apps. */
  open? (): Awaitable<void>

  /** Called once for each `open`, when that app closes. */
  close? (): Awaitable<void>
}

/** What may change in the life of a key, beside its end. */
export type KeyChanges = Partial<Pick<StoredKey, 'name' | 'scopes' | 'metadata' | 'disabledAt'>>

/** In what state a key is. A revoked one is no longer disabled, and a disabled one has not expired. */
export type KeyState = 'active' | 'disabled' | 'expired' | 'revoked'

/** What was seen of one key since it was last told. */
export interface KeyUse {
  readonly id: string
  readonly lastUsedAt: Date
  /** When each demand was last met by it. A demand is a text that the store need not understand, 8 KiB at most. */
  readonly demands: ReadonlyMap<string, Date>
}

export interface KeyQuery {
  /** Only the keys of this owner. Left out: everybody's. */
  readonly ownerId?: string
  /** Only keys that are in this state at this time. */
  readonly state?: { readonly is: KeyState, readonly at: Date }
  /** Only keys that were made before this time and not used since. */
  readonly unusedSince?: Date
  /** Only what comes after this place in the order of `list`. */
  readonly after?: { readonly createdAt: Date, readonly id: string }
  /** How many at most: a whole number from 1. */
  readonly limit: number
}
