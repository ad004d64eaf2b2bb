/**
 * Eight processes that serve one API on one PostgreSQL. In full:
 *
 *     CAMPAIGN=full npx tap --timeout=0 --disable-coverage test/processes/postgres.test.ts
 */
import t from 'tap'
import { startPostgres } from '../servers/postgres.js'
import { severalProcesses } from './several.js'

t.test('PostgreSQL', async (t) => {
  const server = await startPostgres(t)
  if (server !== null) await severalProcesses(t, await server.database(), 8)
})
