import assert from 'node:assert/strict'
import { sampleKey, type StoreCase } from './store-case.js'

export const concurrencyCases: StoreCase[] = [{
  name: 'of 50 keys inserted at the same time, all are there',
  needs: ['insert'],
  async check (store) {
    const keys = Array.from({ length: 50 }, () => sampleKey())
    await Promise.all(keys.map(async (key) => store.insert(key)))
    assert.deepEqual(await Promise.all(keys.map(async ({ digest }) => store.findByDigest(digest))), keys)
  }
}, {
  name: 'of several keys inserted at the same time with one digest, one is accepted',
  needs: ['insert'],
  async check (store) {
    const first = sampleKey()
    const keys = [first, ...Array.from({ length: 4 }, () => sampleKey({ digest: first.digest }))]
    const results = await Promise.allSettled(keys.map(async (key) => store.insert(key)))
    const accepted = keys.filter((_, i) => results[i]?.status === 'fulfilled')
    assert.equal(accepted.length, 1, `${accepted.length} were accepted`)
    assert.deepEqual(await store.findByDigest(first.digest), accepted[0])
  }
}, {
  name: 'revocations of one key at the same time agree on one date, and on the reason that was given with it',
  needs: ['keys', 'revoke'],
  async check (store, { put }) {
    const key = sampleKey()
    await put(key)
    const dates = [1, 2, 3].map((ms) => new Date(1_760_000_000_000 + ms))
    const answers = await Promise.all(dates.map(async (date) => store.revoke(key.id, date, String(+date))))
    const stored = await store.findByDigest(key.digest)
    assert.ok(stored?.revokedAt, 'the key is not revoked')
    assert.equal(stored.revokedReason, String(+stored.revokedAt))
    for (const answer of answers) assert.deepEqual(answer, stored)
  }
}, {
  name: 'a key that is looked up while it is revoked is found, before or after',
  needs: ['keys', 'revoke'],
  async check (store, { put }) {
    const key = sampleKey()
    await put(key)
    const at = new Date(1_760_000_000_000)
    const [found] = await Promise.all([store.findByDigest(key.digest), store.revoke(key.id, at)])
    assert.deepEqual({ ...found, revokedAt: null }, key)
    assert.ok(['null', String(at)].includes(String(found!.revokedAt)), 'it was found with another date')
    assert.deepEqual((await store.findByDigest(key.digest))?.revokedAt, at)
  }
}]
