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
    await conforms(t, (schema) => postgresStore(url, { schema }))
  })

  t.test('so does one with a pool, in a database whose collation takes different strings for the same, or orders them otherwise', async (t) => {
    const url = await server.database()
    const name = new URL(url).pathname.slice(1)
    await ask(server.url, `DROP DATABASE ${name}`)
    await ask(server.url, `CREATE DATABASE ${name} TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'de-u-ks-level1' LOCALE 'C.UTF-8'`)
    const pool = poolOf(t, url, 10)
    await conforms(t, (schema) => postgresStore(pool, { schema }))
  })
}

/** Each case has a schema of its own. */
async function conforms (t: Test, storeIn: (schema: string) => Store): Promise<void> {
  let count = 0
  const schemas = new WeakMap<Store, string>()
  const create = (schema: string) => {
    const store = storeIn(schema)
    schemas.set(store, schema)
    return store
  }
  const cases = storeConformance(() => create(`case ${++count}`), { reopen: (closed) => create(schemas.get(closed)!) })
  for (const { name, run } of cases) await t.test(name, run)
}
