import type { Catalog } from '../scopes/catalog.js'
import type { Grant } from '../scopes/grant.js'
import { glanceAt, systemClock } from './clock.js'
import { fingerprintOf, type Digester } from './digest.js'
import { StoreUnavailableError } from './errors.js'
import type { ForeignKeys } from './foreign-keys.js'
import { grantResolver, type ResolveGrant } from './grants.js'
import { KeyCache, type Answer, type Found, type KeyCacheOptions } from './key-cache.js'
import { claimsToBeKey, isWellFormedKey } from './key-format.js'
import { isCorrupt, knownKeyOf, readStoredKey, refusalOf, type KeyRefusal, type KnownKey } from './known-key.js'
import { Lease, type LeaseTrouble } from './lease.js'
import { ownerGrant, type OwnerScopes } from './owner-rights.js'
import type { ApiKeyRecord } from './record.js'
import type { KeyStore } from './store.js'

/** What is to be made of a credential. `key` is known whenever the store knows it, refused or not. */
export type Verdict =
  | { readonly key: KnownKey, readonly refusal: null }
  | { readonly key: KnownKey | null, readonly refusal: KeyRefusal }

/** A credential that is refused says by itself who is calling, as a known key does. `key`: what the store knows of it, if it does. */
export interface RefusedKey {
  readonly type: 'refusedKey'
  readonly reason: KeyRefusal
  readonly key: KnownKey | null
}

/** What owners may do, or that there is no such owner. */
export type Owners = Map<string, Promise<Grant | null>>

/** What an operator must hear of, and a client must not. */
export interface StoreTrouble extends LeaseTrouble {
  corrupt (id: unknown, faults: readonly string[]): void
  /** A key was granted scopes that the catalog does not know, or that are not in force. */
  ineffective (id: string, scopes: readonly string[]): void
}

export interface VerifierOptions {
  readonly catalog: Catalog
  readonly store: KeyStore
  readonly prefixes: readonly string[]
  /** Keys that other systems have made. Left out: none. */
  readonly foreignKeys?: ForeignKeys
  readonly digester: Digester
  /** Milliseconds. */
  readonly maxStaleness: number
  /** With it, no key does more than its owner may today. */
  readonly ownerScopes?: OwnerScopes | undefined
  readonly trouble: StoreTrouble
  /** How many keys are remembered at most. */
  readonly maxKeys?: number | undefined
}

/** A read may take as long as `maxStaleness`, but no longer than this, in milliseconds; where that is 0, a second. */
const LONGEST_READ = 10_000

/** Tells whether a credential is an API key that may be used now. Garbage never reaches the store. */
export class KeyVerifier {
  readonly lease: Lease
  readonly resolve: ResolveGrant
  /** Of our own keys, by their text. */
  readonly #cache: KeyCache
  /**
   * Of keys that other systems have made, by their fingerprint, which may be that of a part: whoever has one such key could send very
   * many texts of it. Apart from the others, for a fingerprint that is sent as a key must not be found.
   */
  readonly #foreign: KeyCache
  readonly #options: VerifierOptions

  constructor (options: VerifierOptions) {
    this.#options = options
    this.resolve = grantResolver(options.catalog)
    this.lease = new Lease(options)
    const cache: Omit<KeyCacheOptions, 'digestsOf'> = {
      read: digests => this.#read(digests),
      lease: this.lease,
      maxStaleness: options.maxStaleness,
      timeout: Math.min(options.maxStaleness || 1000, LONGEST_READ),
      timedOut: () => new StoreUnavailableError({ cause: new Error('the store did not answer in time') }),
      maxKeys: options.maxKeys
    }
    const { candidates } = options.digester
    this.#cache = new KeyCache({ ...cache, digestsOf: key => candidates(fingerprintOf(key)) })
    this.#foreign = new KeyCache({ ...cache, digestsOf: candidates })
  }

  /** Whether a credential is meant as an API key, and so must never be taken for anything else. */
  claims (credential: string): boolean {
    return claimsToBeKey(credential, this.#options.prefixes) || this.isForeignKey(credential)
  }

  /** Whether a credential has the form of our own keys, checksum included. */
  isOwnKey (credential: string): boolean {
    return isWellFormedKey(credential, this.#options.prefixes)
  }

  /** Whether a credential has the shape of a key that another system has made. */
  isForeignKey (credential: string): boolean {
    return this.#options.foreignKeys?.matches(credential) ?? false
  }

  /** What a key that another system has made is known by in this process; `null` if a credential has not the shape of one. */
  foreignFingerprintOf (credential: string): string | null {
    return this.#options.foreignKeys?.fingerprintOf(credential) ?? null
  }

  /**
   * Who brings the key that stands in a text from a place on, if it is one of our own that is known, or known to be none; else there is
   * more to be found out. To be asked first, of any text: what is remembered has the shape of a key.
   */
  known (text: string, from = 0): KnownKey | RefusedKey | undefined {
    const moment = glanceAt(systemClock)
    const found = this.#cache.peek(text, moment, from)
    if (typeof found !== 'object') return found === undefined ? undefined : REFUSED[found]
    const reason = refusalOf(found, moment.wall)
    return reason === null ? found : { type: 'refusedKey', reason, key: found }
  }

  /** The verdict, if it can be given without asking the store. */
  peek (credential: string): Verdict | undefined {
    const place = this.#placeOf(credential)
    if (place === null) return MALFORMED
    const moment = glanceAt(systemClock)
    const found = place.cache.peek(place.name, moment)
    return found === undefined ? undefined : verdictOn(found, moment.wall)
  }

  /** The verdict, at once if the store need not be asked. As `verify` otherwise. */
  look (credential: string): Verdict | Promise<Verdict> {
    const place = this.#placeOf(credential)
    if (place === null) return MALFORMED
    const found = place.cache.find(place.name)
    return found instanceof Promise ? this.#told(found) : verdictOn(found)
  }

  /** @throws {StoreUnavailableError} if the store has to be asked and cannot answer, or not in time. */
  async verify (credential: string): Promise<Verdict> {
    return await this.look(credential)
  }

  /**
   * What would be said of the key that this record is of, for whoever does not have the key itself.
   *
   * @param owners what was told of owners already, for many keys at once.
   * @throws {StoreUnavailableError} if it cannot be told what its owner may do.
   */
  async judge (record: ApiKeyRecord, owners: Owners = new Map()): Promise<Verdict> {
    const key = knownKeyOf(record, this.resolve)
    if (!this.#options.digester.finds(record.pepperVersion)) return { key, refusal: 'unknown' }
    return await this.#told(this.#withinOwner(key, record.ownerId, owners).then(({ found }) => found))
  }

  /**
   * What this process has changed, it knows at once; others hear of it from the store.
   *
   * @param digests of the records that were added or changed; `null`: it cannot be told which.
   */
  changed (digests: readonly string[] | null): void {
    this.lease.marks.changed(digests)
  }

  /** What goes wrong is for the operator; whoever asks is told that it cannot be answered. */
  #told (found: Promise<Found>): Promise<Verdict> {
    return found.then(verdictOnFound, (error: unknown) => {
      this.#options.trouble.failed(error)
      throw error instanceof StoreUnavailableError ? error : new StoreUnavailableError({ cause: error })
    })
  }

  /** Where what is known of it is remembered, and by which name; `null` if it has not the shape of a key. */
  #placeOf (credential: string): { readonly cache: KeyCache, readonly name: string } | null {
    if (this.isOwnKey(credential)) return { cache: this.#cache, name: credential }
    const fingerprint = this.foreignFingerprintOf(credential)
    return fingerprint === null ? null : { cache: this.#foreign, name: fingerprint }
  }

  async #read (digests: readonly string[]): Promise<Answer> {
    const { store, trouble } = this.#options
    for (const digest of digests) {
      const stored = await store.findByDigest(digest)
      // A Map's `undefined` means the same as `null`.
      if (stored == null) continue
      const key = readStoredKey(stored, this.resolve)
      // A store that compares carelessly (a collation, a prefix) answers with somebody else's record.
      const faults = isCorrupt(key) ? key.corrupt : stored.digest === digest ? [] : ['digest is not the one asked for']
      if (isCorrupt(key) || faults.length > 0) {
        trouble.corrupt(Object(stored).id, faults)
        return { found: 'corrupt', isToldOf: true }
      }
      if (key.grant.ineffective.length > 0) trouble.ineffective(key.id, key.grant.ineffective)
      return await this.#withinOwner(key, stored.ownerId)
    }
    return { found: 'unknown', isToldOf: true }
  }

  /** The key with no more than its owner may do. No store tells when that changes, so it is asked again after `maxStaleness`. */
  async #withinOwner (key: KnownKey, ownerId: string | null, owners?: Owners): Promise<Answer> {
    const { ownerScopes } = this.#options
    if (ownerScopes === undefined || ownerId === null) return { found: key, isToldOf: true }
    const ended = refusalOf(key, Date.now())
    // For good: were the clock set back a little, it would be a key again, and one that no owner limits.
    if (ended !== null) return { found: key.endedAs(ended), isToldOf: true }
    const asked = owners?.get(ownerId) ?? ownerGrant(ownerId, ownerScopes, this.resolve)
    owners?.set(ownerId, asked)
    const own = await asked
    return { found: own === null ? key.endedAs('ownerless') : key.within(own), isToldOf: false }
  }
}

const REFUSED: Readonly<Record<Exclude<Found, KnownKey>, RefusedKey>> = {
  unknown: Object.freeze({ type: 'refusedKey', reason: 'unknown', key: null }),
  corrupt: Object.freeze({ type: 'refusedKey', reason: 'corrupt', key: null })
}
const MALFORMED: Verdict = Object.freeze({ key: null, refusal: 'malformed' as const })

function verdictOnFound (found: Found): Verdict {
  return verdictOn(found)
}

function verdictOn (found: Found, at = Date.now()): Verdict {
  if (typeof found === 'string') return { key: null, refusal: found }
  return { key: found, refusal: refusalOf(found, at) } as Verdict
}
