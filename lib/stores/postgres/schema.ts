import type { Migration } from '../../keys/store.js'
import type { PostgresPool } from './driver.js'
import { transaction } from './transaction.js'

/** Each is run once, in order, and may be run by hand as well. Never change one that was released: add the next. */
export const migrations: readonly string[] = [`
CREATE TABLE api_key_scopes_schema (version INTEGER NOT NULL);
INSERT INTO api_key_scopes_schema (version) VALUES (1);

CREATE TABLE api_key_scopes_keys (
  id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
  digest TEXT COLLATE "C" NOT NULL UNIQUE,
  name TEXT NOT NULL,
  owner_id TEXT COLLATE "C",
  start TEXT NOT NULL,
  scopes TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  expires_at BIGINT,
  revoked_at BIGINT,
  disabled_at BIGINT,
  last_used_at BIGINT,
  metadata TEXT NOT NULL,
  rotated_from TEXT COLLATE "C" UNIQUE,
  pepper_version BIGINT NOT NULL,
  revoked_reason TEXT
);
CREATE INDEX api_key_scopes_keys_by_creation ON api_key_scopes_keys (created_at, id);
CREATE INDEX api_key_scopes_keys_by_owner ON api_key_scopes_keys (owner_id, created_at, id);
-- The few among very many, for lists.
CREATE INDEX api_key_scopes_keys_revoked ON api_key_scopes_keys (created_at, id) WHERE revoked_at IS NOT NULL;
CREATE INDEX api_key_scopes_keys_disabled ON api_key_scopes_keys (created_at, id) WHERE disabled_at IS NOT NULL;
CREATE INDEX api_key_scopes_keys_expiring ON api_key_scopes_keys (expires_at) WHERE expires_at IS NOT NULL;

-- A demand may be too long for an index; its digest is not.
CREATE TABLE api_key_scopes_uses (
  key_id TEXT COLLATE "C" NOT NULL,
  demand_digest TEXT COLLATE "C" NOT NULL,
  demand TEXT NOT NULL,
  last_at BIGINT NOT NULL,
  PRIMARY KEY (key_id, demand_digest)
);

-- One row, which all who change something lock first.
CREATE TABLE api_key_scopes_feed (
  only_one BOOLEAN NOT NULL DEFAULT TRUE PRIMARY KEY CHECK (only_one),
  epoch TEXT NOT NULL DEFAULT gen_random_uuid(),
  seq BIGINT NOT NULL DEFAULT 0
);
INSERT INTO api_key_scopes_feed DEFAULT VALUES;

-- No digest: all records may have changed.
CREATE TABLE api_key_scopes_changes (seq BIGINT NOT NULL PRIMARY KEY, digest TEXT);
`]

/** Brings the tables to the newest version. Safe when several processes do so at once: each reads the version again once it is alone. */
export async function migrate (pool: PostgresPool, schema: string, steps = migrations): Promise<Migration> {
  const identifier = quoted(schema)
  const first = `SELECT pg_advisory_xact_lock(${LOCK}); SELECT 1 FROM pg_namespace WHERE nspname = ${literal(schema)}`
  return await transaction(pool, PATIENCE, first, async (ask, found) => {
    if ((found as Rows).rows.length === 0) await ask({ text: `CREATE SCHEMA ${identifier}` })
    const from = await versionOf(schema, async (text) => (await ask({ text }) as Rows).rows, steps.length)
    // Only that schema, so that the tables come to be there, whatever others the role would look into.
    await ask({ text: [`SET LOCAL search_path TO ${identifier}`, ...steps.slice(from)].join(';\n') })
    return { from, to: steps.length }
  })
}

/** The version of our tables; 0 if there are none. Throws if they are newer than this code. */
export async function versionOf (schema: string, rows: (text: string) => Promise<readonly unknown[]>, newest = migrations.length): Promise<number> {
  const table = `${quoted(schema)}.api_key_scopes_schema`
  const [found] = await rows(`SELECT to_regclass(${literal(table)}) IS NOT NULL AS "isThere"`) as [{ isThere: boolean }]
  if (!found.isThere) return 0
  const [row] = await rows(`SELECT CAST(max(version) AS TEXT) AS version FROM ${table}`) as [{ version: string | null }]
  const version = Number(row.version)
  if (version <= newest) return version
  throw new Error(`its tables have version ${version}, and this fastify-api-key-scopes knows versions up to ${newest}; update the package`)
}

export function quoted (identifier: string): string {
  return `"${identifier.replaceAll('"', '""')}"`
}

export function literal (text: string): string {
  // The form with E means the same whatever `standard_conforming_strings` is set to.
  return `E'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`
}

/** Of all who use an advisory lock in this database, hopefully nobody else takes this number. */
const LOCK = 7_301_846_295_113

/** Milliseconds for which a process waits for others that do the same, and for everything else. */
const PATIENCE = 60_000

interface Rows { readonly rows: readonly unknown[] }
