/** What was known of the changes of some records at one moment. */
export interface Mark {
  readonly slots: readonly number[]
  readonly changes: number
  /** The last time when it held, as a count of all changes. */
  heldAt: number
}

/**
 * Tells whether a record may have changed since a moment, without a list of records or of changes: each digest belongs to
 * one of 65,536 slots, which counts changes. Two records in one slot cost a needless look at the store now and then, and
 * nothing else.
 */
export class ChangeMarks {
  readonly #changes = new Uint32Array(SLOTS)
  /** Those that concern every slot. */
  #ofEach = 0
  #all = 0

  /** How many changes there were. As long as it is the same, every mark that held holds. */
  get count (): number {
    return this.#all
  }

  /** To be taken before the store is asked: then an answer that was overtaken by a change does not hold, whenever it comes. */
  take (digests: readonly string[]): Mark {
    const slots = digests.map(slotOfDigest)
    return { slots, changes: this.sum(slots, 0, slots.length), heldAt: this.#all }
  }

  /** Whether nothing has changed since. */
  holds (mark: Mark): boolean {
    // At nearly every request nothing at all has changed since the last one.
    if (mark.heldAt === this.#all) return true
    if (this.sum(mark.slots, 0, mark.slots.length) !== mark.changes) return false
    mark.heldAt = this.#all
    return true
  }

  /** @param digests of the records that have changed; `null`: any may have. */
  changed (digests: readonly string[] | null): void {
    if (digests?.length === 0) return
    this.#all++
    for (const digest of digests ?? [null]) {
      const slot = slotOf(digest)
      if (Number.isNaN(slot)) this.#ofEach++
      else this.#changes[slot]!++
    }
  }

  /** The changes of some of these slots. Counts only go up, so that a sum is the same only if each of them is. */
  sum (slots: ArrayLike<number>, from: number, to: number): number {
    let sum = this.#ofEach
    for (let i = from; i < to; i++) sum += this.#changes[slots[i]!]!
    return sum
  }
}

const SLOTS = 0x10000

/** Digests are evenly spread. `NaN` for what is none: a store of one's own may tell ids, which would be in slots of no meaning. */
function slotOf (digest: string | null): number {
  return digest !== null && /^[0-9a-f]{64}$/.test(digest) ? slotOfDigest(digest) : NaN
}

/** Its last 16 bits. At every read it is asked of digests that were made here, so it reads no more than those. */
function slotOfDigest (digest: string): number {
  if (digest.length !== 64) return NaN
  let slot = 0
  for (let i = 60; i < 64; i++) {
    const code = digest.charCodeAt(i)
    slot = slot << 4 | (code < 0x3A ? code - 0x30 : code - 0x57)
  }
  return slot
}
