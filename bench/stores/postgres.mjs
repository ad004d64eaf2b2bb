// A big PostgreSQL database on a server of its own, and what is to be known of it.
import { createWriteStream, rmSync } from 'node:fs'
import { once } from 'node:events'
import { join } from 'node:path'
import { createJiti } from 'jiti'
import pg from 'pg'
import { postgresStore } from '../../dist/esm/stores/postgres.js'
import { columns, toRow } from '../../dist/esm/stores/row.js'
import { keyNumber } from './keys.mjs'
import { dropCacheOf } from './os-cache.mjs'

export async function postgresPlace ({ keys }) {
  const { startPostgres } = await createJiti(import.meta.url).import('../../test/servers/postgres.ts')
  const ends = []
  const settings = {
    fsync: 'on',
    shared_buffers: '2GB',
    max_wal_size: '8GB',
    checkpoint_timeout: '30min',
    maintenance_work_mem: '512MB'
  }
  const server = await startPostgres({ teardown (end) { ends.unshift(end) }, comment (text) { console.error(text) } }, settings)
  if (server === null) process.exit(1)
  const url = await server.database()
  const store = () => postgresStore(url)

  async function ask (text) {
    const client = new pg.Client({ connectionString: url })
    await client.connect()
    try {
      return (await client.query(text)).rows
    } finally {
      await client.end()
    }
  }

  return {
    source: url,
    store,

    async load (progress) {
      await store().migrate()
      // Made again at the end, which is quicker. Those by id and by digest must be there, for they refuse what is taken.
      const indexes = await ask("SELECT indexname AS name, indexdef AS sql FROM pg_indexes WHERE tablename = 'api_key_scopes_keys' AND indexdef NOT LIKE '% UNIQUE %'")
      for (const { name } of indexes) await ask(`DROP INDEX ${name}`)
      for (let i = 0; i < keys;) {
        const end = Math.min(keys, i + 250_000)
        const file = join(server.folder, `keys-${i}`)
        await writeRows(file, i, end, keys)
        await ask(`COPY api_key_scopes_keys (${columns}) FROM '${file}'`)
        rmSync(file)
        progress(i = end)
      }
      for (const { sql } of indexes) await ask(sql)
      await ask('VACUUM (ANALYZE) api_key_scopes_keys')
      await ask('CHECKPOINT')
    },

    async sizes () {
      const rows = await ask(`
        SELECT relname AS name, pg_relation_size(oid) AS bytes FROM pg_class
        WHERE relname LIKE 'api\\_key\\_scopes\\_keys%' OR relname LIKE 'api\\_key\\_scopes\\_uses%'`)
      return Object.fromEntries(rows.map(({ name, bytes }) => [namesOf[name] ?? name, Number(bytes)]))
    },

    async cool () {
      await ask('CHECKPOINT')
      await server.stop()
      const isCold = dropCacheOf(server.folder)
      await server.start()
      return isCold
    },

    async version () {
      const [{ version }] = await ask("SELECT current_setting('server_version') AS version")
      return `PostgreSQL ${version}; ${Object.entries(settings).map(([name, value]) => `${name} = ${value}`).join(', ')}`
    },

    async close () {
      for (const end of ends) await end()
    }
  }
}

const namesOf = {
  api_key_scopes_keys: 'table',
  api_key_scopes_keys_pkey: 'index by id',
  api_key_scopes_keys_digest_key: 'index by digest',
  api_key_scopes_keys_by_creation: 'index by creation',
  api_key_scopes_keys_by_owner: 'index by owner',
  api_key_scopes_keys_rotated_from_key: 'index by predecessor',
  api_key_scopes_keys_revoked: 'index of revoked ones',
  api_key_scopes_keys_disabled: 'index of disabled ones',
  api_key_scopes_keys_expiring: 'index by expiry',
  api_key_scopes_uses: 'uses',
  api_key_scopes_uses_pkey: 'index of uses'
}

/** In the text format of COPY. */
async function writeRows (file, from, to, keys) {
  const stream = createWriteStream(file, { mode: 0o644 })
  for (let i = from; i < to;) {
    let lines = ''
    for (const end = Math.min(to, i + 1000); i < end; i++) lines += `${toRow(keyNumber(i, keys)).map(asText).join('\t')}\n`
    if (!stream.write(lines)) await once(stream, 'drain')
  }
  stream.end()
  await once(stream, 'finish')
}

function asText (value) {
  return value === null ? '\\N' : String(value).replace(/[\\\t\n\r]/g, (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`)
}
