// What may happen to a store. From small pools, so that it happens to the same few records.
import fc from 'fast-check'
import type { StoredKey } from '../../lib/keys/record.js'
import { oddTexts, similar } from '../../lib/testing/store-cases/store-case.js'
import type { Call, State } from './model.js'

/** What is to be done, with what stands in the store by then. */
type Step = (state: State) => Call

/** Steps, each of one call, or of two at once, through this store or another. */
export type Trace = ReadonlyArray<readonly [steps: readonly Step[], store: number]>

export const digestPool = ['a', 'b', 'c', 'd', 'A', 'ab', 'ba', '0a'].map((end) => end.padStart(64, '0'))
const texts = fc.oneof({ weight: 2, arbitrary: fc.constantFrom('a', 'b') }, fc.constantFrom(...similar, ...oddTexts, '', '部署 🚀', '～', '😀'))
const ids = fc.oneof({ weight: 3, arbitrary: fc.constantFrom('a', 'b', 'c', 'd') }, fc.constantFrom('A', 'a ', '😀', '～', "'; --", 'cafe\u0301', 'caf\u00e9'))
const dates = fc.constantFrom(1, 999, 1000, 1001, 1_700_000_000_123, 1_700_000_000_124, 253_402_300_799_999).map((ms) => new Date(ms))
const dateOrNull = fc.option(dates, { freq: 2 })
const owners = fc.oneof({ weight: 3, arbitrary: fc.constant('u') }, fc.constantFrom('U', 'u ', '%', '', 'null', '1', '01', 'caf\u00e9', 'cafe\u0301'))
const scopes = fc.array(fc.constantFrom('a', 'b', 'a,b', "it's", '{c}', '__proto__'), { maxLength: 3 })
const metadata = fc.constantFrom<StoredKey['metadata'][]>({}, { a: 1 }, { a: [1, null, { b: '"' }] }, { ü: 'ü 🚀', '': 0.1 })

const keys: fc.Arbitrary<StoredKey> = fc.record({
  id: ids,
  digest: fc.constantFrom(...digestPool),
  name: texts,
  ownerId: fc.option(owners, { freq: 5 }),
  start: texts,
  scopes,
  createdAt: dates,
  expiresAt: dateOrNull,
  revokedAt: fc.option(dates, { freq: 1 }),
  revokedReason: fc.constant(null),
  disabledAt: fc.option(dates, { freq: 1 }),
  lastUsedAt: fc.option(dates, { freq: 1 }),
  metadata,
  rotatedFrom: fc.constant(null),
  pepperVersion: fc.nat(2)
}, { noNullPrototype: true })

const changes = fc.record({ name: texts, scopes, metadata, disabledAt: dateOrNull }, { requiredKeys: [] })

/** A call, with what a reader can see of it. */
function step<Values> (values: fc.Arbitrary<Values>, call: (values: Values, state: State) => Call): fc.Arbitrary<Step> {
  return values.map((values) => Object.assign((state: State) => call(values, state), {
    [fc.toStringMethod]: () => fc.stringify(call(values, { keys: [], uses: new Map() }))
  }))
}

const inserting = step(keys, (key) => ({ method: 'insert', values: [key] }))

const one: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: inserting },
  {
    weight: 4,
    arbitrary: step(fc.tuple(ids, changes, fc.constantFrom('nothing', 'all', 'all', 'scopes', 'disabledAt'), keys), ([id, changes, seen, stranger], { keys }) => {
      if (seen === 'nothing') return { method: 'update', values: [id, changes] }
      const { scopes, disabledAt } = keys.find((key) => key.id === id) ?? stranger
      return { method: 'update', values: [id, changes, { scopes, disabledAt, ...seen !== 'all' && { [seen]: stranger[seen as 'scopes'] } }] }
    })
  },
  {
    weight: 4,
    arbitrary: step(fc.tuple(ids, keys, dates, fc.option(fc.constantFrom('name', 'ownerId', 'scopes', 'metadata'), { freq: 2 })), ([id, fresh, endsAt, otherwise], { keys }) => {
      const { name, ownerId, scopes, metadata } = keys.find((key) => key.id === id) ?? fresh
      const given = { name, ownerId, scopes, metadata, ...otherwise !== null && { [otherwise]: fresh[otherwise] } }
      return { method: 'rotate', values: [id, { ...fresh, ...given, rotatedFrom: id }, endsAt] }
    })
  },
  { weight: 2, arbitrary: step(fc.tuple(ids, dates, fc.option(texts)), ([id, at, reason]) => ({ method: 'revoke', values: [id, at, reason] })) },
  step(fc.tuple(owners, dates, fc.option(texts)), ([owner, at, reason]) => ({ method: 'revokeOwner', values: [owner, at, reason] })),
  step(dates, (before) => ({ method: 'purge', values: [before] })),
  {
    weight: 2,
    arbitrary: step(fc.array(fc.record({ id: ids, lastUsedAt: dates, demands: fc.array(fc.tuple(texts, dates), { maxLength: 3 }).map((met) => new Map(met)) }), { maxLength: 3 }),
      (uses) => ({ method: 'recordUse', values: [uses] }))
  },
  step(fc.constantFrom(...digestPool), (digest) => ({ method: 'findByDigest', values: [digest] })),
  step(ids, (id) => ({ method: 'get', values: [id] })),
  step(ids, (id) => ({ method: 'usesOf', values: [id] })),
  {
    weight: 6,
    arbitrary: step(fc.record({
      ownerId: owners,
      state: fc.record({ is: fc.constantFrom('active', 'disabled', 'expired', 'revoked'), at: dates }),
      unusedSince: dates,
      after: fc.record({ createdAt: dates, id: ids }),
      limit: fc.integer({ min: 1, max: 5 })
    }, { requiredKeys: ['limit'] }), (query) => ({ method: 'list', values: [query] }))
  },
  step(fc.constant(null), () => ({ method: 'bumpEpoch', values: [] }))
)

export function aTrace (steps: number): fc.Arbitrary<Trace> {
  const atOnce = fc.oneof(fc.tuple(one, one), one.map((step) => [step, step]))
  const aStep = fc.tuple(fc.oneof({ weight: 4, arbitrary: fc.tuple(one) }, atOnce), fc.nat(1))
  const first = fc.array(fc.tuple(fc.tuple(inserting), fc.nat(1)), { maxLength: 6, size: 'max' })
  return fc.tuple(first, fc.array(aStep, { maxLength: steps, size: 'max' })).map((parts) => parts.flat())
}
