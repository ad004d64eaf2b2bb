import assert from 'node:assert/strict'
import type { StoredKey } from '../../keys/record.js'
import { foundAs, lookingWhile, nothingLike, oddTexts, sampleKey, similar, type StoreCase } from './store-case.js'

export const revokeOwnerCases: StoreCase[] = [{
  name: 'all keys of an owner are revoked at once, with date and reason, whatever their state, and nothing else is changed',
  needs: ['keys', 'revokeOwner'],
  async check (store, { put }) {
    const past = new Date(1000)
    const mine = [sampleKey(), sampleKey({ disabledAt: past, metadata: { a: 1 } }), sampleKey({ expiresAt: past }), sampleKey({ lastUsedAt: past, rotatedFrom: 'x' })]
    const theirs = [sampleKey({ ownerId: 'user-2' }), sampleKey({ ownerId: null })]
    await put(...mine, ...theirs)
    assert.deepEqual(byId(await store.revokeOwner('user-1', at, 'left the company')), byId(mine.map(revoked)))
    await foundAs(store, ...mine.map(revoked), ...theirs)
  }
}, {
  name: 'keys of an owner that were revoked before keep their date and reason, and are not answered',
  needs: ['keys', 'revokeOwner'],
  async check (store, { put }) {
    const before = [sampleKey({ revokedAt: new Date(5), revokedReason: 'leaked' }), sampleKey({ revokedAt: new Date(+at + 5) })]
    const key = sampleKey()
    await put(...before, key)
    assert.deepEqual(await store.revokeOwner('user-1', at, 'left the company'), [revoked(key)])
    assert.deepEqual(await store.revokeOwner('user-1', new Date(+at + 1), 'again'), [])
    await foundAs(store, ...before, revoked(key))
  }
}, {
  name: 'revoking the keys of an owner without a reason is doing so with null',
  needs: ['keys', 'revokeOwner'],
  async check (store, { put }) {
    for (const none of [[], [undefined], [null]] as const) {
      const key = sampleKey()
      await put(key)
      assert.deepEqual(await store.revokeOwner('user-1', at, ...none), [{ ...key, revokedAt: at, revokedReason: null }])
      await foundAs(store, { ...key, revokedAt: at, revokedReason: null })
    }
  }
}, {
  name: "owners are compared byte for byte: nobody else's key is revoked",
  needs: ['keys', 'revokeOwner'],
  async check (store, { put }) {
    const owners = [...similar, ...oddTexts.filter((text) => text !== 'undefined'), '']
    const keys = [...owners, null].map((ownerId) => sampleKey({ ownerId }))
    await put(...keys)
    for (const [i, ownerId] of owners.entries()) {
      assert.deepEqual(await store.revokeOwner(ownerId, at, 'left the company'), [revoked(keys[i]!)], JSON.stringify(ownerId))
      await foundAs(store, ...keys.slice(0, i + 1).map(revoked), ...keys.slice(i + 1))
    }
  }
}, {
  name: 'revoking the keys of an owner who has none is answered with an empty list and changes nothing',
  needs: ['keys', 'revokeOwner'],
  async check (store, { put }) {
    const keys = [sampleKey({ ownerId: 'order' }), sampleKey({ ownerId: null })]
    await put(...keys)
    for (const ownerId of nothingLike('order')) assert.deepEqual(await store.revokeOwner(ownerId, at), [], JSON.stringify(ownerId))
    await foundAs(store, ...keys)
  }
}, {
  name: 'all 300 keys of an owner are revoked, and answered',
  needs: ['keys', 'revokeOwner'],
  async check (store, { put }) {
    const keys = Array.from({ length: 300 }, () => sampleKey())
    await put(...keys)
    assert.deepEqual(byId(await store.revokeOwner('user-1', at, 'left the company')), byId(keys.map(revoked)))
    await foundAs(store, ...keys.map(revoked))
  }
}, {
  name: 'whoever looks while the keys of an owner are revoked finds all as before or all revoked',
  needs: ['keys', 'revokeOwner'],
  async check (store, { put }) {
    const [one, two] = [sampleKey(), sampleKey()]
    await put(one, two)
    await lookingWhile(async () => store.revokeOwner('user-1', at, 'left the company'), async () => {
      for (const [first, second] of [[one, two], [two, one]] as const) {
        const ended = (await store.findByDigest(first.digest))?.revokedAt
        if (ended) assert.deepEqual(await store.findByDigest(second.digest), revoked(second), 'one is revoked and the other is not')
      }
    })
  }
}, {
  name: 'a key that is inserted while those of its owner are revoked is there, and revoked only if it was answered',
  needs: ['insert', 'revokeOwner'],
  async check (store) {
    const keys = Array.from({ length: 5 }, () => sampleKey())
    await store.insert(keys[0]!)
    const inserting = keys.slice(1, 3).map(async (key) => store.insert(key))
    const revoking = store.revokeOwner('user-1', at, 'left the company')
    await Promise.all([...inserting, ...keys.slice(3).map(async (key) => store.insert(key))])
    const answered = (await revoking).map(({ id }) => id)
    assert.ok(answered.includes(keys[0]!.id), 'the key that was there was not answered')
    await foundAs(store, ...keys.map((key) => answered.includes(key.id) ? revoked(key) : key))
  }
}, {
  name: 'of several who revoke the keys of one owner at the same time, each key is answered to one',
  needs: ['keys', 'revokeOwner'],
  async check (store, { put }) {
    const keys = Array.from({ length: 5 }, () => sampleKey())
    await put(...keys)
    const dates = [1, 2, 3].map((milliseconds) => new Date(+at + milliseconds))
    const answers = await Promise.all(dates.map(async (date) => store.revokeOwner('user-1', date, String(+date))))
    assert.deepEqual(byId(answers.flat()).map(({ id }) => id), byId(keys).map(({ id }) => id))
    await foundAs(store, ...answers.flat())
    for (const { revokedAt, revokedReason } of answers.flat()) assert.equal(revokedReason, String(+revokedAt!))
  }
}, {
  name: 'changing the date that the keys of an owner were revoked with, or what was answered, changes nothing inside',
  needs: ['keys', 'revokeOwner'],
  async check (store, { put }) {
    const key = sampleKey({ metadata: { list: ['a'] } })
    await put(key)
    const asItWas = structuredClone(revoked(key))
    const date = new Date(at)
    const [answer] = await store.revokeOwner('user-1', date, 'left the company')
    date.setTime(0)
    answer!.revokedAt?.setTime(0)
    Reflect.set(answer!.metadata.list as object, 1, 'b')
    await foundAs(store, asItWas)
  }
}, {
  name: 'the keys of an owner are still revoked after closing and opening again',
  needs: ['keys', 'revokeOwner', 'reopen'],
  async check (store, { put, reopen }) {
    const keys = [sampleKey(), sampleKey()]
    await put(...keys)
    await store.revokeOwner('user-1', at, 'left the company')
    await foundAs(await reopen(), ...keys.map(revoked))
  }
}]

const at = new Date(1_760_000_000_123)

function revoked (key: StoredKey): StoredKey {
  return { ...key, revokedAt: at, revokedReason: 'left the company' }
}

function byId (keys: readonly StoredKey[]): StoredKey[] {
  return [...keys].sort((a, b) => a.id < b.id ? -1 : 1)
}
