import { resolve } from 'node:path'
import { sameFile } from './file-identity.js'
import { openDatabase, prepare, switchToWal, type OwnHandle, type SqliteHandle } from './driver.js'
import { openError } from './errors.js'
import { migrate, refuseForeign } from './schema.js'
import { statementsOf, type Statements } from './statements.js'
import { watchersBy, type Watchers } from './watchers.js'

/** An open database with our tables in it. */
export interface Connection extends Statements {
  readonly handle: SqliteHandle
  readonly watchers: Watchers
  /** Whether the file that was opened is still the one at its path. */
  isInPlace (): boolean
  close (): void
}

/** What opens the database of a store. */
export function connector (source: string | SqliteHandle): () => Promise<Connection> {
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
    return connection(handle, isInPlace, () => { handle.close() })
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
    return connection(handle, () => true, () => {})
  } catch (cause) {
    throw openError(undefined, cause as Error)
  }
}

function connection (handle: SqliteHandle, isInPlace: () => boolean, close: () => void): Connection {
  const statements = statementsOf(handle)
  const watchers = watchersBy(statements.dataVersion)
  return {
    handle,
    ...statements,
    watchers,
    isInPlace,
    close () {
      watchers.end()
      close()
    }
  }
}

/** Milliseconds for which a write waits for that of another process. */
const PATIENCE = 2000

/** `synchronous`, as a number. */
const FULL = 2
