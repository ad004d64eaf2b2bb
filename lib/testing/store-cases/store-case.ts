import type { StoredKey } from '../../keys/record.js'
import type { KeyStore } from '../../keys/store.js'

export interface StoreCase {
  readonly name: string
  /** Methods of the store; `keys`: that records can be put into it; `reopen`: that it can be opened again after closing. */
  readonly needs: ReadonlyArray<keyof KeyStore | 'keys' | 'reopen'>
  check (store: Required<KeyStore>, tools: Tools): Promise<void>
}

export interface Tools {
  put (...keys: StoredKey[]): Promise<void>
  reopen (): Promise<Required<KeyStore>>
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

/** 64 hexadecimal digits, with letters, that differ from those of another number only at the end. */
export function digestOf (number: number): string {
  return 'abcdef'.repeat(9) + number.toString(16).padStart(10, '0')
}

/** Different strings that some collation takes for the same: case, accents in one and in two characters, spaces, zeros. */
export const similar = [
  'order', 'orders', 'Order', 'order ', ' order', 'order\t', 'caf\u00e9', 'cafe\u0301', 'stra\u00dfe', 'strasse',
  '1', '01', '1.0', 'null', '%', '_', '__proto__', 'constructor'
]

let count = 0
