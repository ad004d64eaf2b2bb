// What the PostgreSQL store tells of changes, to whom, and when it is not believed.
import { EventEmitter, once } from 'node:events'
import { setTimeout as wait } from 'node:timers/promises'
import t, { type Test } from 'tap'
import type { Position } from '../../lib/keys/store.js'
import { MOST_AT_ONCE } from '../../lib/stores/change-log.js'
import { postgresStore, type PostgresOptions } from '../../lib/stores/postgres.js'
import { startPostgres, type PostgresServer } from '../servers/postgres.js'
import { startProxy } from '../servers/proxy.js'
import { aKey, aSuccessor } from './fixtures/keys.js'
import { ask, poolOf } from './fixtures/postgres-client.js'
import { startReplica } from './fixtures/postgres-replica.js'
import { program } from './fixtures/processes.js'

const server = await startPostgres(t)
if (server !== null) await everything(server)

async function everything (server: PostgresServer): Promise<void> {
  const opened = async (t: Test, url: string, options: PostgresOptions = {}) => {
    const store = postgresStore(url, options)
    await store.open()
    t.teardown(() => store.close())
    return store
  }

  t.test('a replica is not believed, and once it has taken over it has another history', async (t) => {
    const url = await server.database()
    let target: { readonly port: number } = server
    const proxy = await startProxy(t, () => target)
    const store = await opened(t, proxy.through(url))
    await store.insert(aKey('a'))
    const { position } = await store.changes(null)
    const replica = await startReplica(t, server)
    const atReplica = url.replace(/:\d+\//, `:${replica.port}/`)
    while ((await ask(atReplica, "SELECT to_regclass('api_key_scopes_keys') AS keys"))[0].keys === null) await wait(20)

    target = replica
    proxy.mode = 'reset'
    proxy.mode = 'pass'
    // The connections that it had are lost, one after the other.
    const lost = async () => await Promise.resolve(store.get('a')).then(() => false, ({ message }) => !/replica/.test(message))
    while (await lost());
    const reads = {
      findByDigest: () => store.findByDigest(aKey('a').digest),
      'findByDigest, of an unknown key': () => store.findByDigest('unknown'),
      get: () => store.get('a'),
      list: () => store.list({ limit: 1 }),
      usesOf: () => store.usesOf('a'),
      changes: () => store.changes(position)
    }
    for (const [name, read] of Object.entries(reads)) await t.rejects(async () => await read(), /is a replica, which may be behind; connect to the primary/, name)
    await t.rejects(store.insert(aKey('b')) as Promise<void>, /during recovery/)
    for (const migrate of [true, false]) {
      await t.rejects(postgresStore(atReplica, { migrate }).open() as Promise<void>, { code: 'FST_API_KEY_STORE_OPEN', message: /is a replica/ })
    }

    await ask(atReplica, 'SELECT pg_promote()')
    const after = await store.changes(position)
    t.equal(after.digests, null)
    t.equal(after.position.seq, position.seq)
    t.equal(after.position.epoch, position.epoch.replace(/1$/, '2'), 'the timeline is another one')
    t.strictSame(await store.findByDigest(aKey('a').digest), aKey('a'))
    await store.insert(aKey('b'))
    t.same((await store.changes(after.position)).digests, [aKey('b').digest])
    await replica.kill()
  })

  t.test('another process hears of changes, also after its connection was lost, and can end', async (t) => {
    const url = await server.database()
    const store = await opened(t, url)
    const { child, next } = (await program(t, 'postgres-process'))('watch', url)
    t.equal(await next(), 'watching')
    for (const id of ['a', 'b', 'c']) {
      await store.insert(aKey(id))
      t.equal(await next(), JSON.stringify([aKey(id).digest]))
      const lost = await ask(url, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'")
      // Whoever was not heard of listens by now, or hears of everything when it does.
      t.ok(lost.length <= 1)
    }
    child.stdin!.end('end\n')
    t.equal(await next(), 'closed')
    t.same(await once(child, 'exit'), [0, null])
    await nobodyListens(url)
  })

  t.test('who watches hears of changes in its own schema, and in its own process', async (t) => {
    const url = await server.database()
    const pool = poolOf(t, url, 3)
    const listening = postgresStore(pool, { schema: 'one' })
    await listening.open()
    const deaf = await opened(t, url, { schema: 'one', listen: false })
    const elsewhere = await opened(t, url, { schema: 'two' })

    const heard: string[] = []
    const hints = new EventEmitter()
    const ends = await Promise.all(['first', 'second'].map(async (who) => await listening.watch(() => {
      heard.push(who)
      hints.emit('hint')
    })))
    // That it listens is hinted at as well, for nobody knows what was told before.
    while (heard.length < 2) await once(hints, 'hint')
    await elsewhere.insert(aKey('a'))
    // Long enough for a hint that must not come.
    await wait(200)
    t.equal(heard.length, 2, 'what has changed in another schema is nothing to hear of')
    await deaf.insert(aKey('a'))
    while (heard.length < 4) await once(hints, 'hint')
    t.same(heard, ['first', 'second', 'first', 'second'], 'each is told once, of the one change in its schema')

    let own = 0
    const endOwn = await deaf.watch(() => { own++ })
    await deaf.insert(aKey('b'))
    t.equal(own, 1)
    await deaf.revoke('no such key', new Date())
    t.equal(own, 1)
    await endOwn()
    await deaf.insert(aKey('c'))
    t.equal(own, 1)

    for (const end of ends) await end()
    await listening.close()
    t.equal(pool.idleCount, pool.totalCount, 'the connection that listened is given up')
    await nobodyListens(url)
  })

  t.test('changes by many at once follow each other: nobody waits in a circle, and what is told can be found', async (t) => {
    const url = await server.database()
    const stores = await Promise.all([1, 2, 3].map(async () => await opened(t, url)))
    const ids = Array.from({ length: 12 }, (_, i) => `key-${i}`)
    for (const id of ids) await stores[0]!.insert(aKey(id))
    let position = (await stores[0]!.changes(null)).position

    await Promise.all(stores.flatMap((store, who) => [0, 1].map(async (hand) => {
      for (let round = 0; round < 15; round++) {
        const shuffled = ids.slice().sort(() => Math.random() - 0.5)
        const own = aKey(`own-${who}-${hand}-${round}`, { ownerId: `owner-${who}`, expiresAt: new Date(1) })
        const before = (await store.changes(null)).position
        await store.insert(own)
        const { position, digests } = await store.changes(before)
        t.ok(position.seq > before.seq && (digests === null || digests.includes(own.digest)))
        await store.recordUse(shuffled.map((id) => ({ id, lastUsedAt: new Date(round), demands: new Map([['x', new Date(round)]]) })))
        await store.update(shuffled[0]!, { name: `${who} ${round}` })
        if (round % 5 === 0) await store.revokeOwner(round === 10 ? 'user-1' : `owner-${who}`, new Date(round))
        if (round % 7 === 0) await store.purge(new Date(2))
      }
    })).concat((async () => {
      // Whoever follows is told of everything, in steps.
      for (let i = 0; i < 50; i++) {
        const told = await stores[0]!.changes(position)
        t.ok(told.position.seq >= position.seq)
        position = told.position
      }
    })()))
    const [log] = await ask(url, 'SELECT count(*)::int AS count, max(seq)::int AS last, (SELECT seq::int FROM api_key_scopes_feed) AS seq FROM api_key_scopes_changes')
    t.equal(log.count, log.seq, 'without gaps')
    t.equal(log.last, log.seq)
  })

  t.test('whatever changes nothing moves nothing on', async (t) => {
    const store = await opened(t, await server.database())
    await store.insert(aKey('a', { revokedAt: new Date(5) }))
    await store.insert(aKey('b'))
    const { position } = await store.changes(null)
    await store.revoke('a', new Date(6))
    await store.revoke('no such key', new Date(6))
    await store.revokeOwner('nobody', new Date(6))
    await store.update('no such key', { name: 'new' })
    await store.update('b', { name: 'new' }, { scopes: [], disabledAt: null })
    await store.rotate('a', aSuccessor('a', 'c'), new Date(7))
    await store.purge(new Date(1))
    await store.recordUse([{ id: 'b', lastUsedAt: new Date(5), demands: new Map() }])
    await t.rejects(store.insert(aKey('a')) as Promise<void>)
    t.same(await store.changes(position), { position, digests: [] })
  })

  t.test('10,000 changes are kept, and who is further behind is told to forget everything', async (t) => {
    const url = await server.database()
    const store = await opened(t, url)
    await ask(url, 'INSERT INTO api_key_scopes_changes SELECT i, \'digest-\' || i FROM generate_series(10001, 20000) AS i; UPDATE api_key_scopes_feed SET seq = 20000')
    await store.insert(aKey('a'))
    const { position } = await store.changes(null)
    const since = async (seq: number) => (await store.changes({ ...position, seq })).digests
    t.equal(position.seq, 20001)
    t.equal((await since(10001))?.length, 10000)
    t.equal(await since(10000), null)
    t.equal(await since(20002), null)
    t.same(await since(20001), [])
    t.equal((await ask(url, 'SELECT count(*)::int AS n FROM api_key_scopes_changes'))[0].n, 10000)
    await ask(url, 'DELETE FROM api_key_scopes_changes WHERE seq = 15000')
    t.equal(await since(14999), null, 'what is missing is noticed')
    t.equal((await since(15000))?.length, 5001)
  })

  t.test('tables that were written back in the place of others are another history, though they say the same', async (t) => {
    const url = await server.database()
    const store = await opened(t, url)
    await store.insert(aKey('a'))
    const { position } = await store.changes(null)
    await ask(url, `ALTER TABLE api_key_scopes_feed RENAME TO lost; CREATE TABLE api_key_scopes_feed (LIKE lost INCLUDING ALL);
      INSERT INTO api_key_scopes_feed SELECT * FROM lost; DROP TABLE lost`)
    const after = await store.changes(position)
    t.equal(after.digests, null)
    t.equal(after.position.seq, position.seq)
    t.not(after.position.epoch, position.epoch)
  })

  t.test('a feed that has lost its row is told of, and a new epoch mends it', async (t) => {
    const url = await server.database()
    const store = await opened(t, url)
    await store.insert(aKey('a'))
    const { position } = await store.changes(null)
    await ask(url, 'DELETE FROM api_key_scopes_feed')
    for (const call of [() => store.insert(aKey('b')), () => store.changes(position)]) {
      await t.rejects(async () => await call(), /api_key_scopes_feed has lost its row; begin a new epoch: api-key-scopes epoch bump/)
    }
    const hints = new EventEmitter()
    const end = await (await opened(t, url)).watch(() => hints.emit('hint'))
    await once(hints, 'hint')
    await store.bumpEpoch()
    await once(hints, 'hint')
    await end()
    await store.insert(aKey('b'))
    const after = await store.changes(position)
    t.equal(after.digests, null)
    t.not(after.position.epoch, position.epoch)
    t.same((await store.changes({ ...after.position, seq: 0 })).digests, [aKey('b').digest])
  })

  t.test('a change is on the disk before it is acknowledged, and fails neither for being isolated nor for what the role is set to', async (t) => {
    const url = await server.database()
    const store = await opened(t, url)
    await ask(url, `CREATE TABLE seen (setting TEXT);
      CREATE FUNCTION note_settings () RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        INSERT INTO seen SELECT current_setting(name) FROM unnest(ARRAY['synchronous_commit', 'transaction_isolation', 'statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout']) AS name;
        RETURN NULL; END $$;
      CREATE TRIGGER note AFTER INSERT ON api_key_scopes_keys EXECUTE FUNCTION note_settings ()`)
    const database = new URL(url).pathname.slice(1)
    const seen: Position[] = []
    for (const [set, expected] of [['off', 'on'], ['local', 'on'], ['remote_write', 'remote_write'], ['remote_apply', 'remote_apply']] as const) {
      await ask(server.url, `ALTER DATABASE ${database} SET synchronous_commit = ${set};
        ALTER DATABASE ${database} SET default_transaction_isolation = serializable; ALTER DATABASE ${database} SET default_transaction_read_only = on`)
      const strict = await opened(t, url)
      await Promise.all([strict.insert(aKey(`${set}-1`)), store.insert(aKey(`${set}-2`)), strict.insert(aKey(`${set}-3`))])
      seen.push((await strict.changes(null)).position)
      const settings = (await ask(url, 'SELECT setting FROM seen')).map(({ setting }) => setting)
      t.ok(settings.includes(expected), expected)
      t.ok(settings.includes('read committed') && !settings.includes('serializable'))
      t.ok(settings.includes('5s') || settings.some((value) => /^[45]\d{3}ms$/.test(value)))
      t.notOk(settings.includes('0'), 'every time-out is set')
      if (expected === 'on') t.notOk(settings.includes(set))
    }
    t.same(seen.map(({ seq }) => seq), [3, 6, 9, 12])
  })

  t.test('of a purge of very many keys each is told, and nobody has to forget all others', async (t) => {
    const url = await server.database()
    const store = await opened(t, url)
    await store.insert(aKey('kept'))
    await ask(url, `INSERT INTO api_key_scopes_keys (id, digest, name, start, scopes, created_at, expires_at, metadata, pepper_version)
      SELECT 'key ' || i, 'digest ' || i, 'old', '', '[]', i / 7, CASE WHEN i % 10 = 0 THEN 1 END, '{}', 0 FROM generate_series(1, 25000) AS i`)
    const { position } = await store.changes(null)
    t.equal(await store.purge(new Date(2)), 2500)
    const { digests } = await store.changes(position)
    t.equal(new Set(digests).size, 2500)
    t.same(await ask(url, 'SELECT count(*)::int AS kept, count(expires_at)::int AS ended FROM api_key_scopes_keys'), [{ kept: 22_501, ended: 0 }])
    t.equal(await store.purge(new Date(2)), 0)
  })

  t.test('that all may have changed is told so, whatever the role takes a NULL in a list for', async (t) => {
    const url = await server.database()
    await ask(server.url, `ALTER DATABASE ${new URL(url).pathname.slice(1)} SET array_nulls = off`)
    const store = await opened(t, url)
    for (let i = 0; i <= MOST_AT_ONCE; i++) await store.insert(aKey(`key-${i}`))
    const { position } = await store.changes(null)
    t.equal((await store.revokeOwner('user-1', new Date(2))).length, MOST_AT_ONCE + 1)
    t.equal((await store.changes(position)).digests, null)
  })
}

/** Resolves when the server has noticed it too. */
async function nobodyListens (url: string): Promise<void> {
  while ((await ask(url, "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'")).length > 0) await wait(10)
}
