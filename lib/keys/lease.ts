import { ChangeMarks } from './change-marks.js'
import { after, afterInBackground, drift, elapsed, isWithin, now, systemClock, type After, type Clock, type Moment } from './clock.js'
import type { Changes, KeyStore, Position } from './store.js'
import { PATIENCE, within } from './within.js'

/** Why everything that was remembered is forgotten. */
export type Forgotten =
  /** Another history of the store: restored, failed over, or told so by `bumpEpoch`. */
  | 'epoch'
  /** The store is at an earlier position than before: restored, or failed over. */
  | 'backwards'
  /** More has changed than the store keeps, or than it tells one by one. */
  | 'many'
  /** The clock was set, or the machine has slept. */
  | 'clock'

/** What an operator must hear of. */
export interface LeaseTrouble {
  failed (error: unknown): void
  forgot (why: Forgotten, from: Position, to: Position): void
}

export interface LeaseOptions {
  readonly store: Pick<KeyStore, 'changes' | 'watch'>
  /** Milliseconds. `0`: nothing is remembered, and so nothing need be asked. */
  readonly maxStaleness: number
  readonly trouble: LeaseTrouble
  readonly clock?: Clock
  /** What waits for the next poll, and what for its answer. */
  readonly wait?: { readonly next: After, readonly answer: After }
}

/**
 * The time until which records that are remembered may be used, though the store was not asked again.
 *
 * Asks the store every quarter of `maxStaleness` what has changed since it was last asked. Once that is marked, everything
 * else that is remembered is as it was when this asking *began*, and may be used for `maxStaleness` from then. No message need
 * arrive for that: if the store cannot be asked, the lease ends by itself. A store that cannot tell never gives one.
 */
export class Lease {
  readonly marks = new ChangeMarks()
  readonly #options: LeaseOptions
  readonly #clock: Clock
  readonly #wait: { readonly next: After, readonly answer: After }
  readonly #pace: Pace
  /** When the last asking began that was answered. */
  #from: Moment | null = null
  #position: Position | null = null
  /** When the last asking began, answered or not. */
  #asked: Moment | null = null
  #asking: Promise<void> | null = null
  #hinted = false
  #cancelNext = () => {}
  #watching: Promise<void> | null = null
  #endWatching!: () => void
  #isOpen = false

  constructor (options: LeaseOptions) {
    this.#options = options
    this.#clock = options.clock ?? systemClock
    this.#wait = options.wait ?? { next: afterInBackground, answer: after }
    this.#pace = paceOf(options.maxStaleness)
  }

  /** Whether all that holds by its mark may be used at this moment. */
  covers (moment: Moment = now(this.#clock)): boolean {
    return this.#from !== null && isWithin(this.#options.maxStaleness, this.#from.monotonic, this.#from.wall, moment)
  }

  /** Begins to ask, from time to time, until it is closed. */
  open (): void {
    const { store, maxStaleness, trouble } = this.#options
    if (this.#isOpen || maxStaleness === 0 || store.changes === undefined) return
    this.#isOpen = true
    // Before it is watched: a store may hint at once.
    this.#ask()
    this.#watching = this.#watch(new Promise(resolve => { this.#endWatching = resolve })).catch(trouble.failed)
  }

  /** Resolves when the store is not needed any more; or, whatever its `watch` does, after ten seconds. */
  async close (): Promise<void> {
    if (!this.#isOpen) return
    this.#isOpen = false
    this.#cancelNext()
    this.#endWatching()
    const { failed } = this.#options.trouble
    await within(PATIENCE, this.#watching!, () => new Error('the store did not stop to watch in time'), this.#wait.answer).catch(failed)
    await this.#asking
  }

  async #watch (end: Promise<void>): Promise<void> {
    const unwatch = await this.#options.store.watch?.(() => { this.#hint() })
    await end
    await unwatch?.()
  }

  /** Something may have changed: asks at once, unless it has just done so. */
  #hint (): void {
    this.#hinted = true
    if (this.#asking === null) this.#askAfter(this.#pace.atLeast)
  }

  /** Asks so many milliseconds after the last asking began. */
  #askAfter (milliseconds: number): void {
    this.#cancelNext()
    if (!this.#isOpen) return
    const passed = elapsed(this.#asked!, now(this.#clock))
    this.#cancelNext = this.#wait.next(Math.max(0, milliseconds - passed), () => { this.#ask() })
  }

  #ask (): void {
    this.#hinted = false
    const began = now(this.#clock)
    this.#forgetIfClockWasSet(began)
    this.#asked = began
    this.#asking = this.#poll(began).catch((error: unknown) => {
      if (this.#isOpen) this.#options.trouble.failed(error)
    }).finally(() => {
      this.#asking = null
      this.#askAfter(this.#hinted ? this.#pace.atLeast : this.#pace.usual)
    })
  }

  async #poll (began: Moment): Promise<void> {
    const { store } = this.#options
    const asked = (async () => checked(await store.changes!(this.#position)))()
    const changes = await within(this.#pace.timeout, asked, () => new Error('the store did not tell in time what has changed'), this.#wait.answer)
    this.#apply(changes)
    // Not when the answer came: what has changed since the store gave it is not in it.
    this.#from = began
  }

  #apply ({ position, digests }: Changes): void {
    const last = this.#position
    const why = last === null ? null : whyForget(last, position, digests)
    // Without a position to begin from, a store knows of nothing that was before, whatever it says.
    if (last === null) this.marks.changed(null)
    this.marks.changed(why === null ? digests : null)
    this.#position = position
    if (why !== null) this.#options.trouble.forgot(why, last!, position)
  }

  #forgetIfClockWasSet (moment: Moment): void {
    if (this.#asked === null || drift(this.#asked, moment) <= this.#pace.drift) return
    this.marks.changed(null)
    this.#from = null
    if (this.#position !== null) this.#options.trouble.forgot('clock', this.#position, this.#position)
  }
}

/** Milliseconds. */
interface Pace {
  readonly usual: number
  /** Between two askings, however many hints there are. */
  readonly atLeast: number
  /** How long an answer may take: short enough that the lease goes on if one is lost. */
  readonly timeout: number
  /** By how much the two clocks may disagree from one asking to the next. */
  readonly drift: number
}

function paceOf (maxStaleness: number): Pace {
  return {
    usual: Math.max(maxStaleness / 4, 5),
    atLeast: maxStaleness / 100,
    timeout: Math.min(maxStaleness / 2, LONGEST_ANSWER),
    drift: Math.max(maxStaleness / 4, 100)
  }
}

const LONGEST_ANSWER = 10_000

function whyForget (last: Position, next: Position, digests: readonly string[] | null): Forgotten | null {
  if (next.epoch !== last.epoch) return 'epoch'
  if (next.seq < last.seq) return 'backwards'
  return digests === null ? 'many' : null
}

/** A store of one's own may answer anything. @throws {TypeError} if it is no `Changes`. */
function checked (answer: unknown): Changes {
  const { position, digests } = Object(answer) as Partial<Record<keyof Changes, unknown>>
  const { epoch, seq } = Object(position) as Partial<Record<keyof Position, unknown>>
  const isPosition = typeof epoch === 'string' && Number.isSafeInteger(seq) && (seq as number) >= 0
  const isList = digests === null || (Array.isArray(digests) && digests.every(digest => typeof digest === 'string'))
  if (isPosition && isList) return answer as Changes
  throw new TypeError('changes of the store must answer { position: { epoch, seq }, digests }')
}
