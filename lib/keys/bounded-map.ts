/**
 * A map that forgets what has not been used for longest, roughly, and never holds more than `limit` entries.
 *
 * Two generations: what is set or used goes into the young one; once that is full it becomes the old one, and the
 * previous old one is dropped as a whole. So nothing is moved about on a hit, and no list has to be kept in order.
 */
export class BoundedMap<K, V> {
  readonly #half: number
  #young = new Map<K, V>()
  #old = new Map<K, V>()

  constructor (limit: number) {
    this.#half = Math.max(1, Math.floor(limit / 2))
  }

  get size (): number {
    return this.#young.size + this.#old.size
  }

  get (key: K): V | undefined {
    const young = this.#young.get(key)
    if (young !== undefined) return young
    const old = this.#old.get(key)
    if (old !== undefined) this.set(key, old)
    return old
  }

  set (key: K, value: V): void {
    this.#old.delete(key)
    this.#young.set(key, value)
    if (this.#young.size >= this.#half) {
      this.#old = this.#young
      this.#young = new Map()
    }
  }

  delete (key: K): void {
    this.#young.delete(key)
    this.#old.delete(key)
  }
}
