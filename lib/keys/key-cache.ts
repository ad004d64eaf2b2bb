import { BoundedMap } from './bounded-map.js'
import type { Mark } from './change-marks.js'
import { elapsed, isWithin, now, systemClock, type After, type Clock, type Moment } from './clock.js'
import type { KnownKey } from './known-key.js'
import type { Lease } from './lease.js'
import { within } from './within.js'

/** What a lookup found: the key, or why there is none to use. */
export type Found = KnownKey | 'unknown' | 'corrupt'

/** What was found, and whether the store tells of all that could make it untrue. */
export interface Answer {
  readonly found: Found
  readonly isToldOf: boolean
}

export interface KeyCacheOptions {
  /** The digests under which a key may stand in the store, by its fingerprint. */
  readonly digestsOf: (fingerprint: string) => readonly string[]
  /** Asks the store. */
  readonly read: (digests: readonly string[]) => Promise<Answer>
  readonly lease: Lease
  /** How long after the start of a read its answer may be used without a lease, in milliseconds. `0`: never again. */
  readonly maxStaleness: number
  /** How long a read may take, in milliseconds; then it has failed. */
  readonly timeout: number
  /** What to reject with when a read takes too long. */
  readonly timedOut: () => Error
  readonly clock?: Clock
  readonly wait?: After
  readonly maxKeys?: number
  readonly maxMisses?: number
}

interface Entry extends Answer { readonly mark: Mark, readonly readAt: Moment }
interface Flight { readonly entry: Promise<Entry>, readonly mark: Mark }

/**
 * Remembers what the store said of each key, by the key's fingerprint, and asks once when many want to know.
 *
 * An answer is used while the records it is about are not told to have changed since its read *began*; and then for as long as
 * the lease lasts, or for `maxStaleness` after the read began, whichever is longer. Misses have a space of their own, so that a
 * flood of made-up keys cannot drive out the real ones.
 */
export class KeyCache {
  readonly #options: KeyCacheOptions
  readonly #clock: Clock
  readonly #keys: BoundedMap<string, Entry>
  readonly #misses: BoundedMap<string, Entry>
  readonly #flights = new Map<string, Flight>()

  constructor (options: KeyCacheOptions) {
    this.#options = options
    this.#clock = options.clock ?? systemClock
    this.#keys = new BoundedMap(options.maxKeys ?? 100_000)
    this.#misses = new BoundedMap(options.maxMisses ?? 10_000)
  }

  /** What is known and may be used, without asking. */
  peek (fingerprint: string): Found | undefined {
    const entry = this.#keys.get(fingerprint) ?? this.#misses.get(fingerprint)
    return entry !== undefined && this.#mayUse(entry) ? entry.found : undefined
  }

  /** What is known and may be used, else what the store says. Rejects if it cannot say, or not in time. */
  async find (fingerprint: string): Promise<Found> {
    const known = this.peek(fingerprint)
    if (known !== undefined) return known

    const { lease, maxStaleness, digestsOf } = this.#options
    const flight = this.#flights.get(fingerprint)
    if (flight !== undefined && maxStaleness > 0 && lease.marks.holds(flight.mark)) return (await flight.entry).found

    const digests = digestsOf(fingerprint)
    const mark = lease.marks.take(digests)
    const entry = this.#ask(digests, mark)
    this.#flights.set(fingerprint, { entry, mark })
    try {
      this.#remember(fingerprint, await entry)
    } finally {
      if (this.#flights.get(fingerprint)?.entry === entry) this.#flights.delete(fingerprint)
    }
    return (await entry).found
  }

  #mayUse (entry: Entry): boolean {
    const { lease, maxStaleness } = this.#options
    if (!lease.marks.holds(entry.mark)) return false
    return (entry.isToldOf && lease.covers()) || isWithin(maxStaleness, entry.readAt, this.#clock)
  }

  #remember (fingerprint: string, entry: Entry): void {
    if (this.#options.maxStaleness === 0 || !this.#options.lease.marks.holds(entry.mark)) return
    const [space, other] = typeof entry.found === 'object' ? [this.#keys, this.#misses] : [this.#misses, this.#keys]
    space.set(fingerprint, entry)
    other.delete(fingerprint)
  }

  async #ask (digests: readonly string[], mark: Mark): Promise<Entry> {
    // A process that was too busy, or asleep, to take an answer in time does not know what is true now: it asks again, once.
    const entry = await this.#read(digests, mark) ?? await this.#read(digests, mark)
    if (entry === undefined) throw this.#options.timedOut()
    return entry
  }

  /** Rejects if the store does not answer in time; `undefined` if it did, but this process was late to take the answer. */
  async #read (digests: readonly string[], mark: Mark): Promise<Entry | undefined> {
    const { read, timeout, timedOut, wait } = this.#options
    const readAt = now(this.#clock)
    const { found, isToldOf } = await within(timeout, read(digests), timedOut, wait)
    // Not by spreading the answer: V8 finds the members of what is made so far more slowly, at each request.
    return elapsed(readAt, now(this.#clock)) > timeout ? undefined : { found, isToldOf, mark, readAt }
  }
}
