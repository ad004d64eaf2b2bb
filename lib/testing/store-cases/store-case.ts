import assert from 'node:assert/strict'
import { setImmediate } from 'node:timers/promises'
import type { StoredKey } from '../../keys/record.js'
import type { Awaitable, KeyStore } from '../../keys/store.js'

export interface StoreCase {
  readonly name: string
  /**
   * Methods of the store; `keys`: that records can be put into it; `reopen`: that it can be opened again after closing;
   * `another`: that there can be two over the same data; `changesKept`: that it is known how many changes it keeps;
   * `damage`: that records can be damaged.
   */
  readonly needs: ReadonlyArray<keyof KeyStore | 'keys' | 'reopen' | 'another' | 'changesKept' | 'damage'>
  check (store: Required<KeyStore>, tools: Tools): Promise<void>
}

export interface Tools {
  put (...keys: StoredKey[]): Promise<void>
  reopen (): Promise<Required<KeyStore>>
  another (): Promise<Required<KeyStore>>
  readonly changesKept: number
  damage (key: StoredKey, field: keyof StoredKey, text: string): Promise<void>
}

/** A plain record, unlike any other made here unless told what to be. */
export function sampleKey (fields: Partial<StoredKey> = {}): StoredKey {
  count++
  return {
    id: `key-${count}`,
    digest: digestOf(count),
    name: 'ci-deploy',
    ownerId: 'user-1',
    start: 'acme_Ab3d',
    scopes: ['clusters:read', 'apps:deploy'],
    createdAt: new Date(1_700_000_000_000 + count),
    expiresAt: null,
    revokedAt: null,
    revokedReason: null,
    disabledAt: null,
    lastUsedAt: null,
    metadata: {},
    rotatedFrom: null,
    pepperVersion: 0,
    ...fields
  }
}

/** A record that may replace this one. */
export function sampleSuccessor (key: StoredKey, fields: Partial<StoredKey> = {}): StoredKey {
  const { name, ownerId, scopes, metadata } = structuredClone(key)
  return sampleKey({ name, ownerId, scopes, metadata, rotatedFrom: key.id, ...fields })
}

/** Checks that these keys are found, by digest and by id, exactly so. */
export async function foundAs (store: KeyStore, ...keys: StoredKey[]): Promise<void> {
  for (const key of keys) {
    assert.deepEqual(await store.findByDigest(key.digest), key)
    if (store.get !== undefined) assert.deepEqual(await store.get(key.id), key)
  }
}

/** Looks again and again while something is done, and answers what that did. */
export async function lookingWhile<T> (work: () => Awaitable<T>, look: () => Promise<void>): Promise<T> {
  const now = { done: false }
  const working = (async () => work())().finally(() => { now.done = true })
  // Should a look fail, that is the error to tell.
  working.catch(() => {})
  while (!now.done) {
    // Several times before others have their turn, for a store in memory is quick.
    for (let i = 0; i < 5; i++) await look()
    await setImmediate()
  }
  await look()
  return await working
}

/** 64 hexadecimal digits, with letters, that differ from those of another number only at the end. */
export function digestOf (number: number): string {
  return 'abcdef'.repeat(9) + number.toString(16).padStart(10, '0')
}

/** Different strings that some collation takes for the same: case, accents in one and in two characters, spaces, zeros. */
export const similar = [
  'order', 'orders', 'Order', 'order ', ' order', 'order\t', 'caf\u00e9', 'cafe\u0301', 'stra\u00dfe', 'strasse',
  '1', '01', '1.0', 'null', '%', '_', '__proto__', 'constructor'
]

/** Texts that some database or driver could misread. */
export const oddTexts = ["'; DROP TABLE keys; --", ' \' "q" `b` $1 ?1 :a', '\\u0000', '\\', '\n\r\t', '😀', '{"a":1}', '[]', 'undefined']

/** Ids, or owners, that are not this one, though they look or sound like it. */
export function nothingLike (text: string): string[] {
  const others = [...similar, text.toUpperCase(), text.slice(0, -1), `${text} `, text.replace(/./g, '_'), '', 'undefined']
  return others.filter((other) => other !== text)
}

let count = 0
