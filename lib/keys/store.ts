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
   *
   * With `seen`, answers `null`, and changes nothing, if the record is not as it was seen, or is revoked.
   */
  update? (id: string, changes: KeyChanges, seen?: SeenKey): Awaitable<StoredKey | null>

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

  /**
   * What has changed since a position that an earlier call has answered (`null`: there was none), in one consistent look.
   *
   * Every `insert`, `update`, `rotate`, `revoke`, `revokeOwner` and `purge` that changes something moves the position on, in its own
   * transaction: once it resolves, each `changes` that begins later tells of it, and no position is ever told before
   * everything that led there can be found by `findByDigest`. Both read what was written last, never a replica that may be behind.
   *
   * With it, records are remembered for as long as nothing has changed. Without it each is read anew every `maxStaleness`.
   */
  changes? (since: Position | null): Awaitable<Changes>

  /**
   * Calls `hint` soon after something may have changed, in whatever process. Nothing relies on it: hints may be lost, late or
   * needless. Resolves soon, connected or not, and keeps trying by itself while there is no connection. Answers a function that
   * ends it.
   */
  watch? (hint: () => void): Awaitable<() => Awaitable<void>>

  /** Begins a new epoch: everything that any process remembers of this store is forgotten. For restored backups. */
  bumpEpoch? (): Awaitable<void>

  /** Called when the plugin is registered; a rejection stops the app from starting. One store may be opened by several apps. */
  open? (): Awaitable<void>

  /** Called once for each `open`, when that app closes. */
  close? (): Awaitable<void>
}

/** What may change in the life of a key, beside its end. */
export type KeyChanges = Partial<Pick<StoredKey, 'name' | 'scopes' | 'metadata' | 'disabledAt'>>

/** What of a record must not have changed since it was read. */
export type SeenKey = Pick<StoredKey, 'scopes' | 'disabledAt'>

/** A place in the history of a store. */
export interface Position {
  /** Names the history. Two stores, or one before and after it was restored or failed over, never have the same. */
  readonly epoch: string
  /** Counts the changes in it: a safe integer from 0 that never goes back. */
  readonly seq: number
}

/** What has changed, up to a position. */
export interface Changes {
  readonly position: Position
  /**
   * Digests of the records that were added or changed since then, in any order; `null` if any may have: in another
   * epoch than asked about, at a position before it, after more changes than are kept, and without a position to begin from.
   */
  readonly digests: readonly string[] | null
}

/** What a store has beside, if its `open` can be told to leave the tables as they are. */
export interface MigratingStore {
  /** Brings the tables to the newest version, in one step, also when several processes do so at once. */
  migrate (): Awaitable<Migration>
}

/** Versions of the tables before and after. 0: there were none. */
export interface Migration {
  readonly from: number
  readonly to: number
}

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
