import assert from 'node:assert/strict'
import { setImmediate } from 'node:timers/promises'
import type { StoredKey } from '../../keys/record.js'
import type { KeyStore, Position } from '../../keys/store.js'
import { lookingWhile, sampleKey, sampleSuccessor, type StoreCase } from './store-case.js'

export const changesAtOnceCases: StoreCase[] = [{
  name: 'whatever else is changed at the same time, what is acknowledged is told from then on',
  needs: ['insert', 'changes', 'update'],
  async check (store) {
    const { position } = await store.changes(null)
    await Promise.all(Array.from({ length: 8 }, async () => {
      for (const key of [sampleKey(), sampleKey()]) {
        await store.insert(key)
        const { position: inserted, digests } = await store.changes(position)
        assert.ok(digests?.includes(key.digest), 'a key that was inserted is not told')
        await store.update(key.id, { scopes: [] })
        assert.ok((await store.changes(inserted)).digests?.includes(key.digest), 'a key that was changed is not told')
      }
    }))
  }
}, {
  name: 'whoever reads again what is told, and remembers all else, knows everything as it is, whatever is changed at the same time',
  needs: ['insert', 'changes', 'update', 'rotate', 'revoke'],
  async check (store) {
    await followed(store, store)
  }
}, {
  name: 'what is changed through another store over the same data is told, and found, as if it were changed here',
  needs: ['insert', 'changes', 'update', 'revoke', 'another'],
  async check (store, { another }) {
    const other = await another()
    const [key, later] = [sampleKey(), sampleKey()]
    await store.insert(key)
    const { position } = await store.changes(null)
    assert.deepEqual(await other.changes(position), { position, digests: [] })
    await other.insert(later)
    assert.deepEqual((await store.changes(position)).digests, [later.digest])
    assert.deepEqual(await store.findByDigest(later.digest), later)
    await other.update(key.id, { scopes: [] })
    const { position: changed } = await store.changes(position)
    assert.deepEqual((await store.findByDigest(key.digest))?.scopes, [])
    await other.revoke(key.id, at)
    assert.deepEqual((await store.changes(changed)).digests, [key.digest])
    assert.deepEqual((await store.findByDigest(key.digest))?.revokedAt, at)
    assert.deepEqual(await other.changes(position), await store.changes(position))
  }
}, {
  name: 'an epoch that is begun through another store over the same data is that of this one',
  needs: ['insert', 'changes', 'bumpEpoch', 'another'],
  async check (store, { another }) {
    const other = await another()
    const { position } = await store.changes(null)
    await other.bumpEpoch()
    const after = await store.changes(position)
    assert.equal(after.digests, null)
    assert.notEqual(after.position.epoch, position.epoch)
    assert.deepEqual(await other.changes(position), after)
  }
}, {
  name: 'whoever reads again what is told, and remembers all else, knows everything as it is, also when it is changed through another store',
  needs: ['insert', 'changes', 'update', 'rotate', 'revoke', 'another'],
  async check (store, { another }) {
    await followed(store, await another())
  }
}]

const at = new Date(1_760_000_000_123)

/**
 * Changes many records at the same time through one store, while a reader of another remembers them, and reads again only
 * what is told. Compares what it knows in the end with what there is.
 */
async function followed (read: Required<KeyStore>, written: Required<KeyStore>): Promise<void> {
  const keys = Array.from({ length: 8 }, () => sampleKey())
  const late = Array.from({ length: 8 }, () => sampleKey())
  const successors = keys.map((key) => sampleSuccessor({ ...key, name: 'changed' }))
  const all = [...keys, ...late, ...successors]
  for (const key of keys) await written.insert(key)

  const { known, look } = reader(read, all)
  await look()
  await lookingWhile(async () => Promise.all([
    ...keys.map(async (key, i) => {
      await written.update(key.id, { metadata: { step: 1 } })
      await turns(i)
      await written.update(key.id, { name: 'changed', metadata: {} })
      await turns(i)
      if (i % 2 === 0) await written.rotate(key.id, successors[i]!, at)
      await turns(i)
      await written.revoke(key.id, at, 'leaked')
    }),
    ...late.map(async (key, i) => {
      await turns(i)
      await written.insert(key)
      await turns(i)
      if (i % 2 === 0) await written.update(key.id, { scopes: [] })
    })
  ]), look)

  for (const { digest } of all) assert.deepEqual(known.get(digest), await read.findByDigest(digest), 'something has changed that was not told')
  for (const { digest } of keys) assert.deepEqual(known.get(digest)?.revokedAt, at)
  for (const [i, key] of late.entries()) assert.deepEqual(known.get(key.digest), { ...key, ...i % 2 === 0 && { scopes: [] } })
}

/** Lets others look in between, also where a change takes no time. */
async function turns (count: number): Promise<void> {
  for (let i = 0; i < count; i++) await setImmediate()
}

/** Remembers these records, also that there is none, and at each look reads again what has changed. */
function reader (store: Required<KeyStore>, keys: readonly StoredKey[]) {
  const known = new Map<string, StoredKey | null>()
  let position: Position | null = null
  return {
    known,
    async look (): Promise<void> {
      const { position: now, digests } = await store.changes(position)
      if (position !== null) assert.ok(now.epoch === position.epoch && now.seq >= position.seq, 'the position went back')
      position = now
      if (digests === null) known.clear()
      else for (const digest of digests) known.delete(digest)
      for (const { digest } of keys) if (!known.has(digest)) known.set(digest, await store.findByDigest(digest))
    }
  }
}
