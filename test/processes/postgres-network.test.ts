/**
 * Processes that serve one API on one PostgreSQL, and do not always reach it. In full:
 *
 *     CAMPAIGN=full npx tap --timeout=0 --disable-coverage test/processes/postgres-network.test.ts
 */
import t from 'tap'
import { startPostgres } from '../servers/postgres.js'
import { badNetwork } from './network.js'

// Those that are tried apart from each other are tried at the same time.
t.test('PostgreSQL', { jobs: 8 }, async (t) => {
  const server = await startPostgres(t)
  if (server !== null) await badNetwork(t, { url: await server.database(), server, listens: /LISTEN/ })
})
