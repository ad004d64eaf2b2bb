import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { inspect } from 'node:util'
import t, { type Test } from 'tap'
import type { KeyQuery, KeyStore } from '../../lib/keys/store.js'
import { CHANGES_KEPT } from '../../lib/stores/change-log.js'
import { openDatabase, switchToWal, type OwnHandle } from '../../lib/stores/sqlite/driver.js'
import { sqliteStore, type SqliteHandle, type SqliteStatement } from '../../lib/stores/sqlite.js'
import { storeConformance, type ConformanceOptions } from '../../lib/testing/index.js'
import { availableDrivers } from './fixtures/drivers.js'
import { aKey, aSuccessor } from './fixtures/keys.js'

type Store = Required<KeyStore>
type BigIntHandle = OwnHandle & { defaultSafeIntegers (on: boolean): void }

const drivers = await availableDrivers()
let count = 0

/** Every call of a store that writes, for a store that holds a key called `a`. */
const writes = (store: Store): Record<string, () => unknown> => ({
  insert: () => store.insert(aKey('b')),
  update: () => store.update('a', { scopes: [] }),
  'update of nothing': () => store.update('a', {}),
  rotate: () => store.rotate('a', aSuccessor('a', 'b'), new Date(5)),
  revoke: () => store.revoke('a', new Date(5), 'leaked'),
  revokeOwner: () => store.revokeOwner(aKey('a').ownerId!, new Date(5), 'leaked'),
  purge: () => store.purge(new Date()),
  bumpEpoch: () => store.bumpEpoch(),
  recordUse: () => store.recordUse([{ id: 'a', lastUsedAt: new Date(5), demands: new Map([['x', new Date(5)]]) }])
})

const everyCall = (store: Store): Record<string, () => unknown> => ({
  ...writes(store),
  findByDigest: () => store.findByDigest(aKey('a').digest),
  changes: () => store.changes(null),
  watch: async () => (await store.watch(() => {}))(),
  get: () => store.get('a'),
  list: () => store.list({ limit: 1 }),
  usesOf: () => store.usesOf('a')
})

t.test('a store in a file keeps every promise', async (t) => {
  const dir = t.testdir()
  const paths = new WeakMap<Store, string>()
  const storeAt = (path: string) => {
    const store = sqliteStore(path)
    paths.set(store, path)
    return store
  }
  const cases = storeConformance(() => storeAt(join(dir, `${count++}.db`)), {
    reopen: (closed) => storeAt(paths.get(closed)!),
    another: (opened) => storeAt(paths.get(opened)!)
  })
  for (const { name, run } of cases) await t.test(name, run)
})

for (const driver of drivers) {
  t.test(`a store in a database that was opened with ${driver.name} keeps every promise`, async (t) => {
    await conforms(t, () => driver.open(':memory:'), { changesKept: CHANGES_KEPT })
  })
}

t.test('a handle that gives BigInts or arrays keeps every promise', async (t) => {
  const libsql = drivers.find(({ name }) => name === 'libsql')!
  await conforms(t, async () => {
    const handle = await libsql.open(':memory:') as BigIntHandle
    handle.defaultSafeIntegers(true)
    return handle
  })
  if (drivers.length === 1) return
  const { DatabaseSync } = await import('node:sqlite' as string)
  await conforms(t, async () => new DatabaseSync(':memory:', { readBigInts: true }))
  await conforms(t, async () => new DatabaseSync(':memory:', { returnArrays: true }))
})

t.test('any string is found again and comes back, also what SQLite text cannot hold', async (t) => {
  const strings = ['a', 'a\0', 'a\0b', '\0', '\ud800', '\ud801', 'a\udc00b', '\ufffd', '\\', '\\u0000', '\\u005c', '\\\\u0000', '\\ud800', '😀']
  for (const driver of drivers) {
    const handle = await driver.open(':memory:')
    const store = sqliteStore(handle)
    await store.open()
    const keys = strings.map((text) => aKey(text, {
      digest: text, name: text, ownerId: text, start: text, rotatedFrom: text, scopes: [text], metadata: { [text]: text }
    }))
    for (const key of keys) await store.insert(key)
    for (const key of keys) {
      t.strictSame(await store.get(key.id), key, `${driver.name} ${JSON.stringify(key.id)}`)
      t.strictSame(await store.findByDigest(key.digest), key)
      t.strictSame(await store.list({ ownerId: key.ownerId!, limit: 20 }), [key])
      t.equal((await store.update(key.id, { disabledAt: new Date(1) }))?.id, key.id)
      await store.recordUse([{ id: key.id, lastUsedAt: new Date(1), demands: new Map(strings.map((text, i) => [text, new Date(i)])) }])
      t.strictSame(await store.usesOf(key.id), new Map(strings.map((text, i) => [text, new Date(i)])))
      t.equal((await store.revoke(key.id, new Date(1), key.name))?.revokedReason, key.name)
    }
  }
})

t.test('a corrupt row allows nothing, and the rows beside it are still listed', async (t) => {
  const corruptions: Array<[string, object]> = [
    ["scopes = '[\"clusters:re'", { scopes: null }],
    ["scopes = ''", { scopes: null }],
    ["scopes = 'null'", { scopes: null }],
    ["scopes = '\"full\"'", { scopes: 'full' }],
    ["metadata = '{'", { metadata: null }],
    ['expires_at = 9223372036854775807', { expiresAt: new Date(NaN) }],
    ['expires_at = -9223372036854775808', { expiresAt: new Date(NaN) }],
    ['revoked_at = 8640000000000001', { revokedAt: new Date(NaN) }],
    ['disabled_at = 9007199254740993', { disabledAt: new Date(NaN) }],
    ['created_at = 9223372036854775807', { createdAt: new Date(NaN) }]
  ]
  for (const driver of drivers) {
    const handle = await driver.open(':memory:')
    const store = sqliteStore(handle)
    await store.open()
    await store.insert(aKey('good'))
    for (const [i, [set, values]] of corruptions.entries()) {
      const key = aKey(`bad-${i}`)
      await store.insert(key)
      handle.exec(`UPDATE api_key_scopes_keys SET ${set} WHERE id = '${key.id}'`)
      // As text, for two invalid dates are never equal.
      t.equal(inspect(await store.findByDigest(key.digest)), inspect({ ...key, ...values }), `${driver.name}: ${set}`)
    }
    t.equal((await store.list({ limit: 100 })).length, corruptions.length + 1)
    t.throws(() => handle.exec("UPDATE api_key_scopes_keys SET expires_at = 'never'"), /cannot store TEXT value in INTEGER column/)
    t.throws(() => handle.exec('UPDATE api_key_scopes_keys SET scopes = NULL'), /NOT NULL constraint failed/)
  }
})

t.test('an invalid date is refused, for NULL would mean never', async (t) => {
  const store = sqliteStore(':memory:')
  await store.open()
  for (const name of ['createdAt', 'expiresAt', 'revokedAt', 'disabledAt', 'lastUsedAt']) {
    await t.rejects(store.insert(aKey('a', { [name]: new Date('soon') })) as Promise<void>, /invalid date/)
  }
  t.equal(await store.get('a'), null)
  await store.insert(aKey('a'))
  await store.update('a', { disabledAt: new Date(5) })
  await t.rejects(store.update('a', { name: 'new', disabledAt: new Date(NaN) }) as Promise<unknown>, /invalid date/)
  await store.update('a', { disabledAt: null })
  const never = new Date(NaN)
  const use = (lastUsedAt: Date, at: Date) => [{ id: 'a', lastUsedAt, demands: new Map([['x', new Date(5)], ['y', at]]) }]
  const calls: Record<string, () => unknown> = {
    revoke: () => store.revoke('a', never),
    revokeOwner: () => store.revokeOwner('user-1', never),
    'rotate, to an invalid end': () => store.rotate('a', aSuccessor('a', 'b'), never),
    'rotate, with a successor that is invalid': () => store.rotate('a', { ...aSuccessor('a', 'b'), expiresAt: never }, new Date(5)),
    purge: () => store.purge(never),
    'recordUse, of a key': () => store.recordUse(use(never, new Date(5))),
    'recordUse, of a demand': () => store.recordUse(use(new Date(5), never)),
    'list, by state': () => store.list({ limit: 1, state: { is: 'active', at: never } }),
    'list, by use': () => store.list({ limit: 1, unusedSince: never })
  }
  for (const [name, call] of Object.entries(calls)) await t.rejects(async () => await call(), /invalid date/, name)
  t.strictSame(await store.list({ limit: 9 }), [aKey('a')])
  t.strictSame(await store.usesOf('a'), new Map())
  await store.close()
})

t.test('a store that is not open says so', async (t) => {
  const store = sqliteStore(join(t.testdir(), 'keys.db'))
  const calls = Object.values(everyCall(store))
  const closed = { code: 'FST_API_KEY_STORE_CLOSED', message: 'The API key store is not open: await store.open() first' }
  for (const call of calls) await t.rejects(call() as Promise<unknown>, closed)
  await store.close()
  await store.open()
  await store.insert(aKey('a'))
  await store.close()
  for (const call of calls) await t.rejects(call() as Promise<unknown>, closed)
})

t.test('one store may serve several apps, and is closed with the last one', async (t) => {
  const store = sqliteStore(join(t.testdir(), 'keys.db'))
  await Promise.all([store.open(), store.open(), store.open()])
  await store.insert(aKey('a'))
  await store.close()
  await store.close()
  t.ok(await store.get('a'))
  await store.close()
  await t.rejects(store.get('a') as Promise<unknown>)
  await store.close()
  await store.open()
  t.ok(await store.get('a'))
  await store.close()
})

t.test('opening may be tried again after it failed', async (t) => {
  const dir = join(t.testdir(), 'not-yet')
  const store = sqliteStore(join(dir, 'keys.db'))
  await Promise.all([t.rejects(store.open() as Promise<void>), t.rejects(store.open() as Promise<void>)])
  mkdirSync(dir)
  await store.open()
  await store.insert(aKey('a'))
  await store.close()
  await t.rejects(store.get('a') as Promise<unknown>)
})

t.test('a file is written in WAL mode, and a relative path is that of the time when the store was made', async (t) => {
  const cwd = process.cwd()
  t.teardown(() => process.chdir(cwd))
  const dir = t.testdir({ elsewhere: {} })
  process.chdir(dir)
  const store = sqliteStore('keys.db')
  process.chdir('elsewhere')
  await store.open()
  await store.close()
  const handle = await openDatabase(join(dir, 'keys.db'))
  t.match(handle.prepare('PRAGMA journal_mode').get(), { journal_mode: 'wal' })
  handle.close()
})

t.test('a database in memory is lost when it is closed', async (t) => {
  const store = sqliteStore(':memory:')
  await store.open()
  await store.insert(aKey('a'))
  t.ok(await store.get('a'))
  await store.close()
  await store.open()
  t.equal(await store.get('a'), null)
  await store.close()
  t.notOk(existsSync(':memory:'))
})

t.test('a handle stays its owner’s: not closed, its journal mode and busy timeout kept, only synchronous raised', async (t) => {
  const dir = t.testdir()
  for (const driver of drivers) {
    const handle = await driver.open(join(dir, `${count++}.db`))
    handle.exec('CREATE TABLE mine (x TEXT); PRAGMA synchronous = OFF; PRAGMA busy_timeout = 17')
    const store = sqliteStore(handle)
    await store.open()
    t.match(handle.prepare('PRAGMA journal_mode').get(), { journal_mode: 'delete' })
    t.match(handle.prepare('PRAGMA busy_timeout').get(), { timeout: 17 })
    t.match(handle.prepare('PRAGMA synchronous').get(), { synchronous: 2 })
    await store.insert(aKey('a'))
    await store.close()
    t.match(handle.prepare('SELECT count(*) AS n FROM api_key_scopes_keys').get(), { n: 1 })
    handle.exec('PRAGMA synchronous = EXTRA')
    await store.open()
    t.match(handle.prepare('PRAGMA synchronous').get(), { synchronous: 3 })
    t.ok(await store.get('a'))
    handle.close()
  }
})

t.test('inside a transaction of its owner, a handle acknowledges nothing', async (t) => {
  for (const driver of drivers) {
    const handle = await driver.open(':memory:')
    const store = sqliteStore(handle)
    handle.exec('BEGIN')
    await t.rejects(store.open() as Promise<void>, { code: 'FST_API_KEY_STORE_OPEN', message: /in the given database: .*transaction/ })
    handle.exec('ROLLBACK')
    await store.open()
    await store.insert(aKey('a'))
    handle.exec('BEGIN')
    for (const [name, write] of Object.entries(writes(store))) await t.rejects(async () => await write(), /within a transaction/, name)
    t.strictSame(await store.get('a'), aKey('a'))
    handle.exec('ROLLBACK')
    t.equal(await store.get('b'), null)
    await store.insert(aKey('b'))
  }
})

t.test('after a write that failed, nothing is changed and the next one works', async (t) => {
  for (const driver of drivers) {
    const handle = await driver.open(':memory:')
    let full = false
    const store = sqliteStore({
      prepare: (sql) => handle.prepare(sql),
      exec (sql) {
        // As SQLite does on a full disk: it rolls back by itself, so that a later ROLLBACK fails.
        if (full && sql === 'COMMIT') handle.exec('ROLLBACK')
        if (full && sql === 'COMMIT') throw new Error('database or disk is full')
        return handle.exec(sql)
      }
    })
    await store.open()
    await store.insert(aKey('a'))
    full = true
    for (const [name, write] of Object.entries(writes(store))) await t.rejects(async () => await write(), /disk is full/, name)
    full = false
    t.strictSame(await store.list({ limit: 9 }), [aKey('a')])
    t.strictSame(await store.usesOf('a'), new Map())
    await store.insert(aKey('b'))
    await t.rejects(store.insert(aKey('c', { digest: aKey('b').digest })) as Promise<void>, /UNIQUE constraint failed/)
    await store.insert(aKey('c'))
  }
})

t.test('statements are prepared once, and every search has an index', async (t) => {
  const handle = await openDatabase(':memory:')
  const prepared: string[] = []
  const recording: SqliteHandle = {
    exec: (sql) => handle.exec(sql),
    prepare (sql): SqliteStatement {
      prepared.push(sql)
      return Object.assign(handle.prepare(sql), { setReturnArrays: (enabled: boolean) => t.equal(enabled, false) })
    }
  }
  const store = sqliteStore(recording)
  await store.open()
  const queries: KeyQuery[] = [
    { limit: 1 }, { limit: 1, ownerId: 'user-1' }, { limit: 1, ownerId: 'user-1', after: aKey('a') },
    ...(['active', 'disabled', 'expired', 'revoked'] as const).map((is) => ({ limit: 1, ownerId: 'user-1', state: { is, at: new Date(5) } })),
    ...(['disabled', 'revoked'] as const).map((is) => ({ limit: 1, state: { is, at: new Date(5) }, after: aKey('a') })),
    { limit: 1, unusedSince: new Date(5) }
  ]
  const counts: number[] = []
  for (let round = 0; round < 3; round++) {
    await store.insert(aKey('a'))
    for (const [name, call] of Object.entries(everyCall(store))) if (name !== 'insert') await call()
    for (const query of queries) await store.list(query)
    await store.purge(new Date())
    counts.push(prepared.length)
  }
  t.equal(counts[1], counts[0])
  t.equal(counts[2], counts[0])

  const plans = prepared.filter((sql) => /api_key_scopes_(?:keys|uses).*WHERE/s.test(sql)).map((sql) => ({
    sql, plan: handle.prepare(`EXPLAIN QUERY PLAN ${sql}`).all().map((row) => (row as { detail: string }).detail).join('; ')
  }))
  t.ok(plans.length > 15)
  for (const [condition, index] of [['revoked_at IS NOT NULL)', 'revoked'], ['disabled_at IS NOT NULL)', 'disabled']] as const) {
    // Else a list of the few that there are would look at all others.
    const ofAll = plans.filter(({ sql }) => sql.includes(condition) && !sql.includes('owner_id = ?'))
    t.ok(ofAll.length > 0 && ofAll.every(({ plan }) => plan.includes(`INDEX api_key_scopes_keys_${index}`)), index)
  }
  for (const { sql, plan } of plans) {
    t.notMatch(plan, /TEMP/, sql)
    // To scan an index is to list in its order. To purge takes one part after the other, by the place of its rows.
    t.match(plan, /^(?:CO-ROUTINE .*; )?(?:SEARCH|SCAN) .* USING (?:INDEX|COVERING INDEX|PRIMARY KEY|INTEGER PRIMARY KEY)/, sql)
  }
})

t.test('an empty path is refused at once', (t) => {
  t.throws(() => sqliteStore(''), { name: 'TypeError', message: "sqliteStore needs the path of a file, such as sqliteStore('keys.db')" })
  t.end()
})

t.test('what cannot be opened is refused with its name and a remedy, and left as it is', async (t) => {
  const text = 'This is a text of some length, and certainly not a database. '.repeat(50)
  const dir = t.testdir({ 'text.db': text, 'directory.db': {} })
  await refuses(t, join(dir, 'none', 'keys.db'), `the directory ${join(dir, 'none')} does not exist; create it first`)
  await refuses(t, join(dir, 'directory.db'), 'this is a directory; give the name of a file')
  await refuses(t, join(dir, 'text.db'), 'the file is not an SQLite database, or is damaged; choose another file, or restore this one from a backup')
  t.equal(readFileSync(join(dir, 'text.db'), 'utf8'), text)
  t.notOk(existsSync(join(dir, 'none')))
})

t.test('a database of something else is refused and left as it is, and accepted as a handle', async (t) => {
  const path = join(t.testdir(), 'app.db')
  const handle = await openDatabase(path)
  handle.exec('CREATE TABLE users (name TEXT)')
  const before = readFileSync(path)
  await refuses(t, path, 'it is a database of something else; choose a file of its own, ' +
    'or, to keep the keys in that database, open it yourself and pass the handle: sqliteStore(database)')
  t.same(readFileSync(path), before)
  const store = sqliteStore(handle)
  await store.open()
  await store.insert(aKey('a'))
  await store.close()
  handle.close()
  const again = sqliteStore(path)
  await again.open()
  t.ok(await again.get('a'), 'with our tables in it, the path is accepted')
  await again.close()
})

t.test('a file that a newer version wrote is refused and left as it is, by path and by handle', async (t) => {
  const path = join(t.testdir(), 'keys.db')
  const store = sqliteStore(path)
  await store.open()
  await store.close()
  const handle = await openDatabase(path)
  handle.exec('UPDATE api_key_scopes_schema SET version = 99')
  const remedy = 'its tables have version 99, and this fastify-api-key-scopes knows versions up to 4; update the package'
  await refuses(t, path, remedy)
  await t.rejects(sqliteStore(handle).open() as Promise<void>, {
    code: 'FST_API_KEY_STORE_OPEN', message: `Cannot open the API key store in the given database: ${remedy}`
  })
  handle.exec('UPDATE api_key_scopes_schema SET version = 4')
  await store.open()
  await store.close()
  handle.close()
})

t.test('a handle that cannot be used is refused with what its driver says', async (t) => {
  const handle = await openDatabase(':memory:')
  handle.close()
  const unusable: SqliteHandle = { exec () {}, prepare () { throw new Error('unable to open database file') } }
  await t.rejects(sqliteStore(handle).open() as Promise<void>, { code: 'FST_API_KEY_STORE_OPEN', message: /in the given database: .*open/ })
  await t.rejects(sqliteStore(unusable).open() as Promise<void>, { message: /in the given database: it cannot be written; let this process/ })
})

t.test('Node’s own SQLite is used where there is one, then libsql, and else the error says what to install', async (t) => {
  class Fake {
    exec () {}
    prepare () { return null as never }
    close () {}
  }
  const asked: string[] = []
  const having = (modules: Record<string, object>) => async (name: string) => {
    asked.push(name)
    return modules[name] as never ?? await Promise.reject(new Error(`No ${name}`))
  }
  t.ok(await openDatabase('a', having({ 'node:sqlite': { DatabaseSync: Fake }, libsql: {} })) instanceof Fake)
  t.same(asked.splice(0), ['node:sqlite'])
  t.ok(await openDatabase('a', having({ libsql: { default: Fake } })) instanceof Fake)
  t.same(asked, ['node:sqlite', 'libsql'])
  await t.rejects(openDatabase('a', having({})), {
    message: 'this Node has no SQLite of its own and the libsql package is not there; ' +
      'install it (npm install libsql) or use Node 22.13 or later',
    cause: { message: 'No libsql' }
  })
})

t.test('the switch to WAL is tried again while others are at it, but not for ever, nor after another error', async (t) => {
  let tries = 0
  const failing = (message: string, times: number): SqliteHandle => ({
    exec () { if (tries++ < times) throw new Error(message) },
    prepare () { throw new Error('not needed') }
  })
  await switchToWal(failing('database is locked', 3), 2000)
  t.equal(tries, 4)
  await t.rejects(switchToWal(failing('database is locked', Infinity), 20), { message: 'database is locked' })
  tries = 0
  await t.rejects(switchToWal(failing('attempt to write a readonly database', Infinity), 2000), { message: /readonly/ })
  t.equal(tries, 1)
})

async function conforms (t: Test, open: () => Promise<SqliteHandle>, options: ConformanceOptions<Store> = {}): Promise<void> {
  const handles = new WeakMap<Store, SqliteHandle>()
  const storeIn = (handle: SqliteHandle) => {
    const store = sqliteStore(handle)
    handles.set(store, handle)
    return store
  }
  let next = await open()
  for (const { name, run } of storeConformance(() => storeIn(next), {
    ...options,
    reopen: (closed) => storeIn(handles.get(closed)!),
    damage (store, { id }, field, text) {
      const column = field.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
      handles.get(store)!.prepare(`UPDATE api_key_scopes_keys SET ${column} = ? WHERE id = ?`).run(text, id)
    }
  })) {
    next = await open()
    await t.test(name, run)
  }
}

async function refuses (t: Test, path: string, remedy: string): Promise<void> {
  await t.rejects(sqliteStore(path).open() as Promise<void>, {
    code: 'FST_API_KEY_STORE_OPEN', message: `Cannot open the API key store at ${path}: ${remedy}`, cause: { message: /./ }
  })
}

t.test('once its file was removed or replaced, a store refuses rather than work on what nobody else sees', async (t) => {
  const dir = t.testdir()
  const changes: Record<string, (path: string) => void> = {
    removed: (path) => { for (const end of ['', '-wal', '-shm']) rmSync(path + end, { force: true }) },
    'replaced by a copy': (path) => { cpSync(path, `${path}.backup`); renameSync(`${path}.backup`, path) }
  }
  for (const [what, change] of Object.entries(changes)) {
    const path = join(dir, `${what.replaceAll(' ', '-')}.db`)
    const store = sqliteStore(path)
    await store.open()
    const key = aKey(what)
    await store.insert(key)
    t.same((await store.get(key.id))?.id, key.id)
    change(path)
    for (const [name, call] of Object.entries(everyCall(store))) {
      await t.rejects(async () => await call(), { code: 'FST_API_KEY_STORE_REPLACED' }, `${name}, once ${what}`)
    }
    await store.close()
    await store.open()
    t.same(await store.findByDigest('nothing'), null, 'opened again, it is the store of the file that is there now')
    await store.close()
  }
})
