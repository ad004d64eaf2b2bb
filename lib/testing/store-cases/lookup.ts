import assert from 'node:assert/strict'
import type { StoredKey } from '../../keys/record.js'
import { digestOf, sampleKey, similar, type StoreCase, type Tools } from './store-case.js'

export const lookupCases: StoreCase[] = [{
  name: 'an unknown digest is answered with null',
  needs: [],
  async check (store) {
    assert.equal(await store.findByDigest(digestOf(1)), null)
  }
}, {
  name: 'a key is found by its digest as soon as it is stored',
  needs: ['keys'],
  async check (store, { put }) {
    const [one, two] = [sampleKey(), sampleKey()]
    await put(one, two)
    assert.deepEqual(await store.findByDigest(one.digest), one)
    assert.deepEqual(await store.findByDigest(two.digest), two)
  }
}, {
  name: 'a key that was looked up in vain is found once it is stored',
  needs: ['keys'],
  async check (store, { put }) {
    const key = sampleKey()
    assert.equal(await store.findByDigest(key.digest), null)
    await put(key)
    assert.deepEqual(await store.findByDigest(key.digest), key)
  }
}, {
  name: 'digests are compared byte for byte: no other case, no part, no padding, no wildcard',
  needs: ['keys'],
  async check (store, { put }) {
    const { digest } = await putOne(put)
    const others = [
      digest.toUpperCase(), digest.slice(0, -1), digest.slice(1), `${digest} `, ` ${digest}`, `${digest}0`, `${digest}\n`,
      '', '%', `${digest.slice(0, -1)}%`, `${digest.slice(0, -1)}_`, `${digest.slice(0, -1)}?`, '*', '.*', ...notNames
    ]
    for (const other of others) assert.equal(await store.findByDigest(other), null, `found by ${JSON.stringify(other)}`)
  }
}, {
  name: 'a key is got by its id as soon as it is inserted',
  needs: ['keys', 'get'],
  async check (store, { put }) {
    const [one, two] = [sampleKey(), sampleKey()]
    await put(one, two)
    assert.deepEqual(await store.get(one.id), one)
    assert.deepEqual(await store.get(two.id), two)
  }
}, {
  name: 'an unknown id is answered with null',
  needs: ['get'],
  async check (store) {
    for (const id of ['key-0', '', '%', '_', '*', 'a\0b', '\ud800', "' OR 1=1 --", ...notNames]) {
      assert.equal(await store.get(id), null, `got by ${JSON.stringify(id)}`)
    }
  }
}, {
  name: 'ids are compared byte for byte: similar ones are different keys',
  needs: ['keys', 'get'],
  async check (store, { put }) {
    const keys = similar.map((id) => sampleKey({ id }))
    await put(...keys)
    for (const key of keys) assert.deepEqual(await store.get(key.id), key, `another key was got by ${JSON.stringify(key.id)}`)
    for (const id of ['ORDER', 'orde', 'order  ', 'cafe']) assert.equal(await store.get(id), null)
  }
}, {
  name: 'revoked, expired and disabled keys are still found',
  needs: ['keys'],
  async check (store, { put }) {
    const past = new Date('2020-01-01T00:00:00.001Z')
    const keys = [sampleKey({ revokedAt: past }), sampleKey({ expiresAt: past }), sampleKey({ disabledAt: past })]
    await put(...keys)
    for (const key of keys) assert.deepEqual(await store.findByDigest(key.digest), key)
  }
}, {
  name: 'an id that is taken is refused, and nothing is changed',
  needs: ['insert'],
  async check (store) {
    const first = sampleKey()
    const second = sampleKey({ id: first.id, scopes: ['full'] })
    await store.insert(first)
    await assert.rejects(async () => store.insert(second), 'a second key with the same id was accepted')
    assert.deepEqual(await store.findByDigest(first.digest), first)
    assert.equal(await store.findByDigest(second.digest), null)
  }
}, {
  name: 'a digest that is taken is refused, and nothing is changed',
  needs: ['insert'],
  async check (store) {
    const first = sampleKey()
    const second = sampleKey({ digest: first.digest, scopes: ['full'] })
    await store.insert(first)
    await assert.rejects(async () => store.insert(second), 'a second key with the same digest was accepted')
    assert.deepEqual(await store.findByDigest(first.digest), first)
    if (store.get !== undefined) assert.equal(await store.get(second.id), null)
  }
}, {
  name: 'a store that was opened twice and closed once still answers',
  needs: ['keys', 'open', 'close'],
  async check (store, { put }) {
    const { digest } = await putOne(put)
    await store.open()
    await store.close()
    assert.equal((await store.findByDigest(digest))?.digest, digest)
  }
}, {
  name: 'a stored key is still there after closing and opening again',
  needs: ['keys', 'reopen'],
  async check (_store, { put, reopen }) {
    const key = await putOne(put)
    const again = await reopen()
    assert.deepEqual(await again.findByDigest(key.digest), key)
  }
}]

/** Names that a plain object would have. */
const notNames = ['__proto__', 'constructor', 'toString', 'hasOwnProperty']

async function putOne (put: Tools['put']): Promise<StoredKey> {
  const key = sampleKey()
  await put(key)
  return key
}
