// The JSON schemas of the management routes: they agree with what the routes take and answer, and stand in OpenAPI documents.
import { createRequire } from 'node:module'
import swagger from '@fastify/swagger'
import Fastify, { type FastifyInstance, type RouteOptions } from 'fastify'
import fc from 'fast-check'
import t from 'tap'
import { apiKeyRoutes } from '../../lib/http/key-routes.js'
import { apiKeyScopes, defineScopes, memoryStore, type ApiKeyScopesOptions } from '../../lib/index.js'
import { isText } from '../../lib/keys/key-fields.js'
import { anyText } from '../any-text.js'
import { as, authenticateUser, catalog, keysApp, type Issued } from './key-routes-app.js'
import { BAD_VALUES, badParametersOf, ENDPOINTS, GOOD_VALUES, hasId, STRANGE_FIELDS } from './key-routes-bad-input.js'
import { bearer, plant } from './wire-app.js'

// The Ajv that Fastify itself validates with.
const inFastify = createRequire(createRequire(import.meta.url).resolve('fastify'))
const inCompiler = createRequire(inFastify.resolve('@fastify/ajv-compiler'))
type Validate = ((value: unknown) => boolean) & { errors?: unknown }
const { default: Ajv } = inCompiler('ajv') as { default: new (options: object) => { compile (schema: object): Validate } }
const { default: addFormats } = inCompiler('ajv-formats') as { default: (ajv: object) => void }

function ajv (options: object = {}) {
  const made = new Ajv({ strict: true, allErrors: true, coerceTypes: false, removeAdditional: false, ...options })
  addFormats(made)
  return made
}

interface Schemas { readonly body?: object, readonly querystring: object, readonly params?: object, readonly response: Readonly<Record<string, object>> }

/** The routes as an app declares them, by method and URL. */
async function declaredRoutes (options: Partial<ApiKeyScopesOptions> = {}) {
  const routes = new Map<string, RouteOptions>()
  const app = Fastify()
  await app.register(apiKeyScopes, { scopes: catalog, store: memoryStore(), keyPrefix: 'acme', authenticateUser, ...options })
  app.addHook('onRoute', route => { routes.set(`${String(route.method)} ${route.url}`, route) })
  await app.register(apiKeyRoutes)
  return { app, routes, schemasOf: (method: string, url: string) => routes.get(`${method} ${url.replace('<id>', ':id')}`)!.schema as Schemas }
}

const valueOf = (given: unknown) => typeof given === 'function' ? (given as () => unknown)() : given
const printable = (value: unknown) => JSON.stringify(value).replace(/[^ -~]/g, '?').slice(0, 100)

t.test('the schemas and the routes take and refuse the same', async (t) => {
  const { schemasOf } = await declaredRoutes()
  for (const { method, url, body, fields } of ENDPOINTS) {
    const schema = schemasOf(method, url).body
    t.equal(schema !== undefined, body !== undefined, `${method} ${url}`)
    if (schema === undefined) continue
    const validate = ajv().compile(schema)
    t.ok(validate(body), 'a good body')
    // The routes are held against the same values in key-routes-bad-input.test.ts.
    for (const field of fields) {
      for (const value of GOOD_VALUES[field]!.map(valueOf)) t.ok(validate({ ...body, [field]: value }), `good: ${field} ${printable(value)}`)
      for (const [value, , notBySchema] of BAD_VALUES[field]!) {
        t.equal(validate(JSON.parse(JSON.stringify({ ...body, [field]: value }))), notBySchema !== undefined, `bad: ${field} ${printable(value)}`)
      }
    }
    for (const name of STRANGE_FIELDS.filter(name => !fields.includes(name))) t.notOk(validate({ ...body, [name]: 'u2' }), name)
    for (const other of [null, [], [{}], '', 'x', 0, true]) t.notOk(validate(other), JSON.stringify(other))
  }
  const { schemasOf: without } = await declaredRoutes({ scopes: defineScopes({ a: '' }) as never })
  t.notOk(ajv().compile(without('POST', '/api-keys').body!)({ name: 'x' }), 'without a default grant scopes must be named')
  t.ok(ajv().compile(without('POST', '/api-keys').body!)({ name: 'x', scopes: ['a'] }))
  const { schemasOf: planned } = await declaredRoutes({ scopes: defineScopes({ a: { status: 'planned' } }) as never })
  t.ok(ajv().compile(planned('POST', '/api-keys').body!)({ name: 'x', scopes: [] }), 'with nothing to grant, an empty list')
})

t.test('so do those of queries', async (t) => {
  const { schemasOf } = await declaredRoutes()
  const good: Readonly<Record<string, readonly string[]>> = { ownerId: ['u1'], state: ['active', 'disabled', 'expired', 'revoked'], unusedFor: ['P90D', 'PT0S', '2024-01-31T12:00:00Z'], limit: ['1', '100', '1000'], cursor: ['abc'], reason: ['leaked', 'x'.repeat(200)] }
  // What only the owner, the cursor or the calendar can tell.
  const notBySchema = (parameter: string, value: string) => ['ownerId', 'cursor'].includes(parameter) || ['2030-02-31T12:00:00Z', '2999-01-01T12:00:00Z', '1e2', '0x10', ' 1', '+1', 'Infinity'].includes(value)
  for (const { method, url, parameters } of ENDPOINTS) {
    // In a query all is text.
    const validate = ajv({ coerceTypes: true }).compile(schemasOf(method, url).querystring)
    t.ok(validate({}), `${method} ${url}`)
    for (const parameter of parameters) {
      for (const value of good[parameter]!) t.ok(validate({ [parameter]: value }), `${parameter}=${value}`)
      for (const [text] of badParametersOf(parameter)) {
        const values = new URLSearchParams(`${parameter}=${text}`).getAll(parameter)
        const value = values.length === 1 ? values[0]! : values
        if (typeof value !== 'string' || !notBySchema(parameter, value)) t.notOk(validate({ [parameter]: value }), `${parameter}=${text.slice(0, 50)}`)
      }
    }
    for (const name of STRANGE_FIELDS.filter(name => !parameters.includes(name))) t.notOk(validate({ [name]: 'u2' }), name)
  }
})

t.test('every text of whole characters is a name for both, or for neither', async () => {
  const { schemasOf } = await declaredRoutes()
  const validate = ajv().compile(schemasOf('POST', '/api-keys').body!)
  const characters = fc.oneof(fc.string({ unit: 'grapheme', maxLength: 60 }), anyText({ maxLength: 8 }), fc.constantFrom('\u061C', '\u200E', '\u200F', '\u2028', '\u2029', '\u202A', '\u202E', '\u2066', '\u2069', '\u0000', '\u001F', '\u007F', '\u009F', '\u00A0', '\u2027', '\u202F', '\u2065', '\u206A'))
  fc.assert(fc.property(characters, name => validate({ name }) === isText(name, 200)), { numRuns: 5000 })
})

t.test('what the routes answer is as their schemas say', async (t) => {
  const { ask, store, make, schemasOf } = { ...await keysApp(t, { plugin: { scopes: catalog } }), ...await declaredRoutes() }
  const { record } = await make('u1', { scopes: ['apps:deploy'], expiresAt: 'P1D' })
  const other = await plant(store, { id: 'old', ownerId: 'u1', scopes: ['full'], revokedAt: new Date(), revokedReason: 'x', disabledAt: new Date(), lastUsedAt: new Date() })
  const checked = new Set<string>()
  const check = async (method: 'GET' | 'POST' | 'PATCH' | 'DELETE', url: string, id: string, headers: Record<string, string>, body?: object) => {
    const response = await ask(method, url.replace('<id>', id), headers, body)
    const schema = schemasOf(method, url.split('?')[0]!).response[response.statusCode]
    if (schema === undefined) throw new Error(`${method} ${url} does not say that it answers ${response.statusCode}`)
    checked.add(`${method} ${url} ${response.statusCode}`)
    const validate = ajv({ strictRequired: true }).compile(schema)
    const answer: unknown = response.body === '' ? null : response.json()
    t.ok(validate(answer), `${method} ${url} ${response.statusCode}`, { errors: validate.errors })
    t.strictSame(membersNotIn(schema, answer), [], 'and says everything')
  }
  for (const { method, url, body } of ENDPOINTS.filter(({ operation }) => operation !== 'revoke')) {
    for (const [id, headers] of [[record.id, as('u1')], ['old', as('u1')], ['nope', as('u1')], [record.id, {}], [record.id, bearer(other)], [record.id, as('u1', '')]] as const) await check(method, url, id, headers, body)
    await check(method, `${url}?x=1`, record.id, as('u1'), body)
  }
  await check('POST', '/api-keys/<id>/rotate', record.id, as('u1'))
  for (const id of [record.id, 'old', 'nope']) await check('DELETE', '/api-keys/<id>', id, as('u1'))
  const { key } = (await ask('POST', '/api-keys', as('u1'), { name: 'x' })).json<Issued>()
  for (const url of ['/api-keys/current', '/api-keys/scopes']) await check('GET', url, '', bearer(key))
  for (const seen of ['POST /api-keys/<id>/rotate 409', 'POST /api-keys 403', 'DELETE /api-keys/<id> 204', 'GET /api-keys/<id>/usage 200', 'GET /api-keys/current 200']) t.ok(checked.has(seen), seen)
})

/** Members of an answer that its schema says nothing of. */
function membersNotIn (schema: object, value: unknown): string[] {
  const { properties, items, oneOf = [] } = schema as { properties?: Record<string, object>, items?: object, oneOf?: object[] }
  if (oneOf.length > 0) return oneOf.map(one => membersNotIn(one, value)).sort((a, b) => a.length - b.length)[0]!
  if (Array.isArray(value)) return items === undefined ? ['a list'] : value.flatMap(item => membersNotIn(items, item))
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([name, member]) => properties?.[name] === undefined ? [name] : membersNotIn(properties[name], member).map(inner => `${name}.${inner}`))
}

for (const [version, documentOf] of Object.entries({
  '3.0': (app: FastifyInstance) => app.register(swagger, { openapi: { openapi: '3.0.3', info: { title: 'x', version: '1' } } }),
  3.1: (app: FastifyInstance) => app.register(swagger, { openapi: { openapi: '3.1.0', info: { title: 'x', version: '1' } } })
})) {
  t.test(`@fastify/swagger puts all of it into a document of OpenAPI ${version}`, async (t) => {
    const app = Fastify({ exposeHeadRoutes: false })
    await documentOf(app)
    await app.register(apiKeyScopes, { scopes: catalog, store: memoryStore(), keyPrefix: 'acme', authenticateUser })
    await app.register(apiKeyRoutes, { prefix: '/v1' })
    await app.register(apiKeyRoutes, { prefix: '/v2' })
    t.teardown(() => app.close())
    await app.ready()
    interface Parameter { readonly in: string, readonly name: string, readonly required: boolean }
    interface Operation { readonly summary: string, readonly tags: string[], readonly parameters?: Parameter[], readonly requestBody?: { content: Record<string, { schema: { properties: object } }> }, readonly responses: Record<string, { description: string }> }
    const { paths } = app.swagger() as unknown as { paths: Record<string, Record<string, Operation>> }
    t.equal(Object.keys(paths).length, 12)
    for (const endpoint of ENDPOINTS) {
      const operation = paths[`/v1${endpoint.url.replace('<id>', '{id}')}`]![endpoint.method.toLowerCase()]!
      t.ok(operation.summary.length > 10, operation.summary)
      t.strictSame(operation.tags, ['API keys'])
      const parameters = operation.parameters ?? []
      t.strictSame(parameters.filter(one => one.in === 'query').map(({ name }) => name), endpoint.parameters)
      t.strictSame(parameters.filter(one => one.in === 'path').map(({ name, required }) => [name, required]), hasId(endpoint) ? [['id', true]] : [])
      t.strictSame(Object.keys(operation.requestBody?.content['application/json']!.schema.properties ?? {}), endpoint.fields)
      for (const status of [endpoint.succeeds, 400, 401, 503, ...hasId(endpoint) ? [403, 404] : [], ...endpoint.operation === 'rotate' ? [409] : []]) {
        t.match(operation.responses[status], { description: /^[A-Z]/ }, `${endpoint.operation} ${status}`)
      }
    }
    const text = JSON.stringify(paths)
    t.notMatch(text, /"required":\[\]|undefined/, 'nothing that OpenAPI does not allow')
    if (version === '3.0') t.notMatch(text, /"type":"null"|"type":\[/)
  })
}
