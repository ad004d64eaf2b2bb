import assert from 'node:assert/strict'
import type { StoredKey } from '../../keys/record.js'
import { foundAs, nothingLike, oddTexts, sampleKey, sampleSuccessor, similar, type StoreCase } from './store-case.js'

export const rotateCases: StoreCase[] = [{
  name: 'a rotated key is answered with its new end, and stands beside its successor from then on, with nothing else changed',
  needs: ['keys', 'rotate'],
  async check (store, { put }) {
    const [key, other] = [sampleKey({ metadata: { a: [1] }, lastUsedAt: new Date(1), rotatedFrom: 'key-before' }), sampleKey()]
    await put(key, other)
    const successor = sampleSuccessor(key, { expiresAt: new Date(1_800_000_000_001), pepperVersion: 3 })
    const rotated = { ...key, expiresAt: endsAt }
    assert.deepEqual(await store.rotate(key.id, successor, endsAt), rotated)
    await foundAs(store, rotated, successor, other)
    if (store.list !== undefined) assert.deepEqual(await store.list({ limit: 9 }), [successor, other, rotated])
  }
}, {
  name: 'the end of a rotated key is brought forward, and never put off',
  needs: ['keys', 'rotate'],
  async check (store, { put }) {
    const ends: Array<[was: Date | null, becomes: Date]> = [
      [null, endsAt], [new Date(+endsAt + 1), endsAt], [endsAt, endsAt], [new Date(+endsAt - 1), new Date(+endsAt - 1)], [new Date(5), new Date(5)]
    ]
    for (const [expiresAt, becomes] of ends) {
      const key = sampleKey({ expiresAt })
      await put(key)
      const successor = sampleSuccessor(key)
      assert.deepEqual((await store.rotate(key.id, successor, endsAt))?.expiresAt, becomes)
      await foundAs(store, { ...key, expiresAt: becomes }, successor)
    }
  }
}, {
  name: 'a successor can be rotated in its turn',
  needs: ['keys', 'rotate'],
  async check (store, { put }) {
    const first = sampleKey()
    await put(first)
    const second = sampleSuccessor(first)
    const third = sampleSuccessor(second)
    await store.rotate(first.id, second, endsAt)
    assert.deepEqual(await store.rotate(second.id, third, later), { ...second, expiresAt: later })
    await foundAs(store, { ...first, expiresAt: endsAt }, { ...second, expiresAt: later }, third)
  }
},
refuses('a revoked key', { revokedAt: new Date(1) }),
refuses('a disabled key', { disabledAt: new Date(1) }),
refuses('a key whose name was changed', {}, { name: 'cI-deploy' }, { name: 'ci-deploy ' }),
refuses('a key of another owner', {}, { ownerId: 'User-1' }, { ownerId: null }, { ownerId: '' }),
refuses('a key of nobody, for an owner,', { ownerId: null }, { ownerId: 'null' }, { ownerId: '' }),
refuses('a key whose scopes were changed', {}, { scopes: [] }, { scopes: ['clusters:read'] }, { scopes: ['apps:deploy', 'clusters:read'] }, {
  scopes: ['clusters:read', 'apps:deploy', 'full']
}),
refuses('a key whose metadata were changed', { metadata: { a: [1] } }, { metadata: {} }, { metadata: { a: ['1'] } }, { metadata: { a: [1], b: 2 } }),
{
  name: 'a key that was rotated already is not rotated again, whatever became of its successor',
  needs: ['keys', 'rotate'],
  async check (store, { put }) {
    const key = sampleKey()
    await put(key)
    const successor = sampleSuccessor(key)
    await store.rotate(key.id, successor, endsAt)
    const again = async () => {
      const another = sampleSuccessor(key)
      assert.equal(await store.rotate(key.id, another, new Date(5)), null)
      assert.equal(await store.findByDigest(another.digest), null)
    }
    await again()
    await foundAs(store, { ...key, expiresAt: endsAt }, successor)
    await store.rotate(successor.id, sampleSuccessor(successor), endsAt)
    await again()
    await store.revoke?.(successor.id, endsAt)
    await again()
  }
}, {
  name: 'a rotation of an unknown id is answered with null and changes nothing',
  needs: ['keys', 'rotate'],
  async check (store, { put }) {
    const key = sampleKey({ id: 'order' })
    await put(key)
    for (const id of nothingLike(key.id)) {
      const successor = sampleSuccessor(key, { rotatedFrom: id })
      assert.equal(await store.rotate(id, successor, endsAt), null, `rotated by ${JSON.stringify(id)}`)
      assert.equal(await store.findByDigest(successor.digest), null)
    }
    await foundAs(store, key)
  }
}, {
  name: 'a successor whose id or digest is taken is refused, and nothing is changed',
  needs: ['keys', 'rotate'],
  async check (store, { put }) {
    const [key, other] = [sampleKey(), sampleKey()]
    await put(key, other)
    for (const taken of [{ id: other.id }, { digest: other.digest }, { id: key.id }, { digest: key.digest }]) {
      const successor = sampleSuccessor(key, taken)
      await assert.rejects(async () => store.rotate(key.id, successor, endsAt), `it was accepted with ${Object.keys(taken)}`)
      await foundAs(store, key, other)
      if (successor.digest !== key.digest && successor.digest !== other.digest) assert.equal(await store.findByDigest(successor.digest), null)
      if (store.list !== undefined) assert.equal((await store.list({ limit: 9 })).length, 2)
    }
    assert.notEqual(await store.rotate(key.id, sampleSuccessor(key), endsAt), null, 'the key can no longer be rotated')
  }
}, {
  name: 'whatever a key is called and holds, it can be rotated, and its successor comes back',
  needs: ['keys', 'rotate'],
  async check (store, { put }) {
    for (const text of [...similar, ...oddTexts]) {
      const metadata = JSON.parse('{"__proto__":{"z":1},"b":[0.1,null,{}],"a":{"":true},"10":1,"9":2}')
      const key = sampleKey({ name: text, ownerId: text, scopes: [text, 'x'], metadata: { ...metadata, text } })
      await put(key)
      // As one would who has read the key: what the store gave back is what it is given.
      const read = (await store.findByDigest(key.digest))!
      const successor = sampleSuccessor(read)
      assert.deepEqual(await store.rotate(key.id, successor, endsAt), { ...key, expiresAt: endsAt }, JSON.stringify(text))
      await foundAs(store, { ...key, expiresAt: endsAt }, successor)
    }
  }
}, {
  name: 'changing what a key was rotated with, or what was answered, changes nothing inside',
  needs: ['keys', 'rotate'],
  async check (store, { put }) {
    const key = sampleKey({ metadata: { list: ['a'] } })
    await put(key)
    const [successor, end] = [sampleSuccessor(key, { expiresAt: new Date(later) }), new Date(endsAt)]
    const asTheyWere = structuredClone([{ ...key, expiresAt: endsAt }, successor])
    const answer = await store.rotate(key.id, successor, end)
    for (const { scopes, metadata, expiresAt, createdAt } of [successor, answer!]) {
      // What is frozen stays.
      Reflect.set(scopes, scopes.length, 'full')
      Reflect.set(metadata.list as object, 1, 'b')
      expiresAt?.setTime(0)
      createdAt.setTime(0)
    }
    end.setTime(0)
    await foundAs(store, ...asTheyWere)
  }
}, {
  name: 'a rotation still holds after closing and opening again, and is still the only one',
  needs: ['keys', 'rotate', 'reopen'],
  async check (store, { put, reopen }) {
    const key = sampleKey()
    await put(key)
    const successor = sampleSuccessor(key)
    await store.rotate(key.id, successor, endsAt)
    const again = await reopen()
    await foundAs(again, { ...key, expiresAt: endsAt }, successor)
    assert.equal(await again.rotate(key.id, sampleSuccessor(key), endsAt), null)
  }
}]

/** A key with these fields is not replaced by a successor with any of those. */
function refuses (which: string, fields: Partial<StoredKey>, ...differences: Array<Partial<StoredKey>>): StoreCase {
  return {
    name: `${which} is not rotated: the answer is null, and nothing is changed`,
    needs: ['keys', 'rotate'],
    async check (store, { put }) {
      const key = sampleKey(fields)
      await put(key)
      for (const difference of differences.length > 0 ? differences : [{}]) {
        const successor = sampleSuccessor(key, difference)
        assert.equal(await store.rotate(key.id, successor, endsAt), null, JSON.stringify(difference))
        assert.equal(await store.findByDigest(successor.digest), null, 'the successor is there')
        await foundAs(store, key)
      }
    }
  }
}

const endsAt = new Date(1_760_000_000_123)
const later = new Date(1_770_000_000_456)
