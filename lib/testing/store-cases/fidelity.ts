import assert from 'node:assert/strict'
import type { StoredKey } from '../../keys/record.js'
import type { KeyStore } from '../../keys/store.js'
import { sampleKey, type StoreCase } from './store-case.js'

export const fidelityCases: StoreCase[] = [
  comesBack('every field comes back as it was stored', {
    expiresAt: new Date(1_800_000_000_123),
    revokedAt: new Date(1_750_000_000_456),
    revokedReason: 'its holder left',
    disabledAt: new Date(1_740_000_000_789),
    lastUsedAt: new Date(1_730_000_000_001),
    metadata: { team: 'payments' },
    rotatedFrom: 'key-before',
    pepperVersion: 7
  }),
  comesBack('what is null comes back as null', { ownerId: null, expiresAt: null, revokedReason: null, lastUsedAt: null, rotatedFrom: null }),
  comesBack('empty strings come back as empty, not as null', { name: '', ownerId: '', start: '', revokedReason: '', rotatedFrom: '' }),
  comesBack('dates come back to the millisecond, also far ones', {
    createdAt: new Date(1_700_000_000_999),
    expiresAt: new Date('9999-12-31T23:59:59.999Z'),
    lastUsedAt: new Date(1)
  }),
  comesBack('an empty list of scopes comes back as empty, not as null', { scopes: [] }),
  comesBack('many long scopes come back, in their order', {
    scopes: Array.from({ length: 256 }, (_, i) => `resource-${255 - i}:${'x'.repeat(100)}`)
  }),
  comesBack('scopes of every allowed character come back', {
    scopes: ['https://api.example.com/a,b;c', "it's", '{a}', '[b]', '%_*?', '__proto__', 'order', 'Order', 'order']
  }),
  comesBack('names in any script come back', { name: 'déploiement de\u0301ploiement 部署 🚀 עברית', ownerId: 'Ünïcode 🧑‍💻' }),
  comesBack('spaces, quotes, backslashes and line ends come back', {
    name: '  \'; DROP TABLE keys; -- "q" `b` \\u0000 \\n \\\\ \r\n\t ',
    ownerId: ' owner ',
    rotatedFrom: 'null',
    revokedReason: ' \'; DROP TABLE keys; -- "q" `b` \\ \r\n '
  }),
  comesBack('nested metadata come back', {
    metadata: {
      text: 'ünï \\u0000 "q" 🚀',
      numbers: [0, 0.1, -1, 2 ** 53 - 1],
      booleans: [true, false],
      nothing: null,
      date: '2026-01-01T00:00:00.000Z',
      list: [1, [2, [], {}], 'three', null],
      object: { deep: { deeper: { '': 'empty', 'a.b': 1, $set: 2 } } },
      constructor: 'mine'
    }
  }),
  comesBack('a member of the metadata may be called __proto__', { metadata: JSON.parse('{"__proto__":{"admin":true}}') }),
  {
    name: 'a record of an earlier version, which has no revokedReason, comes back without a reason',
    needs: ['keys'],
    async check (store, { put }) {
      const { revokedReason, ...key } = sampleKey()
      await put(key as StoredKey)
      for (const find of findersOf(store)) {
        const found = await find(key as StoredKey)
        assert.deepEqual({ ...found, revokedReason: found?.revokedReason ?? null }, { ...key, revokedReason })
      }
    }
  },
  {
    name: 'a NUL character or half a surrogate pair comes back unchanged, or the key is refused',
    needs: ['insert'],
    async check (store) {
      for (const text of ['a\0b', 'a\ud800b', '\udc00']) {
        const key = sampleKey({ name: text, ownerId: text, scopes: [text], metadata: { text } })
        await storedAs(store, key, (found) => assert.deepEqual(found, key))
      }
    }
  }, {
    name: 'an invalid expiry date comes back invalid, or the key is refused: it never becomes none',
    needs: ['insert'],
    async check (store) {
      const key = sampleKey({ expiresAt: new Date(NaN) })
      await storedAs(store, key, (found) => assert.ok(Number.isNaN(found.expiresAt?.getTime()), 'it came back as a date or as null'))
    }
  }, {
    name: 'changing a record after it was inserted changes nothing inside',
    needs: ['insert'],
    async check (store) {
      const [key, asItWas] = twins()
      await store.insert(key)
      vandalise(key)
      assert.deepEqual(await store.findByDigest(asItWas.digest), asItWas)
    }
  }, {
    name: 'changing a record that was found changes nothing inside',
    needs: ['keys'],
    async check (store, { put }) {
      const [key, asItWas] = twins()
      await put(key)
      for (const find of findersOf(store)) vandalise(await find(key))
      for (const find of findersOf(store)) assert.deepEqual(await find(asItWas), asItWas)
    }
  }
]

function comesBack (name: string, fields: Partial<StoredKey>): StoreCase {
  return {
    name,
    needs: ['keys'],
    async check (store, { put }) {
      const key = sampleKey(fields)
      // Compared with a copy: a store that gave back the very object could have changed it.
      const asItWas = structuredClone(key)
      await put(key)
      for (const find of findersOf(store)) assert.deepEqual(await find(key), asItWas)
    }
  }
}

/** Every way in which this store can be asked for a record. */
function findersOf (store: Partial<KeyStore>): Array<(key: StoredKey) => Promise<StoredKey | null | undefined>> {
  const { findByDigest, get, list, revoke } = store
  return [
    async (key) => findByDigest?.call(store, key.digest),
    ...get ? [async (key: StoredKey) => get.call(store, key.id)] : [],
    ...list ? [async (key: StoredKey) => (await list.call(store, { limit: 10 })).find(({ id }) => id === key.id)] : [],
    // Only where it is revoked already, so that this too only reads.
    ...revoke ? [async (key: StoredKey) => key.revokedAt ? revoke.call(store, key.id, new Date(5)) : store.findByDigest?.(key.digest)] : []
  ]
}

async function storedAs (store: KeyStore, key: StoredKey, check: (found: StoredKey) => void): Promise<void> {
  try {
    await store.insert!(key)
  } catch {
    assert.equal(await store.findByDigest(key.digest), null, 'the key was refused, and is there')
    return
  }
  const found = await store.findByDigest(key.digest)
  assert.ok(found !== null, 'the key was accepted, and is not there')
  check(found)
}

function twins (): [StoredKey, StoredKey] {
  const key = sampleKey({ revokedAt: new Date(1_750_000_000_000), metadata: { nested: { list: [1] } } })
  return [key, structuredClone(key)]
}

/** Changes whatever can be changed; what is frozen stays. */
function vandalise (key: StoredKey | null | undefined): void {
  assert.ok(key, 'the key was not found')
  Reflect.set(key.scopes, key.scopes.length, 'full')
  Reflect.set(key.metadata, 'admin', true)
  Reflect.set(key.metadata.nested as object, 'list', [])
  for (const date of [key.createdAt, key.revokedAt]) date?.setTime(0)
  Reflect.set(key, 'revokedAt', null)
  Reflect.set(key, 'name', 'changed')
}
