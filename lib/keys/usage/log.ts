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
  /** Those of them whose turn it is, the next one last. */
  #writing: NotedKey[] = []
  /** By id: what is to be written next, or could not be. */
  readonly #uses = new Map<string, Use>()
  /** How many demands there are in all three. */
  #demands = 0
  readonly #timer: NodeJS.Timeout
  #running: Promise<unknown> = Promise.resolve()
  #next: Promise<void> | undefined

  constructor (options: UsageLogOptions) {
    this.#options = options
    this.#timer = setInterval(() => { this.flush().catch(() => {}) }, options.flushInterval).unref()
  }

  note (key: NotedKey, met?: Requirement | AllOf): void {
    const at = Date.now() - this.#began
    if (!isNoted(key)) {
      if (!this.#hasRoom(this.#noted.length + this.#writing.length + this.#uses.size, this.#options.maxKeys ?? 100_000)) return
      this.#noted.push(key)
    }
    key.usedAt = at
    if (met === undefined) return
    if (!('parts' in met)) this.#met(key, met, at)
    else for (const part of met.parts) this.#met(key, part, at)
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

  #met (key: NotedKey, demand: Requirement, at: number): void {
    if (key.met === demand) key.metAt = at
    else if (key.otherMet?.has(demand) === true) key.otherMet.set(demand, at)
    else if (this.#hasRoom(this.#demands, this.#options.maxDemands ?? 500_000)) {
      this.#demands++
      meet(key, demand, at)
    }
  }

  #hasRoom (size: number, limit: number): boolean {
    if (size < limit) return true
    this.#options.full()
    return false
  }

  async #write (): Promise<void> {
    const { recordUse, timeout = 10_000, failed } = this.#options
    // What comes in meanwhile is for the next time: a busy app would never come to an end.
    this.#writing = this.#noted.reverse().concat(this.#writing)
    this.#noted = []
    while (this.#writing.length > 0 || this.#uses.size > 0) {
      while (this.#writing.length > 0 && this.#uses.size < MOST_KEYS) this.#gather(this.#writing.pop()!)
      const taken = this.#take()
      try {
        await within(timeout, recordUse(taken.map(toKeyUse)), () => new Error('the store did not write the use of keys in time'))
      } catch (cause) {
        for (const [id, use] of taken) this.#put(id, use)
        failed(cause)
        throw new StoreUnavailableError({ cause })
      }
      await breathe()
    }
  }

  /** What was noted on a key, to what is known by its id. There may be two of one id: one that was read again is another. */
  #gather (key: NotedKey): void {
    const demands = new Map([...demandsOn(key)].map(([met, at]) => [met, this.#began + at]))
    this.#demands -= demands.size
    this.#put(key.id, { at: this.#began + key.usedAt, demands })
    forget(key)
  }

  #take (): Array<readonly [string, Use]> {
    const taken: Array<readonly [string, Use]> = []
    const before = this.#demands
    for (const [id, use] of this.#uses) {
      taken.push([id, use])
      this.#uses.delete(id)
      this.#demands -= use.demands.size
      if (taken.length === MOST_KEYS || before - this.#demands >= MOST_DEMANDS) break
    }
    return taken
  }

  #put (id: string, use: Use): void {
    const known = this.#uses.get(id) ?? { at: use.at, demands: new Map() }
    known.at = Math.max(known.at, use.at)
    for (const [met, at] of use.demands) {
      if (!known.demands.has(met)) this.#demands++
      known.demands.set(met, Math.max(at, known.demands.get(met) ?? at))
    }
    this.#uses.set(id, known)
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
