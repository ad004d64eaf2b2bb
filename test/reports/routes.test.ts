// What app.apiKeys.routes() tells is what the router has, route by route, and each says what its declaration said.
import { isDeepStrictEqual } from 'node:util'
import FindMyWay from 'find-my-way'
import Fastify, { type FastifyContextConfig, type FastifyInstance } from 'fastify'
import t from 'tap'
import apiKeyScopes, { defineScopes, memoryStore } from '../../lib/index.js'
import { accessText } from '../../lib/reports/access-text.js'
import { APPS } from './apps.js'
import { bigApp, ROUTES } from './big-app.js'

/** A route as Fastify gave it to its router. */
interface Routed { readonly method: string, readonly url: string, readonly constraints: Record<string, unknown>, readonly config: FastifyContextConfig, readonly server: FastifyInstance }

for (const { name, build } of APPS) {
  t.test(`${name}: every route that the router has, and no other`, async t => {
    const { app, routed } = await watched(async () => (await build()).app)
    const routes = app.apiKeys.routes()
    await app.close()

    const told = new Map(routes.map(route => [nameOf(route), route]))
    t.equal(told.size, routes.length, 'none is told twice')
    const known = new Map(routed.map(route => [nameOf(route), route]))
    t.same([...told.keys()].filter(route => !known.has(route)), [], 'each one is there')
    const untold = [...known].filter(([route]) => !told.has(route)).map(([, route]) => route)
    t.same(untold.filter(({ method }) => method !== 'HEAD'), [], 'none is left out')
    t.ok(untold.length > 0)
    t.same(untold.filter(head => !told.has(nameOf({ ...head, method: 'GET' }))), [], 'but what goes with its GET')

    const { catalog } = app.apiKeys
    // What says nothing itself is in one app, and tested below.
    const annotated = [...told].filter(([route]) => !route.includes('/vendor/'))
    for (const [route, guarded] of annotated) {
      const { config } = known.get(route)!
      const access = config.public === true ? 'public' : config.userOnly === true ? 'userOnly' : 'scopes'
      const scopes = config.scopes === undefined ? [] : catalog.requirement(config.scopes).alternatives
      const conditions = (config.scopesWhen ?? []).map(({ scopes, description = '' }) => ({ scopes: catalog.requirement(scopes).alternatives, description }))
      const { access: toldAccess, scopes: toldScopes, conditions: toldConditions } = guarded
      if (!isDeepStrictEqual([toldAccess, toldScopes, toldConditions], [access, scopes, conditions])) t.fail(`${route}: ${accessText(guarded)}`)
    }
    t.ok(annotated.length >= 15, `${annotated.length} routes say what they were declared with`)
  })
}

t.test('the app of 650 routes', async t => {
  const app = await bigApp()
  t.throws(() => app.apiKeys.routes(), { code: 'FST_API_KEY_NOT_READY', message: 'app.apiKeys.routes needs all routes to be there: await app.ready() first' })
  await app.ready()
  t.teardown(async () => { await app.close() })
  const routes = app.apiKeys.routes()
  const find = (method: string, url: string, constraints = {}) => routes.find(route => nameOf(route) === nameOf({ method, url, constraints }))!
  const said = (...route: Parameters<typeof find>) => accessText(find(...route))

  t.equal(routes.length, ROUTES)
  t.equal(app.apiKeys.routes().length, ROUTES, 'asked again it is the same')
  t.ok(Object.isFrozen(routes[0]))

  t.test('says in words who may call each', async t => {
    const said = new Set(routes.map(accessText))
    for (const text of ['everybody', 'users only', 'any valid key', 'full', 'catalog:write + catalog:delete', 'one of compute:read, audit:export',
      'network:write; sometimes network:admin (Required with force.)', 'any valid key; sometimes container:admin', 'one of database:admin, database:write + audit:read',
      'container:write; sometimes container:admin (Required with force.); sometimes one of audit:export, audit:read + log:read']) {
      t.ok(said.has(text), text)
    }
  })

  t.test('tells deprecated names as they are called today', async t => {
    t.same(find('POST', '/report/execute').scopes, [['reports:run']])
    t.same(find('POST', '/reports/either').scopes, [['reports:run']], 'two spellings are one alternative')
  })

  t.test('tells what the annotations of others say', async t => {
    t.equal(said('GET', '/vendor/ui/:page'), 'any valid key')
    t.equal(said('GET', '/vendor/audit'), 'one of audit:read, monitor:read + log:read')
  })

  t.test('tells constraints as text', async t => {
    t.equal(said('GET', '/versioned'), 'users only')
    t.equal(said('GET', '/versioned', { version: '2.1.0' }), 'search:read + search:write')
    t.equal(said('GET', '/hosted/:id', { host: '/^us\\d\\.example\\.com$/' }), 'dns:write')
  })

  t.test('tells of both URLs of "/" below a prefix, declared before the plugin and after it', async t => {
    for (const url of ['/early', '/early/', '/slashes', '/slashes/', '/slashes/deep', '/slashes/deep/']) t.ok(find('GET', url), url)
    t.equal(find('GET', '/handled/'), undefined, 'unless it has but one')
  })

  t.test('tells of a HEAD that is not for whom its GET is', async t => {
    t.equal(said('HEAD', '/heads'), 'monitor:admin')
    t.equal(said('GET', '/heads'), 'monitor:read')
    t.equal(routes.filter(({ method }) => method === 'HEAD').length, 1)
  })

  t.test('tells what documentation needs', async t => {
    t.equal(find('GET', '/').summary, 'What this is')
    t.equal(find('GET', '/health').summary, '')
    t.same(routes.filter(({ hidden }) => hidden).map(({ url }) => url), ['/internal/state', '/internal/flush', '/internal/ping'])
  })
})

t.test('an app that does not start tells nothing', async t => {
  const app = Fastify()
  await app.register(apiKeyScopes, { scopes: defineScopes({ a: 'A' }), store: memoryStore(), keyPrefix: 'acme' })
  app.get('/', async () => 'for whom?')
  await t.rejects(async () => { await app.ready() }, { code: 'FST_API_KEY_UNANNOTATED_ROUTES' })
  t.throws(() => app.apiKeys.routes(), { code: 'FST_API_KEY_NOT_READY' })
  await app.close()
})

/** Builds an app and notes what Fastify gives to its router meanwhile. */
async function watched (build: () => Promise<FastifyInstance>): Promise<{ app: FastifyInstance, routed: readonly Routed[] }> {
  const routed: Routed[] = []
  const router = (FindMyWay as unknown as { prototype: { on: (...args: any[]) => unknown } }).prototype
  const { on } = router
  let depth = 0
  router.on = function (methods, url, options, handler, context) {
    // The routers of not-found handlers have no options, and a route with an optional parameter becomes two within.
    if (depth === 0 && typeof options === 'object') {
      for (const method of [methods].flat()) routed.push({ method, url, constraints: options.constraints, config: context.config, server: context.server })
    }
    depth++
    try {
      return on.call(this, methods, url, options, handler, context)
    } finally {
      depth--
    }
  }
  try {
    const app = await build()
    await app.ready()
    // An example starts another app, where its users sign in.
    return { app, routed: routed.filter(({ server }) => server === app || Object.prototype.isPrototypeOf.call(app, server)) }
  } finally {
    router.on = on
  }
}

function nameOf ({ method, url, constraints }: { method: string, url: string, constraints: object }): string {
  return `${method} ${url} ${JSON.stringify(Object.entries(constraints).map(([name, value]) => [name, String(value)]).sort())}`
}
