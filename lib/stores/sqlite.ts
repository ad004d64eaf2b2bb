import { resolve } from 'node:path'
import type { StoredKey } from '../keys/record.js'
import type { KeyStore } from '../keys/store.js'
import { fromText, textOrNull, toChanges, toMilliseconds, toRow, toText } from './row.js'
import { isAsSeen, isSameGrant } from './same-grant.js'
import { sharedSession } from './shared-session.js'
import { beginEpoch, change, changes } from './sqlite/changes.js'
import { connector, type Connection } from './sqlite/connection.js'
import { reading, type SqliteHandle } from './sqlite/driver.js'
import { storeError } from './sqlite/errors.js'
import { list } from './sqlite/list.js'
import { purge } from './sqlite/purge.js'
import { toKey, unpack } from './sqlite/row.js'
import { recordUse } from './sqlite/uses.js'
import { keptIn, type Whereabouts } from './whereabouts.js'

export type { SqliteHandle, SqliteStatement, SqliteValue } from './sqlite/driver.js'

/**
 * Keeps key records in an SQLite database, which several processes on one machine may share.
 *
 * With a path, the file is created if need be, opened when the plugin is registered and closed with the app. It is
 * written in WAL mode with `synchronous = FULL`: what was acknowledged is still there after the process was killed,
 * and after a power cut. A write waits up to 2 seconds for another process's write, and meanwhile this process does nothing
 * else. Uses Node's own SQLite from Node 22.13 on, before that the `libsql` package, which must be installed.
 * `:memory:` gives a database that is lost when it is closed.
 *
 * With a handle, tables whose names begin with `api_key_scopes_` are added to your database. The handle stays yours: it is
 * not closed, and keeps its journal mode and busy timeout. Only `synchronous` is raised to FULL. While a transaction of
 * yours is open on it, whatever writes rejects, for you could still roll back what was acknowledged; so do lookups of keys,
 * for what you see may be older than a revocation.
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
  const { open, close, current } = sharedSession(connector(source), connection => { connection.close() })

  async function connected (): Promise<Connection> {
    const opened = await current()
    if (opened.isInPlace()) return opened
    throw storeError('FST_API_KEY_STORE_REPLACED', 'The file of the API key store was removed or replaced while it was open; restart this process')
  }

  return keptIn(placeOf(source), {
    open,

    close,

    async findByDigest (digest) {
      const { handle, findByDigest } = await connected()
      return keyOrNull(reading(handle, () => findByDigest.get(toText(digest))))
    },

    async insert (key) {
      const to = await connected()
      const row = toRow(key)
      change(to, () => [key.digest], () => { to.insert.run(...row) })
    },

    async get (id) {
      const { get } = await connected()
      return keyOrNull(get.get(toText(id)))
    },

    async list (query) {
      return await list(connected, query)
    },

    async update (id, fields, seen) {
      const to = await connected()
      const values = toChanges(fields)
      return change(to, digestsOf, () => {
        const key = keyOrNull(to.get.get(toText(id)))
        if (key === null || (seen !== undefined && !isAsSeen(key, seen))) return null
        to.update.run(...values, toText(id))
        return keyOrNull(to.get.get(toText(id)))
      })
    },

    async rotate (id, successor, endsAt) {
      const to = await connected()
      const row = toRow(successor)
      const end = toMilliseconds(endsAt)
      return change(to, old => old === null ? [] : [old.digest, successor.digest], () => {
        const key = keyOrNull(to.get.get(toText(id)))
        if (key === null || key.revokedAt !== null || key.disabledAt !== null || !isSameGrant(key, successor)) return null
        if (to.successorOf.get(toText(id)) !== undefined) return null
        to.endBy.run(end, end, toText(id))
        to.insert.run(...row)
        return keyOrNull(to.get.get(toText(id)))
      })
    },

    async revoke (id, at, reason) {
      const to = await connected()
      const values = [toMilliseconds(at), textOrNull(reason)]
      return change(to, digestsOf, () => {
        to.revoke.run(...values, toText(id))
        return keyOrNull(to.get.get(toText(id)))
      })
    },

    async revokeOwner (ownerId, at, reason) {
      const to = await connected()
      const values = [toMilliseconds(at), textOrNull(reason)]
      return change(to, keys => keys.map(({ digest }) => digest), () => to.revokeOwner.all(...values, toText(ownerId)).map(toKey))
    },

    async purge (endedBefore) {
      return await purge(connected, toMilliseconds(endedBefore))
    },

    async recordUse (uses) {
      await recordUse(connected, uses)
    },

    async usesOf (id) {
      const { usesOf } = await connected()
      const uses = usesOf.all(toText(id)).map(row => unpack<{ demand: string, lastAt: number }>(row)).filter(use => use !== null)
      return new Map(uses.map(({ demand, lastAt }) => [fromText(demand), new Date(lastAt)]))
    },

    async changes (since) {
      return changes(await connected(), since)
    },

    async watch (hint) {
      const { watchers } = await connected()
      const end = watchers.add(hint)
      return async () => { end() }
    },

    async bumpEpoch () {
      beginEpoch(await connected())
    }
  })
}

function placeOf (source: string | SqliteHandle): Whereabouts | undefined {
  if (typeof source !== 'string') return undefined
  return source === ':memory:' ? 'memory' : { file: resolve(source) }
}

/** Of the one that was changed, if any. */
function digestsOf (key: StoredKey | null): readonly string[] {
  return key === null ? [] : [key.digest]
}

function keyOrNull (row: unknown): StoredKey | null {
  return row === undefined ? null : toKey(row)
}
