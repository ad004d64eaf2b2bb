/**
 * What the Redis store needs of a client: a `Redis` or `Cluster` of `ioredis`, or of `iovalkey`, has it. From there the store
 * takes the settings for connections of its own.
 */
export interface RedisClient {
  readonly isCluster: boolean
  duplicate (...overrides: never[]): unknown
}

/** A connection of the store's own. */
export interface Connection {
  /** `ready`: what is sent now goes out at once. */
  readonly status: string
  connect (): Promise<unknown>
  disconnect (reconnect?: boolean): void
  on (event: 'error', listener: (error: Error) => void): this
  on (event: 'connect' | 'ready' | 'close' | 'end', listener: () => void): this
  cluster (subcommand: 'INFO'): Promise<string>
  eval (text: string, keys: number, ...words: string[]): Promise<unknown>
  evalsha (sha: string, keys: number, ...words: string[]): Promise<unknown>
  xread (...words: Array<string | number>): Promise<unknown>
}

/** In milliseconds. */
export interface ConnectionSettings {
  /** How long connecting may take. */
  readonly timeout: number
  /** How long a command may go without an answer until the connection is given up. */
  readonly silence: number
}

/**
 * Settings of ioredis for a connection to one server. A command is sent at once or not at all, and never a second time: what was
 * reported as failed must not happen minutes later.
 */
export function serverSettings ({ timeout, silence }: ConnectionSettings) {
  return {
    ...commonSettings(timeout, silence),
    lazyConnect: true,
    enableOfflineQueue: false,
    retryStrategy: retryAfter,
    // It is the master no more: whoever knows the new one (a name, a Sentinel) is asked again.
    reconnectOnError: (error: Error) => error.message.startsWith('READONLY')
  }
}

/** For those to the servers of a cluster. Each server is waited for while it is being connected to, and for no longer. */
export function clusterSettings ({ timeout, silence }: ConnectionSettings, redisOptions: object = {}) {
  return {
    lazyConnect: true,
    enableOfflineQueue: true,
    enableAutoPipelining: false,
    keyPrefix: '',
    scaleReads: 'master',
    slotsRefreshTimeout: timeout,
    // Redirected, or told to try again, for as long as somebody waits for the answer. After the loss of a connection: not again.
    maxRedirections: Math.max(4, Math.ceil(timeout / TRY_AGAIN_AFTER)),
    retryDelayOnTryAgain: TRY_AGAIN_AFTER,
    retryDelayOnClusterDown: TRY_AGAIN_AFTER,
    retryDelayOnFailover: 0,
    clusterRetryStrategy: retryAfter,
    redisOptions: { ...redisOptions, ...commonSettings(timeout, silence) }
  }
}

function commonSettings (timeout: number, silence: number) {
  return {
    connectTimeout: timeout,
    commandTimeout: undefined,
    socketTimeout: silence,
    // One that is given up need not end in good order.
    disconnectTimeout: 100,
    enableReadyCheck: true,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    enableAutoPipelining: false,
    // The store has a prefix of its own.
    keyPrefix: '',
    readOnly: false,
    stringNumbers: false,
    replyMapping: 'legacy'
  }
}

function retryAfter (times: number): number {
  return Math.min(50 * times, 500) + Math.random() * 50
}

const TRY_AGAIN_AFTER = 100
