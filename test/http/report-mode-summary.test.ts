// app.apiKeys.reported(): what would have been denied, by caller, route and scope.
import fc from 'fast-check'
import type { FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import { defineScopes, type ReportedQuery } from '../../lib/index.js'
import { bearer, wireApp, type WireOptions } from './wire-app.js'

const catalog = defineScopes({
  full: { includes: '*' },
  'apps:read': '',
  'apps:write': { includes: 'apps:read' },
  'apps:scale': { requires: 'hosts:read' },
  'hosts:read': '',
  'hosts:write': { includes: 'hosts:read' },
  'hosts:see': { status: 'deprecated', replacedBy: 'hosts:read' }
})

const plugin = { authenticateUser: ({ headers }: { headers: Record<string, unknown> }) => headers['x-user'] === undefined ? null : { id: String(headers['x-user']), scopes: [] } }

const reporting = async (t: Test, after: (app: FastifyInstance) => unknown, plugin: WireOptions['plugin'] = {}) =>
  await wireApp(t, { bare: true, after, plugin: { mode: 'report', scopes: catalog, ...plugin } })

const routes = (app: FastifyInstance) => {
  const handler = async () => 'ok'
  app.get('/apps', { config: { scopes: 'apps:read' } }, handler)
  app.post('/apps', { config: { scopes: ['apps:write', 'hosts:read'] } }, handler)
  app.post('/scale', { config: { scopes: 'apps:scale' } }, handler)
  app.get('/hosts', { config: { scopes: { anyOf: ['apps:write', 'hosts:read'] } } }, handler)
  app.get('/hosts/:id', { config: { scopes: ['apps:write', 'hosts:read'] } }, handler)
  app.get('/me', { config: { userOnly: true } }, handler)
  app.post('/when', { config: { scopes: [], scopesWhen: [{ when: () => true, scopes: 'apps:write' }, { when: () => true, scopes: { anyOf: ['hosts:write', 'hosts:read'] } }] } }, handler)
  app.get('/asks', { config: { scopes: [] } }, async request => { request.requireScopes('apps:write', 'hosts:read'); request.requireScopes({ anyOf: ['apps:write', 'hosts:read'] }) })
}

t.test('the summary tells by caller what was missing where, how often, and when', async t => {
  const before = new Date()
  const { app } = await reporting(t, routes, plugin)
  const a = await app.apiKeys.create({ name: 'secret name', ownerId: 'u1', scopes: ['apps:read'] })
  const b = await app.apiKeys.create({ name: 'b', scopes: [] })
  const send = async (method: 'GET' | 'POST', url: string, headers: Record<string, string>, times = 1) => {
    for (let i = 0; i < times; i++) t.equal((await app.inject({ method, url, headers })).statusCode, 200)
  }
  await send('GET', '/apps', bearer(a.key))
  await send('POST', '/apps', bearer(a.key), 2)
  await send('GET', '/hosts/7', bearer(a.key))
  await send('GET', '/hosts/8', bearer(a.key))
  await send('GET', '/me', bearer(a.key), 3)
  await send('GET', '/apps', bearer(b.key), 4)
  await send('GET', '/apps', { 'x-user': 'u1' })

  const summary = app.apiKeys.reported()
  t.match(summary, { since: Date, count: 12, unlisted: 0 })
  t.same(summary.callers.map(({ actor, count, scopesToAdd }) => ({ actor, count, scopesToAdd })), [
    { actor: { type: 'apiKey', id: a.record.id, ownerId: 'u1' }, count: 7, scopesToAdd: ['apps:write', 'hosts:read'] },
    { actor: { type: 'apiKey', id: b.record.id, ownerId: null }, count: 4, scopesToAdd: ['apps:read'] },
    { actor: { type: 'user', id: 'u1' }, count: 1, scopesToAdd: ['apps:read'] }
  ])
  const [{ denials }] = summary.callers as [typeof summary.callers[number]]
  t.same(denials.map(({ firstAt, lastAt, ...rest }) => rest), [
    { method: 'GET', route: '/me', code: 'FST_API_KEY_USER_ONLY', message: 'This endpoint requires a user session and does not accept API keys', missingScopes: [], count: 3 },
    { method: 'POST', route: '/apps', code: 'FST_API_KEY_MISSING_SCOPE', message: 'API key missing required scopes: apps:write, hosts:read', missingScopes: ['apps:write', 'hosts:read'], count: 2 },
    { method: 'GET', route: '/hosts/:id', code: 'FST_API_KEY_MISSING_SCOPE', message: 'API key missing required scopes: apps:write, hosts:read', missingScopes: ['apps:write', 'hosts:read'], count: 2 }
  ])
  for (const { firstAt, lastAt } of denials) t.ok(before <= summary.since && summary.since <= firstAt && firstAt <= lastAt && lastAt <= new Date())
  t.notMatch(JSON.stringify(summary), /secret name/)
  t.notOk(JSON.stringify(summary).includes(a.key))

  const table: ReadonlyArray<readonly [query: ReportedQuery | undefined, ...ids: string[]]> = [
    [undefined, a.record.id, b.record.id, 'u1'],
    [{}, a.record.id, b.record.id, 'u1'],
    [{ keyId: undefined } as unknown as ReportedQuery, a.record.id, b.record.id, 'u1'],
    [{ keyId: b.record.id }, b.record.id],
    [{ ownerId: 'u1' }, a.record.id, 'u1'],
    [{ ownerId: 'u1', keyId: a.record.id }, a.record.id],
    [{ ownerId: 'u2' }],
    [{ keyId: 'u1' }]
  ]
  for (const [query, ...ids] of table) {
    const { callers, count } = app.apiKeys.reported(query)
    t.same(callers.map(({ actor }) => actor.id), ids, JSON.stringify(query))
    t.equal(count, callers.reduce((sum, caller) => sum + caller.count, 0))
  }
})

t.test('alternatives are told apart from lists, though the same scopes are missing', async t => {
  const { app, get, create } = await reporting(t, routes, plugin)
  const headers = bearer(await create())
  for (let i = 0; i < 2; i++) t.equal((await get('/asks', headers)).statusCode, 200)
  t.match(app.apiKeys.reported().callers, [{
    count: 4,
    scopesToAdd: ['apps:write', 'hosts:read'],
    denials: [
      { message: 'API key missing required scopes: apps:write, hosts:read', missingScopes: ['apps:write', 'hosts:read'], count: 2 },
      { message: 'API key missing required scope: one of apps:write, hosts:read', missingScopes: ['apps:write', 'hosts:read'], count: 2 }
    ]
  }])
})

t.test('methods are told apart, though the same scope is missing', async t => {
  const { app, create } = await reporting(t, routes, plugin)
  const headers = bearer(await create())
  for (const method of ['GET', 'HEAD'] as const) await app.inject({ method, url: '/apps', headers })
  t.match(app.apiKeys.reported().callers, [{ count: 2, scopesToAdd: ['apps:read'], denials: [{ method: 'GET', count: 1 }, { method: 'HEAD', count: 1 }] }])
})

t.test('what it would take is the least that would do, beside what is there today', async t => {
  const table: ReadonlyArray<readonly [granted: string[], requests: Array<readonly ['GET' | 'POST', string]>, toAdd: string[]]> = [
    [[], [['GET', '/hosts']], ['hosts:read']],
    [[], [['GET', '/hosts'], ['POST', '/when']], ['apps:write', 'hosts:read']],
    [[], [['GET', '/apps'], ['POST', '/apps']], ['apps:write', 'hosts:read']],
    [['apps:write'], [['POST', '/apps']], ['hosts:read']],
    [['hosts:see'], [['POST', '/apps']], ['apps:write']],
    [['hosts:see'], [['POST', '/scale']], ['apps:scale']],
    [[], [['POST', '/scale']], ['apps:scale', 'hosts:read']],
    [['hosts:write'], [['POST', '/when']], ['apps:write']],
    [['apps:read'], [['GET', '/me']], []]
  ]
  for (const [granted, requests, toAdd] of table) {
    const { app, create } = await reporting(t, routes, plugin)
    const headers = bearer(await create(...granted))
    for (const [method, url] of requests) t.equal((await app.inject({ method, url, headers })).statusCode, 200)
    t.same(app.apiKeys.reported().callers.map(({ scopesToAdd }) => scopesToAdd), [toAdd], `${granted.join(', ') || 'nothing'}: ${requests.join(' ')}`)
  }
})

t.test('the least is the least however many routes leave the same choice', async t => {
  const { app, get, create } = await reporting(t, app => {
    for (let i = 0; i < 10; i++) {
      app.get(`/one/${i}`, { config: { scopes: { anyOf: ['a', 'c'] } } }, async () => 'ok')
      app.get(`/other/${i}`, { config: { scopes: { anyOf: ['b', 'c'] } } }, async () => 'ok')
    }
  }, { scopes: defineScopes({ a: '', b: '', c: '' }) })
  const headers = bearer(await create())
  for (let i = 0; i < 10; i++) for (const url of [`/one/${i}`, `/other/${i}`]) await get(url, headers)
  t.match(app.apiKeys.reported().callers, [{ count: 20, scopesToAdd: ['c'] }])
})

t.test('what is done to a summary changes no later one', async t => {
  const { app, get, create } = await reporting(t, routes, plugin)
  await get('/apps', bearer(await create()))
  const before = app.apiKeys.reported()
  const expected = structuredClone(before)
  const [{ actor, denials: [denial] }] = before.callers as [typeof before.callers[number]]
  for (const date of [before.since, denial!.firstAt, denial!.lastAt]) date.setTime(0)
  Object.assign(actor, { id: 'another' })
  ;(denial!.missingScopes as string[]).push('another')
  t.same(app.apiKeys.reported(), expected)
})

t.test('a key that was given what it lacked needs no more of it', async t => {
  const { app, get } = await reporting(t, routes, plugin)
  const { key, record } = await app.apiKeys.create({ name: 'k', scopes: [] })
  await get('/me', bearer(key))
  await get('/apps', bearer(key))
  t.same(app.apiKeys.reported().callers[0]!.scopesToAdd, ['apps:read'])
  await app.apiKeys.update(record.id, { scopes: ['apps:read'] })
  await get('/apps', bearer(key))
  t.same(app.apiKeys.reported().callers[0]!.count, 2)
  // At another time than before, by a clock that counts milliseconds.
  while (Date.now() === app.apiKeys.reported().callers[0]!.denials[0]!.lastAt.getTime()) await new Promise(resolve => { setTimeout(resolve, 1) })
  await get('/me', bearer(key))
  t.same(app.apiKeys.reported().callers.map(({ count, scopesToAdd }) => ({ count, scopesToAdd })), [{ count: 3, scopesToAdd: [] }], 'as of its latest request that was told of')
})

t.test('whatever was demanded, with what is to be added every request passes', async t => {
  const names = ['apps:read', 'apps:write', 'apps:scale', 'hosts:read', 'hosts:write']
  const scope = fc.constantFrom(...names)
  const list = fc.uniqueArray(scope, { minLength: 1, maxLength: 3 })
  const demand = fc.oneof(scope, list, fc.record({ anyOf: fc.array(fc.oneof(scope, list), { minLength: 1, maxLength: 3 }) }))
  await fc.assert(fc.asyncProperty(fc.uniqueArray(scope, { maxLength: 2 }), fc.array(demand, { minLength: 1, maxLength: 4 }), async (names, demands) => {
    const granted = names.includes('apps:scale') && !names.some(name => name.startsWith('hosts')) ? [...names, 'hosts:read'] : names
    const { app, get, create } = await reporting(t, app => {
      for (const [i, scopes] of demands.entries()) app.get(`/${i}`, { config: { scopes: scopes as string } }, async () => 'ok')
    })
    try {
      const weak = bearer(await create(...granted))
      for (const i of demands.keys()) await get(`/${i}`, weak)
      const [caller] = app.apiKeys.reported().callers
      if (caller === undefined) return
      const [before, all] = [caller.count, [...granted, ...caller.scopesToAdd]]
      const strong = bearer(await create(...all))
      for (const i of demands.keys()) await get(`/${i}`, strong)
      const { count } = app.apiKeys.reported()
      if (count !== before) throw new Error(`${String(all)} did not do`)
      if (caller.scopesToAdd.some(name => catalog.grant(granted).covers(name))) throw new Error('what is there is not to be added')
    } finally {
      await app.close()
    }
  }), { numRuns: 100 })
})

t.test('bad options are one error that names each', async t => {
  const { app } = await reporting(t, routes, plugin)
  const table: ReadonlyArray<readonly [query: unknown, message: string]> = [
    [null, 'what reported takes must be an object { keyId, ownerId }, not null'],
    ['id', 'what reported takes must be an object { keyId, ownerId }, not "id"'],
    [{ keyID: 'a', ownerId: 5 }, 'unknown option "keyID" (did you mean "keyId"?); ownerId must be a string of 1 to 255 characters without control characters, not 5'],
    [{ keyId: '' }, 'keyId must be a string of 1 to 255 characters without control characters, not ""']
  ]
  for (const [query, message] of table) {
    t.throws(() => app.apiKeys.reported(query as ReportedQuery), { code: 'FST_API_KEY_INVALID_INPUT', statusCode: 400, message })
  }
})
