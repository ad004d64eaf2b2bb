import Fastify from 'fastify'
import type { FastifyInstance, FastifyReply, FastifyRequest, RouteShorthandOptions } from 'fastify'
import t from 'tap'
import type { ApiKeyScopesOptions, Denial } from '../../lib/index.js'
import { differences } from './differences.js'

/** Apps that are older than the import of the package, so that start-up cannot see what was declared before it. */
const older = [Fastify({ logger: false })]
const { ODD, PREFIX, URL_SCOPE, JSON_TYPE, LEVELS, answerOf, bearer, challenge, listen, plant, RawClient, rawRequest, size, wireApp, withBadChecksum } = await import('./wire-app.js')
const { generateKey } = await import('../../lib/keys/key-format.js')
const { defineScopes } = await import('../../lib/index.js')

const BODIES = {
  required: { statusCode: 401, code: 'FST_API_KEY_REQUIRED', error: 'Unauthorized', message: 'API key required' },
  malformed: { statusCode: 400, code: 'FST_API_KEY_MALFORMED', error: 'Bad Request', message: 'Malformed credentials' },
  invalid: { statusCode: 401, code: 'FST_API_KEY_INVALID', error: 'Unauthorized', message: 'Invalid API key' },
  userOnly: { statusCode: 403, code: 'FST_API_KEY_USER_ONLY', error: 'Forbidden', message: 'This endpoint requires a user session and does not accept API keys' },
  session: { statusCode: 401, code: 'FST_USER_SESSION_REQUIRED', error: 'Unauthorized', message: 'User session required' },
  unannotated: { statusCode: 403, code: 'FST_API_KEY_UNANNOTATED_ROUTE', error: 'Forbidden', message: 'This endpoint has no access policy' },
  noUsers: { statusCode: 503, code: 'FST_USER_SESSION_UNAVAILABLE', error: 'Service Unavailable', message: 'User sessions cannot be verified right now' },
  noStore: { statusCode: 503, code: 'FST_API_KEY_STORE_UNAVAILABLE', error: 'Service Unavailable', message: 'API keys cannot be verified right now' }
}

function missing (text: string, requiredScopes: string[], missingScopes: string[], grantedScopes?: string[], who = 'API key') {
  return {
    statusCode: 403,
    code: 'FST_API_KEY_MISSING_SCOPE',
    error: 'Forbidden',
    message: `${who} missing required ${text}`,
    requiredScopes,
    missingScopes,
    ...grantedScopes !== undefined && { grantedScopes }
  }
}
const insufficient = (...scopes: string[]) => challenge(`error="insufficient_scope", scope="${scopes.join(' ')}"`)

/** A user for the cookie `session=<id>`; `broken` fails, `limited` may only read clusters. */
const authenticateUser = (request: FastifyRequest) => {
  const id = /session=(\w+)/.exec(request.headers.cookie ?? '')?.[1]
  if (id === 'broken') throw new Error('the session database is at 10.0.0.7')
  if (id === undefined) return null
  return id === 'limited' ? { id, scopes: ['clusters:read'] } : { id }
}

t.test('each row of the wire table: status, challenge, other headers and body, exactly', async (t) => {
  const app = older.pop()!
  app.get('/early', async () => 'never')
  const { store, create, seen } = await wireApp(t, { app, plugin: { authenticateUser } })
  const key = await create('clusters:read', 'hosts:enroll', 'devices:read')
  const nothing = await create()
  const slow = generateKey(PREFIX)
  store.before = async () => { if (storeIsDown) throw new Error('no route to 10.0.0.9') }
  let storeIsDown = false

  type Row = readonly [title: string, request: readonly [method: string, url: string, headers?: Record<string, string>], challenge: string | undefined, body: { statusCode: number }, retryAfter?: string]
  const rows: Row[] = [
    ['no credentials', ['GET', '/clusters'], challenge(), BODIES.required],
    ['no credentials, any key', ['GET', '/any-key'], challenge(), BODIES.required],
    ['Basic', ['GET', '/clusters', { authorization: 'Basic dTpw' }], challenge(), BODIES.required],
    ['empty Bearer', ['GET', '/clusters', { authorization: 'Bearer ' }], challenge('error="invalid_request"'), BODIES.malformed],
    ['tab', ['GET', '/clusters', { authorization: `Bearer\t${key}` }], challenge('error="invalid_request"'), BODIES.malformed],
    ['not b64token', ['GET', '/user', { authorization: 'Bearer \xE4' }], challenge('error="invalid_request"'), BODIES.malformed],
    ['wrong shape', ['GET', '/clusters', bearer('skale_x')], challenge('error="invalid_token"'), BODIES.invalid],
    ['wrong checksum', ['GET', '/clusters', bearer(withBadChecksum(key))], challenge('error="invalid_token"'), BODIES.invalid],
    ['unknown', ['GET', '/clusters', bearer(generateKey(PREFIX))], challenge('error="invalid_token"'), BODIES.invalid],
    ['a session token that is none', ['GET', '/clusters', bearer('some.session.token')], challenge('error="invalid_token"'), BODIES.invalid],
    ['one scope missing', ['POST', '/clusters', bearer(key)], insufficient('clusters:write'),
      missing('scope: clusters:write', ['clusters:write'], ['clusters:write'], ['clusters:read', 'hosts:enroll', 'devices:read'])],
    ['several missing', ['POST', '/hosts', bearer(nothing)], insufficient('hosts:create', 'hosts:enroll'),
      missing('scopes: hosts:create, hosts:enroll', ['hosts:create', 'hosts:enroll'], ['hosts:create', 'hosts:enroll'], [])],
    ['one of several missing', ['POST', '/hosts', bearer(key)], insufficient('hosts:create', 'hosts:enroll'),
      missing('scope: hosts:create', ['hosts:create', 'hosts:enroll'], ['hosts:create'], ['clusters:read', 'hosts:enroll', 'devices:read'])],
    ['any-of', ['GET', '/devices', bearer(nothing)], insufficient('devices:read', 'devices:provision'),
      missing('scope: one of devices:read, devices:provision', ['devices:read', 'devices:provision'], ['devices:read', 'devices:provision'], [])],
    ['any-of of all-ofs', ['GET', '/mixed/1', bearer(key)], insufficient('hosts:create', 'devices:read', 'clusters:write'),
      missing('scope: one of hosts:create + devices:read, clusters:write', ['hosts:create', 'devices:read', 'clusters:write'], ['hosts:create', 'clusters:write'], ['clusters:read', 'hosts:enroll', 'devices:read'])],
    ['a user without the scope', ['POST', '/clusters', { cookie: 'session=limited' }], insufficient('clusters:write'),
      missing('scope: clusters:write', ['clusters:write'], ['clusters:write'], ['clusters:read'], 'User session')],
    ['key, user only', ['GET', '/user', bearer(key)], undefined, BODIES.userOnly],
    ['key and session, user only', ['GET', '/user', { ...bearer(key), cookie: 'session=u1' }], undefined, BODIES.userOnly],
    ['bad key, user only', ['GET', '/user', bearer(withBadChecksum(key))], challenge('error="invalid_token"'), BODIES.invalid],
    ['no session, user only', ['GET', '/user'], challenge(), BODIES.session],
    ['refused session, user only', ['GET', '/user', bearer('some.session.token')], challenge('error="invalid_token"'), BODIES.session],
    ['no policy, nobody', ['GET', '/early'], undefined, BODIES.unannotated],
    ['no policy, key', ['GET', '/early', bearer(key)], undefined, BODIES.unannotated],
    ['no policy, user', ['GET', '/early', { cookie: 'session=u1' }], undefined, BODIES.unannotated],
    ['sessions fail', ['GET', '/clusters', { cookie: 'session=broken' }], undefined, BODIES.noUsers],
    ['sessions fail, user only', ['GET', '/user', { cookie: 'session=broken' }], undefined, BODIES.noUsers],
    ['store fails', ['GET', '/clusters', bearer(slow)], undefined, BODIES.noStore, '1'],
    ['store fails, user only', ['GET', '/user', bearer(slow)], undefined, BODIES.noStore, '1']
  ]
  for (const [title, [method, url, headers = {}], expected, body, retryAfter] of rows) {
    storeIsDown = body === BODIES.noStore
    const response = await app.inject({ method: method as 'GET', url, headers })
    t.strictSame(answerOf(response), { status: body.statusCode, type: JSON_TYPE, challenge: expected, body }, title)
    t.equal(response.body, JSON.stringify(body), 'members in this order')
    t.equal(response.headers['retry-after'], retryAfter)
    t.equal(response.headers['content-length'], String(Buffer.byteLength(response.body)))
    t.strictSame(Object.keys(response.headers).sort(), ['connection', 'content-length', 'content-type', 'date', ...expected === undefined ? [] : ['www-authenticate'], ...retryAfter === undefined ? [] : ['retry-after']].sort())
    t.ok(response.statusCode !== 401 || expected !== undefined, 'every 401 has a challenge')
  }
  t.equal(seen.handled, 0)
})

t.test('a key that is refused for whatever reason is answered with the same bytes', async (t) => {
  const { app, store, seen } = await wireApp(t)
  const past = new Date(Date.now() - 1000)
  const grant = { scopes: ['full'] }
  const good = generateKey(PREFIX)
  const keys = {
    'wrong shape': 'skale_nope',
    'too short': good.slice(0, -1),
    'too long': `${good}A`,
    'another prefix': generateKey('other'),
    'wrong checksum': withBadChecksum(good),
    unknown: good,
    expired: await plant(store, { ...grant, expiresAt: past }),
    revoked: await plant(store, { ...grant, revokedAt: past }),
    disabled: await plant(store, { ...grant, disabledAt: past }),
    'revoked, disabled and expired': await plant(store, { ...grant, revokedAt: past, disabledAt: past, expiresAt: past }),
    corrupt: await plant(store, { ...grant, expiresAt: new Date(NaN) })
  }
  const client = new RawClient(await listen(app))
  t.teardown(() => { client.end() })
  const bytes = new Set<string>()
  for (const round of ['cold', 'cached']) {
    const answers = await client.exchange(Object.values(keys).map(key => rawRequest('/clusters', [`Authorization: Bearer ${key}`])))
    answers.forEach(({ status, head, body }, i) => {
      t.equal(status, 401, `${Object.keys(keys)[i]}, ${round}`)
      bytes.add(`${head.replace(/^Date: .*$/im, 'Date: -')}\r\n\r\n${body}`)
    })
  }
  t.equal(bytes.size, 1, 'date apart')
  t.strictSame([...bytes][0]!.split('\r\n'), [
    'HTTP/1.1 401 Unauthorized',
    'www-authenticate: Bearer realm="api", error="invalid_token"',
    'content-type: application/json; charset=utf-8',
    `content-length: ${JSON.stringify(BODIES.invalid).length}`,
    'Date: -',
    'Connection: keep-alive',
    'Keep-Alive: timeout=72',
    '',
    JSON.stringify(BODIES.invalid)
  ])
  t.equal(seen.handled, 0)
})

t.test('a challenge names the realm, quoted', async (t) => {
  const table = [
    ['', 'Bearer realm=""'],
    ['api', 'Bearer realm="api"'],
    ['Acme "the" API', 'Bearer realm="Acme \\"the\\" API"'],
    ['C:\\keys\\"', 'Bearer realm="C:\\\\keys\\\\\\""'],
    ['a, error="none"', 'Bearer realm="a, error=\\"none\\""']
  ] as const
  for (const [realm, expected] of table) {
    const { get, create } = await wireApp(t, { plugin: { realm } })
    t.equal((await get('/clusters')).headers['www-authenticate'], expected)
    t.equal((await get('/clusters', bearer('skale_'))).headers['www-authenticate'], `${expected}, error="invalid_token"`)
    t.equal((await get('/clusters', bearer(await create()))).headers['www-authenticate'], `${expected}, error="insufficient_scope", scope="clusters:read"`)
  }
})

t.test('revealGranted: false leaves out what the key was granted, and nothing else', async (t) => {
  const { app, create, denials } = await wireApp(t, { plugin: { revealGranted: false }, after: app => { app.get('/inside', { config: { scopes: [] } }, async request => { request.requireScopes('clusters:write') }) } })
  const key = await create('clusters:read', 'devices:read')
  const expected = { status: 403, type: JSON_TYPE, challenge: insufficient('clusters:write'), body: missing('scope: clusters:write', ['clusters:write'], ['clusters:write']) }
  t.strictSame(answerOf(await app.inject({ method: 'POST', url: '/clusters', headers: bearer(key) })), expected)
  t.strictSame(answerOf(await app.inject({ url: '/inside', headers: bearer(key) })), expected, 'nor from a handler')
  t.equal(denials().length, 2)
})

t.test('scope names with unusual characters stand in body and challenge as they are', async (t) => {
  const { get, create } = await wireApp(t)
  const key = await create(ODD)
  t.strictSame(answerOf(await get('/odd', bearer(key))), {
    status: 403,
    type: JSON_TYPE,
    challenge: insufficient(ODD, URL_SCOPE),
    body: missing(`scope: ${URL_SCOPE}`, [ODD, URL_SCOPE], [URL_SCOPE], [ODD])
  })
  t.equal((await get('/odd', bearer(await create(URL_SCOPE, ODD)))).statusCode, 200)
})

t.test('what was granted is shown as it was named, even what opens nothing', async (t) => {
  const { app, store } = await wireApp(t)
  const key = await plant(store, { scopes: ['clusters:write', 'gone:scope', 'nodes:drain', '__proto__', 'constructor', '*', 'clusters:*', ''] })
  const response = await app.inject({ method: 'POST', url: '/hosts', headers: bearer(key) })
  t.equal(response.statusCode, 403)
  t.strictSame(response.json<Denial>().grantedScopes, ['clusters:write', 'gone:scope', 'nodes:drain', '__proto__', 'constructor', '*', 'clusters:*', ''])
})

// What a handler, or a hook, may demand; and the ways in which it may do it.
const demand = (request: FastifyRequest) => { request.requireScopes('clusters:write') }
const SCOPED = missing('scope: clusters:write', ['clusters:write'], ['clusters:write'], ['clusters:read'])
const SCOPED_ANSWER = { status: 403, type: JSON_TYPE, challenge: insufficient('clusters:write'), body: SCOPED }

t.test('a denial that is remembered is that of one app, one grant and one kind of caller, and nobody can change it', async (t) => {
  const catalog = defineScopes({ 'clusters:read': '', 'clusters:write': '' })
  const spoil = (denial: Denial) => {
    for (const list of [denial.requiredScopes, denial.missingScopes, denial.grantedScopes]) {
      try { (list as string[] | undefined)?.push('spoilt') } catch (error) { t.match(error, TypeError) }
    }
    return Object.assign(denial, { mark: 'shaped' })
  }
  const plain = await wireApp(t, { bare: true, plugin: { scopes: catalog, authenticateUser }, after: app => { app.get('/', { config: { scopes: ['clusters:write'] } }, async () => 'ok') } })
  const other = await wireApp(t, { bare: true, plugin: { scopes: catalog, store: plain.store, realm: 'other', revealGranted: false, formatError: spoil }, after: app => { app.get('/', { config: { scopes: ['clusters:write'] } }, async () => 'ok') } })
  const key = bearer(await plain.create('clusters:read'))
  const another = bearer(await plain.create())
  for (let i = 0; i < 2; i++) {
    t.strictSame(answerOf(await plain.get('/', key)), SCOPED_ANSWER)
    t.strictSame((await plain.get('/', another)).json(), { ...SCOPED, grantedScopes: [] })
    t.strictSame((await plain.get('/', { cookie: 'session=limited' })).json(), { ...SCOPED, message: 'User session missing required scope: clusters:write' })
    const { grantedScopes: _, ...hidden } = SCOPED
    const response = await other.get('/', key)
    t.strictSame(response.json(), { ...hidden, mark: 'shaped' })
    t.equal(response.headers['www-authenticate'], 'Bearer realm="other", error="insufficient_scope", scope="clusters:write"')
  }
  t.strictSame(plain.denials().map(({ missingScopes }) => missingScopes), Array(6).fill(['clusters:write']))
})

/** Routes that all refuse a key with `clusters:read` for want of `clusters:write`, each in its own way. */
function addRefusing (app: FastifyInstance, prefix = '', more: RouteShorthandOptions = {}): string[] {
  const ok = async () => ({ ok: true })
  const config = { scopes: [] }
  app.get(`${prefix}/route`, { ...more, config: { scopes: 'clusters:write' } }, ok)
  app.get(`${prefix}/sync`, { ...more, config }, (request, reply) => {
    demand(request)
    reply.send({ ok: true })
  })
  app.get(`${prefix}/async`, { ...more, config }, async request => {
    await null
    demand(request)
    return { ok: true }
  })
  app.get(`${prefix}/late`, { ...more, config }, async request => {
    await new Promise(resolve => { setImmediate(resolve) })
    demand(request)
  })
  app.get(`${prefix}/sent`, { ...more, config }, (request, reply) => {
    try { demand(request) } catch (error) { reply.send(error) }
  })
  app.get(`${prefix}/returned`, { ...more, config }, async request => {
    try { demand(request) } catch (error) { return error }
    return { ok: true }
  })
  app.get(`${prefix}/prehandler`, { ...more, config, preHandler: async request => { demand(request) } }, ok)
  app.get(`${prefix}/prevalidation`, { ...more, config, preValidation: (request, _reply, done) => { demand(request); done() } }, ok)
  app.get(`${prefix}/preserialization`, {
    ...more,
    config,
    preSerialization: async (request: FastifyRequest, _reply: FastifyReply, payload: unknown) => {
      if (Object.hasOwn(Object(payload) as object, 'ok')) demand(request)
      return payload
    }
  }, ok)
  return ['route', 'sync', 'async', 'late', 'sent', 'returned', 'prehandler', 'prevalidation', 'preserialization'].map(name => `${prefix}/${name}`)
}

t.test('a denial from a handler or a hook is the same as one from the route', async (t) => {
  let urls: string[] = []
  const { app, get, create, denials } = await wireApp(t, {
    before: app => { app.register(async early => { urls.push(...addRefusing(early, '/early')) }) },
    after: app => {
      urls.push(...addRefusing(app))
      app.register(async child => {
        urls.push(...addRefusing(child, '/child'))
        child.register(async grandchild => { urls.push(...addRefusing(grandchild, '/grandchild')) })
      })
    }
  })
  urls = [...urls]
  t.equal(urls.length, 36)
  const key = await create('clusters:read')
  const bytes = new Set<string>()
  const { compare, different } = differences()
  for (const url of urls) {
    const response = await get(url, bearer(key))
    compare(answerOf(response), SCOPED_ANSWER, url)
    bytes.add(JSON.stringify({ ...response.headers, date: '', body: response.body }))
    const head = await app.inject({ method: 'HEAD', url, headers: bearer(key) })
    compare({ status: head.statusCode, challenge: head.headers['www-authenticate'], body: head.body }, { status: 403, challenge: SCOPED_ANSWER.challenge, body: '' }, `HEAD ${url}`)
  }
  t.strictSame(different, [])
  t.equal(bytes.size, 1, 'byte for byte, headers and all')
  t.equal(denials().length, 72, 'and is logged once each')
  for (const denial of denials()) t.match(denial, { level: LEVELS.info, code: 'FST_API_KEY_MISSING_SCOPE' })
})

t.test('the default body is the same whatever the route does with its answers', async (t) => {
  const strict = ({ schema }: { schema: unknown }) => (data: unknown) => {
    const known = Object.keys((schema as { properties?: object }).properties ?? {})
    const strange = Object.keys(Object(data)).filter(name => !known.includes(name))
    if (strange.length > 0) throw new Error(`unrecognized keys ${strange.join(', ')}`)
    return JSON.stringify(data)
  }
  const object = { type: 'object', properties: { only: { type: 'string' } } }
  const table: Record<string, { more?: RouteShorthandOptions, setUp?: (app: FastifyInstance) => void, not?: string }> = {
    'a 4xx schema that strips': { more: { schema: { response: { '4xx': object } } } },
    'a 403 schema that strips': { more: { schema: { response: { 403: { ...object, additionalProperties: false } } } } },
    'a 403 schema that demands': { more: { schema: { response: { 403: { ...object, required: ['only'] } } } } },
    'a 403 that is an array': { more: { schema: { response: { 403: { type: 'array', items: { type: 'string' } } } } } },
    'a 403 that is a string': { more: { schema: { response: { 403: { type: 'string' } } } } },
    'a default schema': { more: { schema: { response: { default: object } } } },
    'schemas by content type': { more: { schema: { response: { 403: { content: { 'application/json': { schema: object }, 'application/vnd.api+json': { schema: object } } } } } } },
    'a serializer compiler that refuses what it does not know': { more: { schema: { response: { '4xx': object, 200: object } }, serializerCompiler: strict } },
    'the same for a whole plugin': { more: { schema: { response: { '4xx': object } } }, setUp: app => { app.setSerializerCompiler(strict) } },
    'a reply serializer for a whole plugin': { setUp: app => { app.setReplySerializer(payload => JSON.stringify({ wrapped: payload })) } },
    'a serializer set on the reply': { setUp: app => { app.addHook('onRequest', async (_request, reply) => { reply.serializer(payload => JSON.stringify({ wrapped: payload })) }) } },
    'a serializer set in preParsing': { setUp: app => { app.addHook('preParsing', async (_request, reply) => { reply.serializer(payload => `<${String(payload)}>`) }) } },
    'another content type': { setUp: app => { app.addHook('onRequest', async (_request, reply) => { reply.type('application/vnd.api+json') }) } },
    'a content type that is no JSON': { setUp: app => { app.addHook('onRequest', async (_request, reply) => { reply.type('text/html') }) }, not: '/preserialization' },
    'a wrong content length': { setUp: app => { app.addHook('onRequest', async (_request, reply) => { reply.header('content-length', '3') }) } },
    'a status set before': { setUp: app => { app.addHook('onRequest', async (_request, reply) => { reply.code(200) }) } },
    'a schema error formatter': { setUp: app => { app.setSchemaErrorFormatter(errors => new Error(String(errors))) } }
  }
  const { compare, different } = differences()
  for (const [title, { more, setUp, not }] of Object.entries(table)) {
    // Set up in a child of its own that is older than the plugin: its hooks run before ours.
    for (const when of ['before', 'after'] as const) {
      let urls: string[] = []
      const { get, create } = await wireApp(t, {
        bare: true,
        [when]: (app: FastifyInstance) => {
          app.register(async child => {
            setUp?.(child)
            urls = addRefusing(child, '', more)
          })
        }
      })
      const key = await create('clusters:read')
      for (const url of urls.filter(url => url !== not)) compare(answerOf(await get(url, bearer(key))), SCOPED_ANSWER, `${title}, ${when} the plugin: ${url}`)
    }
  }
  t.strictSame(different, [])
})

t.test('onSend hooks see the default body as text, and may change it', async (t) => {
  const seen: unknown[] = []
  let urls: string[] = []
  const { get, create } = await wireApp(t, {
    bare: true,
    after: app => {
      app.addHook('onSend', async (_request, _reply, payload) => {
        seen.push(payload)
        return 'changed'
      })
      urls = addRefusing(app)
    }
  })
  const key = await create('clusters:read')
  for (const url of urls) {
    const response = await get(url, bearer(key))
    t.equal(response.body, 'changed')
    t.equal(response.statusCode, 403)
  }
  t.ok(seen.includes(JSON.stringify(SCOPED)))
  t.strictSame(seen.filter(payload => typeof payload !== 'string'), [])
})

const FORMATS: Record<string, (denial: Denial) => unknown> = {
  skaledata: ({ message }) => ({ detail: message }),
  inspecto: ({ code, message, requiredScopes, grantedScopes }) => ({ errors: [{ code, message, details: { required: requiredScopes, available: grantedScopes } }] }),
  text: ({ message }) => message,
  null: () => null,
  list: ({ code }) => [code],
  number: ({ statusCode }) => statusCode
}

t.test('formatError shapes every denial, wherever it comes from and whatever handles errors', async (t) => {
  const mine = (_error: unknown, _request: unknown, reply: FastifyReply) => { reply.code(299).send({ mine: true }) }
  const handlers: Record<string, (app: FastifyInstance) => void> = {
    'the default error handler': () => {},
    'one that sends': app => { app.setErrorHandler(mine) },
    'one that returns': app => { app.setErrorHandler(async () => ({ mine: true })) },
    'one that throws': app => { app.setErrorHandler(error => { throw error }) },
    'one that rejects': app => { app.setErrorHandler(async () => { throw new Error('from the error handler') }) },
    'one that sends the error': app => { app.setErrorHandler((error, _request, reply) => { reply.send(error) }) },
    'one that redirects': app => { app.setErrorHandler((_error, _request, reply) => { reply.redirect('/login') }) },
    'one that sends nothing at all': app => { app.setErrorHandler((_error, _request, reply) => { reply.code(204).send() }) },
    'one with its own serializer': app => { app.setErrorHandler((_error, _request, reply) => { reply.serializer(() => 'serialized').type('text/plain').send({}) }) }
  }
  const { compare, different } = differences()
  for (const [format, formatError] of Object.entries(FORMATS)) {
    for (const [title, setUp] of Object.entries(handlers)) {
      for (const more of [{}, { errorHandler: mine }] satisfies RouteShorthandOptions[]) {
        let urls: string[] = []
        const { get, create, lines } = await wireApp(t, {
          plugin: { formatError, authenticateUser },
          before: setUp,
          after: app => { urls = addRefusing(app, '/x', more) }
        })
        const key = await create('clusters:read')
        const requests: ReadonlyArray<readonly [string, Record<string, string>, Denial, string | undefined]> = [
          ...urls.map(url => [url, bearer(key), SCOPED, insufficient('clusters:write')] as const),
          ['/clusters', {}, BODIES.required, challenge()],
          ['/clusters', { authorization: 'Bearer' }, BODIES.malformed, challenge('error="invalid_request"')],
          ['/clusters', bearer('skale_'), BODIES.invalid, challenge('error="invalid_token"')],
          ['/user', bearer(key), BODIES.userOnly, undefined],
          ['/user', {}, BODIES.session, challenge()],
          ['/user', { cookie: 'session=broken' }, BODIES.noUsers, undefined]
        ]
        for (const [url, headers, denial, expected] of requests) {
          const response = await get(url, headers)
          compare(answerOf(response), { status: denial.statusCode, type: JSON_TYPE, challenge: expected, body: JSON.parse(JSON.stringify(formatError(denial))) as unknown },
            `${format}, ${title}${'errorHandler' in more ? ', and one on the route' : ''}: ${url}`)
        }
        compare(lines.filter(({ msg }) => msg?.includes('formatError')), [], `the log with ${format}, ${title}`)
      }
    }
  }
  t.strictSame(different, [])
})

t.test('formatError also shapes 503s and the refusal of a route without a policy', async (t) => {
  const { get, store } = await wireApp(t, { plugin: { formatError: ({ code, statusCode }) => ({ code, statusCode }) } })
  store.before = () => { throw new Error('down') }
  const response = await get('/clusters', bearer(generateKey(PREFIX)))
  t.strictSame(answerOf(response), { status: 503, type: JSON_TYPE, challenge: undefined, body: { code: 'FST_API_KEY_STORE_UNAVAILABLE', statusCode: 503 } })
  t.equal(response.headers['retry-after'], '1')
})

t.test('formatError is told what the client may know and no more, and gets the request', async (t) => {
  const told: Array<readonly [Denial, FastifyRequest]> = []
  const { get, store, create } = await wireApp(t, { plugin: { formatError: (denial, request) => { told.push([denial, request]); return denial } } })
  const past = new Date(0)
  const keys = [withBadChecksum(), generateKey(PREFIX), await plant(store, { expiresAt: past }), await plant(store, { revokedAt: past }), await plant(store, { disabledAt: past })]
  for (const key of keys) t.strictSame((await get('/clusters?a=1', bearer(key))).json(), BODIES.invalid)
  for (const [denial, request] of told) {
    t.strictSame(denial, BODIES.invalid, 'not the reason')
    t.equal(request.url, '/clusters?a=1')
    t.equal(request.principal, null)
  }
  await get('/clusters', bearer(await create()))
  t.strictSame(told.at(-1)![0], missing('scope: clusters:read', ['clusters:read'], ['clusters:read'], []))
})

t.test('a formatError that fails costs its shape, never the denial, and is logged', async (t) => {
  const circular: Record<string, unknown> = {}
  circular.self = circular
  const table: Record<string, ApiKeyScopesOptions['formatError'] & object> = {
    throws: () => { throw new Error('from formatError') },
    'throws undefined': () => { throw undefined }, // eslint-disable-line no-throw-literal
    'returns nothing': () => {},
    'returns a function': () => () => {},
    'returns a symbol': () => Symbol('x'),
    'returns a circle': () => circular,
    'returns a bigint': () => 1n,
    'has a toJSON that throws': () => ({ toJSON () { throw new Error('from toJSON') } }),
    'has a toJSON that says nothing': () => ({ toJSON () {} }),
    'is asynchronous': async () => ({ detail: 'later' }),
    'is asynchronous and fails': async () => { throw new Error('from formatError, later') },
    'returns what looks like a promise': () => ({ then () {} }),
    'changes the denial': denial => { Object.assign(denial, { statusCode: 200, code: 'OK' }) }
  }
  const unhandled: unknown[] = []
  const note = (reason: unknown) => { unhandled.push(reason) }
  process.on('unhandledRejection', note)
  t.teardown(() => { process.off('unhandledRejection', note) })

  for (const [title, formatError] of Object.entries(table)) {
    const { get, create, lines, seen } = await wireApp(t, { plugin: { formatError }, after: app => { addRefusing(app, '/x') } })
    const key = await create('clusters:read')
    for (const [url, headers, denial] of [['/clusters', {}, BODIES.required], ['/x/async', bearer(key), SCOPED]] as const) {
      lines.length = 0
      const { status, type, body } = answerOf(await get(url, headers))
      t.strictSame({ status, type, body }, { status: denial.statusCode, type: JSON_TYPE, body: denial }, `${title}: ${url}`)
      t.equal(lines.filter(({ level, msg }) => level === LEVELS.error && msg?.includes('formatError')).length, 1, 'one line at error')
      t.equal(lines.filter(({ audit }) => audit !== undefined).length, 1, 'beside the denial itself')
    }
    t.equal(seen.handled, 0)
  }
  await new Promise(resolve => { setImmediate(resolve) })
  t.strictSame(unhandled, [], 'no rejection is left to end the process')
})

/** What an app's handler is shown of an error, sent as it stands. */
const shown = ({ code, statusCode, message, requiredScopes, missingScopes, grantedScopes, cause }: Denial & { cause?: unknown }, reply: FastifyReply) => ({
  mine: true,
  code,
  statusCode,
  message,
  ...requiredScopes && { requiredScopes, missingScopes, grantedScopes },
  ...cause !== undefined && { cause: true },
  soFar: reply.statusCode,
  challenge: reply.getHeader('www-authenticate')
})

const BEHAVIOURS: Record<string, { handler: (error: Denial, request: FastifyRequest, reply: FastifyReply) => unknown, status?: number, isDefault?: boolean }> = {
  'forgets the status': { handler: (error, _request, reply) => { reply.send(shown(error, reply)) } },
  'returns, asynchronously': { handler: async (error, _request, reply) => shown(error, reply) },
  'returns, synchronously': { handler: (error, _request, reply) => shown(error, reply) },
  'says the status': { handler: (error, _request, reply) => reply.code(error.statusCode).send(shown(error, reply)) },
  'says another status': {
    handler: (error, _request, reply) => {
      const body = shown(error, reply)
      return reply.code(418).send(body)
    },
    status: 418
  },
  throws: { handler: error => { throw error }, isDefault: true },
  rejects: { handler: async error => { throw error }, isDefault: true },
  'sends the error': { handler: (error, _request, reply) => { reply.send(error) }, isDefault: true }
}
const PLACES = ['the app, before', 'the app, after', 'a child, before', 'a child, after', 'the route, before', 'the route, after', 'the parent of a child, after'] as const

for (const place of PLACES) {
  t.test(`an error handler of ${place} the plugin gets the denial and decides`, async (t) => {
    const { compare, different } = differences()
    for (const [title, { handler, status, isDefault = false }] of Object.entries(BEHAVIOURS)) {
      let urls: string[] = []
      const errorHandler = handler as never
      const add = (app: FastifyInstance) => {
        if (place.startsWith('the app')) {
          app.setErrorHandler(errorHandler)
          urls = addRefusing(app, '/x')
        } else if (place.startsWith('a child')) {
          app.register(async child => {
            urls = addRefusing(child, '/x')
            child.setErrorHandler(errorHandler)
          })
        } else if (place.startsWith('the route')) {
          urls = addRefusing(app, '/x', { errorHandler })
        } else {
          app.register(async parent => {
            parent.setErrorHandler(errorHandler)
            parent.register(async child => { urls = addRefusing(child, '/x') })
          })
        }
      }
      const { get, create, denials } = await wireApp(t, { bare: true, [place.endsWith('before') ? 'before' : 'after']: add })
      const key = await create('clusters:read')
      for (const url of urls) {
        const response = await get(url, bearer(key))
        const { challenge, body, ...answer } = answerOf(response)
        compare({ status: answer.status, challenge }, { status: status ?? 403, challenge: SCOPED_ANSWER.challenge }, `${title}: ${url}`)
        const { error: _, ...members } = SCOPED
        if (isDefault) {
          const { statusCode, error, code, message } = body as Denial
          compare({ statusCode, error, code, message }, { statusCode: 403, error: 'Forbidden', code: SCOPED.code, message: SCOPED.message }, `${title}: ${url}, Fastify's own body`)
        } else {
          compare(body, { mine: true, ...members, soFar: 403, challenge: SCOPED_ANSWER.challenge }, `${title}: ${url}, the body`)
        }
      }
      const [, wrong] = [await get(urls[0]!), await get(urls[0]!, bearer('skale_'))]
      t.equal(wrong.statusCode, status ?? 401)
      t.equal(wrong.headers['www-authenticate'], challenge('error="invalid_token"'))
      t.equal(denials().length, urls.length + 2, 'each denial is logged once')
    }
    t.strictSame(different, [])
  })
}

t.test('an error handler elsewhere in the app changes nothing', async (t) => {
  let urls: string[] = []
  const { get, create } = await wireApp(t, {
    bare: true,
    before: app => { app.register(async sibling => { sibling.setErrorHandler(() => 'sibling') }) },
    after: app => {
      urls = addRefusing(app)
      app.get('/other', { config: { public: true }, errorHandler: () => 'other' }, async () => 'ok')
      app.register(async sibling => { sibling.setErrorHandler(() => 'sibling') })
    }
  })
  const key = await create('clusters:read')
  for (const url of urls) t.strictSame(answerOf(await get(url, bearer(key))), SCOPED_ANSWER)
})

t.test('a user\'s own function called defaultErrorHandler is still the user\'s', async (t) => {
  let urls: string[] = []
  function defaultErrorHandler (_error: unknown, _request: unknown, reply: FastifyReply) { reply.send({ mine: true }) }
  const { get, create } = await wireApp(t, {
    bare: true,
    before: app => {
      app.setErrorHandler(defaultErrorHandler)
      urls = addRefusing(app)
    }
  })
  const key = await create('clusters:read')
  for (const url of urls) t.strictSame((await get(url, bearer(key))).json(), { mine: true })
})

t.test('an error that an app throws itself is none of ours', async (t) => {
  const { get, create, denials } = await wireApp(t, {
    after: app => {
      app.get('/bug', { config: { public: true } }, async () => { throw new Error('a bug') })
      app.get('/own-403', { config: { scopes: [] } }, async (_request, reply) => { await reply.code(403).send(['my', 'own']) })
    }
  })
  t.strictSame((await get('/bug')).json(), { statusCode: 500, error: 'Internal Server Error', message: 'a bug' })
  const own = await get('/own-403', bearer(await create()))
  t.strictSame(own.json(), ['my', 'own'])
  t.equal(own.headers['www-authenticate'], undefined)
  t.strictSame(denials(), [])
})

// requireScopes and hasScopes, for whoever asks.
type Call = (request: FastifyRequest, method: 'hasScopes' | 'requireScopes') => unknown
const CALLS: ReadonlyArray<readonly [title: string, call: Call, names: readonly string[], text: string]> = [
  ['one', (request, method) => request[method]('clusters:write'), ['clusters:write'], 'scope: clusters:write'],
  ['several', (request, method) => request[method]('hosts:create', 'hosts:enroll'), ['hosts:create', 'hosts:enroll'], 'scopes: hosts:create, hosts:enroll'],
  ['a list', (request, method) => request[method](['hosts:create', 'hosts:enroll']), ['hosts:create', 'hosts:enroll'], 'scopes: hosts:create, hosts:enroll'],
  ['a list of one', (request, method) => request[method](['clusters:write']), ['clusters:write'], 'scope: clusters:write'],
  ['any of', (request, method) => request[method]({ anyOf: ['clusters:write', ['hosts:create', 'hosts:enroll']] }),
    ['clusters:write', 'hosts:create', 'hosts:enroll'], 'scope: one of clusters:write, hosts:create + hosts:enroll']
]

t.test('requireScopes and hasScopes take one scope, several, a list, or any of some', async (t) => {
  const { get, create } = await wireApp(t, {
    plugin: { authenticateUser },
    after: app => {
      CALLS.forEach(([, call], i) => {
        app.get(`/has/${i}`, { config: { scopes: [] } }, async request => ({ has: call(request, 'hasScopes') }))
        app.get(`/require/${i}`, { config: { scopes: [] } }, async request => ({ required: call(request, 'requireScopes') ?? 'passed' }))
      })
    }
  })
  const holders: ReadonlyArray<readonly [title: string, headers: Record<string, string>, granted: string[] | null, who: string]> = [
    ['a key with all', bearer(await create('full')), null, ''],
    ['a key with exactly these', bearer(await create('clusters:write', 'hosts:enroll', 'hosts:create')), null, ''],
    ['a key with others', bearer(await create('devices:read')), ['devices:read'], 'API key'],
    ['a key with nothing', bearer(await create()), [], 'API key'],
    ['a user', { cookie: 'session=u1' }, null, ''],
    ['a limited user', { cookie: 'session=limited' }, ['clusters:read'], 'User session']
  ]
  for (const [holder, headers, granted, who] of holders) {
    for (const [i, [title, , names, text]] of CALLS.entries()) {
      for (let again = 0; again < 2; again++) {
        t.strictSame((await get(`/has/${i}`, headers)).json(), { has: granted === null }, `${holder}, ${title}`)
        const required = answerOf(await get(`/require/${i}`, headers))
        t.strictSame(required, granted === null
          ? { status: 200, type: JSON_TYPE, challenge: undefined, body: { required: 'passed' } }
          : { status: 403, type: JSON_TYPE, challenge: insufficient(...names), body: missing(text, [...names], [...names], granted, who) })
      }
    }
  }
})

t.test('asking for nothing is asking for any valid key', async (t) => {
  const { get, create } = await wireApp(t, {
    after: app => {
      const has = async (request: FastifyRequest) => ({ has: [request.hasScopes(), request.hasScopes([])] })
      app.get('/has', { config: { scopes: [] } }, has)
      app.get('/public-has', { config: { public: true } }, has)
      app.get('/require', { config: { public: true } }, async request => { request.requireScopes() })
    }
  })
  t.strictSame((await get('/has', bearer(await create()))).json(), { has: [true, true] })
  t.strictSame((await get('/public-has')).json(), { has: [false, false] })
  t.strictSame(answerOf(await get('/require')), { status: 401, type: JSON_TYPE, challenge: challenge(), body: BODIES.required })
})

t.test('on a public route, and before anybody was identified, nobody has any scope', async (t) => {
  const { get, create, denials } = await wireApp(t, {
    before: app => {
      app.addHook('onRequest', async request => {
        if (request.url === '/clusters') request.headers['x-before'] = String(request.hasScopes('clusters:read'))
        if (request.url === '/clusters?demand') request.requireScopes('clusters:read')
      })
    },
    after: app => {
      app.get('/public-require', { config: { public: true } }, async request => { demand(request) })
      app.get('/public-has', { config: { public: true } }, async request => ({ has: request.hasScopes('clusters:read'), principal: request.principal }))
      app.addHook('preHandler', async (request, reply) => { reply.header('x-before', request.headers['x-before'] ?? '') })
    }
  })
  const headers = bearer(await create('full'))
  t.strictSame(answerOf(await get('/public-require', headers)), { status: 401, type: JSON_TYPE, challenge: challenge(), body: BODIES.required }, 'for on a public route no credential is read')
  t.strictSame((await get('/public-has', headers)).json(), { has: false, principal: null })
  t.equal((await get('/clusters', headers)).headers['x-before'], 'false')
  t.strictSame(answerOf(await get('/clusters?demand', headers)), { status: 401, type: JSON_TYPE, challenge: challenge(), body: BODIES.required })
  t.equal(denials().length, 2)
})

t.test('a scope that cannot be demanded is a mistake that says so, never an answer', async (t) => {
  const table: ReadonlyArray<readonly [demand: unknown[], message: RegExp]> = [
    [['clusters:raed'], /unknown scope "clusters:raed" \(did you mean "clusters:read"\?\)/],
    [['clusters:read', 'nope'], /unknown scope "nope"/],
    [[['clusters:read', 'nope']], /unknown scope "nope"/],
    [['nodes:drain'], /scope "nodes:drain" is planned/],
    [['clusters:*'], /unknown scope "clusters:\*"/],
    [['*'], /unknown scope "\*"/],
    [['Clusters:read'], /unknown scope "Clusters:read"/],
    [[''], /unknown scope ""/],
    [['__proto__'], /unknown scope "__proto__"/],
    [['constructor'], /unknown scope "constructor"/],
    [[undefined], /scopes must be/],
    [[null], /scopes must be/],
    [[1], /scopes must be/],
    [[[1]], /a scope must be a string/],
    [[{ anyOf: [] }], /at least one alternative/],
    [[{ anyOf: [[]] }], /empty alternative/],
    [[{ allOf: ['clusters:read'] }], /unknown member "allOf"/],
    [[new Set(['clusters:read'])], /scopes must be/]
  ]
  const { get, create, denials } = await wireApp(t, {
    after: app => {
      table.forEach(([demand], i) => {
        for (const method of ['hasScopes', 'requireScopes'] as const) {
          app.get(`/${method}/${i}`, { config: { scopes: [] } }, async request => ({ answer: (request[method] as (...demand: unknown[]) => unknown)(...demand) ?? 'passed' }))
        }
      })
    }
  })
  const headers = bearer(await create('full'))
  for (const [i, [, message]] of table.entries()) {
    for (const method of ['hasScopes', 'requireScopes']) {
      const response = await get(`/${method}/${i}`, headers)
      t.equal(response.statusCode, 500)
      t.match(response.json<{ message: string }>().message, message, method)
    }
  }
  t.strictSame(denials(), [])
})

t.test('a denial that the handler catches leaves no trace', async (t) => {
  const { get, create, denials, lines } = await wireApp(t, {
    after: app => {
      app.get('/caught', { config: { scopes: [] } }, async (request, reply) => {
        try {
          demand(request)
        } catch (error) {
          return { ok: true, soFar: reply.statusCode, code: (error as Denial).code }
        }
        return { ok: false }
      })
    }
  })
  const response = await get('/caught', bearer(await create('clusters:read')))
  t.strictSame(answerOf(response), { status: 200, type: JSON_TYPE, challenge: undefined, body: { ok: true, soFar: 200, code: 'FST_API_KEY_MISSING_SCOPE' } })
  t.strictSame(denials(), [])
  t.strictSame(lines.filter(({ msg }) => /denied|missing/.test(msg ?? '')), [])
})

t.test('the error that requireScopes throws has the members of the denial, and no more', async (t) => {
  let thrown: (Error & Partial<Denial>) | undefined
  const { get, create } = await wireApp(t, { after: app => { app.get('/x', { config: { scopes: [] } }, async request => { try { demand(request) } catch (error) { thrown = error as Error } }) } })
  await get('/x', bearer(await create('clusters:read')))
  t.type(thrown, Error)
  const { statusCode, code, message, requiredScopes, missingScopes, grantedScopes } = thrown!
  const { error: _, ...members } = SCOPED
  t.strictSame({ statusCode, code, message, requiredScopes, missingScopes, grantedScopes }, members)
  t.notOk(JSON.stringify(Object.getOwnPropertyDescriptors(thrown)).includes('digest'))
})

t.test('a denial after the answer was sent changes nothing, and one in an error handler still denies', async (t) => {
  const { app, get, create } = await wireApp(t, {
    after: app => {
      app.get('/sent', { config: { scopes: [] } }, async (request, reply) => {
        await reply.send({ ok: true })
        demand(request)
      })
      app.get('/in-error-handler', { config: { scopes: [] }, errorHandler: (_error: unknown, request: FastifyRequest) => { demand(request) } }, async () => { throw new Error('a bug') })
      app.get('/on-send', { config: { scopes: [] }, onSend: async request => { demand(request) } }, async () => ({ secret: 1 }))
      app.get('/not-found', { config: { scopes: [] } }, (_request, reply) => {
        reply.callNotFound()
        return reply
      })
    }
  })
  const headers = bearer(await create('clusters:read'))
  t.strictSame((await get('/sent', headers)).json(), { ok: true })
  const inHandler = await get('/in-error-handler', headers)
  t.equal(inHandler.statusCode, 403)
  const onSend = await get('/on-send', headers)
  t.equal(onSend.statusCode, 403)
  t.notMatch(onSend.body, 'secret')
  t.equal((await get('/not-found', headers)).statusCode, 404)
  t.equal((await app.inject('/public')).statusCode, 200, 'and the app is still there')
})

t.test('an onSend hook that fails on a denial changes the answer at most, and never ends the process', async (t) => {
  const bug = new Error('onSend failed')
  const hooks: Record<string, (count: number, request: FastifyRequest) => void> = {
    'fails always': () => { throw bug },
    'fails once': count => { if (count === 1) throw bug },
    'fails twice': count => { if (count <= 2) throw bug },
    'demands a scope': (_count, request) => { demand(request) }
  }
  const plugins: ReadonlyArray<Partial<ApiKeyScopesOptions>> = [{}, { formatError: () => ({ mine: true }) }]
  const handlers: ReadonlyArray<(app: FastifyInstance) => void> = [
    () => {},
    app => { app.setErrorHandler((error: Error, _request, reply) => { reply.send({ mine: error.message }) }) },
    app => { app.setErrorHandler(async error => { throw error }) }
  ]
  const { compare, different } = differences()
  for (const [title, hook] of Object.entries(hooks)) {
    for (const plugin of plugins) {
      for (const before of handlers) {
        let urls: string[] = []
        const { app, get, create, seen } = await wireApp(t, {
          plugin,
          before,
          after: app => {
            app.register(async child => {
              const counts = new WeakMap<FastifyRequest, number>()
              child.addHook('onSend', async request => {
                const count = (counts.get(request) ?? 0) + 1
                counts.set(request, count)
                hook(count, request)
              })
              urls = addRefusing(child, '/x')
            })
          }
        })
        const key = await create('clusters:read')
        for (const url of urls) {
          // The hook asks about a request that was not let through, so that it is nobody's.
          const status = title === 'demands a scope' && url === '/x/route' ? 401 : 403
          compare((await get(url, bearer(key))).statusCode, status, `${title}: ${url}`)
        }
        t.equal((await app.inject('/public')).statusCode, 200)
        t.equal(seen.handled, 1)
      }
    }
  }
  t.strictSame(different, [])
})

t.test('the handler of a refused request runs 0 times', async (t) => {
  const { app, seen, store, create } = await wireApp(t, { plugin: { authenticateUser }, fastify: { logger: false } })
  const keys = await Promise.all([[], ['hosts:create'], ['devices:read', 'hosts:enroll'], ['clusters:read']].map(async names => await create(...names)))
  const expired = await plant(store, { scopes: ['full'], expiresAt: new Date(0) })
  const headers: Array<Record<string, string>> = [
    ...keys.map(bearer), bearer(expired), bearer(generateKey(PREFIX)), bearer(withBadChecksum()), { authorization: 'Bearer' }, {}, { cookie: 'session=limited' }, { cookie: 'session=broken' }, bearer('a.b.c')
  ]
  const count = size(10_000, 100_000)
  const statuses = new Map<number, number>()
  for (let i = 0; i < count; i += 100) {
    await Promise.all(Array.from({ length: 100 }, async (_, j) => {
      const [method, url] = ([['POST', '/clusters'], ['POST', '/hosts'], ['GET', '/odd']] as const)[(i + j) % 3]!
      const { statusCode } = await app.inject({ method, url, headers: headers[Math.floor((i + j) / 3) % headers.length]! })
      statuses.set(statusCode, (statuses.get(statusCode) ?? 0) + 1)
    }))
  }
  t.equal(seen.handled, 0)
  t.strictSame([...statuses.keys()].sort(), [400, 401, 403, 503])
  t.equal([...statuses.values()].reduce((sum, n) => sum + n), count)
})

t.test('denials reach a client of a real socket whole, on a connection that stays open', async (t) => {
  const { app, create } = await wireApp(t, { after: app => { addRefusing(app) } })
  const key = await create('clusters:read')
  const client = new RawClient(await listen(app))
  t.teardown(() => { client.end() })
  const answers = await client.exchange(Array.from({ length: 200 }, (_, i) => rawRequest(['/route', '/async', '/sync', '/clusters'][i % 4]!, [`Authorization: Bearer ${key}`])))
  t.strictSame(answers.map(({ status }) => status), Array.from({ length: 200 }, (_, i) => i % 4 === 3 ? 200 : 403))
  t.ok(answers.every(({ status, body }) => body === (status === 200 ? '{"ok":true}' : JSON.stringify(SCOPED))))
})
