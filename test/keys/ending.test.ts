import t from 'tap'
import type { KeyState } from '../../lib/index.js'
import type { Keyring } from '../../lib/keys/keyring.js'
import type { KeyStore } from '../../lib/keys/store.js'
import { memoryStore } from '../../lib/stores/memory.js'
import { refusalOf, setUp } from './set-up.js'

const DAY = 86_400_000
/** Puts records into a store, like an active one of u1 that is there then too, but for their fields. */
async function planter (store: Required<KeyStore>, keys: Keyring) {
  const { record } = await keys.create({ name: 'active', ownerId: 'u1', scopes: [] })
  const base = (await store.get(record.id))!
  let count = 0
  return async (name: string, fields: object) => { await store.insert({ ...base, id: `k${++count}`, digest: `d${count}`, name, ...fields }) }
}

const badReasons: ReadonlyArray<readonly [unknown, string]> = [
  ['', '""'], [7, '7'], ['a\nb', '"a\\nb"'], ['\u001b[31m', '"\\u001b[31m"'], ['x'.repeat(201), `"${'x'.repeat(78)}…`], [{}, '{}'], [true, 'true']
]

t.test('a key is revoked for a reason, which stays the first one', async (t) => {
  const { keys, events } = setUp()
  const { key, record } = await keys.create({ name: 'k', ownerId: 'u1', scopes: [] })
  const revoked = await keys.revoke(record.id, { reason: 'found in a log', actor: 'nightly' })
  t.match(revoked, { revokedReason: 'found in a log', revokedAt: Date })
  t.equal(await refusalOf(keys, key), 'revoked')
  t.strictSame(await keys.revoke(record.id, { reason: 'once more' }), revoked, 'again changes nothing')
  t.match(events.filter(({ action }) => action === 'revoke'), [{ keyId: record.id, ownerId: 'u1', reason: 'found in a log', actor: { type: 'code', id: 'nightly' } }])
  t.equal(events.length, 2, 'and is no event')
  const other = await keys.create({ name: 'k', scopes: [] })
  t.equal((await keys.revoke(other.record.id))!.revokedReason, null)
  t.equal(await keys.revoke('none', { reason: 'x' }), null)
})

t.test('a bad reason is refused, and the key lives on', async (t) => {
  const { keys } = setUp()
  const { key, record } = await keys.create({ name: 'k', ownerId: 'u1', scopes: [] })
  for (const [reason, shown] of badReasons) {
    const message = `reason must be a string of 1 to 200 characters without control characters, not ${shown}`
    await t.rejects(keys.revoke(record.id, { reason: reason as string }), { code: 'FST_API_KEY_INVALID_INPUT', message })
    await t.rejects(keys.revokeOwner('u1', { reason: reason as string }), { code: 'FST_API_KEY_INVALID_INPUT', message })
  }
  t.equal(await refusalOf(keys, key), null)
})

t.test('a record that is corrupt can be revoked by trusted code all the same', async (t) => {
  const store = memoryStore()
  const { keys } = setUp({ store })
  const { record } = await keys.create({ name: 'k', ownerId: 'u1', scopes: [] })
  await store.update(record.id, { scopes: null as never })
  t.equal(await keys.revoke(record.id, { reason: 'broken' }), null)
  await store.update(record.id, { scopes: [] })
  t.match(await keys.get(record.id), { revokedReason: 'broken' })
})

t.test('all keys of an owner end in one step, and nobody else\'s', async (t) => {
  const { keys, events } = setUp()
  const make = async (ownerId: string | null) => await keys.create({ name: 'k', ownerId, scopes: [] })
  const [first, second, before, other, machine] = [await make('u1'), await make('u1'), await make('u1'), await make('U1'), await make(null)]
  await keys.revoke(before.record.id, { reason: 'before' })
  for (const { key } of [first, second, other, machine]) t.equal(await refusalOf(keys, key), null)
  events.length = 0

  const revoked = await keys.revokeOwner('u1', { reason: 'left the company' })
  t.strictSame(revoked.map(({ id }) => id).sort(), [first.record.id, second.record.id].sort())
  for (const record of revoked) t.match(record, { revokedAt: Date, revokedReason: 'left the company' })
  t.strictSame([await refusalOf(keys, first.key), await refusalOf(keys, second.key)], ['revoked', 'revoked'], 'at once')
  t.strictSame([await refusalOf(keys, other.key), await refusalOf(keys, machine.key)], [null, null])
  t.equal((await keys.get(before.record.id))!.revokedReason, 'before')
  t.match(events.map(({ action, keyId, ownerId, reason }) => [action, keyId, ownerId, reason]), [
    ['revokeOwner', null, 'u1', 'left the company'], ['revoke', String, 'u1', 'left the company'], ['revoke', String, 'u1', 'left the company']
  ], 'one event for the whole, and one for each key')
  t.strictSame(await keys.revokeOwner('u1'), [])
  t.strictSame(await keys.revokeOwner('nobody'), [])
  await t.rejects(keys.revokeOwner(null as never), { message: 'ownerId must be a string, not null' })
})

t.test('a user may revoke all of their own keys, and an administrator anybody\'s', async (t) => {
  const { keys } = setUp()
  const { key } = await keys.create({ name: 'k', ownerId: 'u1', scopes: [] })
  await t.rejects(keys.revokeOwner('u1', { as: { id: 'u2' } }), { code: 'FST_API_KEY_INVALID_INPUT', message: 'ownerId cannot be chosen: it is that of the user who asks' })
  t.equal(await refusalOf(keys, key), null)
  t.equal((await keys.revokeOwner('u1', { as: { id: 'admin' }, all: true })).length, 1)
  const again = await keys.create({ name: 'k', ownerId: 'u1', scopes: [] })
  t.strictSame((await keys.revokeOwner('u1', { as: { id: 'u1' } })).map(({ id }) => id), [again.record.id])
})

t.test('a failed revocation of an owner\'s keys makes them be asked for again', async (t) => {
  const memory = memoryStore()
  const { keys } = setUp({
    store: {
      ...memory,
      async revokeOwner (...args) {
        await memory.revokeOwner(...args)
        throw new Error('the answer was lost')
      }
    }
  })
  const { key } = await keys.create({ name: 'k', ownerId: 'u1', scopes: [] })
  t.equal(await refusalOf(keys, key), null)
  await t.rejects(keys.revokeOwner('u1'), { code: 'FST_API_KEY_STORE_UNAVAILABLE' })
  t.equal(await refusalOf(keys, key), 'revoked')
})

t.test('expired and revoked keys are kept until they are purged', async (t) => {
  const store = memoryStore()
  const { keys, events } = setUp({ store })
  const plant = await planter(store, keys)
  const ago = (days: number) => new Date(Date.now() - days * DAY)
  await plant('to expire', { expiresAt: new Date(Date.now() + DAY) })
  await plant('disabled', { disabledAt: ago(100) })
  await plant('revoked long ago', { revokedAt: ago(100) })
  await plant('revoked lately', { revokedAt: ago(10) })
  await plant('expired long ago', { expiresAt: ago(100) })
  await plant('expired lately', { expiresAt: ago(10) })
  events.length = 0
  t.equal(await keys.purge({ olderThan: 'P90D' }, { actor: 'cron' }), 2)
  t.strictSame((await keys.list()).records.map(({ name }) => name).sort(), ['active', 'disabled', 'expired lately', 'revoked lately', 'to expire'])
  t.match(events, [{ action: 'purge', actor: { type: 'code', id: 'cron' }, until: /^\d{4}-.*Z$/ }])
  t.equal(await keys.purge({ olderThan: ago(20) }), 0)
  t.equal(await keys.purge({ olderThan: ago(5).toISOString() }), 2)
  t.equal((await keys.list()).records.length, 3)
})

t.test('purge takes nothing that it does not understand', async (t) => {
  const { keys } = setUp()
  await keys.create({ name: 'k', scopes: [], expiresAt: 'PT1S' })
  for (const query of [undefined, null, {}, { olderThan: 90 }, { olderThan: '90' }, { olderThan: null }, { olderThan: new Date(NaN) }, { olderThan: new Date(Date.now() + DAY) }, { olderThan: 'P1D', ownerId: 'u1' }, 'P90D']) {
    await t.rejects(keys.purge(query as never), { statusCode: 400, code: 'FST_API_KEY_INVALID_INPUT', message: /^purge needs { olderThan }: a Date or an ISO 8601 date and time that is past, or an ISO 8601 duration such as "P90D", not / })
  }
  await t.rejects(keys.purge({ olderThan: 'P1D' }, { as: { id: 'u1' } } as never), { message: 'purge is for trusted code alone: leave as out' })
  t.equal((await keys.list()).records.length, 1)
})

t.test('keys are listed by state, and by how long they were not used', async (t) => {
  const store = memoryStore()
  const { keys } = setUp({ store })
  const now = Date.now()
  const at = (days: number) => new Date(now + days * DAY)
  const plant = await planter(store, keys)
  await plant('expires', { expiresAt: at(1) })
  await plant('expired', { expiresAt: at(-1) })
  await plant('disabled', { disabledAt: at(-1) })
  await plant('disabled and expired', { disabledAt: at(-2), expiresAt: at(-1) })
  await plant('revoked', { revokedAt: at(-1) })
  await plant('revoked, disabled and expired', { revokedAt: at(-1), disabledAt: at(-1), expiresAt: at(-1) })
  await plant('old and unused', { createdAt: at(-100) })
  await plant('old and used', { createdAt: at(-100), lastUsedAt: at(-1) })
  await plant('old and used long ago', { createdAt: at(-100), lastUsedAt: at(-95) })
  const names = async (query: object) => (await keys.list(query)).records.map(({ name }) => name).sort()
  const states: Record<KeyState, string[]> = {
    active: ['active', 'expires', 'old and unused', 'old and used', 'old and used long ago'],
    expired: ['expired'],
    disabled: ['disabled', 'disabled and expired'],
    revoked: ['revoked', 'revoked, disabled and expired']
  }
  for (const [state, expected] of Object.entries(states)) t.strictSame(await names({ state }), expected)
  t.strictSame(await names({ unusedFor: 'P90D' }), ['old and unused', 'old and used long ago'])
  t.strictSame(await names({ unusedFor: at(-98).toISOString() }), ['old and unused'])
  t.strictSame(await names({ unusedFor: 'P90D', state: 'revoked' }), [])
  t.strictSame(await names({ unusedFor: at(-90), ownerId: 'u2' }), [])
  for (const [query, message] of [
    [{ state: 'Active' }, 'state must be one of active, disabled, expired, revoked, not "Active"'],
    [{ state: null }, 'state must be one of active, disabled, expired, revoked, not null'],
    [{ unusedFor: 90 }, 'unusedFor must be an ISO 8601 duration such as "P90D", or a Date or an ISO 8601 date and time with its zone that is past, not 90'],
    [{ unusedFor: '90 days' }, /^unusedFor must be/],
    [{ unusedFor: '2999-01-01T00:00:00Z' }, /^unusedFor must be .* that is past, not "2999-01-01T00:00:00Z"$/],
    [{ states: 'active' }, 'unknown field "states" (did you mean "state"?)']
  ] as const) await t.rejects(keys.list(query as never), { statusCode: 400, code: 'FST_API_KEY_INVALID_INPUT', message })
})

t.test('a key may be given its time as a duration, and no more than maxKeyLifetime', async (t) => {
  const lifetime = ({ record }: { record: { createdAt: Date, expiresAt: Date | null } }) => record.expiresAt && record.expiresAt.getTime() - record.createdAt.getTime()
  const { keys } = setUp()
  t.equal(lifetime(await keys.create({ name: 'k', scopes: [], expiresAt: 'P90D' })), 90 * DAY)
  t.equal(lifetime(await keys.create({ name: 'k', scopes: [], expiresAt: 'PT15M' })), 15 * 60_000)
  t.equal(lifetime(await keys.create({ name: 'k', scopes: [] })), null)

  const limited = setUp({ maxKeyLifetime: 30 * DAY })
  t.equal(lifetime(await limited.keys.create({ name: 'k', scopes: [] })), 30 * DAY, 'left out, it is as long as may be')
  t.equal(lifetime(await limited.keys.create({ name: 'k', scopes: [], expiresAt: 'P30D' })), 30 * DAY)
  for (const [expiresAt, shown] of [['P31D', /\d{4}-.*Z/], [null, /never/], [new Date(Date.now() + 40 * DAY), /\d{4}-.*Z/]] as const) {
    await t.rejects(limited.keys.create({ name: 'k', scopes: [], expiresAt }), { code: 'FST_API_KEY_INVALID_INPUT', message: new RegExp(`^expiresAt must be \\d{4}-.*Z or earlier, not ${shown.source}: a key of this API may not live longer$`) })
  }
  for (const expiresAt of ['PT0S', 'P0D']) await t.rejects(keys.create({ name: 'k', scopes: [], expiresAt }), { message: /^expiresAt must be in the future/ })
  for (const expiresAt of ['P', '90', 'P-1D', 90, 7_776_000, NaN]) await t.rejects(keys.create({ name: 'k', scopes: [], expiresAt: expiresAt as string }), { message: /^expiresAt must be a Date, .* or an ISO 8601 duration, such as "P90D", not / })
})

t.test('a store that answers no list does not pass for one that has found nothing', async (t) => {
  for (const answer of [undefined, null, 7, 'x', {}] as never[]) {
    const { keys, told } = setUp({ store: { ...memoryStore(), list: () => answer, revokeOwner: () => answer } })
    for (const call of [async (): Promise<unknown> => await keys.list(), async (): Promise<unknown> => await keys.revokeOwner('u1')]) {
      await t.rejects(call, { code: 'FST_API_KEY_STORE_UNAVAILABLE', statusCode: 503 })
      t.match(told.pop(), ['failed', { message: 'the store must answer a list of records' }])
    }
  }
})
