import type { Catalog } from '../scopes/catalog.js'
import type { ScopeName } from '../scopes/register.js'
import type { Auditor } from './audit.js'
import type { Digester } from './digest.js'
import type { ApiKeyChanges, ChangeRules } from './key-changes.js'
import type { KeyPage, ListQuery } from './key-list.js'
import type { ImportedKey } from './imported-key.js'
import type { CallOptions } from './life/caller.js'
import type { Grantable } from './life/ceiling.js'
import { creating } from './life/create.js'
import { tellingGrantable } from './life/grantable.js'
import { importing, type ImportResult } from './life/import.js'
import type { KeyLife } from './life/life.js'
import { purging, type PurgeQuery } from './life/purge.js'
import { getting, listing } from './life/read.js'
import { revoking, revokingOwner, type RevokeOptions } from './life/revoke.js'
import { rotating, type RotateOptions } from './life/rotate.js'
import type { IssuedKey } from './life/secret.js'
import { updating } from './life/update.js'
import { reporting, type UsageQuery } from './life/usage.js'
import { verifying, type Verification, type VerifyOptions } from './life/verify.js'
import type { NewApiKey } from './new-key.js'
import type { OwnerScopes } from './owner-rights.js'
import type { ApiKeyRecord } from './record.js'
import { recordsIn } from './records.js'
import type { KeyStore } from './store.js'
import { NOT_NOTED, type UsageNotes } from './usage/notes.js'
import type { KeyUsage } from './usage/report.js'
import type { KeyVerifier, StoreTrouble } from './verifier.js'

/**
 * The life of API keys, as it is a part of `app.apiKeys`. Every call rejects with FST_API_KEY_INVALID_INPUT (400) if it is given something
 * that cannot be right, FST_API_KEY_STORE_UNAVAILABLE (503) if the store cannot answer, and FST_API_KEY_STORE_INCAPABLE
 * (500) if it lacks the method. Those that change something reject with FST_API_KEY_AUDIT_UNAVAILABLE (503), before they
 * do it, if a required audit sink fails; those that give away scopes, with `as`, with FST_API_KEY_BEYOND_GRANT (403) or
 * FST_API_KEY_RIGHTS_UNAVAILABLE (503).
 */
export interface Keyring {
  readonly catalog: Catalog<ScopeName>
  /** Makes a key. The key itself is in this answer and nowhere else: show it once. It works at once in this process. */
  create (input: NewApiKey, options?: CallOptions): Promise<IssuedKey>
  /** The record with this id, whatever its state, or `null`. */
  get (id: string, options?: CallOptions): Promise<ApiKeyRecord | null>
  /** Records, newest first, page by page. */
  list (query?: ListQuery, options?: CallOptions): Promise<KeyPage>
  /**
   * Changes a key, and answers its record as it then is, or `null` if there is none. What it may do changes at once in
   * this process, and in every other within `maxStaleness`. Of two at the same time, the later one wins field by field. A
   * revoked key cannot be changed.
   */
  update (id: string, changes: ApiKeyChanges, options?: CallOptions): Promise<ApiKeyRecord | null>
  /**
   * Replaces a key by a new one with the same name, owner, grant and metadata, and another secret and id; or answers `null`
   * if there is none. The old one works until the grace period ends, an hour unless said otherwise. Both in one step, so
   * that there is a key that works at any time.
   *
   * @throws also FST_API_KEY_ALREADY_ROTATED (409): of two rotations, one wins. FST_API_KEY_INVALID_INPUT for a key that
   * is revoked, disabled or expired.
   */
  rotate (id: string, options?: RotateOptions): Promise<IssuedKey | null>
  /**
   * Ends a key for good, and answers its record, or `null` if there is none. Refused at once in this process, and in
   * every other within `maxStaleness`. Revoking again changes nothing, the reason included.
   */
  revoke (id: string, options?: RevokeOptions): Promise<ApiKeyRecord | null>
  /** Revokes all keys of an owner in one step, and answers those that were not revoked before. */
  revokeOwner (ownerId: string, options?: RevokeOptions): Promise<readonly ApiKeyRecord[]>
  /**
   * Takes over keys that another system has made, 100,000 at most, by their SHA-256 digests. All are checked before the
   * first is kept. A digest that is there already is left as it is, so an import that was interrupted can simply be run
   * again. Keys of other forms than our own need the plugin option `foreignKeys` to be accepted.
   *
   * @throws also FST_API_KEY_INVALID_INPUT, with `as`, if a digest belongs to somebody else.
   */
  import (keys: readonly ImportedKey[], options?: CallOptions): Promise<ImportResult>
  /**
   * Which scopes whoever makes a call may give away, of those that can be granted at all: with `as`, what `grantable`, the
   * session, or the key allows. For forms; every call that gives away scopes checks it anyway.
   */
  grantable (options?: CallOptions): Promise<readonly ScopeName[]>
  /** Checks a key as a request would, for when it did not come in a request. Rejects if the store cannot say. */
  verify (key: string, options?: VerifyOptions): Promise<Verification>
  /**
   * Tells when a key was last used, which of its scopes were needed, and what grant would have been enough; or `null` if
   * there is no such key. What this process has seen is in it up to this moment; other processes write theirs from time to time.
   *
   * @throws also FST_API_KEY_USAGE_OFF (500) with `usage: false`.
   */
  usage (id: string, options?: UsageQuery): Promise<KeyUsage | null>
  /** Removes the records of keys that were revoked, or had expired, before a time; until then they stay. Answers how many. */
  purge (query: PurgeQuery, options?: Pick<CallOptions, 'actor'>): Promise<number>
}

export interface KeyringOptions extends ChangeRules {
  readonly store: KeyStore
  /** For new keys. */
  readonly prefix: string
  readonly digester: Digester
  readonly verifier: KeyVerifier
  readonly trouble: StoreTrouble
  readonly auditor: Auditor
  /** Milliseconds; `null`: any. */
  readonly maxKeyLifetime: number | null
  readonly grantable: Grantable | undefined
  readonly ownerScopes: OwnerScopes | undefined
  /** What this process sees of the use of keys. Default: nothing. */
  readonly usage?: UsageNotes
}

export function keyring ({ store, prefix, digester, verifier, trouble, auditor, usage = NOT_NOTED, ...rules }: KeyringOptions): Keyring {
  const life: KeyLife = {
    rules: { ...rules, resolve: verifier.resolve, failed: trouble.failed },
    prefix,
    digester,
    verifier,
    records: recordsIn(store, verifier.resolve, trouble),
    auditor,
    usage
  }
  return Object.freeze({
    catalog: rules.catalog as Catalog<ScopeName>,
    create: creating(life),
    get: getting(life),
    list: listing(life),
    update: updating(life),
    rotate: rotating(life),
    revoke: revoking(life),
    revokeOwner: revokingOwner(life),
    import: importing(life),
    grantable: tellingGrantable(life),
    verify: verifying(life),
    usage: reporting(life),
    purge: purging(life)
  })
}
