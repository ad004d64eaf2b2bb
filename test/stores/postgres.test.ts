import pg from 'pg'
import t from 'tap'
import { postgresStore } from '../../lib/stores/postgres.js'
import { storeConformance } from '../../lib/testing/index.js'
import { startPostgres } from '../servers/postgres.js'

const server = await startPostgres(t)
if (server !== null) {
  type Store = ReturnType<typeof postgresStore>

  t.test('a store with a connection string keeps every promise', async (t) => {
    const url = await server.database()
    let count = 0
    const schemas = new WeakMap<Store, string>()
    const storeIn = (schema: string) => {
      const store = postgresStore(url, { schema })
      schemas.set(store, schema)
      return store
    }
    const cases = storeConformance(() => storeIn(`case ${++count}`), { reopen: (closed) => storeIn(schemas.get(closed)!) })
    for (const { name, run } of cases) await t.test(name, run)
  })
}
