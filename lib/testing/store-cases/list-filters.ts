import assert from 'node:assert/strict'
import type { StoredKey } from '../../keys/record.js'
import type { KeyQuery, KeyState } from '../../keys/store.js'
import { pagesOf } from './list.js'
import { sampleKey, type StoreCase } from './store-case.js'

export const listFilterCases: StoreCase[] = [{
  name: 'a list of keys in one state has these alone, whole, whatever else is true of them',
  needs: ['keys', 'list'],
  async check (store, { put }) {
    const keys = keysByState()
    await put(...keys.revoked, ...keys.active, ...keys.expired, ...keys.disabled)
    for (const is of states) assert.deepEqual(await store.list({ state: { is, at }, limit: 99 }), newestFirst(keys[is]), is)
  }
}, {
  name: 'a key expires with the very millisecond of its date',
  needs: ['keys', 'list'],
  async check (store, { put }) {
    await put(sampleKey({ expiresAt: at }))
    for (const [time, state] of [[before, 'active'], [at, 'expired'], [after, 'expired']] as const) {
      for (const is of states) {
        assert.equal((await store.list({ state: { is, at: time }, limit: 9 })).length, is === state ? 1 : 0, `${is} at ${+time - +at}`)
      }
    }
  }
}, {
  name: 'a list of unused keys has those that were made before a time and not used since, to the millisecond',
  needs: ['keys', 'list'],
  async check (store, { put }) {
    const start = new Date(0)
    const unused = [{ createdAt: before }, { createdAt: start }, { createdAt: before, lastUsedAt: before }, { createdAt: start, lastUsedAt: start }]
    const used = [{ createdAt: before, lastUsedAt: at }, { createdAt: before, lastUsedAt: after }]
    const young = [{ createdAt: at }, { createdAt: after }, { createdAt: at, lastUsedAt: before }, { createdAt: after, lastUsedAt: after }]
    const wanted = unused.map((fields) => sampleKey(fields))
    await put(...[...used, ...young].map((fields) => sampleKey(fields)), ...wanted)
    assert.deepEqual(await store.list({ unusedSince: at, limit: 99 }), newestFirst(wanted))
  }
}, {
  name: 'owner, state and disuse together narrow a list to what meets them all',
  needs: ['keys', 'list'],
  async check (store, { put }) {
    const good = { createdAt: before, disabledAt: at }
    const wanted = sampleKey(good)
    const others = [{ ownerId: 'user-2' }, { disabledAt: null }, { revokedAt: at }, { lastUsedAt: at }, { createdAt: at }]
    await put(wanted, ...others.map((fields) => sampleKey({ ...good, ...fields })))
    const query: KeyQuery = { ownerId: 'user-1', state: { is: 'disabled', at }, unusedSince: at, limit: 99 }
    assert.deepEqual(await store.list(query), [wanted])
    for (const left of ['ownerId', 'state', 'unusedSince'] as const) {
      const { [left]: _, ...wider } = query
      assert.ok((await store.list(wider)).length > 1, `without ${left} there are no more`)
    }
  }
}, {
  name: 'page by page, every key of an owner in one state comes exactly once, and no other',
  needs: ['keys', 'list'],
  async check (store, { put }) {
    for (const millisecond of [1, 2, 3]) {
      for (const ownerId of ['me', 'them']) await put(...Object.values(keysByState({ ownerId, createdAt: new Date(millisecond) })).flat())
    }
    const all = await store.list({ ownerId: 'me', limit: 999 })
    for (const is of states) {
      const size = 3 * keysByState()[is].length
      const query: KeyQuery = { ownerId: 'me', state: { is, at }, limit: size }
      const wanted = all.filter(({ name }) => name === is).map(({ id }) => id)
      assert.equal(wanted.length, size)
      for (const limit of [1, 2, 5, 50]) assert.deepEqual(await pagesOf(store, { ...query, limit }, size), wanted, `${is}, in pages of ${limit}`)
    }
  }
}, {
  name: 'page by page, every unused key comes exactly once',
  needs: ['keys', 'list'],
  async check (store, { put }) {
    const keys = Array.from({ length: 12 }, (_, i) => sampleKey({ createdAt: new Date(+at - 5 + i / 3), lastUsedAt: i % 2 ? at : null }))
    await put(...keys)
    const wanted = newestFirst(keys.filter((_, i) => i % 2 === 0)).map(({ id }) => id)
    for (const limit of [1, 2, 5, 50]) assert.deepEqual(await pagesOf(store, { unusedSince: at, limit }, 6), wanted, `pages of ${limit}`)
  }
}]

const at = new Date(1_760_000_000_123)
const before = new Date(+at - 1)
const after = new Date(+at + 1)
const states: KeyState[] = ['active', 'disabled', 'expired', 'revoked']

/** Keys in every combination of dates, by the state in which they are at `at`, which is their name too. */
function keysByState (fields: Partial<StoredKey> = {}): Record<KeyState, StoredKey[]> {
  const expiries = [null, before, at, after].map((expiresAt) => ({ expiresAt }))
  const make = (name: KeyState, kinds: Array<Partial<StoredKey>>) => kinds.map((kind) => sampleKey({ ...fields, ...kind, name }))
  return {
    active: make('active', [{}, { expiresAt: after }, { lastUsedAt: before }]),
    expired: make('expired', [{ expiresAt: before }, { expiresAt: at }]),
    disabled: make('disabled', [...expiries.map((expiry) => ({ ...expiry, disabledAt: before })), { disabledAt: after }]),
    revoked: make('revoked', [null, before].flatMap((disabledAt) => [
      ...expiries.map((expiry) => ({ ...expiry, disabledAt, revokedAt: before })), { disabledAt, revokedAt: after }
    ]))
  }
}

function newestFirst (keys: readonly StoredKey[]): StoredKey[] {
  return [...keys].sort((a, b) => +b.createdAt - +a.createdAt || (a.id < b.id ? 1 : -1))
}
