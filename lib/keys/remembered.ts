import type { ChangeMarks, Mark } from './change-marks.js'
import { isWithin, type Moment } from './clock.js'
import type { Tag } from './tag.js'
import { firstNumberOf, grown, NONE, TagTable } from './tag-table.js'

/** What tells how long an answer of the store is good for. */
export interface Validity {
  /** Whether the store tells of all that could make it untrue. */
  readonly isToldOf: boolean
  readonly mark: Mark
  readonly readAt: Moment
}

/** The numbers of a place: those of the mark, whether the answer is told of (1) or not (0), and those of the moment when it was read. */
const HELD_AT = 0
const CHANGES = 1
const TOLD_OF = 2
const MONOTONIC = 3
const WALL = 4

/** Remembers answers by tags, no more than `limit`. All but the answers themselves stands in a few arrays of numbers: some seventy bytes each. */
export class Remembered<A> {
  readonly #marks: ChangeMarks
  readonly #places: TagTable
  #answers: Array<A | undefined> = []
  /** Of the digests of each key, of which all have the same number. */
  #slots = new Uint16Array()
  #slotsEach = 0

  constructor (limit: number, marks: ChangeMarks) {
    this.#marks = marks
    this.#places = new TagTable(limit)
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
    return this.#places.numbers[firstNumberOf(place) + TOLD_OF] === 1
  }

  /** Whether less than so many milliseconds have passed since the store was asked for it, by both clocks. */
  isWithin (milliseconds: number, place: number, now: Moment): boolean {
    const { numbers } = this.#places
    const first = firstNumberOf(place)
    return isWithin(milliseconds, numbers[first + MONOTONIC]!, numbers[first + WALL]!, now)
  }

  set (tag: Tag, answer: A, { isToldOf, mark: { slots, changes, heldAt }, readAt }: Validity): void {
    const known = this.#places.find(tag)
    const place = known === NONE ? this.#places.add(tag) : known
    if (this.#slotsEach !== slots.length || this.#slots.length !== this.#places.capacity * slots.length) this.#grow(slots.length)
    this.#answers[place] = answer
    this.#places.numbers.set([heldAt, changes, isToldOf ? 1 : 0, readAt.monotonic, readAt.wall], firstNumberOf(place))
    this.#slots.set(slots, place * this.#slotsEach)
  }

  delete (tag: Tag): void {
    const place = this.#places.find(tag)
    if (place === NONE) return
    this.#places.remove(place)
    this.#answers[place] = undefined
  }

  #holds (place: number): boolean {
    const { numbers } = this.#places
    const at = firstNumberOf(place)
    const { count } = this.#marks
    // At nearly every request nothing at all has changed since the last one.
    if (numbers[at + HELD_AT] === count) return true
    const first = place * this.#slotsEach
    if (this.#marks.sum(this.#slots, first, first + this.#slotsEach) !== numbers[at + CHANGES]) return false
    numbers[at + HELD_AT] = count
    return true
  }

  #grow (slotsEach: number): void {
    const { capacity } = this.#places
    if (slotsEach !== this.#slotsEach) {
      // What was remembered before could not be told any more whether it has changed, so it does not hold.
      for (let place = 0; place < capacity; place++) this.#places.numbers.fill(NaN, firstNumberOf(place), firstNumberOf(place) + WALL + 1)
      this.#slotsEach = slotsEach
      this.#slots = new Uint16Array()
    }
    this.#slots = grown(this.#slots, new Uint16Array(capacity * slotsEach))
  }
}
