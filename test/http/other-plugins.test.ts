// The plugin in one app with others, as they come from the registry.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect as connectHttp2 } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import bearerAuth from '@fastify/bearer-auth'
import cors from '@fastify/cors'
import rateLimit from '@fastify/rate-limit'
import fastifyStatic from '@fastify/static'
import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import websocket from '@fastify/websocket'
import Fastify from 'fastify'
import type { FastifyInstance } from 'fastify'
import t from 'tap'
import { WebSocket } from 'ws'
import apiKeyScopes from '../../lib/index.js'
import { bareApp, countingHandler, pluginOptions, startedApp, startError, senders, type Sender } from './routes-app.js'

const handler = async () => ({ handled: true })
const read = { config: { scopes: 'clusters:read' } } as const
const preflight = { origin: 'https://a.example', 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization' }

t.test('@fastify/cors', async t => {
  await t.test('before the plugin, a preflight is answered without credentials, and nothing else is', async t => {
    const guarded = countingHandler()
    const { app, statuses } = await startedApp(t, {
      before: async app => { await app.register(cors, { methods: ['GET', 'POST'] }) },
      after: app => { app.post('/clusters', read, guarded); app.options('/own', read, guarded) }
    })
    for (const url of ['/clusters', '/own', '/nowhere']) {
      const response = await app.inject({ method: 'OPTIONS', url, headers: preflight })
      t.equal(response.statusCode, 204, url)
      t.equal(response.headers['access-control-allow-headers'], 'authorization')
    }
    t.equal((await app.inject({ method: 'POST', url: '/clusters', headers: { origin: 'https://a.example' } })).statusCode, 401)
    t.equal((await app.inject({ method: 'POST', url: '/clusters', headers: { origin: 'https://a.example' } })).headers['access-control-allow-origin'], '*', 'so that a browser may show the denial')
    t.equal(guarded.ran, 0)
    t.match(await statuses('/clusters', 'POST'), { nobody: 401, bare: 403, read: 200 })
  })

  await t.test('after the plugin its route is public all the same, but a preflight of a route that has OPTIONS is refused', async t => {
    const guarded = countingHandler()
    const { app } = await startedApp(t, {
      after: async app => {
        await app.register(cors)
        app.post('/clusters', read, guarded)
        app.options('/own', read, guarded)
      }
    })
    t.equal((await app.inject({ method: 'OPTIONS', url: '/clusters', headers: preflight })).statusCode, 204)
    t.equal((await app.inject({ method: 'OPTIONS', url: '/own', headers: preflight })).statusCode, 401)
    t.equal(guarded.ran, 0)
  })

  await t.test('switched off for a request, its route answers 404, by the not-found handler and its guard', async t => {
    for (const [notFound, status] of [[undefined, 404], [{ scopes: 'clusters:read' }, 401]] as const) {
      const { app } = await startedApp(t, { plugin: notFound ? { notFound } : {}, before: async app => { await app.register(cors, { origin: false }) } })
      t.equal((await app.inject({ method: 'OPTIONS', url: '/x', headers: preflight })).statusCode, status)
    }
  })

  await t.test('its route is public in a child with a prefix, too', async t => {
    for (const when of ['before', 'after'] as const) {
      const { app } = await startedApp(t, { [when]: (app: FastifyInstance) => app.register(async child => { await child.register(cors) }, { prefix: '/api' }) })
      t.equal((await app.inject({ method: 'OPTIONS', url: '/api/x', headers: preflight })).statusCode, 204)
    }
  })

  const own: Record<string, readonly [(app: FastifyInstance) => unknown, place: string]> = {
    'without @fastify/cors': [app => app.options('*', handler), 'OPTIONS *'],
    'in a child': [async app => { await app.register(cors); app.register(async child => { child.options('*', handler) }, { prefix: '/api' }) }, 'OPTIONS /api*'],
    'with a slash in a child': [async app => { await app.register(cors); app.register(async child => { child.options('/*', handler) }, { prefix: '/api' }) }, 'OPTIONS /api/*'],
    'for one host': [async app => { await app.register(cors); app.options('*', { constraints: { host: 'a.example' } }, handler) }, 'OPTIONS * (constraints {"host":"a.example"})'],
    'beside other methods': [async app => { await app.register(async child => { await child.register(cors) }, { prefix: '/x' }); app.route({ method: ['OPTIONS', 'TRACE'], url: '*', handler }) }, 'OPTIONS, TRACE *'],
    'after the decorator of another plugin': [app => { app.decorateRequest('corsPreflightEnabled', false); app.options('*', handler) }, 'OPTIONS *']
  }
  for (const [what, [declare, place]] of Object.entries(own)) {
    for (const when of ['before', 'after'] as const) {
      await t.test(`an OPTIONS wildcard of one's own, ${what}, is not public, declared ${when} the plugin`, async t => {
        const { app } = bareApp(t)
        if (when === 'before') await declare(app)
        await app.register(apiKeyScopes, pluginOptions())
        if (when === 'after') await declare(app)
        const error = await startError(app)
        t.equal(error?.code, 'FST_API_KEY_UNANNOTATED_ROUTES')
        t.match(error?.message.split('\n').slice(0, 4), ['1 route does not say who may call it:', String, `    ${place}`, /^Give each/])
      })
    }
  }
})

t.test('@fastify/swagger, @fastify/swagger-ui and @fastify/static', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'static-'))
  t.teardown(() => { rmSync(folder, { recursive: true }) })
  writeFileSync(join(folder, 'a.txt'), 'a file')

  const pages = async (app: FastifyInstance) => {
    await app.register(swagger, { openapi: { info: { title: 'API', version: '1' } }, transform: ({ schema, url, route }) => ({ schema: { ...schema, summary: `${String(route.method)} ${url}` }, url }) })
    await app.register(swaggerUi, { routePrefix: '/docs' })
    await app.register(fastifyStatic, { root: folder, prefix: '/files/' })
  }
  const schema = {
    params: { type: 'object', properties: { id: { type: 'string' } } },
    response: { 200: { type: 'object', properties: { handled: { type: 'boolean' } } }, 401: { type: 'object', properties: { mine: { type: 'string' } } } }
  }
  const declared = JSON.stringify(schema)
  const routes = (app: FastifyInstance) => {
    app.get('/clusters/:id', { ...read, schema }, async () => ({ handled: true, undeclared: true }))
    app.post('/clusters', { ...read, schema: { hide: true } }, handler)
  }

  for (const when of ['before', 'after'] as const) {
    await t.test(`registered ${when} the plugin, one line of annotate says who may see their pages`, async t => {
      const { status, send, app } = await startedApp(t, {
        plugin: { annotate: ({ url }) => /^\/(docs|files)(\/|$)/.test(url) ? { public: true } : undefined },
        [when]: pages,
        ...when === 'before' && { after: routes }
      })
      for (const url of ['/docs', '/docs/', '/docs/json', '/docs/yaml', '/docs/static/index.html', '/docs/static/swagger-ui.css', '/files/a.txt']) {
        t.ok([200, 302].includes(await status('nobody', url)), url)
      }
      t.equal(await status('nobody', '/files/a.txt', 'HEAD'), 200)
      t.equal((await send('nobody', '/files/a.txt')).body, 'a file')
      t.equal(await status('nobody', '/files/none.txt'), 404)
      if (when === 'after') return

      const plain = Fastify()
      await pages(plain)
      routes(plain)
      await plain.ready()
      const [described, without] = [app.swagger(), plain.swagger()]
      t.match(described, without, 'the document says all that it would say without the plugin')
      t.same(Object.keys(described.paths!), Object.keys(without.paths!), 'of the same routes')
      t.match(described.paths, { '/clusters/{id}': { get: { summary: 'GET /clusters/:id', 'x-required-scopes': ['clusters:read'] } } })
      t.equal(JSON.stringify(schema), declared, 'the schemas of the routes are left alone')
      t.same((await send('read', '/clusters/1')).json(), { handled: true }, 'and so are their answers')
      t.match((await send('nobody', '/clusters/1')).json(), { statusCode: 401, code: 'FST_API_KEY_REQUIRED', mine: undefined })
      await plain.close()
    })

    await t.test(`registered ${when} the plugin, they can need a scope`, async t => {
      const { status } = await startedApp(t, { plugin: { annotate: ({ url }) => /^\/(docs|files)(\/|$)/.test(url) ? { scopes: 'clusters:read' } : undefined }, [when]: pages })
      for (const url of ['/docs', '/docs/', '/docs/json', '/docs/static/index.html', '/files/a.txt', '/files/none.txt', '/files/..%2fa.txt', '/files//a.txt']) {
        for (const sender of ['nobody', 'bare'] as const) t.ok([401, 403, 404].includes(await status(sender, url)), `${sender} ${url}`)
      }
      t.same([await status('nobody', '/docs/json'), await status('bare', '/docs/json'), await status('read', '/docs/json')], [401, 403, 200])
      t.same([await status('nobody', '/files/a.txt'), await status('bare', '/files/a.txt'), await status('read', '/files/a.txt')], [401, 403, 200])
      t.equal(await status('nobody', '/files/a.txt', 'HEAD'), 401)
    })
  }
})

t.test('@fastify/bearer-auth of one\'s own', async t => {
  await t.test('guards its child by its own keys, beside the plugin', async t => {
    const { app, status } = await startedApp(t, {
      after: app => {
        app.get('/clusters', read, handler)
        app.register(async child => {
          await child.register(bearerAuth, { keys: ['metrics-secret'] })
          child.get('/metrics', { config: { public: true } }, handler)
        })
      }
    })
    t.equal(await status('read', '/clusters'), 200)
    t.equal(await status('nobody', '/metrics'), 401)
    t.equal(await status('full', '/metrics'), 401, 'an API key is no key of the other')
    t.equal((await app.inject({ url: '/metrics', headers: { authorization: 'Bearer metrics-secret' } })).statusCode, 200)
    t.equal((await app.inject({ url: '/clusters', headers: { authorization: 'Bearer metrics-secret' } })).statusCode, 401)
  })

  for (const when of ['before', 'after'] as const) {
    await t.test(`with addHook: false, ${when} the plugin, its decorators do not collide`, async t => {
      const { app, status } = await startedApp(t, {
        [when]: async (app: FastifyInstance) => {
          await app.register(bearerAuth, { keys: ['metrics-secret'], addHook: false })
          app.get('/metrics', { config: { public: true }, onRequest: (request, reply, done) => { app.verifyBearerAuth!(request, reply, done) } }, handler)
          app.get('/clusters', read, handler)
        }
      })
      t.equal(await status('read', '/clusters'), 200)
      t.equal(await status('nobody', '/metrics'), 401)
      t.equal((await app.inject({ url: '/metrics', headers: { authorization: 'Bearer metrics-secret' } })).statusCode, 200)
    })
  }
})

t.test('@fastify/websocket', async t => {
  for (const when of ['before', 'after'] as const) {
    await t.test(`registered ${when} the plugin: an upgrade needs the scope, over a real socket, which is closed if it is refused`, async t => {
      const opened: string[] = []
      const { app, headers, status } = await startedApp(t, {
        before: async app => { if (when === 'before') await app.register(websocket) },
        after: async app => {
          if (when === 'after') await app.register(websocket)
          app.get('/socket', { ...read, websocket: true }, (socket, request) => {
            opened.push(request.principal?.type === 'apiKey' ? request.principal.record.name : String(request.principal?.type))
            socket.on('message', (message: Buffer) => { socket.send(`echo ${message.toString()}`) })
          })
        }
      })
      await app.listen({ port: 0, host: '127.0.0.1' })
      const { port } = app.server.address() as AddressInfo

      const upgrade = async (sender: Sender) => await new Promise<string>((resolve, reject) => {
        const socket = new WebSocket(`ws://127.0.0.1:${port}/socket`, { headers: headers[sender] })
        socket.on('open', () => { socket.send(sender) })
        socket.on('message', (message: Buffer) => { socket.close(); resolve(message.toString()) })
        socket.on('unexpected-response', (_, response) => {
          response.resume()
          response.socket.once('close', () => { resolve(`${response.statusCode!} ${response.headers['www-authenticate'] ?? ''}`) })
        })
        socket.on('error', reject)
      })
      t.equal(await upgrade('read'), 'echo read')
      t.equal(await upgrade('user'), 'echo user')
      t.equal(await upgrade('nobody'), '401 Bearer realm="api"')
      t.equal(await upgrade('bare'), '403 Bearer realm="api", error="insufficient_scope", scope="clusters:read"')
      t.same(opened, ['read', 'user'])

      t.same([await status('nobody', '/socket'), await status('bare', '/socket'), await status('read', '/socket')], [401, 403, 404], 'the same without an upgrade, which finds nothing there')
    })
  }

  await t.test('the sockets of its injectWS() are judged by the headers that they are given', async t => {
    const opened = countingHandler()
    const { app, headers } = await startedApp(t, {
      before: async app => { await app.register(websocket) },
      after: app => app.get('/socket', { ...read, websocket: true }, async () => { await opened() })
    })
    await t.rejects(app.injectWS('/socket'), { message: /401/ })
    await t.rejects(app.injectWS('/socket', { headers: headers.bare }), { message: /403/ })
    t.equal(opened.ran, 0)
    const socket = await app.injectWS('/socket', { headers: headers.read })
    socket.terminate()
    t.equal(opened.ran, 1)
  })
})

t.test('@fastify/rate-limit counts by API key, if its keyGenerator asks for the principal', async t => {
  const { send, status } = await startedApp(t, {
    before: async app => {
      await app.register(rateLimit, { max: 3, timeWindow: '1 hour', keyGenerator: ({ principal, ip }) => principal?.type === 'apiKey' ? principal.record.id : ip })
    },
    after: app => app.get('/clusters', read, handler)
  })
  const flood: number[] = []
  for (let i = 0; i < 10; i++) flood.push(await status('read', '/clusters'))
  t.same(flood, [200, 200, 200, 429, 429, 429, 429, 429, 429, 429])
  t.equal((await send('both', '/clusters')).headers['x-ratelimit-remaining'], '2', 'another key has a budget of its own')
  for (let i = 0; i < 5; i++) t.equal(await status('nobody', '/clusters'), 401, 'strangers are refused before they are counted')
  t.equal(await status('user', '/clusters'), 200)
})

for (const when of ['before', 'after'] as const) {
  t.test(`preHandler hooks that another plugin, registered ${when} this one, adds to each route run beside those of the route`, async t => {
    const ran: string[] = []
    const note = (what: string) => (_request: unknown, _reply: unknown, done: () => void) => { ran.push(what); done() }
    const add = (app: FastifyInstance) => app.addHook('onRoute', route => {
      route.preHandler = [route.preHandler ?? []].flat().concat(note('theirs'))
    })
    const conditional = { config: { scopes: [], scopesWhen: [{ when: () => true, scopes: 'clusters:read' }] } } as const
    const { status } = await startedApp(t, {
      before: when === 'before' ? add : () => {},
      after: app => {
        if (when === 'after') add(app)
        app.get('/none', read, handler)
        app.get('/one', { ...read, preHandler: note('own') }, handler)
        app.get('/two', { ...read, preHandler: [note('own'), note('own too')] }, handler)
        app.get('/conditional', { ...conditional, preHandler: note('own') }, handler)
      }
    })
    for (const [url, expected] of Object.entries({ '/none': ['theirs'], '/one': ['own', 'theirs'], '/two': ['own', 'own too', 'theirs'], '/conditional': ['own', 'theirs'] })) {
      t.equal(await status('read', url), 200)
      t.same(ran.splice(0), expected, url)
    }
    t.equal(await status('bare', '/conditional'), 403)
    t.same(ran, [], 'not for those who are refused')
  })
}

t.test('HTTP/2 requests are guarded like those of HTTP/1.1', async t => {
  const app = Fastify({ http2: true })
  t.teardown(async () => { await app.close() })
  await app.register(apiKeyScopes as never, pluginOptions() as never)
  const guarded = countingHandler()
  app.get('/clusters', read, guarded)
  await app.listen({ port: 0, host: '127.0.0.1' })
  const client = connectHttp2(`http://127.0.0.1:${(app.server.address() as AddressInfo).port}`)
  t.teardown(() => { client.close() })
  const { headers } = await senders(app as never)

  const statusOf = async (more: Record<string, string>, method = 'GET') => await new Promise<unknown>((resolve, reject) => {
    const stream = client.request({ ':path': '/clusters', ':method': method, ...more })
    stream.on('response', response => { resolve([response[':status'], response['www-authenticate']?.slice(0, 18)]) }).on('error', reject).resume().end()
  })
  t.same(await statusOf({}), [401, 'Bearer realm="api"'])
  t.same(await statusOf(headers.bare), [403, 'Bearer realm="api"'])
  t.same(await statusOf({}, 'HEAD'), [401, 'Bearer realm="api"'])
  t.equal(guarded.ran, 0)
  t.same(await statusOf(headers.read), [200, undefined])
  t.equal(guarded.ran, 1)
})
