// app.apiKeys.update.
import t from 'tap'
import { StoreUnavailableError } from '../../lib/keys/errors.js'
import type { ApiKeyChanges } from '../../lib/keys/key-changes.js'
import type { KeyStore } from '../../lib/keys/store.js'
import { memoryStore } from '../../lib/stores/memory.js'
import { badFields, json, text } from './bad-fields.js'
import { gated, refusalOf, setUp, stored, watched } from './set-up.js'

const REVOKED = 'the key is revoked, and cannot be changed any more'

// What is asked for, and what becomes of the record; a date stands for whatever date it is.
const changes: ReadonlyArray<readonly [asked: Record<string, unknown>, changed: Record<string, unknown>]> = [
  [{}, {}],
  [{ name: undefined, scopes: undefined, metadata: undefined, disabled: undefined }, {}],
  [{ name: 'für 😀' }, { name: 'für 😀' }],
  [{ scopes: ['hosts:read', 'apps:deploy', 'hosts:read'] }, { scopes: ['hosts:read', 'apps:deploy'] }],
  [{ scopes: [] }, { scopes: [] }],
  [{ metadata: { of: 'late', at: new Date(0) } }, { metadata: { of: 'late', at: '1970-01-01T00:00:00.000Z' } }],
  [{ metadata: {} }, { metadata: {} }],
  [{ disabled: true }, { disabledAt: Date }],
  [{ disabled: false }, {}],
  [{ name: 'all', scopes: ['full'], metadata: { a: [1] }, disabled: true }, { name: 'all', scopes: ['full'], metadata: { a: [1] }, disabledAt: Date }]
]

t.test('each field of a key can be changed, alone or with others, and the rest stays', async (t) => {
  for (const [asked, changed] of changes) {
    const { keys, told } = setUp()
    const { key, record } = await keys.create({ name: 'old', ownerId: 'u1', scopes: ['apps:read'], metadata: { team: 'x' }, expiresAt: '2099-01-01T00:00:00Z' })
    const other = (await keys.create({ name: 'other', ownerId: 'u1', scopes: ['apps:read'] })).record
    const answer = (await keys.update(record.id, asked))!
    const title = JSON.stringify(asked)
    if (changed.disabledAt === Date) t.type(answer.disabledAt, Date, title)
    t.strictSame(answer, { ...record, ...changed, disabledAt: changed.disabledAt === Date ? answer.disabledAt : null }, title)
    t.strictSame(await keys.get(record.id), answer)
    t.strictSame((await keys.verify(key)).record, answer)
    t.strictSame(await keys.get(other.id), other)
    t.strictSame(told, [])
  }
})

t.test('the answer is frozen, and what a key was changed with is copied', async (t) => {
  const { keys } = setUp()
  const { record } = await keys.create({ name: 'n', scopes: [] })
  const asked = { scopes: ['apps:read'], metadata: { list: [{ a: 1 }] } }
  const answer = (await keys.update(record.id, asked))!
  asked.scopes.push('full')
  asked.metadata.list.push({ a: 2 })
  for (const found of [answer, (await keys.get(record.id))!]) {
    t.strictSame([found.scopes, found.metadata], [['apps:read'], { list: [{ a: 1 }] }])
    t.ok([found, found.scopes, found.metadata, found.metadata.list].every(part => Object.isFrozen(part)))
  }
})

const badChanges: ReadonlyArray<readonly [Record<string, unknown>, string]> = [
  [{ id: 'x' }, 'unknown field "id"'],
  [{ ownerId: 'u2' }, 'unknown field "ownerId"'],
  [{ expiresAt: null }, 'unknown field "expiresAt"'],
  [{ revokedAt: null, digest: 'd' }, 'unknown field "revokedAt"; unknown field "digest"'],
  [{ disabledAt: null }, 'unknown field "disabledAt" (did you mean "disabled"?)'],
  [{ scope: 'full' }, 'unknown field "scope" (did you mean "scopes"?)'],
  [JSON.parse('{"__proto__":{"scopes":["full"]}}'), 'unknown field "__proto__"'],
  [{ disabled: null }, 'disabled must be true or false, not null'],
  [{ disabled: 'false' }, 'disabled must be true or false, not "false"'],
  [{ disabled: 0 }, 'disabled must be true or false, not 0'],
  [{ disabled: new Date(0) }, 'disabled must be true or false, not "1970-01-01T00:00:00.000Z"']
]

t.test('a bad change is told, with the way to put it right, and nothing is changed', async (t) => {
  const { store, calls } = watched()
  const { keys } = setUp({ store })
  const { record } = await keys.create({ name: 'n', scopes: ['apps:read'] })
  for (const [field, message] of [...badFields, ...badChanges]) {
    await t.rejects(keys.update(record.id, field), { code: 'FST_API_KEY_INVALID_INPUT', statusCode: 400, message }, message)
  }
  for (const nothing of [null, undefined, 'x', 7, ['n'], new Map()]) {
    await t.rejects(keys.update(record.id, nothing as unknown as ApiKeyChanges), { statusCode: 400, message: /^expected an object \{ name, scopes, metadata, disabled \}, not / })
  }
  t.strictSame(calls, { insert: 1 }, 'the store was not asked')
  t.strictSame(await keys.get(record.id), record)
})

t.test('all that is wrong with a change is told at once', async (t) => {
  const asked = { nmae: 'x', name: '', scopes: ['ful', 'soon'], metadata: 1, disabled: 1 } as unknown as ApiKeyChanges
  const others = [
    'disabled must be true or false, not 1',
    `name ${text} 200 characters without control characters, not ""`
  ]
  await t.rejects(setUp().keys.update('x', asked), {
    message: ['unknown field "nmae" (did you mean "name"?)', ...others, 'unknown scope "ful" (did you mean "full"?)', 'scope "soon" is planned and cannot be granted yet', json].join('; ')
  })
  await t.rejects(setUp({ mutableScopes: false }).keys.update('x', asked), {
    message: ['unknown field "nmae" (did you mean "name"?)', 'scopes cannot be changed: they are fixed when a key is created; create a new key', ...others, json].join('; ')
  })
})

t.test('a key that is not there, or corrupt, is null, and nothing is changed', async (t) => {
  const { store, calls } = watched()
  const { keys, told } = setUp({ store })
  const { key } = await keys.create({ name: 'n', scopes: [], ownerId: 'u1' })
  await store.insert({ ...await stored(store, key), id: 'bad', digest: 'bad', scopes: 'full' as unknown as string[] })
  for (const id of ['none', '', '__proto__', 'bad']) {
    t.equal(await keys.update(id, { scopes: ['full'] }), null, id)
    t.equal(await keys.update(id, { scopes: ['full'] }, { as: { id: 'u1' } }), null, id)
  }
  t.equal(calls.update, undefined, 'the store was not asked to change any')
  t.strictSame(told, [['corrupt', 'bad', ['scopes is missing or malformed']], ['corrupt', 'bad', ['scopes is missing or malformed']]])
})

t.test('a revoked key cannot be changed any more', async (t) => {
  const { keys } = setUp()
  const { key, record } = await keys.create({ name: 'n', scopes: [] })
  const revoked = await keys.revoke(record.id)
  for (const asked of [{}, { name: 'new' }, { disabled: false }, { scopes: ['full'] }]) {
    await t.rejects(keys.update(record.id, asked), { code: 'FST_API_KEY_INVALID_INPUT', statusCode: 400, message: REVOKED })
  }
  t.strictSame(await keys.get(record.id), revoked)
  t.equal(await refusalOf(keys, key), 'revoked')
})

t.test('a key that is revoked while it is changed stays revoked', async (t) => {
  const memory = memoryStore()
  const { keys } = setUp({
    store: {
      ...memory,
      async update (id, asked) {
        await memory.revoke(id, new Date(5))
        return await memory.update(id, asked)
      }
    }
  })
  const { key, record } = await keys.create({ name: 'n', scopes: [] })
  t.strictSame((await keys.update(record.id, { disabled: false, name: 'new' }))!.revokedAt, new Date(5))
  t.equal(await refusalOf(keys, key), 'revoked')
})

t.test('a key that is removed, or becomes unreadable, while it is changed is null', async (t) => {
  for (const answer of [null, undefined, { id: 'x' }]) {
    const { keys, told } = setUp({ store: { ...memoryStore(), update: () => answer as null } })
    const { record } = await keys.create({ name: 'n', scopes: [] })
    t.equal(await keys.update(record.id, { name: 'new' }), null)
    t.equal(told.length, answer == null ? 0 : 1)
  }
})

/** A store in which somebody else does something just before each change. */
function interfering (interfere: (id: string, store: ReturnType<typeof memoryStore>) => Promise<unknown>) {
  const memory = memoryStore()
  const store: KeyStore = {
    ...memory,
    async update (id, asked, seen) {
      await interfere(id, memory)
      return await memory.update(id, asked, seen)
    }
  }
  return store
}

t.test('what gives away scopes is decided anew if the key was changed meanwhile', async (t) => {
  let left = 1
  const store = interfering(async (id, memory) => left-- > 0 ? await memory.update(id, { scopes: ['full'] }) : null)
  const { keys, events } = setUp({ store, grantable: () => ['apps:read'] })
  const { record } = await keys.create({ name: 'n', ownerId: 'u1', scopes: ['apps:read'] })
  left = 0
  await keys.update(record.id, { disabled: true })
  left = 1
  await t.rejects(keys.update(record.id, { disabled: false }, { as: { id: 'u1' } }), { code: 'FST_API_KEY_BEYOND_GRANT' })
  t.type((await keys.get(record.id))!.disabledAt, Date, 'who may not give away what it can do now has not enabled it')
  t.strictSame(events.filter(({ outcome }) => outcome === 'done').map(({ action }) => action), ['create', 'update'], 'nor is that told as done')

  left = 1
  t.strictSame((await keys.update(record.id, { scopes: ['apps:read'] }))!.scopes, ['apps:read'], 'who may, has')
})

t.test('a key that is widened or disabled again and again is not given scopes', async (t) => {
  let i = 0
  const { keys } = setUp({ store: interfering(async (id, memory) => await memory.update(id, { scopes: [`x${i++}`] })) })
  const { record } = await keys.create({ name: 'n', scopes: [] })
  await t.rejects(keys.update(record.id, { scopes: ['apps:read'] }), { code: 'FST_API_KEY_CONFLICT', statusCode: 409 })
  t.equal(i, 5)
  t.type((await keys.update(record.id, { disabled: true }))!.disabledAt, Date, 'but can be disabled')
})

t.test('a key that is revoked while it is given scopes is not given them', async (t) => {
  const { keys } = setUp({ store: interfering(async (id, memory) => await memory.revoke(id, new Date(5))) })
  const { record } = await keys.create({ name: 'n', scopes: [] })
  await t.rejects(keys.update(record.id, { scopes: ['apps:read'] }), { code: 'FST_API_KEY_INVALID_INPUT', message: REVOKED })
  t.strictSame((await keys.get(record.id))!.scopes, [])
})

t.test('a key that is removed while it is given scopes is null', async (t) => {
  const { keys } = setUp({
    store: interfering(async (id, memory) => {
      await memory.revoke(id, new Date(5))
      await memory.purge(new Date(6))
    })
  })
  const { record } = await keys.create({ name: 'n', scopes: [] })
  t.equal(await keys.update(record.id, { scopes: ['apps:read'] }), null)
})

/* Effects on verification */

t.test('a disabled key is refused at once, works again at once, and keeps the date since when it was disabled', async (t) => {
  const { keys, verifier } = setUp()
  const { key, record } = await keys.create({ name: 'n', scopes: ['apps:read'] })
  const other = await keys.create({ name: 'n', scopes: [] })
  t.strictSame([await refusalOf(keys, key), await refusalOf(keys, other.key)], [null, null])
  t.equal(verifier.peek(key)!.refusal, null, 'warm')
  const before = Date.now()
  const disabled = (await keys.update(record.id, { disabled: true }))!
  t.ok(disabled.disabledAt!.getTime() >= before && disabled.disabledAt!.getTime() <= Date.now())
  t.equal(verifier.peek(key), undefined)
  t.equal(await refusalOf(keys, key), 'disabled')
  t.equal(verifier.peek(other.key)!.refusal, null, 'other keys are not forgotten')

  await new Promise(resolve => setTimeout(resolve, 2))
  t.strictSame((await keys.update(record.id, { disabled: true })), disabled, 'disabling again changes nothing')
  t.strictSame((await keys.update(record.id, { name: 'new' }))!.disabledAt, disabled.disabledAt, 'nor does another change')
  t.equal(await refusalOf(keys, key), 'disabled')

  t.strictSame(await keys.update(record.id, { disabled: false, name: 'n' }), record)
  t.equal(await refusalOf(keys, key), null)
})

t.test('what a key may do changes at once', async (t) => {
  const { keys, verifier } = setUp()
  const { key, record } = await keys.create({ name: 'n', scopes: ['apps:deploy'] })
  const opens = async () => {
    const { key: known } = await verifier.verify(key)
    return ['apps:read', 'apps:deploy', 'hosts:read'].filter(name => known!.grant.covers(name))
  }
  t.strictSame(await opens(), ['apps:read', 'apps:deploy'])
  for (const [scopes, opened] of [[['hosts:read'], ['hosts:read']], [[], []], [['api:read'], ['apps:read', 'hosts:read']]] as const) {
    await keys.update(record.id, { scopes })
    t.strictSame(await opens(), opened)
  }
})

t.test('a change whose answer was lost takes effect all the same', async (t) => {
  const memory = memoryStore()
  const { keys, verifier, told } = setUp({
    store: {
      ...memory,
      async update (id, asked) {
        await memory.update(id, asked)
        throw new Error('connection lost')
      }
    }
  })
  const { key, record } = await keys.create({ name: 'n', scopes: ['full'] })
  t.equal((await verifier.verify(key)).key!.grant.covers('apps:deploy'), true)
  await t.rejects(keys.update(record.id, { scopes: ['apps:read'] }), StoreUnavailableError)
  t.strictSame((await verifier.verify(key)).key!.grant.names, ['apps:read'])
  await t.rejects(keys.update(record.id, { disabled: true }), { code: 'FST_API_KEY_STORE_UNAVAILABLE', statusCode: 503, message: 'API keys cannot be verified right now' })
  t.equal(await refusalOf(keys, key), 'disabled')
  t.match(told, [['failed', { message: 'connection lost' }], ['failed', { message: 'connection lost' }]])
})

t.test('a read that is under way when a key is changed does not bring back what it was', async (t) => {
  const { store, gate } = gated()
  const { keys } = setUp({ store })
  const { key, record } = await keys.create({ name: 'n', scopes: ['full'] })
  const scopesOf = async () => (await keys.verify(key)).record!.scopes
  gate.slow = true
  const early = scopesOf()
  await new Promise(resolve => setImmediate(resolve))
  await keys.update(record.id, { scopes: [] })
  gate.slow = false
  t.strictSame(await scopesOf(), [], 'who asks after the change does not wait for that read')
  gate.open()
  t.strictSame(await early, ['full'], 'who asked before it may get the answer from before')
  t.strictSame(await scopesOf(), [], 'which is not remembered')
})

t.test('with mutableScopes: false the scopes of a key are as they were created, and the rest can be changed', async (t) => {
  const { keys, verifier } = setUp({ mutableScopes: false })
  const { key, record } = await keys.create({ name: 'n', scopes: ['apps:read'] })
  const message = 'scopes cannot be changed: they are fixed when a key is created; create a new key'
  for (const scopes of [['full'], [], ['apps:read'], ['no such scope'], null, 'full']) {
    for (const asked of [{ scopes }, { scopes, name: 'new' }] as ApiKeyChanges[]) {
      await t.rejects(keys.update(record.id, asked), { code: 'FST_API_KEY_INVALID_INPUT', statusCode: 400, message })
    }
  }
  t.strictSame(await keys.get(record.id), record)
  t.strictSame((await verifier.verify(key)).key!.grant.names, ['apps:read'])
  const changed = await keys.update(record.id, { name: 'new', metadata: { a: 1 }, disabled: true })
  t.strictSame({ ...changed, disabledAt: null }, { ...record, name: 'new', metadata: { a: 1 } })
})

/* On behalf of a user */

t.test('on behalf of a user, only their own keys are changed', async (t) => {
  const { store, calls } = watched()
  const { keys } = setUp({ store })
  const as = { id: 'u1' }
  const own = (await keys.create({ name: 'own', scopes: [], ownerId: 'u1' })).record
  const others = (await keys.create({ name: 'other', scopes: [], ownerId: 'u2' })).record
  const nobodys = (await keys.create({ name: 'machine', scopes: [] })).record
  const revoked = (await keys.create({ name: 'revoked', scopes: [], ownerId: 'u2' })).record
  await keys.revoke(revoked.id)
  for (const { id } of [others, nobodys, revoked, { id: 'none' }]) {
    t.equal(await keys.update(id, { name: 'mine', scopes: ['full'], disabled: true }, { as }), null)
  }
  t.equal(calls.update, undefined, 'the store was not asked to change any')
  t.strictSame([await keys.get(others.id), await keys.get(nobodys.id)], [others, nobodys])

  t.strictSame(await keys.update(own.id, { name: 'mine', scopes: ['full'] }, { as }), { ...own, name: 'mine', scopes: ['full'] })
  for (const ownerId of ['u1', 'u2', null]) {
    await t.rejects(keys.update(own.id, { ownerId } as ApiKeyChanges, { as }), { statusCode: 400, message: 'unknown field "ownerId"' })
  }
})

t.test('a store that answers with somebody else\'s record shows it to no user', async (t) => {
  const memory = memoryStore()
  const { keys, store } = setUp({ store: memory })
  const own = (await keys.create({ name: 'own', scopes: [], ownerId: 'u1' })).record
  const others = await stored(store, (await keys.create({ name: 'other', scopes: [], ownerId: 'u2' })).key)
  const careless = setUp({ store: { ...memory, update: () => others } }).keys
  t.equal(await careless.update(own.id, { name: 'new' }, { as: { id: 'u1' } }), null)
})

// What a user's session may do, and what a key of theirs can be given.
const ceilings: ReadonlyArray<{ own?: string[], asked: ApiKeyChanges, beyond: string | null }> = [
  { asked: { scopes: ['full'] }, beyond: null },
  { own: ['full'], asked: { scopes: ['full', 'apps:deploy'] }, beyond: null },
  { own: ['apps:deploy'], asked: { scopes: ['apps:read'] }, beyond: null },
  { own: ['apps:read'], asked: { scopes: ['apps:deploy', 'apps:read', 'hosts:read'] }, beyond: 'apps:deploy, hosts:read' },
  { own: ['apps:read'], asked: { scopes: ['hosts:read'] }, beyond: 'hosts:read' },
  { own: [], asked: { scopes: ['apps:read'] }, beyond: 'apps:read' },
  { own: [], asked: { scopes: [] }, beyond: null },
  { own: [], asked: { name: 'new', metadata: {}, disabled: true }, beyond: null },
  { own: ['*', 'soon', 'gone'], asked: { scopes: ['apps:read'] }, beyond: 'apps:read' }
]

t.test('a user gives a key no scopes beyond those of their own session, not even those that it has', async (t) => {
  for (const { own, asked, beyond } of ceilings) {
    const { keys } = setUp()
    const { record } = await keys.create({ name: 'n', scopes: ['hosts:read'], ownerId: 'u1' })
    const changed = keys.update(record.id, asked, { as: { id: 'u1', ...own && { scopes: own } } })
    const title = `${own?.join(', ') ?? 'everything'} for ${JSON.stringify(asked)}`
    if (beyond === null) {
      t.strictSame((await changed)!.scopes, asked.scopes ?? ['hosts:read'], title)
    } else {
      await t.rejects(changed, { code: 'FST_API_KEY_BEYOND_GRANT', statusCode: 403, message: `You cannot give away scopes that you do not have: ${beyond}` }, title)
      t.strictSame(await keys.get(record.id), record)
    }
  }
})

t.test('a user enables no key again that may do more than their own session', async (t) => {
  const { keys } = setUp()
  const { key, record } = await keys.create({ name: 'n', scopes: ['hosts:read', 'apps:read'], ownerId: 'u1' })
  const as = { id: 'u1', scopes: ['hosts:read'] }
  t.equal((await keys.update(record.id, { disabled: false }, { as }))!.disabledAt, null, 'it is enabled already')
  await keys.update(record.id, { disabled: true }, { as })
  await t.rejects(keys.update(record.id, { disabled: false }, { as }), { code: 'FST_API_KEY_BEYOND_GRANT', message: /: apps:read$/ })
  await t.rejects(keys.update(record.id, { disabled: false, name: 'new' }, { as }), { code: 'FST_API_KEY_BEYOND_GRANT' })
  t.equal((await keys.verify(key)).valid, false)
  const changed = await keys.update(record.id, { disabled: false, scopes: ['hosts:read'] }, { as })
  t.strictSame([changed!.disabledAt, changed!.scopes], [null, ['hosts:read']], 'but one that may do what they may')
  await keys.update(record.id, { disabled: true })
  t.equal((await keys.update(record.id, { disabled: false }, { as: { id: 'u1' } }))!.disabledAt, null)
})
