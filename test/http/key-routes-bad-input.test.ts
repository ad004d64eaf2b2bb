// Every management route with everything that may not be sent to it: a clear answer that names the field, and no change.
import fc from 'fast-check'
import t, { type Test } from 'tap'
import type { StoredKey, User } from '../../lib/index.js'
import { generateKey } from '../../lib/keys/key-format.js'
import { differences } from './differences.js'
import { as, catalog, keysApp, type Failure, type Issued, type TestUser } from './key-routes-app.js'
import {
  BAD_BODIES, BAD_IDS, BAD_VALUES, badParametersOf, ENDPOINTS, GOOD_VALUES, hasId, isForKeys, STRANGE_FIELDS, type Endpoint
} from './key-routes-bad-input.js'
import { bearer, listen, plant, PREFIX, RawClient, withBadChecksum } from './wire-app.js'

const DAY = 86_400_000

/** One request, and what must be answered. */
interface Case {
  readonly title: string
  readonly method: Endpoint['method']
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string | undefined
  readonly statuses: readonly number[]
  readonly code?: string
  readonly message: RegExp
}

interface Ids { readonly mine: string, readonly other: string, readonly nobodys: string }

/** An app in which users, and keys with `keys:manage`, may do everything, and a key in every state. */
async function matrixApp (t: Test) {
  const wired = await keysApp(t, {
    plugin: { scopes: catalog, maxKeyLifetime: 90 * DAY, grantable: user => (user as User as TestUser).mayGive ?? ['full'] },
    routes: { keyScopes: Object.fromEntries(ENDPOINTS.filter(endpoint => !isForKeys(endpoint)).map(({ operation }) => [operation, 'keys:manage'])) }
  })
  const { store } = wired
  const now = new Date()
  const states: Readonly<Record<string, Partial<StoredKey>>> = {
    active: {}, revoked: { revokedAt: now, revokedReason: 'leaked' }, disabled: { disabledAt: now }, expired: { expiresAt: new Date(0) }
  }
  for (const [state, fields] of Object.entries(states)) {
    for (const ownerId of ['u1', 'u2', null]) await plant(store, { id: `${state}-of-${ownerId}`, ownerId, scopes: ['full'], metadata: { internal: true }, ...fields })
  }
  const ids: Ids = { mine: 'active-of-u1', other: 'active-of-u2', nobodys: 'active-of-null' }
  const callers = {
    user: as('u1'),
    key: bearer(await plant(store, { id: 'acting', ownerId: 'u1', scopes: ['full'] })),
    weak: bearer(await plant(store, { id: 'weak', ownerId: 'u1', scopes: ['apps:read'] })),
    revoked: bearer(await plant(store, { id: 'was-acting', ownerId: 'u1', scopes: ['full'], revokedAt: now })),
    ownerless: bearer(await plant(store, { id: 'machine', ownerId: null, scopes: ['full'] }))
  }
  return { ...wired, ids, callers }
}
type Callers = Awaited<ReturnType<typeof matrixApp>>['callers']

const json = (headers: Record<string, string>, type = 'application/json') => ({ ...headers, 'content-type': type })
/** A test runner may take other characters for the end of a line. */
const printable = (text: string) => text.replace(/[^ -~]/g, '?')
const exactly = (text: string) => new RegExp(text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))

/** Whoever calls. */
function callersOf (endpoint: Endpoint, callers: Callers, { mine }: Ids): Case[] {
  const to = { method: endpoint.method, url: endpoint.url.replace('<id>', mine) }
  const body = endpoint.body && JSON.stringify(endpoint.body)
  const table: ReadonlyArray<readonly [title: string, headers: Record<string, string>, status: number, code: string]> = [
    ['nobody', {}, 401, 'FST_API_KEY_REQUIRED'],
    ['nobody, who says who it is', { 'x-user-id': 'u1', 'x-owner-id': 'u1', 'x-forwarded-user': 'u1', cookie: 'user=u1' }, 401, 'FST_API_KEY_REQUIRED'],
    ['a revoked key', callers.revoked, 401, 'FST_API_KEY_INVALID'],
    ['a revoked key and a session', { ...callers.revoked, ...callers.user }, 401, 'FST_API_KEY_INVALID'],
    ['an unknown key and a session', { ...bearer(generateKey(PREFIX)), ...callers.user }, 401, 'FST_API_KEY_INVALID'],
    ['a mistyped key and a session', { ...bearer(withBadChecksum()), ...callers.user }, 401, 'FST_API_KEY_INVALID'],
    ['malformed credentials and a session', { authorization: 'Bearer', ...callers.user }, 400, 'FST_API_KEY_MALFORMED'],
    ...isForKeys(endpoint)
      ? []
      : [
          ['a key without the scope', callers.weak, 403, 'FST_API_KEY_MISSING_SCOPE'],
          ['a key without the scope, and a session', { ...callers.weak, ...callers.user }, 403, 'FST_API_KEY_MISSING_SCOPE'],
          ['a session without the scope', as('u1', 'apps:read hosts:read'), 403, 'FST_API_KEY_MISSING_SCOPE'],
          ['a key that belongs to nobody', callers.ownerless, 403, 'FST_API_KEY_OWNERLESS']
        ] as const
  ]
  return table.map(([title, headers, status, code]) => ({ title, ...to, headers: body === undefined ? headers : json(headers), body, statuses: [status], code, message: /./ }))
}

/** Everything about the request itself. */
function requestsOf (endpoint: Endpoint, headers: Record<string, string>, ids: Ids): Case[] {
  const { method, fields, parameters } = endpoint
  const good = endpoint.body && JSON.stringify(endpoint.body)
  const url = endpoint.url.replace('<id>', ids.mine)
  const typed = good === undefined ? headers : json(headers)
  const INVALID = { statuses: [400], code: 'FST_API_KEY_INVALID_INPUT' }
  const cases: Case[] = []

  if (hasId(endpoint)) {
    const at = (id: string) => endpoint.url.replace('<id>', id)
    for (const [id, statuses = [404]] of [...BAD_IDS, [ids.other], [ids.nobodys], [ids.mine.toUpperCase()], [`${ids.mine}%20`], ['current'], ['scopes']] as typeof BAD_IDS) {
      if (method === 'GET' && ['current', 'scopes'].includes(id) && endpoint.operation === 'get') continue
      cases.push({ title: `id ${id.slice(0, 40)}`, method, url: at(id), headers: typed, body: good, statuses, message: /./, ...statuses[0] === 404 && statuses.length === 1 && { code: 'FST_API_KEY_NOT_FOUND' } })
    }
    for (const id of ['', '..', '.', 'a/b', '../api-keys/x']) cases.push({ title: `id ${id}`, method, url: at(id), headers: typed, body: good, statuses: [400, 404], message: /./ })
  }
  for (const name of STRANGE_FIELDS.filter(name => !parameters.includes(name))) {
    cases.push({ title: `query ${name}`, method, url: `${url}?${encodeURIComponent(name)}=u2`, headers: typed, body: good, ...INVALID, message: exactly(`unknown query parameter ${JSON.stringify(name)}`) })
  }
  for (const query of ['__proto__=u2', '__proto__[ownerId]=u2', 'constructor[prototype][ownerId]=u2', 'as[id]=u2', 'x', 'x&y']) {
    cases.push({ title: `query ${query}`, method, url: `${url}?${query}`, headers: typed, body: good, ...INVALID, message: /unknown query parameters? "/ })
  }
  for (const parameter of parameters) {
    for (const [value, message] of badParametersOf(parameter)) {
      cases.push({ title: `query ${parameter}=${value.slice(0, 40)}`, method, url: `${url}?${parameter}=${value}`, headers: typed, body: good, ...INVALID, message })
    }
  }
  if (good === undefined) {
    if (method !== 'DELETE') return cases
    for (const body of ['{"ownerId":"u2"}', '{"reason":"x"}', '[]', 'null', '"x"']) cases.push({ title: `body ${body}`, method, url, headers: json(headers), body, ...INVALID, message: /this route takes no body/ })
    return cases
  }

  for (const [title, body, message, type, status = 400] of BAD_BODIES) cases.push({ title, method, url, headers: json(headers, type), body, statuses: [status], message })
  if (endpoint.operation !== 'rotate') cases.push({ title: 'no body', method, url, headers, ...INVALID, message: /the body must be a JSON object \{/ })
  for (const name of STRANGE_FIELDS.filter(name => !fields.includes(name))) {
    for (const value of ['u2', 'u1', null]) {
      // Not `constructor` with what a prototype may be in.
      const body = JSON.stringify({ ...endpoint.body, [name]: value })
      cases.push({ title: `body ${body}`, method, url, headers: json(headers), body, ...INVALID, message: exactly(`unknown field ${JSON.stringify(name)}`) })
    }
  }
  for (const field of fields) {
    for (const [value, message] of BAD_VALUES[field]!) {
      const body = JSON.stringify({ ...endpoint.body, [field]: value })
      cases.push({ title: `body ${body.slice(0, 80)}`, method, url, headers: json(headers), body, ...INVALID, message })
    }
  }
  return cases
}

/** What a session, or `grantable`, does not let a user give away. */
function beyond ({ operation, method, url }: Endpoint, { mine }: Ids): Case[] {
  const bodies: Readonly<Record<string, object>> = { create: { name: 'x', scopes: ['full', 'apps:deploy'] }, update: { scopes: ['full', 'apps:deploy'] }, rotate: {} }
  const body = bodies[operation]
  if (body === undefined) return []
  const named = operation === 'rotate' ? 'full' : 'full, apps:deploy'
  const sessions = [as('u1', 'keys:manage apps:read'), as('u1', undefined, { 'x-may-give': 'apps:read' }), as('u1', undefined, { 'x-may-give': '' }), as('u1', 'keys:manage apps:read', { 'x-may-give': 'full' }), as('u1', 'full', { 'x-may-give': 'hosts:read' })]
  return sessions.map(headers => ({
    title: `beyond ${JSON.stringify(headers)}`,
    method,
    url: url.replace('<id>', mine),
    headers: json(headers),
    body: JSON.stringify(body),
    statuses: [403],
    code: 'FST_API_KEY_BEYOND_GRANT',
    message: exactly(`You cannot give away scopes that you do not have: ${named}`)
  }))
}

for (const endpoint of ENDPOINTS) {
  t.test(`${endpoint.method} ${endpoint.url}`, async (t) => {
    const { app, ids, callers, everything, lines } = await matrixApp(t)
    const cases = [
      ...callersOf(endpoint, callers, ids),
      ...requestsOf(endpoint, callers.user, ids),
      ...requestsOf(endpoint, callers.key, ids).map(one => ({ ...one, title: `with a key: ${one.title}` })),
      ...beyond(endpoint, ids)
    ]
    t.ok(cases.length > 100)
    const before = await everything()
    const wrong: unknown[] = []
    for (const { title, method, url, headers, body, ...expected } of cases) {
      const response = await app.inject({ method, url, headers, ...body !== undefined && { payload: body } })
      const answer = response.json<Failure>()
      const isAsExpected = expected.statuses.includes(response.statusCode) && answer.statusCode === response.statusCode &&
        (expected.code === undefined ? /^FST_/.test(answer.code ?? 'FST_NOT_A_ROUTE') : answer.code === expected.code) && expected.message.test(answer.message)
      const hasChanged = await everything() !== before
      if (!isAsExpected || hasChanged) wrong.push({ title: printable(title), hasChanged, found: response.statusCode, answer, expected: { ...expected, message: String(expected.message) } })
    }
    t.same(wrong, [])
    t.strictSame(lines.filter(({ level }) => level >= 50), [], 'none of it is an error of ours')

    // That it was refused for what was wrong, and for nothing else.
    const { method, url, succeeds, body } = endpoint
    for (const headers of [callers.user, callers.key]) {
      const response = await app.inject({ method, url: url.replace('<id>', ids.mine), headers, ...body && { payload: body } })
      // By then there is nothing left to rotate.
      t.equal(response.statusCode, endpoint.operation === 'rotate' && headers === callers.key ? 409 : succeeds, response.body)
    }
  })
}

t.test('the same over a socket', async (t) => {
  const { app, ids, callers, everything } = await matrixApp(t)
  const port = await listen(app)
  const cases = ENDPOINTS.flatMap(endpoint => [
    ...callersOf(endpoint, callers, ids),
    ...requestsOf(endpoint, callers.user, ids),
    ...requestsOf(endpoint, callers.key, ids),
    ...beyond(endpoint, ids)
  // What is too large is not read to its end: whoever still sends it may not see the answer.
  ]).filter(({ statuses }, i) => statuses[0] !== 413 && i % 4 === 0)
  t.ok(cases.length > 500)

  const before = await everything()
  const { compare, different } = differences()
  const statuses: number[] = []
  for (const { title, method, url, headers, body } of cases) {
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`)
    const length = body === undefined ? [] : [`content-length: ${Buffer.byteLength(body)}`]
    // After what it cannot read, Fastify closes the connection.
    const client = new RawClient(port)
    const [answer] = await client.exchange([Buffer.from([`${method} ${url} HTTP/1.1`, 'host: localhost', ...lines, ...length, '', body ?? ''].join('\r\n'))])
    client.end()
    statuses.push(answer!.status)
    const { statusCode, code } = JSON.parse(answer!.body) as Failure
    const isOurs = code?.startsWith('FST_API_KEY') === true
    compare({ statusCode, ...isOurs && { noStore: /cache-control: no-store/i.test(answer!.head) } }, { statusCode: answer!.status, ...isOurs && { noStore: true } }, `${method} ${url}: ${title}`)
  }
  t.strictSame(different, [])
  t.strictSame(cases.filter((one, i) => !one.statuses.includes(statuses[i]!)).map(({ title, method, url }) => `${method} ${url}: ${title}`), [])
  t.equal(await everything(), before)
})

t.test('all that is wrong with the names in a request is said at once', async (t) => {
  const { app, callers } = await matrixApp(t)
  const messageOf = async (method: 'GET' | 'POST' | 'DELETE', url: string, payload: object) => (await app.inject({ method, url, headers: callers.user, payload })).json<Failure>().message
  t.equal(await messageOf('POST', '/api-keys?ownerId=u2', { name: '', ownerId: 'u2', expiresIn: 3600, scope: 'full' }),
    'unknown fields "ownerId", "expiresIn" (did you mean "expiresAt"?), "scope" (did you mean "scopes"?); the body must be { name, scopes?, expiresAt? }; unknown query parameter "ownerId"; this route takes none')
  t.equal(await messageOf('POST', '/api-keys', { name: '', scopes: ['ful'], expiresAt: 3600 }),
    'name must be a string of 1 to 200 characters without control characters, not ""; expiresAt must be a Date, an ISO 8601 date and time with its zone, such as "2030-01-31T12:00:00Z", or an ISO 8601 duration, such as "P90D", not 3600; unknown scope "ful" (did you mean "full"?)')
  t.match(await messageOf('POST', '/api-keys/x/rotate', { gracePeriod: 3600, expiresAt: 3600 }), /^gracePeriod must be .*, not 3600; expiresAt must be .*, not 3600$/)
  t.equal(await messageOf('GET', '/api-keys?limit=x&state=x&unusedFor=x&cursor=x', {}),
    'limit must be a whole number from 1 to 1000, not "x"; state must be one of active, disabled, expired, revoked, not "x"; unusedFor must be an ISO 8601 duration such as "P90D", or a Date or an ISO 8601 date and time with its zone that is past, not "x"; cursor must be one that a page came with')
  t.equal(await messageOf('POST', '/api-keys/x/rotate', { grace: 'PT1H' }), 'unknown field "grace"; the body must be { gracePeriod?, expiresAt? }')
  t.equal(await messageOf('DELETE', '/api-keys/x?resaon=x', { reason: 'x' }), 'unknown field "reason"; this route takes no body; unknown query parameter "resaon" (did you mean "reason"?); there is { reason? }')
  t.equal(await messageOf('POST', '/api-keys', Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`f${i}`, 1]))),
    'unknown fields "f0", "f1", "f2", "f3", "f4", "f5", "f6", "f7", "f8", "f9" and 990 more; the body must be { name, scopes?, expiresAt? }')
})

t.test('an API key in the wrong place is quoted neither in the answer nor in the log', async (t) => {
  const { ask, make, lines } = await keysApp(t)
  const { key, record } = await make('ann')
  const path = `/api-keys/${record.id}`
  for (const [method, url, payload] of [
    ['POST', '/api-keys', { name: `${key}\n` }], ['POST', '/api-keys', { name: [key] }], ['POST', '/api-keys', { name: 'x', [key]: key }],
    ['POST', '/api-keys', { name: 'x', scopes: [key], expiresAt: key }], ['PATCH', path, { disabled: key }], ['PATCH', path, { [`${key}.`]: 1 }],
    ['POST', `${path}/rotate`, { gracePeriod: `key=${key}`, expiresAt: { key } }]
  ] as const) {
    const { statusCode, body } = await ask(method, url, as('ann'), payload)
    t.equal(statusCode, 400)
    t.match(body, `${PREFIX}_…`)
    t.notMatch(body, key)
  }
  t.notMatch(JSON.stringify(lines), key)
})

t.test('what is good is taken, every value of every field', async (t) => {
  const { app, ids, callers } = await matrixApp(t)
  for (const { method, url, fields, body, succeeds, operation } of ENDPOINTS) {
    for (const field of fields) {
      for (const value of GOOD_VALUES[field]!) {
        const { record } = await app.apiKeys.create({ name: 'one', ownerId: 'u1', scopes: [] })
        const payload = { ...body, [field]: typeof value === 'function' ? (value as () => unknown)() : value }
        const response = await app.inject({ method, url: url.replace('<id>', record.id), headers: callers.user, payload })
        t.equal(response.statusCode, succeeds, printable(`${operation} ${JSON.stringify(payload)} ${response.body}`))
      }
    }
  }
  const bare = await app.inject({ method: 'POST', url: `/api-keys/${ids.mine}/rotate`, headers: callers.user })
  t.equal(bare.statusCode, 201, 'a rotation needs no body')
  t.equal((await app.inject({ method: 'DELETE', url: `/api-keys/${ids.mine}`, headers: callers.user, payload: {} })).statusCode, 204, 'an empty object is no body either')
})

t.test('whoever names another owner, wherever, makes and changes keys of their own alone', async (t) => {
  const { app, store, callers } = await matrixApp(t)
  const of = async (ownerId: string) => JSON.stringify((await store.list({ ownerId, limit: 1000 })).map(({ lastUsedAt, ...key }) => key))
  const others = await of('u2')
  const claims = { 'x-user-id': 'u2', 'x-owner-id': 'u2', 'x-owner': 'u2', owner: 'u2', 'x-forwarded-user': 'u2', 'x-impersonate': 'u2', cookie: 'userId=u2', 'x-original-url': '/api-keys?ownerId=u2', 'x-http-method-override': 'DELETE', referer: 'http://localhost/?ownerId=u2' }
  for (const caller of [callers.user, callers.key]) {
    const made = await app.inject({ method: 'POST', url: '/api-keys', headers: { ...claims, ...caller }, payload: { name: 'x' } })
    t.equal(made.json<Issued>().record.ownerId, 'u1')
    const listed = await app.inject({ method: 'GET', url: '/api-keys', headers: { ...claims, ...caller, 'content-type': 'application/json' }, payload: '{"ownerId":"u2"}' })
    t.strictSame(new Set(listed.json<{ records: Array<Issued['record']> }>().records.map(({ ownerId }) => ownerId)), new Set(['u1']))
  }
  t.equal(await of('u2'), others)
})

t.test('whatever is sent, it is answered, and the keys of others stay as they are', async (t) => {
  const { app, store, callers, ids, lines } = await matrixApp(t)
  const of = async (ownerId: string) => JSON.stringify((await store.list({ ownerId, limit: 1000 })).map(({ lastUsedAt, ...key }) => key))
  const others = await of('u2')
  const names = fc.constantFrom(...STRANGE_FIELDS, 'name', 'scopes', 'expiresAt', 'gracePeriod', 'disabled')
  const values = fc.oneof(fc.jsonValue(), fc.constantFrom('u2', ids.other, 'full', ['full'], ['apps:read'], 'P1D', 'PT0S', true))
  const queries = fc.constantFrom('', '?ownerId=u2', '?state=active', '?reason=x', '?unusedFor=P1D', '?limit=1')
  await fc.assert(fc.asyncProperty(fc.constantFrom(...ENDPOINTS), fc.dictionary(names, values), queries, fc.constantFrom(ids.mine, ids.other, 'x'), fc.boolean(), async ({ method, url }, body, query, id, byKey) => {
    const headers = byKey ? callers.key : callers.user
    const { statusCode, body: text } = await app.inject({ method, url: url.replace('<id>', id) + query, headers, ...method !== 'GET' && { payload: JSON.stringify(body), headers: json(headers) } })
    if (statusCode >= 500) throw new Error(text)
    if (await of('u2') !== others) throw new Error(`changed: ${statusCode} ${text}`)
  }), { numRuns: 500 })
  t.strictSame(lines.filter(({ level }) => level >= 50), [])
})
