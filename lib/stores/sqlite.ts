import { resolve } from 'node:path'
import type { StoredKey } from '../keys/record.js'
import type { KeyStore } from '../keys/store.js'
import { sameFile } from './file-identity.js'
import {
  openDatabase, prepare, switchToWal, transaction, type OwnHandle, type SqliteHandle, type SqliteStatement
} from './sqlite-driver.js'
import { openError, storeError } from './sqlite-errors.js'
import { assignments, columns, selection, toChanges, toKey, toMilliseconds, toRow, toText } from './sqlite-row.js'
import { migrate, refuseForeign } from './sqlite-schema.js'

export type { SqliteHandle, SqliteStatement, SqliteValue } from './sqlite-driver.js'

/**
 * Keeps key records in an SQLite database, which several processes on one machine may share.
 *
 * With a path, the file is created if need be, opened when the plugin is registered and closed with the app. It is
 * written in WAL mode with `synchronous = FULL`: what was acknowledged is still there after the process was killed,
 * and after a power cut. A write waits up to 2 seconds for another process's write, and meanwhile this process does nothing
 * else. Uses Node's own SQLite from Node 22.13 on, before that the `libsql` package, which must be installed.
 * `:memory:` gives a database that is lost when it is closed.
 *
 * With a handle, the tables `api_key_scopes_keys` and `api_key_scopes_schema` are added to your database. The handle stays
 * yours: it is not closed, and keeps its journal mode and busy timeout. Only `synchronous` is raised to FULL. While a
 * transaction of yours is open on it, `insert`, `update` and `revoke` reject, for you could still roll back what they acknowledged.
 *
 * `open` rejects with an error of code `FST_API_KEY_STORE_OPEN` that names the file and the remedy. Everything else rejects
 * with code `FST_API_KEY_STORE_CLOSED` while the store is not open, and with `FST_API_KEY_STORE_REPLACED` once the file was
 * removed or replaced under it.
 *
 * @param source The path of a file, or an open database of `node:sqlite`, `libsql` or `better-sqlite3`.
 * @example
 * await app.register(apiKeyScopes, { scopes, store: sqliteStore('keys.db'), keyPrefix: 'acme' })
 */
export function sqliteStore (source: string | SqliteHandle): Required<KeyStore> {
  const connect = connector(source)
  let users = 0
  let connection: Promise<Connection> | undefined

  async function connected (): Promise<Connection> {
    const opened = await connection
    if (opened === undefined) throw storeError('FST_API_KEY_STORE_CLOSED', 'The API key store is not open: await store.open() first')
    if (opened.isInPlace()) return opened
    throw storeError('FST_API_KEY_STORE_REPLACED', 'The file of the API key store was removed or replaced while it was open; restart this process')
  }

  return {
    async open () {
      users++
      connection ??= connect().catch((error) => {
        users = 0
        connection = undefined
        throw error
      })
      await connection
    },

    async close () {
      if (users === 0 || --users > 0) return
      const last = connection
      connection = undefined
      ;(await last)?.close()
    },

    async findByDigest (digest) {
      const { findByDigest } = await connected()
      return keyOrNull(findByDigest.get(toText(digest)))
    },

    async insert (key) {
      const { handle, insert } = await connected()
      const row = toRow(key)
      transaction(handle, () => insert.run(...row))
    },

    async get (id) {
      const { get } = await connected()
      return keyOrNull(get.get(toText(id)))
    },

    async list ({ ownerId, after, limit }) {
      const { list, listOfOwner } = await connected()
      const rest = after === undefined ? [null, null, limit] : [toMilliseconds(after.createdAt), toText(after.id), limit]
      const rows = ownerId === undefined ? list.all(...rest) : listOfOwner.all(toText(ownerId), ...rest)
      return rows.map(toKey)
    },

    async update (id, changes) {
      const { handle, update, get } = await connected()
      const values = toChanges(changes)
      return transaction(handle, () => {
        update.run(...values, toText(id))
        return keyOrNull(get.get(toText(id)))
      })
    },

    async revoke (id, at) {
      const { handle, revoke, get } = await connected()
      const milliseconds = toMilliseconds(at)
      return transaction(handle, () => {
        revoke.run(milliseconds, toText(id))
        return keyOrNull(get.get(toText(id)))
      })
    }
  }
}

interface Connection {
  readonly handle: SqliteHandle
  readonly findByDigest: SqliteStatement
  readonly insert: SqliteStatement
  readonly get: SqliteStatement
  readonly list: SqliteStatement
  readonly listOfOwner: SqliteStatement
  readonly update: SqliteStatement
  readonly revoke: SqliteStatement
  /** Whether the file that was opened is still the one at its path. */
  isInPlace (): boolean
  close (): void
}

function connector (source: string | SqliteHandle): () => Promise<Connection> {
  if (typeof source !== 'string') return () => useHandle(source)
  if (source === '') throw new TypeError("sqliteStore needs the path of a file, such as sqliteStore('keys.db')")
  // Resolved now, so that a later chdir changes nothing, and no driver takes it for a URL.
  const path = source === ':memory:' ? source : resolve(source)
  return () => openPath(path)
}

async function openPath (path: string): Promise<Connection> {
  let own: OwnHandle | undefined
  try {
    const handle = own = await openDatabase(path)
    handle.exec(`PRAGMA busy_timeout = ${PATIENCE}`)
    refuseForeign(handle)
    await switchToWal(handle, PATIENCE)
    handle.exec('PRAGMA synchronous = FULL')
    migrate(handle)
    const isInPlace = path === ':memory:' ? () => true : sameFile(path)
    return { ...statements(handle), isInPlace, close: () => { handle.close() } }
  } catch (cause) {
    own?.close()
    throw openError(path, cause as Error)
  }
}

async function useHandle (handle: SqliteHandle): Promise<Connection> {
  try {
    const { synchronous } = prepare(handle, 'PRAGMA synchronous').get() as { synchronous: number }
    if (synchronous < FULL) handle.exec('PRAGMA synchronous = FULL')
    migrate(handle)
    return { ...statements(handle), isInPlace: () => true, close: () => {} }
  } catch (cause) {
    throw openError(undefined, cause as Error)
  }
}

/** Milliseconds for which a write waits for that of another process. */
const PATIENCE = 2000

/** `synchronous`, as a number. */
const FULL = 2

function statements (handle: SqliteHandle): Omit<Connection, 'close' | 'isInPlace'> {
  const select = `SELECT ${selection} FROM api_key_scopes_keys`
  // Without a place to go on from, every integer counts as before infinity.
  const page = "(created_at, id) < (coalesce(?, 9e999), coalesce(?, '')) ORDER BY created_at DESC, id DESC LIMIT ?"
  return {
    handle,
    findByDigest: prepare(handle, `${select} WHERE digest = ?`),
    insert: prepare(handle, `INSERT INTO api_key_scopes_keys (${columns}) VALUES (${columns.replace(/\w+/g, '?')})`),
    get: prepare(handle, `${select} WHERE id = ?`),
    list: prepare(handle, `${select} WHERE ${page}`),
    listOfOwner: prepare(handle, `${select} WHERE owner_id = ? AND ${page}`),
    update: prepare(handle, `UPDATE api_key_scopes_keys SET ${assignments} WHERE id = ?`),
    revoke: prepare(handle, 'UPDATE api_key_scopes_keys SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL')
  }
}

function keyOrNull (row: unknown): StoredKey | null {
  return row === undefined ? null : toKey(row)
}
