// What the page says, for every scope and every route, against the example over HTTP.
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { EventEmitter, once } from 'node:events'
import { request as httpRequest } from 'node:http'
import { Writable } from 'node:stream'
import Fastify, { type FastifyInstance } from 'fastify'
import apiKeyScopes, { defineScopes, memoryStore, type Catalog } from 'fastify-api-key-scopes'
import apiKeyRoutes from 'fastify-api-key-scopes/routes'
import t, { type Test } from 'tap'
import { buildApp } from '../../examples/inspecto/app.js'
import { someData } from '../../examples/inspecto/data.js'
import { inspectionRoutes } from '../../examples/inspecto/routes/inspections.js'
import { vehicleRoutes } from '../../examples/inspecto/routes/vehicles.js'
import { scopes } from '../../examples/inspecto/scopes.js'
import { startClient, type BuildApp } from './client.js'
import { conform } from './conformance.js'
import { denied, FUTURE, opens, ROWS, SCOPES, WATCH } from './inspecto.page.js'
import { cannotPaste, pasted } from './walkthrough.js'

const bearer = (key: string) => ({ authorization: `Bearer ${key}` })
const inspection = ROWS.find(({ route }) => route === 'POST /inspections')!.body!
const vehicle = ROWS.find(({ route }) => route === 'POST /vehicles')!.body!

t.test('the catalog is the page, word for word, and what the page has lost is not made up', async (t) => {
  t.same([...scopes.scopes.values()].map(({ name, description, status }) => [name, description, status]), [
    ...Object.entries(SCOPES).map(([name, description]) => [name, description, 'active']),
    ...Object.entries(FUTURE).map(([name, { description, status }]) => [name, description, status.toLowerCase().replace(' ', '-')])
  ])
  for (const { name, includes, requires } of scopes.scopes.values()) t.same([includes, requires], [[], []], name)
  t.same([scopes.defaultGrant, scopes.presets.size], [undefined, 0])
})

t.test('every grant and every row', async (t) => {
  await conform(t, { realm: 'inspecto', rows: ROWS, scopes: Object.keys(SCOPES), opens, denied, buildApp, watch: WATCH })
})

t.test('a 403 tells what is required and what the key has', async (t) => {
  const { ask, createKey } = await start(t)
  const one = await createKey({ name: 'one', scopes: ['inspections:read'] })
  const answer = await ask('POST /inspections', bearer(one.key), inspection)
  t.same([answer.status, answer.body], [403, {
    errors: [{
      code: 'FORBIDDEN',
      message: 'Insufficient permissions',
      details: { required: ['inspections:write'], available: ['inspections:read'] }
    }]
  }])
  t.equal(answer.headers['content-type'], 'application/json; charset=utf-8')
  for (const granted of [[], ['vehicles:write', 'inspections:read', 'vehicles:read']]) {
    const { key } = await createKey({ name: 'one', scopes: granted })
    t.match((await ask('POST /inspections', bearer(key), inspection)).body, { errors: [{ details: { available: granted } }] })
  }
})

t.test('"Scopes are set during API key creation and cannot be changed. Create a new key to modify scopes."', async (t) => {
  const { ask, createKey, session } = await start(t)
  const { key, record } = await createKey({ name: 'one', scopes: ['vehicles:read'] })
  for (const scopes of [['vehicles:read', 'vehicles:write'], ['vehicles:write'], []]) {
    t.match(await ask(`PATCH /api-keys/${record.id}`, session, { scopes }), { status: 400, body: { errors: [{ code: 'VALIDATION_ERROR' }] } })
    t.equal((await ask(`PATCH /api-keys/${record.id}`, session, { name: 'two', scopes })).status, 400)
  }
  const unchanged = { body: { records: [{ id: record.id, name: 'one', scopes: ['vehicles:read'] }] } }
  t.match(await ask('GET /api-keys', session), unchanged)
  t.equal((await ask('GET /vehicles', bearer(key))).status, 200)
  t.equal((await ask('POST /vehicles', bearer(key), vehicle)).status, 403)

  t.match(await ask(`PATCH /api-keys/${record.id}`, session, { name: 'two' }), { status: 200, body: { record: { name: 'two', scopes: ['vehicles:read'] } } })
  const other = await createKey({ name: 'a new key', scopes: ['vehicles:read', 'vehicles:write'] })
  t.equal((await ask('POST /vehicles', bearer(other.key), vehicle)).status, 201)
})

t.test('future scopes are known, but cannot be had yet', async (t) => {
  const { ask, session } = await start(t)
  for (const [scope, { status }] of Object.entries(FUTURE)) {
    const { body, ...answer } = await ask('POST /api-keys', session, { name: 'early', scopes: ['vehicles:read', scope] }) as { status: number, body: { errors: [{ message: string }] } }
    t.equal(answer.status, 400)
    t.match(body.errors[0].message, `"${scope}" is ${status.toLowerCase().replace(' ', '-')}`)

    const app = Fastify()
    await app.register(apiKeyScopes, { scopes: scopes as Catalog, store: memoryStore(), keyPrefix: 'insp' })
    const declare = async () => app.get('/early', { config: { scopes: scope as 'vehicles:read' } }, async () => 'early')
    await t.rejects(declare().then(() => app.ready()), { message: new RegExp(`/early.*${scope}.*${status.toLowerCase().replace(' ', '-')}`) }, `a route that needs ${scope} does not start`)
    await app.close()
  }
  t.match((await ask('GET /api-keys', session)).body, { records: [] }, 'no key was made')
})

t.test('every other denial and error has the same envelope', async (t) => {
  const { ask, createKey, session } = await start(t)
  const { key, record } = await createKey({ name: 'one', scopes: Object.keys(SCOPES) })
  const only = (code: string, message: string) => ({ errors: [{ code, message }] })
  const unauthorized = { status: 401, body: only('UNAUTHORIZED', 'Invalid or missing API key') }
  t.match(await ask('GET /vehicles'), unauthorized)
  t.match(await ask('GET /vehicles', bearer('insp_no')), unauthorized)
  t.match(await ask('GET /vehicles', bearer('')), { status: 400, body: only('VALIDATION_ERROR', 'Malformed credentials') })
  t.match(await ask('GET /api-keys'), { status: 401, body: only('UNAUTHORIZED', 'User session required') })
  t.match(await ask('GET /api-keys', bearer(key)), { status: 403, body: only('FORBIDDEN', 'This endpoint requires a user session and does not accept API keys') })
  t.match(await ask('GET /vehicles/no-such', bearer(key)), { status: 404, body: only('NOT_FOUND', 'Vehicle not found') })
  t.match(await ask('POST /vehicles', bearer(key), {}), { status: 400, body: only('VALIDATION_ERROR', 'body must have required property \'plateNumber\'') })
  t.match(await ask('DELETE /api-keys/no-such', session), { status: 404, body: only('NOT_FOUND', 'API key not found') })
  await ask(`DELETE /api-keys/${record.id}`, session)
  t.match(await ask('GET /vehicles', bearer(key)), unauthorized)

  const fails = async () => { throw new Error('the disk is on fire') }
  const down = await start(t, { findByDigest: fails, list: fails })
  const unavailable = { status: 503, body: only('SERVICE_UNAVAILABLE', 'API keys cannot be verified right now') }
  t.match(await down.ask('GET /vehicles', bearer(key)), { ...unavailable, headers: { 'retry-after': '1' } })
  t.match(await down.ask('GET /api-keys', down.session), unavailable)

  const odd = await start(t, {}, (app) => {
    app.addHook('preHandler', async () => { throw new Error('the disk is on fire') })
  })
  t.match(await odd.ask('GET /vehicles', odd.session), { status: 500, body: only('INTERNAL_ERROR', 'An unexpected error occurred') })
  t.match(odd.log().flatMap(({ err }) => err ?? []), [{ message: 'the disk is on fire' }], 'the log says what the client is not told')
})

t.test('"Write scopes ... Audit logged": each write that went through leaves one line, and nothing else does', async (t) => {
  const { ask, createKey, session, close, log } = await start(t)
  const { key, record } = await createKey({ name: 'one', scopes: Object.keys(SCOPES) })
  const reader = await createKey({ name: 'reader', scopes: ['vehicles:read', 'inspections:read'] })

  for (const { route, request = route, body } of ROWS.filter(({ needs }) => needs !== 'user')) await ask(request, bearer(key), body)
  await ask('PUT /vehicles/trailer', session, vehicle)
  await ask('PUT /vehicles/no-such', bearer(key), vehicle)
  await ask('POST /vehicles', bearer(key), {})
  await ask('POST /vehicles', bearer(reader.key), vehicle)
  await ask('POST /vehicles', {}, vehicle)
  await close()

  const lines = log()
  const who = { keyId: record.id, ownerId: 'admin' }
  t.same(lines.flatMap(({ write }) => write ?? []), [
    { ...who, method: 'POST', route: '/vehicles', statusCode: 201 },
    { ...who, method: 'PUT', route: '/vehicles/:id', statusCode: 200 },
    { ...who, method: 'POST', route: '/inspections', statusCode: 201 },
    { keyId: null, ownerId: 'admin', method: 'PUT', route: '/vehicles/:id', statusCode: 200 }
  ])
  t.match(lines.flatMap(({ audit }) => audit?.outcome === 'denied' ? audit : []), [
    { code: 'FST_API_KEY_MISSING_SCOPE', keyId: reader.record.id, ownerId: 'admin', method: 'POST', route: '/vehicles', missingScopes: ['vehicles:write'] }
  ], 'a refused write is a denial')
  for (const secret of [key, reader.key, 'NEW-0001', 'All checks passed']) t.notOk(JSON.stringify(lines).includes(secret), 'no key and no body')
})

t.test('who hangs up before the answer is in the audit log all the same', async (t) => {
  const request = new EventEmitter()
  const client = await start(t, {}, (app) => {
    app.addHook('preHandler', async ({ method, raw }) => {
      if (method !== 'PUT') return
      request.emit('is here')
      await once(raw.socket, 'close')
      request.emit('is alone')
    })
  })
  const { key, record } = await client.createKey({ name: 'one', scopes: ['vehicles:write'] })
  const sent = httpRequest(`${client.url}/vehicles/truck`, { method: 'PUT', headers: { ...bearer(key), 'content-type': 'application/json' } })
  sent.on('error', () => {})
  sent.end(JSON.stringify(vehicle))
  await once(request, 'is here')
  sent.destroy()
  await once(request, 'is alone')
  t.match((await client.ask('GET /vehicles/truck', client.session)).body, { data: vehicle }, 'the vehicle has changed')
  t.match(client.log().flatMap(({ write }) => write ?? []), [{ keyId: record.id, method: 'PUT', route: '/vehicles/:id' }])
})

t.test('"Some scopes imply others": a hierarchy, once it is known, is declared in the catalog, and works one way', async (t) => {
  // None of these is the page's. One is in the same resource, one goes across, one is an older and wider scope.
  const hierarchy = defineScopes({
    'fleet:read': { description: 'The older scope for all that only reads', includes: ['vehicles:read', 'inspections:read'] },
    'vehicles:read': SCOPES['vehicles:read']!,
    'vehicles:write': { description: SCOPES['vehicles:write']!, includes: 'vehicles:read' },
    'inspections:read': SCOPES['inspections:read']!,
    'inspections:write': { description: SCOPES['inspections:write']!, includes: 'vehicles:read' }
  })
  const implied: Readonly<Record<string, readonly string[]>> = {
    'fleet:read': ['vehicles:read', 'inspections:read'],
    'vehicles:write': ['vehicles:read'],
    'inspections:write': ['vehicles:read']
  }
  await conform(t, {
    realm: 'api',
    rows: ROWS,
    scopes: [...hierarchy.scopes.keys()],
    opens: scope => [scope, ...implied[scope] ?? []],
    buildApp: withCatalog(hierarchy),
    watch: WATCH
  })
})

t.test('what is not valid is 400', async (t) => {
  const { ask, session } = await start(t)
  for (const { route, request = route, body = {} } of ROWS) {
    for (const member of Object.keys(body)) {
      t.equal((await ask(request, session, { ...body, [member]: [[], {}] })).status, 400, `${route}: ${member}`)
    }
  }
  t.equal((await ask('POST /inspections', session, { ...inspection, vehicleIds: [] })).status, 400, 'no vehicle')
  for (const wrong of [{ templateId: 'no-such' }, { vehicleIds: ['truck', 'no-such'] }]) {
    t.equal((await ask('POST /inspections', session, { ...inspection, ...wrong })).status, 404)
  }
  t.equal((await ask('PUT /vehicles/no-such', session, vehicle)).status, 404)
})

t.test('the commands that the server prints', { skip: cannotPaste }, async (t) => {
  const { answers, log } = await pasted('inspecto', t)
  const expected: Array<[status: number, text: string]> = [
    [200, '"plateNumber":"ABC-1234"'],
    [200, '"title":"Pre-Trip Inspection"'],
    [403, '"details":{"required":["inspections:write"],"available":["vehicles:read","inspections:read"]}'],
    [400, '"code":"VALIDATION_ERROR"'],
    [201, '"status":"COMPLETED"'],
    [400, '"code":"VALIDATION_ERROR"'],
    [200, '"status":"COMPLETED"'],
    [204, ''],
    [401, '{"errors":[{"code":"UNAUTHORIZED","message":"Invalid or missing API key"}]}']
  ]
  t.same(answers.map(({ status }) => status), expected.map(([status]) => status))
  for (const [i, [, text]] of expected.entries()) t.ok(answers[i]?.text.includes(text), text)
  t.equal(log, '')
})

interface Line { write?: object, audit?: { outcome: string }, err?: object }

/** The example, with a store that does some things in its own way, and with everything it logs. */
async function start (t: Test, store: Partial<ReturnType<typeof memoryStore>> = {}, onStart: (app: FastifyInstance) => void = () => {}) {
  let text = ''
  const stream = new Writable({ write (chunk, _, done) { text += String(chunk); done() } })
  const watch = (message: unknown) => onStart((message as { fastify: FastifyInstance }).fastify)
  subscribe('fastify.initialization', watch)
  const client = await startClient(options => buildApp({ ...options, store: { ...options.store, ...store }, logger: { level: 'info', stream } }))
  unsubscribe('fastify.initialization', watch)
  t.teardown(client.close)
  return { ...client, log: () => text.trim().split('\n').map(line => JSON.parse(line) as Line) }
}

/** The routes of the example, with another catalog. */
function withCatalog (catalog: Catalog): BuildApp {
  return async ({ store, authenticateUser }) => {
    const app = Fastify()
    const data = someData()
    await app.register(apiKeyScopes, { scopes: catalog, store, keyPrefix: 'insp', authenticateUser })
    await app.register(apiKeyRoutes)
    await app.register(vehicleRoutes, { data })
    await app.register(inspectionRoutes, { data })
    return app
  }
}
