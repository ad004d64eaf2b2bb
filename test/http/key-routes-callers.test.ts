// Who may call the management routes, and for whom: keys, administrators, limited sessions; and what is told of it.
import type { FastifyInstance } from 'fastify'
import t from 'tap'
import type { ApiKeyRoutesOptions, CurrentPrincipal, KeyOperation, ScopePicker } from '../../lib/http/key-routes.js'
import { apiKeyRoutes } from '../../lib/http/key-routes.js'
import { defineScopes, memoryStore, type AuditEvent, type Catalog, type KeyStore, type StoredKey, type User } from '../../lib/index.js'
import { published } from '../keys/published.js'
import { as, authenticateUser, catalog, keysApp, SHOWN, type Failure, type Issued, type Page, type Shown, type TestUser } from './key-routes-app.js'
import { ENDPOINTS, isForKeys } from './key-routes-bad-input.js'
import { bearer, plant, wireApp } from './wire-app.js'

const OPERATIONS: readonly KeyOperation[] = ['create', 'list', 'get', 'update', 'rotate', 'revoke', 'usage']
const everyOperation = Object.fromEntries(OPERATIONS.map(operation => [operation, 'keys:manage'])) as NonNullable<ApiKeyRoutesOptions['keyScopes']>
const DAY = 86_400_000

t.test('unless the app says so, no API key manages keys, whatever its scopes and however it comes', async (t) => {
  const { ask, app, make, everything } = await keysApp(t, { plugin: { scopes: catalog } })
  const mine = await make('u1', { scopes: ['full'] })
  const { key } = await app.apiKeys.create({ name: 'machine', scopes: ['full'] })
  const state = await everything()
  for (const headers of [bearer(mine.key), { ...bearer(mine.key), ...as('u1') }, { 'x-api-key': mine.key, ...as('u1') }, bearer(key)]) {
    for (const endpoint of ENDPOINTS.filter(endpoint => !isForKeys(endpoint))) {
      const response = await ask(endpoint.method, endpoint.url.replace('<id>', mine.record.id), headers, endpoint.body)
      t.match(response.json(), { statusCode: 403, code: 'FST_API_KEY_USER_ONLY' }, endpoint.operation)
    }
  }
  for (const { method, url, body } of ENDPOINTS.filter(endpoint => !isForKeys(endpoint))) {
    t.match((await ask(method, url.replace('<id>', mine.record.id), {}, body)).json(), { statusCode: 401, code: 'FST_USER_SESSION_REQUIRED' })
  }
  t.equal(await everything(), state)
})

t.test('keyScopes opens exactly the operations that it names', async (t) => {
  for (const opened of OPERATIONS) {
    const { ask, app, store } = await keysApp(t, { plugin: { scopes: catalog }, routes: { keyScopes: { [opened]: ['keys:manage', 'apps:read'] } } })
    const keyOf = async (...scopes: string[]) => bearer(await plant(store, { ownerId: 'u1', scopes }))
    for (const { operation, method, url, body, succeeds } of ENDPOINTS.filter(endpoint => !isForKeys(endpoint))) {
      const statusFor = async (headers: Record<string, string>) => {
        const { record } = await app.apiKeys.create({ name: 'target', ownerId: 'u1', scopes: [] })
        return (await ask(method, url.replace('<id>', record.id), headers, body)).statusCode
      }
      const isOpen = operation === opened
      t.equal(await statusFor(await keyOf('keys:manage', 'apps:read')), isOpen ? succeeds : 403, `${opened} opens ${operation}`)
      t.equal(await statusFor(await keyOf('full')), isOpen ? succeeds : 403)
      t.equal(await statusFor(await keyOf('keys:manage')), 403)
      t.equal(await statusFor(await keyOf('apps:read')), 403)
      t.equal(await statusFor(as('u1')), succeeds)
      t.equal(await statusFor(as('u1', 'apps:read')), isOpen ? 403 : succeeds, 'a session with scopes of its own needs them too')
      t.equal(await statusFor(as('u1', 'apps:read keys:manage')), succeeds)
    }
  }
})

/** A key that manages keys, what it tries, and what comes of it. */
interface Attempt {
  readonly title: string
  readonly acting: Partial<StoredKey>
  readonly operation: KeyOperation
  readonly body?: object
  /** The key that it is tried on, of the same owner unless it says otherwise. `self`: the acting one. */
  readonly on?: Partial<StoredKey> | 'self'
  readonly status: number
  readonly message?: RegExp
  /** What the record must be like that is answered. */
  readonly record?: Partial<Shown>
  readonly plugin?: Parameters<typeof keysApp>[1]
}

const inDays = (days: number) => new Date(Math.floor(Date.now() / 1000) * 1000 + days * DAY)
const MANAGE_READ = { scopes: ['keys:manage', 'apps:read'] }
const SOON = inDays(7)
const BEYOND = (names: string) => new RegExp(`^You cannot give away scopes that you do not have: ${names}$`)
const LATER = /^expiresAt must be .* or earlier, not .*: the key that makes it expires then$/
const OUTLIVES = /^the key lives longer than the one that changes it, which expires /
const own = (names: string[] | null) => ({ plugin: { ownerScopes: () => names } })

const ATTEMPTS: readonly Attempt[] = [
  // Creating.
  { title: 'a key within its own grant', acting: MANAGE_READ, operation: 'create', body: { name: 'x', scopes: ['apps:read'] }, status: 201, record: { ownerId: 'u1', scopes: ['apps:read'] } },
  { title: 'a key like itself', acting: MANAGE_READ, operation: 'create', body: { name: 'x', scopes: ['keys:manage', 'apps:read'] }, status: 201 },
  { title: 'a key without scopes', acting: { scopes: ['keys:manage'] }, operation: 'create', body: { name: 'x', scopes: [] }, status: 201 },
  { title: 'the default grant, which it has', acting: MANAGE_READ, operation: 'create', body: { name: 'x' }, status: 201, record: { scopes: ['apps:read'] } },
  { title: 'the default grant, which it has not', acting: { scopes: ['keys:manage'] }, operation: 'create', body: { name: 'x' }, status: 403, message: BEYOND('apps:read') },
  { title: 'a wider scope', acting: MANAGE_READ, operation: 'create', body: { name: 'x', scopes: ['apps:read', 'apps:deploy'] }, status: 403, message: BEYOND('apps:deploy') },
  { title: 'everything', acting: MANAGE_READ, operation: 'create', body: { name: 'x', scopes: ['full'] }, status: 403, message: BEYOND('full') },
  { title: 'an alias of what it has not', acting: MANAGE_READ, operation: 'create', body: { name: 'x', scopes: ['api:read', 'hosts:list'] }, status: 403, message: BEYOND('api:read, hosts:list') },
  { title: 'what its own scope includes', acting: { scopes: ['keys:manage', 'apps:deploy'] }, operation: 'create', body: { name: 'x', scopes: ['apps:read'] }, status: 201 },
  { title: 'another name of what it has', acting: { scopes: ['keys:manage', 'hosts:read'] }, operation: 'create', body: { name: 'x', scopes: ['hosts:list'] }, status: 201 },
  { title: 'a key for somebody else', acting: MANAGE_READ, operation: 'create', body: { name: 'x', scopes: [], ownerId: 'u2' }, status: 400, message: /unknown field "ownerId"/ },
  // Its end.
  { title: 'a key that is to outlive it', acting: { ...MANAGE_READ, expiresAt: SOON }, operation: 'create', body: { name: 'x', expiresAt: 'P8D' }, status: 400, message: LATER },
  { title: 'a key that never ends', acting: { ...MANAGE_READ, expiresAt: SOON }, operation: 'create', body: { name: 'x', expiresAt: null }, status: 400, message: LATER },
  { title: 'a key that ends with it', acting: { ...MANAGE_READ, expiresAt: SOON }, operation: 'create', body: { name: 'x', expiresAt: SOON.toISOString() }, status: 201 },
  { title: 'a key without saying when it ends', acting: { ...MANAGE_READ, expiresAt: SOON }, operation: 'create', body: { name: 'x' }, status: 201, record: { expiresAt: SOON.toISOString() } },
  // Changing.
  { title: 'another name for a wider key', acting: MANAGE_READ, operation: 'update', on: { scopes: ['full'] }, body: { name: 'new' }, status: 200, record: { name: 'new', scopes: ['full'] } },
  { title: 'disabling a wider key', acting: MANAGE_READ, operation: 'update', on: { scopes: ['full'] }, body: { disabled: true }, status: 200 },
  { title: 'enabling a wider key', acting: MANAGE_READ, operation: 'update', on: { scopes: ['full'], disabledAt: new Date(0) }, body: { disabled: false }, status: 403, message: BEYOND('full') },
  { title: 'enabling a wider key, and giving it another name', acting: MANAGE_READ, operation: 'update', on: { scopes: ['apps:read', 'hosts:read'], disabledAt: new Date(0) }, body: { name: 'new', disabled: false }, status: 403, message: BEYOND('hosts:read') },
  { title: 'enabling a wider key with fewer scopes', acting: MANAGE_READ, operation: 'update', on: { scopes: ['full'], disabledAt: new Date(0) }, body: { scopes: ['apps:read'], disabled: false }, status: 200, record: { scopes: ['apps:read'], disabledAt: null } },
  { title: 'enabling a key within its grant', acting: MANAGE_READ, operation: 'update', on: { scopes: ['apps:read'], disabledAt: new Date(0) }, body: { disabled: false }, status: 200 },
  { title: 'more scopes for itself', acting: MANAGE_READ, operation: 'update', on: 'self', body: { scopes: ['full'] }, status: 403, message: BEYOND('full') },
  { title: 'more scopes for another', acting: MANAGE_READ, operation: 'update', on: { scopes: [] }, body: { scopes: ['apps:read', 'apps:deploy'] }, status: 403, message: BEYOND('apps:deploy') },
  { title: 'keeping what another has and it has not', acting: MANAGE_READ, operation: 'update', on: { scopes: ['hosts:read', 'apps:deploy'] }, body: { scopes: ['hosts:read'] }, status: 403, message: BEYOND('hosts:read') },
  { title: 'scopes for a key that outlives it', acting: { ...MANAGE_READ, expiresAt: SOON }, operation: 'update', on: { scopes: [] }, body: { scopes: ['apps:read'] }, status: 400, message: OUTLIVES },
  { title: 'enabling a key that outlives it', acting: { ...MANAGE_READ, expiresAt: SOON }, operation: 'update', on: { scopes: ['apps:read'], disabledAt: new Date(0), expiresAt: inDays(8) }, body: { disabled: false }, status: 400, message: OUTLIVES },
  { title: 'another name for a key that outlives it, and fewer scopes', acting: { ...MANAGE_READ, expiresAt: SOON }, operation: 'update', on: { scopes: ['full'] }, body: { name: 'new', scopes: [] }, status: 200 },
  { title: 'scopes for a key that ends with it', acting: { ...MANAGE_READ, expiresAt: SOON }, operation: 'update', on: { scopes: [], expiresAt: SOON }, body: { scopes: ['apps:read'] }, status: 200 },
  { title: 'scopes for itself, which it has', acting: { ...MANAGE_READ, expiresAt: SOON }, operation: 'update', on: 'self', body: { scopes: ['apps:read'] }, status: 200 },
  { title: 'enabling what is not disabled', acting: MANAGE_READ, operation: 'update', on: { scopes: ['full'] }, body: { disabled: false }, status: 200 },
  { title: 'fewer scopes for itself', acting: MANAGE_READ, operation: 'update', on: 'self', body: { scopes: ['keys:manage'] }, status: 200 },
  // Rotating.
  { title: 'a new secret for a wider key', acting: MANAGE_READ, operation: 'rotate', on: { scopes: ['full'] }, status: 403, message: BEYOND('full') },
  { title: 'a new secret for a key within its grant', acting: MANAGE_READ, operation: 'rotate', on: { scopes: ['apps:read'] }, status: 201, record: { scopes: ['apps:read'], expiresAt: null } },
  { title: 'a new secret for itself', acting: MANAGE_READ, operation: 'rotate', on: 'self', status: 201, record: { scopes: MANAGE_READ.scopes, ownerId: 'u1' } },
  { title: 'a longer life for itself', acting: { ...MANAGE_READ, expiresAt: SOON }, operation: 'rotate', on: 'self', body: { expiresAt: 'P8D' }, status: 400, message: LATER },
  { title: 'an endless life for itself', acting: { ...MANAGE_READ, expiresAt: SOON }, operation: 'rotate', on: 'self', body: { expiresAt: null }, status: 400, message: LATER },
  { title: 'a new secret for itself, which ends as it would have', acting: { ...MANAGE_READ, expiresAt: SOON }, operation: 'rotate', on: 'self', status: 201, record: { expiresAt: SOON.toISOString() } },
  { title: 'a new secret for a key that never ends', acting: { ...MANAGE_READ, expiresAt: SOON }, operation: 'rotate', on: { scopes: ['apps:read'] }, status: 201, record: { expiresAt: SOON.toISOString() } },
  { title: 'a disabled key by a new secret', acting: MANAGE_READ, operation: 'rotate', on: { scopes: [], disabledAt: new Date(0) }, status: 400, message: /is disabled/ },
  // Ending.
  { title: 'the end of a wider key', acting: MANAGE_READ, operation: 'revoke', on: { scopes: ['full'] }, status: 204 },
  { title: 'its own end', acting: MANAGE_READ, operation: 'revoke', on: 'self', status: 204 },
  // Keys of others, and of nobody.
  ...OPERATIONS.filter(operation => operation !== 'create' && operation !== 'list').flatMap(operation => [{ ownerId: 'u2' }, { ownerId: null }, { ownerId: 'U1' }].map(on => ({
    title: `${operation} a key of ${on.ownerId}`, acting: { scopes: ['full'] }, operation, on: { ...on, scopes: [] }, status: 404, message: /^API key not found$/
  }))),
  ...OPERATIONS.map(operation => ({ title: `${operation} as a key of nobody`, acting: { scopes: ['full'], ownerId: null }, operation, on: { ownerId: null, scopes: [] }, status: 403, message: /belongs to nobody/ })),
  // What its owner may do no more.
  { title: 'what its owner may do', acting: { scopes: ['full'] }, operation: 'create', body: { name: 'x', scopes: ['apps:read'] }, status: 201, plugin: own(['keys:manage', 'apps:read']) },
  { title: 'what its owner may do no more', acting: { scopes: ['full'] }, operation: 'create', body: { name: 'x', scopes: ['apps:deploy'] }, status: 403, message: BEYOND('apps:deploy'), plugin: own(['keys:manage', 'apps:read']) },
  { title: 'a new secret for what its owner may do no more', acting: { scopes: ['full'] }, operation: 'rotate', on: 'self', status: 403, message: BEYOND('full'), plugin: own(['keys:manage']) },
  { title: 'anything, when its owner may not manage keys', acting: { scopes: ['full'] }, operation: 'list', status: 403, message: /missing required scope: keys:manage/, plugin: own(['apps:read']) },
  { title: 'anything, when its owner is gone', acting: { scopes: ['full'] }, operation: 'list', status: 401, message: /^Invalid API key$/, plugin: own(null) },
  // `grantable` is about users.
  { title: 'what no user may give away', acting: MANAGE_READ, operation: 'create', body: { name: 'x', scopes: ['apps:read'] }, status: 201, plugin: { plugin: { grantable: () => [] } } }
]

t.test('a key that manages keys never gives away more than it has, nor for longer, nor of others', async (t) => {
  for (const { title, acting, operation, body, on = {}, status, message, record, plugin } of ATTEMPTS) {
    const { ask, store, everything, get } = await keysApp(t, {
      routes: { keyScopes: everyOperation },
      ...plugin,
      plugin: { scopes: catalog, ...plugin?.plugin }
    })
    const key = await plant(store, { id: 'acting', ownerId: 'u1', createdAt: inDays(-1), ...acting })
    await plant(store, { id: 'target', ownerId: 'u1', ...on === 'self' ? {} : on })
    const endpoint = ENDPOINTS.find(one => one.operation === operation)!
    const state = await everything()
    const url = endpoint.url.replace('<id>', on === 'self' ? 'acting' : 'target')
    const response = await ask(endpoint.method, url, bearer(key), body ?? endpoint.body)
    t.equal(response.statusCode, status, `${operation}: ${title}`, { answer: response.body })
    if (status >= 400) {
      t.match(response.json<Failure>().message, message!)
      t.equal(await everything(), state, 'nothing has changed')
      continue
    }
    if (record !== undefined) t.match(response.json(), { record })
    const made = status === 201 ? response.json<Issued>().key : undefined
    if (made !== undefined) t.equal((await get('/api-keys/current', bearer(made))).statusCode, 200, 'the new key works')
  }
})

t.test('who enables a key that is not disabled does not undo that somebody disables it right then', async (t) => {
  const memory = memoryStore()
  const between = { what: async () => {} }
  const store: KeyStore = {
    ...memory,
    async get (id) {
      const found = await memory.get(id)
      await between.what()
      return found
    }
  }
  const { ask, everything } = await keysApp(t, { plugin: { scopes: catalog, store } })
  await plant(memory, { id: 'wide', ownerId: 'u1', scopes: ['full'] })
  between.what = async () => { await memory.update('wide', { disabledAt: new Date() }) }
  t.equal((await ask('PATCH', '/api-keys/wide', as('u1', 'apps:read'), { disabled: false, name: 'new' })).statusCode, 200)
  t.match(JSON.parse(await everything()), [{ name: 'new', disabledAt: /^\d{4}-/ }])
})

t.test('a key sees the keys of its owner, and is told nothing of others', async (t) => {
  const { ask, store } = await keysApp(t, { plugin: { scopes: catalog }, routes: { keyScopes: { list: [], get: [] }, canManageAll: () => true } })
  const key = await plant(store, { id: 'mine', ownerId: 'u1' })
  await plant(store, { id: 'also-mine', ownerId: 'u1' })
  await plant(store, { id: 'other', ownerId: 'u2' })
  t.strictSame((await ask('GET', '/api-keys', bearer(key))).json<Page>().records.map(({ id }) => id).sort(), ['also-mine', 'mine'], 'though its owner is an administrator')
  t.equal((await ask('GET', '/api-keys/also-mine', bearer(key))).statusCode, 200)
  t.equal((await ask('GET', '/api-keys/other', bearer(key))).statusCode, 404)
  t.equal((await ask('GET', '/api-keys?ownerId=u2', bearer(key))).statusCode, 400)
})

const admins: ApiKeyRoutesOptions = { canManageAll: user => (user as User as TestUser).admin === 'yes' }
const admin = (scopes?: string, more: Record<string, string> = {}) => as('boss', scopes, { 'x-admin': 'yes', ...more })

t.test('an administrator manages the keys of everybody', async (t) => {
  const { ask, app, make, get } = await keysApp(t, { routes: admins })
  const { key, record } = await make('u1', { scopes: ['clusters:read'] })
  await make('u2')
  await app.apiKeys.create({ name: 'machine', scopes: [] })
  const own = (await ask('POST', '/api-keys', admin(), { name: 'mine' })).json<Issued>().record
  t.equal(own.ownerId, 'boss', 'a key is made in the name of whoever makes it')
  t.equal((await ask('POST', '/api-keys', admin(), { name: 'x', ownerId: 'u1' })).statusCode, 400)

  const owners = async (query = '') => (await ask('GET', `/api-keys${query}`, admin())).json<Page>().records.map(({ ownerId }) => ownerId).sort()
  t.strictSame(await owners(), ['boss', 'u1', 'u2', null].sort())
  t.strictSame(await owners('?ownerId=u1'), ['u1'])
  t.strictSame(await owners('?ownerId=boss'), ['boss'])
  t.strictSame(await owners('?ownerId=nobody'), [])
  t.match((await ask('GET', '/api-keys?ownerId=u1&ownerId=u2', admin())).json(), { statusCode: 400, message: /^ownerId must be a string/ })

  const url = `/api-keys/${record.id}`
  t.strictSame((await ask('GET', url, admin())).json(), { record })
  t.match((await ask('PATCH', url, admin(), { name: 'renamed' })).json(), { record: { name: 'renamed', ownerId: 'u1' } })
  t.equal((await ask('GET', `${url}/usage`, admin())).statusCode, 200)
  const rotated = (await ask('POST', `${url}/rotate`, admin(), { gracePeriod: 'PT0S' })).json<Issued>()
  t.match(rotated.record, { ownerId: 'u1', rotatedFrom: record.id, scopes: ['clusters:read'] })
  t.equal((await get('/clusters', bearer(key))).statusCode, 401)
  t.equal((await ask('DELETE', `/api-keys/${rotated.record.id}?reason=abuse`, admin())).statusCode, 204)
  t.match((await ask('GET', `/api-keys/${rotated.record.id}`, as('u1'))).json(), { record: { revokedReason: 'abuse' } })
  t.equal((await ask('GET', '/api-keys/nope', admin())).statusCode, 404)
  t.equal((await ask('GET', url, as('u2', undefined, { 'x-admin': 'no' }))).statusCode, 404)
})

t.test('an administrator gives away no more than anybody else', async (t) => {
  const { ask, make, everything } = await keysApp(t, { routes: admins, plugin: { grantable: user => (user as User as TestUser).mayGive ?? ['full'] } })
  const { record } = await make('u1', { scopes: ['full'] })
  const disabled = await make('u1', { scopes: ['full'] })
  await ask('PATCH', `/api-keys/${disabled.record.id}`, admin(), { disabled: true })
  const state = await everything()
  const limited = [admin('clusters:read'), admin(undefined, { 'x-may-give': 'clusters:read' })]
  for (const headers of limited) {
    for (const [method, url, body] of [
      ['PATCH', `/api-keys/${record.id}`, { scopes: ['clusters:write'] }], ['POST', `/api-keys/${record.id}/rotate`, {}],
      ['PATCH', `/api-keys/${disabled.record.id}`, { disabled: false }], ['POST', '/api-keys', { name: 'x', scopes: ['full'] }]
    ] as const) {
      t.match((await ask(method, url, headers, body)).json(), { statusCode: 403, code: 'FST_API_KEY_BEYOND_GRANT' }, `${method} ${url}`)
    }
  }
  t.equal(await everything(), state)
  t.equal((await ask('PATCH', `/api-keys/${record.id}`, limited[0]!, { scopes: ['clusters:read'] })).statusCode, 200)
})

t.test('only true makes an administrator; what is neither true nor false is 503, and changes nothing', async (t) => {
  const answers: ReadonlyArray<readonly [title: string, canManageAll: () => unknown]> = [
    ['1', () => 1], ['a text', () => 'true'], ['an empty text', () => ''], ['nothing', () => undefined], ['null', () => null], ['an object', () => ({})], ['a list', () => []], ['a Boolean', () => Object(true)],
    ['a promise of 1', async () => 1], ['an error', () => { throw new Error('no database') }], ['a rejection', async () => { throw new Error('no database') }]
  ]
  for (const [title, canManageAll] of answers) {
    const { ask, make, everything, lines } = await keysApp(t, { routes: { canManageAll: canManageAll as never } })
    const { record } = await make('u1')
    let state = ''
    for (const { operation, method, url, body, succeeds } of ENDPOINTS) {
      const response = await ask(method, url.replace('<id>', record.id), as('u1'), operation === 'update' ? { name: 'new' } : body)
      if (['create', 'current', 'scopes'].includes(operation)) t.equal(response.statusCode, succeeds, `${operation} does not ask`)
      else t.strictSame(response.json(), { statusCode: 503, code: 'FST_API_KEY_RIGHTS_UNAVAILABLE', error: 'Service Unavailable', message: 'What you may do with API keys cannot be told right now' }, `${operation} with ${title}`)
      if (operation === 'create') state = await everything()
      t.equal(await everything(), state, 'nothing has changed')
    }
    const told = lines.filter(({ msg }) => msg === 'canManageAll failed')
    t.equal(told.length, 1, 'it is logged, but not each time')
    t.match(told[0], { level: 50, err: { message: title === 'an error' || title === 'a rejection' ? 'no database' : 'canManageAll must answer true or false' } })
    t.notMatch(JSON.stringify(told), /"u1"/)
  }
})

t.test('canManageAll is asked for the very user of the session', async (t) => {
  const asked: User[] = []
  const { ask, make } = await keysApp(t, { routes: { canManageAll: async user => { asked.push(user); return false } } })
  const { key, record } = await make('u1')
  await ask('GET', `/api-keys/${record.id}`, as('u1', 'clusters:read', { 'x-admin': 'maybe' }))
  await ask('GET', '/api-keys/current', bearer(key))
  t.match(asked, [{ id: 'u1', scopes: ['clusters:read'], admin: 'maybe' }])
  t.equal(asked.length, 1)
})

t.test('GET /api-keys/current tells who is calling, and every scope that they have today', async (t) => {
  const { ask, store } = await keysApp(t, { plugin: { scopes: catalog, ownerScopes: owner => owner === 'limited' ? ['apps:read', 'hosts:read'] : ['full'] } })
  const ALL = ['full', 'keys:manage', 'apps:read', 'apps:deploy', 'apps:scale', 'hosts:read', 'hosts:old', 'api:read', 'beta:try']
  const of = async (headers: Record<string, string>) => {
    const response = await ask('GET', '/api-keys/current', headers)
    t.equal(response.headers['cache-control'], 'no-store')
    return response.json<CurrentPrincipal>()
  }
  const table: ReadonlyArray<readonly [granted: string[], ownerId: string | null, scopes: string[]]> = [
    [[], 'u1', []],
    [['apps:read'], 'u1', ['apps:read']],
    [['apps:deploy'], null, ['apps:read', 'apps:deploy']],
    [['hosts:list'], 'u1', ['hosts:read']],
    [['api:read'], 'u1', ['apps:read', 'hosts:read', 'api:read']],
    [['full'], 'u1', ALL],
    [['full'], 'limited', ['apps:read', 'hosts:read']],
    [['apps:deploy'], 'limited', ['apps:read']],
    [['apps:wipe', 'gone:one'], 'u1', []]
  ]
  for (const [granted, ownerId, scopes] of table) {
    const answer = await of(bearer(await plant(store, { ownerId, scopes: granted, metadata: { internal: true } })))
    if (answer.type !== 'apiKey') throw new Error(answer.type)
    t.strictSame({ ...answer, record: Object.keys(answer.record) }, { type: 'apiKey', record: SHOWN, scopes }, JSON.stringify(granted))
    t.match(answer.record, { ownerId, scopes: granted })
  }
  t.strictSame(await of(as('u1')), { type: 'user', id: 'u1', scopes: ALL }, 'of a user the id, and nothing else')
  t.strictSame(await of(as('u1', 'apps:deploy keys:manage')), { type: 'user', id: 'u1', scopes: ['keys:manage', 'apps:read', 'apps:deploy'] })
  t.strictSame(await of(as('u1', '')), { type: 'user', id: 'u1', scopes: [] })
})

t.test('GET /api-keys/scopes is all that a form needs', async (t) => {
  const { ask, store } = await keysApp(t, { plugin: { scopes: catalog, grantable: user => (user as User as TestUser).mayGive ?? ['full'] } })
  const scope = (name: string, description: string, more: object = {}) => ({ name, description, includes: [], requires: [], status: 'active', grantable: true, ...more })
  t.strictSame((await ask('GET', '/api-keys/scopes', as('u1'))).json(), {
    resources: [
      {
        name: 'hosts',
        heading: 'Hosts',
        description: 'Where apps run.',
        // `hosts:list` is called `hosts:read` today.
        scopes: [scope('hosts:read', 'List hosts'), scope('hosts:old', 'What hosts could do once', { status: 'deprecated' })]
      },
      {
        name: 'apps',
        heading: 'Apps',
        description: '',
        scopes: [
          scope('apps:read', 'List apps'),
          scope('apps:deploy', 'Deploy apps', { includes: ['apps:read'] }),
          scope('apps:scale', 'Scale apps', { requires: ['hosts:read'] }),
          scope('apps:wipe', 'Wipe apps', { status: 'planned', grantable: false })
        ]
      },
      // `beta` has hidden scopes alone, and `api:read` is hidden.
      { name: '', heading: '', description: '', scopes: [scope('full', 'Everything', { includes: ['keys:manage', 'apps:read', 'apps:deploy', 'apps:scale', 'hosts:read', 'hosts:old'] })] },
      { name: 'keys', heading: 'keys', description: '', scopes: [scope('keys:manage', 'Manage API keys')] }
    ],
    presets: [{ name: 'Deploy', scopes: ['apps:deploy', 'hosts:read'] }],
    defaultGrant: ['apps:read']
  })

  const grantable = async (headers: Record<string, string>) => (await ask('GET', '/api-keys/scopes', headers)).json<ScopePicker>()
    .resources.flatMap(({ scopes }) => scopes).filter(({ grantable }) => grantable).map(({ name }) => name).sort()
  t.strictSame(await grantable(as('u1', 'apps:deploy')), ['apps:deploy', 'apps:read'])
  t.strictSame(await grantable(as('u1', undefined, { 'x-may-give': 'hosts:list apps:wipe' })), ['hosts:read'])
  t.strictSame(await grantable(as('u1', 'apps:deploy hosts:read', { 'x-may-give': 'apps:read keys:manage' })), ['apps:read'])
  t.strictSame(await grantable(as('u1', '')), [])
  t.strictSame(await grantable(bearer(await plant(store, { ownerId: 'u1', scopes: ['apps:deploy'] }))), ['apps:deploy', 'apps:read'])
  t.strictSame(await grantable(bearer(await plant(store, { ownerId: null, scopes: ['full'] }))), [], 'a key of nobody makes no keys')
})

t.test('what is offered as grantable can be granted, and nothing else', async (t) => {
  const { ask } = await keysApp(t, { plugin: { scopes: catalog, missingRequired: 'add', grantable: user => (user as User as TestUser).mayGive ?? ['full'] } })
  for (const headers of [as('u1'), as('u1', 'apps:deploy hosts:read'), as('u1', 'apps:scale hosts:read'), as('u1', undefined, { 'x-may-give': 'api:read' }), as('u1', 'full', { 'x-may-give': '' })]) {
    for (const { name, grantable } of (await ask('GET', '/api-keys/scopes', headers)).json<ScopePicker>().resources.flatMap(({ scopes }) => scopes)) {
      t.equal((await ask('POST', '/api-keys', headers, { name: 'x', scopes: [name] })).statusCode === 201, grantable, name)
    }
  }
})

t.test('a catalog of the plainest kind, and one with nothing to offer yet', async (t) => {
  const plain = await keysApp(t, { plugin: { scopes: defineScopes({ a: 'Do a' }) as Catalog } })
  t.strictSame((await plain.ask('GET', '/api-keys/scopes', as('u1'))).json(), {
    resources: [{ name: '', heading: '', description: '', scopes: [{ name: 'a', description: 'Do a', includes: [], requires: [], status: 'active', grantable: true }] }],
    presets: [],
    defaultGrant: null
  })
  t.match((await plain.ask('POST', '/api-keys', as('u1'), { name: 'x' })).json(), { message: /scopes must be named/ })
  t.match((await plain.ask('POST', '/api-keys', as('u1'), { nmae: 'x' })).json(), { message: /; the body must be \{ name, scopes, expiresAt\? \}$/ })
  const planned = await keysApp(t, { plugin: { scopes: defineScopes({ a: { status: 'planned' } }) as Catalog } })
  t.match((await planned.ask('GET', '/api-keys/scopes', as('u1'))).json(), { resources: [{ scopes: [{ name: 'a', status: 'planned', grantable: false }] }] })
})

t.test('where it cannot be told what may be given away, the form is not answered', async (t) => {
  const { ask } = await keysApp(t, { plugin: { scopes: catalog, grantable: () => { throw new Error('no database') } } })
  t.match((await ask('GET', '/api-keys/scopes', as('u1'))).json(), { statusCode: 503, code: 'FST_API_KEY_RIGHTS_UNAVAILABLE' })
  t.equal((await ask('GET', '/api-keys/current', as('u1'))).statusCode, 200)
})

t.test('without users, the routes are there for keys', async (t) => {
  const { app, store, get } = await wireApp(t, { plugin: { scopes: catalog }, bare: true, after: async app => { await app.register(apiKeyRoutes, { keyScopes: everyOperation }) } })
  const key = await plant(store, { ownerId: 'team', scopes: ['keys:manage', 'apps:read'] })
  const made = await app.inject({ method: 'POST', url: '/api-keys', headers: bearer(key), payload: { name: 'x' } })
  t.match(made.json(), { record: { ownerId: 'team', scopes: ['apps:read'] } })
  t.match((await get('/api-keys', bearer(key))).json<Page>().records.length, 2)
})

t.test('each thing that is done is told of with the route, the request and who did it', async (t) => {
  const heard = published(t)
  const sunk: AuditEvent[] = []
  const { ask, store, app } = await keysApp(t, { prefix: '/v1', plugin: { scopes: catalog, audit: event => { sunk.push(event) } }, routes: { ...admins, keyScopes: everyOperation } })
  const acting = await plant(store, { id: 'acting', ownerId: 'u1', scopes: ['keys:manage', 'apps:read'] })
  const callers: ReadonlyArray<readonly [headers: Record<string, string>, actor: object]> = [
    [as('u1'), { type: 'user', id: 'u1' }],
    [admin(), { type: 'user', id: 'boss' }],
    [bearer(acting), { type: 'apiKey', id: 'acting', ownerId: 'u1' }]
  ]
  for (const [headers, actor] of callers) {
    const target = await app.apiKeys.create({ name: 'target', ownerId: 'u1', scopes: ['apps:read'] })
    const url = `/api-keys/${target.record.id}`
    heard.length = sunk.length = 0
    const request = async (...args: Parameters<typeof ask>) => (await ask(...args)).json<Issued>()
    const made = await request('POST', '/api-keys', headers, { name: 'x', scopes: ['apps:read'] })
    await request('PATCH', url, headers, { name: 'new', scopes: [] })
    await request('PATCH', url, headers, { scopes: ['apps:read'] })
    const next = await request('POST', `${url}/rotate`, headers, { gracePeriod: 'PT0S' })
    await ask('DELETE', `${url}?reason=over`, headers)
    await ask('DELETE', `${url}?reason=again`, headers)
    for (const path of ['/api-keys', url, `${url}/usage`, '/api-keys/current', '/api-keys/scopes']) await ask('GET', path, headers)

    const about = { actor, outcome: 'done', ownerId: 'u1', keyId: target.record.id, requestId: /^req-/ }
    t.match(heard, [
      { action: 'create', ...about, keyId: made.record.id, ownerId: made.record.ownerId, method: 'POST', route: '/v1/api-keys', scopes: ['apps:read'] },
      { action: 'update', ...about, method: 'PATCH', route: '/v1/api-keys/:id', changed: ['name', 'scopes'], scopes: [] },
      { action: 'update', ...about, method: 'PATCH', route: '/v1/api-keys/:id', changed: ['scopes'] },
      { action: 'rotate', ...about, method: 'POST', route: '/v1/api-keys/:id/rotate', successorId: next.record.id },
      { action: 'revoke', ...about, method: 'DELETE', route: '/v1/api-keys/:id', reason: 'over' }
    ])
    t.equal(heard.length, 5, 'what changes nothing is no event')
    t.strictSame(sunk, heard)
    t.equal(new Set(heard.map(({ requestId }) => requestId)).size, 5)
    t.notMatch(JSON.stringify(heard), new RegExp(`${made.key}|${next.key}|target|"x"`), 'neither keys nor names')
  }

  heard.length = 0
  await ask('POST', '/api-keys', bearer(acting), { name: 'x', scopes: ['full'] })
  await ask('POST', '/api-keys', bearer(await plant(store, { id: 'weak', ownerId: 'u1' })), { name: 'x' })
  t.match(heard, [
    { action: 'create', outcome: 'denied', actor: { type: 'apiKey', id: 'acting' }, code: 'FST_API_KEY_BEYOND_GRANT', route: '/v1/api-keys', method: 'POST', requestId: /^req-/ },
    { action: 'request', outcome: 'denied', actor: { type: 'apiKey', id: 'weak' }, code: 'FST_API_KEY_MISSING_SCOPE', route: '/v1/api-keys', method: 'POST' }
  ])
})

t.test('what a required sink does not take is not done', async (t) => {
  const sink = { fails: false }
  const { ask, make, everything } = await keysApp(t, { plugin: { audit: { required: true, sink: async () => { if (sink.fails) throw new Error('full') } } } })
  const { record } = await make('u1', { scopes: [] })
  const state = await everything()
  sink.fails = true
  for (const { operation, method, url, succeeds } of ENDPOINTS) {
    const changes: Partial<Record<string, object>> = { create: { name: 'x', scopes: [] }, update: { name: 'new' }, rotate: {}, revoke: {} }
    const response = await ask(method, url.replace('<id>', record.id), as('u1'), changes[operation])
    t.equal(response.statusCode, operation in changes ? 503 : succeeds, operation)
    if (operation in changes) t.equal(response.json<Failure>().code, 'FST_API_KEY_AUDIT_UNAVAILABLE')
  }
  t.equal(await everything(), state)
})

t.test('a wrong option keeps the app from starting, and the error names each', async (t) => {
  const startWith = async (options: object) => {
    const register = async (app: FastifyInstance) => { await app.register(apiKeyRoutes, options) }
    return await wireApp(t, { bare: true, plugin: { scopes: catalog, authenticateUser }, after: register }).then(() => null, (error: Error) => error)
  }
  const OPERATIONS_TEXT = 'create, list, get, update, rotate, revoke, usage'
  const table: ReadonlyArray<readonly [options: object, message: string]> = [
    [{ canManageal: () => true }, 'unknown option "canManageal" (did you mean "canManageAll"?)'],
    [{ keyscopes: {} }, 'unknown option "keyscopes" (did you mean "keyScopes"?)'],
    [{ canManageAll: true }, 'canManageAll must be a function, not true'],
    [{ canManageAll: null }, 'canManageAll must be a function, not null'],
    [{ keyScopes: null }, `keyScopes must be an object { operation: scopes } with any of ${OPERATIONS_TEXT}, not null`],
    [{ keyScopes: ['create'] }, `keyScopes must be an object { operation: scopes } with any of ${OPERATIONS_TEXT}, not ["create"]`],
    [{ keyScopes: 'keys:manage' }, `keyScopes must be an object { operation: scopes } with any of ${OPERATIONS_TEXT}, not "keys:manage"`],
    [{ keyScopes: { craete: 'keys:manage' } }, `keyScopes: unknown operation "craete" (did you mean "create"?); there are ${OPERATIONS_TEXT}`],
    [{ keyScopes: { delete: 'keys:manage' } }, `keyScopes: unknown operation "delete"; there are ${OPERATIONS_TEXT}`],
    [{ keyScopes: { current: 'keys:manage' } }, `keyScopes: unknown operation "current"; there are ${OPERATIONS_TEXT}`],
    [{ keyScopes: { create: 'keys:manag' } }, 'keyScopes.create: unknown scope "keys:manag" (did you mean "keys:manage"?)'],
    [{ keyScopes: { create: 'apps:wipe' } }, 'keyScopes.create: scope "apps:wipe" is planned; no route can demand it until it is active'],
    [{ keyScopes: { create: true } }, 'keyScopes.create: scopes must be a scope name, a list of them (all needed; an empty list: any valid key), or { anyOf: [...] }, not true'],
    [{ keyScopes: { list: undefined } }, 'keyScopes.list: scopes must be a scope name, a list of them (all needed; an empty list: any valid key), or { anyOf: [...] }, not undefined'],
    [{ admin: 1, canManageAll: 'yes', keyScopes: { create: 'nope', make: 'full' } }, `unknown option "admin"; canManageAll must be a function, not "yes"; keyScopes.create: unknown scope "nope"; keyScopes: unknown operation "make"; there are ${OPERATIONS_TEXT}`]
  ]
  for (const [options, message] of table) {
    t.match(await startWith(options), { code: 'FST_API_KEY_BAD_OPTIONS', message: `fastify-api-key-scopes: routes: ${message}` })
  }
  for (const options of [{}, { prefix: '/v1', logLevel: 'warn', logSerializers: {} }, { canManageAll: undefined }, { keyScopes: {} }, { keyScopes: { create: { anyOf: ['full', 'keys:manage'] }, list: [] } }]) {
    t.equal(await startWith(options), null, JSON.stringify(options))
  }

  const { app } = await wireApp(t, { bare: true, plugin: { scopes: catalog, authenticateUser }, after: async app => { await apiKeyRoutes(app, {}) } })
  t.ok(app.hasRoute({ method: 'GET', url: '/api-keys/current' }), 'called by hand')
})
