// The tables of the PostgreSQL store: who makes them, who may do without, and what docs/postgresql.md says of them.
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import t from 'tap'
import { migrate, migrations } from '../../lib/stores/postgres/schema.js'
import { postgresStore } from '../../lib/stores/postgres.js'
import { startPostgres, type PostgresServer } from '../servers/postgres.js'
import { aKey } from './fixtures/keys.js'
import { ask, poolOf } from './fixtures/postgres-client.js'
import { program } from './fixtures/processes.js'

const page = readFileSync(fileURLToPath(new URL('../../docs/postgresql.md', import.meta.url)), 'utf8')
const sql = [...page.matchAll(/^```sql\n([^]*?)^```/gm)].map(([, code]) => code!)
const [identity, ...rest] = sql
const [appRights, gatewayRights] = rest.slice(-2)
const tables = "SELECT table_schema, table_name, column_name, data_type, collation_name, column_default, is_nullable FROM information_schema.columns WHERE table_name LIKE 'api_key%' ORDER BY 1, 2, ordinal_position"
const indexes = "SELECT indexdef FROM pg_indexes WHERE tablename LIKE 'api_key%' ORDER BY 1"

const server = await startPostgres(t)
if (server !== null) await everything(server)

async function everything (server: PostgresServer): Promise<void> {
  t.test('the SQL in the docs is what is run', async (t) => {
    t.same(rest.slice(0, -2).map((code) => code.trim()), migrations.map((code) => code.trim()))
    const [byHand, byItself] = [await server.database(), await server.database()]
    for (const code of rest.slice(0, -2)) await ask(byHand, code)
    const store = postgresStore(byItself)
    t.same(await store.migrate(), { from: 0, to: migrations.length })
    t.same(await store.migrate(), { from: migrations.length, to: migrations.length })
    for (const look of [tables, indexes]) t.same(await ask(byHand, look), await ask(byItself, look))
    const byHandStore = postgresStore(byHand, { migrate: false })
    await byHandStore.open()
    await byHandStore.insert(aKey('a'))
    await byHandStore.close()
    t.match(await ask(byItself, identity!), [{ system_identifier: /^\d+$/, timeline: '00000001' }])
  })

  t.test('several processes may open an empty database at the same moment', async (t) => {
    const start = await program(t, 'postgres-process')
    for (const schema of [undefined, 'Acme "keys" \\ \'']) {
      const url = await server.database()
      const ids = Array.from({ length: 6 }, (_, i) => `process-${i}`)
      const children = ids.map((id) => start('insert', url, id, ...schema === undefined ? [] : [schema]))
      t.same(await Promise.all(children.map(({ next }) => next())), ids.map(() => 'ready'))
      for (const { child } of children) child.stdin!.end('go\n')
      t.same(await Promise.all(children.map(({ next }) => next())), ids.map(() => 'inserted'))
      const store = postgresStore(url, schema === undefined ? {} : { schema })
      await store.open()
      t.same((await store.list({ limit: 100 })).map(({ id }) => id).sort(), ids)
      await store.close()
    }
  })

  t.test('tables are brought up to date in one step or not at all, by several at once, and newer ones are left alone', async (t) => {
    const url = await server.database()
    const pool = poolOf(t, url, 8)
    const newer = [...migrations, 'ALTER TABLE api_key_scopes_keys ADD COLUMN mood TEXT; UPDATE api_key_scopes_schema SET version = 2;\n']
    await postgresStore(pool).migrate()
    await t.rejects(migrate(pool, 'public', [...newer, 'SELECT broken']), /column "broken" does not exist/)
    const none = await ask(url, tables)
    t.notMatch(JSON.stringify(none), 'mood')
    const done = await Promise.all(Array.from({ length: 8 }, () => migrate(pool, 'public', newer)))
    t.same(done.map(({ from }) => from).sort(), [1, 2, 2, 2, 2, 2, 2, 2])
    t.ok(done.every(({ to }) => to === 2))

    for (const options of [{}, { migrate: false }]) {
      const store = postgresStore(url, options)
      const refused = {
        code: 'FST_API_KEY_STORE_OPEN',
        message: `Cannot open the API key store at 127.0.0.1:${server.port}/${new URL(url).pathname.slice(1)}, as tester: its tables have version 2, and this fastify-api-key-scopes knows versions up to 1; update the package`
      }
      await t.rejects(store.open() as Promise<void>, refused)
      await t.rejects(store.migrate() as Promise<unknown>, refused)
    }
    t.equal((await ask(url, 'SELECT version FROM api_key_scopes_schema'))[0].version, 2)
  })

  t.test('with migrate: false, a database without tables is refused, and is left as it is', async (t) => {
    const url = await server.database()
    const store = postgresStore(url, { migrate: false })
    await t.rejects(store.open() as Promise<void>, { code: 'FST_API_KEY_STORE_OPEN', message: /: there are no tables of this package in the schema public; .* api-key-scopes migrate --store/ })
    t.same(await ask(url, tables), [])
    await store.migrate()
    await store.open()
    await store.insert(aKey('a'))
    // While it is open as well.
    t.same(await store.migrate(), { from: 1, to: 1 })
    t.strictSame(await store.get('a'), aKey('a'))
    await store.close()
    await ask(url, 'UPDATE api_key_scopes_schema SET version = 0')
    await t.rejects(store.open() as Promise<void>, /there are no tables/)
  })

  t.test('tables of something else are untouched', async (t) => {
    const url = await server.database()
    await ask(url, "CREATE TABLE api_key_scopes_feed (mine TEXT); INSERT INTO api_key_scopes_feed VALUES ('precious'); CREATE TABLE users (id int)")
    const store = postgresStore(url)
    await t.rejects(store.open() as Promise<void>, { code: 'FST_API_KEY_STORE_OPEN', message: /relation "api_key_scopes_feed" already exists/ })
    t.same(await ask(url, 'SELECT * FROM api_key_scopes_feed'), [{ mine: 'precious' }])
    t.same(await ask(url, "SELECT to_regclass('api_key_scopes_keys') AS keys"), [{ keys: null }])
    const apart = postgresStore(url, { schema: 'apart' })
    await apart.open()
    await apart.insert(aKey('a'))
    await apart.close()
    t.equal((await ask(url, 'SELECT count(*)::int AS n FROM apart.api_key_scopes_keys'))[0].n, 1)
  })

  t.test('tables are found in the search path, and stay found when that changes', async (t) => {
    const url = await server.database()
    await postgresStore(url, { schema: 'acme' }).migrate()
    await ask(url, `ALTER DATABASE ${new URL(url).pathname.slice(1)} SET search_path = nowhere, public, acme`)
    const store = postgresStore(url)
    await store.open()
    await store.insert(aKey('a'))
    await store.close()
    t.equal((await ask(url, 'SELECT count(*)::int AS n FROM acme.api_key_scopes_keys'))[0].n, 1)
    await ask(url, `ALTER DATABASE ${new URL(url).pathname.slice(1)} SET search_path = nowhere`)
    await t.rejects(store.open() as Promise<void>, /the role has no schema that it may look into; name one with the option schema/)
  })

  t.test('a role with no more than the rights in the docs can do everything but change tables', async (t) => {
    const url = await server.database()
    await postgresStore(url).migrate()
    await ask(url, `CREATE ROLE app LOGIN PASSWORD 'x'; ${appRights}; CREATE ROLE gateway LOGIN PASSWORD 'x'; ${gatewayRights}`)
    const as = (role: string) => url.replace(/\/\/[^@]*@/, `//${role}:x@`)

    const store = postgresStore(as('app'), { migrate: false })
    await store.open()
    const before = await store.changes(null)
    t.match(before.position.epoch, /-\d{15,}-0{7}1$/, 'it may read what tells histories apart')
    for (const id of ['a', 'b']) await store.insert(aKey(id))
    await store.update('a', { name: 'new' })
    await store.rotate('b', aKey('c', { rotatedFrom: 'b' }), new Date(5))
    await store.recordUse([{ id: 'a', lastUsedAt: new Date(5), demands: new Map([['x', new Date(5)]]) }])
    t.equal((await store.usesOf('a')).size, 1)
    t.same((await store.list({ limit: 9 })).map(({ id }) => id), ['c', 'b', 'a'])
    await store.revoke('a', new Date(5))
    await store.revokeOwner('user-1', new Date(5))
    t.equal(await store.purge(new Date(6)), 3)
    t.same((await store.changes(before.position)).digests?.toSorted(), ['a', 'b', 'c'].map((id) => aKey(id).digest))
    await store.bumpEpoch()
    t.not((await store.changes(null)).position.epoch, before.position.epoch)
    await store.insert(aKey('d'))
    await store.close()

    // Where nothing is to do, opening needs no more.
    const gateway = postgresStore(as('gateway'))
    await gateway.open()
    t.strictSame(await gateway.findByDigest(aKey('d').digest), aKey('d'))
    t.ok(await gateway.changes(null))
    await t.rejects(gateway.revoke('d', new Date()) as Promise<unknown>, /permission denied/)
    await gateway.close()

    const elsewhere = postgresStore(as('app'), { schema: 'elsewhere' })
    await t.rejects(elsewhere.open() as Promise<void>, { code: 'FST_API_KEY_STORE_OPEN', message: /: the role lacks a right; grant it, or .*api-key-scopes migrate \(permission denied for database/ })
  })

  t.test('functions and operators that somebody has put into the search path are not used', async (t) => {
    const url = await server.database()
    await ask(url, `CREATE SCHEMA acme; ALTER DATABASE ${new URL(url).pathname.slice(1)} SET search_path = acme, public;
      CREATE FUNCTION public.json_agg (text) RETURNS json LANGUAGE plpgsql AS $$ BEGIN RAISE 'shadowed'; END $$;
      CREATE FUNCTION public.unnest (text[]) RETURNS SETOF text LANGUAGE plpgsql AS $$ BEGIN RAISE 'shadowed'; END $$;
      CREATE FUNCTION public.is_same (oid, regclass) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE 'shadowed'; END $$;
      CREATE OPERATOR public.= (LEFTARG = oid, RIGHTARG = regclass, FUNCTION = public.is_same)`)
    for (const statement of ["SELECT unnest(ARRAY['x'])", "SELECT 1 FROM pg_class WHERE oid = to_regclass('pg_class')"]) await t.rejects(ask(url, statement), /shadowed/, 'others would')
    const store = postgresStore(url)
    await store.open()
    t.teardown(() => store.close())
    const { position } = await store.changes(null)
    await store.insert(aKey('a'))
    await store.recordUse([{ id: 'a', lastUsedAt: new Date(5), demands: new Map([['x', new Date(5)]]) }])
    t.same((await store.changes(position)).digests, [aKey('a').digest])
    t.same((await store.list({ limit: 9 })).map(({ id }) => id), ['a'])
  })

  t.test('a database whose encoding cannot hold every text is refused, one that takes bytes as they are is not', async (t) => {
    for (const encoding of ['LATIN1', 'SQL_ASCII']) await ask(server.url, `CREATE DATABASE ${encoding.toLowerCase()} TEMPLATE template0 ENCODING '${encoding}' LOCALE 'C'`)
    await t.rejects(postgresStore(server.url.replace(/\w+$/, 'latin1')).open() as Promise<void>, { code: 'FST_API_KEY_STORE_OPEN', message: /encoding LATIN1, which cannot hold every text/ })
    const store = postgresStore(server.url.replace(/\w+$/, 'sql_ascii'))
    await store.open()
    const texts = ['～', '😀', 'é', '\0', '\ud800', 'a']
    for (const id of texts) await store.insert(aKey(id, { name: id, ownerId: id }))
    t.same((await store.list({ limit: 9 })).map(({ id }) => id), ['😀', '～', 'é', 'a', '\ud800', '\0'])
    for (const id of texts) t.strictSame(await store.get(id), aKey(id, { name: id, ownerId: id }))
    await store.close()
  })

  t.test('where a service does not tell its identity or its timeline, the store does without', async (t) => {
    const url = await server.database()
    await postgresStore(url).migrate()
    const client = new pg.Client(url)
    await client.connect()
    await client.query('REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC; CREATE ROLE guest LOGIN PASSWORD \'x\'')
    await client.query(appRights!.replaceAll('TO app', 'TO guest'))
    const epochOf = async () => {
      const store = postgresStore(url.replace(/\/\/[^@]*@/, '//guest:x@'))
      await store.open()
      const { position } = await store.changes(null)
      await store.close()
      return position.epoch
    }
    t.match(await epochOf(), /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}-\d+-00000001$/)
    await client.query('REVOKE EXECUTE ON FUNCTION pg_walfile_name(pg_lsn) FROM PUBLIC')
    t.match(await epochOf(), /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}-\d+$/)
    await client.end()
  })
}
