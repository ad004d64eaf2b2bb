import assert from 'node:assert/strict'
import { sampleKey, similar, type StoreCase } from './store-case.js'

export const revokeCases: StoreCase[] = [{
  name: 'a revoked key is answered as it then is, and found so from then on, with nothing else changed',
  needs: ['keys', 'revoke'],
  async check (store, { put }) {
    const [key, other] = [sampleKey({ metadata: { a: [1] }, expiresAt: new Date(1_800_000_000_001) }), sampleKey()]
    await put(key, other)
    const revoked = { ...key, revokedAt: new Date(at) }
    assert.deepEqual(await store.revoke(key.id, new Date(at)), revoked)
    assert.deepEqual(await store.findByDigest(key.digest), revoked)
    if (store.get !== undefined) assert.deepEqual(await store.get(key.id), revoked)
    if (store.list !== undefined) assert.deepEqual(await store.list({ limit: 9 }), [other, revoked])
    assert.deepEqual(await store.findByDigest(other.digest), other)
  }
}, {
  name: 'the second revocation of a key keeps the date of the first',
  needs: ['keys', 'revoke'],
  async check (store, { put }) {
    const key = sampleKey()
    await put(key)
    await store.revoke(key.id, new Date(at))
    for (const later of [at + 1000, at - 1000]) {
      assert.deepEqual((await store.revoke(key.id, new Date(later)))?.revokedAt, new Date(at))
      assert.deepEqual((await store.findByDigest(key.digest))?.revokedAt, new Date(at))
    }
  }
}, {
  name: 'a key that was inserted as revoked keeps its date',
  needs: ['keys', 'revoke'],
  async check (store, { put }) {
    const key = sampleKey({ revokedAt: new Date(0) })
    await put(key)
    assert.deepEqual(await store.revoke(key.id, new Date(at)), key)
    assert.deepEqual(await store.findByDigest(key.digest), key)
  }
}, {
  name: 'revoking an unknown id is answered with null and changes nothing',
  needs: ['keys', 'revoke'],
  async check (store, { put }) {
    const key = sampleKey({ id: 'order' })
    await put(key)
    for (const id of ['ORDER', 'orde', '%', '_____', '', ...similar.filter((id) => id !== key.id)]) {
      assert.equal(await store.revoke(id, new Date(at)), null, `revoked by ${JSON.stringify(id)}`)
      if (store.get !== undefined) assert.equal(await store.get(id), null)
    }
    assert.deepEqual(await store.findByDigest(key.digest), key)
  }
}, {
  name: 'changing the date that a key was revoked with changes nothing inside',
  needs: ['keys', 'revoke'],
  async check (store, { put }) {
    const key = sampleKey()
    await put(key)
    const date = new Date(at)
    const answer = await store.revoke(key.id, date)
    date.setTime(0)
    answer?.revokedAt?.setTime(0)
    assert.deepEqual((await store.findByDigest(key.digest))?.revokedAt, new Date(at))
  }
}, {
  name: 'a revocation still holds after closing and opening again',
  needs: ['keys', 'revoke', 'reopen'],
  async check (store, { put, reopen }) {
    const key = sampleKey()
    await put(key)
    await store.revoke(key.id, new Date(at))
    const again = await reopen()
    assert.deepEqual((await again.findByDigest(key.digest))?.revokedAt, new Date(at))
  }
}]

const at = 1_760_000_000_123
