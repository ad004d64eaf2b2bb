/**
 * Processes that serve one API on one Redis, and do not always reach it. In full:
 *
 *     CAMPAIGN=full npx tap --timeout=0 --disable-coverage test/processes/redis-network.test.ts
 */
import t from 'tap'
import { startRedis } from '../servers/redis.js'
import { badNetwork } from './network.js'

// Those that are tried apart from each other are tried at the same time.
t.test('Redis', { jobs: 8 }, async (t) => {
  const server = await startRedis(t)
  if (server !== null) await badNetwork(t, { url: server.url, server, listens: /XREAD/i })
})
