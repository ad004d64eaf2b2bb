import { didYouMean, show } from '../../scopes/faults.js'
import { storeError } from '../errors.js'

export interface RedisStoreOptions {
  /**
   * What the names of all keys of this store in Redis begin with. Has a hash tag, a part in braces, which keeps them together
   * in a cluster. Default: `{api-key-scopes}`.
   */
  readonly prefix?: string
  /** Milliseconds that connecting, and anything that is read, may take: 10 to 60,000. Default: 1000. */
  readonly timeout?: number
  /** Milliseconds that a change may take: `timeout` to 60,000. Default: 5000, or `timeout` if that is more. */
  readonly writeTimeout?: number
  /**
   * Opens the store though this Redis may lose what was acknowledged, revocations too: because it may evict keys, because it
   * does not persist in an append-only file, or because it does not tell. Default: `false`.
   */
  readonly allowDataLoss?: boolean
}

/** All options, or a `TypeError` that names every one that is wrong. */
export function readOptions (options: RedisStoreOptions): Required<RedisStoreOptions> {
  const { prefix = '{api-key-scopes}', timeout = 1000, writeTimeout = Math.max(5000, timeout), allowDataLoss = false, ...others } = options
  const faults = [
    ...Object.keys(others).map(name => `there is no option ${show(name)}${didYouMean(name, NAMES)}`),
    ...typeof prefix === 'string' && HASH_TAGGED.test(prefix) ? [] : [`prefix must be a text of at most 100 characters with a hash tag, such as "{acme-keys}", not ${show(prefix)}`],
    ...Number.isInteger(timeout) && timeout >= 10 && timeout <= 60_000 ? [] : [`timeout must be a whole number of milliseconds from 10 to 60000, not ${show(timeout)}`],
    ...Number.isInteger(writeTimeout) && writeTimeout >= timeout && writeTimeout <= 60_000 ? [] : [`writeTimeout must be a whole number of milliseconds from timeout to 60000, not ${show(writeTimeout)}`],
    ...typeof allowDataLoss === 'boolean' ? [] : [`allowDataLoss must be true or false, not ${show(allowDataLoss)}`]
  ]
  if (faults.length > 0) throw new TypeError(`redisStore: ${faults.join('; ')}`)
  return { prefix, timeout, writeTimeout, allowDataLoss }
}

/** Where the server of a URL is, and who asks. */
export interface Address {
  readonly host: string
  readonly port: number
  readonly username: string | undefined
  readonly password: string | undefined
  readonly db: number
  readonly tls: object | undefined
}

/** Errors never show the URL, which may hold a password. */
export function readUrl (text: string): Address {
  const url = URL.canParse(text) ? new URL(text) : undefined
  const [, secure] = /^(?:redis|valkey)(s?):$/.exec(url?.protocol ?? '') ?? []
  const [, db] = /^\/?(\d{0,5})$/.exec(url?.pathname ?? '') ?? []
  const username = decoded(url?.username)
  const password = decoded(url?.password)
  if (!url?.hostname || secure === undefined || db === undefined || username === null || password === null || url.search + url.hash !== '') {
    throw new TypeError('redisStore needs a client of ioredis or iovalkey, or a URL such as redis://user:password@host:6379/0, or with rediss:, valkey: or valkeys:')
  }
  return {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: Number(url.port || 6379),
    username,
    password,
    db: Number(db),
    tls: secure === 's' ? {} : undefined
  }
}

/** The error of an `open` that failed: where, and why, with what to do about it. */
export function openError (place: string, why: string): Error {
  return storeError('FST_API_KEY_STORE_OPEN', `Cannot open the API key store in Redis at ${place}: ${why}`)
}

const NAMES = ['prefix', 'timeout', 'writeTimeout', 'allowDataLoss']

/** The first opening brace, and something before the next closing one: what Redis itself looks for. */
const HASH_TAGGED = /^(?=.{3,100}$)[^{]*\{[^}]+\}/u

/** `null`: it cannot be. */
function decoded (text: string | undefined): string | undefined | null {
  try {
    return text ? decodeURIComponent(text) : undefined
  } catch {
    return null
  }
}
