// Assurance 7: whatever the router's options and however a URL is written, a handler runs only if the policy of the
// route that it belongs to allows who is asking. What each route needs stands here once more, in the handlers, and is
// compared with what each sender was granted, so nothing of the plugin is believed.
import Fastify from 'fastify'
import type { FastifyInstance, FastifyRequest, FastifyServerOptions, HTTPMethods } from 'fastify'
import t from 'tap'
import apiKeyScopes from '../../lib/index.js'
import { pluginOptions } from './routes-app.js'
import { listen, RawClient, rawRequest } from './wire-app.js'

/** Fastify's types forget the one. */
type RouterOptions = NonNullable<FastifyServerOptions['routerOptions']> & { useSemicolonDelimiter?: boolean }

const router = (routerOptions: RouterOptions, more: FastifyServerOptions = {}): FastifyServerOptions => ({ ...more, routerOptions })
const loose: RouterOptions = { caseSensitive: false, ignoreTrailingSlash: true, ignoreDuplicateSlashes: true, useSemicolonDelimiter: true }
const OPTION_SETS: Record<string, FastifyServerOptions> = {
  defaults: {},
  caseSensitive: router({ caseSensitive: false }),
  ignoreTrailingSlash: router({ ignoreTrailingSlash: true }),
  ignoreDuplicateSlashes: router({ ignoreDuplicateSlashes: true }),
  useSemicolonDelimiter: router({ useSemicolonDelimiter: true }),
  'case and trailing slash': router({ caseSensitive: false, ignoreTrailingSlash: true }),
  'case and duplicate slashes': router({ caseSensitive: false, ignoreDuplicateSlashes: true }),
  'both slashes': router({ ignoreTrailingSlash: true, ignoreDuplicateSlashes: true }),
  'slashes and semicolon': router({ ignoreTrailingSlash: true, ignoreDuplicateSlashes: true, useSemicolonDelimiter: true }),
  'everything loose': router(loose),
  'no HEAD routes': { exposeHeadRoutes: false },
  'no HEAD routes, everything loose': router(loose, { exposeHeadRoutes: false }),
  'rewriteUrl strips a version': { rewriteUrl: ({ url }) => url!.replace(/^\/v1(?=\/)/, '') },
  'rewriteUrl decodes, everything loose': router(loose, { rewriteUrl: ({ url }) => decode(url!) }),
  'short parameters': router({ maxParamLength: 5, caseSensitive: false }),
  'own query parser, compiled': router({ querystringParser: text => ({ text }), compile: true } as RouterOptions)
}

/** What stands in the place of `BASE/items/abc`, where `BASE` is the prefix. */
const PATH_FORMS: ReadonlyArray<(base: string) => string> = [
  base => `${base}/items/abc`,
  base => `${base}/ITEMS/abc`,
  base => `${base.toUpperCase()}/iTems/ABC`,
  base => `${base}/items/abc/`,
  base => `${base}/items/abc//`,
  base => `/${base}//items///abc`,
  base => `${base}/%69tems/abc`,
  base => `${base}/items/%61bc`,
  base => `${base}/items%2Fabc`,
  base => `${base}/items/a%2Fbc`,
  base => `${base}/items/../items/abc`,
  base => `${base}/./items/%2e%2e/items/abc`,
  base => `${base}/items/abc;x=1`,
  base => `${base}/open;/../items/abc`,
  base => `${base}/items/abc?next=${base}/open`,
  base => `${base}/items/abc#/open`,
  base => `${base}/items/%EF%BD%81bc`,
  base => `${base}/items/%C3%A9b%00`,
  base => `http://elsewhere.example${base}/items/abc`,
  base => `/v1${base}/items/abc`
]

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'QUERY', 'TRACE'] as const
const BASES = { 'on the app': '', 'in a child': '/api', 'in the child of a child': '/api/deep' }

/** Grants of the senders. `good` has the scope of every route, `lacking` those of neither route of its request. */
const GRANTS = { nobody: null, lacking: ['devices:provision'], reader: ['clusters:read'], good: ['clusters:read', 'clusters:write', 'devices:read'] } as const
type Sender = keyof typeof GRANTS
const SENDERS: Sender[] = ['nobody', 'lacking', 'reader', 'good']

interface Tally { requests: number, statuses: Map<number, number>, ran: Map<string, number>, wrong: string[] }

t.test('no handler runs without an allow, in any combination', { timeout: 600_000 }, async t => {
  const total: Tally = { requests: 0, statuses: new Map(), ran: new Map(), wrong: [] }
  for (const [name, server] of Object.entries(OPTION_SETS)) {
    for (const guardsNotFound of [false, true]) {
      await t.test(`${name}, ${guardsNotFound ? 'the not-found handler guarded' : 'the not-found handler open'}`, async t => {
        const tally: Tally = { requests: 0, statuses: new Map(), ran: new Map(), wrong: [] }
        await sendAll(server, guardsNotFound, tally)

        t.equal(tally.requests, PATH_FORMS.length * METHODS.length * 3 * SENDERS.length)
        t.same(tally.wrong, [])
        t.ok(tally.ran.get('items, good')! > 0, 'the good key did reach the handlers, so these requests could have gone wrong')
        t.ok(tally.ran.get('items, reader')! > 0)
        t.ok(tally.statuses.get(401)! > 0)
        t.ok(tally.statuses.get(403)! > 0)
        t.same([...tally.statuses.keys()].filter(status => status >= 500), [], 'and nothing broke')
        t.equal(tally.ran.has('not found, nobody'), !guardsNotFound)
        total.requests += tally.requests
        for (const [status, count] of tally.statuses) add(total.statuses, status, count)
        for (const [what, count] of tally.ran) add(total.ran, what, count)
      })
    }
  }
  t.comment(`${total.requests} requests; answers: ${shown(total.statuses)}`)
  t.comment(`handlers that ran: ${shown(total.ran)}`)
})

function add<K> (map: Map<K, number>, key: K, count = 1): void {
  map.set(key, (map.get(key) ?? 0) + count)
}

function shown (counts: Map<unknown, number>): string {
  return [...counts].sort(([a], [b]) => String(a) < String(b) ? -1 : 1).map(([key, count]) => `${String(key)}: ${count}`).join(', ')
}

async function sendAll (server: FastifyServerOptions, guardsNotFound: boolean, tally: Tally): Promise<void> {
  const app = Fastify({ ...server })
  const handlerOf = (place: string, needed: readonly string[]) => async (request: FastifyRequest) => {
    const sender = request.headers['x-sender'] as Sender
    add(tally.ran, `${place}, ${sender}`)
    // The path "/open" needs nothing.
    const granted = GRANTS[sender] as readonly string[] | null
    if (needed.length > 0 && !needed.every(scope => granted?.includes(scope))) tally.wrong.push(`${sender} ${request.method} ${request.raw.url!} ran ${place}, which needs ${needed.join(', ')}`)
    return {}
  }
  const declare = (app: FastifyInstance) => {
    const needs = (scope: 'clusters:read' | 'clusters:write' | 'devices:read') => ({ config: { scopes: scope }, handler: handlerOf('items', [scope]) })
    app.route({ method: 'GET', url: '/items/:id', ...needs('clusters:read') })
    app.route({ method: ['POST', 'PUT', 'PATCH', 'DELETE'], url: '/items/:id', ...needs('clusters:write') })
    app.route({ method: ['OPTIONS', 'QUERY', 'TRACE'] as HTTPMethods[], url: '/items/:id', ...needs('devices:read') })
    app.route({ method: ['GET', 'POST'], url: '/open', config: { public: true }, handler: handlerOf('open', []) })
    app.route({ method: 'GET', url: '/wild/*', ...needs('devices:read') })
  }
  // One depth is older than the plugin, two are younger.
  app.register(async child => {
    declare(child)
    await child.register(async grandchild => { declare(grandchild) }, { prefix: '/deep' })
  }, { prefix: '/api' })
  await app.register(apiKeyScopes, pluginOptions(guardsNotFound ? { notFound: { scopes: 'devices:read' } } : {}))
  declare(app)
  app.setNotFoundHandler(async (request, reply) => { reply.code(404); return await handlerOf('not found', guardsNotFound ? ['devices:read'] : [])(request) })
  const port = await listen(app)

  const credentials = new Map<Sender, string>()
  for (const [sender, granted] of Object.entries(GRANTS)) {
    if (granted !== null) credentials.set(sender as Sender, `Bearer ${(await app.apiKeys.create({ name: sender, scopes: granted })).key}`)
  }

  const client = new RawClient(port)
  const requestOf = (sender: Sender, method: string, path: string): string => {
    const authorization = credentials.get(sender)
    const body = ['GET', 'HEAD', 'TRACE'].includes(method) ? '' : '{}'
    const headers = [`X-Sender: ${sender}`, 'Content-Type: application/json', `Content-Length: ${body.length}`, ...authorization === undefined ? [] : [`Authorization: ${authorization}`]]
    return rawRequest(path, headers, method) + body
  }

  try {
    for (const base of Object.values(BASES)) {
      for (const form of PATH_FORMS) {
        const answers = await client.exchange(METHODS.flatMap(method => SENDERS.map(sender => requestOf(sender, method, form(base)))))
        tally.requests += answers.length
        for (const { status } of answers) add(tally.statuses, status)
      }
    }
  } finally {
    client.end()
    await app.close()
  }
}

/** As a careless proxy would. */
function decode (url: string): string {
  try { return encodeURI(decodeURIComponent(url)) } catch { return url }
}
