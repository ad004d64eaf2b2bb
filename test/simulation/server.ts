import type { StoredKey } from '../../lib/keys/record.js'
import type { Changes, KeyChanges, Position, SeenKey } from '../../lib/keys/store.js'
import { isAsSeen, isSameGrant } from '../../lib/stores/same-grant.js'

/** How the store of one simulation is. */
export interface ServerOptions {
  /** Of how many changes it can tell. */
  readonly kept: number
  /** Whether it answers `null` without a position, and about another epoch or a later one, as it should, or whatever stands in its log. */
  readonly isCareful: boolean
  /** Whether a new epoch begins to count at 0. */
  readonly countsAnew: boolean
  /** When the count of changes moves on: with each change, as it must; or what must not be, at another time. */
  readonly counts: 'with' | 'before' | 'after'
}

/** One change, and the records that it concerns; `null`: any. */
interface LogEntry { readonly seq: number, readonly digests: readonly string[] | null }

/** Everything that the store has at one moment. Never changed, so that any earlier one can come back. */
interface State {
  readonly epoch: string
  readonly seq: number
  readonly log: readonly LogEntry[]
  readonly records: ReadonlyMap<string, StoredKey>
}

/** What hears of each moment at which something is different. */
export interface Historian {
  recordIs (digest: string, record: StoredKey | null): void
  committed (): void
}

/**
 * A store, as the contract of `KeyStore` has it, apart from all messages: each method does what it does at one moment. It can
 * fail over and be restored.
 */
export class Server {
  readonly #options: ServerOptions
  readonly #historian: Historian
  readonly #later: (work: () => void) => void
  #state: State = { epoch: 'epoch-1', seq: 0, log: [], records: new Map() }
  #earlier: State[] = []
  #epochs = 1
  /** Positions that were told, and how often the store had been restored by then, as far as they know who were told. */
  readonly #told = new WeakMap<Position, number>()
  #restored = 0
  #numbers = 0
  #number: number | null = null

  constructor (options: ServerOptions, historian: Historian, later: (work: () => void) => void) {
    this.#options = options
    this.#historian = historian
    this.#later = later
  }

  /** Does what a request asks for at one moment, and answers then. */
  execute (request: () => unknown, isChange: boolean, answer: (result: unknown, error?: unknown) => void): void {
    const perform = (number: number | null) => {
      this.#number = number
      try {
        answer(request())
      } catch (error) {
        answer(undefined, error)
      }
    }
    if (this.#options.counts !== 'before' || !isChange) return perform(null)
    const number = ++this.#numbers
    this.#later(() => { perform(number) })
  }

  /** Whether somebody who was told this position must take an earlier history for the one that there is now. */
  misleads (since: Position): boolean {
    const { epoch, seq } = this.#state
    return since.epoch === epoch && since.seq <= seq && this.#told.get(since) !== this.#restored
  }

  findByDigest (digest: string): StoredKey | null {
    return this.#state.records.get(digest) ?? null
  }

  get (id: string): StoredKey | null {
    for (const record of this.#state.records.values()) if (record.id === id) return record
    return null
  }

  insert (record: StoredKey): void {
    if (this.findByDigest(record.digest) !== null || this.get(record.id) !== null) throw new Error('it is there already')
    this.#change([record])
  }

  update (id: string, changes: KeyChanges, seen?: SeenKey): StoredKey | null {
    const record = this.get(id)
    if (record === null || (seen !== undefined && !isAsSeen(record, seen))) return null
    return this.#change([{ ...record, ...changes }])
  }

  rotate (id: string, successor: StoredKey, endsAt: Date): StoredKey | null {
    const record = this.get(id)
    if (record === null || record.revokedAt !== null || record.disabledAt !== null || !isSameGrant(record, successor)) return null
    if ([...this.#state.records.values()].some(({ rotatedFrom }) => rotatedFrom === id)) return null
    const expiresAt = record.expiresAt === null || endsAt < record.expiresAt ? endsAt : record.expiresAt
    return this.#change([{ ...record, expiresAt }, successor])
  }

  revoke (id: string, at: Date, reason: string | null = null): StoredKey | null {
    const record = this.get(id)
    if (record === null || record.revokedAt !== null) return record
    return this.#change([{ ...record, revokedAt: at, revokedReason: reason }])
  }

  revokeOwner (ownerId: string, at: Date, reason: string | null = null): readonly StoredKey[] {
    const records = [...this.#state.records.values()].filter(record => record.ownerId === ownerId && record.revokedAt === null)
    const revoked = records.map(record => ({ ...record, revokedAt: at, revokedReason: reason }))
    if (revoked.length > 0) this.#change(revoked)
    return revoked
  }

  purge (): number {
    const gone = [...this.#state.records.values()].filter(({ revokedAt }) => revokedAt !== null).map(({ digest }) => digest)
    if (gone.length > 0) this.#commit(new Map([...this.#state.records].filter(([digest]) => !gone.includes(digest))), null)
    return gone.length
  }

  changes (since: Position | null): Changes {
    const { epoch, seq, log } = this.#state
    const position = { epoch, seq }
    // Who is misled is not put right by being told more of it.
    this.#told.set(position, since !== null && this.misleads(since) ? this.#told.get(since)! : this.#restored)
    return { position, digests: this.#digestsSince(since, position, log) }
  }

  bumpEpoch (): void {
    const { seq, log, records } = this.#state
    const counted = this.#options.countsAnew ? { seq: 0, log: [] } : { seq, log }
    this.#state = { ...counted, epoch: `epoch-${++this.#epochs}`, records }
    this.#historian.committed()
  }

  /** A server takes over that has not got the last few commits. */
  failOver (lost: number): void {
    this.#return(lost)
    this.bumpEpoch()
  }

  /** A backup is put back, with the epoch that stands in it. Who was told of a position must be told of a new epoch. */
  restore (lost: number): void {
    this.#return(lost)
    this.#restored++
  }

  #return (lost: number): void {
    const earlier = lost === 0 ? undefined : this.#earlier.at(-lost) ?? this.#earlier[0]
    if (earlier === undefined) return
    const later = this.#state
    this.#state = earlier
    this.#earlier = []
    for (const digest of new Set([...later.records.keys(), ...earlier.records.keys()])) {
      const record = earlier.records.get(digest) ?? null
      if (record !== (later.records.get(digest) ?? null)) this.#historian.recordIs(digest, record)
    }
  }

  #change (records: readonly StoredKey[]): StoredKey {
    const all = new Map(this.#state.records)
    for (const record of records) all.set(record.digest, record)
    this.#commit(all, records.map(({ digest }) => digest))
    return records[0]!
  }

  /** The log is written in the same step: nobody sees the one without the other. */
  #commit (records: ReadonlyMap<string, StoredKey>, digests: readonly string[] | null): void {
    const before = this.#state
    this.#earlier.push(before)
    this.#state = { ...before, records }
    const log = () => {
      const seq = this.#number ?? this.#state.seq + 1
      this.#state = { ...this.#state, seq: Math.max(this.#state.seq, seq), log: [...this.#state.log, { seq, digests }] }
    }
    if (this.#options.counts === 'after') this.#later(log)
    else log()
    for (const digest of digests ?? before.records.keys()) {
      const record = records.get(digest) ?? null
      if (record !== before.records.get(digest)) this.#historian.recordIs(digest, record)
    }
    this.#historian.committed()
  }

  #digestsSince (since: Position | null, { epoch, seq }: Position, log: readonly LogEntry[]): readonly string[] | null {
    const isOfAnother = since === null || since.epoch !== epoch || since.seq > seq
    if (isOfAnother && this.#options.isCareful) return null
    const entries = log.filter(entry => entry.seq > (since ?? { seq }).seq)
    if (entries.length > this.#options.kept || entries.some(({ digests }) => digests === null)) return null
    return entries.flatMap(({ digests }) => digests!)
  }
}
