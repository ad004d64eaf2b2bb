import assert from 'node:assert/strict'
import type { StoredKey } from '../../keys/record.js'
import type { Position } from '../../keys/store.js'
import { includes, movedOn, sorted } from './changes.js'
import { sampleKey, sampleSuccessor, type StoreCase } from './store-case.js'

export const positionCases: StoreCase[] = [{
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

const time = new Date(1_760_000_000_123)
