import type { Weather } from './weather.js'

/** Something that the promise rests on, left out. */
export interface Sabotage {
  readonly name: string
  /** A passage of a file of lib/keys, which stands there once, and what is put in its place. */
  readonly file?: string
  readonly from?: string
  readonly to?: string
  /** What the store does that it must not. */
  readonly server?: Partial<Weather['server']>
}

/** Each of these must be found out. If a passage is not found, this table is to follow the code. */
export const sabotages: readonly Sabotage[] = [
  {
    name: 'the lease never ends',
    file: 'lease.ts',
    from: 'return this.#from !== null && isWithin(this.#options.maxStaleness, this.#from.monotonic, this.#from.wall, moment)',
    to: 'return this.#from !== null'
  },
  {
    name: 'the lease begins when the answer came',
    file: 'lease.ts',
    from: 'this.#from = began',
    to: 'this.#from = now(this.#clock)'
  },
  {
    name: 'what is told to have changed is not marked',
    file: 'lease.ts',
    from: 'this.marks.changed(why === null ? digests : null)',
    to: 'if (why !== null) this.marks.changed(null)'
  },
  {
    name: 'another epoch is not noticed',
    file: 'lease.ts',
    from: "if (next.epoch !== last.epoch) return 'epoch'",
    to: ''
  },
  {
    name: 'a position that went back is not noticed',
    file: 'lease.ts',
    from: "if (next.seq < last.seq) return 'backwards'",
    to: ''
  },
  {
    name: 'a log that was trimmed is taken for an empty one',
    file: 'lease.ts',
    from: 'this.marks.changed(why === null ? digests : null)',
    to: 'this.marks.changed(digests ?? [])'
  },
  {
    name: 'a store that says at first that nothing has changed is believed',
    file: 'lease.ts',
    from: 'if (last === null) this.marks.changed(null)',
    to: ''
  },
  {
    name: 'the position is not kept',
    file: 'lease.ts',
    from: 'this.#position = position',
    to: 'this.#position ??= position'
  },
  {
    name: 'the store is asked only when it has hinted',
    file: 'lease.ts',
    from: 'this.#askAfter(this.#hinted ? this.#pace.atLeast : this.#pace.usual)',
    to: 'if (this.#hinted) this.#askAfter(this.#pace.atLeast)'
  },
  {
    name: 'an answer of the store is waited for however long it takes',
    file: 'lease.ts',
    from: "await within(this.#pace.timeout, asked, () => new Error('the store did not tell in time what has changed'), this.#wait.answer)",
    to: 'await asked'
  },
  {
    name: 'only the monotonic clock is looked at',
    file: 'clock.ts',
    from: 'now.monotonic - monotonic < milliseconds && Math.abs(now.wall - wall) < milliseconds',
    to: 'now.monotonic - monotonic < milliseconds'
  },
  {
    name: 'only the wall clock is looked at',
    file: 'clock.ts',
    from: 'now.monotonic - monotonic < milliseconds && Math.abs(now.wall - wall) < milliseconds',
    to: 'now.wall - wall < milliseconds'
  },
  {
    name: 'a clock that was set back hides that the machine slept',
    file: 'clock.ts',
    from: '&& Math.abs(now.wall - wall) < milliseconds',
    to: '&& now.wall - wall < milliseconds'
  },
  {
    name: 'a mark is taken when the answer came',
    file: 'key-cache.ts',
    from: '{ answer: found, isToldOf, mark, readAt }',
    to: '{ answer: found, isToldOf, mark: this.#options.lease.marks.take(digests), readAt }'
  },
  {
    name: 'a mark is not looked at',
    file: 'remembered.ts',
    from: 'return place !== NONE && this.#holds(place) ? place : NONE',
    to: 'return place'
  },
  {
    name: 'a read counts from when it was answered',
    file: 'key-cache.ts',
    from: 'return { answer: found, isToldOf, mark, readAt }',
    to: 'return { answer: found, isToldOf, mark, readAt: now(this.#clock) }'
  },
  {
    name: 'a request joins a read that was overtaken',
    file: 'key-cache.ts',
    from: 'flight !== undefined && maxStaleness > 0 && lease.marks.holds(flight.mark)',
    to: 'flight !== undefined && maxStaleness > 0'
  },
  {
    name: 'a request joins a read though nothing may be remembered',
    file: 'key-cache.ts',
    from: 'flight !== undefined && maxStaleness > 0 && lease.marks.holds(flight.mark)',
    to: 'flight !== undefined && lease.marks.holds(flight.mark)'
  },
  {
    name: 'an answer is taken however late the process comes to it',
    file: 'key-cache.ts',
    from: 'if (elapsed(readAt, now(this.#clock)) <= timeout) ',
    to: ''
  },
  {
    name: 'a read is waited for however long it takes',
    file: 'key-cache.ts',
    from: 'await within(timeout, read(digests), timedOut, wait)',
    to: 'await read(digests)'
  },
  {
    name: 'a read may take longer than maxStaleness',
    file: 'verifier.ts',
    from: 'timeout: Math.min(options.maxStaleness || 1000, LONGEST_READ)',
    to: 'timeout: 2 * (options.maxStaleness || 1000)'
  },
  {
    name: 'a process that has slept does not know that it is late',
    file: 'clock.ts',
    from: 'Math.max(to.monotonic - from.monotonic, Math.abs(to.wall - from.wall))',
    to: 'to.monotonic - from.monotonic'
  },
  {
    name: 'the lease covers what no store tells of',
    file: 'key-cache.ts',
    from: '(remembered.isToldOf(place) && lease.covers(moment))',
    to: 'lease.covers(moment)'
  },
  {
    name: 'whoever adds a key still takes it for unknown',
    file: 'life/life.ts',
    from: 'verifier.changed([key.digest])',
    to: ''
  },
  {
    name: 'whoever changes a key still knows it as it was',
    file: 'life/life.ts',
    from: 'verifier.changed(digests)',
    to: ''
  },
  {
    name: 'whoever is told that a key is revoked still accepts it',
    file: 'life/revoke.ts',
    from: 'verifier.changed([stored.digest])',
    to: ''
  },
  {
    name: 'whoever imports a key that another process has imported still takes it for unknown',
    file: 'life/import.ts',
    from: 'verifier.changed([digest])',
    to: ''
  },
  {
    name: 'a change is numbered before its transaction ends',
    server: { counts: 'before' }
  },
  {
    name: 'a change is numbered after its transaction has ended',
    server: { counts: 'after' }
  }
]
