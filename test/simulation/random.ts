/** Chance that comes out the same each time it begins with the same seed (mulberry32). */
export class Random {
  #state: number

  constructor (seed: number) {
    // Neighbouring seeds must not begin alike.
    this.#state = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) ^ (seed >>> 13)
    this.next()
  }

  /** From 0 up to 1. */
  next (): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x100000000
  }

  chance (share: number): boolean {
    return this.next() < share
  }

  between (least: number, most: number): number {
    return least + this.next() * (most - least)
  }

  /** From `least` to `most`, both included. */
  whole (least: number, most: number): number {
    return least + Math.floor(this.next() * (most - least + 1))
  }

  pick<T> (list: readonly T[]): T {
    return list[Math.floor(this.next() * list.length)]!
  }
}
