import { mock } from 'node:test'
import fastify from 'fastify'
import t from 'tap'
import type { Test } from 'tap'
import { apiKeyRoutes } from '../../lib/http/key-routes.js'
import { storeTrouble } from '../../lib/http/store-trouble.js'
import { apiKeyScopes, defineScopes, memoryStore } from '../../lib/index.js'
import type { KeyStore, StoredKey } from '../../lib/index.js'
import { generateKey } from '../../lib/keys/key-format.js'
import { answerOf, bearer, challenge, JSON_TYPE, LEVELS, plant, PREFIX, watchedStore, wireApp } from './wire-app.js'
import type { LogLine, WatchedStore } from './wire-app.js'

const SECRET = 'password=hunter2 host=db.internal'
const UNAVAILABLE = { status: 503, type: JSON_TYPE, challenge: undefined, body: { statusCode: 503, code: 'FST_API_KEY_STORE_UNAVAILABLE', error: 'Service Unavailable', message: 'API keys cannot be verified right now' } }
const INVALID = { status: 401, type: JSON_TYPE, challenge: challenge('error="invalid_token"'), body: { statusCode: 401, code: 'FST_API_KEY_INVALID', error: 'Unauthorized', message: 'Invalid API key' } }

const authenticateUser = () => ({ id: 'u1' })
const failing = () => { throw new Error(SECRET) }
const errorsIn = (lines: readonly LogLine[]) => lines.filter(({ level }) => level >= LEVELS.error)

/** Stops the clock that never jumps, and answers a function that moves it on. */
function stopClock (t: Test): (milliseconds: number) => void {
  const real = { now: performance.now, wall: Date.now }
  // Whole, so that sums of milliseconds are exact.
  let now = Math.ceil(performance.now())
  let wall = Date.now()
  t.teardown(() => {
    performance.now = real.now
    Date.now = real.wall
  })
  performance.now = () => now
  Date.now = () => wall
  return milliseconds => {
    now += milliseconds
    wall += milliseconds
  }
}

/** Ways in which a store can fail to say whether it knows a key. */
const FAILURES: Record<string, () => unknown> = {
  'throws an error': failing,
  'rejects with an error': async () => { throw new Error(SECRET) },
  'rejects later': async () => await new Promise((_resolve, reject) => { setImmediate(() => { reject(new Error(SECRET)) }) }),
  'throws a string': () => { throw SECRET },
  'throws undefined': () => { throw undefined }, // eslint-disable-line no-throw-literal
  'rejects with null': async () => await Promise.reject(null), // eslint-disable-line prefer-promise-reject-errors
  'throws an error that says 200': () => { throw Object.assign(new Error(SECRET), { statusCode: 200, code: 'OK' }) },
  'throws an error that says 401': () => { throw Object.assign(new Error(SECRET), { statusCode: 401 }) },
  'throws an error with headers': () => { throw Object.assign(new Error(SECRET), { headers: { 'x-secret': SECRET } }) },
  'throws a list of errors': () => { throw new AggregateError([new Error(SECRET)], SECRET) },
  hangs: async () => await new Promise(() => {})
}

t.test('a store that cannot say is a 503 that tells nothing of it, on every kind of route, and never open', async (t) => {
  for (const [title, failure] of Object.entries(FAILURES)) {
    const { app, get, store, seen, lines } = await wireApp(t, { plugin: { authenticateUser, apiKeyHeader: 'x-api-key', ...title === 'hangs' && { maxStaleness: 20 } } })
    const key = await plant(store, { scopes: ['full'] })
    store.before = failure
    for (const headers of [bearer(key), { 'x-api-key': key }, bearer(generateKey(PREFIX)), { ...bearer(key), cookie: 'session=u1' }]) {
      for (const url of ['/clusters', '/any-key', '/devices', '/user']) {
        const response = await get(url, headers)
        t.strictSame(answerOf(response), UNAVAILABLE, `${title}: ${url}`)
        t.equal(response.headers['retry-after'], '1')
        t.notMatch(JSON.stringify(response.headers) + response.body, /hunter2|db\.internal/)
      }
    }
    t.equal(seen.handled, 0, 'no handler ran')
    t.equal((await get('/public', bearer(key))).statusCode, 200, 'who asks for what is public is not concerned')
    t.equal((await get('/nowhere', bearer(key))).statusCode, 404)
    t.equal((await get('/user', { cookie: 'session=u1' })).statusCode, 200, 'nor are users')
    t.equal((await get('/clusters', bearer('skale_nonsense'))).statusCode, 401, 'and what is no key is still refused as such')

    const [line] = errorsIn(lines)
    t.equal(line?.msg, 'the API key store failed')
    if (!['throws undefined', 'rejects with null', 'hangs'].includes(title)) t.match(JSON.stringify(line), 'hunter2', 'the operator is told')
    t.notOk(JSON.stringify(lines).includes(key.slice(6)))
    store.before = async () => {}
    t.equal((await app.inject({ method: 'POST', url: '/clusters', headers: bearer(key) })).statusCode, 200, 'once it answers again, all is well')
  }
})

t.test('a store that answers nonsense opens nothing, and is reported', async (t) => {
  const source = watchedStore()
  const key = await plant(source, { scopes: ['full'] })
  const [good] = await source.list({ limit: 1 }) as [StoredKey]
  const table: ReadonlyArray<readonly [title: string, answer: unknown]> = [
    ['true', true], ['1', 1], ['text', 'ok'], ['an empty object', {}], ['a list', []], ['a list of records', [good]], ['a function', () => good],
    ['someone else\'s record', { ...good, digest: '0'.repeat(64) }],
    ['the digest in upper case', { ...good, digest: good.digest.toUpperCase() }],
    ['the digest and more', { ...good, digest: `${good.digest} ` }],
    ['no digest', { ...good, digest: undefined }],
    ['no scopes', { ...good, scopes: null }],
    ['scopes as text', { ...good, scopes: 'full' }],
    ['scopes as JSON', { ...good, scopes: '["full"]' }],
    ['scopes that are not all text', { ...good, scopes: ['full', 1] }],
    ['a date that is none', { ...good, expiresAt: new Date(NaN) }],
    ['a date as a number', { ...good, expiresAt: Date.now() + 1e9 }],
    ['a date as text', { ...good, expiresAt: '2999-01-01T00:00:00Z' }],
    ['no date at all', { ...good, expiresAt: undefined }],
    ['no revokedAt', { ...good, revokedAt: undefined }],
    ['revokedAt as false', { ...good, revokedAt: false }],
    ['revokedAt that is no date', { ...good, revokedAt: new Date(NaN) }],
    ['disabledAt as 0', { ...good, disabledAt: 0 }],
    ['no id', { ...good, id: '' }],
    ['metadata as text', { ...good, metadata: '{}' }],
    ['no pepper version', { ...good, pepperVersion: null }]
  ]
  for (const [title, given] of table) {
    const fresh = await wireApp(t, { plugin: { store: { findByDigest: () => given as StoredKey } } })
    t.strictSame(answerOf(await fresh.get('/clusters', bearer(key))), INVALID, title)
    t.equal(fresh.seen.handled, 0)
    t.equal(fresh.denials()[0]!.reason, 'corrupt')
    t.match(errorsIn(fresh.lines), [{ msg: 'an API key record is corrupt; the key is refused', faults: [/./] }])
    t.notMatch(JSON.stringify(fresh.lines), good.digest)
  }
  const whole = await wireApp(t, { plugin: { store: { findByDigest: () => good } } })
  t.equal((await whole.get('/clusters', bearer(key))).statusCode, 200, 'the same record whole opens')
  for (const nothing of [null, undefined]) {
    const fresh = await wireApp(t, { plugin: { store: { findByDigest: () => nothing as null } } })
    t.strictSame(answerOf(await fresh.get('/clusters', bearer(key))), INVALID)
    t.equal(fresh.denials()[0]!.reason, 'unknown')
    t.strictSame(errorsIn(fresh.lines), [])
  }
})

t.test('a record that throws when it is read is a store that fails', async (t) => {
  const { get, seen } = await wireApp(t, { plugin: { store: { findByDigest: () => ({ get id () { throw new Error(SECRET) } }) as unknown as StoredKey } } })
  t.strictSame(answerOf(await get('/clusters', bearer(generateKey(PREFIX)))), UNAVAILABLE)
  t.equal(seen.handled, 0)
})

t.test('a key that was read works until maxStaleness is over, to the millisecond; then it is a 503 until the store is back', async (t) => {
  for (const maxStaleness of [1, 50, 1000, 3_600_000]) {
    const pass = stopClock(t)
    const { get, store, create } = await wireApp(t, { plugin: { maxStaleness } })
    const key = await create('clusters:read')
    const ask = async () => (await get('/clusters', bearer(key))).statusCode
    t.equal(await ask(), 200)
    t.equal(store.reads, 1)
    store.before = failing
    const steps: ReadonlyArray<readonly [milliseconds: number, status: number]> = [[0, 200], [maxStaleness - 0.5, 200], [0.25, 200], [0.25, 503], [0, 503], [maxStaleness, 503], [1e9, 503]]
    for (const [milliseconds, status] of steps) {
      pass(milliseconds)
      t.equal(await ask(), status, `maxStaleness ${maxStaleness}: ${milliseconds} ms later`)
    }
    store.before = async () => {}
    t.equal(await ask(), 200, 'back again')
    store.before = failing
    t.equal(await ask(), 200, 'and remembered again')
  }
})

t.test('the same by the clock on the wall: 200s, then 503s, and nothing else', async (t) => {
  const { get, store, create, seen } = await wireApp(t, { plugin: { maxStaleness: 60 } })
  const key = await create('clusters:read')
  t.equal((await get('/clusters', bearer(key))).statusCode, 200)
  store.before = failing
  const statuses: number[] = []
  do statuses.push((await get('/clusters', bearer(key))).statusCode)
  while (statuses.at(-1) === 200)
  for (let i = 0; i < 100; i++) statuses.push((await get('/clusters', bearer(key))).statusCode)
  t.strictSame(statuses.slice(-101), Array.from({ length: 101 }, () => 503))
  t.equal(seen.handled, 1 + statuses.length - 101)
})

t.test('with maxStaleness 0 nothing is remembered', async (t) => {
  const { get, store, create } = await wireApp(t, { plugin: { maxStaleness: 0 } })
  const key = await create('clusters:read')
  for (let i = 1; i <= 5; i++) {
    t.equal((await get('/clusters', bearer(key))).statusCode, 200)
    t.equal(store.reads, i)
  }
  store.before = failing
  t.strictSame(answerOf(await get('/clusters', bearer(key))), UNAVAILABLE)
})

t.test('an unknown key is remembered as such no longer than a known one, and an outage is not remembered at all', async (t) => {
  const pass = stopClock(t)
  const { get, store } = await wireApp(t, { plugin: { maxStaleness: 100 } })
  const key = generateKey(PREFIX)
  const ask = async () => (await get('/clusters', bearer(key))).statusCode
  store.before = failing
  t.equal(await ask(), 503)
  store.before = async () => {}
  t.equal(await ask(), 401)
  t.equal(await ask(), 401)
  t.equal(store.reads, 2)
  await plant(store, { scopes: ['clusters:read'] }, key)
  t.equal(await ask(), 401, 'put there behind our back')
  pass(100)
  t.equal(await ask(), 200)
})

t.test('a key made here works at once, however often it was refused before', async (t) => {
  const { get, app, store } = await wireApp(t)
  const taken = generateKey(PREFIX)
  t.equal((await get('/clusters', bearer(taken))).statusCode, 401)
  for (let i = 0; i < 50; i++) {
    const { key } = await app.apiKeys.create({ name: 'x', scopes: ['clusters:read'] })
    t.equal((await get('/clusters', bearer(key))).statusCode, 200)
  }
  t.equal(store.reads, 51)
})

t.test('a process remembers as many keys as it is told to, and reads the others again', async (t) => {
  for (const [maxCachedKeys, reads] of [[3, 3], [2, 6]] as const) {
    const { get, store } = await wireApp(t, { plugin: { maxStaleness: 60_000, maxCachedKeys } })
    const keys = await Promise.all([1, 2, 3].map(async () => await plant(store, { scopes: ['clusters:read'] })))
    for (const key of [...keys, ...keys]) t.equal((await get('/clusters', bearer(key))).statusCode, 200)
    t.equal(store.reads, reads, `${maxCachedKeys} of 3`)
  }
})

t.test('10,000 requests at once for a key that was not read yet are one read of the store', async (t) => {
  const count = 10_000
  const outcomes: ReadonlyArray<readonly [title: string, status: number, prepare: (store: WatchedStore) => Promise<string>, fails?: true]> = [
    ['a good key', 200, async store => await plant(store, { scopes: ['clusters:read'] })],
    ['a key without the scope', 403, async store => await plant(store)],
    ['an expired key', 401, async store => await plant(store, { expiresAt: new Date(0) })],
    ['an unknown key', 401, async () => generateKey(PREFIX)],
    ['a store that fails', 503, async () => generateKey(PREFIX), true]
  ]
  for (const [title, status, prepare, fails = false] of outcomes) {
    let arrived = 0
    let release = () => {}
    const released = new Promise<void>(resolve => { release = resolve })
    const { app, store, seen, get } = await wireApp(t, {
      fastify: { logger: false },
      plugin: { maxStaleness: 60_000 },
      // The store may answer the first when the last is on its way.
      before: app => { app.addHook('onRequest', async () => { if (++arrived === count) setImmediate(release) }) }
    })
    store.before = async () => {
      await released
      if (fails) failing()
    }
    const key = await prepare(store)
    const statuses = new Set(await Promise.all(Array.from({ length: count }, async () => (await get('/clusters', bearer(key))).statusCode)))
    t.strictSame([...statuses], [status], title)
    t.equal(store.reads, 1)
    t.equal(seen.handled, status === 200 ? count : 0)
    await app.close()
  }
})

t.test('an outage is logged once a second, with what was left unsaid', async (t) => {
  const pass = stopClock(t)
  const { get, store, lines, denials } = await wireApp(t)
  store.before = failing
  for (let i = 0; i < 200; i++) await get('/clusters', bearer(generateKey(PREFIX)))
  t.match(errorsIn(lines), [{ msg: 'the API key store failed', failuresNotLogged: 0, err: { message: SECRET } }])
  t.equal(errorsIn(lines).length, 1)
  pass(999)
  await get('/clusters', bearer(generateKey(PREFIX)))
  t.equal(errorsIn(lines).length, 1)
  pass(1)
  await get('/clusters', bearer(generateKey(PREFIX)))
  t.equal(errorsIn(lines).length, 2)
  t.match(errorsIn(lines)[1], { failuresNotLogged: 200 })
  pass(5000)
  await get('/clusters', bearer(generateKey(PREFIX)))
  t.match(errorsIn(lines)[2], { failuresNotLogged: 0 })
  t.equal(denials().length, 203)
  t.ok(denials().every(({ level }) => level === LEVELS.debug), 'the denials themselves are at debug')
})

t.test('the throttle has a clock of its own', (t) => {
  const lines: unknown[] = []
  let now = 0
  const trouble = storeTrouble({ error (...args: unknown[]) { lines.push(args) } } as never, () => now)
  for (const at of [0, 10, 999, 1000, 1500, 5000]) {
    now = at
    trouble.failed(new Error(`at ${at}`))
  }
  t.strictSame(lines.map(line => (line as [{ err: Error, failuresNotLogged: number }])[0]).map(({ err, failuresNotLogged }) => [err.message, failuresNotLogged]), [['at 0', 0], ['at 1000', 2], ['at 5000', 1]])
  t.end()
})

t.test('of scopes that grant nothing, each is told once, and no more than 10,000 of them', (t) => {
  const lines: Array<{ keyId: string, scopes: string[] }> = []
  const listen = () => storeTrouble({ warn (line: typeof lines[number]) { lines.push(line) } } as never)
  const one = listen()
  one.ineffective('a', ['gone', 'gone', 'lost'])
  one.ineffective('b', ['gone', 'new', 'lost'])
  one.ineffective('c', ['lost'])
  t.strictSame(lines.splice(0), [{ keyId: 'a', scopes: ['gone', 'lost'] }, { keyId: 'b', scopes: ['new'] }])

  for (let i = 0; i < 11_000; i++) one.ineffective('d', [`scope ${i}`])
  t.equal(lines.splice(0).length, 10_000 - 3)

  const another = listen()
  for (const from of [0, 9_000]) another.ineffective('e', Array.from({ length: 9_000 }, (_, i) => `scope ${from + i}`))
  another.ineffective('f', ['one more'])
  t.strictSame(lines.map(({ scopes }) => scopes.length), [9_000, 1_000])
  t.end()
})

t.test('the app\'s error handler is told of an outage, and not of its cause', async (t) => {
  const { get, store, denials } = await wireApp(t, { before: app => { app.setErrorHandler((error: Error & { code?: string }, _request, reply) => { reply.send({ code: error.code, message: error.message, cause: String(error.cause), all: JSON.stringify(error) + String(error.stack) }) }) } })
  store.before = failing
  const response = await get('/clusters', bearer(generateKey(PREFIX)))
  t.equal(response.statusCode, 503)
  t.equal(response.headers['retry-after'], '1')
  t.match(response.json(), { code: 'FST_API_KEY_STORE_UNAVAILABLE', message: 'API keys cannot be verified right now', cause: 'undefined' })
  t.notMatch(response.body, 'hunter2')
  t.equal(denials().length, 1, 'it is one denial')
})

t.test('management routes answer 503 when the store fails, whichever call it is, and change nothing', async (t) => {
  const broken = (method: keyof KeyStore, failure: () => unknown) => {
    const store: Required<KeyStore> = { ...memoryStore() }
    return Object.assign(store, { whole: store[method], [method]: failure })
  }
  const calls = [
    ['insert', 'POST', '/api-keys'],
    ['list', 'GET', '/api-keys'],
    ['get', 'PATCH', '/api-keys/x'],
    ['update', 'PATCH', '/api-keys/x'],
    ['get', 'DELETE', '/api-keys/x'],
    ['revoke', 'DELETE', '/api-keys/x']
  ] as const
  for (const [method, verb, url] of calls) {
    for (const failure of [failing, async () => { throw new Error(SECRET) }]) {
      const store = broken(method, failure)
      const { app, lines } = await wireApp(t, { bare: true, plugin: { store, authenticateUser }, after: async app => { await app.register(apiKeyRoutes) } })
      if (method !== 'insert') await plant(store as never, { id: 'x', ownerId: 'u1' })
      const response = await app.inject({ method: verb, url, ...verb.startsWith('P') && { payload: { name: 'x' } } })
      t.strictSame(answerOf(response), UNAVAILABLE, `${method} of ${verb}`)
      t.notMatch(response.body, 'hunter2')
      t.match(JSON.stringify(lines), 'hunter2', 'the operator is told')
      t.equal(lines.filter(({ msg }) => msg === 'the API key store failed').length, 1)
      if (method === 'insert') t.strictSame(await store.list({ limit: 10 }), [])
      else if (method !== 'get') t.match(await store.get('x'), { name: 'planted', revokedAt: null })
    }
  }
})

t.test('a failed revocation makes the key be asked for again, for it may have been done', async (t) => {
  const { app, get, store } = await wireApp(t, { plugin: { maxStaleness: 3_600_000 } })
  const { key, record } = await app.apiKeys.create({ name: 'x', scopes: ['clusters:read'] })
  t.equal((await get('/clusters', bearer(key))).statusCode, 200)
  const { revoke } = store
  store.revoke = async (id, at) => {
    await revoke(id, at)
    throw new Error('the answer was lost')
  }
  await t.rejects(app.apiKeys.revoke(record.id), { code: 'FST_API_KEY_STORE_UNAVAILABLE' })
  t.equal((await get('/clusters', bearer(key))).statusCode, 401)
})

t.test('a failed change makes the key be asked for again, for it may have been done', async (t) => {
  const { app, get, store } = await wireApp(t, { plugin: { maxStaleness: 3_600_000 } })
  const { key, record } = await app.apiKeys.create({ name: 'x', scopes: ['clusters:read'] })
  t.equal((await get('/clusters', bearer(key))).statusCode, 200)
  const { update } = store
  store.update = async (id, changes) => {
    await update(id, changes)
    throw new Error('the answer was lost')
  }
  await t.rejects(app.apiKeys.update(record.id, { scopes: [] }), { code: 'FST_API_KEY_STORE_UNAVAILABLE' })
  t.equal((await get('/clusters', bearer(key))).statusCode, 403)
})

t.test('a store that does not open keeps the app from starting, and one that opened is closed with it', async (t) => {
  const calls: string[] = []
  const store = { ...memoryStore(), open: async () => { calls.push('open') }, close: async () => { calls.push('close') } }
  const { app } = await wireApp(t, { plugin: { store } })
  t.strictSame(calls, ['open'])
  await app.close()
  t.strictSame(calls, ['open', 'close'])
  await t.rejects(async () => { await wireApp(t, { plugin: { store: { ...memoryStore(), open: failing } } }) }, new Error(SECRET))
  const { findByDigest } = memoryStore()
  const { app: plain } = await wireApp(t, { plugin: { store: { findByDigest } } })
  await t.rejects(plain.apiKeys.create({ name: 'x', scopes: [] }), { code: 'FST_API_KEY_STORE_INCAPABLE' })
  await plain.close()
})

t.test('a store that opens when Fastify has given up is closed all the same, and asked nothing', async (t) => {
  for (const opens of ['before the app is closed', 'after it']) {
    const calls: string[] = []
    let open = () => {}
    const store: KeyStore = {
      ...memoryStore(),
      open: () => new Promise(resolve => { open = resolve }),
      changes () { throw new Error('nobody serves') },
      async close () { calls.push('close') }
    }
    const app = fastify({ pluginTimeout: 20, logger: { stream: { write (line) { calls.push(line) } } } })
    app.register(apiKeyScopes, { scopes: defineScopes({ a: '' }), store, keyPrefix: PREFIX })
    await t.rejects(async () => { await app.ready() }, { code: 'FST_ERR_PLUGIN_TIMEOUT' })
    if (opens === 'after it') setTimeout(open, 20)
    else open()
    await app.close()
    t.strictSame(calls, ['close'], opens)
  }
})

t.test('an app closes within ten seconds, whatever its store does', async (t) => {
  const never = () => new Promise<never>(() => {})
  const { app } = await wireApp(t, { plugin: { store: { ...memoryStore(), close: never } } })
  await app.ready()
  mock.timers.enable({ apis: ['setTimeout'] })
  t.teardown(() => { mock.timers.reset() })
  const closed = app.close().then(() => 'closed', (error: Error) => error.message)
  const turn = async () => await new Promise(resolve => setImmediate(() => { resolve('closing') }))
  for (let i = 0; i < 10; i++) await turn()
  mock.timers.tick(9999)
  await turn()
  t.equal(await Promise.race([closed, turn()]), 'closing')
  mock.timers.tick(1)
  t.equal(await closed, 'the API key store did not close in time')
})

t.test('what a call of app.apiKeys throws in an outage is answered as the guard would answer', async (t) => {
  for (const formatError of [undefined, ({ message }: { message: string }) => ({ detail: message })]) {
    const { app, store, get } = await wireApp(t, {
      plugin: { ...formatError && { formatError } },
      after: app => { app.get('/verify', { config: { public: true } }, async () => await app.apiKeys.verify(generateKey(PREFIX))) }
    })
    store.before = failing
    const [thrown, guarded] = [await get('/verify'), await get('/clusters', bearer(generateKey(PREFIX)))]
    t.equal(thrown.statusCode, 503)
    t.equal(thrown.headers['retry-after'], '1')
    t.equal(thrown.body, guarded.body)
    t.equal((await app.inject('/verify')).statusCode, 503)
  }
})

t.test('a store that cannot tell what has changed is said so at start, unless it is always asked', async (t) => {
  const { changes, ...store } = memoryStore()
  for (const [plugin, said] of [[{ store, maxStaleness: 50 }, true], [{ store, maxStaleness: 0 }, false], [{ store: { ...store, changes } }, false]] as const) {
    const { app, lines } = await wireApp(t, { plugin })
    await app.ready()
    const warnings = lines.filter(({ level }) => level === LEVELS.warn).map(({ msg }) => msg)
    t.strictSame(warnings, said ? ['the API key store cannot tell what has changed (it has no method changes), so every key is read anew after 50 ms'] : [])
  }
})

t.test('that everything was forgotten is told at the level it deserves, with the positions', async (t) => {
  const { app, lines } = await wireApp(t, {})
  const trouble = storeTrouble(app.log)
  const [from, to] = [{ epoch: 'e', seq: 7 }, { epoch: 'f', seq: 3 }]
  for (const why of ['epoch', 'backwards', 'many', 'clock'] as const) trouble.forgot(why, from, to)
  const told = lines.filter(({ from }) => from !== undefined)
  t.strictSame(told.map(({ level }) => level), [LEVELS.error, LEVELS.error, LEVELS.info, LEVELS.warn])
  t.ok(told.every(line => /; everything that was remembered of API keys is read anew$/.test(line.msg!)))
  t.strictSame(told.map(line => [line.from, line.to]), Array.from({ length: 4 }, () => [from, to]))
})

t.test('a store that was restored is noticed while it serves, and its keys are asked for again', async (t) => {
  const { app, get, store, lines } = await wireApp(t, { plugin: { maxStaleness: 40 } })
  const key = await plant(store, { scopes: ['full'] })
  t.equal((await get('/clusters', bearer(key))).statusCode, 200)
  const until = async (holds: () => boolean) => { while (!holds()) await new Promise(resolve => { setTimeout(resolve, 5) }) }
  let asked = 0
  const { changes } = store
  store.changes = async since => { asked++; return await changes(since) }
  await until(() => asked > 2)
  await store.bumpEpoch()
  await until(() => lines.some(({ level }) => level === LEVELS.error))
  t.match(errorsIn(lines).map(({ msg }) => msg), [/^the API key store has another history than before/])
  t.equal((await get('/clusters', bearer(key))).statusCode, 200)
  await app.close()
})
