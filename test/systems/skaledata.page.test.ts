// What the page says, for every scope and every route, against the example over HTTP.
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { FastifyInstance } from 'fastify'
import { memoryStore } from 'fastify-api-key-scopes'
import { sqliteStore } from 'fastify-api-key-scopes/sqlite'
import t, { type Test } from 'tap'
import { buildApp } from '../../examples/skaledata/app.js'
import { startIssuer } from '../../examples/skaledata/issuer.js'
import { scopes } from '../../examples/skaledata/scopes.js'
import { startIssuer as startTestIssuer } from '../http/fixtures-jwt.js'
import { compare } from './conformance.expectation.js'
import { Connection } from './connection.js'
import { withKeptValidators } from './kept-validators.js'
import { COLLECTIONS, COMBINATIONS, ROWS, SCOPES, type Row, type Scope } from './skaledata.page.js'

const USER_ONLY = { statusCode: 403, code: 'FST_API_KEY_USER_ONLY', error: 'Forbidden', message: 'This endpoint requires a user session and does not accept API keys' }
const INVALID = { statusCode: 401, code: 'FST_API_KEY_INVALID', error: 'Unauthorized', message: 'Invalid API key' }
const SESSION_REQUIRED = { statusCode: 401, code: 'FST_USER_SESSION_REQUIRED', error: 'Unauthorized', message: 'User session required' }
const KEY_REQUIRED = { statusCode: 401, code: 'FST_API_KEY_REQUIRED', error: 'Unauthorized', message: 'API key required' }

const issuer = await startIssuer()
t.teardown(issuer.close)

t.test('the catalog is the page', async (t) => {
  t.same(Object.fromEntries([...scopes.scopes].map(([name, { description }]) => [name, description])), SCOPES)
  t.same(scopes.defaultGrant, ['full'])
  t.same(Object.fromEntries(scopes.presets), COMBINATIONS)
})

t.test('the table has every route of the example, and no other', async (t) => {
  const declared = new Set<string>()
  const watch = (message: unknown) => {
    (message as { fastify: FastifyInstance }).fastify.addHook('onRoute', ({ method, url }) => {
      for (const name of [method].flat()) declared.add(`${name} ${url}`)
    })
  }
  subscribe('fastify.initialization', watch)
  const app = await buildApp({ store: memoryStore(), issuer: issuer.url })
  unsubscribe('fastify.initialization', watch)
  t.teardown(() => app.close())
  await app.ready()
  const heads = ROWS.filter(isGet).map(({ route }) => route.replace('GET', 'HEAD'))
  t.same([...declared].sort(), [...ROWS.map(({ route }) => route), ...heads].sort())
})

const grants: { [title: string]: readonly Scope[] | undefined } = {
  'a key created without scopes': undefined,
  'a key with an empty list': [],
  ...Object.fromEntries(Object.keys(SCOPES).map(scope => [`a key with ${scope}`, [scope as Scope]])),
  ...Object.fromEntries(Object.entries(COMBINATIONS).map(([useCase, list]) => [`a key for ${useCase}`, list]))
}

for (const [title, granted] of Object.entries(grants)) {
  const held: readonly Scope[] = granted ?? ['full']
  const opens = ({ needs }: Row) => needs === 'nothing' || needs === 'any key' || (needs !== 'user' && (held.includes('full') || held.includes(needs)))

  t.test(`${title} opens ${ROWS.filter(opens).length} of ${ROWS.length} routes`, async (t) => {
    const api = await start(t)
    const { key, record } = await api.createKey({ name: 'one', ...granted && { scopes: granted } })
    t.same(record.scopes, held)

    const wrong: string[] = []
    for (const row of ROWS) {
      const { status, headers: { 'www-authenticate': challenge }, answer } = await api.ask(row.request, key, row.body)
      if (opens(row)) {
        wrong.push(...compare(row.request, { status }, { status: row.succeeds }))
      } else if (row.needs === 'user') {
        wrong.push(...compare(row.request, { status, body: answer }, { status: 403, body: USER_ONLY }))
      } else {
        wrong.push(...compare(row.request, { status, body: answer, challenge }, {
          status: 403,
          body: {
            statusCode: 403,
            code: 'FST_API_KEY_MISSING_SCOPE',
            error: 'Forbidden',
            message: `API key missing required scope: ${row.needs}`,
            requiredScopes: [row.needs],
            missingScopes: [row.needs],
            grantedScopes: held
          },
          challenge: `Bearer realm="skaledata", error="insufficient_scope", scope="${row.needs}"`
        }))
      }
      if (isGet(row)) {
        const head = await api.ask(row.request.replace('GET', 'HEAD'), key)
        wrong.push(...compare(`${row.request}, asked with HEAD`, { status: head.status }, { status }))
      }
    }
    t.same(wrong, [])
  })
}

t.test('a user passes everywhere, and everything really happens', async (t) => {
  const api = await start(t)
  const session = await api.signIn('alice')
  const before = await api.snapshot()
  for (const row of ROWS) {
    const { status } = await api.ask(row.request.replace('<key>', api.spareKey), session, row.body)
    t.equal(status, row.succeeds, row.request)
  }
  const after = await api.snapshot()
  for (const [i, path] of COLLECTIONS.entries()) t.strictNotSame(after[i], before[i], `${path} has changed`)

  const token = await api.ask('POST /clusters/production/data-plane-token', session)
  t.match(token.answer, { clusterId: 'production', email: 'alice@example.com' }, 'the data plane token is for the email of the user')
})

t.test('a request that is refused changes nothing', async (t) => {
  const api = await start(t)
  const { key } = await api.createKey({ name: 'nothing', scopes: [] })
  const before = await api.snapshot()
  for (const { request, body } of ROWS) await api.ask(request.replace('<key>', api.spareKey), key, body)
  t.same(await api.snapshot(), before)
})

t.test('without a credential that counts, nothing but the public route answers', async (t) => {
  // This issuer signs what it is told to.
  const free = await startTestIssuer()
  t.teardown(free.close)
  const now = Math.floor(Date.now() / 1_000)
  const good = { sub: 'user_eve', email: 'eve@example.com', azp: 'https://app.skaledata.com' }
  const api = await start(t, free.url, () => free.sign(good))
  t.equal((await api.ask('GET /clusters', await free.sign(good))).status, 200, 'a good session, for comparison')

  const stranger = await startTestIssuer()
  t.teardown(stranger.close)
  const revoked = await api.createKey({ name: 'revoked' })
  t.equal((await api.ask(`DELETE /api-keys/${revoked.record.id}`, await free.sign(good))).status, 204)

  const credentials = {
    'a revoked key': revoked.key,
    'a full key of another installation': (await (await start(t)).createKey({ name: 'elsewhere' })).key,
    'a key with a typing error': `${revoked.key.slice(0, -1)}${revoked.key.endsWith('0') ? '1' : '0'}`,
    'an expired session': await free.sign({ ...good, iat: now - 700, exp: now - 60 }),
    'a session of another front end': await free.sign({ ...good, azp: 'https://elsewhere.example.com' }),
    'a session without an email': await free.sign({ ...good, email: undefined }),
    'a session of another issuer': await stranger.sign(good),
    'a session that another issuer signed in the name of ours': await stranger.sign({ ...good, iss: free.url }, { header: { kid: free.keys[0]!.kid } }),
    'something else': 'letmein',
    'no credential': undefined
  }
  for (const [title, credential] of Object.entries(credentials)) {
    await t.test(title, async (t) => {
      const isKey = credential?.startsWith('skale_')
      const wrong: string[] = []
      for (const { request, body, needs, succeeds } of ROWS) {
        const { status, answer } = await api.ask(request, credential, body)
        const refusal = needs === 'user' && !isKey ? SESSION_REQUIRED : credential === undefined ? KEY_REQUIRED : INVALID
        wrong.push(...compare(request, { status, body: answer }, needs === 'nothing' ? { status: succeeds } : { status: 401, body: refusal }))
      }
      t.same(wrong, [])
    })
  }
})

t.test('the key of the page "can deploy images and read cluster info, but cannot create or destroy clusters"', async (t) => {
  const api = await start(t)
  const response = await fetch(`${api.url}/api-keys`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${await api.signIn('alice')}`, 'Content-Type': 'application/json' },
    body: `{
      "name": "ci-deploy",
      "scopes": ["apps:deploy", "clusters:read"]
    }`
  })
  const { key, record } = await response.json() as { key: string, record: object }
  t.equal(response.status, 201)
  t.match(key, /^skale_[0-9A-Za-z]{38}$/)
  t.match(record, { name: 'ci-deploy', scopes: ['apps:deploy', 'clusters:read'], ownerId: 'user_alice' })

  const missing = { message: 'API key missing required scope: clusters:write' }
  t.match(await api.ask('POST /apps/airflow/deploy', key, { image: 'registry.example.com/airflow:3' }), { status: 202 })
  t.match(await api.ask('GET /clusters/production', key), { status: 200, answer: { id: 'production' } })
  t.match(await api.ask('POST /clusters', key, { id: 'new', cloudId: 'aws-main', version: '1.32' }), { status: 403, answer: missing })
  t.match(await api.ask('DELETE /clusters/production', key), { status: 403, answer: missing })
})

t.test('users see and revoke their own keys, and no others', async (t) => {
  const api = await start(t)
  const bob = await api.signIn('bob')
  t.same((await api.ask('GET /api-keys', bob)).answer, { records: [], cursor: null })
  t.equal((await api.ask(`DELETE /api-keys/${api.spareKey}`, bob)).status, 404)
  const alices = await api.ask('GET /api-keys', await api.signIn('alice'))
  t.match(alices.answer, { records: [{ id: api.spareKey, revokedAt: null }] })
})

t.test('what does not exist is 404, and what is not valid is 400', async (t) => {
  const api = await start(t)
  const session = await api.signIn('alice')
  for (const { route, request, body } of ROWS) {
    if (route.includes(':id')) t.equal((await api.ask(route.replace(':id', 'no-such'), session, body)).status, 404, `${route}, with an unknown id`)
    if (body !== undefined) t.equal((await api.ask(request, session, { strange: true })).status, 400, `${route}, with a strange body`)
  }
})

function isGet ({ route }: Row): boolean {
  return route.startsWith('GET ')
}

/** The example on a port of its own, with a key of alice's that may be revoked. */
async function start (t: Test, issuerUrl = issuer.url, signInAlice = () => signIn('alice')) {
  const app = await withKeptValidators(async () => await buildApp({ store: sqliteStore(':memory:'), issuer: issuerUrl }))
  t.teardown(() => app.close())
  const url = await app.listen({ port: 0, host: '127.0.0.1' })
  const connection = new Connection(Number(new URL(url).port))
  t.teardown(() => connection.end())
  const spare = await createKey({ name: 'spare', scopes: [] })
  return { url, ask, createKey, signIn, snapshot, spareKey: spare.record.id }

  async function ask (request: string, credential?: string, body?: object) {
    const [method, path] = request.split(' ') as [string, string]
    const headers = { ...credential !== undefined && { authorization: `Bearer ${credential}` }, ...body && { 'content-type': 'application/json' } }
    const { status, headers: answered, text } = await connection.request(method, path, headers, body && JSON.stringify(body))
    const isJson = answered['content-type']?.startsWith('application/json') && method !== 'HEAD'
    return { status, headers: answered, answer: isJson ? JSON.parse(text) : text }
  }

  async function createKey (fields: object): Promise<{ key: string, record: { id: string, scopes: string[] } }> {
    return (await ask('POST /api-keys', await signInAlice(), fields)).answer
  }

  /** What a user finds there now. */
  async function snapshot () {
    const session = await signInAlice()
    return await Promise.all(COLLECTIONS.map(async path => (await ask(`GET ${path}`, session)).answer))
  }
}

async function signIn (user: string): Promise<string> {
  const response = await fetch(`${issuer.url}/sign-in`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ user })
  })
  return (await response.json() as { token: string }).token
}
