import assert from 'node:assert/strict'
import type { StoredKey } from '../../keys/record.js'
import { foundAs, sampleKey, type StoreCase } from './store-case.js'

export const purgeCases: StoreCase[] = [{
  name: 'keys that were revoked or had expired before a time are purged, to the millisecond, and no others',
  needs: ['keys', 'purge'],
  async check (store, { put }) {
    const gone = [
      { revokedAt: before }, { expiresAt: before }, { revokedAt: new Date(0) }, { expiresAt: new Date(0) },
      { revokedAt: before, expiresAt: null }, { revokedAt: before, expiresAt: after },
      { revokedAt: after, expiresAt: before }, { revokedAt: time, expiresAt: before }, { revokedAt: before, expiresAt: before },
      { expiresAt: before, disabledAt: after, lastUsedAt: after }
    ].map((fields) => sampleKey(fields))
    const kept = [
      {}, { revokedAt: time }, { expiresAt: time }, { revokedAt: after }, { expiresAt: after }, { revokedAt: time, expiresAt: time },
      { disabledAt: before }, { lastUsedAt: before }, { createdAt: new Date(0) }, { disabledAt: before, revokedAt: time },
      { rotatedFrom: gone[0]!.id }
    ].map((fields) => sampleKey(fields))
    await put(...gone, ...kept)
    assert.equal(await store.purge(new Date(time)), gone.length)
    await notThere(store, gone)
    await foundAs(store, ...kept)
    if (store.list !== undefined) assert.equal((await store.list({ limit: 99 })).length, kept.length)
    assert.equal(await store.purge(new Date(time)), 0, 'the second time there is nothing left to purge')
  }
}, {
  name: 'nothing is purged from an empty store',
  needs: ['purge'],
  async check (store) {
    assert.equal(await store.purge(time), 0)
  }
}, {
  name: 'a key that was purged is an unknown one',
  needs: ['keys', 'purge'],
  async check (store, { put }) {
    const key = sampleKey({ revokedAt: before })
    await put(key)
    await store.purge(time)
    if (store.revoke !== undefined) assert.equal(await store.revoke(key.id, time), null)
    if (store.update !== undefined) assert.equal(await store.update(key.id, { name: 'new' }), null)
    if (store.revokeOwner !== undefined) assert.deepEqual(await store.revokeOwner(key.ownerId!, time), [])
    await notThere(store, [key])
  }
}, {
  name: 'the id and the digest of a purged key are free again',
  needs: ['insert', 'purge'],
  async check (store) {
    const key = sampleKey({ expiresAt: before })
    await store.insert(key)
    await store.purge(time)
    const another = sampleKey({ id: key.id, digest: key.digest, name: 'another' })
    await store.insert(another)
    await foundAs(store, another)
  }
}, {
  name: 'all of 300 keys are purged, and counted',
  needs: ['keys', 'purge'],
  async check (store, { put }) {
    const [gone, kept] = [Array.from({ length: 300 }, () => sampleKey({ revokedAt: before })), sampleKey()]
    await put(...gone, kept)
    assert.equal(await store.purge(time), 300)
    await notThere(store, gone)
    await foundAs(store, kept)
  }
}, {
  name: 'of several who purge at the same time, each key is counted by one',
  needs: ['keys', 'purge'],
  async check (store, { put }) {
    await put(...Array.from({ length: 5 }, () => sampleKey({ revokedAt: before })))
    const counts = await Promise.all([1, 2, 3].map(async () => store.purge(time)))
    assert.equal(counts.reduce((a, b) => a + b), 5)
  }
}, {
  name: 'what is known of the use of a key goes with it',
  needs: ['insert', 'purge', 'recordUse', 'usesOf'],
  async check (store) {
    const [gone, kept] = [sampleKey({ revokedAt: before }), sampleKey()]
    for (const key of [gone, kept]) await store.insert(key)
    await store.recordUse([gone, kept].map(({ id }) => ({ id, lastUsedAt: before, demands: new Map([['["apps:deploy"]', before]]) })))
    await store.purge(time)
    assert.deepEqual(await store.usesOf(gone.id), new Map())
    assert.deepEqual(await store.usesOf(kept.id), new Map([['["apps:deploy"]', before]]))
    // Nor does it come back with another key of that id.
    await store.insert(sampleKey({ id: gone.id }))
    assert.deepEqual(await store.usesOf(gone.id), new Map())
  }
}, {
  name: 'a purged key is still gone after closing and opening again',
  needs: ['keys', 'purge', 'reopen'],
  async check (store, { put, reopen }) {
    const [gone, kept] = [sampleKey({ revokedAt: before }), sampleKey()]
    await put(gone, kept)
    await store.purge(time)
    const again = await reopen()
    await notThere(again, [gone])
    await foundAs(again, kept)
  }
}]

const time = new Date(1_760_000_000_123)
const before = new Date(+time - 1)
const after = new Date(+time + 1)

async function notThere (store: Parameters<StoreCase['check']>[0], keys: readonly StoredKey[]): Promise<void> {
  for (const { id, digest } of keys) {
    assert.equal(await store.findByDigest(digest), null)
    if (store.get !== undefined) assert.equal(await store.get(id), null)
  }
}
