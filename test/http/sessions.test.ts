import type { FastifyRequest } from 'fastify'
import t from 'tap'
import { generateKey } from '../../lib/keys/key-format.js'
import type { AuthenticateUser } from '../../lib/index.js'
import { answerOf, bearer, challenge, JSON_TYPE, LEVELS, listen, plant, PREFIX, wireApp, withBadChecksum } from './wire-app.js'

const REQUIRED = { status: 401, type: JSON_TYPE, challenge: challenge(), body: { statusCode: 401, code: 'FST_API_KEY_REQUIRED', error: 'Unauthorized', message: 'API key required' } }
const INVALID = { status: 401, type: JSON_TYPE, challenge: challenge('error="invalid_token"'), body: { statusCode: 401, code: 'FST_API_KEY_INVALID', error: 'Unauthorized', message: 'Invalid API key' } }
const SESSION = { status: 401, type: JSON_TYPE, challenge: challenge(), body: { statusCode: 401, code: 'FST_USER_SESSION_REQUIRED', error: 'Unauthorized', message: 'User session required' } }
const REFUSED_SESSION = { ...SESSION, challenge: challenge('error="invalid_token"') }
const UNAVAILABLE = { status: 503, type: JSON_TYPE, challenge: undefined, body: { statusCode: 503, code: 'FST_USER_SESSION_UNAVAILABLE', error: 'Service Unavailable', message: 'User sessions cannot be verified right now' } }
const USER_ONLY = { status: 403, type: JSON_TYPE, challenge: undefined, body: { statusCode: 403, code: 'FST_API_KEY_USER_ONLY', error: 'Forbidden', message: 'This endpoint requires a user session and does not accept API keys' } }
const OK = { status: 200, type: JSON_TYPE, challenge: undefined, body: { ok: true } }

const thrown = (error: unknown) => () => { throw error }
const withStatus = (statusCode: unknown, message = 'secret: hunter2') => Object.assign(new Error(message), { statusCode })
const user = (fields: object): AuthenticateUser => () => fields as { id: string }

/** What `authenticateUser` does, and what that means where an API key or a user would do, and where only a user would. */
type Verdict = 'user' | 'nobody' | 'failed'
const ANSWERS: ReadonlyArray<readonly [title: string, authenticateUser: AuthenticateUser, verdict: Verdict]> = [
  ['answers a user', () => ({ id: 'u1' }), 'user'],
  ['promises a user', async () => ({ id: 'u1' }), 'user'],
  ['promises one later', async () => await new Promise(resolve => { setImmediate(() => { resolve({ id: 'u1' }) }) }), 'user'],
  ['answers a thenable', () => ({ then (resolve: (user: object) => void) { resolve({ id: 'u1' }) } }) as never, 'user'],
  ['answers a user with more', user({ id: 'u1', email: 'a@b.c', role: 'admin' }), 'user'],
  ['answers a frozen user', user(Object.freeze({ id: 'u1' })), 'user'],
  ['answers an instance of a class', user(new (class User { id = 'u1' })()), 'user'],
  ['answers one without a prototype', user(Object.assign(Object.create(null) as object, { id: 'u1' })), 'user'],
  ['answers a user with all scopes', user({ id: 'u1', scopes: ['full'] }), 'user'],
  ['answers null', () => null, 'nobody'],
  ['promises null', async () => null, 'nobody'],
  ['answers undefined', (() => undefined) as never, 'nobody'],
  ['promises undefined', (async () => {}) as never, 'nobody'],
  ['throws a 401', thrown(withStatus(401)), 'nobody'],
  ['rejects with a 401', async () => { throw withStatus(401) }, 'nobody'],
  ['throws a plain object with 401', thrown({ statusCode: 401 }), 'nobody'],
  ['throws an error', thrown(new Error('secret: hunter2')), 'failed'],
  ['rejects with an error', async () => { throw new Error('secret: hunter2') }, 'failed'],
  ['throws a 403', thrown(withStatus(403)), 'failed'],
  ['throws a 400', thrown(withStatus(400)), 'failed'],
  ['throws a 500', thrown(withStatus(500)), 'failed'],
  ['throws a 200', thrown(withStatus(200)), 'failed'],
  ['throws a "401"', thrown(withStatus('401')), 'failed'],
  ['throws undefined', thrown(undefined), 'failed'],
  ['throws null', thrown(null), 'failed'],
  ['throws a string', thrown('secret: hunter2'), 'failed'],
  ['throws 401', thrown(401), 'failed'],
  ['rejects with nothing', async () => await Promise.reject(), 'failed'], // eslint-disable-line prefer-promise-reject-errors
  ['answers true', (() => true) as never, 'failed'],
  ['answers false', (() => false) as never, 'failed'],
  ['answers an id', (() => 'u1') as never, 'failed'],
  ['answers a number', (() => 1) as never, 'failed'],
  ['answers an empty object', user({}), 'failed'],
  ['answers a list', user([{ id: 'u1' }]), 'failed'],
  ['answers a user without an id', user({ name: 'u1' }), 'failed'],
  ['answers a user with an empty id', user({ id: '' }), 'failed'],
  ['answers a user with a number for an id', user({ id: 1 }), 'failed'],
  ['answers a user with null for an id', user({ id: null }), 'failed'],
  ['answers a user with an object for an id', user({ id: { toString: () => 'u1' } }), 'failed'],
  ['answers a user with a String for an id', user({ id: Object('u1') as unknown }), 'failed'],
  ['answers a user whose id throws', user({ get id () { throw new Error('secret: hunter2') } }), 'failed'],
  ['answers a user whose id throws a 401', user({ get id () { throw withStatus(401) } }), 'nobody'],
  ['answers scopes that are a string', user({ id: 'u1', scopes: 'full' }), 'failed'],
  ['answers scopes that are null', user({ id: 'u1', scopes: null }), 'failed'],
  ['answers scopes that are a Set', user({ id: 'u1', scopes: new Set(['full']) }), 'failed'],
  ['answers scopes that are an object', user({ id: 'u1', scopes: { 0: 'full', length: 1 } }), 'failed'],
  ['answers scopes that are not all strings', user({ id: 'u1', scopes: ['full', 1] }), 'failed'],
  ['answers scopes with a hole', user({ id: 'u1', scopes: [undefined] }), 'failed']
]

t.test('authenticateUser decides who is a user; whatever it should not answer is a 503, with the cause in the log alone', async (t) => {
  for (const [title, authenticateUser, verdict] of ANSWERS) {
    const { get, lines, seen, store } = await wireApp(t, { plugin: { authenticateUser } })
    const expected = {
      user: [OK, OK, OK, OK],
      nobody: [REQUIRED, INVALID, SESSION, REFUSED_SESSION],
      failed: [UNAVAILABLE, UNAVAILABLE, UNAVAILABLE, UNAVAILABLE]
    }[verdict]
    const responses = [await get('/clusters'), await get('/clusters', bearer('a.b.c')), await get('/user'), await get('/user', bearer('a.b.c'))]
    responses.forEach((response, i) => {
      t.strictSame(answerOf(response), expected[i], `${title}: ${response.statusCode}`)
      t.notMatch(JSON.stringify(response.headers) + response.body, 'hunter2')
    })
    t.equal(seen.handled, verdict === 'user' ? 4 : 0)
    t.equal(lines.some(({ level, msg }) => level === LEVELS.error && msg === 'authenticateUser failed'), verdict === 'failed')
    t.equal(lines.filter(({ audit }) => audit !== undefined).length, verdict === 'user' ? 0 : 4)
    t.equal(store.reads, 0)
  }
})

t.test('what went wrong with a session is in the log', async (t) => {
  const { get, lines } = await wireApp(t, { plugin: { authenticateUser: thrown(new Error('password=hunter2')) } })
  await get('/clusters')
  t.match(lines.find(({ level }) => level === LEVELS.error), { msg: 'authenticateUser failed', err: { message: 'password=hunter2' }, reqId: /^req-/ })
  t.match(lines.find(({ audit }) => audit !== undefined), { level: LEVELS.debug, audit: { code: 'FST_USER_SESSION_UNAVAILABLE', reason: 'usersUnavailable', keyId: null, ownerId: null } })
})

t.test('a stranger who can make authenticateUser fail cannot fill the log: it is told once a second', async (t) => {
  let now = 0
  t.intercept(performance, 'now', { value: () => now })
  const { get, lines } = await wireApp(t, { plugin: { authenticateUser: thrown(new Error('bad token')) } })
  const told = () => lines.filter(({ msg }) => msg === 'authenticateUser failed') as unknown[] as Array<{ failuresNotLogged: number }>
  for (let i = 0; i < 50; i++) await get('/clusters', bearer('a.b.c'))
  t.equal(told().length, 1)
  now = 1000
  await get('/clusters', bearer('a.b.c'))
  t.strictSame(told().map(({ failuresNotLogged }) => failuresNotLogged), [0, 49])
})

t.test('authenticateUser is asked when a request brings no API key, and only then', async (t) => {
  let asked: FastifyRequest[] = []
  const authenticateUser = (request: FastifyRequest) => {
    asked.push(request)
    return { id: 'u1' }
  }
  const { app, get, store, create } = await wireApp(t, { plugin: { authenticateUser, apiKeyHeader: 'x-api-key', keyPrefix: [PREFIX, 'old'] } })
  const key = await create('full')
  const revoked = await plant(store, { scopes: ['full'], revokedAt: new Date(0) })
  const cookie = { cookie: 'session=u1' }

  const notAsked: ReadonlyArray<readonly [title: string, url: string, headers: Record<string, string>, status: number]> = [
    ['a valid key', '/clusters', bearer(key), 200],
    ['a valid key and a cookie', '/clusters', { ...bearer(key), ...cookie }, 200],
    ['a valid key where only users may', '/user', { ...bearer(key), ...cookie }, 403],
    ['a revoked key and a cookie', '/clusters', { ...bearer(revoked), ...cookie }, 401],
    ['a revoked key where only users may', '/user', { ...bearer(revoked), ...cookie }, 401],
    ['an unknown key', '/clusters', { ...bearer(generateKey(PREFIX)), ...cookie }, 401],
    ['a key with a wrong checksum', '/user', { ...bearer(withBadChecksum(key)), ...cookie }, 401],
    ['what only begins like a key', '/clusters', { ...bearer('skale_'), ...cookie }, 401],
    ['what begins like an old key', '/clusters', { ...bearer('old_x'), ...cookie }, 401],
    ['a key in the key header', '/clusters', { 'x-api-key': key, ...cookie }, 200],
    ['a key in the key header where only users may', '/user', { 'x-api-key': key, ...cookie }, 403],
    ['anything in the key header', '/clusters', { 'x-api-key': 'a.b.c', ...cookie }, 401],
    ['Basic and a key in the key header', '/clusters', { 'x-api-key': key, authorization: 'Basic dTpw' }, 200],
    ['malformed credentials', '/clusters', { authorization: 'Bearer', ...cookie }, 400],
    ['a malformed key header', '/user', { 'x-api-key': 'a b', ...cookie }, 400],
    ['both at once', '/clusters', { 'x-api-key': key, ...bearer(key), ...cookie }, 400],
    ['a session token beside a key', '/clusters', { 'x-api-key': key, ...bearer('a.b.c'), ...cookie }, 400],
    ['a public route', '/public', cookie, 200],
    ['a public route with a token', '/public', bearer('a.b.c'), 200],
    ['no route', '/nowhere', cookie, 404]
  ]
  for (const [title, url, headers, status] of notAsked) {
    t.equal((await get(url, headers)).statusCode, status, title)
    t.equal(asked.length, 0, 'not asked')
  }

  const isAsked: ReadonlyArray<readonly [title: string, headers: Record<string, string>]> = [
    ['nothing', {}],
    ['a cookie', cookie],
    ['Basic', { authorization: 'Basic dTpw' }],
    ['a token', bearer('a.b.c')],
    ['a token that is nearly a key', bearer('skale')],
    ['a token with another prefix', bearer('skales_x')],
    ['a token in another case', bearer('SKALE_x')],
    ['a token that has a key in it', bearer(`x${key}`)]
  ]
  for (const [title, headers] of isAsked) {
    for (const url of ['/clusters', '/user', '/any-key']) {
      asked = []
      t.equal((await get(url, headers)).statusCode, 200, `${title}: ${url}`)
      t.equal(asked.length, 1, 'asked once')
    }
  }
  t.equal((await app.inject({ method: 'POST', url: '/clusters', headers: cookie })).statusCode, 200)
})

t.test('without authenticateUser there are no users, and any other token is an invalid key', async (t) => {
  const { get, seen } = await wireApp(t)
  t.strictSame(answerOf(await get('/clusters', { cookie: 'session=u1' })), REQUIRED)
  t.strictSame(answerOf(await get('/clusters', bearer('a.b.c'))), INVALID)
  t.equal(seen.handled, 0)
})

t.test('who may call a user-only route', async (t) => {
  const authenticateUser = (request: FastifyRequest) => {
    const id = /session=(\w+)/.exec(request.headers.cookie ?? '')?.[1]
    return id === undefined ? null : id === 'limited' ? { id, scopes: [] } : { id }
  }
  const { get, create, store } = await wireApp(t, { plugin: { authenticateUser } })
  const full = await create('full')
  const expired = await plant(store, { scopes: ['full'], expiresAt: new Date(0) })
  const table: ReadonlyArray<readonly [title: string, headers: Record<string, string>, expected: typeof OK | typeof SESSION | typeof USER_ONLY]> = [
    ['a user', { cookie: 'session=u1' }, OK],
    ['a user without any scope, for a scope is not what is asked', { cookie: 'session=limited' }, OK],
    ['nobody', {}, SESSION],
    ['a token that is no session', bearer('a.b.c'), REFUSED_SESSION],
    ['a key with every scope', bearer(full), USER_ONLY],
    ['a key with every scope, again', bearer(full), USER_ONLY],
    ['a key with no scope', bearer(await create()), USER_ONLY],
    ['a key with every scope, and a cookie', { ...bearer(full), cookie: 'session=u1' }, USER_ONLY],
    ['an expired key', bearer(expired), INVALID],
    ['an unknown key and a cookie', { ...bearer(generateKey(PREFIX)), cookie: 'session=u1' }, INVALID]
  ]
  for (const [title, headers, expected] of table) t.strictSame(answerOf(await get('/user', headers)), expected, title)
})

t.test('a user with a list of scopes is held to it, as a key to its grant; one without passes', async (t) => {
  const authenticateUser: AuthenticateUser = request => {
    const list = request.headers['x-scopes']
    return { id: 'u1', ...list !== undefined && { scopes: String(list).split(' ').filter(Boolean) } }
  }
  const { app } = await wireApp(t, {
    plugin: { authenticateUser },
    after: app => {
      app.get('/inside', { config: { scopes: [] } }, async request => {
        const has = request.hasScopes('clusters:write')
        request.requireScopes('clusters:write')
        return { ok: has }
      })
    }
  })
  const missing = (text: string, required: string[], missing: string[], granted: string[]) => ({
    status: 403,
    type: JSON_TYPE,
    challenge: challenge(`error="insufficient_scope", scope="${required.join(' ')}"`),
    body: { statusCode: 403, code: 'FST_API_KEY_MISSING_SCOPE', error: 'Forbidden', message: `User session missing required ${text}`, requiredScopes: required, missingScopes: missing, grantedScopes: granted }
  })
  const devices = ['devices:read', 'devices:provision']
  const hosts = ['hosts:create', 'hosts:enroll']
  const write = missing('scope: clusters:write', ['clusters:write'], ['clusters:write'], [])
  const table: ReadonlyArray<readonly [scopes: string | undefined, method: 'GET' | 'POST', url: string, expected: typeof OK | typeof write]> = [
    [undefined, 'POST', '/clusters', OK],
    [undefined, 'POST', '/hosts', OK],
    [undefined, 'GET', '/devices', OK],
    [undefined, 'GET', '/inside', OK],
    ['full', 'POST', '/hosts', OK],
    ['clusters:write', 'GET', '/clusters', OK],
    ['clusters:write', 'GET', '/inside', OK],
    ['devices:provision', 'GET', '/devices', OK],
    ['', 'GET', '/any-key', OK],
    ['', 'GET', '/public', OK],
    ['', 'GET', '/user', OK],
    ['', 'POST', '/clusters', write],
    ['', 'GET', '/inside', write],
    ['clusters:read', 'GET', '/inside', missing('scope: clusters:write', ['clusters:write'], ['clusters:write'], ['clusters:read'])],
    ['hosts:enroll', 'POST', '/hosts', missing('scope: hosts:create', hosts, ['hosts:create'], ['hosts:enroll'])],
    ['clusters:read', 'POST', '/hosts', missing('scopes: hosts:create, hosts:enroll', hosts, hosts, ['clusters:read'])],
    ['clusters:read', 'GET', '/devices', missing('scope: one of devices:read, devices:provision', devices, devices, ['clusters:read'])],
    ['gone:scope * nodes:drain', 'POST', '/clusters', missing('scope: clusters:write', ['clusters:write'], ['clusters:write'], ['gone:scope', '*', 'nodes:drain'])]
  ]
  for (const [scopes, method, url, expected] of table) {
    t.strictSame(answerOf(await app.inject({ method, url, headers: scopes === undefined ? {} : { 'x-scopes': scopes } })), expected, `${scopes ?? 'no list'}: ${method} ${url}`)
  }
})

t.test('request.principal says who it is, in each case', async (t) => {
  const someone = { id: 'u1', email: 'u1@example.com', nested: { role: 'admin' } }
  const { app, get } = await wireApp(t, {
    plugin: { authenticateUser: request => request.headers.cookie === undefined ? null : someone, apiKeyHeader: 'x-api-key' },
    before: app => {
      app.register(async early => { early.get('/early', { config: { scopes: [] } }, async request => request.principal) })
      app.addHook('onRequest', async (request, reply) => { reply.header('principal-before', JSON.stringify(request.principal)) })
    },
    after: app => {
      app.get('/me', { config: { scopes: [] } }, async request => request.principal)
      app.get('/same', { config: { scopes: [] } }, async request => {
        const { principal } = request
        return { same: principal === request.principal, isUser: principal?.type === 'user' && principal.user === someone }
      })
      app.get('/public-me', { config: { public: true } }, async request => ({ principal: request.principal }))
      app.get('/set', { config: { scopes: [] } }, async request => { Object.assign(request, { principal: { type: 'user', user: { id: 'root' } } }) })
      app.setNotFoundHandler((request, reply) => { reply.code(404).send({ principal: request.principal }) })
      app.register(async child => { child.get('/child', { config: { scopes: [] } }, async request => request.principal) })
    }
  })
  const { key, record } = await app.apiKeys.create({ name: 'mine', ownerId: 'u9', scopes: ['clusters:read'], expiresAt: '2999-01-01T00:00:00Z', metadata: { team: 'a', deep: { list: [1] } } })
  const expected = JSON.parse(JSON.stringify({ type: 'apiKey', record })) as unknown
  for (const url of ['/me', '/child', '/early']) {
    for (const headers of [bearer(key), bearer(key), { 'x-api-key': key }]) t.strictSame((await get(url, headers)).json(), expected, `${url} with a key`)
    t.strictSame((await get(url, { cookie: 'a=b' })).json(), { type: 'user', user: someone }, `${url} with a session`)
  }
  t.strictSame((await get('/same', bearer(key))).json(), { same: true, isUser: false })
  t.strictSame((await get('/same', { cookie: 'a=b' })).json(), { same: true, isUser: true }, 'the very object that authenticateUser gave')
  for (const headers of [{}, bearer(key), { cookie: 'a=b' }]) {
    t.strictSame((await get('/public-me', headers)).json(), { principal: null }, 'null on a public route')
    t.strictSame((await get('/no/route', headers)).json(), { principal: null }, 'and where there is no route')
  }
  t.equal((await get('/me', bearer(key))).headers['principal-before'], 'null', 'and before it is known')
  t.equal((await get('/set', bearer(key))).statusCode, 500, 'it cannot be set')
})

t.test('a principal\'s record is frozen, holds no secret, and is no way to change what a key may do', async (t) => {
  const { app, get } = await wireApp(t, {
    after: app => {
      app.get('/spoil', { config: { scopes: [] } }, async request => {
        const { record } = request.principal as unknown as { record: Record<string, unknown> }
        const parts = [request.principal!, record, record.scopes, record.metadata, (record.metadata as { deep: object }).deep]
        for (const part of parts.slice(1)) {
          try { Object.assign(part as object, { 0: 'full', scopes: ['full'], ownerId: 'root', expiresAt: null, digest: 'x' }) } catch { /* frozen */ }
        }
        try { (record.scopes as string[]).push('full') } catch { /* frozen */ }
        ;(record.expiresAt as Date).setTime(9e14)
        ;(record.createdAt as Date).setTime(0)
        return { frozen: parts.slice(1).map(part => Object.isFrozen(part)), names: Object.getOwnPropertyNames(record).sort(), symbols: Object.getOwnPropertySymbols(record).length }
      })
    }
  })
  const realNow = Date.now
  t.teardown(() => { Date.now = realNow })
  const expiresAt = new Date(realNow() + 60_000)
  const { key } = await app.apiKeys.create({ name: 'mine', ownerId: 'u9', scopes: ['devices:read'], expiresAt, metadata: { deep: { a: 1 } } })
  t.strictSame((await get('/spoil', bearer(key))).json(), {
    frozen: [true, true, true, true],
    names: ['createdAt', 'disabledAt', 'expiresAt', 'id', 'lastUsedAt', 'metadata', 'name', 'ownerId', 'pepperVersion', 'revokedAt', 'revokedReason', 'rotatedFrom', 'scopes', 'start'],
    symbols: 0
  })
  t.equal((await get('/clusters', bearer(key))).statusCode, 403, 'its grant is what it was')
  Date.now = () => expiresAt.getTime()
  t.strictSame(answerOf(await get('/any-key', bearer(key))), INVALID, 'and it expires when it was to')
})

t.test('a key is refused from the very millisecond of its expiry, cached or not', async (t) => {
  const { app, get, create } = await wireApp(t, { plugin: { maxStaleness: 3_600_000 } })
  const realNow = Date.now
  t.teardown(() => { Date.now = realNow })
  const expiresAt = new Date(realNow() + 3_600_000)
  const issue = async () => (await app.apiKeys.create({ name: 'brief', scopes: ['clusters:read'], expiresAt })).key
  const [cached, fresh] = [await issue(), await issue()]
  const forever = await create('clusters:read')
  t.equal((await get('/clusters', bearer(cached))).statusCode, 200)

  const table = [[-3_600_000, 200], [-1, 200], [0, 401], [1, 401], [86_400_000, 401], [-1, 200]] as const
  for (const [offset, status] of table) {
    Date.now = () => expiresAt.getTime() + offset
    t.equal((await get('/clusters', bearer(cached))).statusCode, status, `${offset} ms from expiry`)
    t.equal((await get('/clusters', bearer(forever))).statusCode, 200)
  }
  Date.now = () => expiresAt.getTime()
  t.strictSame(answerOf(await get('/clusters', bearer(fresh))), INVALID, 'not read before')
})

t.test('a session that is refused after the client has gone does no harm', async (t) => {
  const unhandled: unknown[] = []
  const note = (reason: unknown) => { unhandled.push(reason) }
  process.on('unhandledRejection', note)
  t.teardown(() => { process.off('unhandledRejection', note) })

  let fail = () => {}
  let wasAsked = () => {}
  const asked = new Promise<void>(resolve => { wasAsked = resolve })
  const authenticateUser = async () => await new Promise<null>((_resolve, reject) => {
    fail = () => { reject(new Error('the session server went away')) }
    wasAsked()
  })
  const { app, seen, denials } = await wireApp(t, { plugin: { authenticateUser } })
  const port = await listen(app)
  const controller = new AbortController()
  const request = fetch(`http://127.0.0.1:${port}/clusters`, { signal: controller.signal }).catch(() => 'aborted')
  await asked
  controller.abort()
  t.equal(await request, 'aborted')
  fail()
  while (denials().length === 0) await new Promise(resolve => { setImmediate(resolve) })
  t.equal(seen.handled, 0)
  t.strictSame(unhandled, [])
  t.equal((await app.inject('/public')).statusCode, 200)
})
