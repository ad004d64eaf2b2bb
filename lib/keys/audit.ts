import { randomUUID } from 'node:crypto'
import { channel } from 'node:diagnostics_channel'
import { AuditUnavailableError } from './errors.js'
import type { Awaitable } from './store.js'
import { within } from './within.js'

/** Who did something. */
export type Actor =
  | { readonly type: 'user', readonly id: string }
  | { readonly type: 'apiKey', readonly id: string, readonly ownerId: string | null }
  /** Code that called `app.apiKeys` without `as`; `id` is what it calls itself. */
  | { readonly type: 'code', readonly id: string | null }
  /** Nobody who could prove who they are. */
  | { readonly type: 'nobody' }

/**
 * One thing that was done or refused. It never holds a secret, nor the name of a key, nor what a client has sent but the
 * method, and the request id where the app takes that from a header. What does not apply is `null` or left out.
 */
export interface AuditEvent {
  /** Of this form of events. Members may be added to it; what is there does not change its meaning. */
  readonly version: 1
  /** Different for each event; but what failed after a required sink was told of it is told of again with the same id. */
  readonly id: string
  /** ISO 8601, in UTC. */
  readonly time: string
  /** `request`: a request to a route of the app; the others are the calls of `app.apiKeys`. */
  readonly action: 'create' | 'update' | 'rotate' | 'revoke' | 'revokeOwner' | 'import' | 'purge' | 'request'
  /** `reported`: a request that would have been denied, and was let through because its route is in report mode. */
  readonly outcome: 'done' | 'failed' | 'allowed' | 'denied' | 'reported'
  readonly actor: Actor
  /** The key that it is about. */
  readonly keyId: string | null
  /** Whose key that is. */
  readonly ownerId: string | null
  readonly requestId: string | null
  readonly method: string | null
  /** As declared, never as requested; `null` if the request matched none. */
  readonly route: string | null
  /** Why: what the caller said of it; of a denial, more exactly than the client is told (`expired`, `unknown`, ...). */
  readonly reason: string | null
  /** What the key has been granted by this. */
  readonly scopes?: readonly string[]
  /** `update`: the fields that were named. */
  readonly changed?: readonly string[]
  /** `rotate`: the id of the new key. */
  readonly successorId?: string
  /** `rotate`: until when the old key works; `purge`: the end of what was removed. ISO 8601, in UTC. */
  readonly until?: string
  /** Of a denial: the error code that the client was answered, or would have been. */
  readonly code?: string
  readonly requiredScopes?: readonly string[]
  readonly missingScopes?: readonly string[]
}

/** What happened, without when. */
export type Happening = Omit<AuditEvent, 'version' | 'id' | 'time' | 'outcome'>

/** Takes events, to keep them elsewhere. It has taken one once it returns, or its promise resolves: within 10 seconds, where it is required. */
export type AuditSink = (event: AuditEvent) => Awaitable<void>

export interface AuditSettings {
  readonly sink: AuditSink | undefined
  readonly required: boolean
  readonly decisions: 'denied' | 'all'
}

/** Where else events go. */
export interface AuditLog {
  said (event: AuditEvent): void
  /** The sink did not take it. */
  lost (error: unknown, event: AuditEvent): void
}

const events = channel('fastify-api-key-scopes.audit')

/** Tells of everything that is done with keys: to the log, to a diagnostics channel, and to the sink of the app. */
export class Auditor {
  readonly settings: AuditSettings
  readonly #log: AuditLog
  readonly #patience: number

  /** @param patience Milliseconds that a required sink may take. */
  constructor (settings: AuditSettings, log: AuditLog, patience = 10_000) {
    this.settings = settings
    this.#log = log
    this.#patience = patience
  }

  /**
   * Does something and tells of it. A required sink is asked first, so that nothing is done which it has not taken; if it
   * then fails, or there turns out to be nothing to do (`null`), the sink is told that too.
   *
   * @throws {AuditUnavailableError} if a required sink does not take the event; nothing was done then.
   */
  async change<T> (happening: Happening, perform: () => Promise<T>): Promise<T> {
    const event = eventOf(happening, 'done')
    if (this.settings.required) await this.#askSink(event)
    let result: T
    try {
      result = await perform()
    } catch (error) {
      this.#failed(event)
      throw error
    }
    if (result === null) this.#failed(event)
    else this.#tell(event, !this.settings.required)
    return result
  }

  /** Whether anybody but the log hears of events. */
  isHeard (): boolean {
    return this.settings.sink !== undefined || events.hasSubscribers
  }

  /** Tells of something that was done or refused already. `said` logs it, where that is not for the auditor to do. */
  note (happening: Happening, outcome: AuditEvent['outcome'], said?: (event: AuditEvent) => void): void {
    this.#tell(eventOf(happening, outcome), true, said)
  }

  async #askSink (event: AuditEvent): Promise<void> {
    const taken = (async () => { await this.settings.sink!(event) })()
    try {
      await within(this.#patience, taken, () => new Error('the audit sink did not take an event in time'))
    } catch (cause) {
      // If it takes it after all, it has taken something that was not done.
      taken.then(() => { this.#failed(event) }, () => {})
      this.#log.lost(cause, event)
      throw new AuditUnavailableError({ cause })
    }
  }

  #failed (event: AuditEvent): void {
    if (this.settings.required) this.#toSink({ ...event, outcome: 'failed' })
  }

  #tell (event: AuditEvent, toSink: boolean, said = (event: AuditEvent) => { this.#log.said(event) }): void {
    said(event)
    if (events.hasSubscribers) events.publish(event)
    if (toSink) this.#toSink(event)
  }

  #toSink (event: AuditEvent): void {
    const { sink } = this.settings
    if (sink === undefined) return
    const lost = (error: unknown) => { this.#log.lost(error, event) }
    try {
      Promise.resolve(sink(event)).catch(lost)
    } catch (error) {
      lost(error)
    }
  }
}

function eventOf (happening: Happening, outcome: AuditEvent['outcome']): AuditEvent {
  return Object.freeze({ version: 1, id: randomUUID(), time: new Date().toISOString(), outcome, ...happening })
}
