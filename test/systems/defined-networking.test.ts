// What the page says, for every scope and every route, against the example over HTTP.
import t, { type Test } from 'tap'
import { buildApp } from '../../examples/defined-networking/app.js'
import { scopes } from '../../examples/defined-networking/scopes.js'
import { startClient, type Answer } from './client.js'
import { conform } from './conformance.js'
import { opens, RESOURCES, ROWS, SCOPES, WATCH } from './defined-networking.page.js'
import { cannotPaste, pasted } from './walkthrough.js'

const BOTH = ROWS.find(({ route }) => route === 'POST /v1/host-and-enrollment-code')!
const bearer = (key: string) => ({ authorization: `Bearer ${key}` })

t.test('the catalog is the page: 6 headings, 30 scopes, word for word', async (t) => {
  const described = scopes.resources.map(({ heading, description, scopes: names }) => {
    return [heading, description, names.map(name => [name, scopes.scopes.get(name)?.description])]
  })
  t.same(described, Object.entries(RESOURCES).map(([heading, { sentence, scopes: table }]) => [heading, sentence, Object.entries(table)]))
  t.same(scopes.resources.map(({ scopes }) => scopes.length), [9, 5, 5, 5, 5, 1])
  t.equal(scopes.scopes.size, 30)
  for (const { name, includes, requires, status, hidden } of scopes.scopes.values()) {
    t.same([includes, requires, status, hidden], [[], [], 'active', false], name)
  }
  t.same([scopes.defaultGrant, scopes.presets.size], [undefined, 0], '"you choose which scopes it should have"')
})

t.test('every grant and every row', async (t) => {
  await conform(t, { realm: 'defined-networking', rows: ROWS, scopes: SCOPES, opens, buildApp, watch: WATCH })
})

t.test('nothing implies anything: of 30 scopes x 30 endpoints, each scope opens its own', async (t) => {
  t.equal(SCOPES.length, 30)
  for (const held of SCOPES) {
    const { ask, createKey } = await start(t)
    const { key } = await createKey({ name: held, scopes: [held] })
    const opened: string[] = []
    for (const demanded of SCOPES) {
      const { route, request = route, body, succeeds } = ROWS.find(({ needs }) => isOnly(needs, demanded))!
      const { status } = await ask(request, bearer(key), body)
      if (status === succeeds) opened.push(demanded)
      else if (status !== 403) t.fail(`${held}: ${request} answers ${status}`)
    }
    t.same(opened, [held], held)
  }
})

t.test('"a monitoring script that only reads audit logs should have audit-logs:list and nothing else"', async (t) => {
  const { ask, createKey, session } = await start(t)
  const monitor = bearer((await createKey({ name: 'monitoring', scopes: ['audit-logs:list'] })).key)
  const other = await createKey({ name: 'other', scopes: ['hosts:block'] })
  t.same((await ask('GET /v1/audit-logs', monitor)).body, { data: [] })

  for (const { route, request = route, needs, body, succeeds } of ROWS.filter(({ route }) => route !== 'GET /v1/audit-logs')) {
    // What a key may ask of itself needs no scope.
    t.equal((await ask(request, monitor, body)).status, needs.length === 1 && needs[0]!.length === 0 ? succeeds : 403, request)
  }
  t.same((await ask('GET /v1/audit-logs', monitor)).body, { data: [] }, 'what was refused did not happen')

  await ask('POST /v1/hosts/host-web/block', bearer(other.key))
  await ask('POST /v1/hosts/host-web/unblock', session)
  await ask('POST /v1/hosts/no-such/unblock', session)
  const { body } = await ask('GET /v1/audit-logs', monitor) as { body: { data: object[] } }
  t.match(body.data, [
    { actor: { type: 'apiKey', id: other.record.id }, event: 'POST /v1/hosts/:hostID/block', target: { hostID: 'host-web' } },
    { actor: { type: 'user', id: 'admin' }, event: 'POST /v1/hosts/:hostID/unblock', target: { hostID: 'host-web' } }
  ])
  t.equal(body.data.length, 2)
})

t.test('"Create host & enrollment code — requires both hosts:create and hosts:enroll"', async (t) => {
  const { ask, createKey } = await start(t)
  const everythingElse = SCOPES.filter(scope => scope !== 'hosts:create' && scope !== 'hosts:enroll')
  const refused: Array<[granted: string[], missing: string[], message: string]> = [
    [[], ['hosts:create', 'hosts:enroll'], 'API key missing required scopes: hosts:create, hosts:enroll'],
    [['hosts:create'], ['hosts:enroll'], 'API key missing required scope: hosts:enroll'],
    [['hosts:enroll'], ['hosts:create'], 'API key missing required scope: hosts:create'],
    [everythingElse, ['hosts:create', 'hosts:enroll'], 'API key missing required scopes: hosts:create, hosts:enroll']
  ]
  for (const [granted, missing, message] of refused) {
    const { key } = await createKey({ name: 'one', scopes: granted })
    const answer = await ask(BOTH.route, bearer(key), BOTH.body)
    t.equal(answer.headers['www-authenticate'], 'Bearer realm="defined-networking", error="insufficient_scope", scope="hosts:create hosts:enroll"')
    t.same([answer.status, answer.body], [403, {
      statusCode: 403,
      code: 'FST_API_KEY_MISSING_SCOPE',
      error: 'Forbidden',
      message,
      requiredScopes: ['hosts:create', 'hosts:enroll'],
      missingScopes: missing,
      grantedScopes: granted
    }])
  }

  const { key } = await createKey({ name: 'both', scopes: ['hosts:enroll', 'hosts:create'] })
  const { status, body } = await ask(BOTH.route, bearer(key), BOTH.body) as Answer & { body: { data: { host: { name: string }, enrollmentCode: { code: string } } } }
  t.equal(status, 200)
  t.equal(body.data.host.name, 'cache')
  t.match(body.data.enrollmentCode, { code: /^[\w-]{43}$/, lifetimeSeconds: 86_400 })
})

t.test('scopes may be added to a key, and taken from it, which counts at once', async (t) => {
  const { ask, createKey, session } = await start(t)
  const { key, record } = await createKey({ name: 'one', scopes: ['hosts:create'] })
  const update = async (granted: string[]) => ask(`PATCH /api-keys/${record.id}`, session, { scopes: granted })
  const create = async () => (await ask(BOTH.route, bearer(key), BOTH.body)).status

  t.equal(await create(), 403)
  t.match(await update(['hosts:create', 'hosts:enroll']), { status: 200, body: { record: { id: record.id, scopes: ['hosts:create', 'hosts:enroll'] } } })
  t.equal(await create(), 200)
  t.equal((await update(['hosts:enroll'])).status, 200)
  t.equal(await create(), 403)
  t.equal((await ask('POST /v1/hosts/host-web/enrollment-code', bearer(key))).status, 200)

  t.match(await update(['hosts:enroll', 'hosts:everything']), { status: 400, body: { code: 'FST_API_KEY_INVALID_INPUT' } })
  t.match((await ask('GET /api-keys', session)).body, { records: [{ id: record.id, scopes: ['hosts:enroll'] }] }, 'a refused update changes nothing')
  const { status } = await ask(`PATCH /api-keys/${record.id}`, bearer(key), { scopes: SCOPES })
  t.equal(status, 403, 'a key does not add scopes to itself')
})

t.test('keys begin with dnkey', async (t) => {
  const { createKey } = await start(t)
  t.match((await createKey({ name: 'one', scopes: [] })).key, /^dnkey_[0-9A-Za-z]{38}$/)
})

t.test('what does not exist is 404, what is in use is 409, and what is not valid is 400', async (t) => {
  const { ask, session } = await start(t)
  for (const { route, request = route, body } of ROWS) {
    if (/:\w+/.test(route)) t.equal((await ask(route.replace(/:\w+/, 'no-such'), session, body)).status, 404, `${route}, with an unknown id`)
    for (const member of Object.keys(body ?? {})) {
      t.equal((await ask(request, session, { ...body, [member]: [[], {}] })).status, 400, `${route}: ${member}`)
    }
  }
  const create = { name: 'db', networkID: 'network-main' }
  for (const member of ['networkID', 'roleID']) t.equal((await ask('POST /v1/hosts', session, { ...create, [member]: 'no-such' })).status, 404, member)
  t.equal((await ask('DELETE /v1/networks/network-main', session)).status, 409)
  t.equal((await ask('DELETE /v1/roles/role-server', session)).status, 409)
  t.equal((await ask('POST /v1/tags', session, { key: 'env', value: 'production' })).status, 409)
})

t.test('who may read a host does not learn its enrollment code', async (t) => {
  const { ask, session } = await start(t)
  const { body } = await ask('POST /v1/hosts/host-web/enrollment-code', session) as { body: { data: { code: string } } }
  for (const path of ['/v1/hosts', '/v1/hosts/host-web', '/v1/audit-logs']) {
    t.notOk(JSON.stringify((await ask(`GET ${path}`, session)).body).includes(body.data.code), path)
  }
})

t.test('the commands that the server prints', { skip: cannotPaste }, async (t) => {
  const { answers, log } = await pasted('defined-networking', t)
  const expected: Array<[status: number, text: string]> = [
    [200, '{"data":[]}'],
    [403, 'API key missing required scope: hosts:list'],
    [200, '"name":"db"'],
    [403, 'API key missing required scope: hosts:list'],
    [403, 'API key missing required scope: hosts:enroll'],
    [200, '"scopes":["hosts:create","hosts:enroll"]'],
    [200, '"enrollmentCode":{"code":"'],
    [200, '"event":"POST /v1/host-and-enrollment-code"'],
    [204, ''],
    [401, 'Invalid API key']
  ]
  t.same(answers.map(({ status }) => status), expected.map(([status]) => status))
  for (const [i, [, text]] of expected.entries()) t.ok(answers[i]?.text.includes(text), text)
  t.equal(log, '')
})

/** Whether a route needs this scope and no other. */
function isOnly (needs: typeof BOTH.needs, scope: string): boolean {
  return typeof needs !== 'string' && needs.length === 1 && needs[0]!.length === 1 && needs[0]![0] === scope
}

async function start (t: Test) {
  const client = await startClient(buildApp)
  t.teardown(client.close)
  return client
}
