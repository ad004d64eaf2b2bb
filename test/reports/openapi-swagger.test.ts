// What @fastify/swagger makes of routes, by the options and transforms of an app.
import type { FastifyDynamicSwaggerOptions } from '@fastify/swagger'
import Fastify, { type FastifyInstance, type RouteOptions } from 'fastify'
import { jsonSchemaTransform, serializerCompiler, validatorCompiler } from 'fastify-type-provider-zod'
import t from 'tap'
import { parse } from 'yaml'
import { z } from 'zod'
import apiKeyScopes from '../../lib/index.js'
import { deepFrozen, faultsOf, handler, made, operationsOf, pluginOptions, type Loose } from './openapi-set-up.js'

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

  await t.test('a schema may be of a class that hides it', async t => {
    class Hidden { get hide () { return true } }
    class Shown { readonly summary = 'It' }
    const { app } = await made(t, {
      routes: app => {
        app.get('/hidden', { config: { scopes: 'a' }, schema: new Hidden() as object }, handler)
        app.get('/shown', { config: { scopes: 'b' }, schema: new Shown() as object }, handler)
      }
    })
    t.same([...operationsOf(app.swagger())].map(([name, operation]) => [name, operation.summary, operation['x-required-scopes']]), [['GET /shown', 'It', ['b']]])
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
    const operation = () => ({ summary: 'By hand', responses: { 200: { description: 'OK' } }, 'x-required-scopes': ['b'], 'x-conditional-scopes': [{ scopes: ['b'], description: '' }] })
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
    t.same([...operationsOf(app.swagger())].map(([name, one]) => [name, one['x-required-scopes'], one['x-conditional-scopes'], one.security.length]),
      [['GET /a', ['a'], undefined, 2], ['GET /versioned', ['b'], undefined, 2], ['GET /users', undefined, undefined, 1]])
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
