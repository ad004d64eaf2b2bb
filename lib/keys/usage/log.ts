import { setImmediate as breathe } from 'node:timers/promises'
import type { AllOf, Requirement } from '../../scopes/requirement.js'
import { StoreUnavailableError } from '../errors.js'
import type { KeyUse } from '../store.js'
import { within } from '../within.js'
import { textsOf } from './demands.js'
import type { UsageNotes } from './notes.js'

export interface UsageLogOptions {
  readonly recordUse: (uses: readonly KeyUse[]) => Promise<void>
  /** Milliseconds between two writes. */
  readonly flushInterval: number
  /** Told when the store fails. What was not written stays, and is written with what comes later. */
  readonly failed: (error: unknown) => void
  /** Told when so much was seen since the last write that something must be forgotten. */
  readonly full: () => void
  /** Milliseconds that the store may take for one write. */
  readonly timeout?: number
  readonly maxKeys?: number
  readonly maxDemands?: number
}

/** When something was last seen, in milliseconds since 1970. To see it again allocates nothing. */
interface Seen { at: number }
interface Use extends Seen { readonly demands: Map<Requirement, Seen> }

/** How many keys are written at once, and about how many demands; then others have their turn. */
const MOST_KEYS = 500
const MOST_DEMANDS = 2000

/** Remembers when keys were used and which demands they met, and writes it to the store from time to time. */
export class UsageLog implements UsageNotes {
  readonly #options: UsageLogOptions
  /** What was seen and is not written yet. */
  readonly #uses = new Map<string, Use>()
  /** How many demands there are in it, of all keys together. */
  #demands = 0
  readonly #timer: NodeJS.Timeout
  #running: Promise<unknown> = Promise.resolve()
  #next: Promise<void> | undefined

  constructor (options: UsageLogOptions) {
    this.#options = options
    this.#timer = setInterval(() => { this.flush().catch(() => {}) }, options.flushInterval).unref()
  }

  note (id: string, met?: Requirement | AllOf): void {
    const now = Date.now()
    const use = this.#uses.get(id) ?? this.#firstUse(id, now)
    if (use === undefined) return
    use.at = now
    if (met === undefined) return
    if (!('parts' in met)) this.#met(use, met, now)
    else for (const part of met.parts) this.#met(use, part, now)
  }

  flush (): Promise<void> {
    // One at a time. Whoever asks while one is running needs the next, for that one may have passed by the latest.
    this.#next ??= this.#running.then(async () => {
      this.#next = undefined
      const written = this.#write()
      this.#running = written.catch(() => {})
      await written
    })
    return this.#next
  }

  async close (): Promise<void> {
    clearInterval(this.#timer)
    await this.flush().catch(() => {})
  }

  #met (use: Use, requirement: Requirement, now: number): void {
    const seen = use.demands.get(requirement)
    if (seen !== undefined) seen.at = now
    else if (this.#hasRoom(this.#demands, this.#options.maxDemands ?? 500_000)) this.#remember(use, requirement, now)
  }

  #remember (use: Use, requirement: Requirement, at: number): void {
    use.demands.set(requirement, { at })
    this.#demands++
  }

  #firstUse (id: string, at: number): Use | undefined {
    if (!this.#hasRoom(this.#uses.size, this.#options.maxKeys ?? 100_000)) return undefined
    const use: Use = { at, demands: new Map() }
    this.#uses.set(id, use)
    return use
  }

  #hasRoom (size: number, limit: number): boolean {
    if (size < limit) return true
    this.#options.full()
    return false
  }

  async #write (): Promise<void> {
    const { recordUse, timeout = 10_000, failed } = this.#options
    // What comes in meanwhile is for the next time: a busy app would never come to an end.
    for (let left = this.#uses.size; left > 0;) {
      const taken = this.#take(Math.min(left, MOST_KEYS))
      left -= taken.length
      try {
        await within(timeout, recordUse(taken.map(toKeyUse)), () => new Error('the store did not write the use of keys in time'))
      } catch (cause) {
        for (const [id, use] of taken) this.#putBack(id, use)
        failed(cause)
        throw new StoreUnavailableError({ cause })
      }
      await breathe()
    }
  }

  #take (count: number): Array<readonly [string, Use]> {
    const taken: Array<readonly [string, Use]> = []
    const before = this.#demands
    for (const [id, use] of this.#uses) {
      taken.push([id, use])
      this.#uses.delete(id)
      this.#demands -= use.demands.size
      if (taken.length === count || before - this.#demands >= MOST_DEMANDS) break
    }
    return taken
  }

  /** The key may have been used again meanwhile. */
  #putBack (id: string, { at, demands }: Use): void {
    const use = this.#uses.get(id) ?? { at, demands: new Map<Requirement, Seen>() }
    this.#uses.set(id, use)
    use.at = Math.max(use.at, at)
    for (const [requirement, { at }] of demands) {
      const seen = use.demands.get(requirement)
      if (seen === undefined) this.#remember(use, requirement, at)
      else seen.at = Math.max(seen.at, at)
    }
  }
}

function toKeyUse ([id, { at, demands }]: readonly [string, Use]): KeyUse {
  const dates = new Map<string, Date>()
  for (const [requirement, seen] of demands) {
    for (const text of textsOf(requirement)) {
      const known = dates.get(text)
      if (known === undefined || known.getTime() < seen.at) dates.set(text, new Date(seen.at))
    }
  }
  return { id, lastUsedAt: new Date(at), demands: dates }
}
