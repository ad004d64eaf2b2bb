import { randomUUID } from 'node:crypto'
import type { Catalog } from '../scopes/catalog.js'
import { isPlainObject } from '../scopes/entries.js'
import { show } from '../scopes/faults.js'
import type { ScopeName } from '../scopes/register.js'
import { fingerprintOf, type Digester } from './digest.js'
import { BeyondGrantError, InvalidInputError, StoreIncapableError, StoreUnavailableError } from './errors.js'
import { generateKey, startOf } from './key-format.js'
import { isCorrupt, readStoredKey, recordOf, type KeyRefusal } from './known-key.js'
import { checkNewKey, type NewApiKey } from './new-key.js'
import { cursorAfter, hasPlace, readListQuery, type KeyPage, type ListQuery } from './key-list.js'
import type { ApiKeyRecord, StoredKey } from './record.js'
import type { Awaitable, KeyStore } from './store.js'
import type { KeyVerifier, StoreTrouble } from './verifier.js'

/** On whose behalf a call is made. */
export interface Issuer {
  readonly id: string
  /** What this user's session may do. Left out: everything. */
  readonly scopes?: readonly string[]
}

export interface CallOptions {
  /**
   * Acts for this user alone: keys are created in their name, never beyond the scopes of their session, and the keys
   * of others do not exist. Left out: the calling code is trusted.
   */
  readonly as?: Issuer
}

export type Verification =
  | { readonly valid: true, readonly record: ApiKeyRecord }
  /** `record` is there whenever the key is known, as for one that has expired. */
  | { readonly valid: false, readonly reason: KeyRefusal, readonly record: ApiKeyRecord | null }

/** The life of API keys: `app.apiKeys`. */
export interface ApiKeys {
  readonly catalog: Catalog<ScopeName>
  /**
   * Makes a key. The key itself is in this answer and nowhere else: show it once. It works at once in this process.
   *
   * @throws FST_API_KEY_INVALID_INPUT (400), FST_API_KEY_BEYOND_GRANT (403), FST_API_KEY_STORE_UNAVAILABLE (503),
   * FST_API_KEY_STORE_INCAPABLE (500).
   */
  create (input: NewApiKey, options?: CallOptions): Promise<{ key: string, record: ApiKeyRecord }>
  /** The record with this id, whatever its state, or `null`. */
  get (id: string, options?: CallOptions): Promise<ApiKeyRecord | null>
  /** Records, newest first, page by page. */
  list (query?: ListQuery, options?: CallOptions): Promise<KeyPage>
  /**
   * Ends a key for good, and answers its record, or `null` if there is none. Refused at once in this process, and in
   * every other within `maxStaleness`. Revoking again changes nothing.
   */
  revoke (id: string, options?: CallOptions): Promise<ApiKeyRecord | null>
  /** Checks a key as a request would, for when it did not come in a request. Rejects if the store cannot say. */
  verify (key: string): Promise<Verification>
}

export interface KeyringOptions {
  readonly catalog: Catalog
  readonly store: KeyStore
  /** For new keys. */
  readonly prefix: string
  readonly digester: Digester
  readonly verifier: KeyVerifier
  readonly trouble: StoreTrouble
}

export function keyring ({ catalog, store, prefix, digester, verifier, trouble }: KeyringOptions): ApiKeys {
  return Object.freeze({ catalog: catalog as Catalog<ScopeName>, create, get, list, revoke, verify })

  async function create (input: NewApiKey, options?: CallOptions): Promise<{ key: string, record: ApiKeyRecord }> {
    const insert = capability('insert', 'create')
    const as = issuerOf(options)
    const now = Date.now()
    const owned = as !== undefined && isPlainObject(input) ? { ...input, ownerId: owner(input.ownerId, as) } : input
    const fields = checkNewKey(owned, catalog, now)
    if (as?.scopes !== undefined) refuseBeyond(catalog, as.scopes, fields.scopes)

    const key = generateKey(prefix)
    const fingerprint = fingerprintOf(key)
    const stored: StoredKey = {
      id: randomUUID(),
      ...fields,
      ...digester.forNewKey(fingerprint),
      start: startOf(key),
      createdAt: new Date(now),
      revokedAt: null,
      disabledAt: null,
      lastUsedAt: null,
      rotatedFrom: null
    }
    await asked(() => insert(stored))
    verifier.cache.keyAdded(fingerprint)
    return { key, record: recordOf(stored) }
  }

  async function get (id: string, options?: CallOptions): Promise<ApiKeyRecord | null> {
    return await readOne(capability('get', 'get'), id, issuerOf(options))
  }

  async function list (query: ListQuery = {}, options?: CallOptions): Promise<KeyPage> {
    const read = capability('list', 'list')
    const as = issuerOf(options)
    const { limit, ...wanted } = readListQuery(as === undefined ? query : { ...query, ownerId: owner(query.ownerId, as) })
    // One more than asked for tells whether there is a next page.
    const found = await asked(() => read({ ...wanted, limit: limit + 1 }))
    const page = found.slice(0, limit)
    const records = page.map(key => readable(key, as)).filter(record => record !== null)
    const last = found.length > limit ? page.findLast(hasPlace) : undefined
    return { records, cursor: last === undefined ? null : cursorAfter(last) }
  }

  async function revoke (id: string, options?: CallOptions): Promise<ApiKeyRecord | null> {
    const end = capability('revoke', 'revoke')
    const as = issuerOf(options)
    checkId(id)
    if (as !== undefined && await readOne(capability('get', 'revoke'), id, as) === null) return null
    try {
      const revoked = await asked(() => end(id, new Date()))
      return revoked == null ? null : readable(revoked, as)
    } finally {
      // Also when the store failed: it may have done it, and lost only the answer.
      verifier.cache.keysChanged(({ record }) => record.id === id)
    }
  }

  async function verify (key: string): Promise<Verification> {
    const { key: known, refusal } = await verifier.verify(typeof key === 'string' ? key : '')
    if (refusal === null) return { valid: true, record: known.record }
    return { valid: false, reason: refusal, record: known?.record ?? null }
  }

  async function readOne (read: NonNullable<KeyStore['get']>, id: string, as: Issuer | undefined): Promise<ApiKeyRecord | null> {
    checkId(id)
    const found = await asked(() => read(id))
    return found == null ? null : readable(found, as)
  }

  function capability<M extends 'insert' | 'get' | 'list' | 'revoke'> (method: M, call: string): NonNullable<KeyStore[M]> {
    const found = store[method]
    if (typeof found !== 'function') throw new StoreIncapableError(method, call)
    return found.bind(store) as NonNullable<KeyStore[M]>
  }

  async function asked<T> (question: () => Awaitable<T>): Promise<T> {
    try {
      return await question()
    } catch (cause) {
      trouble.failed(cause)
      throw new StoreUnavailableError({ cause })
    }
  }

  function readable (stored: StoredKey, as: Issuer | undefined): ApiKeyRecord | null {
    const key = readStoredKey(stored, verifier.resolve)
    if (isCorrupt(key)) {
      trouble.corrupt(Object(stored).id, key.corrupt)
      return null
    }
    return as === undefined || key.record.ownerId === as.id ? key.record : null
  }
}

function checkId (id: unknown): void {
  if (typeof id !== 'string') throw new InvalidInputError(`id must be a string, not ${show(id)}`)
}

/** Who calls. Without `as` the calling code is trusted; but an `as` that holds no user, a forgotten one say, must not be. */
function issuerOf (options: CallOptions = {}): Issuer | undefined {
  if (!('as' in options)) return undefined
  const as: Partial<Record<keyof Issuer, unknown>> = Object(options.as)
  const listed = as.scopes === undefined || (Array.isArray(as.scopes) && as.scopes.every(name => typeof name === 'string'))
  if (typeof as.id === 'string' && as.id !== '' && listed) return options.as
  throw new InvalidInputError('as must be the user for whom the call is made, { id, scopes? }; leave it out if the calling code may do everything')
}

/** The owner of whatever is asked for on behalf of a user; naming another one is no way around it. */
function owner (ownerId: string | null | undefined, as: Issuer): string {
  if (ownerId !== undefined && ownerId !== as.id) throw new InvalidInputError('ownerId cannot be chosen: it is that of the user who asks')
  return as.id
}

function refuseBeyond (catalog: Catalog, ownScopes: readonly string[], scopes: readonly string[]): void {
  const own = catalog.grant(ownScopes)
  const beyond = scopes.filter(name => !own.covers(name))
  if (beyond.length > 0) throw new BeyondGrantError(beyond.join(', '))
}
