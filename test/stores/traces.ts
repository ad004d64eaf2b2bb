/**
 * Random histories, the same for every store: each answer must be one that a naive model gives too, two calls at once must
 * come out as one after the other, and a reader who reads again only what `changes` tells must know everything.
 *
 * A history that fails is shrunk, and printed with its seed. To run it again: TRACES_SEED=<seed>; more of them: TRACES=10000.
 */
import assert from 'node:assert/strict'
import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import type { StoredKey } from '../../lib/keys/record.js'
import type { Awaitable, KeyStore, Position } from '../../lib/keys/store.js'
import { aTrace, digestPool, type Trace } from './happenings.js'
import { outcomes, REJECTED, type Call, type State } from './model.js'

type Store = Required<KeyStore>

export interface Traces<S extends Store> {
  /** How many histories. */
  readonly runs: number
  readonly seed?: number
  /** How many steps a history has at most. */
  readonly steps?: number
  /** One more store over the same data, not yet open: half of the calls are made through it. */
  readonly another?: (opened: S) => Awaitable<S>
  /** Whether to look for the shortest history that fails. Default: true. */
  readonly shrinks?: boolean
}

/** @param createStore An empty store, not yet open, for each history. */
export async function runTraces<S extends Store> (createStore: () => Awaitable<S>, { runs, seed, steps = 25, another, shrinks = true }: Traces<S>): Promise<void> {
  const { TRACES, TRACES_SEED } = process.env
  const chosen = Number(TRACES_SEED ?? seed ?? Date.now() % 2 ** 31)
  const epochs = new Set<string>()
  let histories = 0

  await fc.assert(fc.asyncProperty(aTrace(steps), async (trace) => {
    const store = await createStore()
    const stores = [store]
    await store.open()
    try {
      if (another !== undefined) {
        const other = await another(store)
        await other.open()
        stores.push(other)
      }
      histories++
      epochs.add((await store.changes(null)).position.epoch)
      await follow(trace, stores)
    } finally {
      for (const opened of stores) await opened.close()
    }
  }), { numRuns: Number(TRACES ?? runs), seed: chosen, endOnFailure: !shrinks })

  assert.equal(epochs.size, histories, `of ${histories} stores some had the same epoch`)
}

async function follow (trace: Trace, stores: readonly Store[]): Promise<void> {
  const [store] = stores as [Store]
  const reader = await follower(store)
  let state: State = { keys: [], uses: new Map() }
  for (const [steps, which] of trace) {
    const calls = steps.map((step) => step(state))
    const answers = await Promise.all(calls.map(async (call, i) => answerOf(stores[(which + i) % stores.length]!, call)))
    const there = await store.list({ limit: 1000 })
    const possible = inAnyOrder(state, calls, answers).find(({ keys }) => isSame(newestFirst(keys), there))
    if (possible === undefined) assert.fail(said(calls, answers, state, there))
    await reader.look(state, possible, calls)
    state = possible
  }
  for (const { id, digest } of state.keys) {
    for (const call of [{ method: 'usesOf', values: [id] }, { method: 'get', values: [id] }, { method: 'findByDigest', values: [digest] }] as const) {
      const { answer } = outcomes(state, call)[0]!
      assert.deepEqual(await answerOf(store, call), answer)
    }
  }
}

async function answerOf (store: Store, { method, values }: Call): Promise<unknown> {
  try {
    const answer: unknown = await (store[method] as (...values: readonly unknown[]) => unknown)(...structuredClone(values))
    // In whatever order.
    return method === 'revokeOwner' ? byId(answer as StoredKey[]) : answer
  } catch (error) {
    // Else the model knows better.
    if (method === 'insert' || method === 'rotate') return REJECTED
    throw error
  }
}

/** What may be in a store that has given these answers, to calls in one order or another. */
function inAnyOrder (state: State, calls: readonly Call[], answers: readonly unknown[]): State[] {
  if (calls.length === 0) return [state]
  return calls.flatMap((call, i) => outcomes(state, call)
    .filter(({ answer }) => isSame(call.method === 'revokeOwner' ? byId(answer as StoredKey[]) : answer, answers[i]))
    .flatMap(({ after }) => inAnyOrder(after, calls.toSpliced(i, 1), answers.toSpliced(i, 1))))
}

/** Remembers every record, reads again what is told, and sees that nothing was left out. */
async function follower (store: Store) {
  const known = new Map<string, StoredKey | null>()
  let { position }: { position: Position } = await store.changes(null)

  return {
    async look (before: State, after: State, calls: readonly Call[]): Promise<void> {
      const { position: now, digests } = await store.changes(position)
      const changed = changesBetween(before, after)
      const methods = calls.map(({ method }) => method)
      assert.equal(now.epoch !== position.epoch, methods.includes('bumpEpoch'), 'an epoch began, or did not')
      if (now.epoch !== position.epoch) assert.equal(digests, null, 'another epoch is told like this one')
      else assert.ok(changed.length > 0 ? now.seq > position.seq : now.seq >= position.seq, 'the position has not moved on')
      if (digests === null) assert.ok(methods.includes('bumpEpoch') || methods.includes('purge'), `all may have changed after ${methods.join(' and ')}`)
      else assert.deepEqual(changed.filter((digest) => !digests.includes(digest)), [], 'not all changes were told')
      if (methods.every((method) => onlyReads.has(method))) assert.deepEqual(digests, [], 'reading is told as a change')
      assert.deepEqual((await store.changes(now)).digests, [], 'more is told when nothing has changed')
      position = now

      if (digests === null) known.clear()
      else for (const digest of digests) known.delete(digest)
      for (const digest of digestPool) {
        if (!known.has(digest)) known.set(digest, await store.findByDigest(digest))
        const key = after.keys.find((key) => key.digest === digest)
        assert.deepEqual(withoutUse(known.get(digest)), withoutUse(key))
      }
    }
  }
}

/** Uses are not told. */
const onlyReads = new Set<Call['method']>(['findByDigest', 'get', 'list', 'usesOf', 'recordUse'])

function changesBetween (before: State, after: State): string[] {
  const find = ({ keys }: State, digest: string) => withoutUse(keys.find((key) => key.digest === digest))
  return digestPool.filter((digest) => !isSame(find(before, digest), find(after, digest)))
}

function withoutUse (key: StoredKey | null | undefined): StoredKey | null {
  return key == null ? null : { ...key, lastUsedAt: null }
}

const isSame = isDeepStrictEqual
const byId = (keys: readonly StoredKey[]) => keys.toSorted((a, b) => Buffer.compare(Buffer.from(a.id), Buffer.from(b.id)))
const newestFirst = (keys: readonly StoredKey[]) => byId(keys).reverse().sort((a, b) => +b.createdAt - +a.createdAt)

function said (calls: readonly Call[], answers: unknown[], before: State, there: readonly StoredKey[]): string {
  return `${calls.length === 1 ? 'A call' : 'Two calls at once'} came out as the contract does not allow:\n` +
    fc.stringify({ calls, answers, before: newestFirst(before.keys), after: there })
}
