import type { ChangeMarks, Mark } from './change-marks.js'
import { isWithin, type Moment } from './clock.js'
import type { Tag } from './tag.js'
import { grown, NONE, TagTable } from './tag-table.js'

/** What tells how long an answer of the store is good for. */
export interface Validity {
  /** Whether the store tells of all that could make it untrue. */
  readonly isToldOf: boolean
  readonly mark: Mark
  readonly readAt: Moment
}

/** Numbers of an entry: the two of its mark, and the two of its moment. */
const NUMBERS = 4

/** Remembers answers by tags, no more than `limit`. All but the answers themselves stands in a few arrays of numbers: some fifty bytes each. */
export class Remembered<A> {
  readonly #marks: ChangeMarks
  readonly #places: TagTable
  #answers: Array<A | undefined> = []
  #numbers: Float64Array
  #isToldOf: Uint8Array
  /** Of the digests of each key, of which all have the same number. */
  #slots = new Uint16Array()
  #slotsEach = 0

  constructor (limit: number, marks: ChangeMarks) {
    this.#marks = marks
    this.#places = new TagTable(limit)
    this.#numbers = new Float64Array(this.#places.capacity * NUMBERS)
    this.#isToldOf = new Uint8Array(this.#places.capacity)
  }

  /** The place of what was remembered, if no change since is known of; or `NONE`. */
  find (tag: Tag): number {
    const place = this.#places.find(tag)
    return place !== NONE && this.#holds(place) ? place : NONE
  }

  at (place: number): A {
    return this.#answers[place]!
  }

  isToldOf (place: number): boolean {
    return this.#isToldOf[place] === 1
  }

  /** Whether less than so many milliseconds have passed since the store was asked for it, by both clocks. */
  isWithin (milliseconds: number, place: number, now: Moment): boolean {
    const at = place * NUMBERS
    return isWithin(milliseconds, this.#numbers[at + 2]!, this.#numbers[at + 3]!, now)
  }

  set (tag: Tag, answer: A, { isToldOf, mark: { slots, changes, heldAt }, readAt }: Validity): void {
    const known = this.#places.find(tag)
    const place = known === NONE ? this.#places.add(tag) : known
    if (this.#slotsEach !== slots.length || place >= this.#isToldOf.length) this.#grow(slots.length)
    this.#answers[place] = answer
    this.#isToldOf[place] = isToldOf ? 1 : 0
    this.#numbers.set([heldAt, changes, readAt.monotonic, readAt.wall], place * NUMBERS)
    this.#slots.set(slots, place * this.#slotsEach)
  }

  delete (tag: Tag): void {
    const place = this.#places.find(tag)
    if (place === NONE) return
    this.#places.remove(place)
    this.#answers[place] = undefined
  }

  #holds (place: number): boolean {
    const at = place * NUMBERS
    const { count } = this.#marks
    // At nearly every request nothing at all has changed since the last one.
    if (this.#numbers[at] === count) return true
    const first = place * this.#slotsEach
    if (this.#marks.sum(this.#slots, first, first + this.#slotsEach) !== this.#numbers[at + 1]) return false
    this.#numbers[at] = count
    return true
  }

  #grow (slotsEach: number): void {
    const { capacity } = this.#places
    if (slotsEach !== this.#slotsEach) {
      // What was remembered before could not be told any more whether it has changed, so it does not hold.
      this.#numbers.fill(NaN)
      this.#slots = new Uint16Array()
    }
    this.#numbers = grown(this.#numbers, new Float64Array(capacity * NUMBERS))
    this.#isToldOf = grown(this.#isToldOf, new Uint8Array(capacity))
    this.#slotsEach = slotsEach
    this.#slots = grown(this.#slots, new Uint16Array(capacity * slotsEach))
  }
}
