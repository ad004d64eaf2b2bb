// How the SQLite store writes the use of many keys, beside what every store promises.
import t from 'tap'
import { sqliteStore } from '../../lib/stores/sqlite.js'
import { availableDrivers } from './fixtures/drivers.js'
import { aKey } from './fixtures/keys.js'

const drivers = await availableDrivers()
const ids = Array.from({ length: 350 }, (_, i) => `key ${i}`)
const uses = ids.map((id, i) => ({ id, lastUsedAt: new Date(1000 + i), demands: new Map([['["a"]', new Date(1000 + i)]]) }))

t.test('requests have their turn while the use of many keys is written, and all of it is', async (t) => {
  const store = sqliteStore(await drivers[0]!.open(':memory:'))
  await store.open()
  for (const id of ids) await store.insert(aKey(id))
  const state = { isOver: false, turns: 0 }
  const noting = Promise.resolve(store.recordUse(uses)).finally(() => { state.isOver = true })
  while (!state.isOver) {
    await new Promise(setImmediate)
    state.turns++
  }
  await noting
  t.ok(state.turns > 2, `${state.turns} turns`)
  t.same((await store.list({ limit: 1000 })).map(({ id, lastUsedAt }) => `${id} ${Number(lastUsedAt)}`).sort(), uses.map(({ id, lastUsedAt }) => `${id} ${+lastUsedAt}`).sort())
  for (const i of [0, 99, 100, 349]) t.equal((await store.usesOf(`key ${i}`)).size, 1, `key ${i}`)
  await store.close()
})

t.test('a store that is closed meanwhile says so, and to write it all again gives the same', async (t) => {
  const store = sqliteStore(await drivers[0]!.open(':memory:'))
  await store.open()
  for (const id of ids) await store.insert(aKey(id))
  const refused = t.rejects(Promise.resolve(store.recordUse(uses)), { code: 'FST_API_KEY_STORE_CLOSED' })
  await store.close()
  await refused
  await store.open()
  t.equal((await store.get('key 349'))?.lastUsedAt, null)
  await store.recordUse(uses)
  t.same((await store.get('key 0'))?.lastUsedAt, new Date(1000))
  t.same((await store.get('key 349'))?.lastUsedAt, new Date(1349))
  await store.close()
})
