/**
 * Eight processes that serve one API on one Redis. In full:
 *
 *     CAMPAIGN=full npx tap --timeout=0 --disable-coverage test/processes/redis.test.ts
 */
import t from 'tap'
import { startRedis } from '../servers/redis.js'
import { severalProcesses } from './several.js'

t.test('Redis', async (t) => {
  const server = await startRedis(t)
  if (server !== null) await severalProcesses(t, server.url, 8)
})
