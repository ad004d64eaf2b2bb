import t from 'tap'
import type { AuditEvent, AuditSink } from '../../lib/index.js'
import { Auditor, type Happening } from '../../lib/keys/audit.js'
import type { KeyStore } from '../../lib/keys/store.js'
import { memoryStore } from '../../lib/stores/memory.js'
import { published } from './published.js'
import { setUp } from './set-up.js'

const all = async (store: KeyStore) => JSON.stringify(await store.list!({ limit: 1000 }))
const request = { id: 'req-7', method: 'POST', routeOptions: { url: '/api-keys' }, headers: { authorization: 'Bearer secret' } }

t.test('whatever is done with a key is told once to the log, the channel and the sink: who, which key, where, what and why', async (t) => {
  const heard = published(t)
  const taken: AuditEvent[] = []
  const { keys, events } = setUp({ audit: { sink: event => { taken.push(event) } } })
  const as = { id: 'u1' }
  const before = new Date().toISOString()
  const { record } = await keys.create({ name: 'ci', scopes: ['apps:deploy'] }, { as, request })
  const who = { actor: { type: 'user', id: 'u1' }, ownerId: 'u1', requestId: 'req-7', method: 'POST', route: '/api-keys', reason: null }
  const nowhere = { requestId: null, method: null, route: null, reason: null }
  const trusted = { actor: { type: 'code', id: null }, ownerId: 'u1', ...nowhere }
  const table: ReadonlyArray<readonly [call: () => Promise<unknown>, ...expected: object[]]> = [
    [async () => record, { action: 'create', ...who, keyId: record.id, scopes: ['apps:deploy'] }],
    [() => keys.update(record.id, { name: 'new', disabled: true }, { as, request }), { action: 'update', ...who, keyId: record.id, changed: ['name', 'disabled'] }],
    [() => keys.update(record.id, { scopes: ['hosts:read'], metadata: { a: 1 } }, { as: { type: 'user', user: as } }), { action: 'update', ...who, ...nowhere, keyId: record.id, changed: ['scopes', 'metadata'], scopes: ['hosts:read'] }],
    [() => keys.update(record.id, {}, { as })],
    [() => keys.update('none', { name: 'x' }, { as })],
    [() => keys.update(record.id, { disabled: false }, { actor: 'support:ann' }), { action: 'update', ...trusted, actor: { type: 'code', id: 'support:ann' }, keyId: record.id, changed: ['disabled'] }],
    [async () => await keys.rotate(record.id, { as: { type: 'apiKey', record: (await keys.get(record.id))! }, gracePeriod: 'PT0S' }), { action: 'rotate', ...trusted, actor: { type: 'apiKey', id: record.id, ownerId: 'u1' }, keyId: record.id, scopes: ['hosts:read'] }],
    [() => keys.revoke(record.id, { reason: 'leaked' }), { action: 'revoke', ...trusted, keyId: record.id, reason: 'leaked' }],
    [() => keys.revoke(record.id)],
    [() => keys.revoke('none')],
    [() => keys.get(record.id)],
    [() => keys.list()],
    [() => keys.purge({ olderThan: 'P1D' }), { action: 'purge', ...trusted, keyId: null, ownerId: null }]
  ]
  for (const [call, ...expected] of table) {
    if (expected[0] === undefined || (expected[0] as AuditEvent).action !== 'create') heard.length = taken.length = events.length = 0
    await call()
    const plain = events.map(({ version, id, time, outcome, successorId, until, ...rest }) => {
      t.strictSame([version, outcome], [1, 'done'])
      t.match(id, /^[0-9a-f-]{36}$/)
      t.ok(time >= before && time <= new Date().toISOString())
      if (rest.action === 'rotate') t.match([successorId, until], [/^[0-9a-f-]{36}$/, /Z$/])
      return rest
    })
    t.same(plain, expected)
    t.strictSame(heard, events)
    t.strictSame(taken, events)
    for (const event of events) t.ok(Object.isFrozen(event))
  }
})

t.test('an attempt to give away too much is told of as a denial', async (t) => {
  const { keys, events } = setUp()
  const { record } = await keys.create({ name: 'wide', ownerId: 'u1', scopes: ['full'] })
  await keys.update(record.id, { disabled: true })
  events.length = 0
  const as = { id: 'u1', scopes: ['apps:read'] }
  await t.rejects(keys.create({ name: 'k', scopes: ['full', 'apps:read'] }, { as, request }))
  await t.rejects(keys.update(record.id, { scopes: ['hosts:read'] }, { as }))
  await t.rejects(keys.update(record.id, { disabled: false }, { as }))
  await keys.update(record.id, { disabled: false })
  await t.rejects(keys.rotate(record.id, { as }))
  const denied = { outcome: 'denied', actor: { type: 'user', id: 'u1' }, code: 'FST_API_KEY_BEYOND_GRANT', reason: 'beyondGrant' }
  t.match(events, [
    { action: 'create', ...denied, keyId: null, scopes: ['full', 'apps:read'], route: '/api-keys' },
    { action: 'update', ...denied, keyId: record.id, scopes: ['hosts:read'] },
    { action: 'update', ...denied, keyId: record.id },
    { action: 'update', outcome: 'done' },
    { action: 'rotate', ...denied, keyId: record.id, scopes: ['full'], successorId: undefined, until: undefined }
  ])
  t.equal(events.length, 5)
})

t.test('what a store fails to do did not happen', async (t) => {
  const heard = published(t)
  const taken: AuditEvent[] = []
  const memory = memoryStore()
  const fail = async () => { throw new Error('down') }
  const { keys: good } = setUp({ store: memory })
  const { record } = await good.create({ name: 'k', ownerId: 'u1', scopes: [] })
  heard.length = 0
  const store = { ...memory, insert: fail, update: fail, rotate: fail, revoke: fail, revokeOwner: fail, purge: fail }
  const { keys, events } = setUp({ store, audit: { sink: event => { taken.push(event) } } })
  const calls: ReadonlyArray<() => Promise<unknown>> = [
    () => keys.create({ name: 'k', scopes: [] }), () => keys.update(record.id, { name: 'x' }), () => keys.rotate(record.id), () => keys.revoke(record.id),
    () => keys.revokeOwner('u1'), () => keys.purge({ olderThan: 'P1D' })
  ]
  for (const call of calls) await t.rejects(call(), { code: 'FST_API_KEY_STORE_UNAVAILABLE' })
  t.strictSame([events, heard, taken], [[], [], []])
})

t.test('a required sink takes each event before anything is done, and once', async (t) => {
  const store = memoryStore()
  const seen: Array<readonly [event: AuditEvent, state: string]> = []
  const { keys, events } = setUp({ store, audit: { required: true, sink: async event => { seen.push([event, await all(store)]) } } })
  const calls = async () => {
    const { record } = await keys.create({ name: 'k', ownerId: 'u1', scopes: ['hosts:read'] })
    await keys.update(record.id, { name: 'x' })
    const next = (await keys.rotate(record.id))!
    await keys.revoke(next.record.id)
    await keys.purge({ olderThan: 'P1D' })
  }
  const states: string[] = [await all(store)]
  await calls()
  t.strictSame(seen.map(([{ action, outcome }]) => [action, outcome]), [['create', 'done'], ['update', 'done'], ['rotate', 'done'], ['revoke', 'done'], ['purge', 'done']])
  t.strictSame(seen.map(([event]) => event), events, 'it is the event that the log has')
  t.equal(seen[0]![1], states[0], 'before')
  t.notMatch(seen[2]![1], seen[2]![0].successorId!, 'before')
  t.match(seen[3]![1], /"revokedAt":null.*"revokedAt":null/, 'before')
})

t.test('what a required sink does not take is not done, and the caller learns it', async (t) => {
  const good = setUp()
  const { key, record } = await good.keys.create({ name: 'k', ownerId: 'u1', scopes: ['hosts:read'] })
  for (const sink of [() => { throw new Error('disk full at secret-host') }, async () => { throw new Error('disk full at secret-host') }] as AuditSink[]) {
    const heard = published(t)
    const { keys, store, events, told } = setUp({ store: good.store, audit: { required: true, sink } })
    const state = await all(store)
    const calls: ReadonlyArray<() => Promise<unknown>> = [
      () => keys.create({ name: 'k', scopes: [] }), () => keys.update(record.id, { name: 'x' }), () => keys.rotate(record.id), () => keys.revoke(record.id),
      () => keys.revokeOwner('u1'), () => keys.purge({ olderThan: 'P1D' })
    ]
    for (const call of calls) {
      await t.rejects(call(), { statusCode: 503, code: 'FST_API_KEY_AUDIT_UNAVAILABLE', message: 'This cannot be recorded right now, so it was not done' })
    }
    t.equal(await all(store), state)
    t.ok((await keys.verify(key)).valid)
    t.strictSame([events, heard], [[], []])
    t.equal(told.length, calls.length, 'the operator is told')
  }
})

t.test('a required sink hears with the same id that what it took has failed, or found nothing to do', async (t) => {
  const memory = memoryStore()
  let fails = true
  const taken: AuditEvent[] = []
  const store: KeyStore = {
    ...memory,
    async insert (key) {
      if (fails) throw new Error('down')
      await memory.insert(key)
    },
    async revoke () { return null }
  }
  const { keys, events } = setUp({ store, audit: { required: true, sink: event => { taken.push(event) } } })
  await t.rejects(keys.create({ name: 'k', scopes: [] }), { code: 'FST_API_KEY_STORE_UNAVAILABLE' })
  t.match(taken, [{ action: 'create', outcome: 'done' }, { action: 'create', outcome: 'failed' }])
  t.equal(taken[0]!.id, taken[1]!.id)
  t.strictSame(events, [])

  fails = false
  const { record } = await keys.create({ name: 'k', scopes: [] })
  taken.length = 0
  t.equal(await keys.revoke(record.id), null)
  t.match(taken, [{ action: 'revoke', outcome: 'done' }, { action: 'revoke', outcome: 'failed', id: taken[0]!.id }])
})

t.test('a sink that is not required holds up nothing when it fails', async (t) => {
  const sinks: ReadonlyArray<readonly [AuditSink, failures: number]> = [[() => { throw new Error('sink') }, 2], [async () => { throw new Error('sink') }, 2], [async () => await new Promise(() => {}), 0]]
  for (const [sink, failures] of sinks) {
    const { keys, events, told } = setUp({ audit: { sink } })
    const { record } = await keys.create({ name: 'k', scopes: [] })
    await keys.revoke(record.id)
    await new Promise(resolve => { setImmediate(resolve) })
    t.equal(events.length, 2)
    t.strictSame(told, Array.from({ length: failures }, () => ['lost', new Error('sink')]))
  }
})

t.test('a required sink that takes its time is waited for', async (t) => {
  let take = () => {}
  const { keys, store } = setUp({ audit: { required: true, sink: async () => { await new Promise<void>(resolve => { take = resolve }) } } })
  const pending = keys.create({ name: 'k', scopes: [] })
  await new Promise(resolve => { setImmediate(resolve) })
  t.equal(await all(store), '[]')
  take()
  t.ok(await pending)
})

t.test('a required sink that does not answer holds up nobody for ever, and is told if it took what was not done', async (t) => {
  const taken: AuditEvent[] = []
  const lost: unknown[] = []
  let take = () => {}
  const sink = async (event: AuditEvent) => {
    if (event.outcome === 'done') await new Promise<void>(resolve => { take = resolve })
    taken.push(event)
  }
  const auditor = new Auditor({ sink, required: true, decisions: 'denied' }, { said () { t.fail('nothing was done') }, lost (error) { lost.push(error) } }, 1)
  const happening: Happening = { action: 'create', actor: { type: 'code', id: null }, keyId: 'k', ownerId: null, requestId: null, method: null, route: null, reason: null }
  await t.rejects(auditor.change(happening, async () => { t.fail('nothing is done') }), {
    statusCode: 503, code: 'FST_API_KEY_AUDIT_UNAVAILABLE', cause: { message: 'the audit sink did not take an event in time' }
  })
  t.equal(lost.length, 1, 'the operator is told')
  t.strictSame(taken, [])
  take()
  await new Promise(resolve => { setImmediate(resolve) })
  t.strictSame(taken.map(({ id, outcome }) => [id, outcome]), [[taken[0]!.id, 'done'], [taken[0]!.id, 'failed']])
})

t.test('text that would forge a line of a log, or a secret, is in no event', async (t) => {
  const forged = 'x\n{"level":30,"audit":{"action":"revoke"}}\u001b[2K\r\u2028'
  const { keys, store, events } = setUp()
  for (const call of [
    () => keys.create({ name: forged, scopes: [] }), () => keys.create({ name: 'k', ownerId: forged, scopes: [] }), () => keys.create({ name: 'k', scopes: [forged as never] }),
    () => keys.create({ name: 'k', scopes: [] }, { actor: forged })
  ]) await t.rejects(call(), { code: 'FST_API_KEY_INVALID_INPUT' })
  t.strictSame(events, [])

  const { key, record } = await keys.create({ name: 'my name', ownerId: 'u1', scopes: [], metadata: { note: 'my note' } })
  const digest = (await store.get!(record.id))!.digest
  await t.rejects(keys.revoke(record.id, { reason: forged }), { code: 'FST_API_KEY_INVALID_INPUT' })
  await store.update!(record.id, { name: forged })
  await keys.update(record.id, { disabled: true })
  await keys.update(record.id, { disabled: false, name: 'my name' })
  const next = await keys.rotate(record.id)
  await keys.revoke(record.id, { reason: 'done', request: { ...request, id: forged } })
  const text = events.map(event => JSON.stringify(event)).join('\n')
  t.equal(text.split('\n').length, events.length, 'one line each')
  for (const secret of [key, next!.key, digest, key.slice(5), 'my name', 'my note', 'secret']) t.notOk(text.includes(secret), secret)
})

t.test('events of decisions go to the sink at once', async (t) => {
  const taken: AuditEvent[] = []
  const auditor = new Auditor({ sink: event => { taken.push(event) }, required: true, decisions: 'denied' }, { said () {}, lost () {} })
  const happening: Happening = { action: 'request', actor: { type: 'nobody' }, keyId: null, ownerId: null, requestId: null, method: null, route: null, reason: 'unknown' }
  auditor.note(happening, 'denied')
  t.match(taken, [{ ...happening, outcome: 'denied' }])
})
