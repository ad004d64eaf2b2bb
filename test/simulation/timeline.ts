interface Happening {
  readonly at: number
  readonly order: number
  readonly happen: () => void
}

/**
 * What is to happen, in its order. Time, in milliseconds, passes only from one happening to the next, and never before all
 * promises have gone as far as they can.
 */
export class Timeline {
  now = 0
  /** Whether what happens now has promises to keep. */
  isPromising = false
  /** A binary heap. */
  readonly #heap: Happening[] = []
  #count = 0

  /** What is to happen at the same time happens in the order in which it was said. */
  at (time: number, happen: () => void): void {
    const heap = this.#heap
    const happening = { at: Math.max(time, this.now), order: this.#count++, happen }
    let i = heap.length
    while (i > 0) {
      const parent = (i - 1) >> 1
      if (!isBefore(happening, heap[parent]!)) break
      heap[i] = heap[parent]!
      i = parent
    }
    heap[i] = happening
  }

  in (milliseconds: number, happen: () => void): void {
    this.at(this.now + milliseconds, happen)
  }

  /** Lets time pass until then, or until `isOver`. */
  async runUntil (end: number, isOver: () => boolean): Promise<void> {
    while (this.#heap.length > 0 && this.#heap[0]!.at <= end && !isOver()) {
      const { at, happen } = this.#takeFirst()
      this.now = at
      happen()
      if (this.isPromising) await idle()
      this.isPromising = false
    }
    if (!isOver()) this.now = end
  }

  #takeFirst (): Happening {
    const heap = this.#heap
    const first = heap[0]!
    const last = heap.pop()!
    const { length } = heap
    if (length === 0) return first
    let i = 0
    for (let child = 1; child < length; child = 2 * i + 1) {
      if (child + 1 < length && isBefore(heap[child + 1]!, heap[child]!)) child++
      if (!isBefore(heap[child]!, last)) break
      heap[i] = heap[child]!
      i = child
    }
    heap[i] = last
    return first
  }
}

function isBefore (a: Happening, b: Happening): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order)
}

/** Node takes the next tick that a promise asks for only when no promise has anything left to do. */
function idle (): Promise<void> {
  return new Promise(resolve => { process.nextTick(resolve) })
}
