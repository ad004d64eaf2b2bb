/**
 * Several processes that serve one API on one file. In full:
 *
 *     CAMPAIGN=full npx tap --timeout=0 --disable-coverage test/processes/sqlite.test.ts
 */
import { join } from 'node:path'
import t from 'tap'
import { prove } from './prove.js'

t.test('SQLite', async (t) => {
  await prove(t, { url: join(t.testdir(), 'keys.db') })
})
