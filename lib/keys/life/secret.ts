import { randomUUID } from 'node:crypto'
import { fingerprintOf, type Digester } from '../digest.js'
import { generateKey, startOf } from '../key-format.js'
import type { ApiKeyRecord, StoredKey } from '../record.js'

/** A key that was just made. The key itself is in this answer and nowhere else: show it once. */
export interface IssuedKey { readonly key: string, readonly record: ApiKeyRecord }

/** A new API key, with what a record has of it. */
export function newSecret (prefix: string, digester: Digester) {
  const key = generateKey(prefix)
  return { key, identity: { id: randomUUID(), start: startOf(key), ...digester.forNewKey(fingerprintOf(key)) } satisfies Partial<StoredKey> }
}

/** What nothing has happened to yet. */
export const UNTOUCHED = Object.freeze({ revokedAt: null, revokedReason: null, disabledAt: null, lastUsedAt: null }) satisfies Partial<StoredKey>
