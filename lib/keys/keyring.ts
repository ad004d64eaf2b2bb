import { randomUUID } from 'node:crypto'
import type { Catalog } from '../scopes/catalog.js'
import { isPlainObject } from '../scopes/entries.js'
import { show } from '../scopes/faults.js'
import type { ScopeName } from '../scopes/register.js'
import { fingerprintOf, type Digester } from './digest.js'
import { BeyondGrantError, InvalidInputError } from './errors.js'
import { checkChanges, type ApiKeyChanges, type ChangeRules } from './key-changes.js'
import { generateKey, startOf } from './key-format.js'
import { recordOf, type KeyRefusal } from './known-key.js'
import { checkNewKey, type NewApiKey } from './new-key.js'
import { cursorAfter, hasPlace, readListQuery, type KeyPage, type ListQuery } from './key-list.js'
import type { ApiKeyRecord, StoredKey } from './record.js'
import { recordsIn, type Issuer } from './records.js'
import type { Awaitable, KeyStore } from './store.js'
import type { KeyVerifier, StoreTrouble } from './verifier.js'

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
   * Changes a key, and answers its record as it then is, or `null` if there is none. What it may do changes at once in
   * this process, and in every other within `maxStaleness`. Of two at the same time, the later one wins field by field.
   *
   * @throws as `create` does; FST_API_KEY_INVALID_INPUT also for a key that is revoked.
   */
  update (id: string, changes: ApiKeyChanges, options?: CallOptions): Promise<ApiKeyRecord | null>
  /**
   * Ends a key for good, and answers its record, or `null` if there is none. Refused at once in this process, and in
   * every other within `maxStaleness`. Revoking again changes nothing.
   */
  revoke (id: string, options?: CallOptions): Promise<ApiKeyRecord | null>
  /** Checks a key as a request would, for when it did not come in a request. Rejects if the store cannot say. */
  verify (key: string): Promise<Verification>
}

export interface KeyringOptions extends ChangeRules {
  readonly store: KeyStore
  /** For new keys. */
  readonly prefix: string
  readonly digester: Digester
  readonly verifier: KeyVerifier
  readonly trouble: StoreTrouble
}

export function keyring (settings: KeyringOptions): ApiKeys {
  const { catalog, prefix, digester, verifier } = settings
  const records = recordsIn(settings.store, verifier.resolve, settings.trouble)
  return Object.freeze({ catalog: catalog as Catalog<ScopeName>, create, get, list, update, revoke, verify })

  async function create (input: NewApiKey, options?: CallOptions): Promise<{ key: string, record: ApiKeyRecord }> {
    const insert = records.capability('insert', 'create')
    const as = issuerOf(options)
    const now = Date.now()
    const owned = as !== undefined && isPlainObject(input) ? { ...input, ownerId: owner(input.ownerId, as) } : input
    const fields = checkNewKey(owned, settings, now)
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
    await records.asked(() => insert(stored))
    verifier.cache.keyAdded(fingerprint)
    return { key, record: recordOf(stored) }
  }

  async function get (id: string, options?: CallOptions): Promise<ApiKeyRecord | null> {
    checkId(id)
    return await records.get(id, 'get', issuerOf(options))
  }

  async function list (query: ListQuery = {}, options?: CallOptions): Promise<KeyPage> {
    const read = records.capability('list', 'list')
    const as = issuerOf(options)
    const { limit, ...wanted } = readListQuery(as === undefined ? query : { ...query, ownerId: owner(query.ownerId, as) })
    // One more than asked for tells whether there is a next page.
    const found = await records.asked(() => read({ ...wanted, limit: limit + 1 }))
    const page = found.slice(0, limit)
    const readable = page.map(key => records.readable(key, as)).filter(record => record !== null)
    const last = found.length > limit ? page.findLast(hasPlace) : undefined
    return { records: readable, cursor: last === undefined ? null : cursorAfter(last) }
  }

  async function update (id: string, input: ApiKeyChanges, options?: CallOptions): Promise<ApiKeyRecord | null> {
    const change = records.capability('update', 'update')
    const as = issuerOf(options)
    checkId(id)
    const { disabled, ...fields } = checkChanges(input, settings)
    const before = await records.get(id, 'update', as)
    if (before === null) return null
    if (before.revokedAt !== null) throw new InvalidInputError('the key is revoked, and cannot be changed any more')
    // To enable a key is to give away again what it may do.
    const given = fields.scopes ?? (disabled === false && before.disabledAt !== null ? before.scopes : [])
    if (as?.scopes !== undefined) refuseBeyond(catalog, as.scopes, given)
    return await changing(id, as, () => change(id, {
      ...fields,
      // The date tells since when.
      ...disabled !== undefined && { disabledAt: disabled ? before.disabledAt ?? new Date() : null }
    }))
  }

  async function revoke (id: string, options?: CallOptions): Promise<ApiKeyRecord | null> {
    const end = records.capability('revoke', 'revoke')
    const as = issuerOf(options)
    checkId(id)
    if (as !== undefined && await records.get(id, 'revoke', as) === null) return null
    return await changing(id, as, () => end(id, new Date()))
  }

  async function changing (id: string, as: Issuer | undefined, change: () => Awaitable<StoredKey | null>): Promise<ApiKeyRecord | null> {
    try {
      const changed = await records.asked(change)
      return changed == null ? null : records.readable(changed, as)
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
}

function checkId (id: unknown): void {
  if (typeof id !== 'string') throw new InvalidInputError(`id must be a string, not ${show(id)}`)
}

/** Who calls. Without `as` the calling code is trusted; but an `as` that holds no user, a forgotten one say, must not be. */
function issuerOf (options: CallOptions = {}): Issuer | undefined {
  const strange = Object.keys(options).find(option => option !== 'as')
  if (strange !== undefined) throw new InvalidInputError(`unknown call option ${show(strange)}; there is { as }`)
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
