import { inspect } from 'node:util'
import pg from 'pg'
import t, { type Test } from 'tap'
import type { KeyStore, MigratingStore } from '../../lib/keys/store.js'
import { transaction } from '../../lib/stores/postgres/transaction.js'
import { postgresStore, type PostgresClient, type PostgresOptions, type PostgresQuery } from '../../lib/stores/postgres.js'
import { startPostgres, type PostgresServer } from '../servers/postgres.js'
import { aKey, aSuccessor } from './fixtures/keys.js'
import { ask, poolOf } from './fixtures/postgres-client.js'

type Store = Required<KeyStore> & MigratingStore

const server = await startPostgres(t)
if (server !== null) await everything(server)

async function everything (server: PostgresServer): Promise<void> {
  t.test('a store whose connections are shared by the transaction asks for no prepared statement and no setting of a connection', async (t) => {
    const url = await server.database()
    const store = postgresStore(url, { transactionPooler: true })
    await open(t, store)
    await store.insert(aKey('a'))
    for (let i = 0; i < 3; i++) t.ok(await store.findByDigest(aKey('a').digest))
    const pool = recordingPool(poolOf(t, url, 2))
    await open(t, postgresStore(pool, { transactionPooler: true })).then(everyRead)
    t.same(pool.asked.filter(({ name }) => name !== undefined), [])
    await open(t, postgresStore(pool, { listen: false })).then(everyRead)
    t.equal(new Set(pool.asked.map(({ name }) => name).filter(Boolean)).size, 2, 'else two are prepared: to find a key, and to look for changes')
  })

  t.test('any string is found again and comes back, also what PostgreSQL text cannot hold', async (t) => {
    const strings = ['a', 'a\0', 'a\0b', '\0', '\ud800', '\ud801', 'a\udc00b', '\ufffd', '\\', '\\u0000', '\\u005c', '\\\\u0000', '\\ud800', '😀', '{a,"b"}', 'NULL']
    const store = await open(t, postgresStore(await server.database()))
    const keys = strings.map((text) => aKey(text, {
      digest: text, name: text, ownerId: text, start: text, rotatedFrom: text, scopes: [text], metadata: { [text]: text }
    }))
    for (const key of keys) await store.insert(key)
    const { position } = await store.changes(null)
    for (const key of keys) {
      t.strictSame(await store.get(key.id), key, JSON.stringify(key.id))
      t.strictSame(await store.findByDigest(key.digest), key)
      t.strictSame(await store.list({ ownerId: key.ownerId!, limit: 20 }), [key])
      t.equal((await store.update(key.id, { disabledAt: new Date(1) }))?.id, key.id)
      await store.recordUse([{ id: key.id, lastUsedAt: new Date(1), demands: new Map(strings.map((text, i) => [text, new Date(i)])) }])
      t.strictSame(await store.usesOf(key.id), new Map(strings.map((text, i) => [text, new Date(i)])))
      t.equal((await store.revoke(key.id, new Date(1), key.name))?.revokedReason, key.name)
    }
    t.same(new Set((await store.changes(position)).digests), new Set(strings))
    t.equal(await store.purge(new Date(2)), strings.length)
  })

  t.test('a corrupt row allows nothing, and the rows beside it are still listed', async (t) => {
    const corruptions: Array<[string, object]> = [
      ["scopes = '[\"clusters:re'", { scopes: null }],
      ["scopes = '\"full\"'", { scopes: 'full' }],
      ["metadata = '{'", { metadata: null }],
      ['expires_at = 9223372036854775807', { expiresAt: new Date(NaN) }],
      ['expires_at = -9223372036854775808', { expiresAt: new Date(NaN) }],
      ['revoked_at = 8640000000000001', { revokedAt: new Date(NaN) }],
      ['disabled_at = 9007199254740993', { disabledAt: new Date(NaN) }],
      ['created_at = 9223372036854775807', { createdAt: new Date(NaN) }]
    ]
    const url = await server.database()
    const store = await open(t, postgresStore(url))
    for (const [i, [set, values]] of corruptions.entries()) {
      const key = aKey(`bad-${i}`)
      await store.insert(key)
      await ask(url, `UPDATE api_key_scopes_keys SET ${set} WHERE id = '${key.id}'`)
      // As text, for two invalid dates are never equal.
      t.equal(inspect(await store.findByDigest(key.digest)), inspect({ ...key, ...values }), set)
    }
    await store.insert(aKey('good'))
    t.equal((await store.list({ limit: 100 })).length, corruptions.length + 1)
    await store.revokeOwner('user-1', new Date(5))
    t.match((await store.get('good'))?.revokedAt, new Date(5))
  })

  t.test('an invalid date is refused, for NULL would mean never', async (t) => {
    const store = await open(t, postgresStore(await server.database()))
    await store.insert(aKey('a'))
    const never = new Date(NaN)
    const use = (lastUsedAt: Date, at: Date) => [{ id: 'a', lastUsedAt, demands: new Map([['x', at]]) }]
    const calls: Record<string, () => unknown> = {
      insert: () => store.insert(aKey('b', { expiresAt: never })),
      update: () => store.update('a', { name: 'new', disabledAt: never }),
      revoke: () => store.revoke('a', never),
      revokeOwner: () => store.revokeOwner('user-1', never),
      'rotate, to an invalid end': () => store.rotate('a', aSuccessor('a', 'b'), never),
      'rotate, with a successor that is invalid': () => store.rotate('a', { ...aSuccessor('a', 'b'), expiresAt: never }, new Date(5)),
      purge: () => store.purge(never),
      'recordUse, of a key': () => store.recordUse(use(never, new Date(5))),
      'recordUse, of a demand': () => store.recordUse(use(new Date(5), never)),
      'list, by state': () => store.list({ limit: 1, state: { is: 'active', at: never } })
    }
    for (const [name, call] of Object.entries(calls)) await t.rejects(async () => await call(), /invalid date/, name)
    t.strictSame(await store.list({ limit: 9 }), [aKey('a')])
    t.strictSame(await store.usesOf('a'), new Map())
  })

  t.test('uses of one batch may name a key and a demand twice, and very long demands', async (t) => {
    const store = await open(t, postgresStore(await server.database()))
    await store.insert(aKey('a'))
    const long = Array.from({ length: 8192 }, () => String.fromCharCode(33 + Math.floor(Math.random() * 90))).join('')
    const at = (ms: number) => ({ id: 'a', lastUsedAt: new Date(ms), demands: new Map([['x', new Date(ms)], [long, new Date(ms)]]) })
    await store.recordUse([at(5), at(7), at(6), { ...at(9), id: 'unknown' }])
    t.strictSame(await store.usesOf('a'), new Map([['x', new Date(7)], [long, new Date(7)]]))
    t.strictSame((await store.get('a'))?.lastUsedAt, new Date(7))
    await store.recordUse([])
  })

  t.test('what is refused for being taken is told without a digest', async (t) => {
    const store = await open(t, postgresStore(await server.database()))
    await store.insert(aKey('a'))
    for (const taken of [aKey('a', { digest: 'other' }), aKey('b', { digest: aKey('a').digest })]) {
      const error = await Promise.resolve(store.insert(taken)).catch((error) => error)
      t.match(error, { message: 'There is already an API key record with this id, with this digest, or with this predecessor' })
      t.notMatch(inspect(error, { depth: 9, showHidden: true }), taken.digest)
    }
  })

  t.test('a store that is not open says so, and serves several apps until the last one closes', async (t) => {
    const store = postgresStore(await server.database())
    const closed = { code: 'FST_API_KEY_STORE_CLOSED', message: 'The API key store is not open: await store.open() first' }
    const { open, close, migrate, ...calls } = store
    const args: unknown[] = [aKey('a'), new Date(5), new Date(5)]
    const allRefused = async () => {
      for (const [name, call] of Object.entries(calls)) await t.rejects((call as (...args: unknown[]) => Promise<unknown>)(...name === 'insert' || name === 'rotate' ? [aKey('a'), aKey('b'), new Date(5)] : name === 'purge' ? [new Date(5)] : ['a', ...args.slice(1)]), closed, name)
    }
    await allRefused()
    await store.close()
    await Promise.all([store.open(), store.open()])
    await store.insert(aKey('a'))
    await store.close()
    t.ok(await store.get('a'))
    await store.close()
    await store.close()
    await allRefused()
    await store.open()
    t.ok(await store.get('a'))
    await store.close()
  })

  t.test('a pool stays its owner’s: not closed, its connections given back, and none of them in the middle of something', async (t) => {
    const pool = poolOf(t, await server.database(), 3)
    const store = postgresStore(pool, { listen: false })
    await store.open()
    await Promise.all(Array.from({ length: 20 }, async (_, i) => {
      await store.insert(aKey(`a-${i}`))
      await t.rejects(store.insert(aKey(`a-${i}`)) as Promise<void>)
      await store.findByDigest(aKey('a').digest)
    }))
    await store.close()
    t.equal(pool.idleCount, pool.totalCount)
    t.equal((await pool.query('SELECT count(*)::int AS n FROM api_key_scopes_keys')).rows[0].n, 20)
    t.same((await pool.query('SELECT DISTINCT state FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()')).rows.filter(({ state }) => state !== 'idle'), [])
  })

  t.test('a connection that somebody has released in the middle of a transaction is believed nothing, and given up', async (t) => {
    const pool = poolOf(t, await server.database(), 1)
    const store = await open(t, postgresStore(pool, { listen: false }))
    await store.insert(aKey('a'))
    for (const call of [() => store.findByDigest(aKey('a').digest), () => store.insert(aKey('b')), () => store.changes(null)]) {
      const client = await pool.connect()
      await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1')
      client.release()
      await t.rejects(async () => await call(), /in the middle of a transaction/)
      await call()
    }
  })

  t.test('a transaction in which something failed is not taken for done, whoever has caught that', async (t) => {
    const pool = poolOf(t, await server.database(), 1)
    const swallowing = transaction(pool, 1000, 'SELECT 1', async (ask) => { await ask({ text: 'SELECT broken' }).catch(() => {}) })
    await t.rejects(swallowing, /transaction is aborted/)
  })

  t.test('a pool that is told to end first does not wait for the connection that listens', async (t) => {
    const pool = new pg.Pool({ connectionString: await server.database(), max: 3 })
    pool.on('error', () => {})
    const store = await open(t, postgresStore(pool))
    await new Promise<void>((resolve, reject) => { Promise.resolve(store.watch(resolve)).catch(reject) })
    t.equal(pool.totalCount - pool.idleCount, 1)
    await pool.end()
    t.equal(pool.totalCount, 0)
    await t.rejects(async () => await store.findByDigest('x'), /after calling end/)
  })

  t.test('a pool of one connection is refused if that would listen', (t) => {
    const pool = new pg.Pool({ max: 1 })
    t.throws(() => postgresStore(pool), { name: 'TypeError', message: /needs a Pool of 2 connections or more/ })
    t.ok(postgresStore(pool, { listen: false }))
    t.end()
  })

  t.test('what cannot be opened is refused with its place and a remedy, never with the password', async (t) => {
    const { port } = server
    const name = new URL(await server.database()).pathname.slice(1)
    const hopeless: Array<[source: string, options: PostgresOptions, says: RegExp]> = [
      [`postgres://tester:s3cret@127.0.0.1:${port}/${name}`, {}, new RegExp(`^Cannot open the API key store at 127.0.0.1:${port}/${name}, as tester: it refuses this user or password; correct them \\(`)],
      [server.url.replace('not-a-secret', 's3cret%'), {}, /it refuses this user or password/],
      ...['/s3cret', '42/s3cret', '42/a?s3cret', '42#s3cret', '42?s3cret'].map((password): [string, PostgresOptions, RegExp] =>
        [`postgres://tester:${password}@127.0.0.1:${port}/x`, {}, /^Cannot open the API key store in PostgreSQL: the connection string is no address/]),
      ['postgres://tester:s3cret@[nothing/x', {}, /in PostgreSQL: the connection string is no address such as .*encodeURIComponent/],
      ['postgres://tester:s3cret@127.0.0.1:1/x?sslrootcert=/no/such.pem', {}, /names a file that cannot be read \(.*\/no\/such.pem/],
      ['postgres://tester:s3cret@127.0.0.1:1/x', {}, /at 127.0.0.1:1\/x, as tester: nothing answers there; start the server, or correct the host and the port/],
      ['postgres://tester:s3cret@localhost:1/x', {}, /nothing answers there; .*ECONNREFUSED/],
      ['postgres://tester:s3cret@no-such-host.invalid/x', {}, /its host (?:is not known|cannot be looked up)/],
      [server.url.replace(/\w+$/, 'nowhere'), {}, /there is no such database/],
      [`${server.url}?sslmode=verify-full`, {}, /does not support SSL/],
      [server.url.replace('tester', 'nobody'), {}, /it refuses this user or password/]
    ]
    for (const [source, options, says] of hopeless) {
      const store = postgresStore(source, options)
      const error = await Promise.resolve(store.open()).catch((error) => error)
      t.match(error, { code: 'FST_API_KEY_STORE_OPEN', message: says }, String(says))
      t.notMatch(inspect(error, { depth: 9, showHidden: true }), /s3cret|not-a-secret/)
    }
    await t.rejects(postgresStore(poolOf(t, 'postgres://tester:s3cret@127.0.0.1:1/x', 2)).open() as Promise<void>, { code: 'FST_API_KEY_STORE_OPEN', message: /in the given pool: nothing answers there/ })
  })

  t.test('opening may be tried again after it failed', async (t) => {
    const url = server.url.replace(/\w+$/, 'later')
    const store = postgresStore(url)
    await Promise.all([t.rejects(store.open() as Promise<void>), t.rejects(store.open() as Promise<void>)])
    await ask(server.url, 'CREATE DATABASE later')
    await open(t, store)
    await store.insert(aKey('a'))
  })

  t.test('what is wrong with the source or the options is told at once, all of it', (t) => {
    for (const source of ['', 'keys.db', 'mysql://x', null, {}]) {
      t.throws(() => postgresStore(source as string), { name: 'TypeError', message: 'postgresStore needs a connection string such as postgres://user:password@host:5432/database, or a Pool of pg' })
    }
    const wrong = { timout: 5, timeout: 0, writeTimeout: '5', schema: '', migrate: 'no', listen: 'yes', transactionPooler: 1 }
    t.throws(() => postgresStore('postgres://h/d', wrong as unknown as PostgresOptions), {
      name: 'TypeError',
      message: 'postgresStore: there is no option "timout" (did you mean "timeout"?); schema must be the name of a schema, not ""; ' +
        'timeout must be a whole number of milliseconds from 1 to 3600000, not 0; writeTimeout must be a whole number of milliseconds from 1 to 3600000, not "5"; ' +
        'migrate must be true or false, not "no"; transactionPooler must be true or false, not 1; ' +
        'listen must be true, false, or a connection string such as postgres://user:password@host:5432/database'
    })
    t.throws(() => postgresStore('postgres://h/d', { listen: true, transactionPooler: true }), { message: /listen cannot be true with transactionPooler/ })
    t.end()
  })

  t.test('every search has an index, and a key is found by one', async (t) => {
    const url = await server.database()
    const pool = recordingPool(poolOf(t, url, 2))
    const store = await open(t, postgresStore(pool, { listen: false }))
    await ask(url, `INSERT INTO api_key_scopes_keys SELECT 'key-' || i, md5(i::text), 'n', 'user-' || i % 1000, 's', '[]', i, NULL, NULL, NULL, NULL, '{}', NULL, 0 FROM generate_series(1, 20000) AS i;
      INSERT INTO api_key_scopes_uses SELECT 'key-' || i, 'd', 'd', 1 FROM generate_series(1, 20000) AS i;
      INSERT INTO api_key_scopes_changes SELECT i, 'd' FROM generate_series(1, 9000) AS i; UPDATE api_key_scopes_feed SET seq = 9000; ANALYZE`)
    pool.asked.length = 0
    await everyRead(store)
    await store.list({ limit: 10, ownerId: 'user-7' })
    await store.list({ limit: 10, after: { createdAt: new Date(5000), id: 'key-5000' } })
    for (const is of ['disabled', 'revoked', 'expired'] as const) await store.list({ limit: 10, state: { is, at: new Date(5) } })
    const { position } = await store.changes(null)
    await store.changes({ ...position, seq: position.seq - 2 })
    await store.revoke('key-7', new Date(5))
    await store.revokeOwner('user-9', new Date(5))
    const searches = pool.asked.filter(({ text, values }) => values !== undefined && /api_key_scopes_(?:keys|uses|changes)/.test(text) && !/^\s*WITH entries/.test(text))
    t.ok(searches.length > 8)
    for (const { text, values } of searches) {
      const { rows } = await pool.query(`EXPLAIN ${text}`, values)
      const plan = rows.map((row) => row['QUERY PLAN']).join('\n')
      t.match(plan, /Index|One-Time Filter: false/, text)
      t.notMatch(plan, /Seq Scan on (?:api_key_scopes_keys|api_key_scopes_uses|api_key_scopes_changes)/, plan)
    }
    for (const [end, index] of [['revoked_at IS NOT NULL)', 'revoked'], ['disabled_at IS NOT NULL)', 'disabled'], ['expires_at <= ', 'expiring']] as const) {
      // Else a list of the few that there are would look at all others.
      const { text, values } = pool.asked.find(({ text }) => text.includes(end))!
      const { rows } = await pool.query(`EXPLAIN ${text}`, values)
      t.match(rows.map((row) => row['QUERY PLAN']).join('\n'), `api_key_scopes_keys_${index}`)
    }
    const { rows } = await pool.query(`EXPLAIN ${pool.asked.find(({ text }) => / WHERE digest = /.test(text))!.text}`, ['x'])
    t.match(rows.map((row) => row['QUERY PLAN']).join('\n'), /^Nested Loop Left Join.*\n {2}-> {2}Result.*\n {2}-> {2}Index Scan using api_key_scopes_keys_digest_key on api_key_scopes_keys.*\n {8}Index Cond: \(digest = 'x'::text\)$/)
  })
}

async function open (t: Test, store: Store): Promise<Store> {
  await store.open()
  t.teardown(() => store.close())
  return store
}

async function everyRead (store: Store): Promise<void> {
  await store.findByDigest(aKey('a').digest)
  await store.get('a')
  await store.list({ limit: 1 })
  await store.usesOf('a')
  await store.changes(null)
}

/** A pool that remembers what was asked through it. */
function recordingPool (pool: pg.Pool) {
  const asked: PostgresQuery[] = []
  return {
    asked,
    query: async (text: string, values?: unknown[]) => await pool.query(text, values),
    async connect (): Promise<PostgresClient> {
      const client = await pool.connect()
      return {
        async query (query) {
          asked.push(query)
          return await client.query(query)
        },
        release: (destroy) => { client.release(destroy) },
        on: (event, listener) => client.on(event as 'error', listener),
        off: (event, listener) => client.off(event, listener)
      }
    }
  }
}
