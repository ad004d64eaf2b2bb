// How the SQLite store lists a big table, beside what every store promises.
import t from 'tap'
import type { KeyQuery } from '../../lib/keys/store.js'
import { sqliteStore } from '../../lib/stores/sqlite.js'
import { availableDrivers } from './fixtures/drivers.js'
import { aKey } from './fixtures/keys.js'

const MANY = 12_345
const drivers = await availableDrivers()

t.test('a list of the few among very many leaves others their turn, and is whole', async (t) => {
  const handle = await drivers[0]!.open(':memory:')
  const store = sqliteStore(handle)
  await store.open()
  t.teardown(() => store.close())
  handle.exec('BEGIN')
  const insert = handle.prepare(`INSERT INTO api_key_scopes_keys (id, digest, name, owner_id, start, scopes, created_at, metadata, pepper_version, last_used_at, expires_at)
    VALUES (?, ?, 'n', ?, 's', '[]', ?, '{}', 0, ?, ?)`)
  const few = [0, 1, 4_999, 5_000, 7_344, 7_345, MANY - 1]
  // Several of the same millisecond, as a part may end between them.
  for (let i = 0; i < MANY; i++) insert.run(`key ${i}`, `digest ${i}`, `owner ${i % 2}`, Math.floor(i / 10), few.includes(i) ? null : 5000, few.includes(i) ? 1 : null)
  handle.exec('COMMIT')

  const newestFirst = (ids: number[]) => ids.map((i) => ({ i, createdAt: Math.floor(i / 10), id: `key ${i}` }))
    .sort((a, b) => b.createdAt - a.createdAt || (a.id < b.id ? 1 : -1)).map(({ id }) => id)
  const expired: KeyQuery = { state: { is: 'expired', at: new Date(5) }, limit: 100 }
  const cases: Array<[string, KeyQuery, number[]]> = [
    ['expired', expired, few],
    ['unused', { unusedSince: new Date(4000), limit: 100 }, few],
    ['of one owner', { ...expired, ownerId: 'owner 1' }, few.filter((i) => i % 2 === 1)],
    ['with none', { state: { is: 'expired', at: new Date(0) }, limit: 100 }, []],
    ['unused, after a place', { unusedSince: new Date(4000), limit: 100, after: { createdAt: new Date(734), id: 'key 7345' } }, few.filter((i) => i < 7_345)],
    ['unused since before a place', { unusedSince: new Date(499), limit: 100, after: { createdAt: new Date(734), id: 'key 7345' } }, [0, 1]],
    ['after a place', { ...expired, after: { createdAt: new Date(734), id: 'key 7345' } }, few.filter((i) => i < 7_345)]
  ]
  const turns: number[] = []
  for (const [name, query, expected] of cases) {
    const state = { isOver: false, turns: 0 }
    const listing = Promise.resolve(store.list(query)).finally(() => { state.isOver = true })
    while (!state.isOver) {
      await new Promise(setImmediate)
      state.turns++
    }
    t.same((await listing).map(({ id }) => id), newestFirst(expected), name)
    turns.push(state.turns)
  }

  t.ok(turns[0]! > 2, `${turns}`)

  t.same((await store.list({ ...expired, limit: 3 })).map(({ id }) => id), newestFirst(few).slice(0, 3), 'a full page ends it')
  const pages: string[] = []
  for (let after: KeyQuery['after']; ;) {
    const [key] = await store.list({ ...expired, limit: 1, ...after !== undefined && { after } })
    if (key === undefined) break
    pages.push(key.id)
    after = key
  }
  t.same(pages, newestFirst(few), 'page by page as well')
})

t.test('a store that is closed during such a list says so', async (t) => {
  const handle = await drivers[0]!.open(':memory:')
  const store = sqliteStore(handle)
  await store.open()
  for (let i = 0; i <= 5000; i++) await store.insert(aKey(`key ${i}`))
  const refused = t.rejects(Promise.resolve(store.list({ state: { is: 'expired', at: new Date(5) }, limit: 9 })), { code: 'FST_API_KEY_STORE_CLOSED' })
  await store.close()
  await refused
})
