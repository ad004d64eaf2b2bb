/**
 * Several processes that serve one API on one file. In full:
 *
 *     CAMPAIGN=full npx tap --timeout=0 --disable-coverage test/processes/sqlite.test.ts
 */
import { join } from 'node:path'
import t from 'tap'
import { inFull } from './figures.js'
import { severalProcesses } from './several.js'

t.test('SQLite', async (t) => {
  await severalProcesses(t, join(t.testdir(), 'keys.db'), inFull(4, 8))
})
