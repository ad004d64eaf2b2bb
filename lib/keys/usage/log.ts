import { setImmediate as breathe } from 'node:timers/promises'
import type { AllOf, Requirement } from '../../scopes/requirement.js'
import { StoreUnavailableError } from '../errors.js'
import type { KeyUse } from '../store.js'
import { within } from '../within.js'
import { textsOf } from './demands.js'
import type { UsageNotes } from './notes.js'
import { demandsOn, forget, isNoted, meet, type NotedKey } from './noted-key.js'

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

/** When each demand was last met, in milliseconds since 1970. */
type Demands = Map<Requirement, number>

interface Use { at: number, readonly demands: Demands }

/** How many keys are written at once, and about how many demands; then others have their turn. */
const MOST_KEYS = 500
const MOST_DEMANDS = 2000

/** Remembers when keys were used and which demands they met, and writes it to the store from time to time. */
export class UsageLog implements UsageNotes {
  readonly #options: UsageLogOptions
  readonly #began = Date.now()
  /** The keys on which something is noted that is not written yet. */
  #noted: NotedKey[] = []
  /** What was noted by id, and what is being written, or could not be. */
  readonly #uses = new Map<string, Use>()
  /** How many demands there are in both. */
  #demands = 0
  readonly #timer: NodeJS.Timeout
  #running: Promise<unknown> = Promise.resolve()
  #next: Promise<void> | undefined

  constructor (options: UsageLogOptions) {
    this.#options = options
    this.#timer = setInterval(() => { this.flush().catch(() => {}) }, options.flushInterval).unref()
  }

  note (key: string | NotedKey, met?: Requirement | AllOf): void {
    const now = Date.now()
    if (met === undefined || !('parts' in met)) this.#note(key, met, now)
    else for (const part of [undefined, ...met.parts]) this.#note(key, part, now)
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

  #note (key: string | NotedKey, met: Requirement | undefined, now: number): void {
    if (typeof key === 'string') this.#noteById(key, met, now)
    else this.#noteOn(key, met, Math.max(0, now - this.#began))
  }

  #noteOn (key: NotedKey, met: Requirement | undefined, at: number): void {
    if (!isNoted(key)) {
      if (!this.#hasRoomForKey()) return
      this.#noted.push(key)
    }
    key.usedAt = at
    if (met === undefined) return
    if (key.met === met) key.metAt = at
    else if (key.otherMet?.has(met) === true) key.otherMet.set(met, at)
    else if (this.#hasRoomForDemand()) {
      this.#demands++
      meet(key, met, at)
    }
  }

  #noteById (id: string, met: Requirement | undefined, now: number): void {
    const use = this.#uses.get(id) ?? (this.#hasRoomForKey() ? this.#begin(id, now) : undefined)
    if (use === undefined) return
    use.at = now
    if (met !== undefined && (use.demands.has(met) || this.#hasRoomForDemand())) this.#remember(use, met, now)
  }

  #begin (id: string, at: number): Use {
    const use: Use = { at, demands: new Map() }
    this.#uses.set(id, use)
    return use
  }

  #remember (use: Use, met: Requirement, at: number): void {
    if (!use.demands.has(met)) this.#demands++
    use.demands.set(met, at)
  }

  #hasRoomForKey (): boolean {
    return this.#hasRoom(this.#noted.length + this.#uses.size, this.#options.maxKeys ?? 100_000)
  }

  #hasRoomForDemand (): boolean {
    return this.#hasRoom(this.#demands, this.#options.maxDemands ?? 500_000)
  }

  #hasRoom (size: number, limit: number): boolean {
    if (size < limit) return true
    this.#options.full()
    return false
  }

  async #write (): Promise<void> {
    const { recordUse, timeout = 10_000, failed } = this.#options
    // What comes in meanwhile is for the next time: a busy app would never come to an end.
    const noted = this.#noted
    this.#noted = []
    for (let left = noted.length + this.#uses.size; left > 0 && noted.length + this.#uses.size > 0;) {
      while (noted.length > 0 && this.#uses.size < MOST_KEYS) this.#gather(noted.pop()!)
      const taken = this.#take(Math.min(left, MOST_KEYS))
      left -= taken.length
      try {
        await within(timeout, recordUse(taken.map(toKeyUse)), () => new Error('the store did not write the use of keys in time'))
      } catch (cause) {
        for (const [id, use] of taken) this.#putBack(id, use)
        this.#noted.push(...noted)
        failed(cause)
        throw new StoreUnavailableError({ cause })
      }
      await breathe()
    }
  }

  /** What was noted on a key, to what is known by its id. */
  #gather (key: NotedKey): void {
    const demands = new Map([...demandsOn(key)].map(([met, at]) => [met, this.#began + at]))
    this.#demands -= demands.size
    this.#putBack(key.id, { at: this.#began + key.usedAt, demands })
    forget(key)
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
    const use = this.#uses.get(id) ?? this.#begin(id, at)
    use.at = Math.max(use.at, at)
    for (const [met, at] of demands) this.#remember(use, met, Math.max(at, use.demands.get(met) ?? at))
  }
}

function toKeyUse ([id, { at, demands }]: readonly [string, Use]): KeyUse {
  const dates = new Map<string, Date>()
  for (const [requirement, metAt] of demands) {
    for (const text of textsOf(requirement)) {
      const known = dates.get(text)
      if (known === undefined || known.getTime() < metAt) dates.set(text, new Date(metAt))
    }
  }
  return { id, lastUsedAt: new Date(at), demands: dates }
}
