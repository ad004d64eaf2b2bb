import type { Migration } from '../../keys/store.js'
import { ownPool, placeOf, type ClosablePool, type PostgresPool } from './driver.js'
import { openError } from './errors.js'
import { gate, type Gate } from './gate.js'
import { inspect, type Found } from './inspect.js'
import { listen } from './listener.js'
import { notifier } from './notifier.js'
import type { Settings } from './options.js'
import { migrate } from './schema.js'
import { statementsOf, type Statements } from './statements.js'
import { turns, type InTurn } from './turns.js'
import { watchersBy, type Watchers } from './watchers.js'

/** An open database with our tables in it. */
export interface Connection extends Statements {
  readonly pool: PostgresPool
  /** Milliseconds for a read, and for a write. */
  readonly timeout: number
  readonly writeTimeout: number
  readonly inTurn: InTurn
  /** For lookups: so many that a flood of them does not keep the store from telling what has changed. */
  readonly reading: Gate
  readonly watchers: Watchers
  /** Tells all who watch, in whatever process, that something has changed. */
  tell (): void
  close (): Promise<void>
}

export interface Connector {
  open (): Promise<Connection>
  migrate (): Promise<Migration>
}

/** What opens the database of a store, and brings its tables up to date. */
export function connector (source: string | PostgresPool, settings: Settings): Connector {
  return {
    async open () {
      const found = await prepare(async (pool) => {
        const found = await inspect(pool, settings)
        if (!found.isCurrent) await migrate(pool, found.schema)
        return found
      })
      return connection(source, settings, found, await poolOf(source, CONNECTIONS, settings))
    },

    async migrate () {
      return await prepare(async (pool) => await migrate(pool, (await inspect(pool, { ...settings, migrate: true })).schema))
    }
  }

  /** What has to be done before the store can be used has more time than a read, and so a pool of its own. */
  async function prepare<Result> (work: (pool: PostgresPool) => Promise<Result>): Promise<Result> {
    const place = typeof source !== 'string' ? 'in the given pool' : await placeOf(source).catch((error) => { throw openError('in PostgreSQL', error) })
    const { pool, close } = await poolOf(source, 1, { ...settings, timeout: settings.writeTimeout })
    try {
      return await work(pool)
    } catch (error) {
      throw openError(place, error)
    } finally {
      await close()
    }
  }
}

function connection (source: string | PostgresPool, settings: Settings, { schema, history }: Found, { pool, close }: ClosablePool): Connection {
  const { timeout, writeTimeout, listen: listens, transactionPooler } = settings
  const { inTurn, done } = turns()
  const others = notifier(pool, schema, timeout)
  const watchers = watchersBy((hint) => {
    return listens === false ? async () => {} : listen(() => poolOf(listens === true ? source : listens, 1, settings), { schema, patience: timeout }, hint)
  })

  return {
    ...statementsOf({ schema, history, prepared: !transactionPooler }),
    pool,
    timeout,
    writeTimeout,
    inTurn,
    reading: gate(Math.max(1, connectionsOf(source, listens) - OTHERS)),
    watchers,
    tell () {
      watchers.hint()
      others.tell()
    },
    async close () {
      await watchers.end()
      await done()
      await others.done()
      await close()
    }
  }
}

/** The given pool, which stays open, or one of our own. */
async function poolOf (source: string | PostgresPool, max: number, { timeout, writeTimeout, transactionPooler }: Settings): Promise<ClosablePool> {
  if (typeof source !== 'string') return { pool: source, async close () {} }
  return await ownPool(source, { max, connecting: timeout, statements: transactionPooler ? undefined : writeTimeout })
}

/** How many there can be, beside the one that listens. */
function connectionsOf (source: string | PostgresPool, listens: boolean | string): number {
  if (typeof source === 'string') return CONNECTIONS
  return (source.options?.max ?? CONNECTIONS) - (listens === true ? 1 : 0)
}

/** Of one process, beside the one that listens. */
const CONNECTIONS = 10

/** That are kept for those who ask what has changed, for those who change something, and for those who tell of it. */
const OTHERS = 3
