// describeScopes, for documents that are made otherwise.
import Fastify from 'fastify'
import t from 'tap'
import apiKeyScopes from '../../lib/index.js'
import { describeScopes } from '../../lib/reports/openapi.js'
import { deepFrozen, faultsOf, made, operationsOf, pluginOptions, handler, type Loose } from './openapi-set-up.js'

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
