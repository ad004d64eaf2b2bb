import type { Random } from './random.js'
import type { ServerOptions } from './server.js'

/** What may happen in one simulation, and how often. */
export interface Weather {
  readonly maxStaleness: number
  /** What everything else is measured in: `maxStaleness`, where there is one. */
  readonly unit: number
  readonly apps: number
  readonly keys: number
  /** Of how many slots the digests are. */
  readonly slots: number
  /** Digests under which a key may stand. */
  readonly digests: 1 | 2
  readonly ownerScopes: boolean
  /** Whether the store tells what has changed, and whether it hints at it. */
  readonly tells: boolean
  readonly hints: boolean
  readonly server: ServerOptions
  /** How long it lasts, in units, and what happens in a unit. */
  readonly lasts: number
  readonly requests: number
  readonly changes: number
  readonly mishaps: ReadonlyArray<readonly [kind: MishapKind, often: number]>
  /** Shares of messages. */
  readonly slow: number
  readonly lost: number
  readonly lostHints: number
  /** Whether it ends with a calm in which everything must work again. */
  readonly isCalmAtLast: boolean
}

export const MISHAPS = ['pause', 'stall', 'sleep', 'clock', 'restart', 'partition', 'outage', 'failover', 'restore', 'bump'] as const
export type MishapKind = typeof MISHAPS[number]

/** Each simulation has a few kinds of trouble and lacks the others, so that none hides what another one would show. */
export function weatherOf (random: Random): Weather {
  const maxStaleness = random.pick([1000, 1000, 1000, 1000, 100, 100, 20, 8000, 60_000, 0])
  return {
    maxStaleness,
    unit: maxStaleness === 0 ? 1000 : maxStaleness,
    apps: random.pick([2, 2, 2, 2, 3, 3, 4, 6]),
    keys: random.whole(1, 3),
    slots: random.pick([1, 3, 0x10000]),
    digests: random.pick([1, 1, 1, 2]),
    ownerScopes: random.chance(0.2),
    tells: random.chance(0.95),
    hints: random.chance(0.5),
    server: {
      kept: random.pick([1, 2, 10_000]),
      isCareful: random.chance(0.5),
      countsAnew: random.chance(0.3),
      counts: 'with'
    },
    lasts: random.between(2, 4),
    requests: random.between(3, 8),
    changes: random.between(0.5, 3),
    mishaps: MISHAPS.filter(() => random.chance(0.3)).map(kind => [kind, random.between(0.1, 0.9)]),
    slow: random.pick([0, 0.02, 0.1, 0.3]),
    lost: random.pick([0, 0, 0.05, 0.3]),
    lostHints: random.pick([0, 0.3, 1]),
    isCalmAtLast: random.chance(0.1)
  }
}
