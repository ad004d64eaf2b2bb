import Fastify from 'fastify'
import t from 'tap'
import { apiKeyRoutes } from '../../lib/http/key-routes.js'
import alsoApiKeyRoutes from '../../lib/http/key-routes.js'
import { apiKeyScopes, defineScopes, memoryStore } from '../../lib/index.js'
import { as, authenticateUser, catalog, keysApp, SHOWN, type Failure, type Issued, type KeysAppOptions, type Page, type Shown } from './key-routes-app.js'
import { ENDPOINTS, hasId } from './key-routes-bad-input.js'
import { answerOf, bearer, JSON_TYPE, plant, PREFIX, scopes } from './wire-app.js'

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
    revokedReason: null,
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

  await ask('PATCH', `/api-keys/${record.id}`, as('u1'), { scopes: ['clusters:read'] })
  const { disabledAt } = (await ask('PATCH', `/api-keys/${record.id}`, as('u1'), { disabled: true })).json<{ record: Shown }>().record
  t.match(disabledAt, /^\d{4}-/)
  t.equal((await get('/clusters', bearer(key))).statusCode, 401, 'a disabled key is refused at once')
  t.match((await ask('PATCH', `/api-keys/${record.id}`, as('u1'), { name: 'off', disabled: true })).json(), { record: { name: 'off', disabledAt } }, 'and stays so since then')
  t.match((await ask('PATCH', `/api-keys/${record.id}`, as('u1'), { disabled: false })).json(), { record: { disabledAt: null } })
  t.equal((await get('/clusters', bearer(key))).statusCode, 200)
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
  const requiring = defineScopes({ build: { requires: 'test' }, test: '' })
  const message = 'scopes must also name what these require: "test" (required by "build")'
  for (const missingRequired of [undefined, 'reject', 'add'] as const) {
    const { ask, make } = await keysApp(t, { plugin: { scopes: requiring as never, ...missingRequired && { missingRequired } } })
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
  for (const { method, url, body } of ENDPOINTS) t.equal((await ask(method, url.replace('<id>', record.id), {}, body)).statusCode, 401)
  for (const url of ['/api-keys/current', '/api-keys/scopes', `/api-keys/${record.id}`, `/api-keys/${record.id}/usage`]) t.equal((await ask('GET', url, as('u1'))).statusCode, 200)
})

t.test('without scopes a key gets the default grant, and with an empty list none', async (t) => {
  const { make } = await keysApp(t)
  t.strictSame((await make('u1')).record.scopes, ['clusters:read'])
  t.strictSame((await make('u1', { scopes: [] })).record.scopes, [])
  t.strictSame((await make('u1', { scopes: ['full', 'full'] })).record.scopes, ['full'])
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
  const { store, listOf } = await keysApp(t)
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
  t.strictSame((await listOf('u1', '?ownerId=u1')).records.map(({ id }) => id), expected, 'one may name oneself')
})

t.test('a list may be of keys in one state, or of those that were not used for long', async (t) => {
  const { store, listOf } = await keysApp(t)
  const now = Date.now()
  const ago = (days: number) => new Date(now - days * 86_400_000)
  await plant(store, { id: 'old', ownerId: 'u1', createdAt: ago(50) })
  await plant(store, { id: 'used', ownerId: 'u1', createdAt: ago(40), lastUsedAt: ago(1) })
  await plant(store, { id: 'disabled', ownerId: 'u1', createdAt: ago(30), disabledAt: ago(1) })
  await plant(store, { id: 'expired', ownerId: 'u1', createdAt: ago(20), expiresAt: ago(1) })
  await plant(store, { id: 'revoked', ownerId: 'u1', createdAt: ago(10), revokedAt: ago(1), disabledAt: ago(2) })
  await plant(store, { id: 'other', ownerId: 'u2', createdAt: ago(50) })
  const table: ReadonlyArray<readonly [query: string, ids: string[]]> = [
    ['?state=active', ['used', 'old']],
    ['?state=disabled', ['disabled']],
    ['?state=expired', ['expired']],
    ['?state=revoked', ['revoked']],
    ['?unusedFor=P15D', ['expired', 'disabled', 'old']],
    ['?unusedFor=P15D&state=active', ['old']],
    [`?unusedFor=${ago(45).toISOString()}`, ['old']],
    [`?unusedFor=${encodeURIComponent(ago(45).toISOString().replace('Z', '+00:00'))}&limit=1`, ['old']],
    ['?unusedFor=PT0S&state=active&ownerId=u1', ['used', 'old']]
  ]
  for (const [query, ids] of table) t.strictSame((await listOf('u1', query)).records.map(({ id }) => id), ids, query)
})

t.test('a user replaces a key by a new one, and the old one ends after the grace period', async (t) => {
  const { ask, make, get, listOf, app } = await keysApp(t)
  const { key, record } = await make('u1', { scopes: ['clusters:read'], expiresAt: 'P30D' })
  const rotated = await ask('POST', `/api-keys/${record.id}/rotate`, as('u1'), { gracePeriod: 'PT2H' })
  t.equal(rotated.statusCode, 201)
  t.equal(rotated.headers['cache-control'], 'no-store')
  const next = rotated.json<Issued>()
  t.not(next.key, key)
  t.match(next.record, { name: 'made', ownerId: 'u1', scopes: ['clusters:read'], rotatedFrom: record.id, revokedAt: null })
  t.notOk('metadata' in next.record)
  for (const one of [key, next.key]) t.equal((await get('/clusters', bearer(one))).statusCode, 200, 'both work')
  const old = (await ask('GET', `/api-keys/${record.id}`, as('u1'))).json<{ record: Shown }>().record
  t.equal(Date.parse(old.expiresAt!) - Date.parse(next.record.createdAt), 2 * 3_600_000, 'the old one until the grace period ends')
  t.equal((await listOf('u1')).records.length, 2)

  const again = await ask('POST', `/api-keys/${record.id}/rotate`, as('u1'))
  t.strictSame(answerOf(again).body, { statusCode: 409, code: 'FST_API_KEY_ALREADY_ROTATED', error: 'Conflict', message: 'This API key was rotated already; rotate its successor' })
  const atOnce = await ask('POST', `/api-keys/${next.record.id}/rotate`, as('u1'), { gracePeriod: 'PT0S', expiresAt: 'P1D' })
  t.equal((await get('/clusters', bearer(next.key))).statusCode, 401)
  const last = atOnce.json<Issued>()
  t.equal((await get('/clusters', bearer(last.key))).statusCode, 200)
  t.equal(Date.parse(last.record.expiresAt!) - Date.parse(last.record.createdAt), 86_400_000)

  for (const [fields, why] of [[{ disabled: true }, 'is disabled'], [null, 'is revoked']] as const) {
    const { record } = await make('u1')
    if (fields === null) await app.apiKeys.revoke(record.id)
    else await ask('PATCH', `/api-keys/${record.id}`, as('u1'), fields)
    t.match((await ask('POST', `/api-keys/${record.id}/rotate`, as('u1'))).json<Failure>(), { statusCode: 400, message: new RegExp(`^the key ${why}`) })
  }
})

t.test('of rotations at the same time one wins', async (t) => {
  const { ask, make, listOf } = await keysApp(t)
  const { record } = await make('u1')
  const answers = await Promise.all(Array.from({ length: 8 }, async () => await ask('POST', `/api-keys/${record.id}/rotate`, as('u1'))))
  t.strictSame(answers.map(({ statusCode }) => statusCode).sort(), [201, ...Array.from({ length: 7 }, () => 409)])
  t.equal((await listOf('u1')).records.length, 2)
})

t.test('when a key is to expire is said as a date or a duration, and who revokes it may say why', async (t) => {
  const { ask, make } = await keysApp(t)
  const soon = new Date(Date.now() + 3_600_000).toISOString()
  t.equal((await make('u1', { expiresAt: soon })).record.expiresAt, soon)
  t.equal((await make('u1', { expiresAt: null })).record.expiresAt, null)
  const { record } = await make('u1', { expiresAt: 'P1W' })
  t.equal(Date.parse(record.expiresAt!) - Date.parse(record.createdAt), 7 * 86_400_000)

  const shownNow = async () => (await ask('GET', `/api-keys/${record.id}`, as('u1'))).json<{ record: Shown }>().record
  t.strictSame(await shownNow(), record)
  t.equal((await ask('DELETE', `/api-keys/${record.id}?reason=${encodeURIComponent('leaked on GitHub')}`, as('u1'))).statusCode, 204)
  t.match(await shownNow(), { revokedReason: 'leaked on GitHub', revokedAt: /^\d{4}-/ })
  const first = await shownNow()
  t.equal((await ask('DELETE', `/api-keys/${record.id}?reason=other`, as('u1'))).statusCode, 204)
  t.strictSame(await shownNow(), first)
})

t.test('a user sees what a key was used for, and what grant would be enough', async (t) => {
  const { ask, make, get } = await keysApp(t)
  const { key, record } = await make('u1', { scopes: ['clusters:write', 'devices:read'] })
  const usage = async (query = '') => (await ask('GET', `/api-keys/${record.id}/usage${query}`, as('u1'))).json<{ usage: object }>()
  t.strictSame(await usage(), { usage: { lastUsedAt: null, scopes: [{ name: 'clusters:write', lastNeededAt: null }, { name: 'devices:read', lastNeededAt: null }], unusedScopes: ['clusters:write', 'devices:read'], smallestGrant: [] } })
  await get('/clusters', bearer(key))
  t.equal((await ask('GET', '/api-keys/current', bearer(key))).statusCode, 200)
  t.match(await usage('?unusedFor=PT0S'), { usage: { lastUsedAt: /^\d{4}-/, scopes: [{ name: 'clusters:write', lastNeededAt: /^\d{4}-/ }, { name: 'devices:read', lastNeededAt: null }] } })
  t.match(await usage(), { usage: { unusedScopes: ['devices:read'], smallestGrant: ['clusters:read'] } })
})

t.test('the keys of others do not exist', async (t) => {
  const { ask, make, listOf, everything, get, app } = await keysApp(t)
  const a = await make('a', { name: 'of a', scopes: ['clusters:read'] })
  const b = await make('b', { name: 'of b', scopes: ['clusters:read'] })
  const nobodys = await app.apiKeys.create({ name: 'nobody\'s', scopes: ['clusters:read'] })
  const state = await everything()
  const NOT_FOUND = { status: 404, type: JSON_TYPE, challenge: undefined, body: { statusCode: 404, code: 'FST_API_KEY_NOT_FOUND', error: 'Not Found', message: 'API key not found' } }

  const ids = [b.record.id, nobodys.record.id, '00000000-0000-0000-0000-000000000000', 'x', '%00', '%F0%9F%94%91', b.record.id.toUpperCase(), `${a.record.id}%20`, `${a.record.id}%00`, encodeURIComponent(b.key), 'null', 'undefined', '*', '__proto__', 'constructor', '..%2F..', '%27%20OR%201=1']
  for (const { operation, method, url } of ENDPOINTS.filter(hasId)) {
    for (const id of ids) {
      for (const body of operation === 'update' ? [{ name: 'mine' }, { scopes: ['full'] }, { disabled: true }, {}] : [undefined]) {
        // Nothing at all tells an id that belongs to somebody else from one that nobody has.
        t.strictSame(answerOf(await ask(method, url.replace('<id>', id), as('a'), body)), NOT_FOUND, `${operation} ${id}`)
      }
    }
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

t.test('what cannot be the id of a key is not looked for', async (t) => {
  const asked: string[] = []
  const store = memoryStore()
  const { ask } = await keysApp(t, {
    plugin: { scopes: catalog, store: { ...store, get (id) { asked.push(id); return store.get(id) } } },
    fastify: { routerOptions: { maxParamLength: 1000 } }
  })
  for (const id of ['%00', 'x%00', 'x%0A', '%E2%80%AE', 'x'.repeat(256)]) {
    for (const [method, path] of [['GET', ''], ['PATCH', ''], ['DELETE', ''], ['POST', '/rotate'], ['GET', '/usage']] as const) {
      const { statusCode, body } = await ask(method, `/api-keys/${id}${path}`, as('ann'), method === 'PATCH' ? { name: 'x' } : undefined)
      t.match([statusCode, body], [404, /FST_API_KEY_NOT_FOUND/], `${method} ${id}${path}`)
    }
  }
  t.strictSame(asked, [])
  await ask('GET', `/api-keys/${'x'.repeat(255)}`, as('ann'))
  t.strictSame(asked, ['x'.repeat(255)])
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
      for (const { method, url, body } of ENDPOINTS.filter(hasId)) t.equal((await ask(method, url.replace('<id>', ids.get(other)!), as(name), body)).statusCode, 404)
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
  app.decorate('apiKeys', { catalog: scopes, create: call, list: call, get: call, update: call, rotate: call, revoke: call, usage: call, grantable: call } as never)
  const principals: unknown[] = [undefined, null, {}, { type: 'apiKey', record: {} }, { type: 'guest', user: { id: 'u1' } }]
  app.decorateRequest('principal', { getter: () => principals[0] } as never)
  app.register(apiKeyRoutes)
  for (; principals.length > 0; principals.shift()) {
    for (const { operation, method, url, body } of ENDPOINTS) {
      // These two are for keys as well.
      if (['current', 'scopes'].includes(operation) && Object(principals[0]).type === 'apiKey') continue
      const response = await app.inject({ method, url: url.replace('<id>', 'x'), headers: as('u1'), ...body && { payload: body } })
      t.equal(response.statusCode, 500)
      t.equal(response.json<Failure>().message, 'a key-management route was reached without anybody who may call it')
    }
  }
  t.strictSame(called, [])
})

t.test('the routes work in an app with its own validator, serializer, parser and error handling', async (t) => {
  const refuse = () => { throw new Error('compiled') }
  const setUps: Record<string, KeysAppOptions> = {
    nothing: {},
    'a validator compiler that knows no JSON schema': { before: app => { app.setValidatorCompiler(refuse) } },
    'a serializer compiler that knows no JSON schema': { before: app => { app.setSerializerCompiler(refuse) } },
    'both, as with Zod, and set later': { after: app => { app.setValidatorCompiler(refuse).setSerializerCompiler(refuse) } },
    'a reply serializer': { before: app => { app.setReplySerializer(payload => JSON.stringify(payload)) } },
    'a validator compiler that lets everything pass': { before: app => { app.setValidatorCompiler(() => () => true) } },
    'a schema controller': { before: app => { app.setSchemaController({ bucket: () => ({ add () {}, getSchema () {}, getSchemas: () => ({}) }) as never }) } },
    'Ajv that makes things fit': { fastify: { ajv: { customOptions: { coerceTypes: 'array', removeAdditional: 'all', useDefaults: true } } } },
    'Ajv that is strict': { fastify: { ajv: { customOptions: { strict: true, coerceTypes: false, allErrors: true } } } },
    'other options of the router': { fastify: { routerOptions: { caseSensitive: false, ignoreTrailingSlash: true, ignoreDuplicateSlashes: true, maxParamLength: 1000 } } },
    'no HEAD': { fastify: { exposeHeadRoutes: false } },
    'JSON that lets prototypes pass': { fastify: { onProtoPoisoning: 'ignore', onConstructorPoisoning: 'ignore' } }
  }
  for (const [title, options] of Object.entries(setUps)) {
    const { ask, listOf, everything, lines } = await keysApp(t, options)
    const made = await ask('POST', '/api-keys', as('u1'), { name: '7', scopes: ['devices:read'] })
    const { key, record } = made.json<Issued>()
    t.strictSame([made.statusCode, typeof key, Object.keys(record)], [201, 'string', SHOWN], title)
    t.strictSame(await listOf('u1'), { records: [record], cursor: null })
    const state = await everything()
    const bad: ReadonlyArray<readonly [method: 'POST' | 'PATCH' | 'GET' | 'DELETE', url: string, body: object | undefined, message: RegExp]> = [
      ['POST', '/api-keys', { name: 7 }, /^name must be/],
      ['POST', '/api-keys', { name: ['x'] }, /^name must be/],
      ['POST', '/api-keys', { name: 'x', scopes: 'devices:read' }, /^scopes must be/],
      ['POST', '/api-keys', { name: 'x', expiresAt: 3600 }, /^expiresAt must be/],
      ['POST', '/api-keys', { name: 'x', ownerId: 'u2' }, /^unknown field "ownerId"/],
      ['POST', '/api-keys?ownerId=u2', { name: 'x' }, /^unknown query parameter "ownerId"/],
      ['PATCH', `/api-keys/${record.id}`, { disabled: 'true' }, /^disabled must be/],
      ['PATCH', `/api-keys/${record.id}`, { disabled: null }, /^disabled must be/],
      ['PATCH', `/api-keys/${record.id}`, { metadata: {} }, /^unknown field "metadata"/],
      ['POST', `/api-keys/${record.id}/rotate`, { gracePeriod: 1 }, /^gracePeriod must be/],
      ['GET', '/api-keys?limit=1.5', undefined, /^limit must be/],
      ['DELETE', `/api-keys/${record.id}?force=1`, undefined, /^unknown query parameter "force"/]
    ]
    for (const [method, url, body, message] of bad) {
      const { message: said, ...rest } = (await ask(method, url, as('u1'), body)).json<Failure>()
      t.strictSame(rest, { statusCode: 400, code: 'FST_API_KEY_INVALID_INPUT', error: 'Bad Request' }, `${method} ${url}`)
      t.match(said, message)
    }
    t.equal(await everything(), state)
    t.strictSame((await ask('PATCH', `/api-keys/${record.id}`, as('u1'), { name: 'new' })).json(), { record: { ...record, name: 'new' } })
    for (const { operation, method, url, body, succeeds } of ENDPOINTS) {
      const response = await ask(method, url.replace('<id>', record.id), as('u1'), body)
      t.equal(response.statusCode, succeeds, `${title}: ${operation}`)
      t.equal(response.headers['cache-control'], 'no-store')
      if (operation === 'get') t.strictSame(Object.keys(response.json<{ record: Shown }>().record), SHOWN)
    }
    t.strictSame((await ask('GET', '/api-keys/nope', as('u1'))).json(), { statusCode: 404, code: 'FST_API_KEY_NOT_FOUND', error: 'Not Found', message: 'API key not found' })
    t.strictSame(lines.filter(({ level }) => level >= 50), [])
  }
})

t.test('errors are shaped as the app shapes them', async (t) => {
  const shaped = await keysApp(t, {
    plugin: { formatError: ({ code }) => ({ denied: code }) },
    before: app => { app.setErrorHandler((error: Error & { code?: string, statusCode?: number }, _request, reply) => { reply.code(error.statusCode ?? 500).send({ mine: error.code, more: [1] }) }) }
  })
  const table: ReadonlyArray<readonly [method: 'GET' | 'POST' | 'PATCH' | 'DELETE', url: string, headers: Record<string, string>, body: object | undefined, answer: object]> = [
    ['POST', '/api-keys', as('u1'), {}, { mine: 'FST_API_KEY_INVALID_INPUT', more: [1] }],
    ['PATCH', '/api-keys/x', as('u1'), { name: '' }, { mine: 'FST_API_KEY_INVALID_INPUT', more: [1] }],
    ['PATCH', '/api-keys/x', as('u1'), {}, { mine: 'FST_API_KEY_NOT_FOUND', more: [1] }],
    ['DELETE', '/api-keys/x', as('u1'), undefined, { mine: 'FST_API_KEY_NOT_FOUND', more: [1] }],
    ['POST', '/api-keys', as('u1', ''), { name: 'x' }, { mine: 'FST_API_KEY_BEYOND_GRANT', more: [1] }],
    ['GET', '/api-keys', {}, undefined, { denied: 'FST_USER_SESSION_REQUIRED' }]
  ]
  for (const [method, url, headers, body, answer] of table) {
    const response = await shaped.ask(method, url, headers, body)
    t.strictSame(response.json(), answer)
    t.equal(response.headers['cache-control'], 'no-store')
  }
  const handled = await keysApp(t, { before: app => { app.setErrorHandler((error: Error & { code?: string, statusCode?: number }, _request, reply) => { reply.code(error.statusCode ?? 500).send({ mine: error.code }) }) } })
  t.strictSame((await handled.ask('GET', '/api-keys', {})).json(), { mine: 'FST_USER_SESSION_REQUIRED' })
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
