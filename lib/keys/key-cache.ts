import { randomBytes } from 'node:crypto'
import type { Mark } from './change-marks.js'
import { elapsed, now, systemClock, type After, type Clock, type Moment } from './clock.js'
import type { KnownKey } from './known-key.js'
import type { Lease } from './lease.js'
import { Remembered, type Validity } from './remembered.js'
import { tagger, type Tag } from './tag.js'
import { NONE } from './tag-table.js'
import { within } from './within.js'

/** What a lookup found: the key, or why there is none to use. */
export type Found = KnownKey | 'unknown' | 'corrupt'

/** What was found, and whether the store tells of all that could make it untrue. */
export interface Answer {
  readonly found: Found
  readonly isToldOf: boolean
}

export interface KeyCacheOptions {
  /** The digests under which the key may stand in the store. */
  readonly digestsOf: (credential: string) => readonly string[]
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
  readonly maxKeys?: number | undefined
  readonly maxMisses?: number
}

interface Entry extends Validity { readonly answer: Found }
interface Flight { readonly entry: Promise<Entry>, readonly mark: Mark }

/**
 * Remembers what the store said of each key, by the tag of its text, and asks once when many want to know.
 *
 * An answer is used while the records it is about are not told to have changed since its read *began*; and then for as long as
 * the lease lasts, or for `maxStaleness` after the read began, whichever is longer. Misses have a space of their own, so that a
 * flood of made-up keys cannot drive out the real ones.
 */
export class KeyCache {
  readonly #options: KeyCacheOptions
  readonly #clock: Clock
  /** No key is kept in memory, only what its text is known by, in this process alone. */
  readonly #tagOf = tagger(randomBytes(16))
  readonly #keys: Remembered<KnownKey>
  readonly #misses: Remembered<Exclude<Found, KnownKey>>
  /** By the first of the digests that are asked for. */
  readonly #flights = new Map<string, Flight>()

  constructor (options: KeyCacheOptions) {
    const { marks } = options.lease
    this.#options = options
    this.#clock = options.clock ?? systemClock
    this.#keys = new Remembered(options.maxKeys ?? 100_000, marks)
    this.#misses = new Remembered(options.maxMisses ?? 10_000, marks)
  }

  /** What is known of a credential, which stands in a text from a place on, and may be used, without asking. */
  peek (text: string, moment: Moment = now(this.#clock), from = 0): Found | undefined {
    const tag = this.#tagOf(text, from)
    return tag === null ? undefined : this.#known(tag, moment)
  }

  /** What is known and may be used; else what the store says, which rejects if it cannot say, or not in time. */
  find (credential: string): Found | Promise<Found> {
    const tag = this.#tagOf(credential)
    if (tag === null) return this.#findOut(credential, null)
    return this.#known(tag, now(this.#clock)) ?? this.#findOut(credential, { ...tag })
  }

  /** @param tag `null`: of what has other characters than any key, and so is not remembered. */
  async #findOut (credential: string, tag: Tag | null): Promise<Found> {
    const { lease, maxStaleness, digestsOf } = this.#options
    const digests = digestsOf(credential)
    const [first] = digests as [string]
    const flight = this.#flights.get(first)
    if (flight !== undefined && maxStaleness > 0 && lease.marks.holds(flight.mark)) return (await flight.entry).answer

    const mark = lease.marks.take(digests)
    const asked = this.#ask(digests, mark)
    this.#flights.set(first, { entry: asked, mark })
    try {
      const entry = await asked
      if (tag !== null) this.#remember(tag, entry)
      return entry.answer
    } finally {
      if (this.#flights.get(first)?.entry === asked) this.#flights.delete(first)
    }
  }

  #known (tag: Tag, moment: Moment): Found | undefined {
    return this.#usable(this.#keys, tag, moment) ?? this.#usable(this.#misses, tag, moment)
  }

  #usable<A extends Found> (remembered: Remembered<A>, tag: Tag, moment: Moment): A | undefined {
    const { lease, maxStaleness } = this.#options
    const place = remembered.find(tag)
    if (place === NONE) return undefined
    const isUsable = (remembered.isToldOf(place) && lease.covers(moment)) || remembered.isWithin(maxStaleness, place, moment)
    return isUsable ? remembered.at(place) : undefined
  }

  #remember (tag: Tag, entry: Entry): void {
    if (this.#options.maxStaleness === 0 || !this.#options.lease.marks.holds(entry.mark)) return
    const { answer } = entry
    if (typeof answer === 'object') {
      this.#keys.set(tag, answer, entry)
      this.#misses.delete(tag)
    } else {
      this.#misses.set(tag, answer, entry)
      this.#keys.delete(tag)
    }
  }

  /** Rejects if the store does not answer in time. */
  async #ask (digests: readonly string[], mark: Mark): Promise<Entry> {
    const { read, timeout, timedOut, wait } = this.#options
    // A process that was too busy, or asleep, to take an answer in time does not know what is true now: it asks again, once.
    for (let time = 1; time <= 2; time++) {
      const readAt = now(this.#clock)
      const { found, isToldOf } = await within(timeout, read(digests), timedOut, wait)
      if (elapsed(readAt, now(this.#clock)) <= timeout) return { answer: found, isToldOf, mark, readAt }
    }
    throw timedOut()
  }
}
