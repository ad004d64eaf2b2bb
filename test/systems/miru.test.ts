// What the page says, for every scope and every route, against the example over HTTP.
import t, { type Test } from 'tap'
import { buildApp } from '../../examples/miru/app.js'
import { scopes } from '../../examples/miru/scopes.js'
import { startClient } from './client.js'
import { conform, type Page } from './conformance.js'
import { ENDPOINTS, opens, RESOURCES, ROWS, SCOPES, WATCH } from './miru.page.js'
import { cannotPaste, pasted } from './walkthrough.js'

const page: Page = { realm: 'miru', rows: ROWS, scopes: Object.keys(SCOPES), opens, buildApp, watch: WATCH }
const apiKey = (key: string) => ({ 'x-api-key': key })
const bearer = (key: string) => ({ authorization: `Bearer ${key}` })

t.test('the catalog is the page: 7 resources, 26 scopes, word for word', async (t) => {
  const described = scopes.resources.map(({ heading, scopes: names }) => {
    return [heading, names.map(name => [name, scopes.scopes.get(name)?.description])]
  })
  t.same(described, Object.entries(RESOURCES).map(([heading, table]) => [heading, Object.entries(table)]))
  t.equal(scopes.resources.length, 7)
  t.equal(scopes.scopes.size, 26)
  t.same([scopes.defaultGrant, scopes.presets.size], [undefined, 0], 'the page has no default, and no combinations')
})

t.test('every grant and every row, with Authorization: Bearer', async (t) => conform(t, page))

t.test('every grant and every row, with X-API-Key', async (t) => conform(t, { ...page, headers: apiKey }))

t.test('each word under "Permissions" is an endpoint, which its scope opens alone', async (t) => {
  const tiers = Object.keys(SCOPES).filter(scope => !scope.endsWith(':manage'))
  t.same(Object.keys(ENDPOINTS), tiers)
  for (const scope of tiers) {
    t.equal(Object.keys(ENDPOINTS[scope]!).join(', '), SCOPES[scope])
    const { ask, createKey } = await start(t)
    const { key } = await createKey({ name: scope, scopes: [scope] })
    for (const [word, route] of Object.entries(ENDPOINTS[scope]!)) {
      const row = ROWS.find(row => row.route === route)!
      t.equal((await ask(row.request!, apiKey(key), row.body)).status, row.succeeds, `${scope}: ${word}`)
    }
  }
})

for (const scope of Object.keys(SCOPES).filter(scope => scope.endsWith(':manage'))) {
  const resource = scope.replace(':manage', '')
  t.test(`${scope} opens all of ${resource}, and nothing of the six others`, async (t) => {
    const { ask, createKey } = await start(t)
    const { key } = await createKey({ name: 'one', scopes: [scope] })
    const statuses = new Map<string, Set<number>>()
    for (const { route, request = route, body } of ROWS) {
      const [, of = ''] = /^\w+ \/(api-keys\/(?:current|scopes)|[\w-]+)/.exec(route) ?? []
      const { status } = await ask(request.replace('<key>', 'any'), apiKey(key), body)
      statuses.set(of, (statuses.get(of) ?? new Set()).add(status))
    }
    const others = WATCH.map(path => path.slice(1)).filter(other => other !== resource)
    t.equal(others.length, 6)
    t.same(statuses.get(resource), new Set([200]))
    for (const other of [...others, 'api-keys']) t.same(statuses.get(other), new Set([403]), other)
    for (const any of ['principal', 'api-keys/current', 'api-keys/scopes']) t.same(statuses.get(any), new Set([200]))
  })
}

t.test('"The write scope does not include read access - if you need both, select both scopes"', async (t) => {
  const { ask, createKey } = await start(t)
  for (const resource of WATCH) {
    const [read, write] = [`${resource.slice(1)}:read`, `${resource.slice(1)}:write`]
    const one = await createKey({ name: 'one', scopes: [write] })
    const both = await createKey({ name: 'both', scopes: [read, write] })
    const { route, ...create } = ROWS.find(({ route }) => route === `POST ${resource}`)!
    for (const path of [resource, ROWS.find(({ route }) => route === `GET ${resource}/:id`)!.request!.slice(4)]) {
      t.match(await ask(`GET ${path}`, apiKey(one.key)), { status: 403, body: { grantedScopes: [write] } }, `${write}: GET ${path}`)
      t.equal((await ask(`GET ${path}`, apiKey(both.key))).status, 200, `both: GET ${path}`)
    }
    for (const { key } of [one, both]) t.equal((await ask(route, apiKey(key), create.body)).status, 200, route)
  }
})

t.test('what staging and deploying need', async (t) => {
  const { ask, createKey, snapshot } = await start(t)
  const keyWith = async (...granted: string[]) => apiKey((await createKey({ name: 'one', scopes: granted })).key)
  const route = 'POST /deployments'
  const { body } = ROWS.find(row => row.route === route)!
  const stage = { ...body, target_status: 'staged' }
  const deploy = { ...body, target_status: 'deployed' }
  const before = await snapshot(['/deployments'])

  const write = await keyWith('deployments:write')
  t.match(await ask(route, write, stage), {
    status: 403,
    body: { message: 'API key missing required scope: deployments:stage', requiredScopes: ['deployments:write', 'deployments:stage'] }
  })
  t.match(await ask(route, write, deploy), {
    status: 403,
    body: { message: 'API key missing required scope: deployments:deploy', requiredScopes: ['deployments:write', 'deployments:deploy'] }
  })
  t.equal((await ask(route, await keyWith('deployments:write', 'deployments:stage'), deploy)).status, 403, 'one is not the other')
  t.equal((await ask(route, write, { ...body, target_status: 'neither' })).status, 400)

  const without = await keyWith('deployments:stage', 'deployments:deploy')
  const refused = { status: 403, body: { requiredScopes: ['deployments:write'], missingScopes: ['deployments:write'] } }
  t.match(await ask(route, without, stage), refused, 'what is always needed is checked first')
  t.match(await ask(route, without, { target_status: 'neither' }), refused, 'and before the body is read')
  t.same(await snapshot(['/deployments']), before)

  const all = await keyWith('deployments:write', 'deployments:stage', 'deployments:deploy')
  t.match(await ask(route, write, body), { status: 200, body: { status: 'created' } })
  t.match(await ask(route, all, stage), { status: 200, body: { status: 'staged' } })
  t.match(await ask(route, all, deploy), { status: 200, body: { status: 'queued' } })
})

t.test('one key in one header', async (t) => {
  const { ask, createKey, session } = await start(t)
  const { key, record } = await createKey({ name: 'My CI/CD Key', scopes: [] })
  const principal = { status: 200, body: { object: 'principal', id: record.id, name: 'My CI/CD Key' } }
  const unknown = { status: 401, body: { code: 'FST_API_KEY_INVALID' } }
  const malformed = { status: 400, body: { code: 'FST_API_KEY_MALFORMED' } }
  const token = String(session.authorization).slice('Bearer '.length)
  t.match(await ask('GET /principal', bearer(key)), principal)
  t.match(await ask('GET /principal', apiKey(key)), principal)
  t.match(await ask('GET /principal', { ...bearer(key), ...apiKey(key) }), malformed, 'both at once')
  t.match(await ask('GET /principal', { ...session, ...apiKey(key) }), malformed, 'a session and a key')
  t.match(await ask('GET /principal', { 'x-api-key': [key, key] }), malformed, 'twice the same')
  t.match(await ask('GET /principal', apiKey('')), malformed, 'an empty one')
  t.match(await ask('GET /principal', apiKey('letmein')), unknown)
  t.match(await ask('GET /principal', apiKey(token)), unknown, 'X-API-Key is for keys, not for sessions')
  t.match(await ask('GET /principal', session), { status: 200, body: { object: 'principal', id: 'admin' } })
})

t.test('what does not exist is 404, and what is not valid is 400', async (t) => {
  const { ask, session } = await start(t)
  for (const { route, request = route, body } of ROWS.filter(({ needs }) => needs !== 'user')) {
    if (route.includes(':id')) t.equal((await ask(route.replace(':id', 'no-such'), session, body)).status, 404, `${route}, with an unknown id`)
    for (const member of Object.keys(body ?? {})) {
      t.equal((await ask(request, session, { ...body, [member]: [] })).status, 400, `${route}, with ${member}: []`)
    }
  }
  const route = 'POST /deployments'
  const { body } = ROWS.find(row => row.route === route)!
  for (const unknown of [{ device_id: 'no-such' }, { release_id: 'no-such' }, { config_instance_ids: ['no-such'] }]) {
    t.match(await ask(route, session, { ...body, ...unknown }), { status: 404, body: { message: /no-such/ } })
  }
  t.equal((await ask('POST /deployments/dpl_queued/archive', session)).status, 409, 'what is on its way is not archived')
  t.equal((await ask('POST /devices/dvc_arm/activate', session)).status, 409, 'what is active is not activated')
})

t.test('a deployment goes from step to step, and a device comes and goes', async (t) => {
  const { ask, session } = await start(t)
  const status = async (path: string) => ((await ask(`GET ${path}`, session)).body as { status: string }).status
  const create = async (path: string, body?: object) => ((await ask(`POST ${path}`, session, body)).body as { id: string }).id
  const id = await create('/deployments', ROWS.find(({ route }) => route === 'POST /deployments')!.body)
  const path = `/deployments/${id}`
  t.equal((await ask(`POST ${path}/deploy`, session)).status, 409, 'what is not staged is not deployed')
  t.equal(await status(path), 'created')
  for (const [step, result] of [['stage', 'staged'], ['deploy', 'queued']]) {
    t.equal((await ask(`POST ${path}/${step}`, session)).status, 200)
    t.equal(await status(path), result)
  }
  await ask('POST /deployments/dpl_drifted/archive', session)
  t.equal(await status('/deployments/dpl_drifted'), 'archived')
  t.match((await ask('GET /deployments/dpl_staged/drifts', session)).body, { data: [{ id: 'dpl_queued' }, { id }] })

  const device = await create('/devices', { name: 'Robot 1' })
  const robot = `/devices/${device}`
  t.equal(await status(robot), 'inactive')
  t.match((await ask(`POST ${robot}/activation_token`, session, {})).body, { token: /^[\w-]{43}$/ })
  t.match((await ask(`GET ${robot}`, session)).body, { activation_token: { allow_reactivation: false, token: undefined } })
  t.same((await ask(`POST ${robot}/ping`, session, { timeout_nanos: 1 })).body, { code: 'timeout' })
  await ask(`POST ${robot}/activate`, session)
  t.equal(await status(robot), 'online')
  t.match((await ask(`POST ${robot}/ping`, session, { timeout_nanos: 1 })).body, { code: 'success' })
  t.same((await ask(`DELETE ${robot}`, session)).body, { object: 'device', id: device, deleted: true })
  t.equal((await ask(`GET ${robot}`, session)).status, 404)
})

t.test('the commands that it prints do what they say', { skip: cannotPaste }, async (t) => {
  const missing = 'API key missing required scope:'
  const expected = [
    ['"id":"dvc_arm"', 200],
    ['"id":"dvc_arm"', 200],
    ['Malformed credentials', 400],
    ['"name":"Left arm"', 200],
    [`${missing} devices:read`, 403],
    ['"id":"dvc_arm"', 200],
    ['"id":"dvc_arm"', 200],
    [`${missing} one of devices:read, devices:provision`, 403],
    ['"id":"dvc_arm"', 200],
    ['"status":"online"', 200],
    [`${missing} deployments:read`, 403],
    ['"status":"created"', 200],
    [`${missing} deployments:stage`, 403],
    ['"status":"staged"', 200],
    [`${missing} deployments:deploy`, 403],
    ['"name":"devices:write"', 200],
    ['API key required', 401]
  ] as const
  const { answers, log } = await pasted('miru', t)
  t.same(answers.map(({ status }) => status), expected.map(([, status]) => status))
  for (const [i, [text]] of expected.entries()) t.ok(answers[i]?.text.includes(text), `${i + 1}: ${text}`)
  t.notMatch(JSON.stringify(answers), /miru_\w{5}/, 'no key is shown')
  t.equal(log, '')
})

async function start (t: Test) {
  const client = await startClient(buildApp)
  t.teardown(client.close)
  return client
}
