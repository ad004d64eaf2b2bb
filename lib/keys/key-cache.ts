import { BoundedMap } from './bounded-map.js'
import type { KnownKey } from './known-key.js'
import { within } from './within.js'

/** What a lookup found: the key, or why there is none to use. */
export type Found = KnownKey | 'unknown' | 'corrupt'

export interface KeyCacheOptions {
  /** Asks the store. */
  readonly read: (fingerprint: string) => Promise<Found>
  /** How long after the start of a read its answer may be used, in milliseconds. `0`: never again. */
  readonly maxStaleness: number
  /** How long a read may take, in milliseconds; then it has failed. */
  readonly timeout: number
  /** What to reject with when a read takes too long. */
  readonly timedOut: () => Error
  /** A clock that never jumps, in milliseconds; but it may stand still while the machine sleeps. */
  readonly now?: () => number
  /** A clock that goes on while the machine sleeps, in milliseconds; but it may be set. */
  readonly wall?: () => number
  readonly maxKeys?: number
  readonly maxMisses?: number
}

interface Entry { readonly found: Found, readonly readAt: number, readonly wallAt: number }
interface Flight { readonly answer: Promise<Found>, readonly generation: number }

/**
 * Remembers what the store said of each key, by the key's fingerprint, and asks once when many want to know.
 *
 * An answer is used for at most `maxStaleness` after its read *began*, for what was true then is all it knows.
 * Misses have a space of their own, so that a flood of made-up keys cannot drive out the real ones.
 */
export class KeyCache {
  readonly #options: KeyCacheOptions
  readonly #now: () => number
  readonly #wall: () => number
  readonly #keys: BoundedMap<string, Entry>
  readonly #misses: BoundedMap<string, Entry>
  readonly #flights = new Map<string, Flight>()
  /** Counts the changes made through this process: a read that began before one must not be believed after it. */
  #generation = 0

  constructor (options: KeyCacheOptions) {
    this.#options = options
    this.#now = options.now ?? (() => performance.now())
    this.#wall = options.wall ?? (() => Date.now())
    this.#keys = new BoundedMap(options.maxKeys ?? 100_000)
    this.#misses = new BoundedMap(options.maxMisses ?? 10_000)
  }

  /** What is known and still fresh, without asking. */
  peek (fingerprint: string): Found | undefined {
    const entry = this.#keys.get(fingerprint) ?? this.#misses.get(fingerprint)
    if (entry === undefined) return undefined
    const { maxStaleness } = this.#options
    return this.#now() - entry.readAt < maxStaleness && this.#wall() - entry.wallAt < maxStaleness ? entry.found : undefined
  }

  /** What is known and still fresh, else what the store says. Rejects if it cannot say, or not in time. */
  async find (fingerprint: string): Promise<Found> {
    const known = this.peek(fingerprint)
    if (known !== undefined) return known

    const flight = this.#flights.get(fingerprint)
    if (flight !== undefined && flight.generation === this.#generation && this.#options.maxStaleness > 0) return await flight.answer

    const generation = this.#generation
    const answer = this.#ask(fingerprint, generation)
    this.#flights.set(fingerprint, { answer, generation })
    try {
      return await answer
    } finally {
      if (this.#flights.get(fingerprint)?.answer === answer) this.#flights.delete(fingerprint)
    }
  }

  /** A key was made in this process: whatever was unknown may be known from now on. */
  keyAdded (fingerprint: string): void {
    this.#generation++
    this.#misses.delete(fingerprint)
  }

  /** Keys were changed in this process: what is remembered of them is no longer true. */
  keysChanged (concerns: (key: KnownKey) => boolean): void {
    this.#generation++
    this.#keys.deleteWhere(({ found }) => typeof found === 'object' && concerns(found))
  }

  async #ask (fingerprint: string, generation: number): Promise<Found> {
    const { timedOut, maxStaleness } = this.#options
    // A process that was too busy, or asleep, to take an answer in time does not know what is true now: it asks again, once.
    const entry = await this.#read(fingerprint) ?? await this.#read(fingerprint)
    if (entry === undefined) throw timedOut()
    if (generation === this.#generation && maxStaleness > 0) {
      const [space, other] = typeof entry.found === 'object' ? [this.#keys, this.#misses] : [this.#misses, this.#keys]
      space.set(fingerprint, entry)
      other.delete(fingerprint)
    }
    return entry.found
  }

  /** Rejects if the store does not answer in time; `undefined` if it did, but this process was late to take the answer. */
  async #read (fingerprint: string): Promise<Entry | undefined> {
    const { read, timeout, timedOut } = this.#options
    const [readAt, wallAt] = [this.#now(), this.#wall()]
    const found = await within(timeout, read(fingerprint), timedOut)
    return this.#now() - readAt > timeout || this.#wall() - wallAt > timeout ? undefined : { found, readAt, wallAt }
  }
}
