import assert from 'node:assert/strict'
import { foundAs, sampleKey, type StoreCase } from './store-case.js'
import { demands, time, use } from './uses.js'

export const useAtOnceCases: StoreCase[] = [{
  name: 'thousands of uses are noted in one call, and none is a call too',
  needs: ['keys', 'recordUse', 'usesOf'],
  async check (store, { put }) {
    const keys = Array.from({ length: 20 }, () => sampleKey())
    await put(...keys)
    const met = Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`demand ${i}`, i]))
    await store.recordUse([])
    await foundAs(store, ...keys)
    await store.recordUse(keys.flatMap(({ id }, i) => [use(id, i, met), ...Array.from({ length: 100 }, (_, j) => use(`unknown-${i}-${j}`, 1, { a: 1 }))]))
    for (const [i, key] of keys.entries()) {
      await foundAs(store, { ...key, lastUsedAt: time(i) })
      assert.deepEqual(await store.usesOf(key.id), demands(met))
    }
  }
}, {
  name: 'uses that are noted at the same time are all kept, the latest of each',
  needs: ['keys', 'recordUse', 'usesOf'],
  async check (store, { put }) {
    const key = sampleKey()
    await put(key)
    await Promise.all([3, 1, 4, 1, 5, 9, 2, 6].map(async (n) => store.recordUse([use(key.id, n, { a: n, [`b${n}`]: n })])))
    await foundAs(store, { ...key, lastUsedAt: time(9) })
    assert.deepEqual(await store.usesOf(key.id), demands({ a: 9, b1: 1, b2: 2, b3: 3, b4: 4, b5: 5, b6: 6, b9: 9 }))
  }
}, {
  name: 'a use that is noted while the key is changed and revoked undoes neither',
  needs: ['keys', 'recordUse', 'update', 'revoke'],
  async check (store, { put }) {
    for (const useFirst of [true, false]) {
      const key = sampleKey()
      await put(key)
      const note = async () => store.recordUse([use(key.id, 5, { a: 5 })])
      const before = useFirst ? note() : undefined
      await Promise.all([store.update(key.id, { scopes: [], disabledAt: time(1) }), store.revoke(key.id, time(2), 'leaked'), before ?? note()])
      await foundAs(store, { ...key, scopes: [], disabledAt: time(1), revokedAt: time(2), revokedReason: 'leaked', lastUsedAt: time(5) })
    }
  }
}]
