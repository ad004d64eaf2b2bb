import { mock } from 'node:test'
import t, { type Test } from 'tap'
import type { CallOptions, OnBehalf } from '../../lib/index.js'
import type { Keyring } from '../../lib/keys/keyring.js'
import type { ApiKeyRecord } from '../../lib/keys/record.js'
import type { KeyStore } from '../../lib/keys/store.js'
import { memoryStore } from '../../lib/stores/memory.js'
import { refusalOf, setUp, watched } from './set-up.js'

const u1 = { id: 'u1' }
const all = async (store: KeyStore) => JSON.stringify(await store.list!({ limit: 1000 }))
const principal = (record: ApiKeyRecord) => ({ type: 'apiKey', record }) as const

/** Every way of giving scopes away. */
function givings (keys: Keyring, scopes: string[], as: OnBehalf): Record<string, () => Promise<unknown>> {
  return {
    create: async () => await keys.create({ name: 'k', scopes: scopes as never }, { as }),
    async update () {
      const { record } = await keys.create({ name: 'k', ownerId: 'u1', scopes: [] })
      return await keys.update(record.id, { scopes: scopes as never }, { as })
    },
    async enable () {
      const { record } = await keys.create({ name: 'k', ownerId: 'u1', scopes: scopes as never })
      await keys.update(record.id, { disabled: true })
      return await keys.update(record.id, { disabled: false }, { as })
    },
    async rotate () {
      const { record } = await keys.create({ name: 'k', ownerId: 'u1', scopes: scopes as never })
      return await keys.rotate(record.id, { as })
    }
  }
}

t.test('nobody gives away more than grantable says, and the session has', async (t) => {
  const grantable = (user: { id: string, scopes?: readonly string[] }) => user.id === 'u1' ? ['api:read', 'apps:deploy'] : []
  const table: ReadonlyArray<readonly [session: string[] | undefined, scopes: string[], beyond: string]> = [
    [undefined, ['apps:deploy'], ''],
    [undefined, ['apps:read', 'hosts:read', 'api:read'], ''],
    [undefined, [], ''],
    [undefined, ['full'], 'full'],
    [['full'], ['full'], 'full'],
    [['apps:read'], ['apps:read'], ''],
    [['apps:read'], ['apps:deploy', 'apps:read', 'hosts:read'], 'apps:deploy, hosts:read'],
    [[], ['apps:read'], 'apps:read']
  ]
  for (const [session, scopes, beyond] of table) {
    const user = { ...u1, ...session !== undefined && { scopes: session } }
    for (const [way, give] of Object.entries(givings(setUp({ grantable }).keys, scopes, user))) {
      const title = `${way} ${scopes.join(' ')} in a session with ${session?.join(' ') ?? 'everything'}`
      if (beyond === '') t.ok(await give(), title)
      else await t.rejects(give(), { statusCode: 403, code: 'FST_API_KEY_BEYOND_GRANT', message: `You cannot give away scopes that you do not have: ${beyond}` }, title)
    }
  }
})

t.test('grantable is given the user, and may take its time', async (t) => {
  const asked: unknown[] = []
  const { keys } = setUp({ grantable: async user => { asked.push(user); return ['full'] } })
  const user = { id: 'u1', role: 'admin' }
  await keys.create({ name: 'k', scopes: ['hosts:read'] }, { as: user })
  await keys.create({ name: 'k', scopes: ['hosts:read'] }, { as: { type: 'user', user } })
  t.equal(asked[0], user)
  t.equal(asked[1], user)
  await keys.create({ name: 'k', scopes: [] }, { as: user })
  await keys.create({ name: 'k', scopes: ['full'] })
  t.equal(asked.length, 2, 'not asked when nothing is given away, nor by trusted code')
})

t.test('when it cannot be told what may be given away, nothing is', async (t) => {
  for (const grantable of [
    () => { throw new Error('secret-host:5432 is down') }, async () => { throw new Error('secret-host:5432 is down') },
    () => undefined, () => null, () => 'full', () => true, () => [7], () => ({ 0: 'full', length: 1 }), () => new Set(['full'])
  ] as never[]) {
    const { keys, store, told, events } = setUp({ grantable })
    const state = await all(store)
    await t.rejects(keys.create({ name: 'k', scopes: ['full'] }, { as: u1 }), { statusCode: 503, code: 'FST_API_KEY_RIGHTS_UNAVAILABLE', message: 'What you may do with API keys cannot be told right now' })
    t.equal(await all(store), state)
    t.match(told, [['failed', { cause: { message: /^grantable (failed|must answer a list of scope names)$/ } }]], 'the operator is told which function it was')
    t.strictSame(events, [], 'nobody is said to have gone too far')
  }
})

t.test('a key makes keys for its owner, within its own grant and its own time', async (t) => {
  const { keys } = setUp()
  const expiresAt = new Date(Date.now() + 3_600_000)
  const { record } = await keys.create({ name: 'parent', ownerId: 'u1', scopes: ['apps:deploy'], expiresAt })
  const as = principal(record)
  t.match((await keys.create({ name: 'child', scopes: ['apps:read', 'apps:deploy'] }, { as })).record, { ownerId: 'u1', scopes: ['apps:read', 'apps:deploy'], expiresAt })
  t.match((await keys.create({ name: 'child', scopes: [], expiresAt: 'PT1M' }, { as })).record.expiresAt!.getTime() < expiresAt.getTime(), true)
  for (const [way, give] of Object.entries(givings(keys, ['apps:deploy', 'hosts:read', 'full'], as))) {
    await t.rejects(give(), { code: 'FST_API_KEY_BEYOND_GRANT', message: /: hosts:read, full$/ }, way)
  }
  for (const late of ['P1D', null, new Date(expiresAt.getTime() + 1)]) {
    await t.rejects(keys.create({ name: 'child', scopes: [], expiresAt: late }, { as }), { code: 'FST_API_KEY_INVALID_INPUT', message: ': the key that makes it expires then' })
    const { record: { id } } = await keys.create({ name: 'k', ownerId: 'u1', scopes: [] })
    await t.rejects(keys.rotate(id, { as, expiresAt: late }), { code: 'FST_API_KEY_INVALID_INPUT' })
  }
  await t.rejects(keys.create({ name: 'child', ownerId: 'u2', scopes: [] }, { as }), { message: 'ownerId cannot be chosen: it is that of the user who asks' })

  const eternal = await keys.create({ name: 'eternal', ownerId: 'u1', scopes: ['apps:read'] })
  t.strictSame((await keys.rotate(eternal.record.id, { as }))!.record.expiresAt, expiresAt, 'what it rotates does not outlive it either')
  const self = (await keys.rotate(record.id, { as, gracePeriod: 'PT5M' }))!
  t.strictSame(self.record.expiresAt, expiresAt, 'not even by rotating itself again and again')

  const theirs = await keys.create({ name: 'theirs', ownerId: 'u2', scopes: [] })
  t.equal(await keys.get(theirs.record.id, { as }), null, 'the keys of others do not exist for it')
  t.equal(await keys.revoke(theirs.record.id, { as }), null)
  t.equal(await refusalOf(keys, theirs.key), null, 'and live on')
})

t.test('a key acts as it is now, not as it was when it was verified', async (t) => {
  const { keys, store } = setUp()
  const make = async (expiresAt: string | null = null) => (await keys.create({ name: 'acting', ownerId: 'u1', scopes: ['full'], expiresAt })).record
  const { record: other } = await keys.create({ name: 'other', ownerId: 'u1', scopes: ['apps:read'] })

  const ends: Record<string, (id: string) => Promise<unknown>> = {
    'is revoked': async id => await keys.revoke(id),
    'is disabled': async id => await keys.update(id, { disabled: true }),
    'is rotated away': async id => await keys.rotate(id, { gracePeriod: 'PT0S' }),
    'is gone': async id => {
      await store.revoke!(id, new Date(0))
      t.equal(await keys.purge({ olderThan: new Date(1) }), 1)
    }
  }
  for (const [end, ending] of Object.entries(ends)) {
    const record = await make()
    await ending(record.id)
    const state = await all(store)
    const as = principal(record)
    for (const [name, call] of Object.entries<() => Promise<unknown>>({
      create: async () => await keys.create({ name: 'k', scopes: [] }, { as }),
      import: async () => await keys.import([{ digest: 'a'.repeat(64), name: 'k', scopes: [] }], { as }),
      update: async () => await keys.update(other.id, { name: 'k' }, { as }),
      rotate: async () => await keys.rotate(other.id, { as }),
      revoke: async () => await keys.revoke(other.id, { as }),
      revokeOwner: async () => await keys.revokeOwner('u1', { as }),
      get: async () => await keys.get(other.id, { as }),
      list: async () => await keys.list({}, { as }),
      usage: async () => await keys.usage(other.id, { as }),
      grantable: async () => await keys.grantable({ as })
    })) await t.rejects(call(), { statusCode: 403, code: 'FST_API_KEY_ENDED', message: 'This API key has ended, so it cannot manage API keys any more' }, `${name} for a key that ${end}`)
    t.equal(await all(store), state)
  }

  const narrowed = await make()
  await keys.update(narrowed.id, { scopes: ['apps:read'] })
  for (const [way, give] of Object.entries(givings(keys, ['apps:deploy'], principal(narrowed)))) {
    await t.rejects(give(), { code: 'FST_API_KEY_BEYOND_GRANT' }, `${way} for a key that was narrowed`)
  }
  t.strictSame(await keys.grantable({ as: principal(narrowed) }), ['apps:read'])
  const rotated = await make()
  await keys.rotate(rotated.id, { gracePeriod: 'PT1M' })
  const { expiresAt } = (await keys.get(rotated.id))!
  t.strictSame((await keys.create({ name: 'k', scopes: [] }, { as: principal(rotated) })).record.expiresAt, expiresAt, 'no longer than the grace period of the key that makes it')
})

t.test('a key that was given to another owner acts no longer for the one before', async (t) => {
  const memory = memoryStore()
  const { keys } = setUp({
    store: {
      ...memory,
      async get (id) {
        const key = await memory.get(id)
        return key?.name === 'given away' ? { ...key, ownerId: 'u2' } : key
      }
    }
  })
  const { record } = await keys.create({ name: 'given away', ownerId: 'u1', scopes: ['full'] })
  await t.rejects(keys.create({ name: 'k', scopes: [] }, { as: principal(record) }), { code: 'FST_API_KEY_ENDED' })
})

t.test('a key that is ended while it makes another is told no secret', async (t) => {
  for (const making of ['create', 'rotate'] as const) {
    let meanwhile: (() => Promise<unknown>) | undefined
    const sink = async () => {
      const once = meanwhile
      meanwhile = undefined
      await once?.()
    }
    const { keys } = setUp({ audit: { sink, required: true } })
    const { record } = await keys.create({ name: 'acting', ownerId: 'u1', scopes: ['full'] })
    const { record: other } = await keys.create({ name: 'other', ownerId: 'u1', scopes: ['full'] })
    meanwhile = async () => await keys.revoke(record.id)
    const as = principal(record)
    await t.rejects(making === 'create' ? keys.create({ name: 'k', scopes: ['full'] }, { as }) : keys.rotate(other.id, { as }), { code: 'FST_API_KEY_ENDED' }, making)
  }
})

t.test('a key may rotate itself away at once', async (t) => {
  const { keys } = setUp()
  const { record } = await keys.create({ name: 'acting', ownerId: 'u1', scopes: ['full'] })
  const rotated = (await keys.rotate(record.id, { as: principal(record), gracePeriod: 'PT0S' }))!
  t.equal(await refusalOf(keys, rotated.key), null)
})

t.test('a key that belongs to nobody manages no keys', async (t) => {
  const { keys, store } = setUp()
  const { record } = await keys.create({ name: 'machine', scopes: ['full'] })
  const state = await all(store)
  const options = { as: principal(record) }
  const calls: ReadonlyArray<() => Promise<unknown>> = [
    () => keys.create({ name: 'k', scopes: [] }, options), () => keys.list({}, options), () => keys.get(record.id, options), () => keys.rotate(record.id, options),
    () => keys.revoke(record.id, options), () => keys.update(record.id, { name: 'x' }, options)
  ]
  for (const call of calls) await t.rejects(call(), { statusCode: 403, code: 'FST_API_KEY_OWNERLESS', message: 'This API key belongs to nobody, so it cannot manage API keys' })
  t.equal(await all(store), state)
})

t.test('the record of a key does not pass for a user', async (t) => {
  const { keys, store } = setUp()
  const { record } = await keys.create({ name: 'k', ownerId: 'u1', scopes: ['apps:read'] })
  const state = await all(store)
  const calls: ReadonlyArray<() => Promise<unknown>> = [() => keys.create({ name: 'c', scopes: [] }, { as: record }), () => keys.list({}, { as: { type: 'user', user: record } })]
  for (const call of calls) await t.rejects(call(), { code: 'FST_API_KEY_INVALID_INPUT', message: 'as must be the principal of the key, not its record' })
  t.equal(await all(store), state)
})

t.test('an administrator sees all keys, makes keys for nobody else, and gives away no more than others may', async (t) => {
  const { keys } = setUp()
  const theirs = await keys.create({ name: 'theirs', ownerId: 'u2', scopes: ['full'] })
  const as = { id: 'admin', scopes: ['apps:deploy'] }
  t.equal((await keys.list({}, { as })).records.length, 0)
  t.equal((await keys.list({}, { as, all: true })).records.length, 1)
  t.equal((await keys.list({ ownerId: 'u2' }, { as, all: true })).records.length, 1)
  t.equal((await keys.list({ ownerId: 'u3' }, { as, all: true })).records.length, 0)
  await t.rejects(keys.list({ ownerId: 'u2' }, { as }), { message: 'ownerId cannot be chosen: it is that of the user who asks' })
  t.match(await keys.get(theirs.record.id, { as, all: true }), { name: 'theirs' })
  t.match(await keys.update(theirs.record.id, { name: 'seen' }, { as, all: true }), { name: 'seen', ownerId: 'u2' })
  await t.rejects(keys.rotate(theirs.record.id, { as, all: true }), { code: 'FST_API_KEY_BEYOND_GRANT' })
  t.match((await keys.create({ name: 'own', scopes: [] }, { as, all: true })).record, { ownerId: 'admin' })
  await t.rejects(keys.create({ name: 'own', ownerId: 'u2', scopes: [] }, { as, all: true }), { message: 'ownerId cannot be chosen: it is that of the user who asks' })
  t.match(await keys.revoke(theirs.record.id, { as, all: true }), { revokedAt: Date })
})

t.test('call options that are none are refused', async (t) => {
  const { keys } = setUp()
  for (const option of [null, 'u1', 7, true] as never[]) {
    await t.rejects(keys.create({ name: 'k', scopes: [] }, option), { statusCode: 400, code: 'FST_API_KEY_INVALID_INPUT', message: /^call options must be an object \{ as, all, actor, request \}, not / })
    await t.rejects(keys.rotate('id', option), { code: 'FST_API_KEY_INVALID_INPUT', message: /^call options must be an object \{ gracePeriod, expiresAt, / })
  }
  for (const query of [null, 'u1'] as never[]) {
    for (const options of [{}, { as: u1 }]) await t.rejects(keys.list(query, options), { statusCode: 400, code: 'FST_API_KEY_INVALID_INPUT' }, String(query))
  }
})

t.test('call options that cannot be right are refused', async (t) => {
  const { keys, store } = setUp()
  const options: ReadonlyArray<readonly [object, string]> = [
    [{ all: true }, 'all means something only with as; code that is trusted sees all keys anyway'],
    [{ as: u1, all: 'yes' }, 'all must be true or false, not "yes"'],
    [{ as: u1, actor: 'me' }, 'actor cannot be chosen with as: it is the user or the key'],
    [{ actor: 'a\nb' }, 'actor must be a string of 1 to 200 characters without control characters, not "a\\nb"'],
    [{ actor: '' }, 'actor must be a string of 1 to 200 characters without control characters, not ""'],
    ...[null, undefined, {}, { type: 'apiKey' }, { type: 'apiKey', record: {} }, { type: 'user' }, { type: 'user', user: {} }, { type: 'user', user: null }, 'u1', { id: 7 }, { id: 'u1', scopes: 'full' }, { id: 'u1', scopes: null }, { id: 'u1', scopes: [7] }].map(as =>
      [{ as }, 'as must be the user for whom the call is made, { id, scopes? }, or a request\'s principal; leave it out if the calling code may do everything'] as const)
  ]
  for (const [option, message] of options) {
    await t.rejects(keys.create({ name: 'k', scopes: [] }, option as CallOptions), { statusCode: 400, code: 'FST_API_KEY_INVALID_INPUT', message }, JSON.stringify(option))
  }
  t.equal(await all(store), '[]')
  t.ok(await keys.create({ name: 'k', scopes: [] }, { as: { id: 'u1', type: 'user' } as never }), 'a user of the app may have a type of its own')
})

t.test('with ownerScopes no key does more than its owner may', async (t) => {
  const rights = new Map<string, readonly string[] | null>([['u1', ['apps:read', 'hosts:read']]])
  const asked: string[] = []
  const { keys, verifier } = setUp({ maxStaleness: 0, ownerScopes: id => { asked.push(id); return rights.get(id) ?? null } })
  const grantOf = async (key: string) => (await verifier.verify(key)).key!.grant
  const { key, record } = await keys.create({ name: 'k', ownerId: 'u1', scopes: ['apps:deploy', 'api:read'] })
  let grant = await grantOf(key)
  t.strictSame(['apps:read', 'apps:deploy', 'hosts:read', 'full', 'api:read'].map(name => grant.covers(name)), [true, false, true, false, false])
  t.strictSame(grant.current, ['apps:read', 'hosts:read'], 'what it is today')
  t.strictSame(grant.names, ['apps:deploy', 'api:read'], 'what it was given')

  rights.set('u1', ['full'])
  grant = await grantOf(key)
  t.strictSame(['apps:deploy', 'hosts:read', 'full'].map(name => grant.covers(name)), [true, true, false], 'more rights of the owner make no larger grant')
  t.strictSame(grant.current, ['apps:deploy', 'api:read'])

  rights.set('u1', [])
  t.strictSame((await grantOf(key)).current, [])
  t.equal(await refusalOf(keys, key), null, 'the key itself is valid')
  rights.set('u1', null)
  t.strictSame(await keys.verify(key), { valid: false, reason: 'ownerless', record }, 'until its owner is gone')

  asked.length = 0
  const machine = await keys.create({ name: 'machine', scopes: ['full'] })
  t.ok((await grantOf(machine.key)).covers('apps:deploy'))
  await keys.revoke(record.id)
  t.equal(await refusalOf(keys, key), 'revoked')
  t.strictSame(asked, [], 'nobody is asked about keys of nobody, and keys that are refused anyway')
})

t.test('a key that has expired, and whose owner was not asked about, does not come to life again when the clock is set back a little', async (t) => {
  mock.timers.enable({ apis: ['Date'], now: 1_700_000_000_000 })
  t.teardown(() => { mock.timers.reset() })
  const { keys } = setUp({ ownerScopes: () => [] })
  const { key } = await keys.create({ name: 'k', ownerId: 'u1', scopes: ['full'], expiresAt: new Date(Date.now() + 1000) })
  mock.timers.setTime(Date.now() + 1000)
  t.equal(await refusalOf(keys, key), 'expired')
  mock.timers.setTime(Date.now() - 10)
  t.equal(await refusalOf(keys, key), 'expired')
})

t.test('a key whose owner may less gives away less', async (t) => {
  const { keys } = setUp({ ownerScopes: async id => id === 'u1' ? ['apps:read'] : null })
  const { record } = await keys.create({ name: 'k', ownerId: 'u1', scopes: ['apps:deploy'] })
  t.ok(await keys.create({ name: 'c', scopes: ['apps:read'] }, { as: principal(record) }))
  await t.rejects(keys.create({ name: 'c', scopes: ['apps:deploy'] }, { as: principal(record) }), { code: 'FST_API_KEY_BEYOND_GRANT' })
  const orphan = await keys.create({ name: 'k', ownerId: 'gone', scopes: ['apps:deploy'] })
  await t.rejects(keys.create({ name: 'c', scopes: ['apps:read'] }, { as: principal(orphan.record) }), { code: 'FST_API_KEY_BEYOND_GRANT' })
})

t.test('when it cannot be told what an owner may do, the key cannot be verified', async (t) => {
  for (const ownerScopes of [() => { throw new Error('down') }, async () => { throw new Error('down') }, () => undefined, () => 'full', () => [null], () => true] as never[]) {
    const { keys, told } = setUp({ ownerScopes })
    const { key } = await keys.create({ name: 'k', ownerId: 'u1', scopes: ['full'] })
    await t.rejects(keys.verify(key), { statusCode: 503, code: 'FST_API_KEY_STORE_UNAVAILABLE' })
    t.match(told, [['failed', Error]])
  }
})

t.test('what an owner may do is remembered as long as the record, and no longer', async (t) => {
  const pass = stoppedClocks(t)
  let rights = ['full']
  let asked = 0
  const { keys, verifier } = setUp({ maxStaleness: 50, ownerScopes: () => { asked++; return rights } })
  const { key } = await keys.create({ name: 'k', ownerId: 'u1', scopes: ['apps:deploy'] })
  const mayDeploy = async () => (await verifier.verify(key)).key!.grant.covers('apps:deploy')
  for (let i = 0; i < 10; i++) t.equal(await mayDeploy(), true)
  rights = []
  await pass(49)
  t.equal(await mayDeploy(), true)
  t.equal(asked, 1)
  await pass(1)
  t.equal(await mayDeploy(), false)
  t.equal(asked, 2)
})

t.test('under a lease a record lives on, but not what its owner may do', async (t) => {
  for (const [ownerId, lives] of [['u1', false], [null, true]] as const) {
    const pass = stoppedClocks(t)
    let rights = ['full']
    const { store, calls } = watched()
    const { keys, verifier } = setUp({ store, maxStaleness: 100, ownerScopes: () => rights })
    verifier.lease.open()
    const { key } = await keys.create({ name: 'k', ownerId, scopes: ['apps:deploy'] })
    await keys.verify(key)
    rights = []
    for (let i = 0; i < 50; i++) {
      await keys.verify(key)
      await pass(5)
    }
    t.ok(calls.changes! > 5, 'the lease was renewed all the while')
    t.equal((await verifier.verify(key)).key!.grant.covers('apps:deploy'), lives)
    t.equal(calls.findByDigest! > 2, !lives, 'the first one may have come before the lease')
    await verifier.lease.close()
  }
})

/** Stops the clocks and timers of this process. They go on by so many milliseconds when they are told to, and what that leads to is done then. */
function stoppedClocks (t: Test): (milliseconds: number) => Promise<void> {
  mock.timers.reset()
  mock.timers.enable({ apis: ['setTimeout', 'Date'] })
  mock.method(performance, 'now', () => Date.now())
  t.teardown(() => {
    mock.timers.reset()
    mock.restoreAll()
  })
  return async milliseconds => {
    mock.timers.tick(milliseconds)
    // A timer of ours hands on to the next turn.
    for (let turn = 0; turn < 2; turn++) await new Promise(resolve => { setImmediate(resolve) })
  }
}
