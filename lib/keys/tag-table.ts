import type { Tag } from './tag.js'

/**
 * A row has 64 bytes, as a line of the processor's cache has, for with very many keys it is the cache misses that cost. First come words
 * of 32 bits: the tag, the next row of the same bucket, and whether the row was used.
 */
const ROW = 16
const NEXT = 4
const USED = 5

/** Then come numbers of 64 bits, which are for others: the first of them in a row, and how many a row has in all. */
const FIRST_NUMBER = 3
const ROW_NUMBERS = 8

/** There is no row. */
export const NONE = -1

/**
 * Gives each of many tags a place, a small number, under which others keep what belongs to it: five numbers here, the rest in arrays of
 * their own. Nothing for the garbage collector to follow, and no more places than `limit`: then the next place that was not used for a
 * whole round is taken from its tag (the "clock" algorithm: about the one that was not used for longest).
 */
export class TagTable {
  readonly #limit: number
  #capacity: number
  #rows: Int32Array
  #numbers: Float64Array
  /** The first row of each bucket. */
  #buckets: Int32Array
  /** How many places were ever given. */
  #given = 0
  /** The places that were given back, as a chain by NEXT. */
  #free = NONE
  /** Where the search for a place to take away goes on. */
  #hand = 0

  constructor (limit: number) {
    this.#limit = Math.max(1, limit)
    this.#capacity = Math.min(this.#limit, 1024)
    this.#numbers = new Float64Array(this.#capacity * ROW_NUMBERS)
    this.#rows = new Int32Array(this.#numbers.buffer)
    this.#buckets = bucketsFor(this.#capacity)
  }

  /** How many places there are at present: at least one more than the highest that was given. */
  get capacity (): number {
    return this.#capacity
  }

  /** The numbers of all places, those of one from `firstNumberOf` on. Another array once there are more places. */
  get numbers (): Float64Array {
    return this.#numbers
  }

  /** The place of a tag, which now counts as used, or `NONE`. */
  find ({ a, b, c, d }: Tag): number {
    const rows = this.#rows
    const buckets = this.#buckets
    for (let place = buckets[a & (buckets.length - 1)]!; place !== NONE;) {
      const row = place * ROW
      if (rows[row] === a && rows[row + 1] === b && rows[row + 2] === c && rows[row + 3] === d) {
        rows[row + USED] = 1
        return place
      }
      place = rows[row + NEXT]!
    }
    return NONE
  }

  /** A place for a tag that has none; maybe that of another, which has none then. */
  add ({ a, b, c, d }: Tag): number {
    const place = this.#vacant()
    const row = place * ROW
    const rows = this.#rows
    rows[row] = a
    rows[row + 1] = b
    rows[row + 2] = c
    rows[row + 3] = d
    rows[row + USED] = 1
    this.#link(place)
    return place
  }

  /** Takes the place of a tag from it. */
  remove (place: number): void {
    this.#unlink(place)
    this.#rows[place * ROW + NEXT] = this.#free
    this.#free = place
  }

  #vacant (): number {
    if (this.#free !== NONE) {
      const place = this.#free
      this.#free = this.#rows[place * ROW + NEXT]!
      return place
    }
    if (this.#given === this.#limit) return this.#evicted()
    if (this.#given === this.#capacity) this.#grow()
    return this.#given++
  }

  /** All places are given to a tag. */
  #evicted (): number {
    for (;;) {
      const place = this.#hand
      this.#hand = (place + 1) % this.#limit
      const used = place * ROW + USED
      if (this.#rows[used] === 0) {
        this.#unlink(place)
        return place
      }
      this.#rows[used] = 0
    }
  }

  #grow (): void {
    const capacity = Math.min(this.#limit, this.#capacity * 2)
    this.#numbers = grown(this.#numbers, new Float64Array(capacity * ROW_NUMBERS))
    this.#rows = new Int32Array(this.#numbers.buffer)
    this.#buckets = bucketsFor(capacity)
    this.#capacity = capacity
    for (let place = 0; place < this.#given; place++) this.#link(place)
  }

  #link (place: number): void {
    const row = place * ROW
    const bucket = this.#bucketOf(row)
    this.#rows[row + NEXT] = this.#buckets[bucket]!
    this.#buckets[bucket] = place
  }

  #unlink (place: number): void {
    const row = place * ROW
    const next = this.#rows[row + NEXT]!
    const bucket = this.#bucketOf(row)
    let before = this.#buckets[bucket]!
    if (before === place) {
      this.#buckets[bucket] = next
      return
    }
    while (this.#rows[before * ROW + NEXT] !== place) before = this.#rows[before * ROW + NEXT]!
    this.#rows[before * ROW + NEXT] = next
  }

  #bucketOf (row: number): number {
    return this.#rows[row]! & (this.#buckets.length - 1)
  }
}

/** Where the five numbers begin that belong to a place. */
export function firstNumberOf (place: number): number {
  return place * ROW_NUMBERS + FIRST_NUMBER
}

/** A power of two, so that the first bits of a tag choose. */
function bucketsFor (capacity: number): Int32Array {
  return new Int32Array(2 ** Math.ceil(Math.log2(capacity))).fill(NONE)
}

/** The same numbers in an array that is longer. */
export function grown<A extends Float64Array | Uint16Array> (numbers: A, longer: A): A {
  longer.set(numbers)
  return longer
}
