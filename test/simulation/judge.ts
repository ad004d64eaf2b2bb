import type { KnownKey } from '../../lib/keys/known-key.js'
import type { StoredKey } from '../../lib/keys/record.js'
import type { Verdict } from '../../lib/keys/verifier.js'
import { SCOPES } from './lib.js'
import type { Historian } from './server.js'
import type { Timeline } from './timeline.js'

/** What an app knows for certain, as the promise has it. */
export interface Knowledge {
  /** When the store did the last thing of which this process has heard. */
  heard: number
  /** What it has changed itself, by digest: since when. */
  readonly own: Map<string, number>
  readonly misled: Misled[]
}

/** Between these moments it must take an earlier history of the store for the one that there is: nobody has told it otherwise. */
export interface Misled { readonly from: number, until: number }

/** A verdict as it is handed to whoever asked. */
export interface Handed {
  readonly verdict: Verdict
  readonly digests: readonly string[]
  readonly ownerId: string | null
  /** When it was asked for. */
  readonly asked: number
  /** By the wall clock of the machine, which alone decides whether a key has expired. */
  readonly wall: number
  /** What this process had changed of the key when it was asked: since when. */
  readonly own: number
  readonly knowledge: Knowledge
}

/** Of something that changes: what it was from when on, in order. */
type Versions<T> = Array<{ readonly from: number, readonly was: T }>

/**
 * Knows all that has ever been true, and so whether a verdict keeps the promise:
 *
 * - It says what was true of the key at some moment that is no longer ago than `maxStaleness`, from the commit on,
 *   acknowledged or not; so nothing is accepted for longer after it was revoked, disabled, cut or rotated.
 * - It comes from a process that has heard from the store what was true at such a moment, whatever it was.
 * - What this process has changed itself is true for it at once.
 */
export class Judge implements Historian {
  readonly #timeline: Timeline
  readonly #maxStaleness: number
  readonly #ownerScopes: boolean
  readonly #records = new Map<string, Versions<StoredKey | null>>()
  readonly #owners = new Map<string, Versions<readonly string[] | null>>()
  /** When the last change was made. */
  changed = 0

  constructor (timeline: Timeline, maxStaleness: number, ownerScopes: boolean) {
    this.#timeline = timeline
    this.#maxStaleness = maxStaleness
    this.#ownerScopes = ownerScopes
  }

  recordIs (digest: string, record: StoredKey | null): void {
    note(this.#records, digest, record, this.#timeline.now)
  }

  ownerMay (ownerId: string, scopes: readonly string[] | null): void {
    note(this.#owners, ownerId, scopes, this.#timeline.now)
  }

  committed (): void {
    this.changed = this.#timeline.now
  }

  /** What an owner may do now. */
  scopesOf (ownerId: string): readonly string[] | null {
    return this.#owners.get(ownerId)!.at(-1)!.was
  }

  /** How a verdict breaks the promise, or `null`. */
  faultIn (handed: Handed): string | null {
    const { verdict: { key, refusal }, digests, ownerId, asked, wall, own, knowledge } = handed
    const { now } = this.#timeline
    // One more, for that much Date.now() cannot tell.
    const oldest = this.#maxStaleness === 0 ? asked : now - this.#maxStaleness - 1
    const misled = knowledge.misled.find(({ from, until }) => from <= oldest && oldest < until)
    const since = misled?.from ?? Math.max(oldest, own)
    if (knowledge.heard < oldest) return `it was last told anything by the store ${Math.round(now - knowledge.heard)} ms ago`

    if (key === null) {
      if (refusal !== 'unknown') return `refused as ${refusal}`
      return digests.every(digest => this.#recordsSince(digest, since).includes(null)) ? null : 'it is known, and has been for long'
    }
    const record = this.#recordLike(key, digests, since)
    if (record === undefined) return 'its record is no longer like that, and has not been for long'
    if (!this.#ownerScopes || ownerId === null || key.ending === 'revoked' || key.ending === 'disabled') return faultOf(key, refusal, wall, record.scopes, false)
    if (refusal === 'expired') return faultOf(key, refusal, wall, record.scopes, null)
    const owner = versionsSince(this.#owners.get(ownerId)!, oldest)
    const faults = owner.map(scopes => faultOf(key, refusal, wall, record.scopes.filter(name => scopes?.includes(name)), scopes === null))
    return faults.includes(null) ? null : `not as its owner may: ${faults[0]}`
  }

  #recordLike ({ record }: KnownKey, digests: readonly string[], since: number): StoredKey | undefined {
    for (const digest of digests) {
      const found = this.#recordsSince(digest, since).find(was => was !== null && isLike(was, record))
      if (found != null) return found
    }
    return undefined
  }

  #recordsSince (digest: string, since: number): ReadonlyArray<StoredKey | null> {
    const versions = this.#records.get(digest)
    return versions === undefined ? [null] : versionsSince(versions, since, null)
  }
}

function note<T> (versions: Map<string, Versions<T>>, name: string, was: T, from: number): void {
  const known = versions.get(name)
  if (known === undefined) versions.set(name, [{ from, was }])
  else known.push({ from, was })
}

/** What it was at any moment from then on. */
function versionsSince<T> (versions: Versions<T>, since: number, before?: T): T[] {
  const found: T[] = []
  for (let i = versions.length - 1; i >= 0; i--) {
    found.push(versions[i]!.was)
    if (versions[i]!.from <= since) return found
  }
  if (before !== undefined) found.push(before)
  return found
}

type Telling = Pick<StoredKey, 'id' | 'scopes' | 'expiresAt' | 'revokedAt' | 'disabledAt'>

function isLike (a: Telling, b: Telling): boolean {
  return a.id === b.id && +(a.expiresAt ?? 0) === +(b.expiresAt ?? 0) && +(a.revokedAt ?? 0) === +(b.revokedAt ?? 0) &&
    +(a.disabledAt ?? 0) === +(b.disabledAt ?? 0) && a.scopes.join() === b.scopes.join()
}

/** What is wrong with a verdict on a key with these scopes. @param isOwnerless `null`: it does not matter. */
function faultOf ({ record, grant }: KnownKey, refusal: Verdict['refusal'], wall: number, scopes: readonly string[], isOwnerless: boolean | null): string | null {
  const right = record.revokedAt !== null
    ? 'revoked'
    : record.disabledAt !== null ? 'disabled' : isOwnerless === true ? 'ownerless' : record.expiresAt !== null && record.expiresAt.getTime() <= wall ? 'expired' : null
  if (refusal !== right) return `${refusal ?? 'accepted'}, not ${right ?? 'accepted'}`
  const wrong = refusal === null && isOwnerless !== null ? SCOPES.find(name => grant.covers(name) !== scopes.includes(name)) : undefined
  return wrong === undefined ? null : `${wrong} is ${scopes.includes(wrong) ? 'refused' : 'allowed'}`
}
