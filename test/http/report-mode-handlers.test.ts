// What a request meets after its route let it through in report mode: conditions, handlers, other plugins, the not-found handler.
import websocket from '@fastify/websocket'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import t, { type Test } from 'tap'
import type { ApiKeyScopesOptions, AuditEvent } from '../../lib/index.js'
import { bearer, wireApp } from './wire-app.js'

const byBody = (name: string) => ({ body }: FastifyRequest) => (body as Record<string, unknown>)[name] === true

/** An app in report mode, and every event of its audit. */
async function reporting (t: Test, after: (app: FastifyInstance) => unknown, { before, ...plugin }: Partial<ApiKeyScopesOptions> & { before?: (app: FastifyInstance) => unknown } = {}) {
  const events: AuditEvent[] = []
  const all = await wireApp(t, {
    bare: true,
    ...before !== undefined && { before },
    after,
    plugin: { mode: 'report', audit: { sink: event => { if (event.action === 'request') events.push(event) }, decisions: 'all' }, ...plugin }
  })
  return { ...all, events }
}

const told = ({ outcome, reason, requiredScopes, missingScopes }: AuditEvent) => ({ outcome, ...reason !== null && { reason }, ...requiredScopes && { requiredScopes }, ...missingScopes && { missingScopes } })
const missing = (requiredScopes: string[], missingScopes = requiredScopes) => ({ outcome: 'reported', reason: 'missingScope', requiredScopes, missingScopes })

// What is told of each request, by grant and body.
const conditional: ReadonlyArray<readonly [granted: string[], body: object, ...told: object[]]> = [
  [['clusters:write'], {}, { outcome: 'allowed' }],
  [['clusters:write'], { stage: true }, missing(['clusters:write', 'devices:read'], ['devices:read'])],
  [['clusters:write'], { stage: true, tag: true }, missing(['clusters:write', 'devices:read', 'hosts:create'], ['devices:read', 'hosts:create'])],
  [['clusters:write', 'devices:read'], { stage: true }, { outcome: 'allowed' }],
  [[], {}, missing(['clusters:write'])],
  [[], { stage: true }, missing(['clusters:write']), missing(['devices:read'])],
  [[], { stage: true, tag: true }, missing(['clusters:write']), missing(['devices:read', 'hosts:create'])],
  [['devices:read'], { stage: true }, missing(['clusters:write'])],
  [['devices:read'], { stage: true, tag: true }, missing(['clusters:write']), missing(['devices:read', 'hosts:create'], ['hosts:create'])]
]

t.test('conditions report what they add, and nothing is told twice', async t => {
  const { app, create, events } = await reporting(t, app => {
    app.post('/when', { config: { scopes: 'clusters:write', scopesWhen: [{ when: byBody('stage'), scopes: 'devices:read' }, { when: byBody('tag'), scopes: 'hosts:create' }] } }, async () => 'done')
  })
  for (const [granted, body, ...expected] of conditional) {
    events.length = 0
    const headers = bearer(await create(...granted))
    const { statusCode, payload } = await app.inject({ method: 'POST', url: '/when', headers, payload: body })
    t.same([statusCode, payload], [200, 'done'], `${granted.join(', ') || 'nothing'} for ${JSON.stringify(body)}`)
    t.same(events.map(told), expected)
  }
})

t.test('a session with scopes of its own passes conditions too, and one without limits is told nothing of', async t => {
  const { app, events } = await reporting(t, app => {
    app.post('/when', { config: { scopes: [], scopesWhen: [{ when: () => true, scopes: 'devices:read' }] } }, async () => 'done')
  }, { authenticateUser: ({ headers }) => ({ id: 'u1', ...headers['x-weak'] !== undefined && { scopes: [] } }) })
  for (const [headers, expected] of [[{ 'x-weak': '1' }, missing(['devices:read'])], [{}, { outcome: 'allowed' }]] as const) {
    events.length = 0
    t.equal((await app.inject({ method: 'POST', url: '/when', headers, payload: {} })).statusCode, 200)
    t.match(events, [{ actor: { type: 'user', id: 'u1' } }])
    t.same(events.map(told), [expected])
  }
})

t.test('a condition that fails demands its scopes, which is reported', async t => {
  const { app, create, events } = await reporting(t, app => {
    app.post('/when', { config: { scopes: [], scopesWhen: [{ when: () => { throw new Error('oops') }, scopes: 'devices:read' }] } }, async () => 'done')
  })
  t.equal((await app.inject({ method: 'POST', url: '/when', headers: bearer(await create()), payload: {} })).statusCode, 200)
  t.same(events.map(told), [missing(['devices:read'])])
})

t.test('hasScopes tells the truth, requireScopes reports', async t => {
  const asks = async (request: FastifyRequest) => {
    request.requireScopes('clusters:write')
    request.requireScopes('clusters:read')
    return { has: request.hasScopes('clusters:write'), hasRead: request.hasScopes('clusters:read'), principal: request.principal!.type }
  }
  const { get, create, events } = await reporting(t, app => {
    app.get('/report', { config: { scopes: 'devices:read' } }, asks)
    app.get('/enforce', { config: { scopes: [], scopesMode: 'enforce' } }, asks)
    app.get('/public', { config: { public: true } }, asks)
  })
  const headers = bearer(await create('clusters:read'))
  events.length = 0
  const { statusCode, body } = await get('/report', headers)
  t.same([statusCode, JSON.parse(body)], [200, { has: false, hasRead: true, principal: 'apiKey' }])
  t.same(events.map(told), [missing(['devices:read']), { ...missing(['clusters:write']), reason: 'requireScopes' }])

  t.match((await get('/enforce', headers)).json(), { statusCode: 403, code: 'FST_API_KEY_MISSING_SCOPE' }, 'a route that is enforced throws')
  t.match((await get('/public', headers)).json(), { statusCode: 401, code: 'FST_API_KEY_REQUIRED' }, 'nobody is still nobody')
})

t.test('what a handler throws for the store is answered as ever', async t => {
  const { get, create, store } = await reporting(t, app => {
    app.get('/lists', { config: { scopes: 'full' } }, async () => await app.apiKeys.list())
  })
  const headers = bearer(await create())
  t.equal((await get('/lists', headers)).statusCode, 200)
  store.list = () => { throw new Error('down') }
  t.match((await get('/lists', headers)).json(), { statusCode: 503, code: 'FST_API_KEY_STORE_UNAVAILABLE' })
})

t.test('a hook that leads a request past the check leads it nowhere', async t => {
  const ran: string[] = []
  const { get, create } = await reporting(t, app => {
    app.get('/late', { config: { scopes: 'full' } }, async () => { ran.push('late') })
    app.get('/when', { config: { scopes: [], scopesWhen: [{ when: () => true, scopes: 'full' }] } }, async () => { ran.push('when') })
  }, {
    before: app => {
      // A hook that throws null has the request go on to its handler.
      for (const phase of ['onRequest', 'preHandler'] as const) {
        app.addHook(phase, (request: FastifyRequest, _reply: FastifyReply, done: () => void) => {
          if (request.headers['x-skip'] === phase) throw null // eslint-disable-line no-throw-literal
          done()
        })
      }
    }
  })
  const headers = bearer(await create())
  for (const [url, skip] of [['/late', 'onRequest'], ['/when', 'onRequest'], ['/when', 'preHandler']] as const) {
    t.match((await get(url, { ...headers, 'x-skip': skip })).json(), { statusCode: 500, code: 'FST_API_KEY_NO_DECISION' }, `${url} past ${skip}`)
  }
  t.same(ran, [])
  for (const url of ['/late', '/when']) t.equal((await get(url, headers)).statusCode, 200)
  t.same(ran, ['late', 'when'], 'the last check lets through what was reported')
})

t.test('a request that goes on to the not-found handler is judged by its policy, which is enforced', async t => {
  const { get, create } = await reporting(t, app => {
    app.get('/gone', { config: { scopes: 'full' } }, (_request: FastifyRequest, reply: FastifyReply) => { reply.callNotFound() })
    app.setNotFoundHandler(async (_request, reply) => await reply.code(404).send('served'))
  }, { notFound: { scopes: 'devices:read' } })
  t.match((await get('/gone', bearer(await create()))).json(), { statusCode: 403, missingScopes: ['devices:read'] })
  t.equal((await get('/gone', bearer(await create('devices:read')))).body, 'served')
})

t.test('what let a request through to a route does not let it through to a not-found handler that says the same', async t => {
  for (const says of [{ userOnly: true }, { scopes: 'full' }] as const) {
    const { get, create } = await reporting(t, app => {
      app.get('/gone', { config: says }, (_request: FastifyRequest, reply: FastifyReply) => { reply.callNotFound() })
      app.setNotFoundHandler(async (_request, reply) => await reply.code(404).send('served'))
    }, { notFound: says, authenticateUser: () => null })
    t.equal((await get('/gone', bearer(await create()))).statusCode, 403, JSON.stringify(says))
  }
})

t.test('HEAD is in the mode of its GET, and a WebSocket opens', async t => {
  const { app, create, events } = await reporting(t, app => {
    app.get('/read', { config: { scopes: 'full' } }, async () => 'read')
    app.get('/strict', { config: { scopes: 'full', scopesMode: 'enforce' } }, async () => 'read')
    app.get('/live', { websocket: true, config: { scopes: 'full', scopesWhen: [{ when: () => true, scopes: 'hosts:create' }] } }, socket => { socket.send('hello') })
  }, { before: async app => { await app.register(websocket) } })
  const headers = bearer(await create())
  t.equal((await app.inject({ method: 'HEAD', url: '/read', headers })).statusCode, 200)
  t.equal((await app.inject({ method: 'HEAD', url: '/strict', headers })).statusCode, 403)
  events.length = 0
  const hello = new Promise(resolve => {
    app.injectWS('/live', { headers }, { onInit: socket => { socket.once('message', data => { resolve(String(data)) }) } }).then(socket => { t.teardown(() => { socket.terminate() }) }, resolve)
  })
  t.equal(await hello, 'hello')
  t.same(events.map(told), [missing(['full']), missing(['hosts:create'])])
})

t.test('use is noted, but not what was not met', async t => {
  const { app, get } = await reporting(t, app => {
    app.get('/read', { config: { scopes: ['clusters:read', 'devices:read'] } }, async () => 'read')
    app.get('/when', { config: { scopes: 'clusters:read', scopesWhen: [{ when: () => true, scopes: 'devices:read' }] } }, async () => 'read')
  })
  for (const url of ['/read', '/when']) {
    const { key, record } = await app.apiKeys.create({ name: url, scopes: ['clusters:read', 'hosts:create'] })
    t.equal((await get(url, bearer(key))).statusCode, 200)
    const usage = await app.apiKeys.usage(record.id)
    t.ok(usage!.lastUsedAt instanceof Date, url)
    t.same(usage!.smallestGrant, [])
  }
})

t.test('a request that is wrong in another way is refused for that', async t => {
  const { app, create } = await reporting(t, app => {
    app.post('/write', { config: { scopes: 'full' }, schema: { body: { type: 'object', required: ['a'] } } }, async () => 'written')
  })
  const headers = { ...bearer(await create()), 'content-type': 'application/json' }
  for (const [payload, status] of [['{ not', 400], ['{}', 400], ['{"a":1}', 200]] as const) {
    t.equal((await app.inject({ method: 'POST', url: '/write', headers, payload })).statusCode, status, payload)
  }
})
