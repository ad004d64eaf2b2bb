import assert from 'node:assert/strict'
import type { StoredKey } from '../../keys/record.js'
import type { KeyQuery, KeyStore } from '../../keys/store.js'
import { sampleKey, similar, type StoreCase, type Tools } from './store-case.js'

export const listCases: StoreCase[] = [{
  name: 'an empty store lists nothing',
  needs: ['list'],
  async check (store) {
    assert.deepEqual(await store.list({ limit: 10 }), [])
    assert.deepEqual(await store.list({ ownerId: 'user-1', limit: 10 }), [])
  }
}, {
  name: 'keys are listed newest first, whatever the order of insertion, and whole',
  needs: ['keys', 'list'],
  async check (store, { put }) {
    const [old, middle, young] = [1, 2, 10].map((day) => sampleKey({ createdAt: new Date(day * 86_400_000) }))
    await put(middle!, young!, old!)
    assert.deepEqual(await store.list({ limit: 10 }), [young, middle, old])
  }
}, {
  name: 'keys of the same millisecond are listed by descending id, byte for byte',
  needs: ['keys', 'list'],
  async check (store, { put }) {
    const ids = ['a', 'B', 'b', 'A', 'a1', 'a10', 'a2', '_', '~', 'Z']
    await put(...ids.map((id) => sampleKey({ id, createdAt: new Date(1000) })))
    assert.deepEqual(idsOf(await store.list({ limit: 20 })), ['~', 'b', 'a2', 'a10', 'a1', 'a', '_', 'Z', 'B', 'A'])
  }
}, {
  name: 'revoked, expired and disabled keys are listed too',
  needs: ['keys', 'list'],
  async check (store, { put }) {
    const past = new Date(1000)
    await put(sampleKey({ revokedAt: past }), sampleKey({ expiresAt: past }), sampleKey({ disabledAt: past }))
    assert.equal((await store.list({ limit: 10 })).length, 3)
  }
}, {
  name: "a list with an owner has exactly this owner's keys: no other case, no part, no wildcard",
  needs: ['keys', 'list'],
  async check (store, { put }) {
    const keys = [...similar, null].map((ownerId) => sampleKey({ ownerId }))
    await put(...keys)
    for (const key of keys.slice(0, -1)) {
      assert.deepEqual(await store.list({ ownerId: key.ownerId!, limit: 30 }), [key], `owner ${JSON.stringify(key.ownerId)}`)
    }
    for (const ownerId of ['ORDER', 'orde', '', 'undefined']) assert.deepEqual(await store.list({ ownerId, limit: 30 }), [])
    assert.equal((await store.list({ limit: 30 })).length, keys.length)
  }
}, {
  name: 'a list has at most as many keys as the limit says, the newest',
  needs: ['keys', 'list'],
  async check (store, { put }) {
    const keys = Array.from({ length: 5 }, () => sampleKey())
    await put(...keys)
    const ids = idsOf(keys).reverse()
    for (const limit of [1, 4, 5, 6, 1000]) assert.deepEqual(idsOf(await store.list({ limit })), ids.slice(0, limit))
  }
}, {
  name: 'page by page, every key comes exactly once, also those of the same millisecond',
  needs: ['keys', 'list'],
  async check (store, { put }) {
    const ids = await putPages(put)
    for (const limit of [1, 2, 7, 25]) {
      assert.deepEqual(await pagesOf(store, { limit }, 25), [...ids.mine, ...ids.theirs].sort(descending), `pages of ${limit}`)
    }
  }
}, {
  name: "page by page, every key of an owner comes exactly once, and nobody else's",
  needs: ['keys', 'list'],
  async check (store, { put }) {
    const ids = await putPages(put)
    for (const limit of [1, 3]) assert.deepEqual(await pagesOf(store, { limit, ownerId: 'me' }, 25), [...ids.mine].sort(descending))
  }
}, {
  name: 'a page may start after a place where there is no key',
  needs: ['keys', 'list'],
  async check (store, { put }) {
    const keys = ['a', 'c', 'e'].map((id) => sampleKey({ id, createdAt: new Date(1000) }))
    await put(...keys)
    const after = async (milliseconds: number, id: string) =>
      idsOf(await store.list({ limit: 10, after: { createdAt: new Date(milliseconds), id } }))
    assert.deepEqual(await after(1000, 'd'), ['c', 'a'])
    assert.deepEqual(await after(1000, 'a'), [])
    assert.deepEqual(await after(999, 'z'), [])
    assert.deepEqual(await after(1001, ''), ['e', 'c', 'a'])
  }
}]

/** The ids of all pages of a list, one after the other. Refuses pages that are too large, and more than `most` keys. */
export async function pagesOf (store: Required<KeyStore>, query: KeyQuery, most: number): Promise<string[]> {
  const ids: string[] = []
  let page = await store.list(query)
  while (page.length > 0) {
    ids.push(...idsOf(page))
    assert.ok(page.length <= query.limit && ids.length <= most, 'the pages have too many keys')
    page = await store.list({ ...query, after: page.at(-1)! })
  }
  return ids
}

/** 25 keys of two owners, in groups of one millisecond that are larger than a small page. Their ids sort as the keys do. */
async function putPages (put: Tools['put']): Promise<{ mine: string[], theirs: string[] }> {
  const keys = Array.from({ length: 25 }, (_, i) => sampleKey({
    id: `page-${String(i).padStart(2, '0')}`,
    ownerId: i % 3 === 0 ? 'them' : 'me',
    createdAt: new Date(1_700_000_000_000 + Math.floor(i / 6))
  }))
  await put(...keys.filter((_, i) => i % 2), ...keys.filter((_, i) => i % 2 === 0))
  return {
    mine: idsOf(keys.filter((key) => key.ownerId === 'me')),
    theirs: idsOf(keys.filter((key) => key.ownerId === 'them'))
  }
}

function idsOf (keys: readonly StoredKey[]): string[] {
  return keys.map(({ id }) => id)
}

function descending (a: string, b: string): number {
  return a < b ? 1 : -1
}
