// What the operations of an OpenAPI document say of who may call them.
import t from 'tap'
import Fastify, { type FastifyInstance } from 'fastify'
import swagger from '@fastify/swagger'
import apiKeyScopes, { type RouteAccess } from '../../lib/index.js'
import { operationOf, VERSIONS, when, deepFrozen, faultsOf, made, operationsOf, pluginOptions, handler, type Loose } from './openapi-set-up.js'
import { describeScopes } from '../../lib/reports/openapi.js'

t.test('what a route says', async t => {
  const session = { userSession: [] }
  const plain = [{ apiKey: [] }, session]
  const forms: ReadonlyArray<[sentence: string, config: RouteAccess, line: string, required: unknown, security30: unknown, security31: unknown]> = [
    ['one scope', { scopes: 'a' }, 'Token scope required: `a`', ['a'], plain, [{ apiKey: ['a'] }, session]],
    ['several', { scopes: ['a', 'b'] }, 'Token scopes required: `a` + `b`', ['a', 'b'], plain, [{ apiKey: ['a', 'b'] }, session]],
    ['one of several', { scopes: { anyOf: ['a', ['b', 'c']] } }, 'Token scope required: one of `a`, `b` + `c`', { anyOf: ['a', ['b', 'c']] }, plain, [{ apiKey: ['a'] }, { apiKey: ['b', 'c'] }, session]],
    ['none', { scopes: [] }, 'Token required: any valid key', [], plain, plain],
    ['a deprecated one', { scopes: 'old' }, 'Token scope required: `a`', ['a'], plain, [{ apiKey: ['a'] }, session]],
    ['one with backticks', { scopes: 'tick`s``' }, 'Token scope required: ``` tick`s`` ```', ['tick`s``'], plain, [{ apiKey: ['tick`s``'] }, session]],
    ['conditions', { scopes: 'a', scopesWhen: [{ when, scopes: 'b', description: 'For drafts.' }, { when, scopes: { anyOf: ['b', 'c'] } }] },
      'Token scope required: `a`; sometimes `b` (For drafts.); sometimes one of `b`, `c`', ['a'], plain, [{ apiKey: ['a'] }, session]],
    ['conditions alone', { scopes: [], scopesWhen: [{ when, scopes: 'b' }] }, 'Token required: any valid key; sometimes `b`', [], plain, plain],
    ['users only', { userOnly: true }, 'User session required, API keys are not accepted', undefined, [session], [session]],
    ['public', { public: true }, 'No token required', undefined, [], []],
    ['one that is not enforced yet', { scopes: 'a', scopesMode: 'report' }, 'Token scope required: `a` (report mode: not enforced)', ['a'], plain, [{ apiKey: ['a'] }, session]],
    ['users only, not enforced yet', { userOnly: true, scopesMode: 'report' }, 'User session required, API keys are not accepted (report mode: not enforced)', undefined, [session], [session]]
  ]
  for (const [sentence, config, line, required, security30, security31] of forms) {
    await t.test(sentence, async t => {
      for (const [i, security] of [security30, security31].entries()) {
        const { operation } = await operationOf(t, config, { openapi: VERSIONS[i]! })
        t.same(operation.security, security)
        t.same(operation['x-required-scopes'], required)
        t.equal(operation.description, line)
      }
    })
  }

  await t.test('conditions are told as data', async t => {
    const { operation } = await operationOf(t, { scopes: 'a', scopesWhen: [{ when, scopes: 'b', description: 'For drafts.' }, { when, scopes: { anyOf: ['b', ['b', 'c']] } }] })
    t.same(operation['x-conditional-scopes'], [{ scopes: ['b'], description: 'For drafts.' }, { scopes: { anyOf: ['b', ['b', 'c']] }, description: '' }])
  })

  await t.test('its own description stays, before the line', async t => {
    for (const [description, expected] of [['What it does.', 'What it does.\n\nNo token required'], ['What it does.\n\n', 'What it does.\n\nNo token required'], ['So be it:\nNo token required', 'So be it:\nNo token required'], ['No token required, some say.', 'No token required, some say.\n\nNo token required']]) {
      const { operation } = await operationOf(t, { public: true }, { schema: { description: description! } })
      t.equal(operation.description, expected)
    }
  })
})

// describeScopes, for documents that are made otherwise.

t.test('describeScopes', async t => {
  const { app } = await made(t, {
    options: { openapi: {}, decorator: 'docs' as never },
    routes: app => {
      app.get('/pets/:id', { config: { scopes: 'a' } }, handler)
      app.get('/v1/pets/:petId(^[a-z]{2}(?:-x)?$)/toys/*', { config: { scopes: 'b' } }, handler)
      app.post('/v1/tasks::run', { config: { userOnly: true } }, handler)
      app.post('/v1/tasks/:run', { config: { scopes: 'c' } }, handler)
      app.get('/near/:lat-:lng', { config: { public: true } }, handler)
      for (const version of ['1.0.0', '2.0.0']) {
        app.get('/same', { constraints: { version }, config: { scopes: 'a' } }, handler)
        app.get('/different', { constraints: { version }, config: { scopes: version === '1.0.0' ? 'a' : 'b' } }, handler)
        app.get('/plain', { constraints: { version }, config: { scopes: 'a' } }, handler)
      }
      app.get('/plain', { config: { scopes: 'b' } }, handler)
    }
  })
  const operation = () => ({ responses: { 200: { description: 'OK' } } })
  const document = deepFrozen({
    openapi: '3.1.0',
    info: { title: 'By hand', version: '1' },
    servers: [{ url: '/v1' }, { url: 'http://[' }, { url: '{base}' }],
    paths: {
      '/pets/{pet_id}': { summary: 'One pet', parameters: [{ name: 'pet_id', in: 'path', required: true, schema: { type: 'string' } }], 'x-mine': {}, get: operation(), head: operation() },
      '/pets/{id}/toys/{rest}': { get: operation() },
      '/tasks:run': { post: operation() },
      '/tasks/{run}': { post: operation() },
      '/near/{lat}-{lng}': { get: operation() },
      '/same': { get: operation() },
      '/different': { get: operation() },
      '/plain': { get: operation() },
      '/unknown': { get: operation() }
    }
  })
  const described = describeScopes(app, document)

  t.test('finds routes by method and path', async t => {
    t.same(Object.fromEntries([...operationsOf({ paths: Object.fromEntries(Object.entries(described.paths).map(([path, { summary, parameters, 'x-mine': mine, ...operations }]: [string, Loose]) => [path, operations])) })]
      .map(([name, { security }]) => [name, security?.map((way: object) => JSON.stringify(way)).join(' or ')])), {
      'GET /pets/{pet_id}': '{"apiKey":["a"]} or {"userSession":[]}',
      'HEAD /pets/{pet_id}': '{"apiKey":["a"]} or {"userSession":[]}',
      'GET /pets/{id}/toys/{rest}': '{"apiKey":["b"]} or {"userSession":[]}',
      'POST /tasks:run': '{"userSession":[]}',
      'POST /tasks/{run}': '{"apiKey":["c"]} or {"userSession":[]}',
      'GET /near/{lat}-{lng}': '',
      'GET /same': '{"apiKey":["a"]} or {"userSession":[]}',
      'GET /different': undefined,
      'GET /plain': '{"apiKey":["b"]} or {"userSession":[]}',
      'GET /unknown': undefined
    })
    t.same(described.paths['/pets/{pet_id}']['x-mine'], {})
  })

  t.test('makes a valid one, and done twice it is the same', async t => {
    t.same(await faultsOf({ ...described, servers: [{ url: '/v1' }] }), [])
    t.same(describeScopes(app, described), described)
  })

  t.test('for a document under another name', async t => {
    const { docs } = app as unknown as { docs: () => object }
    t.notOk(operationsOf(docs()).get('GET /pets/{id}')!.security)
    t.same(operationsOf(describeScopes(app, docs())).get('GET /pets/{id}')!['x-required-scopes'], ['a'])
  })

  t.test('says what is wrong', async t => {
    const bare = Fastify()
    t.throws(() => describeScopes(bare, document), { code: 'FST_API_KEY_BAD_OPTIONS', message: /describeScopes needs the plugin/ })
    for (const wrong of [{ swagger: '2.0' }, { openapi: '4.0.0' }, null, 'text']) t.throws(() => describeScopes(app, wrong as object), { code: 'FST_API_KEY_BAD_OPTIONS', message: /OpenAPI document of version 3/ })
    await bare.register(apiKeyScopes, pluginOptions())
    t.throws(() => describeScopes(bare, document), { code: 'FST_API_KEY_NOT_READY' })
    await bare.close()
  })

  t.test('a document may have no paths', async t => {
    t.same(describeScopes(app, { openapi: '3.1.0' }), describeScopes(app, { openapi: '3.1.0', paths: {} }))
    t.same(describeScopes(app, { openapi: '3.1.0', paths: { '/pets': null } }).paths, { '/pets': null })
  })

  t.test('extensions stay, and operations may be of any class', async t => {
    class Built { readonly responses = {} }
    const extensions = { 'x-note': 'A text', 'x-list': [1], 'x-map': { get: { summary: 'Mine' } } }
    const { paths } = describeScopes(app, { openapi: '3.1.0', paths: { ...extensions, '/pets/{id}': { get: new Built() } } })
    const { '/pets/{id}': item, ...others } = paths as Loose
    t.same(others, extensions)
    t.same(item.get['x-required-scopes'], ['a'])
  })
})

// Whatever is registered first, and wherever: each document tells of its own operations.

t.test('whatever the order', async t => {
  const route = (app: FastifyInstance) => { app.get('/it', { config: { scopes: 'a' } }, handler) }
  const orders: Record<string, (app: FastifyInstance) => Promise<unknown>> = {
    'plugin, document, route': async app => { await app.register(apiKeyScopes, pluginOptions()); await app.register(swagger, { openapi: {} }); route(app) },
    'document, plugin, route': async app => { await app.register(swagger, { openapi: {} }); await app.register(apiKeyScopes, pluginOptions()); route(app) },
    'document, route, plugin': async app => { await app.register(swagger, { openapi: {} }); route(app); await app.register(apiKeyScopes, pluginOptions()) },
    'nobody waits': async app => { app.register(swagger, { openapi: {} }); app.register(apiKeyScopes, pluginOptions()); app.register(async child => { route(child) }) }
  }
  for (const [order, build] of Object.entries(orders)) {
    await t.test(order, async t => {
      const app = Fastify()
      t.teardown(async () => { await app.close() })
      await build(app)
      await app.ready()
      t.same(operationsOf(app.swagger()).get('GET /it')!['x-required-scopes'], ['a'])
    })
  }
})

t.test('encapsulated children have documents of their own', async t => {
  const { app, lines } = await made(t, {
    routes: async app => {
      app.get('/it', { config: { scopes: 'a' } }, handler)
      for (const name of ['b', 'c'] as const) {
        await app.register(async child => {
          child.get('/early', { config: { userOnly: true } }, handler)
          await child.register(async inner => { inner.get('/it', { config: { scopes: name } }, handler) })
        }, { prefix: `/${name}` })
      }
    }
  })
  t.same([...operationsOf(app.swagger()).entries()].map(([name, operation]) => [name, operation['x-required-scopes']]),
    [['GET /it', ['a']], ['GET /b/early', undefined], ['GET /b/it', ['b']], ['GET /c/early', undefined], ['GET /c/it', ['c']]])
  t.same(lines.filter(({ msg }) => msg.includes('OpenAPI')), [])

  const documents: Loose = {}
  const apart = Fastify()
  t.teardown(async () => { await apart.close() })
  await apart.register(apiKeyScopes, pluginOptions())
  for (const name of ['b', 'c'] as const) {
    await apart.register(async child => {
      await child.register(swagger, { openapi: { info: { title: name, version: '1' } } })
      await child.register(async inner => { inner.get('/it', { config: { scopes: name } }, handler) })
      child.addHook('onReady', async () => { documents[name] = () => child.swagger() })
    }, { prefix: `/${name}` })
  }
  await apart.ready()
  for (const name of ['b', 'c']) {
    const document = documents[name]()
    t.equal(document.info.title, name)
    t.same([...operationsOf(document)].map(([path, operation]) => [path, operation['x-required-scopes']]), [[`GET /${name}/it`, [name]]])
  }
})

t.test('a document around the app tells of its operations, and leaves the others alone', async t => {
  const lines: string[] = []
  const outer = Fastify({ logger: { stream: { write: (line: string) => { lines.push(line) } } } })
  t.teardown(async () => { await outer.close() })
  await outer.register(swagger, { openapi: {} })
  outer.get('/free', { schema: { summary: 'Free' } }, handler)
  for (const name of ['b', 'c'] as const) {
    await outer.register(async part => {
      await part.register(apiKeyScopes, pluginOptions())
      part.get('/marked', { config: { scopes: name }, schema: { summary: 'Guarded' } }, handler)
      part.get('/bare', { config: { scopes: name } }, handler)
    }, { prefix: `/${name}` })
  }
  await outer.ready()
  const document = outer.swagger()
  t.same([...operationsOf(document)].map(([name, operation]) => [name, operation['x-required-scopes']]),
    [['GET /free', undefined], ['GET /b/marked', ['b']], ['GET /b/bare', ['b']], ['GET /c/marked', ['c']], ['GET /c/bare', ['c']]])
  t.notMatch(JSON.stringify(document), 'x-fastify')
  t.same(await faultsOf(document), [])
  t.same(lines.filter(line => line.includes('OpenAPI')), [])
})
