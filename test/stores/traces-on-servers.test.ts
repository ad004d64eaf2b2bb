// The random histories of traces.ts, on real servers.
import t from 'tap'
import { postgresStore } from '../../lib/stores/postgres.js'
import { redisStore } from '../../lib/stores/redis.js'
import { startPostgres } from '../servers/postgres.js'
import { startRedis } from '../servers/redis.js'
import { ask } from './fixtures/postgres-client.js'
import { runTraces } from './traces.js'

const postgres = await startPostgres(t, { fsync: 'off' })
const redis = await startRedis(t, { appendfsync: 'no' })

if (postgres !== null) {
  t.test('whatever happens to a store in PostgreSQL, through one connection or another, it is as the model says', { timeout: 300_000 }, async () => {
    const url = await postgres.database()
    const create = () => postgresStore(url, { timeout: 10_000 })
    await create().migrate()
    await runTraces(async () => {
      await ask(url, `
        DELETE FROM api_key_scopes_keys; DELETE FROM api_key_scopes_uses; DELETE FROM api_key_scopes_changes;
        UPDATE api_key_scopes_feed SET epoch = gen_random_uuid(), seq = 0`)
      return create()
    }, { runs: 25, another: create })
  })
}

if (redis !== null) {
  t.test('whatever happens to a store in Redis, through one connection or another, it is as the model says', { timeout: 300_000 }, async () => {
    let count = 0
    const storeAt = (prefix: string) => redisStore(redis.url, { prefix, timeout: 10_000 })
    await runTraces(() => storeAt(`{trace ${++count}}`), { runs: 25, another: () => storeAt(`{trace ${count}}`) })
  })
}
