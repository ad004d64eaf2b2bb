import assert from 'node:assert/strict'
import type { StoredKey } from '../../keys/record.js'
import type { SeenKey } from '../../keys/store.js'
import { foundAs, nothingLike, sampleKey, type StoreCase } from './store-case.js'

export const updateSeenCases: StoreCase[] = [{
  name: 'a key that is as it was seen is changed, whatever else of it is different',
  needs: ['keys', 'update'],
  async check (store, { put }) {
    for (const fields of [{}, { scopes: [] }, { disabledAt: at }, { scopes: ['order', 'Order', 'order'] }, { expiresAt: new Date(1) }, { metadata: { a: [1] }, name: '', ownerId: null }]) {
      const key = sampleKey(fields)
      await put(key)
      const { scopes, disabledAt } = key
      assert.deepEqual(await store.update(key.id, { name: 'changed' }, { scopes, disabledAt }), { ...key, name: 'changed' })
      // A whole record is something seen as well.
      const after = { ...key, name: 'again', scopes: ['a'], disabledAt: null }
      assert.deepEqual(await store.update(key.id, { name: 'again', scopes: ['a'], disabledAt: null }, key), after)
      await foundAs(store, after)
    }
  }
}, {
  name: 'a key that is not as it was seen is answered with null, and not changed',
  needs: ['keys', 'update'],
  async check (store, { put }) {
    const asItIs = { scopes: ['order', 'orders:read'], disabledAt: at }
    const seen: SeenKey[] = [
      ...[
        [], ['order'], ['orders:read'], ['orders:read', 'order'], ['order', 'orders:read', 'x'], ['order', 'order', 'orders:read'], ['Order', 'orders:read'],
        ['order ', 'orders:read'], ['order,orders:read'], ['order","orders:read'], ['order', 'orders:read', '']
      ].map((scopes) => ({ ...asItIs, scopes })),
      ...[null, new Date(+at + 1), new Date(+at - 1), new Date(+at + 1000), new Date(0)].map((disabledAt) => ({ ...asItIs, disabledAt }))
    ]
    for (const other of seen) {
      const [key, reversed] = [sampleKey(asItIs), sampleKey({ ...other })]
      await put(key, reversed)
      assert.equal(await store.update(key.id, changes, other), null, JSON.stringify(other))
      assert.equal(await store.update(reversed.id, changes, asItIs), null, `seen when it was ${JSON.stringify(other)}`)
      await foundAs(store, key, reversed)
    }
  }
}, {
  name: 'a revoked key is not changed for somebody who has seen it, and without that it is',
  needs: ['keys', 'update', 'revoke'],
  async check (store, { put }) {
    const key = sampleKey()
    await put(key)
    const revoked = await store.revoke(key.id, at, 'leaked') as StoredKey
    for (const seen of [key, revoked]) assert.equal(await store.update(key.id, changes, seen), null)
    await foundAs(store, { ...key, revokedAt: at, revokedReason: 'leaked' })
    assert.deepEqual(await store.update(key.id, changes), { ...key, ...changes, revokedAt: at, revokedReason: 'leaked' })
  }
}, {
  name: 'an unknown id was never seen',
  needs: ['keys', 'update'],
  async check (store, { put }) {
    const key = sampleKey({ id: 'order' })
    await put(key)
    for (const id of nothingLike(key.id)) assert.equal(await store.update(id, changes, key), null, JSON.stringify(id))
    await foundAs(store, key)
  }
}, {
  name: 'of several changes at the same time by those who have seen the same, one is made',
  needs: ['keys', 'update'],
  async check (store, { put }) {
    const key = sampleKey()
    await put(key)
    await oneOf(key, Array.from({ length: 8 }, (_, i) => async () => store.update(key.id, { scopes: [`scope-${i}`] }, key)))
    const found = await store.findByDigest(key.digest)
    assert.ok(found !== null && found.scopes.length === 1, 'no change was made')
  }
}, {
  name: 'of two changes through different stores by those who have seen the same, one is made',
  needs: ['keys', 'update', 'another'],
  async check (store, { put, another }) {
    const other = await another()
    for (let round = 0; round < 5; round++) {
      const key = sampleKey()
      await put(key)
      await oneOf(key, [store, other].map((store, i) => async () => store.update(key.id, { disabledAt: new Date(+at + i) }, key)))
    }
  }
}, {
  name: 'a change by somebody who has seen the key and a revocation at the same time: it is made before, or not at all',
  needs: ['keys', 'update', 'revoke'],
  async check (store, { put }) {
    for (const changeFirst of [true, false]) {
      const key = sampleKey()
      await put(key)
      const revoke = async () => store.revoke(key.id, at)
      const before = changeFirst ? undefined : revoke()
      const [changed] = await Promise.all([store.update(key.id, changes, key), before ?? revoke()])
      assert.deepEqual(changed?.revokedAt ?? null, null, 'it was changed after it had been revoked')
      await foundAs(store, { ...key, ...changed === null ? {} : changes, revokedAt: at })
    }
  }
}]

const at = new Date(1_760_000_000_123)

const changes = { name: 'changed', scopes: ['changed'], metadata: { changed: true }, disabledAt: new Date(1_750_000_000_456) }

/** Does these at the same time, and checks that one is answered with a record. */
async function oneOf (key: StoredKey, updates: Array<() => Promise<StoredKey | null>>): Promise<void> {
  const answers = await Promise.all(updates.map((update) => update()))
  const made = answers.filter((answer) => answer !== null)
  assert.equal(made.length, 1, `${made.length} changes of ${key.id} were made`)
}
