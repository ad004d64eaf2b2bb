import assert from 'node:assert/strict'
import type { KeyChanges } from '../../keys/store.js'
import { lookingWhile, nothingLike, oddTexts, sampleKey, similar, type StoreCase } from './store-case.js'

export const updateCases: StoreCase[] = [{
  name: 'a changed key is answered as it then is, and found so from then on, with nothing else changed',
  needs: ['keys', 'update'],
  async check (store, { put }) {
    const [key, other] = [sampleKey({ metadata: { a: [1] }, expiresAt: new Date(1_800_000_000_001) }), sampleKey()]
    await put(key, other)
    const changed = { ...key, ...everything }
    assert.deepEqual(await store.update(key.id, everything), changed)
    assert.deepEqual(await store.findByDigest(key.digest), changed)
    if (store.get !== undefined) assert.deepEqual(await store.get(key.id), changed)
    if (store.list !== undefined) assert.deepEqual(await store.list({ limit: 9 }), [other, changed])
    assert.deepEqual(await store.findByDigest(other.digest), other)
  }
}, {
  name: 'each field changes alone, and changing none changes none',
  needs: ['keys', 'update'],
  async check (store, { put }) {
    for (const [field, value] of Object.entries({ ...everything, nothing: undefined })) {
      const key = sampleKey({ disabledAt: new Date(0) })
      await put(key)
      const changes = field === 'nothing' ? {} : { [field]: value }
      assert.deepEqual(await store.update(key.id, changes), { ...key, ...changes }, field)
      assert.deepEqual(await store.findByDigest(key.digest), { ...key, ...changes }, field)
    }
  }
}, {
  name: 'what was changed can be changed back',
  needs: ['keys', 'update'],
  async check (store, { put }) {
    const key = sampleKey({ scopes: [], metadata: {} })
    await put(key)
    const { name, scopes, metadata, disabledAt } = key
    await store.update(key.id, everything)
    assert.deepEqual(await store.update(key.id, { name, scopes, metadata, disabledAt }), key)
    assert.deepEqual(await store.findByDigest(key.digest), key)
  }
}, {
  name: 'names and scopes that look alike, or that a database could misread, come back as they were',
  needs: ['keys', 'update'],
  async check (store, { put }) {
    const key = sampleKey()
    await put(key)
    for (const text of [...similar, ...oddTexts]) {
      const changes = { name: text, scopes: [text, 'x'], metadata: { [text]: text } }
      assert.deepEqual(await store.update(key.id, changes), { ...key, ...changes }, JSON.stringify(text))
      assert.deepEqual(await store.findByDigest(key.digest), { ...key, ...changes }, JSON.stringify(text))
    }
  }
}, {
  name: 'a NUL character or half a surrogate pair comes back unchanged, or the change is refused',
  needs: ['keys', 'update'],
  async check (store, { put }) {
    for (const text of ['a\0b', 'a\ud800b', '\udc00']) {
      const key = sampleKey()
      await put(key)
      const changes = { name: text, scopes: [text], metadata: { text } }
      const accepted = await (async () => store.update(key.id, changes))().then(() => true, () => false)
      assert.deepEqual(await store.findByDigest(key.digest), accepted ? { ...key, ...changes } : key)
    }
  }
}, {
  name: 'changing an unknown id is answered with null and changes nothing',
  needs: ['keys', 'update'],
  async check (store, { put }) {
    const key = sampleKey({ id: 'order' })
    await put(key)
    for (const id of nothingLike(key.id)) {
      assert.equal(await store.update(id, everything), null, `changed by ${JSON.stringify(id)}`)
    }
    assert.deepEqual(await store.findByDigest(key.digest), key)
  }
}, {
  name: 'a change does not bring a revoked key back',
  needs: ['keys', 'update', 'revoke'],
  async check (store, { put }) {
    const key = sampleKey()
    await put(key)
    await store.revoke(key.id, new Date(at))
    await store.update(key.id, { ...everything, disabledAt: null })
    assert.deepEqual((await store.findByDigest(key.digest))?.revokedAt, new Date(at))
  }
}, {
  name: 'changes of different fields at the same time are all kept',
  needs: ['keys', 'update'],
  async check (store, { put }) {
    const key = sampleKey()
    await put(key)
    await Promise.all(Object.entries(everything).map(async ([field, value]) => store.update(key.id, { [field]: value })))
    assert.deepEqual(await store.findByDigest(key.digest), { ...key, ...everything })
  }
}, {
  name: 'a change and a revocation at the same time are both kept',
  needs: ['keys', 'update', 'revoke'],
  async check (store, { put }) {
    for (const order of ['the change first', 'the revocation first']) {
      const key = sampleKey()
      await put(key)
      const steps = [async () => store.update(key.id, everything), async () => store.revoke(key.id, new Date(at))]
      if (order === 'the revocation first') steps.reverse()
      await Promise.all(steps.map((step) => step()))
      assert.deepEqual(await store.findByDigest(key.digest), { ...key, ...everything, revokedAt: new Date(at) }, order)
    }
  }
}, {
  name: 'a key that is looked up while it is changed is found, all as before or all as after',
  needs: ['keys', 'update'],
  async check (store, { put }) {
    const key = sampleKey()
    await put(key)
    await lookingWhile(async () => store.update(key.id, everything), async () => {
      const found = await store.findByDigest(key.digest)
      assert.deepEqual(found, found?.name === key.name ? key : { ...key, ...everything })
    })
  }
}, {
  name: 'changing what a key was changed with, or what was answered, changes nothing inside',
  needs: ['keys', 'update'],
  async check (store, { put }) {
    const key = sampleKey()
    await put(key)
    const changes = { scopes: ['a'], metadata: { list: ['a'] }, disabledAt: new Date(at) }
    const answer = await store.update(key.id, changes)
    for (const { scopes, metadata, disabledAt } of [changes, answer!]) {
      // What is frozen stays.
      Reflect.set(scopes, scopes.length, 'b')
      Reflect.set(metadata.list as object, 1, 'b')
      disabledAt?.setTime(0)
    }
    assert.deepEqual(await store.findByDigest(key.digest), { ...key, scopes: ['a'], metadata: { list: ['a'] }, disabledAt: new Date(at) })
  }
}, {
  name: 'a change still holds after closing and opening again',
  needs: ['keys', 'update', 'reopen'],
  async check (store, { put, reopen }) {
    const key = sampleKey()
    await put(key)
    await store.update(key.id, everything)
    const again = await reopen()
    assert.deepEqual(await again.findByDigest(key.digest), { ...key, ...everything })
  }
}]

const at = 1_760_000_000_123

const everything: Required<KeyChanges> = {
  name: 'another name',
  scopes: ['apps:deploy', 'something:else'],
  metadata: { nested: { list: [1, null, 'two'] } },
  disabledAt: new Date(at)
}
