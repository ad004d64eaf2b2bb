import Fastify from 'fastify'
import type { FastifyInstance, FastifyRequest, InjectOptions } from 'fastify'
import t from 'tap'
import type { Test } from 'tap'
import { apiKeyRoutes } from '../../lib/http/key-routes.js'
import alsoApiKeyRoutes from '../../lib/http/key-routes.js'
import { apiKeyScopes, defineScopes, memoryStore } from '../../lib/index.js'
import type { ApiKeyScopesOptions } from '../../lib/index.js'
import { generateKey } from '../../lib/keys/key-format.js'
import { answerOf, bearer, challenge, JSON_TYPE, plant, PREFIX, scopes, wireApp, withBadChecksum } from './wire-app.js'

interface Shown { id: string, name: string, ownerId: string, start: string, scopes: string[], createdAt: string, revokedAt: string | null }
interface Page { records: Shown[], cursor: string | null }
interface Failure { statusCode: number, code: string, message: string }

/** A user for the header `x-user`, with the scopes in `x-scopes` if it is there. */
const authenticateUser = ({ headers }: FastifyRequest) => {
  if (headers['x-user'] === undefined) return null
  const list = headers['x-scopes']
  return { id: decodeURIComponent(String(headers['x-user'])), ...list !== undefined && { scopes: String(list).split(' ').filter(Boolean) } }
}
const as = (user: string, list?: string) => ({ 'x-user': encodeURIComponent(user), ...list !== undefined && { 'x-scopes': list } })

async function keysApp (t: Test, { prefix = '', plugin = {}, bare = false, after }: { prefix?: string, plugin?: Partial<ApiKeyScopesOptions>, bare?: boolean, after?: (app: FastifyInstance) => unknown } = {}) {
  const wired = await wireApp(t, {
    bare,
    plugin: { authenticateUser, apiKeyHeader: 'x-api-key', ...plugin },
    after: async app => {
      await after?.(app)
      await app.register(apiKeyRoutes, { prefix })
    }
  })
  const { app, store } = wired
  const ask = async (method: 'GET' | 'POST' | 'PATCH' | 'DELETE' | 'HEAD', url: string, headers: Record<string, string>, payload?: InjectOptions['payload']) =>
    await app.inject({ method, url: `${prefix}${url}`, headers, ...payload !== undefined && { payload } })
  return {
    ...wired,
    ask,
    make: async (user: string, fields: object = {}, list?: string) => (await ask('POST', '/api-keys', as(user, list), { name: 'made', ...fields })).json<{ key: string, record: Shown }>(),
    listOf: async (user: string, query = '') => (await ask('GET', `/api-keys${query}`, as(user))).json<Page>(),
    /** All that the store holds, digests included. */
    everything: async () => JSON.stringify(await store.list({ limit: 10_000 }))
  }
}

t.test('a user makes a key, sees it once, uses it, lists it and ends it', async (t) => {
  const { ask, listOf, get, app, lines } = await keysApp(t)
  const before = Date.now()
  const made = await ask('POST', '/api-keys', as('u1'), { name: 'ci', scopes: ['clusters:write', 'devices:read'] })
  t.equal(made.statusCode, 201)
  t.equal(made.headers['cache-control'], 'no-store')
  t.equal(made.headers['content-type'], JSON_TYPE)
  const { key, record, ...rest } = made.json<{ key: string, record: Shown }>()
  t.strictSame(rest, {})
  t.match(key, /^skale_[0-9A-Za-z]{38}$/)
  t.strictSame(record, {
    id: record.id,
    name: 'ci',
    ownerId: 'u1',
    start: key.slice(0, 10),
    scopes: ['clusters:write', 'devices:read'],
    createdAt: record.createdAt,
    expiresAt: null,
    revokedAt: null,
    disabledAt: null,
    lastUsedAt: null,
    rotatedFrom: null
  })
  t.ok(Date.parse(record.createdAt) >= before)
  t.equal(made.body.split(key.slice(10)).length, 2, 'the secret stands there once')

  t.equal((await get('/clusters', bearer(key))).statusCode, 200, 'it works at once')
  const listed = await ask('GET', '/api-keys', as('u1'))
  t.strictSame({ ...answerOf(listed), cache: listed.headers['cache-control'] }, { status: 200, type: JSON_TYPE, challenge: undefined, body: { records: [record], cursor: null }, cache: 'no-store' })
  t.notMatch(listed.body, key.slice(10), 'without the secret')
  const head = await ask('HEAD', '/api-keys', as('u1'))
  t.strictSame([head.statusCode, head.body, head.headers['cache-control']], [200, '', 'no-store'])

  for (const again of ['revoked', 'and revoking again is no error']) {
    const gone = await ask('DELETE', `/api-keys/${record.id}`, as('u1'))
    t.strictSame([gone.statusCode, gone.body, gone.headers['cache-control']], [204, '', 'no-store'], again)
    t.equal((await get('/clusters', bearer(key))).statusCode, 401, 'it is refused at once')
  }
  const { records } = await listOf('u1')
  t.match(records, [{ id: record.id, revokedAt: /^\d{4}-/ }], 'and stays in the list')
  t.equal(app.hasRoute({ method: 'PUT', url: '/api-keys' }), false)
  t.notMatch(JSON.stringify(lines), key.slice(10), 'no log line has the key')
})

t.test('a user renames a key and changes its scopes, which takes effect at once', async (t) => {
  const { ask, make, listOf, get, app, lines } = await keysApp(t)
  const { key, record } = await make('u1', { scopes: ['clusters:write'] })
  const other = await make('u1')
  t.equal((await get('/clusters', bearer(key))).statusCode, 200)
  const steps: ReadonlyArray<readonly [body: object, expected: Partial<Shown>, clusters: number, devices: number]> = [
    [{ name: 'new' }, { name: 'new' }, 200, 403],
    [{ scopes: ['devices:read'] }, { scopes: ['devices:read'] }, 403, 200],
    [{}, {}, 403, 200],
    [{ name: 'ci', scopes: ['full', 'full'] }, { name: 'ci', scopes: ['full'] }, 200, 200],
    [{ scopes: [] }, { scopes: [] }, 403, 403]
  ]
  let now = record
  for (const [body, expected, clusters, devices] of steps) {
    const response = await ask('PATCH', `/api-keys/${record.id}`, as('u1'), body)
    now = { ...now, ...expected }
    t.strictSame({ ...answerOf(response), cache: response.headers['cache-control'] }, { status: 200, type: JSON_TYPE, challenge: undefined, body: { record: now }, cache: 'no-store' }, JSON.stringify(body))
    t.equal((await get('/clusters', bearer(key))).statusCode, clusters)
    t.equal((await get('/devices', bearer(key))).statusCode, devices)
  }
  t.strictSame((await listOf('u1')).records.find(({ id }) => id === record.id), now)
  t.strictSame((await listOf('u1')).records.find(({ id }) => id === other.record.id), other.record, 'no other key is changed')
  t.notMatch(JSON.stringify(lines), key.slice(10))

  const disabled = await app.apiKeys.update(record.id, { disabled: true })
  t.match((await ask('PATCH', `/api-keys/${record.id}`, as('u1'), { name: 'off' })).json(), { record: { name: 'off', disabledAt: disabled!.disabledAt!.toISOString() } }, 'who disabled it must enable it')
  await app.apiKeys.revoke(record.id)
  const late = await ask('PATCH', `/api-keys/${record.id}`, as('u1'), { name: 'late' })
  t.strictSame(late.json(), { statusCode: 400, code: 'FST_API_KEY_INVALID_INPUT', error: 'Bad Request', message: 'the key is revoked, and cannot be changed any more' })
})

t.test('with mutableScopes: false a key is renamed, and its scopes stay', async (t) => {
  const { ask, make, everything } = await keysApp(t, { plugin: { mutableScopes: false } })
  const { record } = await make('u1', { scopes: ['devices:read'] })
  const state = await everything()
  for (const body of [{ scopes: ['full'] }, { scopes: ['devices:read'] }, { name: 'new', scopes: [] }]) {
    const response = await ask('PATCH', `/api-keys/${record.id}`, as('u1'), body)
    t.strictSame(response.json(), {
      statusCode: 400,
      code: 'FST_API_KEY_INVALID_INPUT',
      error: 'Bad Request',
      message: 'scopes cannot be changed: they are fixed when a key is created; create a new key'
    })
    t.equal(await everything(), state)
  }
  t.strictSame((await ask('PATCH', `/api-keys/${record.id}`, as('u1'), { name: 'new' })).json(), { record: { ...record, name: 'new' } })
})

t.test('scopes without what they require are refused, or with missingRequired: \'add\' completed', async (t) => {
  const catalog = defineScopes({ build: { requires: 'test' }, test: '' })
  const message = 'scopes must also name what these require: "test" (required by "build")'
  for (const missingRequired of [undefined, 'reject', 'add'] as const) {
    const { ask, make } = await keysApp(t, { bare: true, plugin: { scopes: catalog as never, ...missingRequired && { missingRequired } } })
    const { record } = await make('u1', { scopes: [] })
    for (const [method, url, status] of [['POST', '/api-keys', 201], ['PATCH', `/api-keys/${record.id}`, 200]] as const) {
      const response = await ask(method, url, as('u1'), { name: 'x', scopes: ['build'] })
      if (missingRequired === 'add') t.match(response.json(), { record: { scopes: ['build', 'test'] } })
      else t.match(response.json(), { code: 'FST_API_KEY_INVALID_INPUT', message })
      t.equal(response.statusCode, missingRequired === 'add' ? status : 400)
    }
  }
})

t.test('both names of the module are the same routes, and a prefix may stand before them', async (t) => {
  t.equal(alsoApiKeyRoutes, apiKeyRoutes)
  const { ask, make } = await keysApp(t, { prefix: '/v1/account' })
  const { record } = await make('u1')
  t.equal((await ask('GET', '/api-keys', as('u1'))).json<Page>().records.length, 1)
  t.match((await ask('PATCH', `/api-keys/${record.id}`, as('u1'), { name: 'new' })).json(), { record: { id: record.id, name: 'new' } })
  t.equal((await ask('DELETE', `/api-keys/${record.id}`, as('u1'))).statusCode, 204)
  for (const method of ['PATCH', 'DELETE'] as const) t.equal((await ask(method, `/api-keys/${record.id}`, {})).statusCode, 401)
})

t.test('without scopes a key gets the default grant, and with an empty list none', async (t) => {
  const { make } = await keysApp(t)
  t.strictSame((await make('u1')).record.scopes, ['clusters:read'])
  t.strictSame((await make('u1', { scopes: [] })).record.scopes, [])
  t.strictSame((await make('u1', { scopes: ['full', 'full'] })).record.scopes, ['full'])
})

t.test('no API key manages keys, whatever its scopes and however it comes; nor does nobody', async (t) => {
  const { ask, app, make, everything, store, seen } = await keysApp(t)
  const mine = await make('u1', { scopes: ['full'] })
  const trusted = (await app.apiKeys.create({ name: 'machine', scopes: ['full'] })).key
  const revoked = await plant(store, { scopes: ['full'], ownerId: 'u1', revokedAt: new Date(0) })
  const USER_ONLY = 'FST_API_KEY_USER_ONLY'
  const callers: ReadonlyArray<readonly [title: string, headers: Record<string, string>, status: number, code: string, challenge: string | undefined]> = [
    ['a full key of the same owner', bearer(mine.key), 403, USER_ONLY, undefined],
    ['a full key and the session of its owner', { ...bearer(mine.key), ...as('u1') }, 403, USER_ONLY, undefined],
    ['a full key in the key header', { 'x-api-key': mine.key, ...as('u1') }, 403, USER_ONLY, undefined],
    ['a full key of nobody', bearer(trusted), 403, USER_ONLY, undefined],
    ['a revoked key and a session', { ...bearer(revoked), ...as('u1') }, 401, 'FST_API_KEY_INVALID', challenge('error="invalid_token"')],
    ['a wrong key and a session', { ...bearer(withBadChecksum()), ...as('u1') }, 401, 'FST_API_KEY_INVALID', challenge('error="invalid_token"')],
    ['an unknown key', bearer(generateKey(PREFIX)), 401, 'FST_API_KEY_INVALID', challenge('error="invalid_token"')],
    ['malformed credentials and a session', { authorization: 'Bearer', ...as('u1') }, 400, 'FST_API_KEY_MALFORMED', challenge('error="invalid_request"')],
    ['nobody', {}, 401, 'FST_USER_SESSION_REQUIRED', challenge()],
    ['a token that is no session', bearer('a.b.c'), 200, '', undefined]
  ]
  const state = await everything()
  for (const [title, headers, status, code, expected] of callers.slice(0, -1)) {
    for (const [method, url, payload] of [['POST', '/api-keys', { name: 'x' }], ['GET', '/api-keys'], ['HEAD', '/api-keys'],
      ['PATCH', `/api-keys/${mine.record.id}`, { name: 'x', scopes: ['full'] }], ['PATCH', '/api-keys/unknown', {}], ['DELETE', `/api-keys/${mine.record.id}`], ['DELETE', '/api-keys/unknown']] as const) {
      const response = await ask(method, url, headers, payload)
      t.equal(response.statusCode, status, `${title}: ${method}`)
      t.equal(response.headers['www-authenticate'], expected)
      if (method !== 'HEAD') t.equal(response.json<Failure>().code, code)
    }
  }
  t.equal(await everything(), state, 'nothing has changed')
  t.equal(seen.handled, 0)
})

/** Bodies that make no key, each with what the answer must name. */
const BAD_BODIES: ReadonlyArray<readonly [title: string, body: string | object | undefined, message: RegExp, headers?: Record<string, string>, status?: number]> = [
  ...['ownerId', 'owner_id', 'userId', 'user_id', 'owner', 'as', 'id', 'key', 'digest', 'start', 'createdAt', 'revokedAt', 'disabledAt', 'lastUsedAt', 'expiresAt', 'metadata', 'rotatedFrom',
    'pepperVersion', 'scope', 'Name', 'NAME', 'Scopes', ' name', 'permissions', 'toString', 'hasOwnProperty', 'valueOf', '', 'principal'].map(field =>
    [`the field ${JSON.stringify(field)}`, { name: 'x', scopes: [], [field]: field === 'expiresAt' ? '2999-01-01T00:00:00Z' : 'u2' }, new RegExp(`unknown field ${JSON.stringify(field)}`)] as const),
  ['the owner as itself', { name: 'x', ownerId: 'u1' }, /unknown field "ownerId"/],
  ['the owner as null', { name: 'x', ownerId: null }, /unknown field "ownerId"/],
  ['a prototype', '{"name":"x","__proto__":{"ownerId":"u2"}}', /not valid JSON/],
  ['a prototype that is a string', '{"name":"x","__proto__":"u2"}', /not valid JSON/],
  ['a constructor with a prototype', '{"name":"x","constructor":{"prototype":{"ownerId":"u2"}}}', /not valid JSON/],
  ['a constructor', '{"name":"x","constructor":"u2"}', /unknown field "constructor"/],
  ['no fields', {}, /name must be/],
  ['no name', { scopes: [] }, /name must be/],
  ['an empty name', { name: '' }, /name must be/],
  ['a name that is a number', { name: 1 }, /name must be.*not 1/],
  ['a name that is null', { name: null }, /name must be/],
  ['a name that is a list', { name: ['x'] }, /name must be/],
  ['a name that is an object', { name: { toString: 'x' } }, /name must be/],
  ['a name that is true', { name: true }, /name must be/],
  ['a long name', { name: 'x'.repeat(201) }, /name must be/],
  ['a name of two lines', { name: 'a\nb' }, /name must be/],
  ['a name with an escape sequence', { name: '\u001B[31mred' }, /name must be/],
  ['a name with a NUL', { name: 'a\0' }, /name must be/],
  ['a name that is half a character', '{"name":"\\ud800"}', /name must be/],
  ['scopes that are a string', { name: 'x', scopes: 'clusters:read' }, /scopes must be a list/],
  ['scopes that are null', { name: 'x', scopes: null }, /scopes must be a list/],
  ['scopes that are an object', { name: 'x', scopes: { 0: 'clusters:read', length: 1 } }, /scopes must be a list/],
  ['scopes that are true', { name: 'x', scopes: true }, /scopes must be a list/],
  ['scopes that are a number', { name: 'x', scopes: 0 }, /scopes must be a list/],
  ['a scope that is a number', { name: 'x', scopes: [1] }, /unknown scope 1/],
  ['a scope that is null', { name: 'x', scopes: ['clusters:read', null] }, /unknown scope null/],
  ['a scope that is a list', { name: 'x', scopes: [['clusters:read']] }, /unknown scope \["clusters:read"\]/],
  ['a scope that is an object', { name: 'x', scopes: [{}] }, /unknown scope \{\}/],
  ['an unknown scope', { name: 'x', scopes: ['clusters:raed'] }, /unknown scope "clusters:raed" \(did you mean "clusters:read"\?\)/],
  ['a scope in another case', { name: 'x', scopes: ['Clusters:read'] }, /unknown scope/],
  ['a scope with a space', { name: 'x', scopes: ['clusters:read '] }, /unknown scope/],
  ['a pattern', { name: 'x', scopes: ['clusters:*'] }, /unknown scope "clusters:\*"/],
  ['every scope', { name: 'x', scopes: ['*'] }, /unknown scope "\*"/],
  ['a scope called __proto__', { name: 'x', scopes: ['__proto__'] }, /unknown scope "__proto__"/],
  ['a scope called constructor', { name: 'x', scopes: ['constructor'] }, /unknown scope "constructor"/],
  ['a planned scope', { name: 'x', scopes: ['nodes:drain'] }, /"nodes:drain" is planned/],
  ['several faults', { name: '', scopes: ['a:b', 'nodes:drain'] }, /name must be.*unknown scope "a:b".*nodes:drain/],
  ['null', 'null', /body must be a JSON object/],
  ['a list', '[{"name":"x"}]', /body must be a JSON object/],
  ['a string', '"name"', /body must be a JSON object/],
  ['a number', '1', /body must be a JSON object/],
  ['true', 'true', /body must be a JSON object/],
  ['no body', undefined, /body must be a JSON object/, { 'content-type': '' }],
  ['no body, which is said to be JSON', undefined, /empty/],
  ['text, as a form of another site may send it', '{"name":"x"}', /body must be a JSON object/, { 'content-type': 'text/plain' }],
  ['an empty body', '', /empty/i],
  ['half a body', '{"name":"x"', /JSON/],
  ['a form', 'name=x', /Unsupported Media Type/, { 'content-type': 'application/x-www-form-urlencoded' }, 415],
  ['a large body', { name: 'x', scopes: Array.from({ length: 200_000 }, () => 'clusters:read') }, /too large/, {}, 413]
]

t.test('a body that is not { name, scopes? } makes no key and changes none, and the answer says what is wrong', async (t) => {
  const { ask, make, everything, lines } = await keysApp(t)
  const { record } = await make('u1')
  await make('u2', { scopes: ['full'] })
  const state = await everything()
  for (const [title, body, message, headers = {}, status = 400] of BAD_BODIES) {
    const { 'content-type': type, ...others } = { 'content-type': 'application/json', ...headers }
    for (const [method, url] of [['POST', '/api-keys'], ['PATCH', `/api-keys/${record.id}`]] as const) {
      // A change need not name anything.
      if (method === 'PATCH' && title.startsWith('no ') && typeof body === 'object') continue
      const response = await ask(method, url, { ...as('u1'), ...others, ...type !== '' && { 'content-type': type } }, body)
      t.equal(response.statusCode, status, `${method} ${title}`)
      t.match(response.json<Failure>().message, message)
      t.match(response.json<Failure>(), { statusCode: status, code: /^FST_/ })
      t.equal(await everything(), state, 'nothing has changed')
    }
  }
  const form = async (method: 'POST' | 'PATCH', url: string) => (await ask(method, url, as('u1'), { ownerId: 'u2' })).json<Failure>().message
  t.equal(await form('POST', '/api-keys'), 'unknown field "ownerId"; the body must be { name, scopes? }')
  t.equal(await form('PATCH', `/api-keys/${record.id}`), 'unknown field "ownerId"; the body must be { name?, scopes? }')
  t.strictSame(lines.filter(({ level }) => level >= 50), [], 'and none of it is an error of ours')
})

t.test('even where the app\'s own parser lets everything through, the session alone says whose the key is', async (t) => {
  const { ask, everything, listOf, app } = await keysApp(t, {
    after: app => {
      app.removeAllContentTypeParsers()
      app.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => {
        try { done(null, JSON.parse(String(body))) } catch { done(null, body) }
      })
    }
  })
  const { record } = await app.apiKeys.create({ name: 'of u1', ownerId: 'u1' })
  const state = await everything()
  for (const body of ['{"name":"x","__proto__":{"ownerId":"u2"}}', '{"name":"x","ownerId":"u2"}', '[]', 'null', '"x"', 'name=x', '{"__proto__":{"name":"x"}}']) {
    for (const [method, url] of [['POST', '/api-keys'], ['PATCH', `/api-keys/${record.id}`]] as const) {
      const response = await ask(method, url, { ...as('u1'), 'content-type': 'application/json' }, body)
      t.equal(response.statusCode, 400, `${method} ${body}`)
      t.equal(await everything(), state)
    }
  }
  t.equal((await ask('POST', '/api-keys', { ...as('u1'), 'content-type': 'application/json' }, '{"name":"x"}')).statusCode, 201)
  t.strictSame((await listOf('u2')).records, [])
})

t.test('who has limited scopes gives away no more than these', async (t) => {
  const { ask, make, everything } = await keysApp(t)
  const { record } = await make('u1', { scopes: ['full'] })
  const table: ReadonlyArray<readonly [own: string | undefined, wanted: string[] | undefined, beyond: string | null]> = [
    [undefined, ['full'], null],
    ['full', ['full', 'clusters:write', 'hosts:create'], null],
    ['clusters:write', ['clusters:read', 'clusters:write'], null],
    ['clusters:write', undefined, null],
    ['clusters:read', [], null],
    ['', [], null],
    ['', undefined, 'clusters:read'],
    ['devices:read', undefined, 'clusters:read'],
    ['clusters:read', ['clusters:write'], 'clusters:write'],
    ['clusters:read', ['full'], 'full'],
    ['clusters:write', ['full'], 'full'],
    ['clusters:read', ['clusters:read', 'hosts:create', 'hosts:enroll'], 'hosts:create, hosts:enroll'],
    ['gone:scope * nodes:drain', ['clusters:read'], 'clusters:read']
  ]
  for (const [own, wanted, beyond] of table) {
    const body = { name: 'x', ...wanted !== undefined && { scopes: wanted } }
    for (const [method, url, done] of [['POST', '/api-keys', 201], ['PATCH', `/api-keys/${record.id}`, 200]] as const) {
      // Where a new key would get the default grant, a change gives nothing.
      const allowed = beyond === null || (method === 'PATCH' && wanted === undefined)
      const state = await everything()
      const response = await ask(method, url, as('u1', own), body)
      t.equal(response.statusCode, allowed ? done : 403, `${method}: ${own ?? 'no limit'} gives ${JSON.stringify(wanted)}`)
      if (allowed) continue
      t.strictSame(response.json(), { statusCode: 403, code: 'FST_API_KEY_BEYOND_GRANT', error: 'Forbidden', message: `You cannot give away scopes that you do not have: ${beyond}` })
      t.equal(await everything(), state, 'nothing has changed')
    }
  }
})

t.test('a list has one\'s own keys alone, newest first, page by page', async (t) => {
  const { store, ask, listOf } = await keysApp(t)
  const times = [5, 3, 3, 9, 1, 7, 7]
  for (const [i, time] of times.entries()) {
    await plant(store, { id: `mine-${i}`, ownerId: 'u1', createdAt: new Date(time) })
    await plant(store, { id: `other-${i}`, ownerId: 'u2', createdAt: new Date(time) })
    await plant(store, { id: `nobody-${i}`, ownerId: null, createdAt: new Date(time) })
  }
  const expected = ['mine-3', 'mine-6', 'mine-5', 'mine-0', 'mine-2', 'mine-1', 'mine-4']
  t.strictSame((await listOf('u1')).records.map(({ id }) => id), expected)
  for (const limit of [1, 2, 3, 6, 7, 8, 1000]) {
    const pages: string[][] = []
    let query = `?limit=${limit}`
    for (;;) {
      const { records, cursor } = await listOf('u1', query)
      pages.push(records.map(({ id }) => id))
      if (cursor === null) break
      query = `?limit=${limit}&cursor=${encodeURIComponent(cursor)}`
    }
    t.strictSame(pages.flat(), expected, `by ${limit}`)
    t.equal(pages.length, Math.ceil(7 / limit))
  }

  const { cursor } = await listOf('u1', '?limit=2')
  t.strictSame((await listOf('u2', `?cursor=${cursor}`)).records.map(({ id }) => id), ['other-0', 'other-2', 'other-1', 'other-4'], 'another\'s cursor shows one\'s own')
  for (const query of ['?ownerId=u2', '?ownerId=', '?owner_id=u2', '?userId=u2', '?as=u2', '?as[id]=u2', '?ownerId=u2&limit=100', '?__proto__[ownerId]=u2', '?after=x']) {
    const response = await ask('GET', `/api-keys${query}`, as('u1'))
    if (response.statusCode === 200) t.strictSame(response.json<Page>().records.map(({ id }) => id), expected, `${query} is not heard`)
    else t.equal(response.statusCode, 400, query)
  }
})

t.test('a query that makes no sense is refused, and says which field', async (t) => {
  const { ask, make } = await keysApp(t)
  await make('u1')
  const base64 = (text: string) => Buffer.from(text).toString('base64url')
  const table: ReadonlyArray<readonly [query: string, field: string]> = [
    ...['0', '-1', '1.5', 'abc', '1001', '', 'Infinity', 'NaN', '1e9', 'null', '[]', '%00', '1,2', '9007199254740993'].map(limit => [`limit=${limit}`, 'limit'] as const),
    ['limit=1&limit=2', 'limit'],
    ['limit=10&limit=abc', 'limit'],
    ...['', 'x', 'null', '%00', 'AAAA', base64('1'), base64(' id'), base64('x id'), base64('1 '), base64('1e3 id'), base64('9999999999999999 id'), base64('{}'), 'a'.repeat(4000)].map(cursor => [`cursor=${cursor}`, 'cursor'] as const),
    [`cursor=${base64('1 id')}&cursor=${base64('2 id')}`, 'cursor']
  ]
  for (const [query, field] of table) {
    const response = await ask('GET', `/api-keys?${query}`, as('u1'))
    t.equal(response.statusCode, 400, query.slice(0, 60))
    t.match(response.json<Failure>(), { code: 'FST_API_KEY_INVALID_INPUT', message: new RegExp(`^${field} must be`) })
  }
  for (const query of ['', 'limit=1', 'limit=1000', 'limit=01', `cursor=${base64('999999999999999 \u{1F511} id')}`, `cursor=${base64('0 \' OR 1=1 --')}`]) {
    t.equal((await ask('GET', `/api-keys?${query}`, as('u1'))).statusCode, 200, query)
  }
})

t.test('the keys of others do not exist', async (t) => {
  const { ask, make, listOf, everything, get, app } = await keysApp(t)
  const a = await make('a', { name: 'of a', scopes: ['clusters:read'] })
  const b = await make('b', { name: 'of b', scopes: ['clusters:read'] })
  const nobodys = await app.apiKeys.create({ name: 'nobody\'s', scopes: ['clusters:read'] })
  const state = await everything()
  const NOT_FOUND = { status: 404, type: JSON_TYPE, challenge: undefined, body: { statusCode: 404, code: 'FST_API_KEY_NOT_FOUND', error: 'Not Found', message: 'API key not found' } }

  const ids = [b.record.id, nobodys.record.id, '00000000-0000-0000-0000-000000000000', 'x', '%00', '%F0%9F%94%91', b.record.id.toUpperCase(), `${a.record.id}%20`, `${a.record.id}%00`, encodeURIComponent(b.key), 'null', 'undefined', '*', '__proto__', 'constructor', '..%2F..', '%27%20OR%201=1']
  for (const id of ids) {
    t.strictSame(answerOf(await ask('DELETE', `/api-keys/${id}`, as('a'))), NOT_FOUND, id)
    for (const body of [{ name: 'mine' }, { scopes: ['full'] }, {}]) t.strictSame(answerOf(await ask('PATCH', `/api-keys/${id}`, as('a'), body)), NOT_FOUND, id)
  }
  t.equal(await everything(), state, 'nothing has changed')
  t.strictSame((await listOf('a')).records.map(({ name }) => name), ['of a'])
  t.strictSame((await listOf('b')).records.map(({ name }) => name), ['of b'])
  t.strictSame((await listOf('c')).records, [])
  for (const { key } of [a, b, nobodys]) t.equal((await get('/clusters', bearer(key))).statusCode, 200, 'all keys still work')

  t.equal((await ask('DELETE', `/api-keys/${b.record.id}`, as('b'))).statusCode, 204)
  t.strictSame(answerOf(await ask('DELETE', `/api-keys/${b.record.id}`, as('a'))), NOT_FOUND, 'nor when they are revoked')
  t.strictSame(answerOf(await ask('PATCH', `/api-keys/${b.record.id}`, as('a'), { name: 'mine' })), NOT_FOUND)
  t.equal((await ask('DELETE', '/api-keys/', as('a'))).statusCode, 404, 'no id')
  t.equal((await ask('DELETE', '/api-keys', as('a'))).statusCode, 404)
  t.equal((await ask('PATCH', '/api-keys', as('a'), { name: 'x' })).statusCode, 404)
  t.ok([404, 414].includes((await ask('DELETE', `/api-keys/${'x'.repeat(1000)}`, as('a'))).statusCode), 'a long one')
  t.equal((await ask('DELETE', '/api-keys/%ff', as('a'))).statusCode, 400, 'one that is no text')
})

t.test('owners whose names only look alike are not the same', async (t) => {
  const names = ['user', 'User', 'USER', 'user ', ' user', 'us\u00E9r', 'use\u0301r', 'user\u200B', '__proto__', 'constructor', '*', '%', 'user%', 'null', 'undefined', '0', 'x'.repeat(255)]
  const { ask, listOf } = await keysApp(t)
  const ids = new Map<string, string>()
  for (const name of names) {
    const made = await ask('POST', '/api-keys', as(name), { name: 'x' })
    t.equal(made.statusCode, 201, JSON.stringify(name))
    ids.set(name, made.json<{ record: Shown }>().record.id)
  }
  for (const name of names) {
    t.strictSame((await listOf(name)).records.map(({ id, ownerId }) => [id, ownerId]), [[ids.get(name), name]], JSON.stringify(name))
    for (const other of names.filter(other => other !== name)) {
      t.equal((await ask('DELETE', `/api-keys/${ids.get(other)}`, as(name))).statusCode, 404)
      t.equal((await ask('PATCH', `/api-keys/${ids.get(other)}`, as(name), { name: 'mine' })).statusCode, 404)
    }
  }
  for (const name of names) t.match((await listOf(name)).records, [{ revokedAt: null, name: 'x' }])
})

t.test('without the plugin, or without sessions, the routes do not start and say why', async (t) => {
  const alone = Fastify()
  t.teardown(() => alone.close())
  alone.register(apiKeyRoutes)
  await t.rejects(async () => { await alone.ready() }, { code: 'FST_API_KEY_BAD_OPTIONS', message: 'fastify-api-key-scopes: register fastify-api-key-scopes before fastify-api-key-scopes/routes' })

  const early = Fastify()
  t.teardown(() => early.close())
  early.register(apiKeyRoutes)
  early.register(apiKeyScopes, { scopes, store: memoryStore(), keyPrefix: PREFIX, authenticateUser })
  await t.rejects(async () => { await early.ready() }, { code: 'FST_API_KEY_BAD_OPTIONS', message: /before/ })

  const userless = Fastify()
  t.teardown(() => userless.close())
  userless.register(apiKeyScopes, { scopes, store: memoryStore(), keyPrefix: PREFIX })
  userless.register(apiKeyRoutes)
  await t.rejects(async () => { await userless.ready() }, { code: 'FST_API_KEY_BAD_ROUTE', message: /POST \/api-keys.*authenticateUser/ })
})

t.test('where something else is called apiKeys, nobody is let in', async (t) => {
  const app = Fastify()
  t.teardown(() => app.close())
  const called: unknown[] = []
  const call = async (...args: unknown[]) => { called.push(args) }
  app.decorate('apiKeys', { create: call, list: call, update: call, revoke: call } as never)
  const principals: unknown[] = [undefined, null, {}, { type: 'apiKey', record: {} }, { type: 'guest', user: { id: 'u1' } }]
  app.decorateRequest('principal', { getter: () => principals[0] } as never)
  app.register(apiKeyRoutes)
  for (; principals.length > 0; principals.shift()) {
    for (const [method, url] of [['POST', '/api-keys'], ['GET', '/api-keys'], ['PATCH', '/api-keys/x'], ['DELETE', '/api-keys/x']] as const) {
      const response = await app.inject({ method, url, headers: as('u1'), ...method.startsWith('P') && { payload: { name: 'x' } } })
      t.equal(response.statusCode, 500)
      t.equal(response.json<Failure>().message, 'a key-management route was reached without a user session')
    }
  }
  t.strictSame(called, [])
})

t.test('the routes work in an app with its own validator, serializer, parser and error handling', async (t) => {
  const refuse = () => { throw new Error('compiled') }
  const setUps: Record<string, (app: FastifyInstance) => void> = {
    'a validator compiler that knows no JSON schema': app => { app.setValidatorCompiler(refuse) },
    'a serializer compiler that knows no JSON schema': app => { app.setSerializerCompiler(refuse) },
    'a reply serializer': app => { app.setReplySerializer(payload => JSON.stringify(payload)) },
    'a validator compiler that lets everything pass': app => { app.setValidatorCompiler(() => () => true) },
    'a schema controller': app => { app.setSchemaController({ bucket: () => ({ add () {}, getSchema () {}, getSchemas: () => ({}) }) as never }) }
  }
  for (const [title, setUp] of Object.entries(setUps)) {
    const { ask, make, listOf } = await keysApp(t, { after: setUp })
    const { key, record } = await make('u1', { scopes: ['devices:read'] })
    t.match(key, /^skale_/, title)
    t.strictSame(await listOf('u1'), { records: [record], cursor: null })
    t.equal((await ask('POST', '/api-keys', as('u1'), { name: 'x', ownerId: 'u2' })).statusCode, 400)
    t.strictSame((await ask('PATCH', `/api-keys/${record.id}`, as('u1'), { name: 'new' })).json(), { record: { ...record, name: 'new' } })
    t.equal((await ask('DELETE', `/api-keys/${record.id}`, as('u1'))).statusCode, 204)
  }

  const { ask } = await keysApp(t, { after: app => { app.setErrorHandler((error: Error & { code?: string, statusCode?: number }, _request, reply) => { reply.code(error.statusCode ?? 500).send({ mine: error.code }) }) } })
  t.strictSame((await ask('POST', '/api-keys', as('u1'), {})).json(), { mine: 'FST_API_KEY_INVALID_INPUT' })
  t.strictSame((await ask('PATCH', '/api-keys/x', as('u1'), { name: '' })).json(), { mine: 'FST_API_KEY_INVALID_INPUT' })
  t.strictSame((await ask('PATCH', '/api-keys/x', as('u1'), {})).json(), { mine: 'FST_API_KEY_NOT_FOUND' })
  t.strictSame((await ask('DELETE', '/api-keys/x', as('u1'))).json(), { mine: 'FST_API_KEY_NOT_FOUND' })
  t.strictSame((await ask('POST', '/api-keys', as('u1', ''), { name: 'x' })).json(), { mine: 'FST_API_KEY_BEYOND_GRANT' })
  t.strictSame((await ask('GET', '/api-keys', {})).json(), { mine: 'FST_USER_SESSION_REQUIRED' })
})

t.test('metadata that the application keeps with a key is not shown to its owner', async (t) => {
  const { app, ask } = await keysApp(t)
  await app.apiKeys.create({ name: 'x', ownerId: 'u1', metadata: { internal: 'risk score 9' } })
  const { records: [record] } = (await ask('GET', '/api-keys', as('u1'))).json<Page>()
  const changed = (await ask('PATCH', `/api-keys/${record!.id}`, as('u1'), { name: 'y' })).json<{ record: Shown }>()
  t.strictSame(changed, { record: { ...record, name: 'y' } })
  t.notMatch(JSON.stringify([record, changed]), /risk|metadata|pepper|digest/)
  t.strictSame((await app.apiKeys.get(record!.id))!.metadata, { internal: 'risk score 9' }, 'and a change by its owner keeps it')
})
