// What becomes of the PostgreSQL store, and of those who use it, when the server or the network fails.
import { setTimeout as wait } from 'node:timers/promises'
import { inspect } from 'node:util'
import pg from 'pg'
import t from 'tap'
import { migrations } from '../../lib/stores/postgres/schema.js'
import { postgresStore, type PostgresOptions } from '../../lib/stores/postgres.js'
import { startPostgres, type PostgresServer } from '../servers/postgres.js'
import { startProxy, type ProxyMode } from '../servers/proxy.js'
import { aKey } from './fixtures/keys.js'
import { ask, poolOf } from './fixtures/postgres-client.js'

const server = await startPostgres(t)
if (server !== null) await everything(server)

async function everything (server: PostgresServer): Promise<void> {
  t.test('a server that is killed and started again is used again, with a connection string and with a pool', async (t) => {
    const url = await server.database()
    const pool = poolOf(t, url, 3)
    const stores = [postgresStore(url, { schema: 'own' }), postgresStore(pool, { schema: 'given' })]
    for (const store of stores) {
      await store.open()
      t.teardown(() => store.close())
      await store.watch(() => {})
      await Promise.all([store.insert(aKey('a')), store.get('a'), store.get('a')])
    }
    for (const stop of [() => server.kill(), () => server.stop()]) {
      const asked = Promise.allSettled(stores.flatMap((store) => [store.findByDigest(aKey('a').digest), store.list({ limit: 1 }), store.update('a', { name: 'new' })]))
      await stop()
      await asked
      for (const store of stores) {
        for (const call of [() => store.findByDigest(aKey('a').digest), () => store.changes(null), () => store.revoke('a', new Date())]) {
          await t.rejects(async () => await call(), { code: /^(?:ECONNREFUSED|ECONNRESET|57P0[123])$|/ })
        }
      }
      await server.start()
      for (const store of stores) {
        t.equal((await store.findByDigest(aKey('a').digest))?.id, 'a')
        await store.insert(aKey(`${Math.random()}`))
        t.ok(await store.changes(null))
      }
    }
  })

  t.test('a read that takes longer than it may rejects, and its connection is not used again', async (t) => {
    const url = await server.database()
    for (const given of [false, true]) {
      const proxy = await startProxy(t, () => server)
      const pool = poolOf(t, proxy.through(url), 2)
      const store = postgresStore(given ? pool : proxy.through(url), { timeout: 200, listen: false })
      await store.open()
      await store.insert(aKey(`a-${given}`))
      const { digest } = aKey(`a-${given}`)
      for (const mode of ['hang', 'mute', 'halfOpen', { delay: 10_000 }] satisfies ProxyMode[]) {
        proxy.mode = mode
        const late = await t.rejects(Promise.all([store.findByDigest(digest), store.changes(null), store.get('a')]), /took too long|timeout|timed out/, inspect(mode))
        t.ok(late)
        proxy.mode = 'pass'
        // New connections of what was hung up may still be in the way.
        for (const deadline = performance.now() + 5000; ;) {
          const key = await Promise.resolve(store.findByDigest(digest)).catch((error) => error)
          if (key?.digest === digest) break
          if (performance.now() > deadline) throw key
        }
      }
      await store.close()
    }
    t.same(await ask(url, "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND state <> 'idle' AND pid <> pg_backend_pid()"), [], 'nothing is left over at the server')
  })

  t.test('broken answers are errors, never records', async (t) => {
    const proxy = await startProxy(t, () => server)
    const store = postgresStore(proxy.through(await server.database()), { timeout: 300, listen: false })
    await store.open()
    await store.insert(aKey('a'))
    proxy.mode = 'corrupt'
    for (let i = 0; i < 10; i++) {
      const found = await Promise.resolve(store.findByDigest(aKey('a').digest)).catch(() => 'failed')
      t.not(found, null)
    }
    proxy.mode = 'pass'
    proxy.mode = 'reset'
    proxy.mode = 'pass'
    await store.close()
  })

  t.test('a write whose COMMIT is not answered rejects, and either all of it is there or nothing', async (t) => {
    const url = await server.database()
    const proxy = await startProxy(t, () => server)
    const store = postgresStore(proxy.through(url), { timeout: 300, writeTimeout: 600, listen: false })
    const looking = postgresStore(url, { listen: false })
    await store.open()
    await looking.open()
    for (const [i, mode] of (['mute', 'halfOpen', 'hang', 'reset'] as const).entries()) {
      const id = `key-${i}`
      const { position } = await looking.changes(null)
      proxy.mode = mode
      proxy.only = /; COMMIT/
      await t.rejects(store.insert(aKey(id)) as Promise<void>, mode)
      proxy.only = null
      proxy.mode = 'pass'
      // The server has done with it when the next change, which waits for it, is there.
      await looking.insert(aKey(`next-${id}`))
      const isThere = await looking.get(id) !== null
      t.same(new Set((await looking.changes(position)).digests), new Set([...isThere ? [aKey(id).digest] : [], aKey(`next-${id}`).digest]), `${mode}: ${isThere}`)
    }
    t.ok(await looking.get('key-0'), 'what was only not answered is there')
    t.equal(await looking.get('key-3'), null, 'what has not arrived is not')
    await store.close()
    await looking.close()
  })

  t.test('what no synchronous standby has confirmed is not acknowledged, whatever the database is set to', async (t) => {
    const lonely = (await startPostgres(t, { synchronous_standby_names: 'nobody', synchronous_commit: 'local' }))!
    const url = await lonely.database()
    for (const migration of migrations) await ask(url, migration)
    await ask(url, `ALTER DATABASE ${new URL(url).pathname.slice(1)} SET statement_timeout = '50ms'`)
    const store = postgresStore(url, { writeTimeout: 500, listen: false })
    await store.open()
    const before = await store.changes(null)
    await t.rejects(store.insert(aKey('a')) as Promise<void>, /took too long/)
    t.equal(await store.findByDigest(aKey('a').digest), null)
    t.same(await store.changes(null), before)
    await store.close()

    // Not of what waits already: that was given up.
    await lonely.kill()
    await lonely.start()
    const patient = postgresStore(url, { listen: false })
    await patient.open()
    const cancelled = t.rejects(patient.insert(aKey('b')) as Promise<void>, /committed the transaction with a warning, so it may not last: .*synchronous replication/)
    while ((await ask(url, "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'")).length === 0) await wait(20)
    await cancelled
    await patient.close()
    await lonely.kill()
  })

  t.test('a process that comes to a standstill in the middle of a change holds up the others for a short time', async (t) => {
    const url = await server.database()
    const proxy = await startProxy(t, () => server)
    const frozen = postgresStore(proxy.through(url), { writeTimeout: 2000, listen: false })
    const other = postgresStore(url, { writeTimeout: 2000, listen: false })
    await frozen.open()
    await other.open()
    proxy.mode = 'mute'
    proxy.only = /FOR UPDATE/
    // The feed is locked, and then nothing more comes.
    const stuck = t.rejects(frozen.insert(aKey('a')) as Promise<void>, /took too long/)
    while ((await ask(url, "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND state = 'idle in transaction'")).length === 0) await wait(5)
    await other.insert(aKey('b'))
    t.ok(await other.get('b'))
    await stuck
    t.equal(await other.get('a'), null)
    proxy.mode = 'pass'
    await frozen.close()
    await other.close()
  })

  t.test('writes wait for their turn, no longer than they may, and leave the connections to those who read', async (t) => {
    const url = await server.database()
    const store = postgresStore(url, { writeTimeout: 700, listen: false })
    await store.open()
    await store.insert(aKey('a'))
    const holder = new pg.Client(url)
    await holder.connect()
    await holder.query('BEGIN; SELECT 1 FROM api_key_scopes_feed FOR UPDATE')
    const writes = Array.from({ length: 30 }, (_, i) => t.rejects(store.insert(aKey(`w-${i}`)) as Promise<void>))
    for (let i = 0; i < 20; i++) t.ok(await store.findByDigest(aKey('a').digest))
    t.ok((await ask(url, "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")).length <= 1)
    await Promise.all(writes)
    await holder.query('ROLLBACK')
    await holder.end()
    await store.insert(aKey('b'))
    t.same((await store.list({ limit: 99 })).map(({ id }) => id), ['b', 'a'], 'who did not get its turn has done nothing')
    await store.close()
  })

  t.test('a server that stands still keeps neither the start nor the end of a process waiting for long, and nothing is left open', async (t) => {
    const url = await server.database()
    const proxy = await startProxy(t, () => server)
    const sockets = () => process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length
    const before = sockets()
    const store = postgresStore(proxy.through(url), { timeout: 200, writeTimeout: 500 })
    await store.open()
    await store.watch(() => {})
    await store.insert(aKey('a'))
    server.pause()
    try {
      await t.rejects(store.findByDigest(aKey('a').digest) as Promise<unknown>, /took too long|timeout/)
      const cut = [store.get('a'), store.insert(aKey('b'))].map((call) => t.rejects(Promise.resolve(call)))
      await store.close()
      await Promise.all(cut)
      await t.rejects(postgresStore(proxy.through(url), { writeTimeout: 300 }).open() as Promise<void>, {
        code: 'FST_API_KEY_STORE_OPEN', message: /: it does not answer in time; look whether it is reachable and not overloaded/
      })
      proxy.mode = 'reset'
      while (sockets() > before) await wait(5)
      t.equal(sockets(), before)
    } finally {
      server.resume()
    }
  })

  t.test('a connection that listens and falls silent is noticed, and hints come again', async (t) => {
    const url = await server.database()
    const proxy = await startProxy(t, () => server)
    const opened = async (url: string, options: PostgresOptions = {}) => {
      const store = postgresStore(url, options)
      await store.open()
      t.teardown(() => store.close())
      return store
    }
    const listening = await opened(proxy.through(url))
    const other = await opened(url)
    let hints = 0
    await listening.watch(() => { hints++ })
    const hinted = async () => {
      const before = hints
      while (true) {
        if (hints > before) return
        await wait(20)
      }
    }
    await hinted()
    for (const mode of ['reset', 'refuse', 'halfOpen'] as const) {
      proxy.mode = mode
      await other.insert(aKey(mode))
      // What is half open stays so for good.
      proxy.mode = 'pass'
      await hinted()
    }
    const heard = hinted()
    await other.insert(aKey('again'))
    await heard
    t.pass('it hears again')
  })
}
