import { setImmediate } from 'node:timers/promises'

/**
 * What the SQLite store uses of a database: a `DatabaseSync` of `node:sqlite` and a `Database` of `libsql` or
 * `better-sqlite3` all have it.
 */
export interface SqliteHandle {
  exec (sql: string): unknown
  prepare (sql: string): SqliteStatement
}

export interface SqliteStatement {
  get (...values: SqliteValue[]): unknown
  all (...values: SqliteValue[]): unknown[]
  run (...values: SqliteValue[]): unknown
}

export type SqliteValue = string | number | null

/** A database that this package opened, and therefore closes. */
export interface OwnHandle extends SqliteHandle { close (): unknown }

/** Opens a database file with what this Node has: its own SQLite (22.13 and later), or else the `libsql` package. */
export async function openDatabase (path: string, load: Load = (name) => import(name)): Promise<OwnHandle> {
  const Database = await load('node:sqlite').then((sqlite) => sqlite.DatabaseSync!, () => libsql(load))
  return new Database(path)
}

/** Prepares a statement whose rows are objects, also where the handle was set to give arrays. */
export function prepare (handle: SqliteHandle, sql: string): SqliteStatement {
  const statement: SqliteStatement & { setReturnArrays?(enabled: boolean): void } = handle.prepare(sql)
  statement.setReturnArrays?.(false)
  return statement
}

/**
 * Lets readers go on while another process writes. Tried again while the file is locked, for at most `patience`
 * milliseconds: SQLite itself does not wait when several processes make this switch on a new file at the same moment.
 */
export async function switchToWal (handle: SqliteHandle, patience: number): Promise<void> {
  const deadline = performance.now() + patience
  while (true) {
    try {
      handle.exec('PRAGMA journal_mode = WAL')
      return
    } catch (error) {
      if (!/locked/.test((error as Error).message) || performance.now() >= deadline) throw error
      await setImmediate()
    }
  }
}

/** All of `work` or nothing. Rejected by SQLite inside a transaction of the caller's, who could still undo what we promised. */
export function writing<Result> (handle: SqliteHandle, work: () => Result): Result {
  return transaction(handle, 'BEGIN IMMEDIATE', work)
}

/** Reads what was written last. Rejected by SQLite inside a transaction of the caller's, which sees what was there when it began. */
export function reading<Result> (handle: SqliteHandle, work: () => Result): Result {
  return transaction(handle, 'BEGIN', work)
}

function transaction<Result> (handle: SqliteHandle, begin: string, work: () => Result): Result {
  handle.exec(begin)
  try {
    const result = work()
    handle.exec('COMMIT')
    return result
  } catch (error) {
    rollBack(handle)
    throw error
  }
}

type Load = (name: string) => Promise<Record<string, new (path: string) => OwnHandle>>

async function libsql (load: Load): Promise<new (path: string) => OwnHandle> {
  try {
    return (await load('libsql')).default!
  } catch (cause) {
    throw new Error(
      'this Node has no SQLite of its own and the libsql package is not there; ' +
      'install it (npm install libsql) or use Node 22.13 or later', { cause })
  }
}

function rollBack (handle: SqliteHandle): void {
  try {
    handle.exec('ROLLBACK')
  } catch {
    // After some errors (a full disk) SQLite has rolled back by itself; the error that matters is the first one.
  }
}
