import assert from 'node:assert/strict'
import type { StoredKey } from '../../keys/record.js'
import type { Changes, KeyStore, Position } from '../../keys/store.js'
import { sampleKey, sampleSuccessor, type StoreCase } from './store-case.js'

export const changeCases: StoreCase[] = [{
  name: 'a position names a history and counts in it, and stays where it is while records are only read',
  needs: ['keys', 'changes'],
  async check (store, { put }) {
    const key = sampleKey()
    await put(key)
    const { position, digests } = await store.changes(null)
    assert.equal(typeof position.epoch, 'string')
    assert.notEqual(position.epoch, '')
    assert.ok(Number.isSafeInteger(position.seq) && position.seq >= 0, `${position.seq} is no count`)
    assert.equal(digests, null, 'who has no position yet knows nothing')
    await store.findByDigest(key.digest)
    for (let i = 0; i < 2; i++) assert.deepEqual(await store.changes(position), { position, digests: [] })
  }
}, {
  ...told('an inserted key is told'),
  needs: ['insert', 'changes'],
  check: telling(async (store) => {
    const key = sampleKey()
    await store.insert(key)
    return [key]
  })
}, {
  ...told('a changed key is told'),
  needs: ['keys', 'changes', 'update'],
  check: telling(async (store, [key]) => {
    await store.update(key.id, { scopes: [] })
    return [key]
  })
}, {
  ...told('a rotated key is told, and its successor'),
  needs: ['keys', 'changes', 'rotate'],
  check: telling(async (store, [key]) => {
    const successor = sampleSuccessor(key)
    await store.rotate(key.id, successor, time)
    return [key, successor]
  })
}, {
  ...told('a revoked key is told'),
  needs: ['keys', 'changes', 'revoke'],
  check: telling(async (store, [key]) => {
    await store.revoke(key.id, time, 'leaked')
    return [key]
  })
}, {
  ...told('all the revoked keys of an owner are told'),
  needs: ['keys', 'changes', 'revokeOwner'],
  check: telling(async (store, keys) => {
    await store.revokeOwner('told', time)
    return keys
  })
}, {
  name: 'many keys of an owner that are revoked in one step are told, or that any may have changed',
  needs: ['insert', 'changes', 'revokeOwner'],
  async check (store) {
    const keys = Array.from({ length: 50 }, () => sampleKey({ ownerId: 'told' }))
    await Promise.all(keys.map(async (key) => store.insert(key)))
    const { position } = await store.changes(null)
    await store.revokeOwner('told', time)
    includes(await store.changes(position), keys)
  }
}, {
  name: 'purged keys are told, or that any may have changed',
  needs: ['keys', 'changes', 'purge'],
  async check (store, { put }) {
    const keys = [sampleKey({ revokedAt: time }), sampleKey({ expiresAt: time })]
    await put(...keys, sampleKey())
    const { position } = await store.changes(null)
    await store.purge(new Date(+time + 1))
    const after = await store.changes(position)
    movedOn(position, after)
    includes(after, keys)
  }
}, {
  name: 'that keys were used is no change',
  needs: ['keys', 'changes', 'recordUse'],
  async check (store, { put }) {
    const key = sampleKey()
    await put(key)
    const { position } = await store.changes(null)
    await store.recordUse([{ id: key.id, lastUsedAt: time, demands: new Map([['a', time]]) }])
    assert.deepEqual(await store.changes(position), { position, digests: [] })
  }
}]

/** The epoch is the same, and the count is higher. */
export function movedOn (before: Position, { position }: Pick<Changes, 'position'>): void {
  assert.equal(position.epoch, before.epoch)
  assert.ok(position.seq > before.seq, 'the position has not moved on')
}

/** These keys are told, or that any may have changed. */
export function includes ({ digests }: Changes, keys: readonly StoredKey[]): void {
  if (digests !== null) assert.deepEqual(keys.filter(({ digest }) => !digests.includes(digest)), [], 'not all are told')
}

export function sorted ({ digests }: Changes): string[] | null {
  return digests && [...new Set(digests)].sort()
}

function told (name: string): { name: string } {
  return { name: `${name}, and nothing else` }
}

/** @param work Answers the keys that are to be told, with three to choose from. */
function telling (work: (store: Required<KeyStore>, keys: [StoredKey, StoredKey, StoredKey]) => Promise<StoredKey[]>): StoreCase['check'] {
  return async (store, { put }) => {
    const keys = [1, 2, 3].map(() => sampleKey({ ownerId: 'told' })) as [StoredKey, StoredKey, StoredKey]
    await put(...keys, sampleKey(), sampleKey({ ownerId: 'told', revokedAt: time }))
    const { position } = await store.changes(null)
    const concerned = await work(store, keys)
    const after = await store.changes(position)
    movedOn(position, after)
    assert.deepEqual(sorted(after), concerned.map(({ digest }) => digest).sort())
  }
}

const time = new Date(1_760_000_000_123)
