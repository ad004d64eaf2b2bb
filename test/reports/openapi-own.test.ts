// What an app declares itself of security schemes, security and responses, and what becomes of it.
import t from 'tap'
import type { ApiKeyScopesOptions, RouteAccess } from '../../lib/index.js'
import { handler, made, operationOf, operationsOf, when, type Loose } from './openapi-set-up.js'

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
    authorization: { type: 'apiKey', in: 'header', name: 'Authorization' },
    oauth2: { type: 'oauth2', flows: {} },
    basic: { type: 'http', scheme: 'basic' },
    gateway: { type: 'apiKey', in: 'header', name: 'x-gateway' },
    query: { type: 'apiKey', in: 'query', name: 'x-api-key' }
  }
  const ours = [{ apiKey: [] }, { apiKeyHeader: [] }, { userSession: [] }]
  const scopesRoute: RouteAccess = { scopes: 'a' }
  const cases: ReadonlyArray<readonly [sentence: string, config: RouteAccess, own: readonly Loose[] | undefined, global: readonly Loose[] | undefined, expected: unknown]> = [
    ['nothing does not make it public', scopesRoute, [], undefined, ours],
    ['what may be left out neither', scopesRoute, [{}, { gateway: [] }], undefined, ours],
    ['other names of the same credential give way', scopesRoute, [{ bearerAuth: [] }, { oauth: ['x'] }, { header: [] }, { apiKey: [] }, { userSession: [] }], undefined, ours],
    ...['apiKey', 'userSession', 'bearerAuth', 'oauth', 'oauth2', 'header', 'authorization'].map(name => [`such as ${name}`, scopesRoute, [{ [name]: [], gateway: [] }], undefined, ours.map(way => ({ ...way, gateway: [] }))] as const),
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
