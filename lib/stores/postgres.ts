import type { StoredKey } from '../keys/record.js'
import type { KeyStore, MigratingStore } from '../keys/store.js'
import { conditionsOf } from './list.js'
import { beginEpoch, change, changes } from './postgres/changes.js'
import { connector, type Connection } from './postgres/connection.js'
import type { PostgresPool, PostgresQuery } from './postgres/driver.js'
import { isConnectionString, readOptions, type PostgresOptions } from './postgres/options.js'
import { purge } from './postgres/purge.js'
import { read } from './postgres/read.js'
import type { Ask } from './postgres/session.js'
import { recordUse } from './postgres/uses.js'
import { fromMilliseconds, fromText, textOrNull, toChanges, toKey, toMilliseconds, toRow, toText } from './row.js'
import { isAsSeen, isSameGrant } from './same-grant.js'
import { sharedSession } from './shared-session.js'
import { keptIn } from './whereabouts.js'

export type { PostgresClient, PostgresPool, PostgresQuery } from './postgres/driver.js'
export type { PostgresOptions } from './postgres/options.js'

/**
 * Keeps key records in a PostgreSQL database (13 or later), which any number of processes on any number of machines may share.
 * Needs the `pg` package.
 *
 * With a connection string, the store has connections of its own: 10 at most, and one more to hear of changes by others. They
 * are opened when the plugin is registered and closed with the app. With a `Pool` of yours, it takes connections from that, one
 * of them for good (see `listen`). The pool stays yours: it is not closed, its limits and time-outs are those that you gave
 * it, and you listen to its `error` events, as always with a `Pool`. Lookups leave three connections to those who ask what has
 * changed, change something and tell of it, as far as there are so many: a flood of made-up keys holds up none of these.
 *
 * What was acknowledged is with the server's disk, whatever its `synchronous_commit` is set to. All who change something wait
 * for each other. A read that takes longer than `timeout` rejects, as does a write that takes longer than `writeTimeout`, and its connection
 * is given up. A replica, which may be behind, is not believed.
 *
 * `open` rejects with an error of code `FST_API_KEY_STORE_OPEN` that names the place, never the password, and the remedy.
 * Everything else rejects with code `FST_API_KEY_STORE_CLOSED` while the store is not open; but `migrate` may be called at any time.
 *
 * @param source A connection string (`postgres://user:password@host:5432/database`), or a `Pool` of `pg`.
 * @throws TypeError naming everything that is wrong with the options.
 * @example
 * await app.register(apiKeyScopes, { scopes, store: postgresStore(process.env.DATABASE_URL), keyPrefix: 'acme' })
 */
export function postgresStore (source: string | PostgresPool, options: PostgresOptions = {}): Required<KeyStore> & MigratingStore {
  if (typeof source === 'string' ? !isConnectionString(source) : typeof source?.connect !== 'function') {
    throw new TypeError('postgresStore needs a connection string such as postgres://user:password@host:5432/database, or a Pool of pg')
  }
  const settings = readOptions(options)
  if (typeof source !== 'string' && source.options?.max === 1 && settings.listen === true) {
    throw new TypeError('postgresStore needs a Pool of 2 connections or more, for it listens on one; or set listen to false, or to a connection string')
  }
  const { open: connect, migrate } = connector(source, settings)
  const { open, close, current: connected } = sharedSession(connect, async connection => { await connection.close() })

  return keptIn(undefined, {
    migrate,

    open,

    close,

    async findByDigest (digest) {
      const to = await connected()
      return keyOrNull(await read(to, to.findByDigest(toText(digest))))
    },

    async insert (key) {
      const to = await connected()
      const row = toRow(key)
      await change(to, async (ask) => { await ask(to.insert(...row)) }, () => [key.digest])
    },

    async get (id) {
      const to = await connected()
      return keyOrNull(await read(to, to.get(toText(id))))
    },

    async list (query) {
      const to = await connected()
      const conditions = conditionsOf(query)
      const values = conditions.flatMap(([, ...values]) => values)
      return (await read(to, to.list(conditions.map(([sql]) => sql))(...values, query.limit))).map(toKey)
    },

    async update (id, fields, seen) {
      const to = await connected()
      const values = toChanges(fields)
      return await change(to, async (ask) => {
        const key = await lockedKey(to, ask, id)
        if (key === null || (seen !== undefined && !isAsSeen(key, seen))) return null
        return await changedKey(ask, to.update(...values, toText(id)))
      }, digestsOf)
    },

    async rotate (id, successor, endsAt) {
      const to = await connected()
      const row = toRow(successor)
      const end = toMilliseconds(endsAt)
      return await change(to, async (ask) => {
        const key = await lockedKey(to, ask, id)
        if (key === null || key.revokedAt !== null || key.disabledAt !== null || !isSameGrant(key, successor)) return null
        if ((await rowsOf(ask, to.successorOf(toText(id)))).length > 0) return null
        await ask(to.insert(...row))
        return await changedKey(ask, to.endBy(end, toText(id)))
      }, (old) => old === null ? [] : [old.digest, successor.digest])
    },

    async revoke (id, at, reason) {
      const to = await connected()
      const values = [toMilliseconds(at), textOrNull(reason)]
      const { key } = await change(to, async (ask) => {
        const key = await lockedKey(to, ask, id)
        if (key === null || key.revokedAt !== null) return { key, isNew: false }
        return { key: await changedKey(ask, to.revoke(...values, toText(id))), isNew: true }
      }, ({ key, isNew }) => isNew ? digestsOf(key) : [])
      return key
    },

    async revokeOwner (ownerId, at, reason) {
      const to = await connected()
      const values = [toMilliseconds(at), textOrNull(reason)]
      return await change(to, async (ask) => {
        return (await rowsOf(ask, to.revokeOwner(toText(ownerId), ...values))).map(toKey)
      }, (keys) => keys.map(({ digest }) => digest))
    },

    async purge (endedBefore) {
      const to = await connected()
      return await purge(to, toMilliseconds(endedBefore))
    },

    async recordUse (uses) {
      await recordUse(await connected(), uses)
    },

    async usesOf (id) {
      const to = await connected()
      const rows = await read(to, to.usesOf(toText(id))) as Array<{ demand: string, lastAt: string }>
      return new Map(rows.map(({ demand, lastAt }) => [fromText(demand), fromMilliseconds(lastAt)]))
    },

    async changes (since) {
      return await changes(await connected(), since)
    },

    async watch (hint) {
      const { watchers } = await connected()
      return watchers.add(hint)
    },

    async bumpEpoch () {
      await beginEpoch(await connected())
    }
  })
}

/** The record as it is now, whatever anybody else is about to do. */
async function lockedKey ({ locked }: Connection, ask: Ask, id: string): Promise<StoredKey | null> {
  return keyOrNull(await rowsOf(ask, locked(toText(id))))
}

/** The record as it has become. */
async function changedKey (ask: Ask, change: PostgresQuery): Promise<StoredKey | null> {
  return keyOrNull(await rowsOf(ask, change))
}

async function rowsOf (ask: Ask, query: PostgresQuery): Promise<unknown[]> {
  return (await ask(query) as { rows: unknown[] }).rows
}

function keyOrNull ([row]: unknown[]): StoredKey | null {
  return row === undefined ? null : toKey(row)
}

/** Of the one that was changed, if any. */
function digestsOf (key: StoredKey | null): readonly string[] {
  return key === null ? [] : [key.digest]
}
