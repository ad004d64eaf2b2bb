import { Socket } from 'node:net'

/** What the PostgreSQL store uses of a `Pool` of `pg`. */
export interface PostgresPool {
  connect (): Promise<PostgresClient>
  readonly options?: { readonly max?: number }
  /** Whether its owner has asked it to end, for which it waits until all of its connections are given back. */
  readonly ending?: boolean
}

/** One connection of a pool. */
export interface PostgresClient {
  query (query: PostgresQuery): Promise<unknown>
  release (destroy?: boolean): void
  on (event: string, listener: (message: any) => void): unknown
  off (event: string, listener: (message: any) => void): unknown
  /** `I`: in none. */
  getTransactionStatus? (): string | null
}

export interface PostgresQuery {
  text: string
  /** A statement with a name is prepared once on each connection. */
  name?: string
  /** Without any, the text may be several statements. */
  values?: unknown[]
}

/** A pool, and what is to be done with it in the end. */
export interface ClosablePool {
  readonly pool: PostgresPool
  /** Bounded, and leaves nothing behind, also where the server does not answer. */
  close (): Promise<void>
}

export interface OwnPoolOptions {
  readonly max: number
  /** Milliseconds for connecting, and for waiting for a connection. */
  readonly connecting: number
  /** Milliseconds after which the server gives a statement up; `undefined`: left to the server. */
  readonly statements: number | undefined
}

/** A pool of the `pg` package. Its connections keep no process alive. */
export async function ownPool (connectionString: string, { max, connecting, statements }: OwnPoolOptions): Promise<ClosablePool> {
  const { Pool } = await loadPg()
  const sockets = new Set<Socket>()
  const pool = new Pool({
    connectionString,
    max,
    connectionTimeoutMillis: connecting,
    keepAlive: true,
    allowExitOnIdle: true,
    fallback_application_name: 'fastify-api-key-scopes',
    ...(statements === undefined ? {} : { statement_timeout: statements }),
    stream () {
      const socket = new CarefulSocket()
      sockets.add(socket)
      socket.once('close', () => sockets.delete(socket))
      return socket
    }
  })
  // A connection that was lost while nobody used it: the next who needs one gets another.
  pool.on('error', () => {})
  // The pool lets go of a new connection a moment before anybody else can listen, and what nobody listens to ends the process.
  pool.on('connect', (client) => { client.on('error', () => {}) })

  return {
    pool,
    async close () {
      const patience = setTimeout(() => { for (const socket of sockets) socket.destroy() }, FAREWELL)
      await pool.end()
      await Promise.all([...sockets].map(async (socket) => await new Promise((resolve) => socket.once('close', resolve))))
      clearTimeout(patience)
    }
  }
}

/** A parser that does not understand an answer throws, where nobody would catch it: the process would end for a broken connection. */
class CarefulSocket extends Socket {
  override emit (event: string, ...values: any[]): boolean {
    try {
      return super.emit(event, ...values)
    } catch (error) {
      if (event !== 'data') throw error
      this.destroy(error as Error)
      return true
    }
  }
}

/** Where a connection string leads to, for error messages: without its password. */
export async function placeOf (connectionString: string): Promise<string> {
  const { Client } = await loadPg()
  // Where a password has a / of its own, what follows that would be taken for the database, and be shown.
  if (/^\w+:\/\/[^/?#]*[/?#].*@/s.test(connectionString)) throw noAddress()
  try {
    const { host, port, database, user } = new Client({ connectionString })
    return `at ${host}:${port}/${database}, as ${user}`
  } catch (error) {
    const { syscall, message } = error as { syscall?: string, message: string }
    if (syscall !== undefined) throw new Error(`the connection string names a file that cannot be read (${message})`)
    // What others say of it quotes it, with the password.
    throw noAddress()
  }
}

function noAddress (): Error {
  return new Error('the connection string is no address such as postgres://user:password@host:5432/database; in a password, write %, @, / and the like as encodeURIComponent does')
}

async function loadPg (): Promise<Pick<typeof import('pg'), 'Client' | 'Pool'>> {
  try {
    return (await import('pg')).default
  } catch (cause) {
    throw new Error('the pg package is not there; install it: npm install pg', { cause })
  }
}

/** Milliseconds for what is still going on, and for the server to close its ends. */
const FAREWELL = 1000
