import assert from 'node:assert/strict'
import { foundAs, lookingWhile, sampleKey, sampleSuccessor, type StoreCase } from './store-case.js'

export const rotateAtOnceCases: StoreCase[] = [...[2, 20].map((many): StoreCase => ({
  name: `of ${many} rotations of one key at the same time, one wins`,
  needs: ['keys', 'rotate'],
  async check (store, { put }) {
    const key = sampleKey()
    await put(key)
    const successors = Array.from({ length: many }, () => sampleSuccessor(key))
    const ends = successors.map((_, i) => new Date(+endsAt + (i * 7) % many))
    const answers = await Promise.all(successors.map(async (successor, i) => store.rotate(key.id, successor, ends[i]!)))
    const winners = successors.filter((_, i) => answers[i] !== null)
    assert.equal(winners.length, 1, `${winners.length} rotations were acknowledged`)
    const rotated = { ...key, expiresAt: ends[successors.indexOf(winners[0]!)]! }
    await foundAs(store, rotated, winners[0]!)
    for (const loser of successors.filter((successor) => successor !== winners[0])) assert.equal(await store.findByDigest(loser.digest), null)
  }
})), {
  name: 'of different keys rotated at the same time, each has its own successor',
  needs: ['keys', 'rotate'],
  async check (store, { put }) {
    const keys = Array.from({ length: 10 }, () => sampleKey())
    await put(...keys)
    const successors = keys.map((key) => sampleSuccessor(key))
    await Promise.all(keys.map(async ({ id }, i) => store.rotate(id, successors[i]!, endsAt)))
    await foundAs(store, ...keys.map((key) => ({ ...key, expiresAt: endsAt })), ...successors)
  }
}, {
  name: 'whoever looks while a key is rotated finds it alone as before, or ending with its successor',
  needs: ['keys', 'rotate'],
  async check (store, { put }) {
    const key = sampleKey()
    await put(key)
    const successor = sampleSuccessor(key)
    await lookingWhile(async () => store.rotate(key.id, successor, endsAt), async () => {
      const old = await store.findByDigest(key.digest)
      const found = await store.findByDigest(successor.digest)
      assert.deepEqual(old, old?.expiresAt ? { ...key, expiresAt: endsAt } : key)
      if (old?.expiresAt) assert.deepEqual(found, successor, 'the key ends, and its successor is not there')
      if (found !== null) assert.deepEqual((await store.findByDigest(key.digest))?.expiresAt, endsAt, 'the successor is there, and the key does not end')
    })
  }
}, {
  name: 'a rotation and a revocation at the same time: the key is revoked, and has a successor if that was acknowledged',
  needs: ['keys', 'rotate', 'revoke'],
  async check (store, { put }) {
    for (const rotateFirst of [true, false]) {
      const key = sampleKey()
      await put(key)
      const successor = sampleSuccessor(key)
      const revoke = async () => store.revoke(key.id, at, 'leaked')
      const before = rotateFirst ? undefined : revoke()
      const [rotated] = await Promise.all([store.rotate(key.id, successor, endsAt), before ?? revoke()])
      await foundAs(store, { ...key, revokedAt: at, revokedReason: 'leaked', expiresAt: rotated && endsAt })
      assert.deepEqual(await store.findByDigest(successor.digest), rotated && successor)
    }
  }
}, {
  name: 'a rotation and a change at the same time: either the successor has what the key had before the change, or there is none',
  needs: ['keys', 'rotate', 'update'],
  async check (store, { put }) {
    for (const rotateFirst of [true, false]) {
      const key = sampleKey()
      await put(key)
      const successor = sampleSuccessor(key)
      const update = async () => store.update(key.id, { scopes: [] })
      const before = rotateFirst ? undefined : update()
      const [rotated, updated] = await Promise.all([store.rotate(key.id, successor, endsAt), before ?? update()])
      assert.deepEqual(updated?.expiresAt, rotated && endsAt, 'it was rotated after the change')
      await foundAs(store, { ...key, scopes: [], expiresAt: rotated && endsAt })
      assert.deepEqual(await store.findByDigest(successor.digest), rotated && successor)
    }
  }
}]

const at = new Date(1_760_000_000_123)
const endsAt = new Date(1_770_000_000_456)
