import { createServer } from 'node:http'
import { once } from 'node:events'
import { type AddressInfo } from 'node:net'
import type { FastifyRequest } from 'fastify'
import t from 'tap'
import { memoryStore, type AuditEvent } from '../../lib/index.js'
import { published } from '../keys/published.js'
import { bearer, LEVELS, plant, wireApp } from './wire-app.js'

const authenticateUser = ({ headers }: FastifyRequest) => headers['x-user'] === undefined ? null : { id: String(headers['x-user']) }

t.test('each change of a key is one line at info, and one event', async (t) => {
  const heard = published(t)
  const { app, lines } = await wireApp(t)
  const { record } = await app.apiKeys.create({ name: 'k', ownerId: 'u1', scopes: ['clusters:read'] }, { actor: 'seed' })
  await app.apiKeys.update(record.id, { disabled: true })
  await app.apiKeys.update(record.id, { disabled: false })
  const next = await app.apiKeys.rotate(record.id)
  await app.apiKeys.revoke(next!.record.id, { reason: 'over' })
  await app.apiKeys.revokeOwner('u1')
  await app.apiKeys.purge({ olderThan: 'P1D' })
  await t.rejects(app.apiKeys.create({ name: 'k', scopes: ['full'] }, { as: { id: 'u1', scopes: [] } }))
  const written = lines.filter(({ audit }) => audit !== undefined)
  t.strictSame(written.map(({ level, msg }) => [level, msg]), [
    'API key created', 'API key updated', 'API key updated', 'API key rotated', 'API key revoked', 'API keys of an owner revoked', 'API key revoked', 'API keys purged', 'create denied'
  ].map(msg => [LEVELS.info, msg]))
  t.same(written.map(({ audit }) => audit), heard)
  t.match(written[0]!.audit, { version: 1, action: 'create', outcome: 'done', actor: { type: 'code', id: 'seed' }, keyId: record.id, scopes: ['clusters:read'] })
})

t.test('with decisions: all there is one event for each decision', async (t) => {
  const taken: AuditEvent[] = []
  const { app, create, seen } = await wireApp(t, {
    plugin: { authenticateUser, audit: { sink: event => { taken.push(event) }, decisions: 'all' } },
    after: app => {
      app.post('/when', { config: { scopes: 'clusters:read', scopesWhen: [{ when: ({ body }) => (body as { deep?: boolean }).deep === true, scopes: 'clusters:write' }] } }, async () => 'ok')
    }
  })
  const key = await create('clusters:read')
  const record = (await app.apiKeys.list()).records[0]!
  const byKey = { actor: { type: 'apiKey', id: record.id, ownerId: null }, keyId: record.id }
  const byUser = { actor: { type: 'user', id: 'u1' }, keyId: null, ownerId: 'u1' }
  const table: ReadonlyArray<readonly [method: string, url: string, headers: Record<string, string>, body: object | undefined, ...expected: Array<Partial<AuditEvent>>]> = [
    ['GET', '/clusters?secret=1', bearer(key), undefined, { outcome: 'allowed', ...byKey, route: '/clusters', reason: null } as Partial<AuditEvent>],
    ['POST', '/clusters', bearer(key), undefined, { outcome: 'denied', ...byKey, code: 'FST_API_KEY_MISSING_SCOPE' } as Partial<AuditEvent>],
    ['GET', '/user', { 'x-user': 'u1' }, undefined, { outcome: 'allowed', ...byUser, route: '/user' } as Partial<AuditEvent>],
    ['POST', '/when', bearer(key), {}, { outcome: 'allowed', ...byKey, route: '/when' } as Partial<AuditEvent>],
    ['POST', '/when', bearer(key), { deep: true }, { outcome: 'denied', ...byKey, missingScopes: ['clusters:write'] } as Partial<AuditEvent>],
    ['GET', '/clusters', {}, undefined, { outcome: 'denied', actor: { type: 'nobody' }, keyId: null }],
    ['GET', '/public', bearer(key), undefined],
    ['GET', '/none', bearer(key), undefined]
  ]
  for (const [method, url, headers, body, ...expected] of table) {
    taken.length = 0
    await app.inject({ method: method as 'GET', url, headers, ...body !== undefined && { payload: body } })
    t.equal(taken.length, expected.length, `${method} ${url}`)
    t.match(taken, expected)
    for (const event of taken) t.notMatch(JSON.stringify(event), /secret/)
  }
  t.ok(seen.handled > 0)
})

t.test('of what is allowed nothing is told unless it is asked for', async (t) => {
  const heard = published(t)
  const { get, create, lines } = await wireApp(t)
  const key = await create('clusters:read')
  heard.length = lines.length = 0
  t.equal((await get('/clusters', bearer(key))).statusCode, 200)
  t.strictSame([heard, lines.filter(({ audit }) => audit !== undefined)], [[], []])
})

t.test('a sink may be another process: what it does not take is said once a second, with how often', async (t) => {
  const received: AuditEvent[] = []
  let status = 204
  const server = createServer((request, response) => {
    const parts: Buffer[] = []
    request.on('data', part => { parts.push(part as Buffer) })
    request.on('end', () => {
      if (status === 204) received.push(JSON.parse(String(Buffer.concat(parts))) as AuditEvent)
      response.writeHead(status).end()
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => { server.closeAllConnections(); server.close() })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const { app, lines, store } = await wireApp(t, {
    plugin: {
      audit: {
        required: true,
        async sink (event) {
          const { ok } = await fetch(url, { method: 'POST', body: JSON.stringify(event) })
          if (!ok) throw new Error('not taken')
        }
      }
    }
  })
  const { record } = await app.apiKeys.create({ name: 'k', scopes: [] })
  t.match(received, [{ action: 'create', keyId: record.id }])
  status = 500
  for (let i = 0; i < 5; i++) await t.rejects(app.apiKeys.revoke(record.id), { code: 'FST_API_KEY_AUDIT_UNAVAILABLE' })
  server.closeAllConnections()
  server.close()
  await t.rejects(app.apiKeys.revoke(record.id), { code: 'FST_API_KEY_AUDIT_UNAVAILABLE' })
  t.equal((await store.get(record.id))!.revokedAt, null)
  t.match(lines.filter(({ level }) => level === LEVELS.error), [{ msg: 'the audit sink did not take an event', failuresNotLogged: 0 }])
  t.equal(lines.filter(({ level }) => level === LEVELS.error).length, 1)
})

t.test('a failing sink does not fail requests', async (t) => {
  for (const sink of [() => { throw new Error('sink') }, async () => { throw new Error('sink') }]) {
    const { get, create } = await wireApp(t, { plugin: { audit: { sink, decisions: 'all' } } })
    const key = await create('clusters:read')
    t.equal((await get('/clusters', bearer(key))).statusCode, 200)
    t.equal((await get('/clusters')).statusCode, 401)
  }
})

t.test('with ownerScopes a request needs what the owner may do, too', async (t) => {
  const rights: Record<string, string[] | null> = { u1: ['clusters:read'] }
  let fails = false
  const { get, app, store, denials, lines } = await wireApp(t, {
    plugin: {
      maxStaleness: 0,
      ownerScopes (ownerId) {
        if (fails) throw new Error('directory is down')
        return rights[ownerId] ?? null
      }
    }
  })
  const key = await plant(store, { ownerId: 'u1', scopes: ['full'] })
  t.equal((await get('/clusters', bearer(key))).statusCode, 200)
  const denied = await app.inject({ method: 'POST', url: '/clusters', headers: bearer(key) })
  t.match(denied.json(), { statusCode: 403, message: 'API key missing required scope: clusters:write', grantedScopes: ['clusters:read'] })
  rights.u1 = null
  t.match((await get('/clusters', bearer(key))).json(), { statusCode: 401, code: 'FST_API_KEY_INVALID', message: 'Invalid API key' })
  t.equal(denials().at(-1)!.reason, 'ownerless')
  fails = true
  const unavailable = await get('/clusters', bearer(key))
  t.match(unavailable.json(), { statusCode: 503, code: 'FST_API_KEY_STORE_UNAVAILABLE' })
  t.notMatch(unavailable.body, /directory/)
  t.match(lines.find(({ level }) => level === LEVELS.error), { err: { message: /ownerScopes failed/ } })
})

t.test('a route lets keys mint keys by passing the principal on, never beyond the key\'s own grant', async (t) => {
  const { app, store } = await wireApp(t, {
    after: app => {
      app.post('/mint', { config: { scopes: 'clusters:read' } }, async request => {
        const { name, scopes } = request.body as { name: string, scopes: string[] }
        return await app.apiKeys.create({ name, scopes: scopes as never }, { as: request.principal!, request })
      })
      app.post('/mint-for-all', { config: { public: true } }, async request => await app.apiKeys.create({ name: 'k', scopes: ['full'] }, { as: request.principal! }))
    }
  })
  const key = await plant(store, { ownerId: 'u1', scopes: ['clusters:read'] })
  const mint = async (scopes: string[], url = '/mint') => await app.inject({ method: 'POST', url, headers: bearer(key), payload: { name: 'child', scopes } })
  t.match((await mint(['clusters:read'])).json(), { record: { ownerId: 'u1', scopes: ['clusters:read'] } })
  t.match((await mint(['clusters:write'])).json(), { statusCode: 403, code: 'FST_API_KEY_BEYOND_GRANT' })
  t.equal((await mint(['full'], '/mint-for-all')).statusCode, 400, 'the principal of a public route is nobody, who is not trusted')
  t.equal((await store.list({ limit: 10 })).length, 2)
})

t.test('options that cannot be right keep the app from starting', async (t) => {
  const store = memoryStore()
  const table: ReadonlyArray<readonly [plugin: object, message: RegExp]> = [
    [{ audit: 'yes' }, /audit must be a function that takes events, or { sink, required\?, decisions\? }, where required needs a sink and decisions is 'denied' or 'all', not "yes"/],
    [{ audit: { required: true } }, /audit must be/],
    [{ audit: { sink: 'x' } }, /audit must be/],
    [{ audit: { sink () {}, required: 'yes' } }, /audit must be/],
    [{ audit: { decisions: 'allowed' } }, /audit must be/],
    [{ audit: { sink () {}, sinks: 1 } }, /audit must be/],
    [{ audit: null }, /audit must be/],
    [{ usage: true }, /usage must be false, or { flushInterval } with a number of milliseconds from 100 to 3600000, not true/],
    [{ usage: { flushInterval: 99 } }, /usage must be/],
    [{ usage: { flushInterval: '1000' } }, /usage must be/],
    [{ usage: { interval: 1000 } }, /usage must be/],
    [{ maxKeyLifetime: 'P90D' }, /maxKeyLifetime must be a whole number of milliseconds from 1, not "P90D"/],
    [{ maxKeyLifetime: 0 }, /maxKeyLifetime must be/],
    [{ maxKeyLifetime: Infinity }, /maxKeyLifetime must be/],
    [{ grantable: ['full'] }, /grantable must be a function, not \["full"\]/],
    [{ ownerScopes: true }, /ownerScopes must be a function, not true/],
    [{ foreignKeys: /x/ }, /foreignKeys must be a list of { match: RegExp, digest\?: \(key\) => string }/],
    [{ foreignKeys: [{ match: 'x' }] }, /foreignKeys must be/],
    [{ foreignKeys: ['x'] }, /foreignKeys must be/],
    [{ foreignKeys: [{ match: /x/, digest: 'sha256' }] }, /foreignKeys must be/],
    [{ foreignKeys: [{ match: /x/, hash () {} }] }, /foreignKeys must be/],
    [{ grantables () {} }, /unknown option "grantables" \(did you mean "grantable"\?\)/]
  ]
  for (const [plugin, message] of table) await t.rejects(wireApp(t, { plugin: { store, ...plugin } }), { code: 'FST_API_KEY_BAD_OPTIONS', message })
  for (const plugin of [{ audit () {} }, { audit: {} }, { usage: false }, { usage: {} }, { usage: { flushInterval: 100 } }, { maxKeyLifetime: 1 }, { foreignKeys: [] }]) t.ok(await wireApp(t, { plugin: plugin as object }))
})
