import assert from 'node:assert/strict'
import { foundAs, nothingLike, oddTexts, sampleKey, similar, type StoreCase } from './store-case.js'

export const revokeCases: StoreCase[] = [{
  name: 'a revoked key is answered as it then is, and found so from then on, with nothing else changed',
  needs: ['keys', 'revoke'],
  async check (store, { put }) {
    const [key, other] = [sampleKey({ metadata: { a: [1] }, expiresAt: new Date(1_800_000_000_001) }), sampleKey()]
    await put(key, other)
    const revoked = { ...key, revokedAt: new Date(at), revokedReason: 'found in a log' }
    assert.deepEqual(await store.revoke(key.id, new Date(at), 'found in a log'), revoked)
    await foundAs(store, revoked, other)
    if (store.list !== undefined) assert.deepEqual(await store.list({ limit: 9 }), [other, revoked])
  }
}, {
  name: 'a revocation without a reason is one with null',
  needs: ['keys', 'revoke'],
  async check (store, { put }) {
    for (const none of [[], [undefined], [null]] as const) {
      const key = sampleKey()
      await put(key)
      const revoked = { ...key, revokedAt: new Date(at), revokedReason: null }
      assert.deepEqual(await store.revoke(key.id, new Date(at), ...none), revoked)
      await foundAs(store, revoked)
    }
  }
}, {
  name: 'the reason of a revocation comes back as it was given, in any script',
  needs: ['keys', 'revoke'],
  async check (store, { put }) {
    for (const reason of [...similar, ...oddTexts, '', 'trop tôt 部署 🚀 עברית', 'x'.repeat(200)]) {
      const key = sampleKey()
      await put(key)
      const revoked = { ...key, revokedAt: new Date(at), revokedReason: reason }
      assert.deepEqual(await store.revoke(key.id, new Date(at), reason), revoked)
      await foundAs(store, revoked)
    }
  }
}, {
  name: 'a NUL character or half a surrogate pair in a reason comes back unchanged, or the revocation is refused',
  needs: ['keys', 'revoke'],
  async check (store, { put }) {
    for (const reason of ['a\0b', 'a\ud800b', '\udc00']) {
      const key = sampleKey()
      await put(key)
      const accepted = await (async () => store.revoke(key.id, new Date(at), reason))().then(() => true, () => false)
      await foundAs(store, accepted ? { ...key, revokedAt: new Date(at), revokedReason: reason } : key)
    }
  }
}, {
  name: 'the second revocation of a key keeps the date and the reason of the first, also if that had none',
  needs: ['keys', 'revoke'],
  async check (store, { put }) {
    for (const [first, second] of [['first', 'second'], ['first', null], [null, 'second']] as const) {
      const key = sampleKey()
      await put(key)
      await store.revoke(key.id, new Date(at), first)
      for (const later of [at + 1000, at - 1000]) {
        const revoked = { ...key, revokedAt: new Date(at), revokedReason: first }
        assert.deepEqual(await store.revoke(key.id, new Date(later), second), revoked)
        await foundAs(store, revoked)
      }
    }
  }
}, {
  name: 'a key that was inserted as revoked keeps its date and its reason',
  needs: ['keys', 'revoke'],
  async check (store, { put }) {
    const key = sampleKey({ revokedAt: new Date(0), revokedReason: 'before' })
    await put(key)
    assert.deepEqual(await store.revoke(key.id, new Date(at), 'again'), key)
    await foundAs(store, key)
  }
}, {
  name: 'revoking an unknown id is answered with null and changes nothing',
  needs: ['keys', 'revoke'],
  async check (store, { put }) {
    const key = sampleKey({ id: 'order' })
    await put(key)
    for (const id of nothingLike(key.id)) {
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
    await store.revoke(key.id, new Date(at), 'leaked')
    await foundAs(await reopen(), { ...key, revokedAt: new Date(at), revokedReason: 'leaked' })
  }
}]

const at = 1_760_000_000_123
