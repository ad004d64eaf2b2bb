// Scopes that a route needs only for some requests: config.scopesWhen.
import websocket from '@fastify/websocket'
import type { FastifyInstance, FastifyRequest, FastifyServerOptions, RouteOptions } from 'fastify'
import t, { type Test } from 'tap'
import apiKeyScopes, { BadOptionsError, BadRouteError, defineScopes, type ApiKeyScopesOptions, type ScopeCondition } from '../../lib/index.js'
import { bareApp, countingHandler, pluginOptions, startError } from './routes-app.js'

const scopes = defineScopes({
  write: 'Create deployments',
  stage: 'Stage them',
  deploy: 'Deploy them',
  'tag:create': '',
  'tags:create': { status: 'deprecated', replacedBy: 'tag:create' },
  all: { includes: '*' },
  soon: { status: 'planned' }
})

interface Deployment { status?: string, tags?: string[] }
const bodyOf = ({ body }: FastifyRequest) => body as Deployment

const staging: ScopeCondition = { when: request => bodyOf(request).status === 'staged', scopes: 'stage', description: 'Required if staging a deployment.' }
const deploying: ScopeCondition = { when: request => bodyOf(request).status === 'deployed', scopes: ['stage', 'deploy'] }
const tagging: ScopeCondition = { when: request => bodyOf(request).tags !== undefined, scopes: 'tags:create' }
const config = { scopes: 'write', scopesWhen: [staging, deploying, tagging] }
const schema = { body: { type: 'object', properties: { status: { type: 'string', default: 'drafted' }, tags: { type: 'array' } } } }

interface Setting {
  config?: object
  /** More options of the route. */
  route?: object
  plugin?: Partial<ApiKeyScopesOptions>
  server?: FastifyServerOptions
  before?: (app: FastifyInstance) => unknown
  after?: (app: FastifyInstance) => unknown
}

/** An app with the route `POST /deployments`, and what is needed to send to it. */
async function start (t: Test, { config: given = config, route, plugin, server, before, after }: Setting = {}) {
  const { app, lines } = bareApp(t, server)
  const handler = countingHandler()
  await before?.(app)
  await app.register(apiKeyScopes, pluginOptions({ scopes, ...plugin }))
  app.post('/deployments', { config: given, schema, ...route }, handler)
  await after?.(app)
  await app.ready()

  const send = async (headers: Record<string, string>, body: object | string | undefined, url = '/deployments') => await app.inject({
    method: 'POST',
    url,
    headers: { ...headers, ...body !== undefined && { 'content-type': 'application/json' } },
    ...body !== undefined && { payload: body }
  })
  const post = async (granted: string[], body?: object | string, url?: string) => {
    const { key } = await app.apiKeys.create({ name: 'one', scopes: granted })
    return await send({ authorization: `Bearer ${key}` }, body, url)
  }
  return { app, lines, handler, send, post }
}

// What is missing, of what is needed, for each grant and body; nothing if the request passes.
const verdicts: ReadonlyArray<[granted: string[], body: Deployment, missing?: string[], needed?: string[]]> = [
  [['write'], {}],
  [['write'], { status: 'drafted' }],
  [['write'], { status: 'staged' }, ['stage'], ['write', 'stage']],
  [['write'], { status: 'deployed' }, ['stage', 'deploy'], ['write', 'stage', 'deploy']],
  [['write', 'deploy'], { status: 'deployed' }, ['stage'], ['write', 'stage', 'deploy']],
  [['write', 'deploy'], { status: 'staged' }, ['stage'], ['write', 'stage']],
  [['write', 'stage'], { status: 'staged' }],
  [['write', 'stage', 'deploy'], { status: 'deployed' }],
  [['write', 'stage'], { status: 'staged', tags: [] }, ['tag:create'], ['write', 'stage', 'tag:create']],
  [['write'], { status: 'staged', tags: [] }, ['stage', 'tag:create'], ['write', 'stage', 'tag:create']],
  [['write', 'tag:create'], { tags: [] }],
  [['write', 'tags:create'], { tags: [] }],
  [['all'], { status: 'deployed', tags: [] }],
  [['stage'], { status: 'staged' }, ['write'], ['write']],
  [[], { status: 'staged', tags: [] }, ['write'], ['write']]
]

t.test('what is needed depends on the body', async t => {
  const { handler, post } = await start(t)
  for (const [granted, body, missing, needed] of verdicts) {
    const title = `${granted.join(', ') || 'nothing'} for ${JSON.stringify(body)}`
    const before = handler.ran
    const response = await post(granted, body)
    if (missing === undefined) {
      t.equal(response.statusCode, 200, title)
      t.equal(handler.ran, before + 1)
      continue
    }
    t.same([response.statusCode, response.json()], [403, {
      statusCode: 403,
      code: 'FST_API_KEY_MISSING_SCOPE',
      error: 'Forbidden',
      message: `API key missing required ${missing.length === 1 ? 'scope' : 'scopes'}: ${missing.join(', ')}`,
      requiredScopes: needed,
      missingScopes: missing,
      grantedScopes: granted
    }], title)
    t.equal(response.headers['www-authenticate'], `Bearer realm="api", error="insufficient_scope", scope="${needed!.join(' ')}"`)
    t.equal(handler.ran, before, 'the handler does not run')
  }
})

t.test('any-of in a condition, and any-of beside it', async t => {
  const { post } = await start(t, {
    config: { scopes: { anyOf: ['write', 'all'] }, scopesWhen: [{ when: () => true, scopes: { anyOf: ['stage', ['deploy', 'tag:create']] } }, { when: () => true, scopes: 'deploy' }] }
  })
  t.equal((await post(['write', 'stage', 'deploy'], {})).statusCode, 200)
  t.equal((await post(['write', 'tag:create'], {})).json().message, 'API key missing required scopes: deploy and one of stage, deploy + tag:create')
  t.equal((await post(['write', 'deploy'], {})).json().message, 'API key missing required scope: one of stage, deploy + tag:create')
})

t.test('the base is checked before the body is read, the conditions after it was validated', async t => {
  const seen: unknown[] = []
  const watching = { when: (request: FastifyRequest) => { seen.push(bodyOf(request).status); return true }, scopes: 'stage' }
  const { post } = await start(t, { config: { scopes: 'write', scopesWhen: [watching] } })
  t.equal((await post([], '{ not JSON')).statusCode, 403)
  t.equal((await post(['write'], '{ not JSON')).statusCode, 400)
  t.equal((await post(['write'], { status: {} })).statusCode, 400)
  t.same(seen, [], 'nobody asked yet')
  t.equal((await post(['write'], {})).statusCode, 403)
  t.same(seen, ['drafted'], 'with the defaults of the schema')
})

t.test('a condition that does not answer true or false counts as met', async t => {
  const failing: ReadonlyArray<[title: string, when: unknown]> = [
    ['throws', () => { throw new Error('oops') }],
    ['throws nothing', () => { throw undefined }], // eslint-disable-line no-throw-literal
    ['reads a body that is not there', (request: FastifyRequest) => bodyOf(request).tags!.length > 0],
    ['answers nothing', () => {}],
    ['answers 0', () => 0],
    ['answers null', () => null],
    ['answers a promise of false', () => Promise.resolve(false)],
    ['answers a promise that fails', () => Promise.reject(new Error('nobody waits for it'))],
    ['answers a thenable that throws', () => ({ then () { throw new Error('nobody waits for it') } })],
    ['answers a Boolean object', () => Object(false)]
  ]
  for (const [title, when] of failing) {
    const { post, handler, lines } = await start(t, { config: { scopes: 'write', scopesWhen: [{ when, scopes: 'stage' }] } })
    const response = await post(['write'], {})
    t.same([response.statusCode, response.json().missingScopes, handler.ran], [403, ['stage'], 0], title)
    t.equal((await post(['write', 'stage'], {})).statusCode, 200, 'who has the scope passes')
    const told = lines.filter(({ msg }) => msg === 'a condition of scopesWhen failed; its scopes are demanded')
    t.match(told, [{ level: 50, route: '/deployments', failuresNotLogged: 0 }], 'the operator is told')
    t.equal(told.length, 1, 'once a second')
  }
  // A rejection that nobody took would have ended the process by now.
  await new Promise(resolve => setImmediate(resolve))
})

t.test('a request that is not valid meets all conditions, if its handler sees it at all', async t => {
  const { post, handler } = await start(t, { config: { scopes: 'write', scopesWhen: [{ when: () => false, scopes: 'stage' }] }, route: { attachValidation: true } })
  t.equal((await post(['write'], { status: 'drafted' })).statusCode, 200)
  t.same((await post(['write'], { status: {} })).json().missingScopes, ['stage'])
  t.equal(handler.ran, 1)
  t.equal((await post(['write', 'stage'], { status: {} })).statusCode, 200)
})

t.test('users pass, unless their session has scopes of its own', async t => {
  const { send, lines } = await start(t, {
    route: { schema: {} },
    plugin: { authenticateUser: ({ headers }) => ({ id: 'u1', ...headers['x-scopes'] !== undefined && { scopes: [headers['x-scopes']].flat() } }) }
  })
  t.equal((await send({}, { status: 'deployed' })).statusCode, 200)
  t.equal((await send({}, undefined)).statusCode, 200, 'nobody is asked about them: without a body, conditions throw')
  t.notOk(lines.some(({ level }) => level >= 50))
  const refused = await send({ 'x-scopes': 'write' }, { status: 'staged' })
  t.same([refused.statusCode, refused.json().message], [403, 'User session missing required scope: stage'])
  t.equal((await send({ 'x-scopes': 'all' }, { status: 'staged' })).statusCode, 200)
})

t.test('a denial is shaped and told like any other', async t => {
  await t.test('by formatError', async t => {
    const { post, lines } = await start(t, { plugin: { formatError: ({ message, missingScopes }) => ({ detail: message, missingScopes }) } })
    t.same((await post(['write'], { status: 'staged' })).json(), { detail: 'API key missing required scope: stage', missingScopes: ['stage'] })
    t.match(lines.filter(({ msg }) => msg === 'request denied'), [{
      level: 30, audit: { reason: 'missingScope', route: '/deployments', requiredScopes: ['write', 'stage'], missingScopes: ['stage'] }
    }])
  })
  await t.test('by the app', async t => {
    const { post } = await start(t, { before: app => app.setErrorHandler(({ code, missingScopes }: never, _, reply) => reply.send({ code, missingScopes })) })
    const { statusCode, body } = await post(['write'], { status: 'staged' })
    t.same([statusCode, JSON.parse(body)], [403, { code: 'FST_API_KEY_MISSING_SCOPE', missingScopes: ['stage'] }])
  })
})

t.test('a route that was declared before the plugin, or is annotated from outside, has conditions too', async t => {
  const early = countingHandler()
  const { post } = await start(t, {
    before: app => { app.post('/early', { config, schema }, early) },
    plugin: { annotate: ({ url }) => url === '/annotated' ? { scopes: 'write', scopesWhen: [staging] } : undefined },
    after: app => { app.post('/annotated', { schema }, async () => 'done') }
  })
  for (const url of ['/early', '/annotated']) {
    t.equal((await post(['write'], {}, url)).statusCode, 200)
    t.equal((await post(['write'], { status: 'staged' }, url)).statusCode, 403)
    t.equal((await post(['write', 'stage'], { status: 'staged' }, url)).statusCode, 200)
  }
  t.equal(early.ran, 2)
})

t.test('the not-found handler may have conditions', async t => {
  const { post } = await start(t, {
    plugin: { notFound: { scopes: 'write', scopesWhen: [{ when: ({ body }) => (body as Deployment | null)?.status === 'staged', scopes: 'stage' }] } },
    after: app => {
      app.setNotFoundHandler(async () => 'found after all')
      app.post('/elsewhere', { config: { public: true } }, (_, reply) => { reply.callNotFound() })
    }
  })
  for (const url of ['/nowhere', '/elsewhere']) {
    t.equal((await post([], {}, url)).statusCode, 403)
    t.equal((await post(['write'], {}, url)).body, 'found after all')
    t.same((await post(['write'], { status: 'staged' }, url)).json().missingScopes, ['stage'])
    t.equal((await post(['write', 'stage'], { status: 'staged' }, url)).statusCode, 200)
  }
})

t.test('a not-found handler that is reached from elsewhere is guarded too where the app answers errors', async t => {
  const { post } = await start(t, {
    before: app => app.setErrorHandler(({ code }: never, _, reply) => reply.send({ code })),
    plugin: { notFound: { scopes: 'write' } },
    after: app => { app.post('/elsewhere', { config: { public: true } }, (_, reply) => { reply.callNotFound() }) }
  })
  t.same((await post([], {}, '/elsewhere')).json(), { code: 'FST_API_KEY_MISSING_SCOPE' })
  t.equal((await post(['write'], {}, '/elsewhere')).statusCode, 404)
})

t.test('what follows changes nothing', async t => {
  const given = { scopes: 'write', scopesWhen: [{ when: staging.when, scopes: ['stage'] }] }
  const { app, post } = await start(t, { config: given, after: app => { app.addHook('onRequest', async ({ routeOptions }) => { delete (routeOptions.config as { scopesWhen?: unknown }).scopesWhen }) } })
  given.scopesWhen[0]!.when = () => false
  given.scopesWhen[0]!.scopes.pop()
  given.scopesWhen.pop()
  t.equal((await post(['write'], { status: 'staged' })).statusCode, 403)
  t.equal((await post(['write'], { status: 'staged' })).statusCode, 403)
  await app.close()

  const { app: changed } = bareApp(t)
  await changed.register(apiKeyScopes, pluginOptions({ scopes }))
  changed.addHook('onRoute', route => { route.config = { ...route.config, scopesWhen: [] } })
  changed.post('/deployments', { config }, async () => {})
  t.match(await startError(changed), { code: 'FST_API_KEY_BAD_ROUTE', message: /an onRoute hook has changed who may call it/ })
})

t.test('no hook leads a request past its conditions', async t => {
  for (const nothing of [null, undefined]) {
    const { post, handler, lines } = await start(t, {
      config: { scopes: 'write', scopesWhen: [staging] },
      before: app => { app.addHook('preHandler', () => { throw nothing }) }
    })
    const response = await post(['write'], { status: 'staged' })
    t.same([response.statusCode, handler.ran], [500, 0], `a hook that throws ${nothing}`)
    t.equal(response.json().code, 'FST_API_KEY_NO_DECISION')
    t.ok(lines.some(({ msg }) => msg === 'a hook led this request past the access check; it is refused'))
  }
})

t.test('nor from a route that was there before the plugin, or is declared later on a child that was', async t => {
  const always = { config: { scopes: 'write', scopesWhen: [staging] }, schema }
  for (const annotated of [false, true]) {
    const handler = countingHandler()
    const { post } = await start(t, {
      before: app => { app.post('/early', annotated ? { schema } : always, handler) },
      plugin: annotated ? { annotate: ({ url }) => url === '/early' ? always.config : undefined } : {},
      after: app => { app.addHook('preHandler', () => { throw null }) } // eslint-disable-line no-throw-literal
    })
    t.equal((await post(['write'], { status: 'staged' }, '/early')).statusCode, 403)
    t.equal((await post(['write'], {}, '/early')).statusCode, 200)
    t.equal(handler.ran, 1)
  }

  let child: FastifyInstance
  const { post } = await start(t, {
    before: async app => { await app.register(async older => { child = older }, { prefix: '/child' }) },
    after: () => { child.post('/late', always, async () => 'done') }
  })
  t.equal((await post(['write'], { status: 'staged' }, '/child/late')).statusCode, 403)
  t.equal((await post(['write'], {}, '/child/late')).body, 'done')
})

t.test('what onRoute hooks of other plugins do to a route\'s preHandler hooks stays, and its conditions are decided first, once', async t => {
  type Hooks = Array<(this: FastifyInstance, ...args: unknown[]) => unknown>
  const ran: string[] = []
  const hook = async () => { ran.push('hook') }
  const changes: Record<string, (route: RouteOptions) => void> = {
    'adds a hook': route => { route.preHandler = [...[route.preHandler ?? []].flat(), hook] },
    'adds one where there is none': route => { route.preHandler ??= hook },
    'puts a hook in their place': route => { route.preHandler = hook },
    'wraps each, and the handler': route => {
      route.preHandler = ([hook, route.preHandler ?? []].flat() as Hooks).map(hook => function (this: FastifyInstance, ...args: unknown[]) { return hook.apply(this, args) }) as never
      const { handler } = route
      route.handler = function (request, reply) { return handler.call(this, request, reply) }
    }
  }
  for (const [what, change] of Object.entries(changes)) {
    for (const when of ['before', 'after'] as const) {
      const asked: string[] = []
      const condition = { ...staging, when: (request: FastifyRequest) => { asked.push(request.url); return bodyOf(request).status === 'staged' } }
      const { post } = await start(t, {
        before: app => { if (when === 'before') app.addHook('onRoute', change) },
        after: app => {
          if (when === 'after') app.addHook('onRoute', change)
          app.post('/when', { schema, config: { scopes: 'write', scopesWhen: [condition] } }, async () => 'done')
          app.post('/always', { config: { scopes: 'write' } }, async () => 'done')
        }
      })
      t.equal((await post(['write'], { status: 'staged' }, '/when')).statusCode, 403, `one that ${what}, registered ${when} the plugin`)
      t.same(ran, [])
      for (const url of ['/when', '/always']) {
        t.equal((await post(['write'], {}, url)).body, 'done')
        t.same(ran.splice(0), ['hook'])
      }
      t.equal(asked.length, 2)
    }
  }
})

t.test('preHandler hooks that several routes share are left as they are', async t => {
  const hooks = [async () => {}]
  const { post } = await start(t, {
    before: app => { app.post('/early', { config: { scopes: 'write' }, preHandler: hooks }, async () => 'done') },
    route: { preHandler: hooks }
  })
  t.equal((await post(['write'], {}, '/early')).body, 'done')
  t.equal((await post(['write'], { status: 'staged' })).statusCode, 403)
  t.equal(hooks.length, 1)
})

t.test('the handler keeps its this, its answer and its errors', async t => {
  const { app, post } = await start(t, {
    after: app => {
      app.decorate('mark', 'here')
      app.post('/this', { config }, async function () { return { mark: this.getDecorator('mark') } })
      app.post('/reply', { config }, (_, reply) => { reply.code(202).send('accepted') })
      app.post('/fails', { config }, async () => { throw Object.assign(new Error('no'), { statusCode: 418 }) })
    }
  })
  t.same((await post(['write'], {}, '/this')).json(), { mark: 'here' })
  t.equal((await post(['write'], {}, '/reply')).statusCode, 202)
  t.equal((await post(['write'], {}, '/fails')).statusCode, 418)
  t.equal(typeof app.printRoutes(), 'string')
})

t.test('a HEAD request has the conditions of GET, a WebSocket those of its route', async t => {
  const when = ({ query }: FastifyRequest) => (query as { all?: string }).all === 'yes'
  const { app } = await start(t, {
    before: async app => { await app.register(websocket) },
    after: app => {
      app.get('/logs', { config: { scopes: 'write', scopesWhen: [{ when, scopes: 'all' }] } }, async () => 'logs')
      app.get('/live', { websocket: true, config: { scopes: 'write', scopesWhen: [{ when, scopes: 'all' }] } }, socket => { socket.send('hello') })
    }
  })
  const { key } = await app.apiKeys.create({ name: 'one', scopes: ['write'] })
  const headers = { authorization: `Bearer ${key}` }
  for (const method of ['GET', 'HEAD'] as const) {
    t.equal((await app.inject({ method, url: '/logs', headers })).statusCode, 200, method)
    t.equal((await app.inject({ method, url: '/logs?all=yes', headers })).statusCode, 403, method)
  }
  const open = await sockets(app, headers)
  t.equal(await open('/live'), 'hello')
  t.equal(await open('/live?all=yes'), 403)
})

t.test('no hook leads a WebSocket past its conditions', async t => {
  const always = { config: { scopes: 'write', scopesWhen: [{ when: () => true, scopes: 'all' }] } }
  const throwsNull = (app: FastifyInstance) => { app.addHook('preHandler', () => { throw null }) } // eslint-disable-line no-throw-literal
  for (const when of ['before', 'after'] as const) {
    const opened = { websocket: 0, wsHandler: 0, handler: 0 }
    const { app } = await start(t, {
      before: async app => {
        if (when === 'before') await app.register(websocket)
        throwsNull(app)
      },
      after: async app => {
        if (when === 'after') await app.register(websocket)
        app.get('/live', { websocket: true, ...always }, () => { opened.websocket++ })
        app.get('/plain', { websocket: false, ...always } as never, async () => { opened.handler++ })
        app.route({ method: 'GET', url: '/both', ...always, handler: async () => { opened.handler++ }, wsHandler: () => { opened.wsHandler++ } })
      }
    })
    const { key } = await app.apiKeys.create({ name: 'one', scopes: ['write'] })
    const headers = { authorization: `Bearer ${key}` }
    const open = await sockets(app, headers)
    t.not(await open('/live'), 'opened', `registered ${when} this plugin`)
    t.not(await open('/both'), 'opened')
    for (const url of ['/plain', '/both']) t.equal((await app.inject({ url, headers })).json().code, 'FST_API_KEY_NO_DECISION', url)
    t.same(opened, { websocket: 0, wsHandler: 0, handler: 0 })
  }
})

/** Opens WebSockets of an app; tells the first message, or the status of a refusal, or that it was closed. */
async function sockets (app: FastifyInstance, headers: Record<string, string>) {
  await app.listen({ port: 0, host: '127.0.0.1' })
  const { port } = app.server.address() as { port: number }
  const { default: WebSocket } = await import('ws')
  return async (path: string) => await new Promise(resolve => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, { headers })
    socket.on('message', data => { resolve(String(data)); socket.close() })
    socket.on('unexpected-response', (_, { statusCode }) => { resolve(statusCode) })
    socket.on('error', () => { resolve('failed') })
    socket.on('close', () => { resolve('closed') })
  })
}

const misuses: ReadonlyArray<[config: object, told: string]> = [
  [{ scopesWhen: [staging] }, 'config.scopesWhen adds to config.scopes; write scopes beside it (scopes: [] if nothing else is needed)'],
  [{ public: true, scopesWhen: [staging] }, 'config.scopesWhen adds to config.scopes; write scopes beside it (scopes: [] if nothing else is needed)'],
  [{ userOnly: true, scopesWhen: [] }, 'config.scopesWhen adds to config.scopes; write scopes beside it (scopes: [] if nothing else is needed)'],
  [{ scopes: [], scopesWhen: staging }, 'config.scopesWhen must be a list of { when, scopes, description }, not {"scopes":"stage","description":"Required if staging a deployment."}'],
  [{ scopes: [], scopesWhen: undefined }, 'config.scopesWhen must be a list of { when, scopes, description }, not undefined'],
  [{ scopes: [], scopesWhen: ['stage'] }, 'config.scopesWhen[0] must be { when, scopes, description }, not "stage"'],
  // eslint-disable-next-line no-sparse-arrays
  [{ scopes: [], scopesWhen: [staging, , staging] }, 'config.scopesWhen[1] must be { when, scopes, description }, not undefined'],
  [{ scopes: [], scopesWhen: [{ scopes: 'stage' }] }, 'config.scopesWhen[0].when must be a function that answers true or false at once, not undefined'],
  [{ scopes: [], scopesWhen: [{ when: true, scopes: 'stage' }] }, 'config.scopesWhen[0].when must be a function that answers true or false at once, not true'],
  [{ scopes: [], scopesWhen: [{ when: async () => true, scopes: 'stage' }] }, 'config.scopesWhen[0].when must answer true or false at once; an async function or a generator does not'],
  [{ scopes: [], scopesWhen: [{ when: function * () {}, scopes: 'stage' }] }, 'config.scopesWhen[0].when must answer true or false at once; an async function or a generator does not'],
  [{ scopes: [], scopesWhen: [{ ...staging, scopes: 'stgae' }] }, 'config.scopesWhen[0].scopes: unknown scope "stgae" (did you mean "stage"?)'],
  [{ scopes: [], scopesWhen: [{ ...staging, scopes: 'soon' }] }, 'config.scopesWhen[0].scopes: scope "soon" is planned; no route can demand it until it is active'],
  [{ scopes: [], scopesWhen: [{ ...staging, scopes: [] }] }, 'config.scopesWhen[0].scopes is empty; name what is needed, or leave the condition out'],
  [{ scopes: [], scopesWhen: [{ ...staging, description: 7 }] }, 'config.scopesWhen[0].description must be a string, not 7'],
  [{ scopes: [], scopesWhen: [{ ...staging, scope: 'stage' }] }, 'config.scopesWhen[0]: unknown member "scope" (did you mean "scopes"?)'],
  [{ scopes: [], scopeWhen: [staging] }, 'config.scopeWhen means nothing; write scopesWhen: [...]'],
  [{ scopes: [], scopes_when: [staging] }, 'config.scopes_when means nothing; write scopesWhen: [...]'],
  [{ scopes: [], scopesIf: [staging] }, 'config.scopesIf means nothing; write scopesWhen: [...]'],
  [{ scopes: 'wriet', scopesWhen: [{ ...staging, scopes: 'stgae' }, { ...deploying, when: 1 }] }, 'config.scopes: unknown scope "wriet" (did you mean "write"?); config.scopesWhen[0].scopes: unknown scope "stgae" (did you mean "stage"?); config.scopesWhen[1].when must be a function that answers true or false at once, not 1']
]

t.test('conditions that cannot be meant keep the app from starting', async t => {
  for (const [given, told] of misuses) {
    await t.rejects(start(t, { config: given }), new BadRouteError('POST /deployments', told), told)
  }
  await t.rejects(start(t, { plugin: { notFound: { scopes: [], scopesWhen: [] as never, public: true } as never } }), BadOptionsError)
  await t.rejects(start(t, { plugin: { notFound: { userOnly: true, scopesWhen: [staging] } as never } }), { message: /notFound: config.scopesWhen adds to config.scopes/ })
})
