// The runner of the examples' tables, checked: it finds nothing in an app that is as its page says, and everything else.
import Fastify, { type FastifyInstance, type FastifyRequest } from 'fastify'
import apiKeyScopes, { defineScopes, type ScopeRequirement } from 'fastify-api-key-scopes'
import apiKeyRoutes from 'fastify-api-key-scopes/routes'
import t from 'tap'
import type { AppOptions } from '../../examples/serve.js'
import { grantsOf } from './conformance.grants.js'
import { checksOf, conform, type Page, type Row } from './conformance.js'
import { keyRows } from './key-rows.js'

interface Variation {
  readonly things?: ScopeRequirement
  readonly either?: ScopeRequirement
  readonly includes?: 'things:read' | 'logs:read'
  readonly money?: { readonly userOnly: true } | { readonly scopes: string[] }
  readonly options?: { readonly defaultGrant?: ['things:read'] }
  readonly extra?: boolean
  readonly realm?: string
  readonly statusOfMove?: number
  readonly hooked?: (app: FastifyInstance, changes: () => void) => void
}

function appOf (variation: Variation = {}) {
  const { things = 'things:read', either = { anyOf: ['things:write', ['things:read', 'logs:read']] }, includes = 'things:read', money = { userOnly: true }, options = { defaultGrant: ['things:read'] } } = variation
  return async ({ store, authenticateUser }: AppOptions): Promise<FastifyInstance> => {
    const app = Fastify()
    const scopes = defineScopes({
      all: { description: '', includes: '*' },
      'things:read': '',
      'things:write': { includes },
      'logs:read': ''
    }, options)
    const state = { moves: 0, money: 0 }
    await app.register(apiKeyScopes, { scopes, store, authenticateUser, keyPrefix: 'test', realm: variation.realm ?? 'test', apiKeyHeader: 'x-api-key' })
    variation.hooked?.(app, () => { state.moves++ })
    await app.register(apiKeyRoutes, { prefix: '/v1' })
    app.get('/things', { config: { scopes: things } }, async () => state)
    app.post('/things/:id/move', { config: { scopes: either } }, async (_, reply) => {
      state.moves++
      reply.code(variation.statusOfMove ?? 202)
      return state
    })
    app.get('/me', { config: { scopes: [] } }, async () => 'me')
    app.post('/money', { config: money }, async () => ++state.money)
    app.get('/', { config: { public: true } }, async () => 'hello')
    if (variation.extra) app.get('/extra', { config: { public: true } }, async () => 'hello')
    return app
  }
}

const rows: readonly Row[] = [
  { route: 'GET /things', needs: [['things:read']], succeeds: 200 },
  { route: 'POST /things/:id/move', request: 'POST /things/1/move', body: {}, needs: [['things:write'], ['things:read', 'logs:read']], succeeds: 202 },
  { route: 'GET /me', needs: [[]], succeeds: 200 },
  { route: 'POST /money', needs: 'user', succeeds: 200 },
  { route: 'GET /', needs: 'public', succeeds: 200 },
  ...keyRows({ path: '/v1/api-keys', create: { name: 'another', scopes: [] }, update: { name: 'renamed' } })
]

const OPENS: Readonly<Record<string, readonly string[]>> = {
  all: ['all', 'things:read', 'things:write', 'logs:read'],
  'things:read': ['things:read'],
  'things:write': ['things:write', 'things:read'],
  'logs:read': ['logs:read']
}

const page: Page = {
  rows,
  scopes: Object.keys(OPENS),
  opens: scope => OPENS[scope]!,
  defaultGrant: ['things:read'],
  realm: 'test',
  buildApp: appOf(),
  keysPath: '/v1/api-keys',
  watch: ['/things']
}

t.test('a page that is true', async t => {
  await conform(t, page)
  await conform(t, { ...page, headers: key => ({ 'x-api-key': key }) })
})

t.test('the grants that are tried', async t => {
  t.same(Object.fromEntries(grantsOf({ ...page, grants: { 'a preset': ['logs:read', 'things:write'] } })), {
    nothing: [],
    all: ['all'],
    'things:read': ['things:read'],
    'things:write': ['things:write'],
    'logs:read': ['logs:read'],
    'things:read + logs:read': ['things:read', 'logs:read'],
    'everything that does not open logs:read': ['things:read', 'things:write'],
    'a preset': ['logs:read', 'things:write']
    // All other combinations are among these already.
  })
})

const faults: { [what: string]: [page: Partial<Page>, report: RegExp] } = {
  'a route that needs another scope': [{ buildApp: appOf({ things: 'logs:read' }) }, /^a key with logs:read: GET \/things: {"status":200,.+} instead of {"status":403,/m],
  'a route that needs no scope': [{ buildApp: appOf({ things: [] }) }, /^a key with nothing: GET \/things: /m],
  'a route that needs one of two': [{ buildApp: appOf({ either: { anyOf: ['things:write', 'things:read', 'logs:read'] } }) }, /^a key with logs:read: POST \/things\/1\/move: {"status":202/m],
  'alternatives in another order': [{ buildApp: appOf({ either: { anyOf: [['things:read', 'logs:read'], 'things:write'] } }) }, /^a key with nothing: POST \/things\/1\/move: {"status":403/m],
  'a scope that includes another': [{ buildApp: appOf({ includes: 'logs:read' }) }, /^a key with things:write: GET \/things: {"status":403/m],
  'another realm': [{ buildApp: appOf({ realm: 'other' }) }, /realm=\\"other\\".+ instead of .+realm=\\"test\\"/],
  'another status': [{ buildApp: appOf({ statusOfMove: 201 }) }, /^a user passes everywhere.+: POST \/things\/1\/move: {"status":201.+ instead of {"status":202}$/m],
  'a user-only route that takes keys': [{ buildApp: appOf({ money: { scopes: ['all'] } }) }, /^a key with all: POST \/money: {"status":200,"body":1/m],
  'a route that is not in the table': [{ buildApp: appOf({ extra: true }) }, /^the table .+: GET \/extra is not in the table$/m],
  'a route that does not exist': [{ rows: [...rows, { route: 'GET /no', needs: 'public', succeeds: 404 }] }, /^the table .+: the app has no GET \/no$/m],
  'a public route that is none': [{ rows: rows.map(row => row.route === 'GET /me' ? { ...row, needs: 'public' } : row) }, /^without a credential .+: no credential: GET \/me: {"status":401/m],
  'a scope that does not exist': [{ scopes: ['no'], opens: () => [] }, /^a key with no: .*no key was created/m],
  'another default grant': [{ defaultGrant: ['all'] }, /^a key created without scopes: its record has things:read$/m],
  'another body': [{ denied: ({ message }) => ({ detail: message }) }, /^a key with nothing: GET \/things: .+ instead of {"status":403,"body":{"detail":"API key missing/m],
  'other granted scopes': [{ shown: () => [] }, /^a key with logs:read: GET \/things: .*"grantedScopes":\["logs:read"\].+ instead of .*"grantedScopes":\[\]/m],
  'something that never changes': [{ watch: ['/me'] }, /^a user passes everywhere.+: \/me has not changed$/m],
  'a refusal that changes something': [
    { buildApp: appOf({ hooked: (app, changes) => app.addHook('onSend', async (_, reply) => { if (reply.statusCode === 403) changes() }) }) },
    /^a request that is refused changes nothing: \/things has changed$/m
  ],
  'a HEAD that is open': [
    { buildApp: appOf({ hooked: app => app.addHook('onSend', async ({ method }, reply) => { if (method === 'HEAD') reply.code(200) }) }) },
    /^a key with nothing: HEAD \/things: {"status":200/m
  ],
  'a scope that can be granted without what it is said to require': [{ requires: scope => scope === 'logs:read' ? ['things:read'] : [] }, /^no key lacks what its scopes require: creating a key with logs:read: {"status":201/m]
}

for (const [what, [change, report]] of Object.entries(faults)) {
  t.test(`${what} is found`, async t => {
    t.match(await reportOf({ ...page, ...change }), report)
  })
}

t.test('no default grant', async t => {
  const { defaultGrant, ...others } = page
  await conform(t, { ...others, buildApp: appOf({ options: {} }) })
  t.match(await reportOf(others), /^a key created without scopes: creating it: {"status":201/m)
})

// The rest of the scope model: a condition, a requirement, and an older spelling.
interface Model {
  readonly when?: (needs: unknown) => boolean
  readonly requires?: 'logs:read'
  readonly replacedBy?: 'logs:read' | 'logs:write'
}

function modelOf ({ when = needs => needs === true, requires, replacedBy = 'logs:read' }: Model = { requires: 'logs:read' }) {
  return async ({ store, authenticateUser }: AppOptions): Promise<FastifyInstance> => {
    const app = Fastify()
    const scopes = defineScopes({
      'logs:read': '',
      'logs:write': { ...requires && { requires } },
      logs: { status: 'deprecated', replacedBy }
    })
    await app.register(apiKeyScopes, { scopes, store, authenticateUser, keyPrefix: 'test' })
    await app.register(apiKeyRoutes)
    const config = {
      scopes: 'logs:write',
      scopesWhen: [{ when: ({ body }: FastifyRequest) => when((body as { andRead?: boolean }).andRead), scopes: 'logs' }]
    }
    app.post('/logs', { config }, async () => 'written')
    return app
  }
}

const model: Page = {
  rows: [
    { route: 'POST /logs', body: {}, needs: [['logs:write']], succeeds: 200 },
    { route: 'POST /logs', body: { andRead: true }, base: ['logs:write'], needs: [['logs:write', 'logs:read']], succeeds: 200 },
    ...keyRows({ create: { name: 'another', scopes: [] }, update: { name: 'renamed' } })
  ],
  scopes: ['logs:read', 'logs:write', 'logs'],
  opens: scope => [scope === 'logs' ? 'logs:read' : scope],
  requires: scope => scope === 'logs:write' ? ['logs:read'] : [],
  shown: granted => [...new Set(granted.map(scope => scope === 'logs' ? 'logs:read' : scope))],
  realm: 'api',
  buildApp: modelOf()
}

t.test('a page with conditions, requirements and older spellings', async t => {
  await conform(t, model)
  const { requires, ...free } = model
  await conform(t, { ...free, buildApp: modelOf({}) })

  const one = { route: 'POST /logs', body: { andRead: true }, needs: [['logs:write', 'logs:read']], succeeds: 200 } as const
  const wrong: { [what: string]: [page: Page, report: RegExp] } = {
    'a condition that never applies': [{ ...free, buildApp: modelOf({ when: () => false }) }, /^a key with logs:write: POST \/logs: {"status":200/m],
    'a condition that always applies': [{ ...free, buildApp: modelOf({ when: () => true }) }, /^a key with logs:write: POST \/logs: {"status":403/m],
    'a condition that is none': [{ ...free, rows: [one], buildApp: modelOf({}) }, /^a key with nothing: POST \/logs: .+ instead of .+required scopes: logs:write, logs:read/m],
    'nothing that is required': [{ ...model, buildApp: modelOf({}) }, /^no key lacks what its scopes require: creating a key with logs:write: {"status":201/m],
    'something that is required all the same': [{ ...free, buildApp: modelOf() }, /^a key with logs:write: no key was created.+required by/m],
    'an older spelling of something else': [{ ...free, buildApp: modelOf({ replacedBy: 'logs:write' }) }, /^a key with logs: POST \/logs: {"status":200/m]
  }
  for (const [what, [page, report]] of Object.entries(wrong)) t.match(await reportOf(page), report, what)
})

async function reportOf (page: Page): Promise<string> {
  const lines: string[] = []
  for (const { title, run } of checksOf(page)) {
    const found = await run().catch((error: Error) => [error.message])
    lines.push(...found.map(text => `${title}: ${text}`))
  }
  return lines.join('\n')
}
