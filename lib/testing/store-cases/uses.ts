import assert from 'node:assert/strict'
import type { KeyUse } from '../../keys/store.js'
import { foundAs, nothingLike, oddTexts, sampleKey, sampleSuccessor, similar, type StoreCase } from './store-case.js'

export const useCases: StoreCase[] = [{
  name: 'a use that was noted stands in the record, with nothing else changed, and when each demand was met is known',
  needs: ['keys', 'recordUse', 'usesOf'],
  async check (store, { put }) {
    const [key, other] = [sampleKey({ metadata: { a: [1] }, expiresAt: new Date(1_800_000_000_001), disabledAt: new Date(3) }), sampleKey()]
    await put(key, other)
    await store.recordUse([use(key.id, 5, { read: 5, write: 3 })])
    const used = { ...key, lastUsedAt: time(5) }
    await foundAs(store, used, other)
    if (store.list !== undefined) assert.deepEqual(await store.list({ limit: 9 }), [other, used])
    assert.deepEqual(await store.usesOf(key.id), demands({ read: 5, write: 3 }))
    assert.deepEqual(await store.usesOf(other.id), new Map())
  }
}, {
  name: 'the dates of uses move forward alone, one by one',
  needs: ['keys', 'recordUse', 'usesOf'],
  async check (store, { put }) {
    const key = sampleKey()
    await put(key)
    const steps: Array<[told: KeyUse, lastUsed: number, known: Record<string, number>]> = [
      [use(key.id, 5, { a: 5, b: 3 }), 5, { a: 5, b: 3 }],
      [use(key.id, 4, { a: 4, b: 4 }), 5, { a: 5, b: 4 }],
      [use(key.id, 5, { a: 5 }), 5, { a: 5, b: 4 }],
      [use(key.id, 6, { c: 1 }), 6, { a: 5, b: 4, c: 1 }],
      [use(key.id, 1, { a: 9, c: 0 }), 6, { a: 9, b: 4, c: 1 }],
      [use(key.id, 7, {}), 7, { a: 9, b: 4, c: 1 }]
    ]
    for (const [told, lastUsed, known] of steps) {
      await store.recordUse([told])
      await foundAs(store, { ...key, lastUsedAt: time(lastUsed) })
      assert.deepEqual(await store.usesOf(key.id), demands(known))
    }
  }
}, {
  name: 'one key may be told several times in one call: the latest dates count, in whatever order',
  needs: ['keys', 'recordUse', 'usesOf'],
  async check (store, { put }) {
    const told = (id: string) => [use(id, 5, { a: 5 }), use(id, 9, { a: 4, b: 9 }), use(id, 7, { a: 7, b: 7 })]
    const [one, two] = [sampleKey(), sampleKey()]
    await put(one, two)
    await store.recordUse([...told(one.id), ...told(two.id).reverse()])
    for (const key of [one, two]) {
      await foundAs(store, { ...key, lastUsedAt: time(9) })
      assert.deepEqual(await store.usesOf(key.id), demands({ a: 7, b: 9 }))
    }
  }
}, {
  name: 'a use moves no other date, though one Date stood in several fields of the record that was inserted',
  needs: ['keys', 'recordUse'],
  async check (store, { put }) {
    const date = time(4)
    const key = sampleKey({ createdAt: date, expiresAt: date, lastUsedAt: date })
    await put(key)
    const told = use(key.id, 9, { a: 9 })
    await store.recordUse([told])
    told.lastUsedAt.setTime(1)
    await foundAs(store, { ...key, lastUsedAt: time(9) })
    assert.deepEqual(date, time(4))
  }
}, {
  name: 'a key that was inserted with a later use keeps it',
  needs: ['keys', 'recordUse'],
  async check (store, { put }) {
    const key = sampleKey({ lastUsedAt: time(9) })
    await put(key)
    await store.recordUse([use(key.id, 8, { a: 8 })])
    await foundAs(store, key)
  }
}, {
  name: 'uses of unknown ids are passed over, and those of the others are noted',
  needs: ['insert', 'recordUse', 'usesOf'],
  async check (store) {
    const key = sampleKey({ id: 'order' })
    await store.insert(key)
    const strangers = nothingLike(key.id)
    await store.recordUse([...strangers.map((id) => use(id, 9, { a: 9 })), use(key.id, 5, { a: 5 }), use('nobody', 9, { a: 9 })])
    await foundAs(store, { ...key, lastUsedAt: time(5) })
    assert.deepEqual(await store.usesOf(key.id), demands({ a: 5 }))
    for (const id of [...strangers, 'nobody']) assert.deepEqual(await store.usesOf(id), new Map(), JSON.stringify(id))
    // Nor does a key that comes later have used anything.
    const later = sampleKey({ id: 'nobody' })
    await store.insert(later)
    await foundAs(store, later)
    assert.deepEqual(await store.usesOf('nobody'), new Map())
  }
}, {
  name: 'ids are compared byte for byte: similar keys have uses of their own',
  needs: ['keys', 'recordUse', 'usesOf'],
  async check (store, { put }) {
    const keys = [...similar, ...oddTexts].filter((id, i, ids) => ids.indexOf(id) === i).map((id) => sampleKey({ id }))
    await put(...keys)
    await store.recordUse(keys.map(({ id }, i) => use(id, i, { a: i, [`of ${id}`]: i })))
    for (const [i, key] of keys.entries()) {
      await foundAs(store, { ...key, lastUsedAt: time(i) })
      assert.deepEqual(await store.usesOf(key.id), demands({ a: i, [`of ${key.id}`]: i }), JSON.stringify(key.id))
    }
  }
}, {
  name: 'a demand may be any text of up to 8 KiB, and comes back as it was',
  needs: ['keys', 'recordUse', 'usesOf'],
  async check (store, { put }) {
    const long = 'x'.repeat(8191)
    const texts = new Set([
      ...similar, ...oddTexts, '', 'toString', 'a', 'A', 'déploiement 部署 🚀',
      '["apps:deploy",{"anyOf":["a","b"]}]', `${long}1`, `${long}2`, long, '部'.repeat(2730)
    ])
    const key = sampleKey()
    await put(key)
    const met = new Map([...texts].map((text, i) => [text, time(i)]))
    await store.recordUse([{ id: key.id, lastUsedAt: time(99), demands: met }])
    assert.deepEqual(await store.usesOf(key.id), met)
    const again = new Map([...met].map(([text, at]) => [text, new Date(+at + 100)]))
    await store.recordUse([{ id: key.id, lastUsedAt: time(199), demands: again }])
    assert.deepEqual(await store.usesOf(key.id), again)
  }
}, {
  name: 'a NUL character or half a surrogate pair in a demand comes back unchanged, or nothing of the call is noted',
  needs: ['keys', 'recordUse', 'usesOf'],
  async check (store, { put }) {
    for (const text of ['a\0b', 'a\ud800b', '\udc00']) {
      const key = sampleKey()
      await put(key)
      const told = use(key.id, 5, { a: 3, [text]: 5 })
      const accepted = await (async () => store.recordUse([told]))().then(() => true, () => false)
      await foundAs(store, { ...key, lastUsedAt: accepted ? told.lastUsedAt : null })
      assert.deepEqual(await store.usesOf(key.id), accepted ? told.demands : new Map())
    }
  }
}, {
  name: 'uses of revoked and expired keys are noted too, and change nothing of that',
  needs: ['keys', 'recordUse', 'usesOf'],
  async check (store, { put }) {
    const keys = [{ revokedAt: time(1), revokedReason: 'leaked' }, { expiresAt: time(1) }].map((fields) => sampleKey(fields))
    await put(...keys)
    await store.recordUse(keys.map(({ id }) => use(id, 5, { a: 5 })))
    await foundAs(store, ...keys.map((key) => ({ ...key, lastUsedAt: time(5) })))
    for (const { id } of keys) assert.deepEqual(await store.usesOf(id), demands({ a: 5 }))
  }
}, {
  name: 'an unknown id has no uses',
  needs: ['usesOf'],
  async check (store) {
    for (const id of ['key-0', ...nothingLike('order')]) assert.deepEqual(await store.usesOf(id), new Map(), JSON.stringify(id))
  }
}, {
  name: 'the uses of a key stay its own when it is changed, rotated and revoked',
  needs: ['keys', 'recordUse', 'usesOf', 'update', 'rotate', 'revoke'],
  async check (store, { put }) {
    const key = sampleKey()
    await put(key)
    await store.recordUse([use(key.id, 5, { a: 5 })])
    await store.update(key.id, { metadata: { a: 1 } })
    const changed = { ...key, metadata: { a: 1 }, lastUsedAt: time(5) }
    const successor = sampleSuccessor(changed)
    await store.rotate(key.id, successor, time(9))
    await store.revoke(key.id, time(8), 'leaked')
    await foundAs(store, { ...changed, expiresAt: time(9), revokedAt: time(8), revokedReason: 'leaked' }, successor)
    assert.deepEqual(await store.usesOf(key.id), demands({ a: 5 }))
    assert.deepEqual(await store.usesOf(successor.id), new Map())
  }
}, {
  name: 'changing what was told of uses, or what was answered, changes nothing inside',
  needs: ['keys', 'recordUse', 'usesOf'],
  async check (store, { put }) {
    const key = sampleKey()
    await put(key)
    const told = { id: key.id, lastUsedAt: time(5), demands: demands({ a: 5, b: 5 }) }
    await store.recordUse([told])
    const answer = await store.usesOf(key.id) as Map<string, Date>
    for (const { demands, dates } of [{ demands: told.demands, dates: [told.lastUsedAt] }, { demands: answer, dates: [] }]) {
      for (const date of [...dates, ...demands.values()]) date.setTime(0)
      demands.delete('b')
      demands.set('c', time(5))
    }
    await foundAs(store, { ...key, lastUsedAt: time(5) })
    assert.deepEqual(await store.usesOf(key.id), demands({ a: 5, b: 5 }))
  }
}, {
  name: 'uses are still known after closing and opening again',
  needs: ['keys', 'recordUse', 'usesOf', 'reopen'],
  async check (store, { put, reopen }) {
    const key = sampleKey()
    await put(key)
    await store.recordUse([use(key.id, 5, { a: 5, b: 3 })])
    const again = await reopen()
    await foundAs(again, { ...key, lastUsedAt: time(5) })
    assert.deepEqual(await again.usesOf(key.id), demands({ a: 5, b: 3 }))
  }
}]

export function use (id: string, lastUsed: number, met: Record<string, number>): KeyUse {
  return { id, lastUsedAt: time(lastUsed), demands: demands(met) }
}

export function demands (met: Record<string, number>): Map<string, Date> {
  return new Map(Object.entries(met).map(([demand, milliseconds]) => [demand, time(milliseconds)]))
}

export function time (milliseconds: number): Date {
  return new Date(1_760_000_000_000 + milliseconds)
}
