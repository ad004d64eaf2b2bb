import { prepare, type SqliteHandle, type SqliteStatement } from './driver.js'
import { columns } from '../row.js'
import { assignments, packed, selection } from './row.js'

export type Statements = ReturnType<typeof statementsOf>

/** Every statement of the store, prepared once for each connection. */
export function statementsOf (handle: SqliteHandle) {
  const select = `SELECT ${selection} FROM api_key_scopes_keys`
  const change = 'UPDATE api_key_scopes_keys SET'
  const ended = '(revoked_at < ? OR expires_at < ?)'
  const among = `rowid IN (SELECT value FROM json_each(?)) AND ${ended}`
  const newestFirst = 'ORDER BY created_at DESC, id DESC'
  const lists = new Map<string, SqliteStatement>()
  const listed = (sql: string): SqliteStatement => {
    const prepared = lists.get(sql) ?? prepare(handle, sql)
    lists.set(sql, prepared)
    return prepared
  }

  return {
    findByDigest: prepare(handle, `${select} WHERE digest = ?`),
    get: prepare(handle, `${select} WHERE id = ?`),
    successorOf: prepare(handle, 'SELECT 1 FROM api_key_scopes_keys WHERE rotated_from = ?'),
    usesOf: prepare(handle, `SELECT ${packed({ demand: 'demand', lastAt: 'last_at' })} FROM api_key_scopes_uses WHERE key_id = ?`),

    insert: prepare(handle, `INSERT INTO api_key_scopes_keys (${columns}) VALUES (${columns.replace(/\w+/g, '?')})`),
    update: prepare(handle, `${change} ${assignments} WHERE id = ?`),
    endBy: prepare(handle, `${change} expires_at = coalesce(min(expires_at, ?), ?) WHERE id = ?`),
    revoke: prepare(handle, `${change} revoked_at = ?, revoked_reason = ? WHERE id = ? AND revoked_at IS NULL`),
    revokeOwner: prepare(handle, `${change} revoked_at = ?, revoked_reason = ? WHERE owner_id = ? AND revoked_at IS NULL RETURNING ${selection}`),
    // There is a next one only after as many as were asked for: else those who add keys meanwhile would never let it come to an end.
    endedAfter: prepare(handle, `
      SELECT ${packed({ next: 'iif(count(*) = ?, max(place), NULL)', ended: 'json_group_array(place) FILTER (WHERE has_ended)' })}
      FROM (SELECT rowid AS place, ${ended} AS has_ended FROM api_key_scopes_keys WHERE rowid > ? ORDER BY rowid LIMIT ?)`),
    purgeUses: prepare(handle, `DELETE FROM api_key_scopes_uses WHERE key_id IN (SELECT id FROM api_key_scopes_keys WHERE ${among})`),
    purgeKeys: prepare(handle, `DELETE FROM api_key_scopes_keys WHERE ${among} RETURNING ${packed({ digest: 'digest' })}`),
    keyUsed: prepare(handle, `${change} last_used_at = coalesce(max(last_used_at, ?), ?) WHERE id = ?`),
    // A key that does not exist has no uses.
    demandMet: prepare(handle, `
      INSERT INTO api_key_scopes_uses (key_id, demand, last_at) SELECT id, ?, ? FROM api_key_scopes_keys WHERE id = ?
      ON CONFLICT (key_id, demand) DO UPDATE SET last_at = max(last_at, excluded.last_at)`),

    changes: prepare(handle, `
      SELECT ${packed({ epoch: 'epoch', last: 'coalesce((SELECT max(seq) FROM api_key_scopes_changes), 0)', seq: 'seq', digest: 'digest' })}
      FROM api_key_scopes_feed LEFT JOIN api_key_scopes_changes ON seq > ?`),
    logChange: prepare(handle, 'INSERT INTO api_key_scopes_changes (digest) VALUES (?)'),
    logAll: prepare(handle, 'INSERT INTO api_key_scopes_changes (digest) VALUES (NULL)'),
    forgetChanges: prepare(handle, 'DELETE FROM api_key_scopes_changes WHERE seq <= (SELECT max(seq) FROM api_key_scopes_changes) - ?'),
    forgetFeed: prepare(handle, 'DELETE FROM api_key_scopes_feed'),
    beginFeed: prepare(handle, 'INSERT INTO api_key_scopes_feed (epoch) VALUES (lower(hex(randomblob(16))))'),
    dataVersion: prepare(handle, 'PRAGMA data_version'),

    /** Keys that meet all of these conditions, in the order of `list`. There are few different ones, and each is prepared once. */
    list (conditions: readonly string[]): SqliteStatement {
      return listed(`${select} WHERE ${all(conditions)} ${newestFirst} LIMIT ?`)
    },
    /** Where the key stands that comes after so many others. */
    place (conditions: readonly string[]): SqliteStatement {
      const place = packed({ createdAt: 'created_at', id: 'id' })
      return listed(`SELECT ${place} FROM api_key_scopes_keys WHERE ${all(conditions)} ${newestFirst} LIMIT 1 OFFSET ?`)
    }
  }
}

function all (conditions: readonly string[]): string {
  return conditions.map(condition => `(${condition})`).join(' AND ')
}
