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
}, {
  name: 'from each position all that came after it is told, and nothing that came before',
  needs: ['insert', 'changes', 'update', 'revoke'],
  async check (store) {
    const [a, b] = [sampleKey(), sampleKey()]
    const steps: Array<[changed: StoredKey, work: () => unknown]> = [
      [a, () => store.insert(a)],
      [b, () => store.insert(b)],
      [a, () => store.update(a.id, { scopes: [] })],
      [a, () => store.update(a.id, { name: 'twice' })],
      [b, () => store.revoke(b.id, time)],
      [a, () => store.update(a.id, { name: 'a third time' })]
    ]
    const positions: Position[] = []
    for (const [, work] of steps) {
      positions.push((await store.changes(null)).position)
      await work()
    }
    const { position: last } = await store.changes(null)
    for (const [i, position] of positions.entries()) {
      const later = steps.slice(i).map(([{ digest }]) => digest)
      const answer = await store.changes(position)
      assert.deepEqual(answer.position, last)
      assert.deepEqual(sorted(answer), [...new Set(later)].sort(), `after ${i} changes`)
    }
    assert.equal(new Set(positions.map(({ seq }) => seq)).size, steps.length, 'the position was the same before and after a change')
    assert.deepEqual(positions.toSorted((a, b) => a.seq - b.seq), positions, 'the position went back')
  }
}, {
  name: 'what is refused, or changes nothing, makes no change be lost',
  needs: ['insert', 'changes', 'update', 'rotate', 'revoke', 'revokeOwner', 'purge'],
  async check (store) {
    const keys = Array.from({ length: 6 }, () => sampleKey())
    const [first] = keys as [StoredKey]
    const nothings: Array<() => unknown> = [
      () => store.insert(sampleKey({ digest: first.digest })),
      () => store.update('nobody', { scopes: [] }),
      () => store.rotate('nobody', sampleSuccessor({ ...first, id: 'nobody' }), time),
      () => store.revoke('nobody', time),
      () => store.revokeOwner('nobody', time),
      () => store.purge(new Date(0))
    ]
    const { position } = await store.changes(null)
    const positions = [position]
    for (const [i, nothing] of nothings.entries()) {
      await store.insert(keys[i]!)
      await (async () => await nothing())().catch(() => {})
      positions.push((await store.changes(null)).position)
    }
    includes(await store.changes(position), keys)
    for (const [i, earlier] of positions.slice(0, -1).entries()) movedOn(earlier, { position: positions[i + 1]! })
  }
}, {
  name: 'at a position of another history, or ahead of this one, all may have changed',
  needs: ['insert', 'changes'],
  async check (store) {
    await store.insert(sampleKey())
    const { position } = await store.changes(null)
    const { epoch, seq } = position
    const strangers = [
      ...['', `${epoch} `, epoch.slice(0, -1), `${epoch}0`, 'null', "'; DROP TABLE keys; --", '部署 🚀'].map((epoch) => ({ epoch, seq })),
      { epoch: 'another', seq: 0 },
      { epoch, seq: seq + 1 },
      { epoch, seq: Number.MAX_SAFE_INTEGER },
      null
    ]
    for (const stranger of strangers) assert.deepEqual(await store.changes(stranger), { position, digests: null }, JSON.stringify(stranger))
  }
}, {
  name: 'changing what was answered about changes, or asked, changes nothing inside',
  needs: ['insert', 'changes'],
  async check (store) {
    const key = sampleKey()
    const before = await store.changes(null)
    const asItWas = { ...before.position }
    await store.insert(key)
    const answer = await store.changes(before.position)
    const expected = structuredClone(answer)
    // What is frozen stays.
    for (const { position } of [before, answer]) {
      Reflect.set(position, 'seq', 0)
      Reflect.set(position, 'epoch', 'changed')
    }
    Reflect.set(answer.digests!, 0, 'changed')
    assert.deepEqual(await store.changes(asItWas), expected)
  }
}, {
  name: 'in a new epoch no earlier position counts, records stay, and changes are told from then on',
  needs: ['insert', 'changes', 'bumpEpoch'],
  async check (store) {
    const [key, later] = [sampleKey(), sampleKey()]
    const { position: first } = await store.changes(null)
    await store.insert(key)
    const { position: second } = await store.changes(null)
    const epochs = new Set([first.epoch])
    for (let bump = 1; bump < 4; bump++) {
      await store.bumpEpoch()
      const { position } = await store.changes(null)
      epochs.add(position.epoch)
      assert.equal(epochs.size, bump + 1, 'the epoch is that of before')
      for (const earlier of [first, second]) assert.deepEqual(await store.changes(earlier), { position, digests: null })
    }
    assert.deepEqual(await store.findByDigest(key.digest), key)
    const { position } = await store.changes(null)
    await store.insert(later)
    const after = await store.changes(position)
    movedOn(position, after)
    assert.deepEqual(after.digests, [later.digest])
  }
}, {
  name: 'after closing and opening again, what was changed before is told, or that any may have changed',
  needs: ['insert', 'changes', 'reopen'],
  async check (store, { reopen }) {
    const [key, later] = [sampleKey(), sampleKey()]
    const { position } = await store.changes(null)
    await store.insert(key)
    const again = await reopen()
    assert.deepEqual(await again.findByDigest(key.digest), key)
    const between = await again.changes(position)
    includes(between, [key])
    await again.insert(later)
    includes(await again.changes(position), [key, later])
    assert.deepEqual((await again.changes(between.position)).digests, [later.digest])
  }
}, {
  name: 'after more changes than are kept, any may have changed: never is a part of them told',
  needs: ['keys', 'changes', 'update', 'changesKept'],
  async check (store, { put, changesKept }) {
    const [first, other] = [sampleKey(), sampleKey()]
    await put(first, other)
    const { position: start } = await store.changes(null)
    await store.update(first.id, { scopes: [] })
    const { position: next } = await store.changes(null)
    for (let i = 1; i < changesKept; i++) await store.update(other.id, { name: String(i) })
    // As many as are kept, one more, and all that is worth forgetting.
    for (let i = 0; i < 3; i++) {
      includes(await store.changes(start), [first, other])
      includes(await store.changes(next), [other])
      await store.update(other.id, { name: 'one more' })
    }
    for (let i = 0; i < changesKept; i++) await store.update(other.id, { name: String(i) })
    for (const position of [start, next]) assert.equal((await store.changes(position)).digests, null)
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
