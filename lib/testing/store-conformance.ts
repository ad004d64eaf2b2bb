import type { StoredKey } from '../keys/record.js'
import type { Awaitable, KeyStore } from '../keys/store.js'
import { changesAtOnceCases } from './store-cases/changes-at-once.js'
import { changeCases } from './store-cases/changes.js'
import { concurrencyCases } from './store-cases/concurrency.js'
import { damageCases } from './store-cases/damage.js'
import { fidelityCases } from './store-cases/fidelity.js'
import { listFilterCases } from './store-cases/list-filters.js'
import { listCases } from './store-cases/list.js'
import { lookupCases } from './store-cases/lookup.js'
import { positionCases } from './store-cases/positions.js'
import { purgeCases } from './store-cases/purge.js'
import { revokeOwnerCases } from './store-cases/revoke-owner.js'
import { revokeCases } from './store-cases/revoke.js'
import { rotateAtOnceCases } from './store-cases/rotate-at-once.js'
import { rotateCases } from './store-cases/rotate.js'
import type { StoreCase } from './store-cases/store-case.js'
import { updateSeenCases } from './store-cases/update-seen.js'
import { updateCases } from './store-cases/update.js'
import { useAtOnceCases } from './store-cases/uses-at-once.js'
import { useCases } from './store-cases/uses.js'
import { watchCases } from './store-cases/watch.js'

/** One promise of the `KeyStore` contract. */
export interface ConformanceCase {
  /** The promise, as a sentence. */
  readonly name: string
  /** Rejects with an `AssertionError`, or with what the store threw, if the store breaks the promise. */
  run (): Promise<void>
}

export interface ConformanceOptions<Store extends KeyStore> {
  /** Puts records into a store that has no `insert`. Without either, only unknown keys can be looked up. */
  readonly seed?: (store: Store, keys: readonly StoredKey[]) => Awaitable<void>
  /**
   * A store over the same data as the given one, which has been closed. Enables the cases about what outlives a restart.
   * The suite opens it.
   */
  readonly reopen?: (closed: Store) => Awaitable<Store>
  /** One more store over the same data as the given one, which is open. Enables the cases about several at once. The suite opens and closes it. */
  readonly another?: (opened: Store) => Awaitable<Store>
  /** How many changes the store keeps for `changes`. Enables a case that makes more than twice as many, one after the other. */
  readonly changesKept?: number
  /**
   * Puts this text where the store keeps this field of a record, past the store, as a damaged disk or a careless hand would.
   * Rejects if the database refuses it. Enables the cases about damaged records.
   */
  readonly damage?: (store: Store, key: StoredKey, field: keyof StoredKey, text: string) => Awaitable<void>
}

/**
 * The contract of `KeyStore` as tests for any test runner. Cases about a method that the store does not have are left out.
 *
 * Each case makes its own store, opens it if it can be opened, and closes it. Where an empty store needs more than a call
 * (truncating a table), do that around `run`, in the test or in a hook of the runner.
 *
 * @param createStore A store that is empty by the time its `open` resolves, different from every other. Also called once
 * to see which methods there are; that store is never opened.
 * @example
 * for (const { name, run } of storeConformance(() => myStore())) test(name, run)
 */
export function storeConformance<Store extends KeyStore> (
  createStore: () => Store,
  options: ConformanceOptions<Store> = {}
): ConformanceCase[] {
  const probe = createStore()
  const able = {
    keys: probe.insert !== undefined || options.seed !== undefined,
    reopen: options.reopen !== undefined,
    another: options.another !== undefined,
    changesKept: options.changesKept !== undefined,
    damage: options.damage !== undefined
  }
  return allCases
    .filter(({ needs }) => needs.every((need) => need in able ? able[need as keyof typeof able] : probe[need as keyof KeyStore] !== undefined))
    .map((storeCase) => ({ name: storeCase.name, run: () => runCase(storeCase, createStore(), options) }))
}

const allCases = [
  ...lookupCases, ...fidelityCases, ...updateCases, ...updateSeenCases, ...rotateCases, ...rotateAtOnceCases, ...revokeCases, ...revokeOwnerCases,
  ...purgeCases, ...listCases, ...listFilterCases, ...useCases, ...useAtOnceCases, ...concurrencyCases, ...changeCases, ...positionCases,
  ...changesAtOnceCases, ...watchCases, ...damageCases
]

async function runCase<Store extends KeyStore> (
  { check }: StoreCase,
  created: Store,
  { seed, reopen, another, changesKept = 0, damage }: ConformanceOptions<Store>
): Promise<void> {
  let store = created
  const others: Store[] = []
  await store.open?.()
  try {
    // A case runs only if the store has the methods that it needs.
    await check(store as Store & Required<KeyStore>, {
      async put (...keys) {
        if (store.insert === undefined) return seed!(store, keys)
        for (const key of keys) await store.insert(key)
      },
      async reopen () {
        await store.close?.()
        store = await reopen!(store)
        await store.open?.()
        return store as Store & Required<KeyStore>
      },
      async another () {
        const other = await another!(store)
        await other.open?.()
        others.push(other)
        return other as Store & Required<KeyStore>
      },
      changesKept,
      damage: async (key, field, text) => damage!(store, key, field, text)
    })
  } finally {
    for (const opened of [...others, store]) await opened.close?.()
  }
}
