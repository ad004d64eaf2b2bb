// The matrix of routes and scopes finds what it is there to find, and touches nothing meanwhile.
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import Fastify, { type FastifyInstance } from 'fastify'
import t from 'tap'
import { filledUrl } from '../../lib/testing/matrix/url.js'
import { scopeMatrix, type MatrixOptions, type ScopeMatrix } from '../../lib/testing/index.js'
import { EXAMPLES } from '../reports/apps.js'
import { AREAS, bigApp, bigScopes, ROUTES } from '../reports/big-app.js'
import { headersFor, needsOf, samplesFor } from '../reports/samples.js'
import { buildApp, type Seen } from './fixtures/app.js'

t.setTimeout(600_000)

/** What is wrong, by the name of the case. */
async function failuresOf (matrix: ScopeMatrix): Promise<Record<string, string>> {
  const failures: Record<string, string> = {}
  for (const { name, run } of matrix) {
    await run().catch((error: Error) => { failures[name] = `${error.name}: ${error.message}` })
  }
  await matrix.close()
  return failures
}

const withName: MatrixOptions = { requests: ({ method, url }) => method === 'POST' && url === '/apps' ? { payload: { name: 'a' } } : undefined }

t.test('an app that is as it says', async t => {
  const seen: Seen = { ran: [], closed: [] }
  const matrix = await scopeMatrix(async () => await buildApp({ seen }), withName)
  t.same(matrix.map(({ name }) => name), [
    'GET /health: everybody',
    'GET /me: any valid key',
    'GET /apps: apps:read',
    'GET /apps/:id(^\\d+$): one of apps:read, logs:read + apps:deploy',
    'POST /apps/:id/deploy: apps:deploy + logs:read',
    'POST /apps: apps:read; sometimes apps:deploy (To deploy it at once.)',
    'POST /billing: users only',
    'GET /new (version 2.0.0): apps:read',
    'GET /new: logs:read',
    'GET /logs: logs:read',
    'GET /logs/: logs:read'
  ])
  t.same(await failuresOf(matrix), {})
  t.same(seen, { ran: [], closed: [1] }, 'no handler ran, and the app is closed')
})

t.test('with handlers, they run, and answers of their own are nothing to it', async t => {
  const seen: Seen = { ran: [], closed: [] }
  const matrix = await scopeMatrix(async () => await buildApp({
    seen,
    declare: app => {
      app.get('/moody', { config: { scopes: 'apps:read' } }, async (_request, reply) => await reply.code(403).send({ code: 'FST_API_KEY_MISSING_SCOPE' }))
      app.get('/deep', { config: { scopes: 'apps:read' } }, async request => { request.requireScopes('full') })
    }
  }), { ...withName, handlers: true, users: { alice: { headers: { 'x-user': 'alice' } } } })
  t.same(await failuresOf(matrix), {})
  t.ok(seen.ran.includes('POST /billing'))
  t.ok(seen.ran.includes('POST /apps'))
  t.notOk(seen.ran.includes('POST /apps/:id/deploy'), 'without a body that is right')
})

t.test('who is asked', async t => {
  const asked = async (options: MatrixOptions) => {
    const matrix = await scopeMatrix(async () => await buildApp({ before: app => { app.addHook('onRequest', async (_request, reply) => await reply.code(418).send()) } }), { routes: ({ url }) => url === '/me', ...options })
    return Object.values(await failuresOf(matrix))[0]!.split(':\n')[1]!.trim()
  }
  t.equal(await asked({}), 'no key, a key with no scope, a key with full, a key with apps:read, a key with apps:deploy, logs:read, a key with apps:ship, logs:read, a key with logs:read, a key with the preset Monitoring, no key (HEAD), a key with no scope (HEAD)')
  t.equal(await asked({ scopes: ['logs:read'], grants: { both: ['logs:read', 'full'] }, users: { alice: { headers: { 'x-user': 'alice' } } } }),
    'no key, a key with no scope, a key with logs:read, a key with the preset Monitoring, a key with the default grant, a key with both, the user alice, no key (HEAD), a key with no scope (HEAD)')
})

const isGetApps: MatrixOptions['routes'] & {} = ({ method, url }) => method === 'GET' && url === '/apps'

const FAULTS: ReadonlyArray<readonly [what: string, app: Parameters<typeof buildApp>[0], options: MatrixOptions, found: Record<string, string>]> = [
  ['a hook in front of the check answers', {
    before: app => { app.addHook('onRequest', async (request, reply) => { if (request.url === '/apps' && request.method === 'GET') await reply.send('cached') }) }
  }, {}, { 'GET /apps: apps:read': 'it was answered 200 before it was decided; something is in its way' }],
  ['a hook leads requests past the check', {
    // One that throws null ends the hooks, and not the request.
    // eslint-disable-next-line no-throw-literal
    before: app => { app.addHook('onRequest', (request, _reply, done) => { if (request.url === '/logs') throw null; done() }) }
  }, {}, {
    'GET /logs: logs:read': 'it was answered 500 before it was decided; something is in its way'
  }],
  ['denials are answered 200', {
    before: app => { app.addHook('onSend', async (_request, reply) => { reply.code(200) }) }
  }, { scopes: [], routes: isGetApps }, { 'GET /apps: apps:read': 'it was refused (FST_API_KEY_REQUIRED), but answered 200' }],
  ['users have fewer scopes than is said', {}, { users: { bob: { headers: { 'x-user': 'bob', 'x-scopes': 'logs:read' } } }, routes: isGetApps },
    { 'GET /apps: apps:read': 'it was refused with FST_API_KEY_MISSING_SCOPE; it should be let through:\n    the user bob' }],
  ['users have more scopes than is said', {}, { users: { bob: { headers: { 'x-user': 'bob' }, scopes: ['logs:read'] } }, routes: isGetApps },
    { 'GET /apps: apps:read': 'it was let through; it should be refused with FST_API_KEY_MISSING_SCOPE:\n    the user bob' }],
  ['users are none', {}, { users: { bob: { headers: {} } }, routes: ({ url }) => url === '/billing' },
    { 'POST /billing: users only': 'it was refused with FST_USER_SESSION_REQUIRED; it should be let through:\n    the user bob' }],
  ['a body is missing', {}, { requests: () => ({}), routes: ({ method, url }) => method === 'POST' && url === '/apps' },
    { 'POST /apps: apps:read; sometimes apps:deploy (To deploy it at once.)': 'it was answered 400 before it was decided; say with the option requests what it is to be sent:' }],
  ['a condition applies that is not said', {}, {
    requests: () => [{ payload: { name: 'a', deploy: true }, needs: 'apps:read' }, { payload: { name: 'a' }, needs: ['apps:read', 'apps:deploy'] }],
    routes: ({ method, url }) => method === 'POST' && url === '/apps'
  }, { 'POST /apps: apps:read; sometimes apps:deploy (To deploy it at once.)': 'it was refused with FST_API_KEY_MISSING_SCOPE; it should be let through:\n    a key with apps:read, a key with the preset Monitoring\n  it was let through; it should be refused with FST_API_KEY_MISSING_SCOPE:\n    a key with apps:read' }],
  ['parameters lead to another route', {
    declare: app => { app.get('/apps/latest', { config: { scopes: 'apps:read' } }, async () => 'ok'); app.get('/apps/named/:name', { config: { scopes: 'apps:read' } }, async () => 'ok'); app.get('/apps/named/none', { config: { scopes: 'apps:read' } }, async () => 'ok') }
  }, { params: { name: 'none' } }, { 'GET /apps/named/:name: apps:read': 'it went to GET /apps/named/none; give it other params' }],
  ['no parameter is known that fits', {
    declare: app => { app.get('/colours/:colour(^#[0-9a-f]{6}$)', { config: { public: true } }, async () => 'ok') }
  }, {}, { 'GET /colours/:colour(^#[0-9a-f]{6}$): everybody': 'no value is known that fits its parameters; give them with the option params, or requests' }]
]

for (const [what, app, options, found] of FAULTS) {
  t.test(`it finds that ${what}`, async t => {
    const failures = await failuresOf(await scopeMatrix(async () => await buildApp(app), { ...withName, ...options }))
    t.same(Object.keys(failures), Object.keys(found))
    for (const [name, fault] of Object.entries(found)) {
      t.ok(failures[name]?.startsWith(`AssertionError: ${name.replace(': ', ' is for: ')}\n  ${fault}`), String(failures[name]))
    }
  })
}

t.test('what it is told is right', async t => {
  const failures = await failuresOf(await scopeMatrix(async () => await buildApp({
    declare: app => { app.get('/colours/:colour(^#[0-9a-f]{6}$)', { config: { public: true } }, async () => 'ok') }
  }), {
    params: { colour: '#336699' },
    requests: ({ method, url }) => method === 'POST' && url === '/apps'
      ? [{ payload: { name: 'a', deploy: true }, needs: ['apps:read', 'apps:deploy'] }, { payload: { name: 'a' }, needs: 'apps:read', query: { a: '1' }, headers: { 'x-a': '1' } }]
      : { params: { id: '7' } },
    users: { alice: { headers: { 'x-user': 'alice' } }, bob: { headers: { 'x-user': 'bob', 'x-scopes': 'logs:read' }, scopes: ['logs:read'] } }
  }))
  t.same(failures, {})
})

t.test('report mode', async t => {
  const matrix = await scopeMatrix(async () => await buildApp({ plugin: { mode: 'report' } }), { ...withName, users: { alice: { headers: { 'x-user': 'alice' } } } })
  t.ok(matrix.some(({ name }) => name === 'GET /apps: apps:read (report mode: not enforced)'))
  t.same(await failuresOf(matrix), {}, 'what would be refused is let through, and reported')
})

t.test('an app that cannot be asked', async t => {
  const app = await buildApp()
  await t.rejects(scopeMatrix(() => app), { message: 'buildApp must make the app when it is called: one that was there before cannot be watched' })
  await app.close()

  await t.rejects(scopeMatrix(async () => await buildApp({ declare: app => { app.get('/forgotten', async () => 'ok') } })), { code: 'FST_API_KEY_UNANNOTATED_ROUTES' })
  const seen: Seen = { ran: [], closed: [] }
  await t.rejects(scopeMatrix(async () => await buildApp({ seen }), { scopes: ['apps:raed' as 'full'] }), { code: 'FST_API_KEY_INVALID_INPUT' })
  t.same(seen.closed, [1], 'it is closed')
})

t.test('other apps are left alone', async t => {
  let other: FastifyInstance | undefined
  const heard: string[] = []
  const listener = (event: unknown) => { heard.push((event as { route: string }).route) }
  const matrix = await scopeMatrix(async () => {
    const app = await buildApp({
      declare: async app => {
        other = await buildApp()
        app.addHook('onRequest', async () => { t.equal((await other!.inject('/health')).statusCode, 200) })
      }
    })
    return app
  }, { routes: ({ url }) => url === '/me', scopes: [] })
  t.same(await failuresOf(matrix), {})
  subscribe('fastify-api-key-scopes.audit', listener)
  t.equal((await other!.inject('/health')).statusCode, 200, 'nor are its requests ended that are not asked')
  unsubscribe('fastify-api-key-scopes.audit', listener)
  t.same(heard, [])
  await other!.close()
})

t.test('an app that is made elsewhere at the same time is not watched', async t => {
  const [matrix, app] = await Promise.all([scopeMatrix(async () => await buildApp(), withName), (async () => Fastify())()])
  app.get('/', async () => 'ok')
  t.equal((await app.inject('/')).body, 'ok')
  await app.close()
  await matrix.close()
})

t.test('URLs', async t => {
  for (const [declared, url, params] of [
    ['/', '/'],
    ['/hosts/:id', '/hosts/1'],
    ['/hosts/:id/keys/:key', '/hosts/h%2F1/keys/1', { id: 'h/1' }],
    ['/at/:hour(^\\d{2})h:minute(^\\d{2})m', '/at/10h10m'],
    ['/near/:lat-:lng', '/near/1-1'],
    ['/pictures/:file.png', '/pictures/1.png'],
    ['/maybe/:id?', '/maybe/1'],
    ['/tasks::run', '/tasks:run'],
    ['/files/*', '/files/x'],
    ['/files/*', '/files/a/b%20c', { '*': 'a/b c' }],
    ['/café', '/caf%C3%A9'],
    ['/😀/:a', '/%F0%9F%98%80/1'],
    ['/x/:id(^(?:[0-9a-f]{8}-)[0-9a-f-]+$)', '/x/00000000-0000-4000-8000-000000000000'],
    ['/x/:id(^q+$)', undefined],
    ['/x/:__proto__', '/x/1']
  ] as const) {
    t.equal(filledUrl(declared, params ?? {}), url, declared)
  }
})

/** Each request, with what it needs in all. */
const samples: MatrixOptions['requests'] & {} = route => samplesFor(route).map(({ applies, ...sample }) => ({
  ...sample,
  headers: headersFor(route),
  ...route.conditions.length > 0 && { needs: needsOf(route, { applies }) as 'full' }
}))

t.test('the examples', async t => {
  for (const { name, build } of EXAMPLES) {
    t.test(name, async t => {
      const { app } = await build()
      await app.ready()
      const names = [...app.apiKeys.catalog.scopes.keys()]
      await app.close()
      // Of very many scopes, some are enough: the presets open everything.
      const matrix = await scopeMatrix(async () => (await build()).app, { requests: samples, ...names.length > 100 && { scopes: names.filter((_, i) => i % 4 === 0) } })
      t.same(await failuresOf(matrix), {})
    })
  }
})

t.test('an app of 650 routes, by somebody without a key, keys with each kind of scope, and users', async t => {
  // Twenty areas have the same scopes: those of four are enough.
  const others = Object.keys(AREAS).slice(4)
  const grantable = [...bigScopes.scopes.values()].filter(({ name, status }) => ['active', 'deprecated'].includes(status) && !others.includes(name.split(':')[0]!))
  const matrix = await scopeMatrix(async () => await bigApp(), {
    requests: samples,
    scopes: grantable.map(({ name }) => name as 'full'),
    users: { alice: { headers: { 'x-user': 'alice' } }, bob: { headers: { 'x-user': 'bob', 'x-scopes': 'compute:read' }, scopes: ['compute:read' as 'full'] } }
  })
  t.equal(matrix.length, ROUTES)
  t.same(await failuresOf(matrix), {})
})
