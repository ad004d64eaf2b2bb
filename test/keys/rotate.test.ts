import t, { type Test } from 'tap'
import type { RotateOptions } from '../../lib/index.js'
import type { KeyStore } from '../../lib/keys/store.js'
import { memoryStore } from '../../lib/stores/memory.js'
import { refusalOf, setUp, stored } from './set-up.js'

const HOUR = 3_600_000
const u1 = { id: 'u1' }

/** A clock that stands still until it is moved. */
function stopClock (t: Test) {
  const real = Date.now
  let now = real()
  t.teardown(() => { Date.now = real })
  Date.now = () => now
  return { move (milliseconds: number) { now += milliseconds } }
}

t.test('a rotated key has another secret and the same grant, and the old one works until the grace period ends', async (t) => {
  const { keys, store } = setUp({ maxStaleness: 0 })
  const old = await keys.create({ name: 'ci', ownerId: 'u1', scopes: ['apps:deploy', 'hosts:read'], metadata: { team: 'platform' } })
  const before = Date.now()
  const { key, record } = (await keys.rotate(old.record.id, { gracePeriod: 'PT2H' }))!
  t.not(key, old.key)
  t.not(record.id, old.record.id)
  const { id, start, createdAt, rotatedFrom, ...same } = record
  const { id: oldId, start: _start, createdAt: _createdAt, rotatedFrom: _from, ...oldSame } = old.record
  t.strictSame(same, oldSame, 'name, owner, scopes, metadata and expiry are the same')
  t.equal(rotatedFrom, oldId)
  t.equal(start, key.slice(0, 9))
  t.strictSame(await keys.get(id), record)
  t.strictSame([await refusalOf(keys, key), await refusalOf(keys, old.key)], [null, null], 'both work')

  const ends = (await keys.get(oldId))!.expiresAt!.getTime()
  t.ok(ends >= before + 2 * HOUR && ends <= Date.now() + 2 * HOUR, 'the old one ends with the grace period')
  const clock = stopClock(t)
  clock.move(2 * HOUR + 1000)
  t.strictSame([await refusalOf(keys, key), await refusalOf(keys, old.key)], [null, 'expired'])
  t.strictSame((await stored(store, old.key)).revokedAt, null)
})

t.test('the grace period is an hour unless said otherwise, may be none, and prolongs nothing', async (t) => {
  const soon = new Date(Date.now() + 60_000)
  const table: ReadonlyArray<readonly [options: RotateOptions | undefined, expiresAt: Date | null, milliseconds: number]> = [
    [undefined, null, HOUR],
    [{}, null, HOUR],
    [{ gracePeriod: 'PT0S' }, null, 0],
    [{ gracePeriod: 'P7D' }, null, 168 * HOUR],
    [{ gracePeriod: 'P7D' }, soon, 60_000]
  ]
  for (const [options, expiresAt, milliseconds] of table) {
    const { keys } = setUp({ maxStaleness: 0 })
    const { key, record } = await keys.create({ name: 'ci', scopes: [], expiresAt })
    await keys.rotate(record.id, options)
    const end = (await keys.get(record.id))!.expiresAt!.getTime()
    t.ok(Math.abs(end - Date.now() - milliseconds) < 5000, `${JSON.stringify(options)}: ${end - Date.now()} ms`)
    t.equal(await refusalOf(keys, key), milliseconds === 0 ? 'expired' : null)
  }
})

t.test('the successor lives as long as the old key was to, or until when it is told, within maxKeyLifetime', async (t) => {
  const day = 24 * HOUR
  const table: ReadonlyArray<readonly [maxKeyLifetime: number | null, created: string | null | undefined, options: RotateOptions, lifetime: number | null]> = [
    [null, null, {}, null],
    [null, undefined, {}, null],
    [null, 'P30D', {}, 30 * day],
    [null, 'P30D', { expiresAt: null }, null],
    [null, null, { expiresAt: 'P1D' }, day],
    [60 * day, 'P30D', {}, 30 * day],
    [60 * day, undefined, {}, 60 * day],
    [60 * day, 'P30D', { expiresAt: 'P45D' }, 45 * day]
  ]
  for (const [maxKeyLifetime, expiresAt, options, lifetime] of table) {
    const { keys } = setUp({ maxKeyLifetime })
    const old = await keys.create({ name: 'ci', scopes: [], expiresAt })
    stopClock(t).move(5 * day)
    const { record } = (await keys.rotate(old.record.id, options))!
    t.equal(record.expiresAt && record.expiresAt.getTime() - Date.now(), lifetime, JSON.stringify([maxKeyLifetime, expiresAt, options]))
  }
  const unlimited = memoryStore()
  const { record } = await setUp({ store: unlimited }).keys.create({ name: 'old', scopes: [] })
  const limited = setUp({ store: unlimited, maxKeyLifetime: day }).keys
  const next = (await limited.rotate(record.id))!
  t.equal(next.record.expiresAt!.getTime(), next.record.createdAt.getTime() + day, 'a policy that came later holds from the next rotation on')
  await t.rejects(limited.rotate(next.record.id, { expiresAt: 'P2D' }), { code: 'FST_API_KEY_INVALID_INPUT', message: /^expiresAt must be .* or earlier, not .*: a key of this API may not live longer$/ })
})

t.test('the end of time is not overstepped', async (t) => {
  const last = new Date(8.64e15)
  const { keys } = setUp()
  const { record } = await keys.create({ name: 'k', scopes: [], expiresAt: last })
  const next = (await keys.rotate(record.id))!
  t.strictSame(next.record.expiresAt, last)
  t.equal(await refusalOf(keys, next.key), null)
  const limited = setUp({ maxKeyLifetime: Number.MAX_SAFE_INTEGER })
  t.strictSame((await limited.keys.create({ name: 'k', scopes: [] })).record.expiresAt, last)
})

t.test('bad options are refused, and nothing is done', async (t) => {
  const { keys, store } = setUp()
  const { record } = await keys.create({ name: 'ci', scopes: [] })
  const state = await store.list!({ limit: 10 })
  for (const [options, message] of [
    [{ gracePeriod: 60 }, 'gracePeriod must be an ISO 8601 duration such as "PT1H" or "P7D", not 60'],
    [{ gracePeriod: '60' }, 'gracePeriod must be an ISO 8601 duration such as "PT1H" or "P7D", not "60"'],
    [{ gracePeriod: null }, 'gracePeriod must be an ISO 8601 duration such as "PT1H" or "P7D", not null'],
    [{ gracePeriod: new Date() }, /^gracePeriod must be an ISO 8601 duration/],
    [{ gracePeriod: '-PT1H' }, /^gracePeriod must be an ISO 8601 duration/],
    [{ expiresAt: 90 }, /^expiresAt must be a Date, an ISO 8601 date and time with its zone, .* or an ISO 8601 duration, such as "P90D", not 90$/],
    [{ expiresAt: new Date(0) }, 'expiresAt must be in the future, not 1970-01-01T00:00:00.000Z'],
    [{ expiresAt: new Date(NaN) }, /^expiresAt must be a Date/],
    [{ grace: 'PT1H' }, 'unknown call option "grace"; there is { gracePeriod, expiresAt, as, all, actor, request }']
  ] as const) await t.rejects(keys.rotate(record.id, options as never), { statusCode: 400, code: 'FST_API_KEY_INVALID_INPUT', message })
  await t.rejects(keys.rotate(7 as never), { message: 'id must be a string, not 7' })
  t.strictSame(await store.list!({ limit: 10 }), state)
})

t.test('a key that is refused does not come to life again by being rotated', async (t) => {
  const { keys } = setUp()
  const make = async (fields = {}) => (await keys.create({ name: 'k', scopes: [], ...fields })).record.id
  const revoked = await make()
  await keys.revoke(revoked)
  const disabled = await make()
  await keys.update(disabled, { disabled: true })
  const expired = await make({ expiresAt: 'PT1S' })
  stopClock(t).move(2000)
  for (const [id, message] of [
    [revoked, 'the key is revoked, and cannot be rotated; create a new one'],
    [disabled, 'the key is disabled, and cannot be rotated; enable it first'],
    [expired, 'the key has expired, and cannot be rotated; create a new one']
  ] as const) await t.rejects(keys.rotate(id), { code: 'FST_API_KEY_INVALID_INPUT', message })
  t.equal(await keys.rotate('no-such-key'), null)
  t.equal((await keys.list()).records.length, 3)
})

t.test('a key is rotated once, its successor again; of many rotations at once one wins', async (t) => {
  for (const gracePeriod of ['PT1H', 'PT0S']) {
    const { keys, events } = setUp({ maxStaleness: 0 })
    const { key, record } = await keys.create({ name: 'ci', scopes: ['hosts:read'] })
    const results = await Promise.allSettled(Array.from({ length: 20 }, async () => await keys.rotate(record.id, { gracePeriod })))
    const [won] = results.filter(result => result.status === 'fulfilled').map(({ value }) => value!)
    const lost = results.filter(result => result.status === 'rejected').map(({ reason }) => reason as { code: string, statusCode: number })
    t.equal(lost.length, 19)
    for (const { code, statusCode } of lost) t.strictSame([code, statusCode], ['FST_API_KEY_ALREADY_ROTATED', 409])
    t.strictSame((await keys.list()).records.map(({ rotatedFrom }) => rotatedFrom).sort(), [record.id, null].sort(), 'there is one successor')
    t.equal(await refusalOf(keys, won!.key), null)
    t.equal(await refusalOf(keys, key), gracePeriod === 'PT0S' ? 'expired' : null)
    t.match(events.filter(({ action }) => action === 'rotate'), [{ keyId: record.id, successorId: won!.record.id }], 'and one event')
    t.equal(events.filter(({ action }) => action === 'rotate').length, 1)
    const next = (await keys.rotate(won!.record.id))!
    t.strictSame(next.record.scopes, ['hosts:read'])
  }
})

t.test('a change between reading and rotating is neither lost nor undone', async (t) => {
  const memory = memoryStore()
  let meanwhile: (() => Promise<unknown>) | undefined
  const store: KeyStore = {
    ...memory,
    async rotate (...args) {
      const change = meanwhile
      meanwhile = undefined
      await change?.()
      return await memory.rotate(...args)
    }
  }
  const { keys } = setUp({ store })
  const make = async () => (await keys.create({ name: 'ci', scopes: ['apps:deploy', 'hosts:read'] })).record.id

  const cut = await make()
  meanwhile = async () => await keys.update(cut, { scopes: ['hosts:read'] })
  t.strictSame((await keys.rotate(cut))!.record.scopes, ['hosts:read'], 'scopes that were taken away stay away')

  const noted = await make()
  meanwhile = async () => await keys.update(noted, { metadata: { plan: 'small' } })
  t.strictSame((await keys.rotate(noted))!.record.metadata, { plan: 'small' })

  const ended = await make()
  meanwhile = async () => await keys.revoke(ended)
  await t.rejects(keys.rotate(ended), { message: 'the key is revoked, and cannot be rotated; create a new one' })

  const off = await make()
  meanwhile = async () => await keys.update(off, { disabled: true })
  await t.rejects(keys.rotate(off), { message: 'the key is disabled, and cannot be rotated; enable it first' })

  const renamed = await make()
  let count = 0
  const rename = async () => {
    await keys.update(renamed, { name: `n${++count}` })
    meanwhile = rename
  }
  meanwhile = rename
  await t.rejects(keys.rotate(renamed), { code: 'FST_API_KEY_ALREADY_ROTATED' }, 'who changes it again and again comes first')
  t.equal(count, 3)

  meanwhile = undefined
  const gone = await make()
  meanwhile = async () => {
    await memory.revoke(gone, new Date(0))
    await memory.purge(new Date())
  }
  t.equal(await keys.rotate(gone), null)
})

t.test('who may not give away what a key may do cannot rotate it either', async (t) => {
  const { keys, store } = setUp()
  const { record } = await keys.create({ name: 'wide', ownerId: 'u1', scopes: ['full'] })
  const state = await store.list!({ limit: 10 })
  await t.rejects(keys.rotate(record.id, { as: { ...u1, scopes: ['apps:read'] } }), { code: 'FST_API_KEY_BEYOND_GRANT', message: /: full$/ })
  t.equal(await keys.rotate(record.id, { as: { id: 'u2' } }), null, 'another\'s key does not exist')
  t.strictSame(await store.list!({ limit: 10 }), state)
  t.match((await keys.rotate(record.id, { as: u1 }))!.record, { ownerId: 'u1', scopes: ['full'] })
})

t.test('a scope that the catalog has lost is carried along, and stands in nobody\'s way', async (t) => {
  const store = memoryStore()
  const { record } = await setUp({ store }).keys.create({ name: 'k', ownerId: 'u1', scopes: ['hosts:read'] })
  await store.update(record.id, { scopes: ['hosts:read', 'gone:read'] })
  const next = await setUp({ store }).keys.rotate(record.id, { as: { ...u1, scopes: ['hosts:read'] } })
  t.strictSame(next!.record.scopes, ['hosts:read', 'gone:read'])
})
