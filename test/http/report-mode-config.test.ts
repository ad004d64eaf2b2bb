// What may be said of the mode, and where; and that no mode opens what must stay closed.
import type { RouteOptions } from 'fastify'
import t from 'tap'
import { isOnlyReported, type Identity, type Refused } from '../../lib/http/decision.js'
import { apiKeyRoutes } from '../../lib/http/key-routes.js'
import { secretScanning } from '../../lib/http/secret-scanning.js'
import apiKeyScopes, { type ApiKeyScopesOptions, type RouteAccess } from '../../lib/index.js'
import { scopeReferenceRoutes } from '../../lib/reports/reference/routes.js'
import { accessText } from '../../lib/reports/access-text.js'
import { bareApp, countingHandler, pluginOptions, startedApp, startError } from './routes-app.js'

const config = (said: object) => said as NonNullable<RouteOptions['config']>

t.test('of all that is refused, report mode lifts three things, and these for those only who could prove who they are', t => {
  const lifted = ['missingScope', 'userOnly', 'unannotated']
  const outcomes = [...lifted, 'keyRequired', 'malformed', 'keyInvalid', 'sessionRequired', 'keysUnavailable', 'usersUnavailable']
  const identities = ['apiKey', 'user', 'none', 'malformed', 'refusedKey', 'noUser', 'keysUnavailable', 'usersUnavailable']
  for (const mode of ['enforce', 'report'] as const) {
    for (const outcome of outcomes) {
      for (const type of identities) {
        const expected = mode === 'report' && lifted.includes(outcome) && ['apiKey', 'user'].includes(type)
        t.equal(isOnlyReported({ outcome } as Refused, { type } as Identity, mode), expected, `${mode}: ${outcome} of ${type}`)
      }
    }
  }
  t.end()
})

t.test('options that are wrong keep the app from starting', async t => {
  const table: ReadonlyArray<readonly [options: object, message: RegExp]> = [
    [{ mode: 'reports' }, /mode must be 'enforce' or 'report', not "reports"/],
    [{ mode: true }, /mode must be 'enforce' or 'report', not true/],
    [{ mode: null }, /mode must be 'enforce' or 'report', not null/],
    [{ scopesMode: 'report' }, /unknown option "scopesMode"/],
    [{ notFound: { scopes: 'clusters:read', scopesMode: 'report' } }, /notFound: requests that match no route are refused in every mode; leave scopesMode out/],
    [{ notFound: { userOnly: true, scopesMode: 'enforce' } }, /notFound: requests that match no route are refused in every mode; leave scopesMode out/]
  ]
  for (const [options, message] of table) {
    const { app } = bareApp(t)
    app.register(apiKeyScopes, pluginOptions(options as Partial<ApiKeyScopesOptions>))
    t.match(await startError(app), { code: 'FST_API_KEY_BAD_OPTIONS', message }, JSON.stringify(options))
  }
})

// `undefined`: the route starts.
const saidOfRoutes: ReadonlyArray<readonly [said: object, fault?: RegExp]> = [
  [{ scopes: 'clusters:read', scopesMode: 'report' }],
  [{ scopes: 'clusters:read', scopesMode: 'enforce' }],
  [{ userOnly: true, scopesMode: 'report' }],
  [{ scopes: [], scopesMode: 'Report' }, /config\.scopesMode must be 'enforce' or 'report' \(or left out\), not "Report"/],
  [{ scopes: [], scopesMode: true }, /config\.scopesMode must be 'enforce' or 'report' \(or left out\), not true/],
  [{ scopes: [], scopesMode: undefined }, /config\.scopesMode must be 'enforce' or 'report' \(or left out\), not undefined/],
  [{ public: true, scopesMode: 'report' }, /scopesMode has nothing to say of a public route, where nobody is refused; leave it out/],
  [{ public: true, scopesMode: 'enforce' }, /scopesMode has nothing to say of a public route/],
  [{ scopes: [], scopeMode: 'enforce' }, /config\.scopeMode means nothing; write scopesMode: '\.\.\.'/],
  [{ scopes: [], scopesmode: 'enforce' }, /config\.scopesmode means nothing; write scopesMode: '\.\.\.'/],
  [{ scopes: [], scopes_mode: 'enforce' }, /config\.scopes_mode means nothing; write scopesMode: '\.\.\.'/],
  [{ scopes: [], reportOnly: false }, /config\.reportOnly means nothing; write scopesMode: 'report'/],
  [{ scopes: [], 'report-mode': 1 }, /config\.report-mode means nothing; write scopesMode: 'report'/],
  // `mode` is a word that others use. But one of ours, on a route that speaks to us, is meant for us.
  [{ scopes: [], mode: 'enforce' }, /config\.mode means nothing here; write scopesMode: 'enforce' \(beside it, if config\.mode is for another plugin\)/],
  [{ userOnly: true, mode: 'report' }, /config\.mode means nothing here; write scopesMode: 'report'/],
  [{ scopes: [], mode: 'dark' }],
  [{ scopes: [], mode: 'report', scopesMode: 'enforce' }],
  [{ public: true, mode: 'report' }]
]

t.test('what a route says of its mode is checked at start', async t => {
  for (const [said, fault] of saidOfRoutes) {
    const title = JSON.stringify(said)
    const late = bareApp(t)
    late.app.register(apiKeyScopes, pluginOptions({ mode: 'report' }))
    late.app.register(async app => { app.get('/r', { config: config(said) }, async () => 'ok') })
    const early = bareApp(t)
    early.app.get('/r', { config: config(said) }, async () => 'ok')
    early.app.register(apiKeyScopes, pluginOptions({ mode: 'report' }))
    for (const { app } of [late, early]) {
      const error = await startError(app)
      if (fault === undefined) t.equal(error, undefined, title)
      else t.match(error, { code: 'FST_API_KEY_BAD_ROUTE', message: fault }, title)
    }
  }
})

t.test('what annotate says of the mode is checked too', async t => {
  const table: ReadonlyArray<readonly [said: object, answer: object, message?: RegExp]> = [
    [{}, { scopes: 'clusters:read', scopesMode: 'report' }],
    [{ mode: 'report' }, { scopes: [] }],
    [{}, { scopes: [], scopesMode: 'off' }, /annotate answered wrongly: config\.scopesMode must be 'enforce' or 'report'/],
    [{}, { scopes: [], mode: 'report' }, /annotate answered wrongly: config\.mode means nothing here; write scopesMode: 'report'/],
    [{}, { scopes: [], mode: 'dark' }, /annotate answered wrongly: expected \{ scopes \}/],
    [{}, { scopesMode: 'report' }, /annotate answered wrongly: expected \{ scopes \}/],
    [{}, { public: true, scopesMode: 'enforce' }, /scopesMode has nothing to say of a public route/],
    [{ scopesMode: 'report' }, { public: true }, /scopesMode has nothing to say of a public route/]
  ]
  for (const [said, answer, message] of table) {
    const { app } = bareApp(t)
    app.register(apiKeyScopes, pluginOptions({ annotate: () => answer as RouteAccess }))
    app.register(async app => { app.get('/r', { config: config(said) }, async () => 'ok') })
    const error = await startError(app)
    if (message === undefined) t.equal(error, undefined)
    else t.match(error, { code: 'FST_API_KEY_BAD_ROUTE', message }, JSON.stringify(answer))
  }
})

t.test('a route that says nothing keeps the app from starting in report mode as well', async t => {
  for (const said of [{}, { scopesMode: 'report' }]) {
    const { app } = bareApp(t)
    app.register(apiKeyScopes, pluginOptions({ mode: 'report' }))
    app.register(async app => { app.get('/r', { config: config(said) }, async () => 'ok') })
    t.match(await startError(app), { code: 'FST_API_KEY_UNANNOTATED_ROUTES' })
  }
})

t.test('an onRoute hook that changes the mode later keeps the app from starting', async t => {
  const { app } = bareApp(t)
  await app.register(apiKeyScopes, pluginOptions())
  app.addHook('onRoute', route => { route.config!.scopesMode = 'report' })
  app.get('/r', { config: { scopes: 'clusters:read' } }, async () => 'ok')
  t.match(await startError(app), { code: 'FST_API_KEY_BAD_ROUTE', message: /an onRoute hook has changed who may call it/ })
})

t.test('a HEAD route of its own mode is a route of its own', async t => {
  const handler = countingHandler()
  const { app, statuses } = await startedApp(t, {
    after: app => {
      app.head('/strict', { config: { scopes: 'clusters:read', scopesMode: 'enforce' } }, handler)
      app.get('/strict', { config: { scopes: 'clusters:read', scopesMode: 'report' } }, handler)
      app.head('/open', { config: { public: true } }, handler)
      app.get('/open', { config: { scopes: 'clusters:read' } }, handler)
      app.get('/plain', { config: { scopes: 'clusters:read', scopesMode: 'report' } }, handler)
    }
  })
  t.same(app.apiKeys.routes().map(({ method, url, mode }) => [method, url, mode]), [['HEAD', '/strict', 'enforce'], ['GET', '/strict', 'report'], ['HEAD', '/open', 'enforce'], ['GET', '/open', 'enforce'], ['GET', '/plain', 'report']])
  t.same(app.apiKeys.routes().map(accessText), ['clusters:read', 'clusters:read (report mode: not enforced)', 'everybody', 'clusters:read', 'clusters:read (report mode: not enforced)'])
  t.match(await statuses('/strict', 'HEAD'), { nobody: 401, bare: 403, read: 200 })
  t.match(await statuses('/strict', 'GET'), { nobody: 401, bare: 200, read: 200 })
  t.match(await statuses('/plain', 'HEAD'), { nobody: 401, bare: 200, read: 200 })
})

t.test('the HEAD route of a GET that annotate spoke of is in the mode of the GET', async t => {
  const { app, statuses } = await startedApp(t, {
    plugin: { annotate: ({ method }) => method === 'GET' ? { scopes: 'clusters:read', scopesMode: 'report' } : undefined },
    after: app => { app.get('/r', async () => 'ok') }
  })
  t.match(await statuses('/r', 'HEAD'), { nobody: 401, bare: 200 })
  t.same(app.apiKeys.routes().map(({ method, mode }) => [method, mode]), [['GET', 'report']])
})

t.test('our own routes are enforced whatever the mode of the app, and annotate is not asked about them', async t => {
  const { app, statuses } = await startedApp(t, {
    plugin: { mode: 'report', annotate: () => ({ scopes: [], scopesMode: 'report' }) },
    after: async app => {
      await app.register(apiKeyRoutes, { keyScopes: { list: 'clusters:read' } })
      await app.register(scopeReferenceRoutes, { access: { scopes: 'clusters:read' } })
      await app.register(secretScanning, { keysUrl: 'https://keys.example.com' })
    }
  })
  const routes = app.apiKeys.routes()
  t.equal(routes.length, 14)
  t.same(routes.filter(({ mode }) => mode !== 'enforce'), [])
  t.match(await statuses('/api-keys'), { nobody: 401, bare: 403, devices: 403, user: 200 })
  t.match(await statuses('/scopes.json'), { nobody: 401, bare: 403, read: 200 })
  t.match(await statuses('/api-keys/any'), { nobody: 401, bare: 403, full: 403, user: 404 })
})
