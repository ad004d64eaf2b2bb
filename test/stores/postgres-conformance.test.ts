// The suite that every store has to pass, on a real server.
import t, { type Test } from 'tap'
import type { KeyStore } from '../../lib/keys/store.js'
import { postgresStore } from '../../lib/stores/postgres.js'
import { storeConformance } from '../../lib/testing/index.js'
import { startPostgres, type PostgresServer } from '../servers/postgres.js'
import { ask, poolOf } from './fixtures/postgres-client.js'

type Store = Required<KeyStore>

const server = await startPostgres(t)
if (server !== null) await everything(server)

async function everything (server: PostgresServer): Promise<void> {
  t.test('a store with a connection string keeps every promise', async (t) => {
    const url = await server.database()
    await postgresStore(url).migrate()
    await conforms(t, url, 'public', () => postgresStore(url))
  })

  t.test('so does one with a pool, in a database whose collation takes different strings for the same, or orders them otherwise', async (t) => {
    const url = await server.database()
    const name = new URL(url).pathname.slice(1)
    await ask(server.url, `DROP DATABASE ${name}`)
    await ask(server.url, `CREATE DATABASE ${name} TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'de-u-ks-level1' LOCALE 'C.UTF-8'`)
    const pool = poolOf(t, url, 10)
    const create = () => postgresStore(pool, { schema: 'Keys of acme' })
    await create().migrate()
    await conforms(t, url, 'Keys of acme', create)
  })
}

/** Each case finds the tables empty. They are made once: to do so for each would take most of the time. */
async function conforms (t: Test, url: string, schema: string, create: () => Store): Promise<void> {
  const pool = poolOf(t, url, 1)
  for (const { name, run } of storeConformance(create, { reopen: create })) {
    await t.test(name, async () => {
      await pool.query(`SET search_path TO "${schema}"; ${EMPTIED}`)
      await run()
    })
  }
}

const EMPTIED = `
  DELETE FROM api_key_scopes_keys; DELETE FROM api_key_scopes_uses; DELETE FROM api_key_scopes_changes;
  UPDATE api_key_scopes_feed SET epoch = gen_random_uuid(), seq = 0`
