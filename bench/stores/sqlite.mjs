// A big SQLite file, and what is to be known of it.
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate as breathe } from 'node:timers/promises'
import { sqliteStore } from '../../dist/esm/stores/sqlite.js'
import { toRow } from '../../dist/esm/stores/row.js'
import { openDatabase } from '../../dist/esm/stores/sqlite/driver.js'
import { migrate } from '../../dist/esm/stores/sqlite/schema.js'
import { statementsOf } from '../../dist/esm/stores/sqlite/statements.js'
import { keyNumber } from './keys.mjs'
import { dropCacheOf } from './os-cache.mjs'

export async function sqlitePlace ({ folder, keys }) {
  const path = join(folder, 'keys.db')
  const store = () => sqliteStore(path)

  return {
    source: path,
    store,

    async load (progress) {
      // The tables are the store's own, and so are the statement and what it is given: only nobody waits for the disk.
      const handle = await openDatabase(path)
      handle.exec('PRAGMA journal_mode = OFF')
      handle.exec('PRAGMA synchronous = OFF')
      handle.exec('PRAGMA cache_size = -3000000')
      migrate(handle)
      const { insert, logAll } = statementsOf(handle)
      // Made again at the end, which is quicker. Those by id and by digest must be there, for they refuse what is taken.
      const indexes = handle.prepare("SELECT name, sql FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL").all()
      for (const { name } of indexes) handle.exec(`DROP INDEX ${name}`)
      for (let i = 0; i < keys;) {
        handle.exec('BEGIN')
        for (const end = Math.min(keys, i + 100_000); i < end; i++) insert.run(...toRow(keyNumber(i, keys)))
        handle.exec('COMMIT')
        await breathe()
        progress(i)
      }
      for (const { sql } of indexes) handle.exec(sql)
      logAll.run()
      handle.exec('PRAGMA cache_size = 0; PRAGMA shrink_memory')
      handle.close()
      // Which switches the file to what the store works with.
      const opened = store()
      await opened.open()
      await opened.close()
    },

    async sizes () {
      const handle = await openDatabase(path)
      const rows = handle.prepare(`
        SELECT name, sum(pgsize) AS bytes FROM dbstat WHERE name LIKE '%api_key_scopes_keys%' OR name = 'api_key_scopes_uses' GROUP BY name`).all()
      handle.close()
      return { file: statSync(path).size, ...Object.fromEntries(rows.map(({ name, bytes }) => [namesOf[name] ?? name, Number(bytes)])) }
    },

    /** Nothing of the database is in memory. */
    async cool () {
      return dropCacheOf(folder)
    },

    async version () {
      const handle = await openDatabase(':memory:')
      const { version } = handle.prepare('SELECT sqlite_version() AS version').get()
      handle.close()
      return `SQLite ${version}`
    },

    async close () {}
  }
}

const namesOf = {
  api_key_scopes_keys: 'table',
  sqlite_autoindex_api_key_scopes_keys_1: 'index by id',
  sqlite_autoindex_api_key_scopes_keys_2: 'index by digest',
  api_key_scopes_keys_by_creation: 'index by creation',
  api_key_scopes_keys_by_owner: 'index by owner',
  api_key_scopes_keys_by_predecessor: 'index by predecessor',
  api_key_scopes_keys_revoked: 'index of revoked ones',
  api_key_scopes_keys_disabled: 'index of disabled ones',
  api_key_scopes_uses: 'uses'
}
