// How the SQLite store purges a big table, beside what every store promises.
import t, { type Test } from 'tap'
import { sqliteStore, type SqliteHandle } from '../../lib/stores/sqlite.js'
import { availableDrivers } from './fixtures/drivers.js'
import { aKey } from './fixtures/keys.js'

const ENDED = 2600
const drivers = await availableDrivers()

t.test('others have their turn during a purge, and hear of each key that is gone', async (t) => {
  const { store } = await withEndedKeys(t)
  const { position } = await store.changes(null)
  const state = { isOver: false }
  const purging = Promise.resolve(store.purge(new Date(2))).finally(() => { state.isOver = true })
  let turns = 0
  // Also those who add a key at each of their turns.
  while (!state.isOver) {
    await store.insert(aKey(`new ${turns++}`))
    await new Promise(setImmediate)
  }
  t.equal(await purging, ENDED)
  t.ok(turns > 3, `${turns} turns`)
  const { digests } = await store.changes(position)
  t.ok(digests !== null && new Set(digests).size === ENDED + turns, 'each is told, and nobody has to forget all others')
  t.strictSame(await store.get('kept'), aKey('kept'))
  t.equal((await store.list({ limit: 10_000 })).length, 1 + turns)
  t.equal(await store.purge(new Date(2)), 0)
})

t.test('a key that is brought back to life between the look and the step is kept', async (t) => {
  const { store, handle } = await withEndedKeys(t, { ended: 100 })
  for (let i = 0; i < 500; i++) await store.insert(aKey(`kept ${i}`))
  const purging = store.purge(new Date(2))
  // After the first look, which has found all of them, comes our turn.
  await new Promise(setImmediate)
  handle.exec("UPDATE api_key_scopes_keys SET expires_at = NULL WHERE id = 'ended 0'")
  t.equal(await purging, 99)
  t.equal((await store.get('ended 0'))?.expiresAt, null)
})

t.test('of two purges at the same time each counts what it has removed', async (t) => {
  const { store } = await withEndedKeys(t)
  const counts = await Promise.all([store.purge(new Date(2)), store.purge(new Date(2))])
  t.equal(counts[0]! + counts[1]!, ENDED)
})

t.test('a store that is closed during a purge says so, and what is left is purged the next time', async (t) => {
  const { store } = await withEndedKeys(t)
  const purging = Promise.resolve(store.purge(new Date(2)))
  const refused = t.rejects(purging, { code: 'FST_API_KEY_STORE_CLOSED' })
  await store.close()
  await refused
  await store.open()
  const left = (await store.list({ limit: 10_000 })).length - 1
  t.ok(left > 0)
  t.equal(await store.purge(new Date(2)), left)
  await store.close()
})

t.test('that a key with a damaged digest is gone is told as that all may have changed', async (t) => {
  const { store, handle } = await withEndedKeys(t, { ended: 1 })
  handle.exec("UPDATE api_key_scopes_keys SET digest = CAST(x'ff' AS TEXT) WHERE id = 'ended 0'")
  const { position } = await store.changes(null)
  t.equal(await store.purge(new Date(2)), 1)
  t.equal((await store.changes(position)).digests, null)
})

async function withEndedKeys (t: Test, { ended = ENDED } = {}) {
  const handle: SqliteHandle & { close (): unknown } = await drivers[0]!.open(':memory:')
  const store = sqliteStore(handle)
  await store.open()
  t.teardown(() => store.close())
  for (let i = 0; i < ended; i++) await store.insert(aKey(`ended ${i}`, { expiresAt: new Date(1) }))
  await store.insert(aKey('kept'))
  return { store, handle }
}
