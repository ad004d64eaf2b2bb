// Whatever is registered first, and wherever: each document tells of its own operations.
import swagger from '@fastify/swagger'
import Fastify, { type FastifyInstance } from 'fastify'
import t from 'tap'
import apiKeyScopes from '../../lib/index.js'
import { faultsOf, handler, made, operationsOf, pluginOptions, type Loose } from './openapi-set-up.js'

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
