import { didYouMean, show } from '../../scopes/faults.js'

export interface PostgresOptions {
  /** The schema of the tables. Default: where they are in the search path of the role, else its first schema. It is made if it is not there. */
  readonly schema?: string
  /** Milliseconds that a read may take, connecting included; then it rejects. Default 1000. */
  readonly timeout?: number
  /** Milliseconds that a write may take, from the call on; then it rejects, and whether it was done is not known. Default 5000. */
  readonly writeTimeout?: number
  /** Whether `open` brings the tables to the newest version. Default true. With false, it refuses older ones. */
  readonly migrate?: boolean
  /**
   * Whether this process listens to what others tell of changes. Default true, on one connection: of its own, or with a `Pool` one
   * that is taken from it for good. A connection string: on one to there, for a pooler cannot pass on what is told. With
   * false, changes are found by asking alone.
   */
  readonly listen?: boolean | string
  /**
   * Whether there is a pooler between that gives each transaction another connection to the server, such as PgBouncer with
   * `pool_mode = transaction`. Default false. With true, nothing is expected of a connection beyond one transaction: no
   * prepared statements, no settings, and no listening, unless `listen` is a connection string.
   */
  readonly transactionPooler?: boolean
}

/** All options, as they are if they are left out. */
export type Settings = Required<Omit<PostgresOptions, 'schema'>> & { readonly schema: string | null }

/** Throws a `TypeError` that names every option that is wrong. */
export function readOptions (options: PostgresOptions): Settings {
  const faults: string[] = []
  const { schema = null, timeout = 1000, writeTimeout = 5000, migrate = true, transactionPooler = false, listen = !transactionPooler } = options
  for (const name of Object.keys(options)) {
    if (!NAMES.includes(name)) faults.push(`there is no option ${show(name)}${didYouMean(name, NAMES)}`)
  }
  if (schema !== null && (typeof schema !== 'string' || schema === '' || Buffer.byteLength(schema) > 63)) faults.push(`schema must be the name of a schema, not ${show(schema)}`)
  for (const [name, value] of Object.entries({ timeout, writeTimeout })) {
    if (!Number.isInteger(value) || value < 1 || value > LONGEST) faults.push(`${name} must be a whole number of milliseconds from 1 to ${LONGEST}, not ${show(value)}`)
  }
  for (const [name, value] of Object.entries({ migrate, transactionPooler })) {
    if (typeof value !== 'boolean') faults.push(`${name} must be true or false, not ${show(value)}`)
  }
  if (typeof listen === 'string' ? !isConnectionString(listen) : typeof listen !== 'boolean') faults.push('listen must be true, false, or a connection string such as postgres://user:password@host:5432/database')
  if (listen === true && transactionPooler) faults.push('listen cannot be true with transactionPooler: give a connection string that leads to the server itself')
  if (faults.length > 0) throw new TypeError(`postgresStore: ${faults.join('; ')}`)
  return { schema, timeout, writeTimeout, migrate, listen, transactionPooler }
}

export function isConnectionString (value: unknown): value is string {
  return typeof value === 'string' && /^postgres(?:ql)?:\/\//.test(value)
}

const NAMES = ['schema', 'timeout', 'writeTimeout', 'migrate', 'listen', 'transactionPooler']

/** Longer ones timers do not keep. */
const LONGEST = 3_600_000
