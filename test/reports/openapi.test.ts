// What OpenAPI documents say of who may call each operation, and what of an app's own they leave as it is.
import swagger, { type FastifyDynamicSwaggerOptions } from '@fastify/swagger'
import Fastify, { type FastifyInstance, type FastifySchema, type RouteOptions } from 'fastify'
import fp from 'fastify-plugin'
import { jsonSchemaTransform, serializerCompiler, validatorCompiler } from 'fastify-type-provider-zod'
import t, { type Test } from 'tap'
import { parse } from 'yaml'
import { z } from 'zod'
import apiKeyScopes, { defineScopes, memoryStore, type ApiKeyScopesOptions, type RouteAccess } from '../../lib/index.js'
import { describeScopes } from '../../lib/reports/openapi.js'
import { faultsOf, operationsOf, VERSIONS, type Loose } from './openapi-set-up.js'

const scopes = defineScopes({
  full: { description: 'Everything', includes: '*' },
  a: 'A',
  b: 'B',
  c: 'C',
  'tick`s``': 'A name with backticks',
  old: { status: 'deprecated', replacedBy: 'a' }
})
const handler = async () => 'ok'
const when = () => true

interface Made {
  readonly plugin?: Partial<ApiKeyScopesOptions>
  readonly options?: FastifyDynamicSwaggerOptions
  /** What is declared, after both plugins. */
  readonly routes: (app: FastifyInstance) => unknown
}

async function made (t: Test, { plugin = {}, options = { openapi: {} }, routes }: Made) {
  const lines: Array<{ level: number, msg: string }> = []
  const app = Fastify({ logger: { stream: { write: (line: string) => { lines.push(JSON.parse(line)) } } } })
  t.teardown(async () => { await app.close() })
  await app.register(apiKeyScopes, pluginOptions(plugin))
  await app.register(swagger, options)
  await app.register(fp(async app => { await routes(app) }))
  await app.ready()
  return { app, lines }
}

function pluginOptions (plugin: Partial<ApiKeyScopesOptions> = {}): ApiKeyScopesOptions {
  return { scopes, store: memoryStore(), keyPrefix: 'acme', authenticateUser: () => null, ...plugin }
}

/** The operation of the one route, which is valid. */
async function operationOf (t: Test, config: RouteAccess, { openapi = '3.0.3', schema, plugin, route = {}, more = {} }: { openapi?: string, schema?: FastifySchema, plugin?: Partial<ApiKeyScopesOptions>, route?: Partial<RouteOptions>, more?: Loose } = {}) {
  const { app } = await made(t, {
    ...plugin && { plugin },
    options: { openapi: { openapi, ...more } },
    routes: app => app.route({ method: 'POST', url: '/it', config, handler, ...schema && { schema }, ...route })
  })
  const document: Loose = app.swagger()
  t.same(await faultsOf(document), [], `is valid in OpenAPI ${openapi}`)
  return { operation: operationsOf(document).get('POST /it')!, components: document.components as Loose }
}

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
    for (const [description, expected] of [['What it does.', 'What it does.\n\nNo token required'], ['What it does.\n\n', 'What it does.\n\nNo token required'], ['So be it:\nNo token required', 'So be it:\nNo token required']]) {
      const { operation } = await operationOf(t, { public: true }, { schema: { description: description! } })
      t.equal(operation.description, expected)
    }
  })
})

t.test('security schemes', async t => {
  await t.test('as the plugin is set up', async t => {
    const names = async (plugin: Partial<ApiKeyScopesOptions>) => Object.keys((await operationOf(t, { scopes: 'a' }, { plugin })).components.securitySchemes)
    t.same(await names({}), ['apiKey', 'userSession'])
    t.same(await names({ authenticateUser: undefined as never }), ['apiKey'])
    t.same(await names({ apiKeyHeader: 'X-API-Key' }), ['apiKey', 'apiKeyHeader', 'userSession'])
  })

  await t.test('a key may come in a header of its own, and there may be no users', async t => {
    const plugin = { apiKeyHeader: 'x-api-key', authenticateUser: undefined as never }
    const { operation, components } = await operationOf(t, { scopes: { anyOf: ['a', 'b'] } }, { openapi: '3.1.0', plugin })
    t.same(operation.security, [{ apiKey: ['a'] }, { apiKey: ['b'] }, { apiKeyHeader: ['a'] }, { apiKeyHeader: ['b'] }])
    t.match(components.securitySchemes, { apiKey: { type: 'http', scheme: 'bearer', bearerFormat: 'acme_…' }, apiKeyHeader: { type: 'apiKey', in: 'header', name: 'x-api-key' } })
  })

  await t.test('what the app has declared under these names stays', async t => {
    const userSession = { type: 'apiKey', in: 'cookie', name: 'sid' }
    const ApiKeyDenial = { type: 'object', description: 'Mine' }
    const { operation, components } = await operationOf(t, { scopes: 'a' }, { more: { components: { securitySchemes: { userSession }, schemas: { ApiKeyDenial } } } })
    t.same(components.securitySchemes.userSession, userSession)
    t.ok(components.securitySchemes.apiKey)
    t.same(components.schemas.ApiKeyDenial, ApiKeyDenial)
    t.same(operation.security, [{ apiKey: [] }, { userSession: [] }])
  })

  await t.test('where OAuth gives the scopes out, OpenAPI 3.0 has them too', async t => {
    const apiKey = { type: 'oauth2', flows: { clientCredentials: { tokenUrl: 'https://example.com/token', scopes: { a: 'A' } } } }
    const { operation } = await operationOf(t, { scopes: 'a' }, { more: { components: { securitySchemes: { apiKey } } } })
    t.same(operation.security, [{ apiKey: ['a'] }, { userSession: [] }])
  })
})

t.test('security that the app declares itself', async t => {
  const securitySchemes = {
    apiKey: { type: 'http', scheme: 'bearer' },
    userSession: { type: 'http', scheme: 'bearer' },
    bearerAuth: { type: 'http', scheme: 'Bearer' },
    oauth: { type: 'openIdConnect', openIdConnectUrl: 'https://example.com/.well-known/openid-configuration' },
    header: { type: 'apiKey', in: 'header', name: 'X-Api-Key' },
    basic: { type: 'http', scheme: 'basic' },
    gateway: { type: 'apiKey', in: 'header', name: 'x-gateway' },
    query: { type: 'apiKey', in: 'query', name: 'x-api-key' }
  }
  const ours = [{ apiKey: [] }, { apiKeyHeader: [] }, { userSession: [] }]
  const scopesRoute: RouteAccess = { scopes: 'a' }
  const cases: ReadonlyArray<[sentence: string, config: RouteAccess, own: Loose[] | undefined, global: Loose[] | undefined, expected: unknown]> = [
    ['nothing does not make it public', scopesRoute, [], undefined, ours],
    ['what may be left out neither', scopesRoute, [{}, { gateway: [] }], undefined, ours],
    ['other names of the same credential give way', scopesRoute, [{ bearerAuth: [] }, { oauth: ['x'] }, { header: [] }, { apiKey: [] }, { userSession: [] }], undefined, ours],
    ['what else is needed stays', scopesRoute, [{ gateway: [], bearerAuth: [] }], undefined, ours.map(way => ({ ...way, gateway: [] }))],
    ['and in each of its ways', scopesRoute, [{ gateway: [] }, { query: [] }], undefined, ours.flatMap(way => [{ ...way, gateway: [] }, { ...way, query: [] }])],
    ['or in the name of another parameter', { userOnly: true }, [{ basic: [] }], undefined, [{ userSession: [], basic: [] }]],
    ['the same for the whole document', scopesRoute, undefined, [{ bearerAuth: [] }], ours],
    ['of which something else is needed', { userOnly: true }, undefined, [{ bearerAuth: [], gateway: [] }], [{ gateway: [], userSession: [] }]],
    ['an operation goes before its document', { userOnly: true }, [{ query: [] }], [{ gateway: [] }], [{ query: [], userSession: [] }]],
    ['public: what the operation asks for is its own', { public: true }, [{ bearerAuth: [] }], undefined, [{ bearerAuth: [] }]],
    ['public: credentials of the document are not read', { public: true }, undefined, [{ bearerAuth: [] }], []],
    ['public: what else it needs is needed', { public: true }, undefined, [{ gateway: [] }], [{ gateway: [] }]],
    ['public: the operation takes it back', { public: true }, [], [{ gateway: [] }], []]
  ]
  for (const [sentence, config, own, global, expected] of cases) {
    await t.test(sentence, async t => {
      const more = { components: { securitySchemes }, ...global && { security: global } }
      const { operation } = await operationOf(t, config, { plugin: { apiKeyHeader: 'x-api-key' }, more, ...own && { schema: { security: own } } })
      t.same(operation.security, expected)
    })
  }
})

t.test('responses', async t => {
  const ref = { $ref: '#/components/schemas/ApiKeyDenial' }
  const statuses = ({ operation }: { operation: Loose }) => Object.keys(operation.responses).join()

  await t.test('401 and 403 say what is answered', async t => {
    const { operation, components } = await operationOf(t, { scopes: ['a', 'b'] })
    t.equal(statuses({ operation }), '200,401,403')
    t.same(operation.responses['401'], {
      description: 'No API key or user session, or an invalid one',
      content: { 'application/json': { schema: ref, example: { statusCode: 401, code: 'FST_API_KEY_REQUIRED', error: 'Unauthorized', message: 'API key required' } } }
    })
    t.match(operation.responses['403'], { description: 'API key missing required scopes: a, b', content: { 'application/json': { schema: ref, example: { missingScopes: ['a', 'b'], grantedScopes: [] } } } })
    t.same(components.schemas.ApiKeyDenial.required, ['statusCode', 'code', 'error', 'message'])
  })

  await t.test('only what may be answered', async t => {
    t.equal(statuses(await operationOf(t, { public: true })), '200')
    t.equal(statuses(await operationOf(t, { scopes: [] })), '200,401')
    t.equal(statuses(await operationOf(t, { scopes: [], scopesWhen: [{ when, scopes: 'a' }] })), '200,401,403')
    t.equal(statuses(await operationOf(t, { scopes: 'a', scopesMode: 'report' })), '200,401')
    const { operation } = await operationOf(t, { userOnly: true })
    t.equal(operation.responses['401'].description, 'User session required')
    t.equal(operation.responses['403'].description, 'This endpoint requires a user session and does not accept API keys')
    const lonely = await operationOf(t, { scopes: 'a' }, { plugin: { authenticateUser: undefined as never, revealGranted: false } })
    t.equal(lonely.operation.responses['401'].description, 'No API key, or an invalid one')
    t.notHas(lonely.operation.responses['403'].content['application/json'].example, { grantedScopes: [] })
  })

  await t.test('those of the app stay', async t => {
    const mine = { description: 'Mine', type: 'object', properties: { mine: { type: 'boolean' } } }
    const shown = { description: 'Mine', content: { 'application/json': { schema: mine } } }
    const { operation } = await operationOf(t, { scopes: 'a' }, { schema: { response: { 200: mine, 403: mine, default: mine } } })
    t.same(operation.responses['403'], shown)
    t.equal(statuses({ operation }), '200,401,403,default')
    for (const range of ['4xx', '4XX']) {
      const ranged = await operationOf(t, { scopes: 'a' }, { schema: { response: { 200: mine, [range]: mine } } })
      t.same(ranged.operation.responses['4XX'], shown)
      t.equal(statuses(ranged), '200,4XX', 'which tells of them too')
    }
  })

  await t.test('where the app shapes its errors itself, their form is not told', async t => {
    const told = async (options: Parameters<typeof operationOf>[2]) => (await operationOf(t, { scopes: 'a' }, options)).operation.responses['403']
    const bare = { description: 'API key missing required scope: a' }
    t.same(await told({ plugin: { formatError: ({ message }) => ({ message }) } }), bare)
    t.same(await told({ route: { errorHandler: async () => 'mine' } }), bare)

    const { app } = await made(t, {
      routes: async app => {
        app.get('/default', { config: { scopes: 'a' } }, handler)
        await app.register(async child => {
          child.setErrorHandler(async () => 'mine')
          child.get('/handled', { config: { scopes: 'a' } }, handler)
        })
      }
    })
    const operations = operationsOf(app.swagger())
    t.same(operations.get('GET /handled')!.responses['403'], bare)
    t.ok(operations.get('GET /default')!.responses['403'].content)
  })
})

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
          // Fastify says that a child may decorate itself with what is around it, once for each.
          await child.register(async inner => {
            inner.decorate('inner', inner)
            inner.get('/it', { config: { scopes: name } }, handler)
          })
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

t.test('whatever the app makes of its URLs and schemas', async t => {
  const transform: NonNullable<FastifyDynamicSwaggerOptions['transform']> = ({ schema, url }) => ({ schema, url: url.replace('/internal', '/public') })
  const routes = (app: FastifyInstance) => {
    app.get('/internal/pets/:id', { config: { scopes: 'a' }, schema: { summary: 'Get' } }, handler)
    app.route({ method: ['POST', 'PUT'], url: '/internal/pets', config: { scopes: 'b' }, schema: { tags: ['pets'] }, handler })
    app.get('/internal/named', { config: { scopes: 'c' }, schema: { operationId: 'named' } }, handler)
    app.head('/internal/own', { config: { scopes: 'b' }, schema: { operationId: 'ownHead' } }, handler)
    app.get('/internal/own', { config: { scopes: 'a' }, schema: { operationId: 'own' } }, handler)
  }

  await t.test('by a transform, HEAD routes too', async t => {
    const { app, lines } = await made(t, { options: { openapi: {}, transform, exposeHeadRoutes: true }, routes })
    const document = app.swagger()
    t.same(Object.fromEntries([...operationsOf(document)].map(([name, operation]) => [name, operation['x-required-scopes']])), {
      'GET /public/pets/{id}': ['a'],
      'HEAD /public/pets/{id}': ['a'],
      'POST /public/pets': ['b'],
      'PUT /public/pets': ['b'],
      'GET /public/named': ['c'],
      'HEAD /public/named': ['c'],
      'GET /public/own': ['a'],
      'HEAD /public/own': ['b']
    })
    t.notMatch(JSON.stringify(document), 'x-fastify')
    t.same(lines.filter(({ msg }) => msg.includes('OpenAPI')), [])
  })

  await t.test('a base path is left out', async t => {
    const { app } = await made(t, {
      options: { openapi: { servers: [{ url: 'https://{region}.example.com/v1/', variables: { region: { default: 'eu' } } }] } },
      routes: app => {
        app.get('/v1/pets', { config: { scopes: 'a' } }, handler)
        app.get('/v1/cats', { config: { scopes: 'b' }, schema: {} }, handler)
      }
    })
    t.same([...operationsOf(app.swagger()).values()].map(operation => operation['x-required-scopes']), [['a'], ['b']])
  })

  await t.test('of versions and hosts, the last is shown', async t => {
    for (const schema of [undefined, { summary: 'It' }]) {
      const { app } = await made(t, {
        routes: app => {
          for (const name of ['a', 'b', 'c'] as const) app.get('/it', { constraints: { version: { a: '1.0.0', b: '2.0.0', c: '3.0.0' }[name] }, config: { scopes: name }, ...schema && { schema } }, handler)
          app.get('/it', { constraints: { version: '4.0.0' }, config: { userOnly: true }, schema: { hide: true } }, handler)
        }
      })
      t.same(operationsOf(app.swagger()).get('GET /it')!['x-required-scopes'], ['c'])
    }
  })

  await t.test('with schemas of zod', async t => {
    const { app } = await made(t, {
      options: { openapi: { openapi: '3.1.0' }, transform: jsonSchemaTransform },
      routes: app => {
        app.setValidatorCompiler(validatorCompiler)
        app.setSerializerCompiler(serializerCompiler)
        app.post('/pets', { config: { scopes: 'a' }, schema: { description: 'Adopt', body: z.object({ name: z.string() }), response: { 200: z.object({ id: z.number() }) } } }, async () => ({ id: 1 }))
      }
    })
    const document = app.swagger()
    t.same(await faultsOf(document), [])
    const operation = operationsOf(document).get('POST /pets')!
    t.equal(operation.description, 'Adopt\n\nToken scope required: `a`')
    t.same(Object.keys(operation.responses), ['200', '401', '403'])

    const { key } = await app.apiKeys.create({ name: 'k', scopes: ['a'] })
    const send = async (headers: Record<string, string>) => await app.inject({ method: 'POST', url: '/pets', headers, payload: { name: 'Tom' } })
    t.equal((await send({ authorization: `Bearer ${key}` })).body, '{"id":1}')
    t.equal((await send({})).json().code, 'FST_API_KEY_REQUIRED', 'no schema was added to the route')
  })

  await t.test('a route without a schema goes through a transform as one, and is found by its path', async t => {
    const seen: unknown[] = []
    const { app, lines } = await made(t, {
      options: { openapi: {}, transform: ({ schema, url }) => { seen.push(schema); return { schema, url: url.replace('/b', '/c') } } },
      routes: app => {
        app.get('/a', { config: { scopes: 'a' } }, handler)
        app.get('/b', { config: { scopes: 'b' } }, handler)
      }
    })
    const operations = operationsOf(app.swagger())
    t.same(seen, [undefined, undefined])
    t.same(operations.get('GET /a')!['x-required-scopes'], ['a'])
    t.notOk(operations.get('GET /c')!.security, 'unless the transform has changed that')
    t.match(lines.filter(({ msg }) => msg.includes('OpenAPI')), [{ level: 30, msg: 'the OpenAPI document does not say who may call what stands for no known route: GET /c' }])
  })

  await t.test('schemas are as before when the document was made, or could not be', async t => {
    const schema = { summary: 'It' }
    const declared: RouteOptions[] = []
    const { app } = await made(t, {
      options: { openapi: {}, transform: () => { throw new Error('no document') } },
      routes: app => {
        app.addHook('onRoute', route => { declared.push(route) })
        app.route({ method: ['GET', 'POST'], url: '/it', config: { scopes: 'a' }, schema, handler })
      }
    })
    t.throws(() => app.swagger(), { message: 'no document' })
    t.ok(declared.length > 0 && declared.every(route => route.schema === schema))
    t.same(Object.keys(schema), ['summary'])
  })
})

t.test('what @fastify/swagger answers', async t => {
  const routes = (app: FastifyInstance) => { for (const url of ['/a', '/b']) app.get(url, { config: { scopes: 'a' }, schema: { summary: url } }, handler) }

  await t.test('is made once, in YAML too', async t => {
    const { app } = await made(t, { routes })
    const document = app.swagger()
    t.equal(app.swagger(), document)
    const yaml = app.swagger({ yaml: true })
    t.equal(app.swagger({ yaml: true }), yaml)
    t.same(parse(yaml), JSON.parse(JSON.stringify(document)))
    t.notMatch(yaml, /[&*]a\d/)
  })

  await t.test('is not changed itself, frozen or not', async t => {
    for (const freeze of [false, true]) {
      let original: () => object
      const { app } = await made(t, {
        options: { openapi: {}, transformObject: document => 'openapiObject' in document && freeze ? deepFrozen(document.openapiObject) : (document as Loose).openapiObject },
        routes: app => { original = app.swagger.bind(app); routes(app) }
      })
      const document = app.swagger()
      t.same(operationsOf(document).get('GET /a')!['x-required-scopes'], ['a'])
      t.notMatch(JSON.stringify(document), 'x-fastify')
      t.notOk(operationsOf(original!()).get('GET /a')!.security)
      if (!freeze) t.notMatch(JSON.stringify(original!()), 'x-fastify')
    }
  })

  await t.test('is left as it is in OpenAPI 2, which the log tells once', async t => {
    const { app, lines } = await made(t, { options: { swagger: {} }, routes })
    const document = app.swagger() as Loose
    app.swagger()
    t.equal(document.swagger, '2.0')
    t.same(document.paths['/a'].get, { summary: '/a', responses: { 200: { description: 'Default Response' } } })
    t.match(parse(app.swagger({ yaml: true })), { swagger: '2.0' })
    t.match(lines.filter(({ msg }) => msg.includes('OpenAPI')), [{ level: 30, msg: 'the document of @fastify/swagger is not of OpenAPI 3, so it does not say who may call what; give that plugin the option openapi' }])
  })

  await t.test('with methods of OpenAPI 3.2', async t => {
    const { app } = await made(t, {
      options: { openapi: { openapi: '3.2.0' } },
      routes: app => {
        app.addHttpMethod('PURGE')
        app.route({ method: 'PURGE', url: '/it', config: { scopes: 'a' }, schema: { summary: 'Purge' }, handler })
      }
    })
    const { additionalOperations } = (app.swagger() as Loose).paths['/it']
    t.same(additionalOperations.PURGE.security, [{ apiKey: ['a'] }, { userSession: [] }])
  })

  await t.test('of a document that was written by hand', async t => {
    const operation = () => ({ summary: 'By hand', responses: { 200: { description: 'OK' } }, 'x-required-scopes': ['b'] })
    const paths = { '/a': { get: operation() }, '/versioned': { get: operation() }, '/users': { get: operation() } }
    const { app } = await made(t, {
      options: { mode: 'static', specification: { document: { openapi: '3.1.0', info: { title: 'By hand', version: '1' }, paths } } } as never,
      routes: app => {
        routes(app)
        app.get('/versioned', { config: { scopes: 'b' }, schema: {} }, handler)
        app.get('/versioned', { constraints: { version: '1.0.0' }, config: { scopes: 'c' }, schema: {} }, handler)
        app.get('/users', { config: { userOnly: true } }, handler)
      }
    })
    t.same([...operationsOf(app.swagger())].map(([name, one]) => [name, one['x-required-scopes'], one.security.length]),
      [['GET /a', ['a'], 2], ['GET /versioned', ['b'], 2], ['GET /users', undefined, 1]])
    t.same(paths['/a'].get, operation())
  })

  await t.test('a swagger that is not of that plugin is nobody\'s business', async t => {
    const app = Fastify()
    t.teardown(async () => { await app.close() })
    const mine = () => 'mine'
    app.decorate('swagger', mine as never)
    await app.register(apiKeyScopes, pluginOptions())
    app.get('/it', { config: { scopes: 'a' } }, handler)
    await app.ready()
    t.equal(app.swagger as unknown, mine)
  })
})

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
    t.same(describeScopes(app, { openapi: '3.1.0', paths: { '/pets': null } }).paths, { '/pets': {} })
  })
})

function deepFrozen<T extends object> (value: T): T {
  for (const member of Object.values(value)) if (typeof member === 'object' && member !== null) deepFrozen(member)
  return Object.freeze(value)
}
