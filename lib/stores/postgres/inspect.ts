import type { PostgresPool } from './driver.js'
import { historyOf } from './history.js'
import { refuseReplica } from './read.js'
import { literal, migrations, versionOf } from './schema.js'
import { onConnection } from './session.js'
import type { Settings } from './options.js'

/** What has to be known of a database before it can be used. */
export interface Found {
  readonly schema: string
  /** See `historyOf`. */
  readonly history: string
  /** Whether the tables are those of this version. */
  readonly isCurrent: boolean
}

/** Throws if the database cannot keep API keys, or if its tables are not those of this version and have to stay as they are. */
export async function inspect (pool: PostgresPool, { schema: wanted, writeTimeout, migrate }: Settings): Promise<Found> {
  return await onConnection(pool, writeTimeout, async (ask) => {
    const rows = async (text: string) => (await ask({ text }) as { rows: unknown[] }).rows
    const [place] = await rows(placeIn(wanted)) as [Place]
    refuseReplica(place)
    if (!ENCODINGS.includes(place.encoding)) {
      throw new Error(`the database has the encoding ${place.encoding}, which cannot hold every text; use one with UTF8 (CREATE DATABASE ... ENCODING 'UTF8' TEMPLATE template0)`)
    }
    const schema = place.schema
    if (schema === null) throw new Error('the role has no schema that it may look into; name one with the option schema, or set its search_path')
    const version = await versionOf(schema, rows)
    const isCurrent = version === migrations.length
    if (!isCurrent && !migrate) {
      const what = version === 0 ? `there are no tables of this package in the schema ${schema}` : `its tables have version ${version}, and this fastify-api-key-scopes needs version ${migrations.length}`
      throw new Error(`${what}; bring them up to date with a role that may do so: api-key-scopes migrate --store postgres://...`)
    }
    return { schema, history: await historyOf(ask), isCurrent }
  })
}

/** The schema that is named, else that where our tables are found, else the first. */
function placeIn (schema: string | null): string {
  const found = "(SELECT nspname FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace WHERE pg_class.oid = CAST(to_regclass('api_key_scopes_schema') AS OID))"
  return `SELECT pg_is_in_recovery() AS "isReplica", current_setting('server_encoding') AS encoding,
    CAST(${schema === null ? `coalesce(${found}, current_schema())` : literal(schema)} AS TEXT) AS schema`
}

/** Those that take the bytes of UTF-8 as they are. Others cannot hold every text, and order it otherwise. */
const ENCODINGS = ['UTF8', 'SQL_ASCII']

interface Place { readonly isReplica: boolean, readonly encoding: string, readonly schema: string | null }
