// How the SQLite store tells of changes, beside what every store promises.
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import t from 'tap'
import { CHANGES_KEPT } from '../../lib/stores/change-log.js'
import { sqliteStore, type SqliteHandle } from '../../lib/stores/sqlite.js'
import { anApp } from './fixtures/app.js'
import { availableDrivers } from './fixtures/drivers.js'
import type { Store } from './fixtures/faults.js'
import { aKey } from './fixtures/keys.js'

const drivers = await availableDrivers()

t.test('up to 1,000 keys of one change are told, more are told as all, and the log never has more than 10,000 rows', async (t) => {
  const [{ open }] = drivers as [typeof drivers[number]]
  const handle = await open(':memory:')
  const rows = () => (handle.prepare('SELECT count(*) AS rows FROM api_key_scopes_changes').get() as { rows: number }).rows
  const store = sqliteStore(handle)
  await store.open()
  for (const [owner, many] of [['few', 1000], ['many', 1001]] as const) {
    for (let i = 0; i < many; i++) await store.insert(aKey(`${owner} ${i}`, { ownerId: owner }))
  }
  const { position } = await store.changes(null)
  await store.revokeOwner('few', new Date(5))
  const few = await store.changes(position)
  t.equal(few.digests?.length, 1000)
  await store.revokeOwner('many', new Date(5))
  t.equal((await store.changes(few.position)).digests, null)
  t.equal((await store.changes(position)).digests, null)

  for (let round = 0; round < 12; round++) {
    for (let i = 0; i < 1000; i++) await store.update(`few ${i}`, {})
    t.ok(rows() <= CHANGES_KEPT, `${rows()} rows`)
  }
  t.equal(rows(), CHANGES_KEPT)
  await store.close()
})

t.test('a file of version 2, which tells of no changes, tells of them once it is opened', async (t) => {
  const path = join(t.testdir(), 'keys.db')
  const store = sqliteStore(path)
  await store.open()
  await store.insert(aKey('a'))
  await store.close()
  const handle = await drivers[0]!.open(path)
  handle.exec('DROP INDEX api_key_scopes_keys_revoked; DROP INDEX api_key_scopes_keys_disabled')
  handle.exec('DROP TABLE api_key_scopes_feed; DROP TABLE api_key_scopes_changes; UPDATE api_key_scopes_schema SET version = 2')
  handle.close()
  await store.open()
  t.strictSame(await store.get('a'), aKey('a'))
  const { position } = await store.changes(null)
  t.match(position, { epoch: /^[0-9a-f]{32}$/, seq: 0 })
  await store.insert(aKey('b'))
  t.same((await store.changes(position)).digests, [aKey('b').digest])
  await store.close()
})

t.test('two files have different epochs, and a handle has that of its file', async (t) => {
  const dir = t.testdir()
  const [one, two] = [sqliteStore(join(dir, 'one.db')), sqliteStore(join(dir, 'two.db'))]
  const handle = sqliteStore(await drivers[0]!.open(join(dir, 'one.db')))
  const epochs: string[] = []
  for (const store of [one, two, handle]) {
    await store.open()
    epochs.push((await store.changes(null)).position.epoch)
  }
  t.not(epochs[0], epochs[1])
  t.equal(epochs[0], epochs[2])
  for (const store of [one, two, handle]) await store.close()
})

t.test('inside a transaction of a handle’s owner no key is looked up, for it may see what was there before a revocation', async (t) => {
  for (const driver of drivers) {
    const path = join(t.testdir(), 'keys.db')
    const elsewhere = sqliteStore(path)
    const handle = await driver.open(path)
    const store = sqliteStore(handle)
    for (const opened of [elsewhere, store]) await opened.open()
    await store.insert(aKey('a'))
    const app = await anApp(store, { maxStaleness: 0 })
    const { key, record } = await app.apiKeys.create({ name: 'ci', ownerId: null, scopes: [] })

    handle.exec('BEGIN; SELECT count(*) FROM api_key_scopes_keys')
    await elsewhere.revoke(record.id, new Date())
    t.equal((await store.get(record.id))?.revokedAt, null, 'the transaction sees what was there when it began')
    for (const look of [() => store.findByDigest(aKey('a').digest), () => store.changes(null)]) {
      await t.rejects(async () => await look(), /within a transaction/, driver.name)
    }
    await t.rejects(app.apiKeys.verify(key), { code: 'FST_API_KEY_STORE_UNAVAILABLE' })
    handle.exec('COMMIT')
    t.match(await app.apiKeys.verify(key), { valid: false, reason: 'revoked' })
    for (const opened of [app, elsewhere, store]) await opened.close()
    handle.close()
  }
})

for (const mode of ['wal', 'delete']) {
  t.test(`who watches a file with journal mode ${mode} hears of what others write, and of nothing else`, async (t) => {
    for (const driver of drivers) {
      const path = join(t.testdir(), `${driver.name.replace(':', '-')}.db`)
      const [handle, other] = [await driver.open(path), await driver.open(path)]
      handle.exec(`PRAGMA journal_mode = ${mode}`)
      const looks = { count: 0 }
      const [store, elsewhere] = [sqliteStore(counting(handle, looks)), sqliteStore(other)]
      for (const opened of [store, elsewhere]) await opened.open()

      let hints = 0
      const end = await store.watch(() => { hints++ })
      const looked = async (times: number) => {
        const before = looks.count
        while (looks.count < before + times) await wait(5)
      }
      await looked(2)
      const before = hints
      await looked(5)
      t.equal(hints, before, `${driver.name}: nobody has written`)
      await store.findByDigest('nothing')
      await store.changes(null)
      await looked(2)
      t.equal(hints, before, 'to read is not to write')
      await elsewhere.insert(aKey('a'))
      await looked(2)
      t.equal(hints, before + 1, 'another has written once')
      await store.insert(aKey('b'))
      t.equal(hints, before + 2, 'what is written here is told at once')
      await looked(2)
      t.equal(hints, before + 2, 'and once')
      await end()
      const { count } = looks
      await elsewhere.insert(aKey('c'))
      await wait(60)
      t.equal(looks.count, count, 'who has ended watching does not look')
      for (const opened of [store, elsewhere, handle, other]) await opened.close()
    }
  })
}

t.test('several who watch one store look once for all', async (t) => {
  const handle = await drivers[0]!.open(':memory:')
  const looks = { count: 0 }
  const store = sqliteStore(counting(handle, looks))
  await store.open()
  const ends = [await store.watch(() => {}), await store.watch(() => {}), await store.watch(() => {})]
  t.equal(looks.count, 1)
  for (const end of ends) await end()
  await store.close()
})

t.test('a handle that its owner closes while it is watched harms nothing but the store', async (t) => {
  for (const driver of drivers) {
    const handle = await driver.open(':memory:')
    const looks = { count: 0 }
    const store = sqliteStore(counting(handle, looks))
    await store.open()
    const end = await store.watch(() => {})
    handle.close()
    while (looks.count < 4) await wait(5)
    await t.rejects(async () => store.changes(null))
    await end()
    await store.close()
  }
})

t.test('when it cannot be told whether somebody has written, who watches is told once, and again when it can', async (t) => {
  const looks = { count: 0, isBroken: false }
  const store = sqliteStore(counting(await drivers[0]!.open(':memory:'), looks))
  await store.open()
  let hints = 0
  const end = await store.watch(() => { hints++ })
  for (const [isBroken, told] of [[true, 1], [false, 2]] as const) {
    looks.isBroken = isBroken
    const { count } = looks
    while (looks.count < count + 4) await wait(5)
    t.equal(hints, told)
  }
  await end()
  await store.close()
})

t.test('watching keeps no process alive, and ends with the store', async (t) => {
  const looks = { count: 0 }
  const handle = await drivers[0]!.open(':memory:')
  const store: Store = sqliteStore(counting(handle, looks))
  const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length
  const before = timers()
  await store.open()
  await store.watch(() => {})
  t.equal(timers(), before)
  await store.close()
  const { count } = looks
  await wait(60)
  t.equal(looks.count, count)
  handle.close()
})

/** Counts how often somebody looks whether another connection has written. */
function counting (handle: SqliteHandle, looks: { count: number, readonly isBroken?: boolean }): SqliteHandle {
  return {
    exec: (sql) => handle.exec(sql),
    prepare (sql) {
      const statement = handle.prepare(sql)
      if (!/data_version/.test(sql)) return statement
      return {
        get () {
          looks.count++
          if (looks.isBroken === true) throw new Error('disk I/O error')
          return statement.get()
        },
        all: () => statement.all(),
        run: () => statement.run()
      }
    }
  }
}
