// What the finder says is compared with what Fastify does: each handler answers which route it is.
import Fastify, { type FastifyInstance, type FastifyServerOptions, type RouteOptions } from 'fastify'
import fc from 'fast-check'
import t, { type Test } from 'tap'
import apiKeyScopes, { defineScopes, memoryStore } from '../../lib/index.js'

const scopes = defineScopes({ a: '' })
const config = { public: true } as const

interface Answer { readonly method: string, readonly url: string, readonly constraints: object }

async function anApp (t: Test, declare: (app: FastifyInstance, add: Add) => void, options: FastifyServerOptions = {}) {
  const app: FastifyInstance = Fastify(options)
  t.teardown(async () => { await app.close() })
  await app.register(apiKeyScopes, { scopes: scopes as never, store: memoryStore(), keyPrefix: 'acme' })
  declare(app, adding(app))
  await app.ready()
  return app
}

type Add = (method: string | string[], url: string, more?: Partial<RouteOptions>) => void

/** A HEAD has no body, so it is told in a header. */
function adding (app: FastifyInstance): Add {
  return (method, url, more = {}) => {
    app.route({
      method: method as never,
      url,
      config,
      ...more,
      handler: async ({ routeOptions }, reply) => {
        reply.header('x-route', JSON.stringify({ url: routeOptions.url, constraints: textsOf(more.constraints) }))
        return ''
      }
    })
  }
}

const textsOf = (constraints: object = {}) => Object.fromEntries(Object.entries(constraints).map(([name, value]) => [name, String(value)]))

/** `null`: no route. */
async function actual (app: FastifyInstance, method: string, url: string, headers: Record<string, string> = {}): Promise<Answer | null> {
  const { headers: answered } = await app.inject({ method: method as 'GET', url, headers })
  const told = answered['x-route']
  return told === undefined ? null : { method, ...JSON.parse(String(told)) }
}

async function found (app: FastifyInstance, method: string, url: string, constraints?: Record<string, string>): Promise<Answer | string> {
  try {
    const { route } = await app.apiKeys.whoCan(method, url, constraints && { constraints })
    return { method: route.method, url: route.url, constraints: route.constraints }
  } catch (error) {
    if ((error as { code?: string }).code !== 'FST_API_KEY_INVALID_INPUT') throw error
    return (error as Error).message
  }
}

const table = (_: FastifyInstance, add: Add) => {
  for (const url of ['/', '/clusters', '/clusters/:id', '/clusters/new', '/clusters/:id/nodes/:node', '/files/*', '/A/b', '/n/:n(^\\d+$)', '/n/:word', '/x-:a-:b', '/opt/:maybe?', '/colon::on', '/slash/', '/ü']) add('GET', url)
  add('POST', '/clusters')
  add(['PUT', 'PATCH'], '/clusters/:id')
  add('DELETE', '*')
  add('GET', '/nohead', { exposeHeadRoute: false })
}

const REQUESTS = [
  'GET /', 'GET /clusters', 'GET /clusters?x=/files', 'GET /clusters/', 'GET //clusters', 'GET /Clusters', 'GET /clusters/42', 'GET /clusters/42?full=true',
  'GET /clusters/new', 'GET /clusters/4%2F2', 'GET /clusters/42/nodes/7', 'GET /clusters/%', 'GET /files/a/b', 'GET /files/', 'GET /files', 'GET /a/B', 'GET /A/b',
  'GET /n/12', 'GET /n/twelve', 'GET /x-1-2', 'GET /opt', 'GET /opt/', 'GET /opt/1', 'GET /colon:on', 'GET /slash', 'GET /slash/', 'GET /%C3%BC', 'GET /c%6Custers',
  'GET /clusters;x=1', 'GET /clusters#x', `GET /clusters/${'9'.repeat(101)}`, `GET /clusters/${'9'.repeat(20)}`, 'GET /nope', 'POST /clusters', 'PUT /clusters/1', 'PATCH /clusters/1', 'POST /clusters/1',
  'DELETE /whatever/it/is', 'HEAD /clusters/42', 'HEAD /nohead', 'GET /nohead', 'HEAD /clusters/new'
]

const OPTIONS: ReadonlyArray<readonly [string, FastifyServerOptions]> = [
  ['as it is', {}],
  ['case does not matter', { routerOptions: { caseSensitive: false } }],
  ['nor do slashes at the end', { routerOptions: { ignoreTrailingSlash: true } }],
  ['nor do several slashes', { routerOptions: { ignoreDuplicateSlashes: true } }],
  ['with semicolons', { useSemicolonDelimiter: true }],
  ['with short parameters', { routerOptions: { maxParamLength: 10 } }],
  ['no HEAD routes', { exposeHeadRoutes: false }],
  ['all of it', { exposeHeadRoutes: false, routerOptions: { caseSensitive: false, ignoreTrailingSlash: true, ignoreDuplicateSlashes: true, maxParamLength: 30 } }],
  ['said in the old place', { caseSensitive: false, ignoreTrailingSlash: true, maxParamLength: 10, routerOptions: { ignoreDuplicateSlashes: true } }]
]

for (const [title, options] of OPTIONS) {
  t.test(`of a request: ${title}`, async t => {
    const app = await anApp(t, table, options)
    let matched = 0
    for (const request of REQUESTS) {
      const [method, url] = request.split(' ') as [string, string]
      const expected = await actual(app, method, url)
      const answer = await found(app, method, url)
      if (expected !== null) matched++
      // In a declared route that has two URLs, the request tells one.
      if (expected === null) t.type(answer, 'string', request)
      else t.same(answer, expected, request)
    }
    t.ok(matched > 15 && matched < REQUESTS.length, `${matched} of ${REQUESTS.length}`)
  })
}

t.test('of any request', { timeout: 0 }, async t => {
  const part = fc.constantFrom('clusters', 'Clusters', 'new', '42', 'nodes', 'files', 'n', 'x', 'a', 'A', 'b', 'opt', 'slash', '%2F', '%41', '', 'colon:on', '*', 'x-1-2')
  for (const options of [{}, { routerOptions: { caseSensitive: false, ignoreTrailingSlash: true, ignoreDuplicateSlashes: true } }]) {
    const app = await anApp(t, table, options)
    let matched = 0
    await fc.assert(fc.asyncProperty(fc.constantFrom('GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS'), fc.array(part, { maxLength: 4 }), async (method, parts) => {
      const url = `/${parts.join('/')}`
      const expected = await actual(app, method, url)
      const answer = await found(app, method, url)
      if (expected !== null) matched++
      return expected === null ? typeof answer === 'string' : JSON.stringify(answer) === JSON.stringify(expected)
    }), { numRuns: 1000 })
    t.ok(matched > 100, `${matched} were matched`)
  }
})

t.test('as it was declared', async t => {
  const app = await anApp(t, table)
  for (const { method, url } of app.apiKeys.routes()) t.same(await found(app, method, url), { method, url, constraints: {} })
  t.same(await found(app, 'get', '/clusters/:id'), { method: 'GET', url: '/clusters/:id', constraints: {} }, 'a method in lower case')
  t.same(await found(app, 'HEAD', '/n/:n(^\\d+$)'), { method: 'HEAD', url: '/n/:n(^\\d+$)', constraints: {} }, 'a HEAD that Fastify has added')
  t.same(await found(app, 'GET', '/clusters/:name'), { method: 'GET', url: '/clusters/:id', constraints: {} }, 'another name of the parameter: as a request')
})

t.test('a route / under a prefix is two', async t => {
  const app = await anApp(t, app => {
    app.register(async child => { adding(child)('GET', '/') }, { prefix: '/docs' })
  })
  for (const url of ['/docs', '/docs/']) {
    for (const method of ['GET', 'HEAD']) t.same(await found(app, method, url), { method, url, constraints: {} })
  }
})

t.test('a HEAD route of its own', async t => {
  const app = await anApp(t, (app, add) => {
    app.route({ method: 'HEAD', url: '/a', config: { scopes: [] }, handler: async () => '' })
    add('GET', '/a')
  })
  t.match(await app.apiKeys.whoCan('HEAD', '/a'), { route: { method: 'HEAD', access: 'scopes' } })
  t.match(await app.apiKeys.whoCan('GET', '/a'), { route: { method: 'GET', access: 'public' } })
})

t.test('routes that differ by constraints', async t => {
  const secret = {
    name: 'secret',
    storage: () => {
      const values = new Map<string, never>()
      return { get: (value: string) => values.get(value.toLowerCase()) ?? null, set: (value: string, handler: never) => { values.set(value.toLowerCase(), handler) } }
    },
    deriveConstraint: ({ headers }: { headers: Record<string, unknown> }) => headers['x-secret'],
    mustMatchWhenDerived: true
  }
  const app = await anApp(t, (_, add) => {
    add('GET', '/v')
    add('GET', '/v', { constraints: { version: '1.2.0' } })
    add('GET', '/v', { constraints: { version: '2.0.0', host: 'b.example' } })
    add('GET', '/h/:id', { constraints: { host: /\.example$/ } })
    add('GET', '/h/:id', { constraints: { host: 'c.example' } })
    add('GET', '/only', { constraints: { version: '1.0.0' } })
    add('GET', '/plain')
    add('GET', '/s', { constraints: { secret: 'Alpha' } })
    add('GET', '/:any')
  }, { routerOptions: { constraints: { secret } } } as unknown as FastifyServerOptions)

  const asked: Array<[url: string, constraints: Record<string, string>]> = [
    ['/v', {}], ['/v', { version: '1.x' }], ['/v', { version: '1.2.0' }], ['/v', { version: '2.x' }], ['/v', { version: '2.x', host: 'b.example' }], ['/v', { version: '9.x' }],
    ['/v', { host: 'b.example' }], ['/h/1', { host: 'a.example' }], ['/h/1', { host: 'c.example' }], ['/h/1', { host: 'a.example.org' }],
    ['/only', {}], ['/only', { version: '1.x' }], ['/only', { version: '2.x' }], ['/s', { secret: 'ALPHA' }], ['/s', {}], ['/s', { secret: 'beta' }], ['/other', { secret: 'beta' }], ['/other', {}],
    // Others have a version, so a request that asks for one is not led to a route that has none.
    ['/plain', {}], ['/plain', { host: 'elsewhere' }], ['/plain', { version: '1.x' }], ['/plain', { secret: 'beta' }]
  ]
  let matched = 0
  for (const [url, constraints] of asked) {
    const { version, host, secret } = constraints
    const expected = await actual(app, 'GET', url, { ...version !== undefined && { 'accept-version': version }, host: host ?? 'elsewhere', ...secret !== undefined && { 'x-secret': secret } })
    const answer = await found(app, 'GET', url, constraints)
    if (expected !== null) matched++
    if (expected === null) t.type(answer, 'string', `${url} ${JSON.stringify(constraints)}`)
    else t.same(answer, expected, `${url} ${JSON.stringify(constraints)}`)
  }
  t.equal(matched, 14)

  t.equal(await found(app, 'GET', '/v'), 'GET "/v" may be one of several routes; say which with constraints: GET /v, GET /v (version 1.2.0), GET /v (version 2.0.0, host b.example)')
  t.equal(await found(app, 'GET', '/h/:id'), 'GET "/h/:id" may be one of several routes; say which with constraints: GET /h/:id (host /\\.example$/), GET /h/:id (host c.example)')
  t.same(await found(app, 'GET', '/h/:id', { host: 'c.example' }), { method: 'GET', url: '/h/:id', constraints: { host: 'c.example' } })
  t.equal(await found(app, 'GET', '/h/:id', { host: 'nowhere' }), 'there is no route GET "/h/:id" with these constraints; there is GET /h/:id (host /\\.example$/), GET /h/:id (host c.example)')
  t.equal(await found(app, 'GET', '/v', { vresion: '1.x', host: 1 as never }), 'constraints: this app has no constraint "vresion" (did you mean "version"?); there is host, version, secret; constraints.host must be a string, not 1')
})

t.test('constraints that nothing differs by change nothing', async t => {
  const app = await anApp(t, (_, add) => { add('GET', '/a') })
  t.same(await found(app, 'GET', '/a', { version: '1.x', host: 'b.example' }), { method: 'GET', url: '/a', constraints: {} })
})

t.test('a constraint that was added to the app later', async t => {
  const storage = () => {
    const values = new Map<string, never>()
    return { get: (value: string) => values.get(value) ?? null, set: (value: string, handler: never) => { values.set(value, handler) } }
  }
  const app = await anApp(t, (app, add) => {
    app.addConstraintStrategy({ name: 'tenant', storage, deriveConstraint: ({ headers }: { headers: Record<string, unknown> }) => headers['x-tenant'], validate () {} } as never)
    add('GET', '/a', { constraints: { tenant: 'one' } })
    add('GET', '/a', { constraints: { tenant: 'two' } })
  })
  t.same(await found(app, 'GET', '/a', { tenant: 'two' }), { method: 'GET', url: '/a', constraints: { tenant: 'two' } })
  t.match(await found(app, 'GET', '/a', { tenant: 'three' }), /with these constraints/)
})

t.test('there is no such route', async t => {
  const app = await anApp(t, table)
  const messages: Array<[method: string, url: string, message: string]> = [
    ['GET', '/clustesr', 'there is no route GET "/clustesr" (did you mean "/clusters"?); app.apiKeys.routes() has them all'],
    ['GET', 'clusters', 'there is no route GET "clusters" (did you mean "/clusters"?); app.apiKeys.routes() has them all'],
    // The router would take any first character for the slash.
    ['GET', 'xclusters', 'there is no route GET "xclusters" (did you mean "/clusters"?); app.apiKeys.routes() has them all'],
    ['GET', 'xopt', 'there is no route GET "xopt"; app.apiKeys.routes() has them all'],
    ['DELETE', 'clusters', 'there is no route DELETE "clusters" (did you mean "/clusters"?); app.apiKeys.routes() has them all'],
    ['DELETE', '', 'there is no route DELETE ""; app.apiKeys.routes() has them all'],
    ['POST', '/clusters/42', 'there is no route POST "/clusters/42"; this URL is for GET, HEAD, PUT, PATCH'],
    ['OPTIONS', '/files/*', 'there is no route OPTIONS "/files/*"; this URL is for GET, HEAD'],
    ['NOPE', '/a/b/c/d', 'there is no route NOPE "/a/b/c/d"; app.apiKeys.routes() has them all']
  ]
  for (const [method, url, message] of messages) t.equal(await found(app, method, url), message)
})

t.test('nothing is told of a route that another one stands in front of, which the plugin does not guard', async t => {
  const app = Fastify()
  t.teardown(async () => { await app.close() })
  app.get('/clusters/open', async () => 'nobody guards it')
  let child: FastifyInstance | undefined
  app.register(async (inner: FastifyInstance) => {
    await inner.register(apiKeyScopes, { scopes: scopes as never, store: memoryStore(), keyPrefix: 'acme' })
    inner.get('/clusters/:id', { config }, async () => '')
    child = inner
  })
  await app.ready()
  t.same(await found(child!, 'GET', '/clusters/1'), { method: 'GET', url: '/clusters/:id', constraints: {} })
  t.match(await found(child!, 'GET', '/clusters/open'), /^url: GET "\/clusters\/open" leads to a route that fastify-api-key-scopes does not know/)
})
