import t, { type Test } from 'tap'
import { knownKeyOf } from '../../lib/keys/known-key.js'
import type { ApiKeyRecord } from '../../lib/keys/record.js'
import type { KeyStore } from '../../lib/keys/store.js'
import type { UsageQuery } from '../../lib/keys/life/usage.js'
import type { VerifyOptions } from '../../lib/keys/life/verify.js'
import { usageNotes } from '../../lib/keys/usage/notes.js'
import { memoryStore } from '../../lib/stores/memory.js'
import { catalog, setUp } from './set-up.js'

const DAY = 86_400_000

/** A keyring of an app that notes the use of its keys. */
function noting (t: Test, store: KeyStore = memoryStore(), flushInterval: number | null = 3_600_000) {
  const told: unknown[] = []
  const usage = usageNotes(store, { flushInterval, failed (error) { told.push(error) }, full () { told.push('full') } })
  t.teardown(() => usage.close())
  return { ...setUp({ store, usage }), usage, told }
}

const keyOf = (record: ApiKeyRecord) => knownKeyOf(record, scopes => catalog.grant(scopes))

/** Lets some time pass, for all that ask for it. */
function travel (t: Test, milliseconds: number) {
  const real = Date.now
  t.teardown(() => { Date.now = real })
  Date.now = () => real() + milliseconds
}

t.test('the usage of a key is told up to this moment', async (t) => {
  const { keys, usage, store } = noting(t)
  const { record } = await keys.create({ name: 'ci', scopes: ['full', 'apps:deploy', 'hosts:read'] })
  t.strictSame(await keys.usage(record.id), {
    lastUsedAt: null,
    scopes: [{ name: 'full', lastNeededAt: null }, { name: 'apps:deploy', lastNeededAt: null }, { name: 'hosts:read', lastNeededAt: null }],
    unusedScopes: ['full', 'apps:deploy', 'hosts:read'],
    smallestGrant: []
  })
  const before = Date.now()
  usage.note(keyOf(record), catalog.requirement('apps:read'))
  const found = (await keys.usage(record.id))!
  t.ok(found.lastUsedAt!.getTime() >= before && found.lastUsedAt!.getTime() <= Date.now())
  t.strictSame(found, {
    lastUsedAt: found.lastUsedAt,
    scopes: [{ name: 'full', lastNeededAt: null }, { name: 'apps:deploy', lastNeededAt: found.lastUsedAt }, { name: 'hosts:read', lastNeededAt: null }],
    unusedScopes: ['full', 'hosts:read'],
    smallestGrant: ['apps:read']
  })
  t.strictSame(await setUp({ store }).keys.usage(record.id), found, 'a keyring that notes nothing tells what others have written')

  await keys.update(record.id, { scopes: found.smallestGrant })
  t.match(await keys.usage(record.id), { unusedScopes: [], smallestGrant: ['apps:read'] })
})

t.test('what a key was used for is not told of its successor', async (t) => {
  const { keys, usage } = noting(t)
  const { record } = await keys.create({ name: 'ci', scopes: ['apps:read'] })
  usage.note(keyOf(record), catalog.requirement('apps:read'))
  const { record: successor } = (await keys.rotate(record.id))!
  t.match(await keys.usage(record.id), { unusedScopes: [], smallestGrant: ['apps:read'] })
  t.match(await keys.usage(successor.id), { lastUsedAt: null, unusedScopes: ['apps:read'], smallestGrant: [] })
})

t.test('scopes that were not needed for some time', async (t) => {
  const { keys, usage } = noting(t)
  const { record } = await keys.create({ name: 'ci', scopes: ['apps:read', 'apps:deploy', 'hosts:read'] })
  usage.note(keyOf(record), catalog.requirement('apps:read'))
  await usage.flush()
  const start = Date.now()
  travel(t, 40 * DAY)
  usage.note(keyOf(record), catalog.requirement('hosts:read'))
  const table: ReadonlyArray<readonly [UsageQuery['unusedFor'], readonly string[]]> = [
    [undefined, ['apps:deploy']],
    ['P30D', ['apps:read', 'apps:deploy']],
    [new Date(start + DAY), ['apps:read', 'apps:deploy']],
    [new Date(start + DAY).toISOString(), ['apps:read', 'apps:deploy']],
    ['PT0S', ['apps:read', 'apps:deploy', 'hosts:read']],
    ['P41D', []]
  ]
  travel(t, 1000)
  for (const [unusedFor, unused] of table) {
    t.strictSame((await keys.usage(record.id, unusedFor === undefined ? {} : { unusedFor }))!.unusedScopes, unused, String(unusedFor))
  }
})

t.test('a key that was never used, or not for some time, is found', async (t) => {
  const { keys, usage } = noting(t)
  const names = ['never', 'long ago', 'lately']
  const [never, longAgo, lately] = await Promise.all(names.map(async name => (await keys.create({ name, scopes: [] })).record)) as [ApiKeyRecord, ApiKeyRecord, ApiKeyRecord]
  usage.note(keyOf(longAgo))
  usage.note(keyOf(lately))
  await usage.flush()
  travel(t, 40 * DAY)
  usage.note(keyOf(lately))
  const { records } = await keys.list({ unusedFor: 'P30D' })
  t.strictSame(records.map(({ id }) => id).sort(), [never.id, longAgo.id].sort(), 'use that was noted a moment ago counts')
  t.strictSame(records.filter(({ lastUsedAt }) => lastUsedAt === null).map(({ id }) => id), [never.id])
})

t.test('a key that is verified is in use, and one that is refused is not', async (t) => {
  const { keys } = noting(t)
  const { key, record } = await keys.create({ name: 'ci', scopes: ['apps:read'] })
  await keys.update(record.id, { disabled: true })
  await keys.verify(key)
  t.equal((await keys.usage(record.id))!.lastUsedAt, null)
  await keys.update(record.id, { disabled: false })
  await keys.verify(key, { countsAsUse: false })
  t.equal((await keys.usage(record.id))!.lastUsedAt, null)
  const before = Date.now()
  await keys.verify(key)
  const { lastUsedAt, smallestGrant } = (await keys.usage(record.id))!
  t.ok(lastUsedAt !== null && lastUsedAt.getTime() >= before)
  t.strictSame(smallestGrant, [])
  for (const options of [null, true, 'x', { countsAsUse: 'no' }, { countAsUse: false }]) {
    await t.rejects(keys.verify(key, options as VerifyOptions), { code: 'FST_API_KEY_INVALID_INPUT', message: /^the options of verify are { countsAsUse }, true or false, not / })
  }
})

t.test('there is no usage of a key that is not there, or another user\'s', async (t) => {
  const { keys } = noting(t)
  const { record } = await keys.create({ name: 'ci', ownerId: 'u1', scopes: [] })
  for (const [id, options] of [['nowhere', {}], [record.id, { as: { id: 'u2' } }], ['', {}]] as const) {
    t.equal(await keys.usage(id, options), null)
  }
  for (const options of [{}, { as: { id: 'u1' } }, { as: { type: 'apiKey', record } }, { as: { id: 'admin' }, all: true }, { actor: 'cli' }] as const) {
    t.match(await keys.usage(record.id, options), { lastUsedAt: null })
  }
})

t.test('what cannot be right is told', async (t) => {
  const { keys } = noting(t)
  const { record } = await keys.create({ name: 'ci', scopes: [] })
  const when = 'unusedFor must be an ISO 8601 duration such as "P90D", or a Date or an ISO 8601 date and time with its zone that is past, not'
  const table: ReadonlyArray<readonly [id: unknown, options: unknown, message: string | RegExp]> = [
    [7, {}, 'id must be a string, not 7'],
    [undefined, {}, 'id must be a string, not undefined'],
    [record.id, { unusedfor: 'P30D' }, /^unknown call option "unusedfor"/],
    [record.id, { as: undefined }, /^as must be the user/],
    [record.id, { unusedFor: 30 }, `${when} 30`],
    [record.id, { unusedFor: null }, `${when} null`],
    [record.id, { unusedFor: '30d' }, `${when} "30d"`],
    [record.id, { unusedFor: '2026-01-01' }, `${when} "2026-01-01"`],
    [record.id, { unusedFor: new Date(NaN) }, `${when} Invalid Date`],
    [record.id, { unusedFor: '2999-01-01T00:00:00Z' }, `${when} "2999-01-01T00:00:00Z"`]
  ]
  for (const [id, options, message] of table) {
    await t.rejects(keys.usage(id as string, options as UsageQuery), { code: 'FST_API_KEY_INVALID_INPUT', message }, String(message))
  }
})

t.test('a store that cannot keep it says so', async (t) => {
  for (const method of ['recordUse', 'usesOf', 'get'] as const) {
    const { [method]: _, ...store } = memoryStore()
    const { keys, usage } = noting(t, store)
    const { record } = await keys.create({ name: 'ci', scopes: [] })
    usage.note(keyOf(record), catalog.requirement('apps:read'))
    await t.rejects(keys.usage(record.id), { code: 'FST_API_KEY_STORE_INCAPABLE', message: `This store has no method ${method}, so app.apiKeys.usage is not available` })
    travel(t, 1000)
    t.strictSame((await keys.list({ unusedFor: 'PT0S' })).records.length, 1, 'such a store may know itself what is not used')
  }
})

t.test('where use is not to be noted, nothing passes for unused', async (t) => {
  const { keys, usage, store } = noting(t, memoryStore(), null)
  const { record, key } = await keys.create({ name: 'ci', scopes: [] })
  await keys.verify(key)
  usage.note(keyOf(record), catalog.requirement('apps:read'))
  const off = { code: 'FST_API_KEY_USAGE_OFF', statusCode: 500, message: 'It is not noted when API keys are used (usage: false), so it cannot be told' }
  await t.rejects(keys.usage(record.id), off)
  await t.rejects(keys.list({ unusedFor: 'P30D' }), off)
  t.equal((await keys.list()).records.length, 1)
  await usage.close()
  t.equal((await store.get!(record.id))!.lastUsedAt, null)
})

t.test('a store that fails, or answers nonsense, does not pass for one that knows of no use', async (t) => {
  const whole = memoryStore()
  const unavailable = { code: 'FST_API_KEY_STORE_UNAVAILABLE' }
  const down = () => { throw new Error('down') }
  for (const broken of [{ recordUse: down }, { get: down }, { usesOf: down }, ...[undefined, null, {}, [], new Map([['[["apps:read"]]', 5]]), new Map([['x', new Date(NaN)]]), new Map([[5, new Date()]])].map(answer => ({ usesOf: () => answer }))]) {
    const { keys, usage, told } = noting(t, { ...whole, ...broken } as KeyStore)
    const { record } = await keys.create({ name: 'ci', scopes: ['apps:read'] })
    usage.note(keyOf(record), catalog.requirement('apps:read'))
    const before = told.length
    await t.rejects(keys.usage(record.id), unavailable)
    if ('recordUse' in broken) {
      await t.rejects(keys.list({ unusedFor: 'PT0S' }), unavailable)
      t.ok(told.length > before)
    }
  }
})
