/**
 * An app of 650 routes with something of everything that an annotation can say and a router can do. Always the same one.
 *
 * Handlers answer `{ ran }`, the route that they belong to, with a status that our denials may have too where the route says so.
 * A user is whoever sends `x-user`; with `x-scopes`, names with spaces between them, the session has no others.
 */
import type {} from '@fastify/swagger'
import Fastify, { type FastifyInstance, type FastifyRequest, type FastifyServerOptions, type RouteOptions } from 'fastify'
import apiKeyScopes, { defineScopes, memoryStore, type ApiKeyScopesOptions, type Catalog, type ScopeEntry } from '../../lib/index.js'
import apiKeyRoutes from '../../lib/http/key-routes.js'

/** How many routes `app.apiKeys.routes()` tells of. */
export const ROUTES = 650

/** Twenty areas of a cloud, with four or five kinds of things in each. A scope is good for its area. */
export const AREAS: Readonly<Record<string, readonly string[]>> = {
  compute: ['instances', 'images', 'snapshots', 'flavors', 'key-pairs'],
  storage: ['volumes', 'buckets', 'backups', 'shares', 'archives'],
  network: ['networks', 'subnets', 'routers', 'ports', 'gateways'],
  dns: ['zones', 'records', 'delegations', 'transfers', 'signing-keys'],
  database: ['databases', 'replicas', 'pools', 'schemas', 'dumps'],
  cache: ['caches', 'shards', 'evictions', 'parameters', 'warmups'],
  queue: ['queues', 'topics', 'subscriptions', 'dead-letters', 'consumers'],
  function: ['functions', 'triggers', 'layers', 'invocations', 'versions'],
  container: ['clusters', 'nodes', 'pods', 'charts', 'registries'],
  monitor: ['metrics', 'alerts', 'dashboards', 'probes', 'incidents'],
  log: ['streams', 'queries', 'exports', 'retentions', 'filters'],
  identity: ['users', 'groups', 'roles', 'policies', 'providers'],
  secret: ['secrets', 'certificates', 'authorities', 'leases', 'rotations'],
  mail: ['domains', 'mailboxes', 'templates', 'campaigns'],
  search: ['indexes', 'synonyms', 'rankings', 'crawlers', 'suggestions'],
  media: ['assets', 'transcodings', 'playlists', 'captions'],
  workflow: ['workflows', 'runs', 'steps', 'schedules', 'approvals'],
  catalog: ['products', 'prices', 'offers', 'coupons', 'bundles'],
  support: ['tickets', 'comments', 'articles', 'surveys'],
  device: ['devices', 'firmwares', 'twins', 'commands']
}

const areas = Object.keys(AREAS)

/** Typed as any catalog is: these names are made. */
export const bigScopes: Catalog = defineScopes(Object.fromEntries<string | ScopeEntry>([
  ['full', { description: 'Everything', includes: '*' }],
  ['api:read', { description: 'Everything that only reads', includes: '*:read', hidden: true }],
  ['api:write', { description: 'Everything that reads or changes', includes: ['api:read', '*:write'], hidden: true }],
  ...areas.flatMap((area): Array<[string, string | ScopeEntry]> => [
    [`${area}:read`, `List and get what is in ${area}`],
    [`${area}:write`, { description: `Create and change what is in ${area}`, requires: `${area}:read` }],
    [`${area}:delete`, { description: `Delete what is in ${area}`, requires: `${area}:read` }],
    [`${area}:admin`, { description: `Everything in ${area}`, includes: `${area}:*` }]
  ]),
  ['audit:read', 'Read the audit log'],
  ['audit:export', { description: 'Export the audit log', includes: 'audit:read' }],
  ['audit:wipe', { description: 'Wipe the audit log', status: 'planned' }],
  ['billing:read', { description: 'Read invoices', status: 'under-review' }],
  ['reports:run', 'Run reports'],
  ['report:execute', { description: 'Run reports', status: 'deprecated', replacedBy: 'reports:run' }],
  ['jobs:legacy', { description: 'What jobs could do once', status: 'deprecated' }],
  ['beta:try', { description: 'What is not for everybody yet', hidden: true }],
  ['files:read', 'Read files'],
  ['files:write', { description: 'Write files', includes: 'files:read' }],
  ['files:config:read', 'Read the settings of files'],
  ['https://example.com/auth/calendar', 'A name that is a URL'],
  ['__proto__', 'A name that every object has'],
  ['nobody:needs', 'A scope that no route demands']
]) as Record<string, ScopeEntry>, {
  defaultGrant: ['api:read'],
  presets: {
    Everything: ['full'],
    Monitoring: ['monitor:read', 'log:read', 'audit:read'],
    'CI deploy': ['container:admin', 'secret:read', 'report:execute']
  },
  resources: Object.fromEntries(areas.map(area => [area, { heading: `${area[0]!.toUpperCase()}${area.slice(1)}`, description: `Scopes for ${AREAS[area]!.join(', ')}.` }]))
})

export interface BigAppOptions {
  readonly server?: FastifyServerOptions
  readonly plugin?: Partial<ApiKeyScopesOptions>
  /** What is done before anything is declared: where other plugins are registered, say. */
  readonly before?: (app: FastifyInstance) => unknown
}

export async function bigApp ({ server = {}, plugin = {}, before }: BigAppOptions = {}): Promise<FastifyInstance> {
  const app = Fastify(server)
  await before?.(app)
  app.register(beforeThePlugin, { prefix: '/early' })
  await app.register(apiKeyScopes, {
    scopes: bigScopes,
    store: memoryStore(),
    keyPrefix: 'big',
    authenticateUser,
    annotate: ({ url }) => url.startsWith('/vendor/') ? { scopes: url.endsWith('/audit') ? { anyOf: ['audit:read', ['monitor:read', 'log:read']] } : [] } : undefined,
    ...plugin
  })
  await app.register(apiKeyRoutes, { prefix: '/v1' })
  await app.register(async api => {
    for (const [area, things] of Object.entries(AREAS)) await api.register(inArea, { prefix: `/${area}`, area, things })
  }, { prefix: '/v1' })
  await app.register(everyForm)
  await app.register(everyPath)
  await app.register(ofSomebodyElse, { prefix: '/vendor' })
  return app
}

/** For the command line. */
export default async () => await bigApp()

export function authenticateUser ({ headers }: FastifyRequest) {
  if (typeof headers['x-user'] !== 'string') return null
  const scopes = typeof headers['x-scopes'] === 'string' ? { scopes: headers['x-scopes'].split(' ').filter(Boolean) } : {}
  return { id: headers['x-user'], ...scopes }
}

/** Six routes for each of the 96 kinds of things. */
async function inArea (app: FastifyInstance, { area, things }: { area: string, things: readonly string[] }): Promise<void> {
  const [read, write, remove, admin] = ['read', 'write', 'delete', 'admin'].map(action => `${area}:${action}`) as [string, string, string, string]
  const nth = areas.indexOf(area)
  for (const [i, thing] of things.entries()) {
    const n = nth * 5 + i
    const schema = (summary: string) => ({ schema: { summary, tags: [area] } })
    app.get(`/${thing}`, { config: { scopes: read }, ...schema(`List ${thing}`) }, ran)
    app.post(`/${thing}`, { config: { scopes: write }, ...schema(`Create ${thing}`) }, ran)
    app.get(`/${thing}/:id`, { config: { scopes: n % 4 === 1 ? { anyOf: [read, 'audit:export'] } : read }, ...schema(`Get ${thing}`) }, ran)
    app.route({
      method: n % 2 === 0 ? 'PUT' : 'PATCH',
      url: `/${thing}/:id`,
      config: n % 10 === 3 ? { scopes: write, scopesWhen: [{ when: isForced, scopes: admin, description: 'Required with force.' }] } : { scopes: write },
      ...schema(`Change ${thing}`),
      handler: ran
    })
    app.delete(`/${thing}/:id`, { config: { scopes: n % 5 === 0 ? [write, remove] : remove }, ...schema(`Delete ${thing}`) }, ran)
    app.post(`/${thing}/:id/${ACTIONS[n % ACTIONS.length]!}`, { config: actionOf(n, read, write, admin), ...schema(`Act on ${thing}`) }, ran)
  }
}

const ACTIONS = ['start', 'stop', 'resize', 'approve', 'move', 'share', 'verify']

function actionOf (n: number, read: string, write: string, admin: string): NonNullable<RouteOptions['config']> {
  switch (n % 7) {
    case 0: return { scopes: admin }
    case 1: return { userOnly: true }
    case 2: return { scopes: [] }
    case 3: return { scopes: { anyOf: [admin, [write, 'audit:read']] } }
    case 4: return { scopes: [read, 'reports:run'] }
    // It says more than it need, for admin includes write.
    case 5: return { scopes: [admin, write] }
    default: return { public: true }
  }
}

function isForced ({ body, query }: FastifyRequest): boolean {
  return [body, query].some(fields => Object.hasOwn(Object(fields) as object, 'force'))
}

/** A route for each form in which it may be said who may call it. */
async function everyForm (app: FastifyInstance): Promise<void> {
  app.get('/', { config: { public: true }, schema: { summary: 'What this is' } }, ran)
  app.get('/health', { config: { public: true } }, ran)
  app.get('/me', { config: { scopes: [] } }, ran)
  app.get('/audit', { config: { scopes: 'audit:read' } }, ran)
  app.get('/audit/export', { config: { scopes: 'audit:export' } }, ran)
  app.get('/calendar', { config: { scopes: 'https://example.com/auth/calendar' } }, ran)
  app.get('/proto', { config: { scopes: '__proto__' } }, ran)
  app.get('/beta', { config: { scopes: 'beta:try' } }, ran)
  app.get('/everything', { config: { scopes: 'full' } }, ran)
  app.post('/jobs', { config: { scopes: 'jobs:legacy' } }, ran)
  // Two spellings of one scope.
  app.post('/reports/run', { config: { scopes: 'reports:run' } }, ran)
  app.post('/report/execute', { config: { scopes: 'report:execute' } }, ran)
  app.post('/reports/either', { config: { scopes: { anyOf: ['report:execute', 'reports:run'] } } }, ran)
  // A GET that demands a scope that writes, and a POST that demands one that reads.
  app.get('/jobs/next', { config: { scopes: 'workflow:write' } }, ran)
  app.post('/log/search', { config: { scopes: 'log:read' } }, ran)
  app.get('/account', { config: { userOnly: true } }, ran)
  app.post('/account/close', { config: { userOnly: true } }, ran)
  app.get('/internal/state', { config: { scopes: 'full' }, schema: { hide: true, summary: 'For us' } }, ran)
  app.post('/internal/flush', { config: { userOnly: true }, schema: { hide: true } }, ran)
  app.get('/internal/ping', { config: { public: true }, schema: { hide: true } }, ran)
  app.post('/deployments', {
    config: {
      scopes: 'container:write',
      scopesWhen: [
        { when: isForced, scopes: 'container:admin', description: 'Required with force.' },
        { when: request => Object(request.body).audited === true, scopes: { anyOf: ['audit:export', ['audit:read', 'log:read']] } }
      ]
    }
  }, ran)
  app.post('/deployments/any', { config: { scopes: [], scopesWhen: [{ when: isForced, scopes: 'container:admin' }] } }, ran)
  // A body that must be right.
  app.post('/orders', {
    config: { scopes: 'catalog:write' },
    schema: { body: { type: 'object', required: ['product', 'count'], properties: { product: { type: 'string' }, count: { type: 'integer', minimum: 1 } } } }
  }, ran)
  // Answers that look like ours and are not.
  app.get('/moody/403', { config: { scopes: 'support:read' } }, async (request, reply) => { reply.code(403); return await ran(request) })
  app.get('/moody/401', { config: { scopes: [] } }, async (request, reply) => { reply.code(401); return { ...await ran(request), code: 'FST_API_KEY_INVALID' } })
  app.get('/moody/public', { config: { public: true } }, async (request, reply) => { reply.code(403); return await ran(request) })
  app.get('/moody/error', { config: { scopes: 'support:read' } }, async () => { throw Object.assign(new Error('no'), { statusCode: 403 }) })
  app.get('/errors/own', { config: { scopes: 'support:write' }, errorHandler: (_error, _request, reply) => { reply.send({ handled: true }) } }, ran)
}

/** A route for each form that a URL may have. */
async function everyPath (app: FastifyInstance): Promise<void> {
  app.route({ method: ['GET', 'POST', 'DELETE'], url: '/proxy/*', config: { scopes: 'network:admin' }, handler: ran })
  app.get('/files/*', { config: { scopes: 'files:read' } }, ran)
  app.put('/files/*', { config: { scopes: 'files:write' } }, ran)
  app.get('/files/settings', { config: { scopes: 'files:config:read' } }, ran)
  app.get('/numbered/:id(^\\d+$)', { config: { scopes: 'catalog:read' } }, ran)
  app.get('/at/:hour(^\\d{2})h:minute(^\\d{2})m', { config: { scopes: 'workflow:read' } }, ran)
  app.get('/near/:lat-:lng', { config: { scopes: 'network:read' } }, ran)
  app.get('/pictures/:file.png', { config: { scopes: 'media:read' } }, ran)
  app.get('/maybe/:id?', { config: { scopes: 'support:read' } }, ran)
  app.post('/tasks/:run', { config: { scopes: 'workflow:write' } }, ran)
  app.post('/tasks::run', { config: { scopes: 'workflow:admin' } }, ran)
  app.get('/café', { config: { scopes: 'mail:read' } }, ran)
  for (const [version, scopes] of [['1.0.0', 'search:read'], ['2.0.0', 'search:write'], ['2.1.0', ['search:read', 'search:write']]] as const) {
    app.get('/versioned', { constraints: { version }, config: { scopes: scopes as string } }, ran)
  }
  app.get('/versioned', { config: { userOnly: true } }, ran)
  app.get('/hosted/:id', { constraints: { host: 'eu.example.com' }, config: { scopes: 'dns:read' } }, ran)
  app.get('/hosted/:id', { constraints: { host: /^us\d\.example\.com$/ }, config: { scopes: 'dns:write' } }, ran)
  app.head('/heads', { config: { scopes: 'monitor:admin' } }, ran)
  app.get('/heads', { config: { scopes: 'monitor:read' } }, ran)
  app.options('/heads', { config: { public: true } }, ran)
  app.options('/*', { config: { scopes: 'network:read' } }, ran)
  // `/` below a prefix is two URLs; so it is below two prefixes.
  await app.register(async child => {
    child.get('/', { config: { scopes: 'support:read' } }, ran)
    await child.register(async grandchild => { grandchild.get('/', { config: { scopes: 'support:admin' } }, ran) }, { prefix: '/deep' })
  }, { prefix: '/slashes' })
  await app.register(async child => {
    child.setErrorHandler((_error, _request, reply) => { reply.send({ handled: true }) })
    child.get('/', { prefixTrailingSlash: 'no-slash', config: { scopes: 'mail:read' } }, ran)
  }, { prefix: '/handled' })
}

/** Older than the plugin, in a child. */
async function beforeThePlugin (app: FastifyInstance): Promise<void> {
  app.get('/', { config: { scopes: 'device:read' } }, ran)
  app.post('/devices', { config: { scopes: { anyOf: ['device:write', 'workflow:admin'] } } }, ran)
  app.get('/health', { config: { public: true } }, ran)
  app.delete('/devices/:id', { config: { userOnly: true } }, ran)
}

/** Says nothing itself. */
async function ofSomebodyElse (app: FastifyInstance): Promise<void> {
  app.get('/ui', ran)
  app.get('/ui/:page', ran)
  app.get('/audit', ran)
}

async function ran ({ routeOptions: { method, url }, params }: FastifyRequest) {
  return { ran: `${[method].flat().join()} ${url}`, params }
}
