import { cpSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import Fastify, { type FastifyBaseLogger, type FastifyInstance, type FastifyRequest } from 'fastify'
import t from 'tap'
import { apiKeyRoutes } from '../../lib/http/key-routes.js'
import apiKeyScopes, { defineScopes, type ApiKeyScopesOptions, type AuditEvent, type DenialLogLevel } from '../../lib/index.js'
import { fingerprintOf } from '../../lib/keys/digest.js'
import { generateKey } from '../../lib/keys/key-format.js'
import { sqliteStore } from '../../lib/stores/sqlite.js'
import { published } from '../keys/published.js'
import { bearer, LEVELS, plant, PREFIX, RawClient, rawRequest, listen, wireApp, withBadChecksum } from './wire-app.js'
import type { LogLine } from './wire-app.js'

const authenticateUser = (request: FastifyRequest) => {
  const id = /session=(\w+)/.exec(request.headers.cookie ?? '')?.[1]
  if (id === 'broken') throw new Error('no sessions today')
  if (id === undefined) return null
  return id === 'limited' ? { id, scopes: [] } : { id }
}

t.test('each denial is one line with who, what and why, and one event on the diagnostics channel', async (t) => {
  const events = published(t)
  const { app, store, create, lines } = await wireApp(t, {
    plugin: { authenticateUser },
    after: app => {
      app.get('/inside/:thing', { config: { scopes: [] } }, async request => { request.requireScopes({ anyOf: ['clusters:write', 'hosts:create'] }) })
      app.get('/public-inside', { config: { public: true } }, async request => { request.requireScopes('clusters:read') })
      app.register(async child => { child.get('/child/*', { config: { scopes: 'clusters:write' } }, async () => 'never') }, { prefix: '/v1' })
    }
  })
  const owned = { ownerId: 'u7', scopes: ['devices:read'] }
  const past = new Date(0)
  const good = await plant(store, { ...owned, id: 'good' })
  const nobodys = await create()
  const expired = await plant(store, { ...owned, id: 'expired', expiresAt: past })
  const revoked = await plant(store, { ...owned, id: 'revoked', revokedAt: past, expiresAt: past })
  const disabled = await plant(store, { ...owned, id: 'disabled', disabledAt: past })
  const corrupt = await plant(store, { ...owned, id: 'corrupt', createdAt: new Date(NaN) })
  const mixed = ['hosts:create', 'devices:read', 'clusters:write']

  type Expected = Partial<AuditEvent>
  const key = (keyId: string | null, more: Expected = {}): Expected => ({ keyId, ownerId: keyId === null ? null : 'u7', ...more })
  const table: ReadonlyArray<readonly [method: string, url: string, headers: Record<string, string>, level: 'info' | 'debug', code: string, reason: string, route: string, rest?: Expected]> = [
    ['GET', '/clusters?a=1', {}, 'debug', 'FST_API_KEY_REQUIRED', 'keyRequired', '/clusters'],
    ['GET', '/clusters', { authorization: 'Basic dTpw' }, 'debug', 'FST_API_KEY_REQUIRED', 'keyRequired', '/clusters'],
    ['GET', '/clusters', { authorization: 'Bearer\t' }, 'debug', 'FST_API_KEY_MALFORMED', 'malformed', '/clusters'],
    ['GET', '/clusters', bearer('skale_x'), 'debug', 'FST_API_KEY_INVALID', 'malformed', '/clusters'],
    ['GET', '/clusters', bearer(withBadChecksum(good)), 'debug', 'FST_API_KEY_INVALID', 'malformed', '/clusters'],
    ['GET', '/clusters', bearer(generateKey(PREFIX)), 'debug', 'FST_API_KEY_INVALID', 'unknown', '/clusters'],
    ['GET', '/clusters', bearer(expired), 'debug', 'FST_API_KEY_INVALID', 'expired', '/clusters', key('expired')],
    ['GET', '/clusters', bearer(revoked), 'debug', 'FST_API_KEY_INVALID', 'revoked', '/clusters', key('revoked')],
    ['GET', '/clusters', bearer(disabled), 'debug', 'FST_API_KEY_INVALID', 'disabled', '/clusters', key('disabled')],
    ['GET', '/clusters', bearer(corrupt), 'debug', 'FST_API_KEY_INVALID', 'corrupt', '/clusters'],
    ['GET', '/clusters', bearer('a.b.c'), 'debug', 'FST_API_KEY_INVALID', 'keyInvalid', '/clusters'],
    ['GET', '/user', bearer('a.b.c'), 'debug', 'FST_USER_SESSION_REQUIRED', 'sessionRequired', '/user'],
    ['GET', '/user', {}, 'debug', 'FST_USER_SESSION_REQUIRED', 'sessionRequired', '/user'],
    ['GET', '/user', { cookie: 'session=broken' }, 'debug', 'FST_USER_SESSION_UNAVAILABLE', 'usersUnavailable', '/user'],
    ['GET', '/user', bearer(good), 'info', 'FST_API_KEY_USER_ONLY', 'userOnly', '/user', key('good')],
    ['GET', '/mixed/42?x', bearer(good), 'info', 'FST_API_KEY_MISSING_SCOPE', 'missingScope', '/mixed/:id', key('good', { requiredScopes: mixed, missingScopes: ['hosts:create', 'clusters:write'] })],
    ['HEAD', '/mixed/42', bearer(good), 'info', 'FST_API_KEY_MISSING_SCOPE', 'missingScope', '/mixed/:id', key('good', { requiredScopes: mixed, missingScopes: ['hosts:create', 'clusters:write'] })],
    ['POST', '/clusters', bearer(nobodys), 'info', 'FST_API_KEY_MISSING_SCOPE', 'missingScope', '/clusters', { keyId: 'any', ownerId: null, requiredScopes: ['clusters:write'], missingScopes: ['clusters:write'] }],
    ['POST', '/clusters', { cookie: 'session=limited' }, 'info', 'FST_API_KEY_MISSING_SCOPE', 'missingScope', '/clusters', { keyId: null, ownerId: 'limited', requiredScopes: ['clusters:write'], missingScopes: ['clusters:write'] }],
    ['GET', '/v1/child/a/b', bearer(good), 'info', 'FST_API_KEY_MISSING_SCOPE', 'missingScope', '/v1/child/*', key('good', { requiredScopes: ['clusters:write'], missingScopes: ['clusters:write'] })],
    ['GET', '/inside/7', bearer(good), 'info', 'FST_API_KEY_MISSING_SCOPE', 'requireScopes', '/inside/:thing', key('good', { requiredScopes: ['clusters:write', 'hosts:create'], missingScopes: ['clusters:write', 'hosts:create'] })],
    ['GET', '/public-inside', bearer(good), 'debug', 'FST_API_KEY_REQUIRED', 'requireScopes', '/public-inside']
  ]
  for (const [method, url, headers, level, code, reason, route, rest = key(null)] of table) {
    lines.length = events.length = 0
    const before = new Date().toISOString()
    await app.inject({ method: method as 'GET', url, headers })
    const written = lines.filter(({ audit }) => audit !== undefined)
    t.equal(written.length, 1, `${method} ${url}: one line`)
    const [line] = written as [LogLine]
    const { id, time, keyId } = line.audit as unknown as AuditEvent
    t.match(id, /^[0-9a-f-]{36}$/)
    t.ok(time >= before && time <= new Date().toISOString(), 'when it was')
    if (rest.keyId === 'any') t.match(keyId, /^[0-9a-f-]{36}$/)
    const { ownerId } = rest
    const actor = level === 'debug' ? { type: 'nobody' } : rest.keyId === null ? { type: 'user', id: ownerId } : { type: 'apiKey', id: keyId, ownerId }
    const expected = { version: 1, id, time, outcome: 'denied', action: 'request', actor, requestId: line.reqId, method, route, ...rest, code, reason, ...rest.keyId === 'any' && { keyId } }
    t.same(line.audit, expected)
    t.same(events, [expected], 'and one event')
    t.strictSame(Object.keys(line.audit!).sort(), Object.keys(expected).sort())
    t.equal(line.level, LEVELS[level])
    t.equal(line.msg, 'request denied')
  }
  lines.length = events.length = 0
  await app.inject({ url: '/devices', headers: bearer(good) })
  await app.inject('/public')
  await app.inject('/no/route')
  t.strictSame([lines.filter(({ audit }) => audit !== undefined), events], [[], []], 'what is allowed, public or nowhere is no denial')
})

t.test('a guarded not-found handler has no route to name', async (t) => {
  const { get, create, denials } = await wireApp(t, { plugin: { notFound: { scopes: 'clusters:write' } } })
  await get('/no/such/route', bearer(await create()))
  t.match(denials(), [{ route: null, code: 'FST_API_KEY_MISSING_SCOPE', level: LEVELS.info }])
})

t.test('denialLogLevel is the level for strangers; the verified are at info', async (t) => {
  for (const denialLogLevel of ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] satisfies DenialLogLevel[]) {
    const events = published(t)
    const { get, create, denials } = await wireApp(t, { plugin: { denialLogLevel } })
    await get('/clusters')
    await get('/clusters', { authorization: 'Bearer' })
    await get('/clusters', bearer('skale_x'))
    await get('/clusters', bearer(generateKey(PREFIX)))
    const level = denialLogLevel === 'silent' ? undefined : LEVELS[denialLogLevel]
    t.strictSame(denials().map(denial => denial.level), level === undefined ? [] : [level, level, level, level], denialLogLevel)
    await get('/clusters', bearer(await create()))
    t.equal(denials().at(-1)!.level, LEVELS.info)
    t.equal(events.length, 6, 'the channel hears of all, and of the key that was made')
  }
})

t.test('a logger of the app\'s own need have no more methods than Fastify asks for', async (t) => {
  const lines: unknown[] = []
  const write = (...args: unknown[]) => { lines.push(args) }
  const loggerInstance = { level: 'trace', info: write, error: write, debug: write, fatal: write, warn: write, trace: write, child: () => loggerInstance } as unknown as FastifyBaseLogger
  for (const denialLogLevel of ['silent', 'warn'] satisfies DenialLogLevel[]) {
    const { logger: _, ...fastify } = { logger: undefined, loggerInstance, disableRequestLogging: true }
    const { get, create } = await wireApp(t, { plugin: { denialLogLevel }, fastify: fastify as never, app: (await import('fastify')).default(fastify) as never })
    const key = await create()
    lines.length = 0
    t.equal((await get('/clusters')).statusCode, 401)
    t.equal((await get('/clusters', bearer(key))).statusCode, 403)
    t.equal(lines.length, denialLogLevel === 'silent' ? 1 : 2)
  }
  for (const denialLogLevel of ['silent', 'debug'] satisfies DenialLogLevel[]) {
    const { get, create } = await wireApp(t, { plugin: { denialLogLevel }, fastify: { logger: false } })
    t.equal((await get('/clusters')).statusCode, 401)
    t.equal((await get('/clusters', bearer(await create()))).statusCode, 403, 'nor any at all')
  }
})

t.test('it is the logger of the request that has a level: that of its route, of its child, or one that changes', async (t) => {
  const { app, get, create, denials } = await wireApp(t, {
    plugin: { denialLogLevel: 'debug' },
    after: app => {
      const config = { scopes: 'clusters:read' } as const
      app.get('/quiet', { config, logLevel: 'warn' }, async () => 'ok')
      app.get('/silent', { config, logLevel: 'silent' }, async () => 'ok')
      app.get('/child', { config, childLoggerFactory: (logger, bindings) => logger.child(bindings, { level: 'info' }) }, async () => 'ok')
    }
  })
  const key = bearer(await create())
  const levels = async (url: string) => {
    const before = denials().length
    await get(url)
    await get(url, key)
    return denials().slice(before).map(({ level }) => level)
  }
  t.strictSame(await levels('/clusters'), [LEVELS.debug, LEVELS.info])
  t.strictSame(await levels('/child'), [LEVELS.info])
  t.strictSame([await levels('/quiet'), await levels('/silent')], [[], []])
  app.log.level = 'warn'
  t.strictSame([await levels('/clusters'), await levels('/child')], [[], [LEVELS.info]])
  app.log.level = 'trace'
  t.strictSame(await levels('/clusters'), [LEVELS.debug, LEVELS.info])
})

t.test('1,000 requests of strangers leave nothing in the log at info or above', async (t) => {
  const { app, store, lines, seen } = await wireApp(t, { plugin: { authenticateUser, apiKeyHeader: 'x-api-key' }, fastify: { disableRequestLogging: true }, after: app => { app.get('/public-inside', { config: { public: true } }, async request => { request.requireScopes('clusters:read') }) } })
  const dead = await plant(store, { revokedAt: new Date(0), scopes: ['full'] })
  lines.length = 0
  const client = new RawClient(await listen(app))
  t.teardown(() => { client.end() })
  const from = lines.length
  const credentials = [
    [], ['Authorization: Bearer'], ['Authorization: Bearer\t'], ['Authorization: Basic x'], ['Authorization: Bearer \x80'], ['Authorization: Bearer skale_'], ['X-Api-Key: a b'], ['X-Api-Key: x', 'Authorization: Bearer x'],
    [`Authorization: Bearer ${withBadChecksum()}`], ['Authorization: Bearer a.b.c'], [`Authorization: Bearer ${dead}`], [`X-Api-Key: ${dead}`], ['Cookie: session='], [`Authorization: Bearer ${generateKey(PREFIX)}`]
  ]
  const urls = ['/clusters', '/user', '/any-key', '/mixed/1', '/devices', '/public-inside']
  for (let i = 0; i < 1000; i += 50) {
    const answers = await client.exchange(Array.from({ length: 50 }, (_, j) => rawRequest(urls[(i + j) % urls.length]!, credentials[Math.floor((i + j) / urls.length) % credentials.length]!)))
    t.strictSame(answers.filter(({ status }) => status !== 400 && status !== 401), [])
  }
  t.strictSame(lines.slice(from).filter(({ level }) => level >= LEVELS.info), [])
  t.equal(lines.filter(({ audit }) => audit !== undefined).length, 1000)
  t.equal(seen.handled, 0)
})

t.test('names that a client or an owner chooses cannot forge a line', async (t) => {
  const raw: string[] = []
  const { app, create } = await wireApp(t, { plugin: { authenticateUser: request => ({ id: decodeURIComponent(String(request.headers['x-user'])), scopes: [] }) }, fastify: { logger: { level: 'trace', stream: { write (line: string) { raw.push(line) } } } } })
  await app.inject({ method: 'POST', url: '/clusters', headers: { 'x-user': encodeURIComponent('u1\n{"level":50,"msg":"forged"}\r\u001B[2J') } })
  await app.inject({ url: '/clusters%0A%7B%22forged%22:1%7D', headers: bearer(await create()) })
  t.ok(raw.every(line => line.endsWith('}\n') && !['\r', '\n', '\u001B'].some(character => line.slice(0, -1).includes(character))))
  t.notOk(raw.some(line => (JSON.parse(line) as LogLine).msg === 'forged'))
})

t.test('of a scope that the catalog does not have, or not yet, there is one warning, with the key that first came with it', async (t) => {
  const { app, get, store, lines } = await wireApp(t, { plugin: { maxStaleness: 0, authenticateUser: ({ headers }) => headers.cookie === undefined ? null : { id: 'u1', scopes: ['gone from sessions'] } } })
  const warnings = () => lines.filter(({ level }) => level === LEVELS.warn).map(({ keyId, scopes, msg }) => ({ keyId, scopes, msg }))
  const msg = 'an API key was granted scopes that the catalog does not have, or not yet; they grant nothing'
  const first = await plant(store, { id: 'first', scopes: ['clusters:read', 'gone', 'nodes:drain'] })
  const second = await plant(store, { id: 'second', scopes: ['gone', '*', 'clusters:*'] })
  t.equal((await get('/clusters', { cookie: 'session' })).statusCode, 403)
  t.strictSame(warnings(), [], 'what a session lacks is not the store\'s trouble')
  await app.apiKeys.get('first')
  await app.apiKeys.list()
  t.strictSame(warnings(), [], 'nor is a key that nobody uses')
  for (let i = 0; i < 3; i++) {
    t.equal((await get('/clusters', bearer(first))).statusCode, 200, 'the others still grant what they granted')
    t.equal((await get('/clusters', bearer(second))).statusCode, 403)
    await app.apiKeys.verify(second)
  }
  t.strictSame(warnings(), [{ keyId: 'first', scopes: ['gone', 'nodes:drain'], msg }, { keyId: 'second', scopes: ['*', 'clusters:*'], msg }])
})

/** Every form in which a secret may hide in a text. */
function formsOf (secret: string): Array<readonly [form: string, text: string]> {
  const bytes = Buffer.from(secret)
  const rotated = [0, 1, 2].flatMap(offset => {
    // base64 of something around it: what is the same whatever stands before and behind.
    const text = Buffer.concat([Buffer.alloc(offset), bytes]).toString('base64').replace(/=+$/, '')
    return [['base64', text.slice(offset === 0 ? 0 : offset + 1, -2)], ['base64url', text.slice(offset === 0 ? 0 : offset + 1, -2).replaceAll('+', '-').replaceAll('/', '_')]] as const
  })
  const percent = [...bytes].map(byte => `%${byte.toString(16)}`).join('')
  return [
    ['plain', secret],
    ...rotated,
    ['hex', bytes.toString('hex')],
    ['HEX', bytes.toString('hex').toUpperCase()],
    ['URL-encoded', encodeURIComponent(secret)],
    ['all of it URL-encoded', percent],
    ['ALL OF IT URL-ENCODED', percent.toUpperCase()],
    ['as bytes', [...bytes].join(',')],
    ['backwards', [...secret].reverse().join('')]
  ]
}

const BLOCK = 16

/**
 * Which of many texts stand in a long one, in one pass over it: wherever one of them stands, it covers a whole block of
 * the long text.
 */
function foundIn (text: string, wanted: readonly string[]): string[] {
  const holders = new Map<string, string[]>()
  for (const one of wanted) {
    if (one.length < 2 * BLOCK - 1) throw new Error(`${one} is too short to be looked for`)
    // A block begins at one of these places of it.
    for (let at = 0; at < BLOCK; at++) {
      const block = one.slice(at, at + BLOCK)
      holders.set(block, [...holders.get(block) ?? [], one])
    }
  }
  const suspects = new Set<string>()
  for (let at = 0; at < text.length; at += BLOCK) holders.get(text.slice(at, at + BLOCK))?.forEach(one => suspects.add(one))
  return [...suspects].filter(one => text.includes(one))
}

t.test('a key appears in no log line, no error body, no event and no principal, in no form', async (t) => {
  const events = published(t)
  const out: string[] = []
  const plugins: ReadonlyArray<Partial<ApiKeyScopesOptions>> = [
    {},
    { formatError: (denial, request) => ({ detail: denial.message, principal: request.principal }) },
    { formatError: () => { throw new Error('formatError failed') } },
    { pepper: 'a pepper of at least thirty-two bytes', allowUnpeppered: true },
    { denialLogLevel: 'error', revealGranted: false, realm: 'r' },
    { audit: { sink: event => { out.push(JSON.stringify(event)) }, decisions: 'all', required: true } },
    { foreignKeys: [{ match: /.{10,80}/ }], ownerScopes: () => ['full'], grantable: () => ['full'] }
  ]
  const secrets = new Map<string, string>()
  for (const plugin of plugins) {
    const lines: string[] = []
    let fails = false
    const { app, store, create } = await wireApp(t, {
      plugin: { authenticateUser, apiKeyHeader: 'x-api-key', ...plugin },
      fastify: { logger: { level: 'trace', stream: { write (line: string) { lines.push(line) } } } },
      after: async (app: FastifyInstance) => {
        app.get('/me', { config: { scopes: [] } }, async request => {
          request.log.info({ principal: request.principal }, 'hello')
          return request.principal
        })
        app.get('/bug', { config: { scopes: [] } }, async request => { throw Object.assign(new Error('a bug'), { principal: request.principal }) })
        app.get('/inside', { config: { scopes: [] } }, async request => { request.requireScopes('hosts:create') })
        app.get('/own-handler', { config: { scopes: 'hosts:create' }, errorHandler: (error, request, reply) => { reply.send({ ...error, message: error.message, stack: error.stack, principal: request.principal }) } }, async () => 'never')
        app.get('/invalid', { config: { scopes: [] }, schema: { querystring: { type: 'object', required: ['a'] } } }, async () => 'never')
        await app.register(apiKeyRoutes)
      }
    })
    store.before = async () => { if (fails) throw new Error('the store is down') }
    const past = new Date(0)
    const asOwner = { cookie: 'session=u1' }
    const made = await app.inject({ method: 'POST', url: '/api-keys', headers: asOwner, payload: { name: 'canary' } })
    const { id } = made.json<{ record: { id: string } }>().record
    const rotated = await app.inject({ method: 'POST', url: `/api-keys/${id}/rotate`, headers: asOwner })
    const keys = {
      valid: await create('clusters:read'),
      'made by its owner': made.json<{ key: string }>().key,
      'rotated by its owner': rotated.json<{ key: string }>().key,
      invalid: withBadChecksum(),
      'too long': `${generateKey(PREFIX)}AAAA`,
      unknown: generateKey(PREFIX),
      revoked: await plant(store, { scopes: ['full'], revokedAt: past }),
      expired: await plant(store, { scopes: ['full'], expiresAt: past }),
      corrupt: await plant(store, { scopes: ['full'], createdAt: new Date(NaN) }),
      'of another app': generateKey('other')
    }
    for (const [title, key] of Object.entries(keys)) {
      const secret = key.slice(key.indexOf('_') + 1)
      secrets.set(secret, title)
      secrets.set(fingerprintOf(key), `the digest of ${title}`)
      const ways: Array<Record<string, string>> = [bearer(key), { 'x-api-key': key }, { authorization: `Basic ${key}` }, { authorization: `Bearer ${key} ${key}` }, { ...bearer(key), 'x-api-key': key }, { ...bearer(key), cookie: 'session=u1' }]
      const urls = ['/clusters', '/any-key', '/user', '/public', '/me', '/bug', '/inside', '/own-handler', '/invalid', '/odd', '/mixed/1', '/nowhere', '/api-keys', '/api-keys/current', '/api-keys/scopes', `/api-keys/${id}`, `/api-keys/${id}/rotate`, `/api-keys/${id}/usage`]
      for (const headers of ways) {
        for (const url of urls) {
          for (const method of url.startsWith('/api-keys') ? ['GET', 'POST', 'PATCH', 'DELETE'] as const : ['GET', 'POST'] as const) {
            const { body, headers: answered } = await app.inject({ method, url, headers })
            out.push(body, JSON.stringify(answered))
          }
        }
      }
      out.push((await app.inject({ method: 'DELETE', url: '/api-keys/unknown', headers: { cookie: 'session=u1', ...bearer(key) } })).body)
      out.push((await app.inject({ method: 'POST', url: '/api-keys', headers: asOwner, payload: { name: 'x', key, scopes: [] } })).body)
      for (const [method, url, payload] of [
        ['PATCH', `/api-keys/${id}`, { name: 'renamed' }], ['PATCH', `/api-keys/${id}`, { name: 'x', key }], ['POST', `/api-keys/${id}/rotate`, { key }],
        ['GET', `/api-keys/${id}/usage`], ['GET', '/api-keys?state=active'], ['GET', '/api-keys/current'], ['DELETE', `/api-keys/${id}?reason=over`]
      ] as const) out.push((await app.inject({ method, url, headers: asOwner, ...payload !== undefined && { payload } })).body)
      for (const entry of [{ name: 'k', digest: key }, { name: 'k', digest: 'd', start: key }]) {
        await app.apiKeys.import([{ scopes: [], ...entry }]).catch((error: Error) => { out.push(JSON.stringify(error) + String(error.stack)) })
      }
      fails = true
      out.push((await app.inject({ url: '/clusters', headers: bearer(key) })).body)
      fails = false
      await app.apiKeys.verify(key).catch((error: Error) => { out.push(JSON.stringify(error) + String(error.stack)) })
    }
    out.push(...lines)
    t.ok(lines.length > 1000)
  }
  out.push(JSON.stringify(events))
  const text = out.join('\n')
  t.ok(text.length > 1_000_000, 'there was something to look at')
  const titles = new Map([...secrets].flatMap(([secret, title]) => formsOf(secret).map(([form, written]) => [written, `${title}, ${form}`])))
  t.strictSame(foundIn(text, [...titles.keys()]).map(written => titles.get(written)), [])
  // That the search would find one:
  const [secret] = secrets.keys()
  const around = text.slice(0, 10_003)
  for (const [form, written] of formsOf(secret!)) t.strictSame(foundIn(around + written + around, [...titles.keys()]), [written], form)
  const hex = Buffer.from(secret!).toString('hex')
  for (const [form, hidden] of [['base64', Buffer.from(`Bearer ${secret}`).toString('base64')], ['hex', hex], ['plain', `<${secret}>`]] as const) {
    t.ok(foundIn(hidden, formsOf(secret!).filter(([name]) => name === form).map(([, written]) => written)).length > 0, form)
  }
})

t.test('a key appears in no file of the SQLite store, and a stolen file verifies nothing without its pepper', async (t) => {
  const folder = t.testdir()
  const catalog = defineScopes({ full: { includes: '*' } })
  const open = async (file: string, options: Partial<ApiKeyScopesOptions>) => {
    const app = Fastify()
    await app.register(apiKeyScopes, { scopes: catalog, store: sqliteStore(join(folder, file)), keyPrefix: PREFIX, ...options })
    app.get('/', { config: { scopes: 'full' } }, async () => 'in')
    await app.ready()
    return app
  }
  const statusOf = async (app: FastifyInstance, key: string) => (await app.inject({ url: '/', headers: bearer(key) })).statusCode

  const pepper = 'a pepper of at least thirty-two bytes'
  const app = await open('keys.db', { pepper })
  const keys: string[] = []
  for (let i = 0; i < 20; i++) {
    const { key, record } = await app.apiKeys.create({ name: `key ${i}`, scopes: ['full'], metadata: { i } })
    keys.push(key)
    t.equal(await statusOf(app, key), 200)
    if (i % 2 === 1) await app.apiKeys.revoke(record.id)
  }
  const files = () => readdirSync(folder).map(file => readFileSync(join(folder, file), 'latin1'))
  const look = (when: string) => {
    const text = files().join('\n')
    t.ok(text.includes('key 19'), `${when}: there is something to look at`)
    for (const key of keys) {
      const secrets = [key.slice(PREFIX.length + 1), fingerprintOf(key)]
      t.strictSame(secrets.flatMap(formsOf).filter(([, written]) => text.includes(written)), [], when)
    }
    t.notOk(text.includes(pepper))
  }
  look('while it is open, with what is in the log of the database')
  cpSync(join(folder, 'keys.db'), join(folder, 'stolen.db'))
  cpSync(join(folder, 'keys.db-wal'), join(folder, 'stolen.db-wal'))
  for (const options of [{}, { pepper: 'another pepper of thirty-two bytes' }, { pepper: 'another pepper of thirty-two bytes', allowUnpeppered: true }]) {
    const thief = await open('stolen.db', options)
    t.equal((await thief.apiKeys.list()).records.length, 20, 'the records are there')
    for (const key of keys) t.equal(await statusOf(thief, key), 401)
    await thief.close()
  }
  await app.close()
  look('after it was closed')
})
