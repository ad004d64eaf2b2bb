import type { Random } from './random.js'
import type { Timeline } from './timeline.js'
import type { Weather } from './weather.js'

/** How long a request and its answer are under way, in milliseconds. `back` `null`: the answer is lost. */
export interface Passage { readonly there: number, readonly back: number | null }

/** Nothing arrives. After so many milliseconds the connection is known to be lost; `null`: it never is. */
export interface Failure { readonly fails: number | null }

/** What becomes of messages. */
export class Network {
  /** Whether the store is down, and whether one is told so. */
  isDown = false
  refuses = false
  /** Whether all goes well from now on. */
  isCalm = false
  readonly #timeline: Timeline
  readonly #random: Random
  readonly #weather: Weather

  constructor (timeline: Timeline, random: Random, weather: Weather) {
    this.#timeline = timeline
    this.#random = random
    this.#weather = weather
  }

  /** @param downUntil The link carries nothing before. */
  route (downUntil: number): Passage | Failure {
    const { lost, unit } = this.#weather
    const isLost = downUntil > this.#timeline.now || (!this.isCalm && this.#random.chance(lost / 2))
    if (isLost) return { fails: this.#random.chance(0.3) ? null : this.#random.between(0, unit) }
    return { there: this.#delay(), back: !this.isCalm && this.#random.chance(lost / 2) ? null : this.#delay() }
  }

  /** When copies of a hint arrive, in milliseconds from now: none, one or two. */
  hints (): readonly number[] {
    if (this.isDown || this.#random.chance(this.isCalm ? 0 : this.#weather.lostHints)) return []
    return this.#random.chance(0.1) ? [this.#delay(), this.#delay()] : [this.#delay()]
  }

  #delay (): number {
    const { unit, slow } = this.#weather
    if (!this.isCalm && this.#random.chance(slow)) return this.#random.between(0, 2) * unit
    return this.#random.between(0.001, 0.02) * unit
  }
}
