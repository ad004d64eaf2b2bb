import { createHash } from 'node:crypto'
import { CHANGES_KEPT } from '../change-log.js'
import { columns, selection, type SqlValue } from '../row.js'
import type { PostgresQuery } from './driver.js'
import { quoted } from './schema.js'

export type Statements = ReturnType<typeof statementsOf>

/** A statement, to be given its values. */
export type Statement = (...values: Array<SqlValue | readonly SqlValue[]>) => PostgresQuery

export interface StatementOptions {
  readonly schema: string
  /** What tells, beside the stored epoch, of which history this server is. An SQL text. */
  readonly history: string
  /** Whether a connection remembers the statements that are asked most. */
  readonly prepared: boolean
}

/** Every statement of the store, on tables of this schema. */
export function statementsOf ({ schema, history, prepared }: StatementOptions) {
  const table = (name: string) => `${quoted(schema)}.api_key_scopes_${name}`
  const keys = table('keys')
  const uses = table('uses')
  const feed = table('feed')
  const changes = table('changes')
  const ended = '(revoked_at < ? OR expires_at < ?)'

  return {
    findByDigest: statement(asPrimary(`SELECT ${selection} FROM ${keys} WHERE digest = ?`), prepared),
    get: statement(asPrimary(`SELECT ${selection} FROM ${keys} WHERE id = ?`)),
    usesOf: statement(asPrimary(`SELECT key_id AS id, demand, CAST(last_at AS TEXT) AS "lastAt" FROM ${uses} WHERE key_id = ?`)),
    /** Keys that meet all of these conditions, in the order of `list`. The order of what is selected from is none of a join. */
    list (conditions: readonly string[]): Statement {
      const where = conditions.map((condition) => `(${condition})`).join(' AND ')
      const page = `SELECT ${selection}, created_at FROM ${keys} WHERE ${where} ORDER BY ${keys}.created_at DESC, ${keys}.id DESC LIMIT ?`
      return statement(`${asPrimary(page)} ORDER BY found.created_at DESC, found.id DESC`)
    },

    /** Whoever changes something does this first, and so alone. */
    lockFeed: `SELECT 1 FROM ${feed} FOR UPDATE`,
    locked: statement(`SELECT ${selection} FROM ${keys} WHERE id = ? FOR UPDATE`),
    successorOf: statement(`SELECT 1 FROM ${keys} WHERE rotated_from = ?`),
    insert: statement(`INSERT INTO ${keys} (${columns}) VALUES (${columns.replace(/\w+/g, '?')})`),
    update: statement(`
      UPDATE ${keys} SET name = coalesce(?, name), scopes = coalesce(?, scopes), metadata = coalesce(?, metadata),
        disabled_at = CASE WHEN CAST(? AS INTEGER) = 1 THEN CAST(? AS BIGINT) ELSE disabled_at END
      WHERE id = ? RETURNING ${selection}`),
    endBy: statement(`UPDATE ${keys} SET expires_at = least(expires_at, ?) WHERE id = ? RETURNING ${selection}`),
    revoke: statement(`UPDATE ${keys} SET revoked_at = ?, revoked_reason = ? WHERE id = ? RETURNING ${selection}`),
    // Rows are locked in the order of their ids by everybody: two who want the same ones never wait for each other.
    revokeOwner: statement(`
      WITH theirs AS (SELECT id AS locked FROM ${keys} WHERE owner_id = ? AND revoked_at IS NULL ORDER BY id FOR UPDATE)
      UPDATE ${keys} SET revoked_at = ?, revoked_reason = ? FROM theirs WHERE id = locked RETURNING ${selection}`),

    endedAfter: statement(`
      WITH part AS (SELECT id, created_at, ${ended} AS has_ended FROM ${keys} WHERE (created_at, id) > (CAST(? AS BIGINT), ?) ORDER BY created_at, id LIMIT ?)
      SELECT (SELECT count(*) FROM part) AS count, CAST(created_at AS TEXT) AS "createdAt", id,
        (SELECT CAST(pg_catalog.json_agg(id) AS TEXT) FROM part WHERE has_ended) AS ended
      FROM (SELECT 1) AS one LEFT JOIN LATERAL (SELECT created_at, id FROM part ORDER BY created_at DESC, id DESC LIMIT 1) AS last ON TRUE`),
    lockEnded: statement(`SELECT id FROM ${keys} WHERE id = ANY(?) AND ${ended} ORDER BY id FOR UPDATE`),
    purgeUses: statement(`DELETE FROM ${uses} WHERE key_id = ANY(?)`),
    purgeKeys: statement(`DELETE FROM ${keys} WHERE id = ANY(?) RETURNING digest`),

    lockUsed: statement(`SELECT id FROM ${keys} WHERE id = ANY(?) ORDER BY id FOR NO KEY UPDATE`),
    keysUsed: statement(`
      UPDATE ${keys} SET last_used_at = greatest(last_used_at, at)
      FROM unnest(CAST(? AS TEXT[]), CAST(? AS BIGINT[])) AS used (key_id, at) WHERE id = key_id`),
    // A key that does not exist has no uses.
    demandsMet: statement(`
      INSERT INTO ${uses} AS known (key_id, demand_digest, demand, last_at)
      SELECT key_id, demand_digest, demand, at
      FROM unnest(CAST(? AS TEXT[]), CAST(? AS TEXT[]), CAST(? AS TEXT[]), CAST(? AS BIGINT[])) AS met (key_id, demand_digest, demand, at)
      JOIN ${keys} ON id = key_id
      ON CONFLICT (key_id, demand_digest) DO UPDATE SET last_at = greatest(known.last_at, excluded.last_at)`),

    // Of functions that take any type, another role may have made one of the same name that takes just this type, and goes before:
    // hence pg_catalog. (Of several arrays at once, `unnest` is the true one in any case.)
    // A table that was made again, as by `pg_restore --clean`, is another, whatever stands in it.
    changes: statement(`
      SELECT ${isReplica}, epoch || '-' || CAST(tableoid AS TEXT) || ${history} AS epoch, CAST(seq AS TEXT) AS seq,
        (SELECT CAST(pg_catalog.json_agg(digest) AS TEXT) FROM ${changes} AS change
         WHERE change.seq > CAST(? AS BIGINT) AND feed.seq - ${CHANGES_KEPT} <= CAST(? AS BIGINT)) AS digests
      FROM ${feed} AS feed`, prepared),
    noteChange: statement(`
      WITH entries AS (SELECT digest, place FROM pg_catalog.unnest(CAST(? AS TEXT[])) WITH ORDINALITY AS entry (digest, place)),
      feed AS (UPDATE ${feed} SET seq = seq + (SELECT count(*) FROM entries) RETURNING seq AS last),
      noted AS (INSERT INTO ${changes} (seq, digest) SELECT last - (SELECT count(*) FROM entries) + place, digest FROM feed, entries)
      DELETE FROM ${changes} WHERE seq <= (SELECT last FROM feed) - ${CHANGES_KEPT}`),
    beginEpoch: `
      LOCK TABLE ${feed} IN EXCLUSIVE MODE;
      DELETE FROM ${changes};
      INSERT INTO ${feed} DEFAULT VALUES ON CONFLICT (only_one) DO UPDATE SET epoch = excluded.epoch`
  }
}

const isReplica = 'pg_is_in_recovery() AS "isReplica"'

/** Answers at least one row, of which `found` may be missing, so that it always tells whether the server is a replica. */
function asPrimary (select: string): string {
  return `SELECT ${isReplica}, found.* FROM (SELECT 1) AS one LEFT JOIN LATERAL (${select}) AS found ON TRUE`
}

/** @param sql With question marks, as they are shared with other databases. */
function statement (sql: string, prepared = false): Statement {
  let count = 0
  const text = sql.replace(/\?/g, () => `$${++count}`)
  // Of a name there may be one statement on a connection, and a pool may serve stores of several schemas.
  const name = prepared ? `api_key_scopes_${createHash('sha256').update(text).digest('hex').slice(0, 16)}` : undefined
  return (...values) => ({ text, values: values as unknown[], ...(name === undefined ? {} : { name }) })
}
