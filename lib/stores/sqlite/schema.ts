import { prepare, writing, type SqliteHandle } from './driver.js'

/**
 * Brings the tables to the newest version. Safe when several processes start at once: each reads the version again
 * while it alone may write. Throws if the tables are newer than this code, or nothing can be written.
 */
export function migrate (handle: SqliteHandle): void {
  writing(handle, () => {
    for (const migration of migrations.slice(schemaVersion(handle))) handle.exec(migration)
    // Written even when nothing changed: that the file is read-only must come out now, not at the first revocation.
    handle.exec(`UPDATE api_key_scopes_schema SET version = ${migrations.length}`)
  })
}

/** Throws, before anything is changed, if the file holds tables but not ours. */
export function refuseForeign (handle: SqliteHandle): void {
  // In one statement: another process may be creating our tables right now.
  const { ours } = prepare(handle, "SELECT max(name = 'api_key_scopes_schema') AS ours FROM sqlite_schema").get() as Found
  if (ours !== 0) return
  throw new Error(
    'it is a database of something else; choose a file of its own, ' +
    'or, to keep the keys in that database, open it yourself and pass the handle: sqliteStore(database)')
}

/** The version of our tables; 0 if there are none yet. */
function schemaVersion (handle: SqliteHandle): number {
  const table = prepare(handle, "SELECT name FROM sqlite_schema WHERE name = 'api_key_scopes_schema'").get()
  if (table === undefined) return 0
  const { version } = prepare(handle, 'SELECT version FROM api_key_scopes_schema').get() as { version: number }
  if (version > migrations.length) {
    throw new Error(
      `its tables have version ${version}, and this fastify-api-key-scopes knows versions up to ${migrations.length}; ` +
      'update the package')
  }
  return Number(version)
}

/** `null`: the file is empty. */
interface Found { readonly ours: 0 | 1 | null }

/** Each is run once, in order. Never change one that was released: add the next. */
const migrations = [`
  CREATE TABLE api_key_scopes_schema (version INTEGER NOT NULL) STRICT;
  INSERT INTO api_key_scopes_schema (version) VALUES (0);

  CREATE TABLE api_key_scopes_keys (
    id TEXT NOT NULL PRIMARY KEY COLLATE BINARY,
    digest TEXT NOT NULL UNIQUE COLLATE BINARY,
    name TEXT NOT NULL,
    owner_id TEXT COLLATE BINARY,
    start TEXT NOT NULL,
    scopes TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER,
    revoked_at INTEGER,
    disabled_at INTEGER,
    last_used_at INTEGER,
    metadata TEXT NOT NULL,
    rotated_from TEXT,
    pepper_version INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX api_key_scopes_keys_by_creation ON api_key_scopes_keys (created_at, id);
  CREATE INDEX api_key_scopes_keys_by_owner ON api_key_scopes_keys (owner_id, created_at, id);
`, `
  ALTER TABLE api_key_scopes_keys ADD COLUMN revoked_reason TEXT;
  CREATE UNIQUE INDEX api_key_scopes_keys_by_predecessor ON api_key_scopes_keys (rotated_from) WHERE rotated_from IS NOT NULL;

  CREATE TABLE api_key_scopes_uses (
    key_id TEXT NOT NULL COLLATE BINARY,
    demand TEXT NOT NULL COLLATE BINARY,
    last_at INTEGER NOT NULL,
    PRIMARY KEY (key_id, demand)
  ) STRICT, WITHOUT ROWID;
`, `
  CREATE TABLE api_key_scopes_feed (epoch TEXT NOT NULL) STRICT;
  INSERT INTO api_key_scopes_feed (epoch) VALUES (lower(hex(randomblob(16))));

  -- The last one is always kept, so that the next is counted on from it. No digest: all records may have changed.
  CREATE TABLE api_key_scopes_changes (seq INTEGER NOT NULL PRIMARY KEY, digest TEXT COLLATE BINARY) STRICT;
`, `
  -- The few among very many, in the order of lists.
  CREATE INDEX api_key_scopes_keys_revoked ON api_key_scopes_keys (created_at, id) WHERE revoked_at IS NOT NULL;
  CREATE INDEX api_key_scopes_keys_disabled ON api_key_scopes_keys (created_at, id) WHERE disabled_at IS NOT NULL;
`]
