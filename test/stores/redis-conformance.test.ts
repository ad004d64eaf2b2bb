// The contract on real servers, with every kind of client.
import { Cluster, Redis } from 'ioredis'
import iovalkey from 'iovalkey'
import t from 'tap'
import { redisStore, type RedisClient } from '../../lib/stores/redis.js'
import { startRedis, startRedisCluster } from '../servers/redis.js'
import { conforms } from './fixtures/redis-conformance.js'

// Quickly: that nothing is lost is tested elsewhere.
const server = await startRedis(t, { appendfsync: 'no' })
const cluster = await startRedisCluster(t, 3)
const single = await startRedisCluster(t, 1)

if (server !== null && cluster !== null && single !== null) {
  const address = { host: '127.0.0.1', port: server.port }
  const nodes = cluster.map(({ port }) => ({ host: '127.0.0.1', port }))
  const lazy = { lazyConnect: true }

  t.test('a store with a URL keeps every promise', async (t) => {
    await conforms(t, prefix => redisStore(server.url, { prefix, timeout: 10_000 }), { changesKept: 10_000 })
  })

  const clients: Record<string, () => RedisClient> = {
    // Settings that would spoil it, were they taken.
    'a client of ioredis': () => new Redis({ ...address, ...lazy, db: 3, keyPrefix: 'mine:', stringNumbers: true, commandTimeout: 1, enableAutoPipelining: true }),
    'a client of ioredis that speaks the old protocol': () => new Redis({ ...address, ...lazy, db: 4, protocol: 2 }),
    'a client of iovalkey': () => new iovalkey.Redis({ ...address, ...lazy, db: 5 }),
    'a Cluster of ioredis, of three masters': () => new Cluster(nodes, { ...lazy, scaleReads: 'all', keyPrefix: 'mine:' }),
    'a Cluster of iovalkey': () => new iovalkey.Cluster(nodes, lazy)
  }
  for (const [what, create] of Object.entries(clients)) {
    t.test(`a store with ${what} keeps every promise, and leaves it alone`, async (t) => {
      const client = create()
      await conforms(t, prefix => redisStore(client, { prefix, timeout: 10_000 }))
      t.match(client, { status: 'wait' }, 'it was not even connected')
    })
  }

  for (const [what, [node]] of Object.entries({ 'one server of a cluster': cluster, 'the only server of a cluster': single })) {
    t.test(`a store with the URL of ${what} keeps every promise`, async (t) => {
      await conforms(t, prefix => redisStore(node!.url, { prefix, timeout: 10_000 }))
    })
  }
}
