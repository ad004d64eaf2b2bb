import { createPublicKey, type KeyObject } from 'node:crypto'
import type { FastifyBaseLogger } from 'fastify'
import { GitHubKeysUnavailableError } from './errors.js'

export interface GitHubKeysOptions {
  /** Where GitHub publishes them. */
  readonly url: string
  /** For GitHub's API, which asks strangers less often. `undefined`: none. */
  readonly token: string | undefined
  readonly log: FastifyBaseLogger
  /** How long GitHub may take, in milliseconds. */
  readonly timeout?: number
  /** Milliseconds that pass evenly. A parameter for tests alone. */
  readonly now?: () => number
}

/** The public keys with which GitHub's reports are checked, read when they are needed. */
export class GitHubKeys {
  readonly #options: GitHubKeysOptions
  readonly #now: () => number
  #keys: ReadonlyMap<string, KeyObject> = new Map()
  #readAt = -Infinity
  #failedAt = -Infinity
  #reading: Promise<void> | undefined

  constructor (options: GitHubKeysOptions) {
    this.#options = options
    this.#now = options.now ?? (() => performance.now())
  }

  /**
   * The key with this identifier, or `null` if GitHub has none. Anybody can make up identifiers: whatever is asked for, GitHub
   * is not, until a pause after the last answer is over.
   *
   * @throws {GitHubKeysUnavailableError} if the keys have to be read and cannot be.
   */
  async find (identifier: string): Promise<KeyObject | null> {
    const age = this.#now() - this.#readAt
    const known = age < LIFETIME ? this.#keys.get(identifier) : undefined
    if (known !== undefined || age < PAUSE) return known ?? null
    await this.#read()
    return this.#keys.get(identifier) ?? null
  }

  async #read (): Promise<void> {
    if (this.#now() - this.#failedAt < PAUSE_AFTER_FAILURE) throw new GitHubKeysUnavailableError()
    this.#reading ??= this.#replace().finally(() => { this.#reading = undefined })
    await this.#reading
  }

  async #replace (): Promise<void> {
    const began = this.#now()
    try {
      this.#keys = keysIn(await this.#ask())
      this.#readAt = began
    } catch (cause) {
      this.#failedAt = this.#now()
      this.#options.log.error({ err: cause }, 'the public keys of GitHub cannot be read, so leak reports cannot be checked')
      throw new GitHubKeysUnavailableError({ cause })
    }
  }

  async #ask (): Promise<string> {
    const { url, token, timeout = 5000 } = this.#options
    const response = await fetch(url, {
      headers: {
        accept: 'application/vnd.github+json',
        // GitHub refuses clients that do not name themselves.
        'user-agent': 'fastify-api-key-scopes',
        ...token !== undefined && { authorization: `Bearer ${token}` }
      },
      redirect: 'error',
      signal: AbortSignal.timeout(timeout)
    })
    if (response.status !== 200) {
      await response.body?.cancel()
      throw new Error(`${url} answered with status ${response.status}`)
    }
    const chunks: Uint8Array[] = []
    let size = 0
    for await (const chunk of response.body!) {
      size += chunk.length
      if (size > MOST_BYTES) throw new Error(`${url} answered with more than ${MOST_BYTES} bytes`)
      chunks.push(chunk)
    }
    return Buffer.concat(chunks).toString()
  }
}

/** In milliseconds: so long a key is used that GitHub may have withdrawn since. */
const LIFETIME = 24 * 3600_000

/** In milliseconds. GitHub answers strangers 60 times an hour, and there may be several processes behind one address. */
const PAUSE = 5 * 60_000
const PAUSE_AFTER_FAILURE = 30_000

/** GitHub's keys are about 1 KiB. */
const MOST_BYTES = 64 * 1024

/** `{ public_keys: [{ key_identifier, key, is_current }] }`, as far as the keys can be used: also those no longer current, for a report may be late. */
function keysIn (json: string): Map<string, KeyObject> {
  const { public_keys: published } = Object(JSON.parse(json)) as { public_keys?: unknown }
  const keys = new Map<string, KeyObject>()
  for (const entry of Array.isArray(published) ? published : []) {
    const { key_identifier: identifier, key } = Object(entry) as Record<string, unknown>
    const read = typeof identifier === 'string' && typeof key === 'string' ? readKey(key) : undefined
    if (read !== undefined) keys.set(identifier as string, read)
  }
  if (keys.size === 0) throw new Error('there is no P-256 public key in the answer')
  return keys
}

function readKey (pem: string): KeyObject | undefined {
  try {
    const key = createPublicKey(pem)
    return key.asymmetricKeyDetails?.namedCurve === 'prime256v1' ? key : undefined
  } catch {
    return undefined
  }
}
