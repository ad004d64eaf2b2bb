// What the plugin takes for granted of Fastify, Node and @fastify/bearer-auth, without the plugin. Should one of these
// tests fail after an update, the part of the plugin that rests on it must be thought through again.
import { tracingChannel } from 'node:diagnostics_channel'
import { request as httpRequest } from 'node:http'
import type { AddressInfo } from 'node:net'
import { connect } from 'node:net'
import bearerAuth from '@fastify/bearer-auth'
import cors from '@fastify/cors'
import websocket from '@fastify/websocket'
import Fastify from 'fastify'
import type { FastifyInstance, FastifyReply, FastifyRequest, FastifyServerOptions, RouteOptions } from 'fastify'
import fp from 'fastify-plugin'
import t from 'tap'
import type { Test } from 'tap'
import { WebSocket } from 'ws'
import { countingHandler, type LogLine } from './routes-app.js'

function makeApp (t: Test, options: FastifyServerOptions = {}): FastifyInstance {
  const app = Fastify(options)
  t.teardown(async () => { await app.close() })
  return app
}

async function portOf (app: FastifyInstance): Promise<number> {
  await app.listen({ port: 0, host: '127.0.0.1' })
  return (app.server.address() as AddressInfo).port
}

/** Sends bytes, answers the bytes that come back. */
async function raw (port: number, text: string | Buffer): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  socket.end(text)
  let answer = ''
  for await (const chunk of socket.setEncoding('latin1')) answer += chunk as string
  return answer
}

const ok = async () => 'ok'
/** Waits until everything that is due has run, without a clock. */
const settled = async () => { for (let i = 0; i < 5; i++) await new Promise(resolve => { setImmediate(resolve) }) }

t.test('fact 1: a lifecycle hook runs for routes declared before it, in children too', async t => {
  const app = makeApp(t)
  const seen: string[] = []
  app.get('/route', ok)
  app.register(async child => {
    child.get('/child', ok)
    child.register(async grandchild => { grandchild.get('/grandchild', ok) })
  })
  await app.register(fp(async app => { app.addHook('onRequest', async ({ url }) => { seen.push(url) }) }))
  const urls = ['/route', '/child', '/grandchild', '/none']
  for (const url of urls) await app.inject(url)
  t.same(seen, urls)
})

t.test('fact 2: onRoute is not retroactive, a recorder from the initialization channel sees everything, and both may throw', async t => {
  const { channel } = await import('node:diagnostics_channel')
  const recorded: string[] = []
  const record = (message: unknown) => {
    (message as { fastify: FastifyInstance }).fastify.addHook('onRoute', ({ method, url }) => { recorded.push(`${String(method)} ${url}`) })
  }
  channel('fastify.initialization').subscribe(record)
  const app = makeApp(t)
  channel('fastify.initialization').unsubscribe(record)

  const seen: string[] = []
  app.get('/before', ok)
  app.register(async child => { child.get('/child', ok) })
  app.register(fp(async app => { app.addHook('onRoute', ({ method, url }) => { seen.push(`${String(method)} ${url}`) }) }))
  app.get('/next-line', ok)
  app.register(async child => { child.get('/later', ok) })
  await app.ready()
  t.same(seen, ['GET /later', 'HEAD /later'])
  t.same(recorded, ['/before', '/next-line', '/child', '/later'].flatMap(url => [`GET ${url}`, `HEAD ${url}`]))

  const throwing = Fastify()
  throwing.addHook('onRoute', ({ url }) => { if (url === '/bad') throw new Error('bad route') })
  t.throws(() => throwing.get('/bad', ok), { message: 'bad route' })
  throwing.register(async child => { child.get('/bad', ok) })
  await t.rejects(async () => await throwing.ready(), { message: 'bad route' })
})

t.test('fact 3: instance hooks run before route hooks, and those of an older child before the plugin\'s', async t => {
  const app = makeApp(t)
  const order: string[] = []
  const note = (name: string) => async () => { order.push(name) }
  app.register(async child => {
    child.addHook('onRequest', note('child'))
    child.get('/older', { onRequest: note('route') }, ok)
  })
  await app.register(fp(async app => { app.addHook('onRequest', note('plugin')) }))
  app.register(async child => {
    child.addHook('onRequest', note('child'))
    child.get('/younger', { onRequest: note('route') }, ok)
  })
  await app.inject('/older')
  t.same(order.splice(0), ['child', 'plugin', 'route'])
  await app.inject('/younger')
  t.same(order, ['plugin', 'child', 'route'])
})

t.test('fact 4: without fastify-plugin, or in a child, a hook is for that subtree only', async t => {
  const app = makeApp(t)
  const seen: string[] = []
  await app.register(async child => {
    child.addHook('onRequest', async ({ url }) => { seen.push(url) })
    child.get('/inside', ok)
  })
  app.get('/outside', ok)
  for (const url of ['/inside', '/outside']) await app.inject(url)
  t.same(seen, ['/inside'])
})

t.test('fact 5: the HEAD route that Fastify adds shares the declared config of the GET; an explicit one has its own', async t => {
  const app = makeApp(t)
  const declared = { mine: 1 } as object
  const seen: Array<[unknown, unknown]> = []
  app.addHook('onRoute', ({ method, config }) => { seen.push([method, config]) })
  app.get('/added', { config: declared }, ok)
  app.head('/explicit', ok)
  app.get('/explicit', { config: declared }, ok)
  t.same(seen.map(([method]) => method), ['GET', 'HEAD', 'HEAD', 'GET'])
  t.equal(seen[0]![1], declared)
  t.equal(seen[1]![1], declared, 'the very same object, in spite of what an onRoute hook put in its place for the GET')
  t.equal(seen[2]![1], undefined)

  const replacing = makeApp(t)
  const configs: unknown[] = []
  replacing.addHook('onRoute', route => { configs.push(route.config); route.config = { ...route.config, url: 'replaced' } as object })
  replacing.get('/', { config: declared }, ok)
  t.same(configs, [declared, declared])
})

t.test('fact 6: "/" under a prefix makes two routes of one config, fires onRoute once, and changes its url afterwards', async t => {
  const app = makeApp(t, { exposeHeadRoutes: false })
  const routes: RouteOptions[] = []
  const urls: string[] = []
  app.addHook('onRoute', route => { routes.push(route); urls.push(route.url) })
  app.register(async child => { child.get('/', async ({ routeOptions }) => routeOptions.config.url) }, { prefix: '/prefix' })
  t.equal((await app.inject('/prefix')).body, '/prefix')
  t.equal((await app.inject('/prefix/')).body, '/prefix', 'of both')
  t.same(urls, ['/prefix'])
  t.same(routes.map(({ url }) => url), ['/prefix/'])

  const heads = makeApp(t)
  const methods: string[] = []
  heads.addHook('onRoute', ({ method, url }) => { methods.push(`${String(method)} ${url}`) })
  heads.register(async child => { child.get('/', ok) }, { prefix: '/prefix' })
  await heads.ready()
  t.same(methods, ['GET /prefix', 'HEAD /prefix', 'HEAD /prefix/'], 'but once for each HEAD route that it adds')
})

t.test('fact 7: the config is that of the matched route, however the URL was written, and of its constraints', async t => {
  const app = makeApp(t, {
    routerOptions: { caseSensitive: false, ignoreDuplicateSlashes: true, ignoreTrailingSlash: true },
    rewriteUrl: ({ url }) => url!.replace('/rewritten', '/items')
  })
  app.get('/items/:id', { config: { mine: 'items' } as object }, async ({ routeOptions }) => (routeOptions.config as { mine?: string }).mine)
  app.get('/items/special', { constraints: { version: '2.0.0' }, config: { mine: 'second version' } as object }, async ({ routeOptions }) => (routeOptions.config as { mine?: string }).mine)
  for (const url of ['/items/1', '/ITEMS/1', '//items///1', '/items/1/', '/%69tems/1', '/rewritten/1', '/items/1?x=/items/special']) {
    t.equal((await app.inject(url)).body, 'items', url)
  }
  t.equal((await app.inject('/items/special')).body, 'items')
  t.equal((await app.inject({ url: '/items/special', headers: { 'accept-version': '2.x' } })).body, 'second version')
})

t.test('fact 8: the config of requests is a copy, one and the same for each route, that keeps symbols and can be changed', async t => {
  const app = makeApp(t)
  const kMine = Symbol('mine')
  const declared: unknown[] = []
  const seen: object[] = []
  app.addHook('onRoute', route => { route.config = Object.assign({}, route.config, { [kMine]: 1 }); declared.push(route.config) })
  app.get('/one', { exposeHeadRoute: false }, async ({ routeOptions }) => { seen.push(routeOptions.config); Object.assign(routeOptions.config, { changed: true }) })
  for (let i = 0; i < 2; i++) await app.inject('/one')
  t.notOk(declared.includes(seen[0]))
  t.equal(seen[0], seen[1])
  t.match(seen[0], { [kMine]: 1, changed: true, url: '/one', method: 'GET' })
})

t.test('fact 9: a request that matches no route runs the hooks with is404 and no config; callNotFound() runs preHandler alone; bad URLs run nothing', async t => {
  const app = makeApp(t)
  const ran: unknown[] = []
  app.addHook('onRequest', async ({ is404, routeOptions }) => { ran.push(['onRequest', is404, routeOptions.config]) })
  app.addHook('preHandler', async ({ is404 }) => { ran.push(['preHandler', is404]) })
  app.get('/calls', (_, reply) => { reply.callNotFound() })
  app.get('/:id', ok)
  app.setNotFoundHandler(ok)
  await app.inject('/no/where')
  t.same(ran.splice(0), [['onRequest', true, {}], ['preHandler', true]])
  await app.inject('/calls')
  t.match(ran.splice(0), [['onRequest', false, { url: '/calls' }], ['preHandler', false], ['preHandler', true]])
  t.equal((await app.inject('/%zz')).statusCode, 400)
  t.equal((await app.inject(`/${'x'.repeat(101)}`)).statusCode, 414)
  t.same(ran, [])
})

t.test('fact 9: what tells that no route matched is that its config has no URL, and that can be taken out', async t => {
  const app = makeApp(t)
  const seen: boolean[] = []
  app.get('/', async request => { seen.push(request.is404); Reflect.deleteProperty(request.routeOptions.config, 'url'); seen.push(request.is404) })
  await app.inject('/')
  t.same(seen, [false, true])
})

t.test('fact 10: hooks that refuse in the wrong way run the handler', async t => {
  type Hook = (request: FastifyRequest, reply: FastifyReply, done: (error?: never) => void) => unknown
  /* eslint-disable no-throw-literal -- that is what this is about */
  const hooks: Record<string, Hook> = {
    'throws null': () => { throw null },
    'throws undefined': () => { throw undefined },
    'calls done with null': (_, __, done) => { done(null as never) },
    'calls done with 0': (_, __, done) => { done(0 as never) },
    'calls done with an empty string': (_, __, done) => { done('' as never) },
    'answers false': async () => false,
    'answers an error': async () => new Error('no'),
    'sets a status': async (_, reply) => { reply.code(401) },
    'sends too late': async (_, reply) => { setImmediate(() => { reply.send('late') }) }
  }
  /* eslint-enable no-throw-literal */
  for (const [what, hook] of Object.entries(hooks)) {
    const app = makeApp(t, { logger: false })
    const handler = countingHandler()
    const later = countingHandler()
    app.addHook('onRequest', hook as never)
    app.addHook('onRequest', later)
    app.get('/', handler)
    await app.inject('/')
    await settled()
    t.equal(handler.ran, 1, `a hook that ${what}`)
    t.equal(later.ran, what.startsWith('throws') ? 0 : 1, what.startsWith('throws') ? 'and the hooks after it are skipped' : 'the hooks after it run')
  }
})

t.test('fact 11: hijack() stops hooks and handler, and inject() bypasses nothing', async t => {
  const app = makeApp(t)
  const handler = countingHandler()
  const later = countingHandler()
  app.addHook('onRequest', async (_, reply) => { reply.hijack(); reply.raw.end('hijacked') })
  app.addHook('onRequest', later)
  app.get('/', handler)
  t.equal((await app.inject('/')).body, 'hijacked')
  t.same([handler.ran, later.ran], [0, 0])
})

t.test('fact 11: an upgrade runs the hooks before the handler of @fastify/websocket', async t => {
  const app = makeApp(t)
  const order: string[] = []
  await app.register(websocket)
  app.addHook('onRequest', async () => { order.push('onRequest') })
  app.get('/', { websocket: true }, socket => { order.push('handler'); socket.close() })
  const socket = new WebSocket(`ws://127.0.0.1:${await portOf(app)}/`)
  await new Promise(resolve => { socket.once('close', resolve) })
  t.same(order, ['onRequest', 'handler'])
})

t.test('fact 12: @fastify/cors answers a preflight in its hook, so only before the hooks that come later', async t => {
  const app = makeApp(t)
  const later = countingHandler()
  await app.register(cors)
  app.addHook('onRequest', later)
  app.get('/', ok)
  const { statusCode } = await app.inject({ method: 'OPTIONS', url: '/', headers: { origin: 'https://a.example', 'access-control-request-method': 'GET' } })
  t.same([statusCode, later.ran], [204, 0])
})

t.test('fact 12: the name of a plugin stands in pluginName of the instance that it was registered on, and not of its children', async t => {
  const app = makeApp(t)
  const names: string[] = []
  app.addHook('onRoute', function (route) { if (route.method === 'OPTIONS') names.push(this.pluginName) })
  await app.register(cors)
  app.register(async function child (child) { child.options('*', ok) }, { prefix: '/child' })
  await app.ready()
  t.same(names, ['fastify -> @fastify/cors', 'child'])
  t.throws(() => Fastify().register(cors).after(error => { if (error) throw error }).options('*', ok).options('*', ok), { code: 'FST_ERR_DUPLICATED_ROUTE' })
})

t.test('fact 13: the channel fastify.request.handler tells nothing of a denial in onRequest', async t => {
  const published: string[] = []
  const handlers = { start: () => { published.push('start') }, end () {}, asyncStart () {}, asyncEnd () {}, error: () => { published.push('error') } }
  const channel = tracingChannel('fastify.request.handler')
  channel.subscribe(handlers)
  t.teardown(() => { channel.unsubscribe(handlers) })
  const app = makeApp(t)
  app.addHook('onRequest', async ({ url }, reply) => { if (url === '/denied') await reply.code(401).send() })
  app.get('/denied', ok)
  app.get('/', ok)
  await app.inject('/denied')
  t.same(published, [])
  await app.inject('/')
  t.same(published, ['start'])
})

t.test('fact 14: of two Authorization lines Node keeps the first, joins others with a comma, and shows all in rawHeaders', async t => {
  const app = makeApp(t)
  app.get('/', async ({ headers, raw }) => ({ authorization: headers.authorization, key: headers['x-api-key'], lines: raw.rawHeaders.filter((_, i) => i % 2 === 1) }))
  const answer = await raw(await portOf(app), 'GET / HTTP/1.1\r\nhost: a\r\nAuthorization: Bearer one\r\nauthorization: Bearer two\r\nX-Api-Key: three\r\nX-Api-Key: four\r\nconnection: close\r\n\r\n')
  t.same(JSON.parse(answer.split('\r\n\r\n')[1]!), { authorization: 'Bearer one', key: 'three, four', lines: ['a', 'Bearer one', 'Bearer two', 'three', 'four', 'close'] })
})

t.test('fact 15: the bytes 0x80 to 0xFF of a header arrive as latin1, and lines of nearly 16 KB arrive', async t => {
  const app = makeApp(t)
  app.get('/', async ({ headers }) => { const value = headers.authorization!; return { length: value.length, codes: [...value].map(c => c.codePointAt(0)).slice(-2) } })
  const port = await portOf(app)
  const send = async (value: Buffer) => JSON.parse((await raw(port, Buffer.concat([Buffer.from('GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\nauthorization: '), value, Buffer.from('\r\n\r\n')]))).split('\r\n\r\n')[1]!) as unknown
  t.same(await send(Buffer.from([0x41, 0x80, 0xff])), { length: 3, codes: [0x80, 0xff] })
  t.same(await send(Buffer.alloc(16_000, 'a')), { length: 16_000, codes: [97, 97] })
})

t.test('fact 16: an error handler that forgets the status answers 200, unless it was set before the throw; headers set before survive', async t => {
  const app = makeApp(t)
  app.setErrorHandler(async (_, __, reply) => await reply.send({ mine: true }))
  app.get('/forgets', async () => { throw new Error('no') })
  app.get('/set-before', async (_, reply) => { reply.code(403).header('www-authenticate', 'Bearer'); throw new Error('no') })
  t.equal((await app.inject('/forgets')).statusCode, 200)
  const response = await app.inject('/set-before')
  t.same([response.statusCode, response.headers['www-authenticate'], response.json()], [403, 'Bearer', { mine: true }])
})

t.test('fact 17: Fastify\'s default error handler sends the message of an error', async t => {
  const app = makeApp(t)
  app.get('/', async () => { throw new Error('connect ECONNREFUSED db.internal') })
  t.match((await app.inject('/')).json(), { statusCode: 500, message: 'connect ECONNREFUSED db.internal' })
})

t.test('fact 18: the default error handler drops an error\'s other members, and errorHandler tells whether it is in force', async t => {
  const app = makeApp(t)
  app.get('/', async () => { throw Object.assign(new Error('no'), { statusCode: 403, requiredScopes: ['a'] }) })
  t.notOk('requiredScopes' in (await app.inject('/')).json<object>())
  t.equal(app.errorHandler.name, 'defaultErrorHandler')

  const own = makeApp(t)
  own.setErrorHandler(function defaultErrorHandler () {})
  t.equal(own.errorHandler.name, 'bound defaultErrorHandler', 'whatever an app calls its own')
  own.register(async child => { t.equal(child.errorHandler.name, 'bound defaultErrorHandler') })
  await own.ready()
})

t.test('fact 18: a JSON string with a JSON content type passes schemas and serializers untouched', async t => {
  const app = makeApp(t)
  app.setSerializerCompiler(() => () => 'serialized')
  app.addHook('preSerialization', async () => ({ changed: true }))
  app.get('/', { schema: { response: { '4xx': { type: 'object', properties: {} } } } }, async (_, reply) => await reply.code(403).header('content-type', 'application/json; charset=utf-8').send('{"exact":1}'))
  t.equal((await app.inject('/')).body, '{"exact":1}')
})

t.test('fact 19: the default logger shows the URL and no headers', async t => {
  const lines: LogLine[] = []
  const app = makeApp(t, { logger: { stream: { write: (line: string) => { lines.push(JSON.parse(line) as LogLine) } } } })
  const { body } = await app.inject({ url: '/none?key=in-the-url', headers: { authorization: 'Bearer in-the-header' } })
  const log = JSON.stringify(lines)
  t.ok(log.includes('in-the-url'))
  t.notOk(log.includes('in-the-header'))
  t.ok(body.includes('in-the-url'), 'nor does the 404 hide it')
})

t.test('fact 20: a value decorator is missing in older children, a getter and a function are there, and objects are refused', async t => {
  const app = makeApp(t)
  const show = async (request: FastifyRequest) => {
    const { value, got, fn } = request as unknown as { value?: number, got?: number, fn?: () => number }
    return [value ?? null, got, fn?.()]
  }
  app.register(async child => { child.get('/older', show) })
  await app.register(fp(async app => {
    app.decorateRequest('value', 1)
    app.decorateRequest('got', { getter: () => 1 })
    app.decorateRequest('fn', () => 1)
  }))
  app.register(async child => { child.get('/younger', show) })
  t.same((await app.inject('/older')).json(), [null, 1, 1])
  t.same((await app.inject('/younger')).json(), [1, 1, 1])
  t.throws(() => app.decorateRequest('reference', {} as never), { code: 'FST_ERR_DEC_AFTER_START' })
  t.throws(() => Fastify().decorateRequest('reference', {} as never), { code: 'FST_ERR_DEC_REFERENCE_TYPE' })
})

t.test('fact 20: a child may decorate the same name with a value, which Fastify sets on each request', async t => {
  const app = makeApp(t)
  const set: unknown[] = []
  app.decorateRequest('got', { getter: () => 'the app\'s', setter: value => { set.push(value) } })
  app.register(async child => {
    child.decorateRequest('got', 'the child\'s')
    child.get('/', async request => (request as unknown as { got: string }).got)
  })
  t.equal((await app.inject('/')).body, 'the app\'s')
  t.same(set, ['the child\'s'])
})

t.test('fact 21: @fastify/bearer-auth in a scope of its own leaks nothing, lives beside another, and logs nothing', async t => {
  const lines: LogLine[] = []
  const app = makeApp(t, { logger: { level: 'trace', stream: { write: (line: string) => { lines.push(JSON.parse(line) as LogLine) } } } })
  let verify: FastifyInstance['verifyBearerAuth']
  const asked: string[] = []
  await app.register(async scope => {
    await scope.register(bearerAuth, {
      keys: [],
      addHook: false,
      specCompliance: 'rfc6749',
      verifyErrorLogLevel: null as never,
      auth: key => { asked.push(key); return key === 'good' }
    })
    verify = scope.verifyBearerAuth
  })
  t.notOk(app.hasDecorator('verifyBearerAuth'))
  await app.register(bearerAuth, { keys: ['another'], addHook: false })
  t.ok(app.hasDecorator('verifyBearerAuth'))

  app.get('/', (request, reply) => { verify!(request, reply, error => { reply.send({ error: error?.message ?? null, status: reply.statusCode }) }) })
  const send = async (authorization: string) => (await app.inject({ url: '/', headers: { authorization } })).json<unknown>()
  t.same(await send('Bearer good'), { error: null, status: 200 })
  t.same(await send('bEARER good'), { error: null, status: 200 }, 'in any case')
  t.same(await send('Bearer bad'), { error: 'invalid authorization header', status: 401 })
  t.same(asked.splice(0), ['good', 'good', 'bad'])
  t.notOk(lines.some(({ msg }) => /unauthorized|authorization/i.test(msg ?? '')))

  for (const value of ['Bearer \tgood', 'Bearer a b', 'Bearer k, Bearer z']) await send(value)
  t.same(asked, ['good', 'a b', 'k, Bearer z'], 'what it lets through to be looked up is looser than RFC 6750')

  const refused = Fastify({ logger: { stream: { write () {} } } })
  refused.register(bearerAuth, { keys: [], verifyErrorLogLevel: false as never })
  await t.rejects(async () => await refused.ready(), 'and false for the log level, as its page has it, is refused')
})

t.test('a request holds the context of its route under a symbol: the same object each time, and no other route\'s', async t => {
  const app = makeApp(t)
  const seen = new Map<string, Set<unknown>>()
  app.addHook('onRequest', async request => {
    const [kContext, ...others] = Object.getOwnPropertySymbols(request).filter(({ description }) => description === 'fastify.context')
    t.same(others, [])
    const name = `${request.method} ${request.url} ${request.headers['accept-version'] ?? ''}`
    seen.set(name, (seen.get(name) ?? new Set()).add((request as unknown as Record<symbol, unknown>)[kContext!]))
  })
  app.get('/one', ok)
  app.get('/one', { constraints: { version: '2.0.0' } }, ok)
  app.register(async child => { child.get('/', ok) }, { prefix: '/prefix' })
  for (let i = 0; i < 2; i++) {
    for (const method of ['GET', 'HEAD'] as const) for (const url of ['/one', '/prefix', '/prefix/']) await app.inject({ method, url })
    await app.inject({ url: '/one', headers: { 'accept-version': '2.0.0' } })
    await app.inject('/nowhere')
  }
  t.equal(seen.size, 8)
  t.same([...seen.values()].map(contexts => contexts.size), Array(8).fill(1))
  t.equal(new Set([...seen.values()].flatMap(contexts => [...contexts])).size, 8)
})

t.test('the order of phases: nothing of a request\'s body is read before onRequest is through', async t => {
  const app = makeApp(t)
  app.addHook('onRequest', async (_, reply) => await reply.code(401).send('no'))
  app.post('/', ok)
  const port = await portOf(app)
  const status = await new Promise(resolve => {
    const request = httpRequest({ port, host: '127.0.0.1', method: 'POST', headers: { 'content-length': 1_000_000_000 } }, response => { resolve(response.statusCode); request.destroy() })
    request.flushHeaders()
  })
  t.equal(status, 401)
})

t.test('a start that failed can leave a plugin\'s hooks out, and after() can take its error', async t => {
  const app = makeApp(t)
  const hook = countingHandler()
  app.register(fp(async app => {
    await Promise.reject(new Error('bad options'))
    app.addHook('onRequest', hook)
  })).after(error => { t.match(error, { message: 'bad options' }) })
  app.get('/', ok)
  t.equal((await app.inject('/')).statusCode, 200)
  t.equal(hook.ran, 0)
})
