// Every corner case, over HTTP: as a key whose record came from a store, as a session, when it is created, and when a key is changed.
import Fastify, { type FastifyInstance, type FastifyRequest } from 'fastify'
import apiKeyScopes, { defineScopes, type KeyStore } from 'fastify-api-key-scopes'
import apiKeyRoutes from 'fastify-api-key-scopes/routes'
import t from 'tap'
import type { AppOptions } from '../../examples/serve.js'
import { startClient, type Answer, type Client } from './client.js'
import { compare } from './conformance.expectation.js'
import { CASES, NO_GRANTS, type Case, type Refusal } from './corner-cases.js'

/** What the store and the users of an app have at the moment. */
interface Given { granted: readonly string[] }

const STARTED = new Map<string, { readonly client: Client, readonly given: Given }>()

for (const corner of CASES) {
  t.test(corner.title, async t => {
    const { granted, opens = [], refuses = [], shown = granted, refused, recorded = granted } = corner
    const client = await start(corner)
    const { key, record } = await client.createKey({ name: 'one', scopes: [] })

    for (const [who, headers] of [['API key', { authorization: `Bearer ${key}` }], ['User session', { 'x-user': 'somebody' }]] as const) {
      const wrong: string[] = []
      for (const [i, demand] of opens.entries()) {
        const { status } = await client.ask(`GET /opens/${i}`, headers)
        wrong.push(...compare(JSON.stringify(demand), { status }, { status: 200 }))
      }
      for (const [i, refusal] of refuses.entries()) {
        const { required, missing } = namesOf(refusal)
        const { status, body, headers: { 'www-authenticate': challenge } } = await client.ask(`GET /refuses/${i}`, headers)
        wrong.push(...compare(JSON.stringify(refusal.demand), { status, body, challenge }, {
          status: 403,
          body: {
            statusCode: 403,
            code: 'FST_API_KEY_MISSING_SCOPE',
            error: 'Forbidden',
            message: `${who} missing required ${refusal.told}`,
            requiredScopes: required,
            missingScopes: missing,
            grantedScopes: shown
          },
          challenge: `Bearer realm="api", error="insufficient_scope", scope="${required.join(' ')}"`
        }))
      }
      t.same(wrong, [], who)
    }

    const created = await client.ask('POST /api-keys', client.session, { name: 'two', scopes: granted })
    const changed = await client.ask(`PATCH /api-keys/${record.id}`, client.session, { scopes: granted })
    if (refused === undefined) {
      t.match([created.status, changed.status], [201, 200])
      for (const { body } of [created, changed]) t.strictSame((body as { record: { scopes: string[] } }).record.scopes, recorded)
    } else {
      for (const { status, body } of [created, changed]) t.match({ status, body }, { status: 400, body: { code: 'FST_API_KEY_INVALID_INPUT', message: refused } })
    }
  })
}

t.test('what is no list of names', async t => {
  const catalog = { full: { includes: '*' }, 'clusters:read': '', 'clusters:write': '' }
  for (const scopes of NO_GRANTS) {
    const client = await start({ title: '', catalog, granted: scopes as string[], opens: [[]] })
    const { key, record } = await client.createKey({ name: 'one', scopes: [] })
    const answers: Answer[] = [
      await client.ask('GET /opens/0', { authorization: `Bearer ${key}` }),
      await client.ask('POST /api-keys', client.session, { name: 'two', scopes }),
      await client.ask(`PATCH /api-keys/${record.id}`, client.session, { scopes })
    ]
    t.same(answers.map(({ status }) => status), [401, 400, 400], JSON.stringify(scopes))
  }
})

/** An app whose store says of every key that it has this grant, and whose users have it too. One is for all cases that differ in their grants alone. */
async function start ({ granted, ...kind }: Case): Promise<Client> {
  const { catalog, opens, refuses, missingRequired } = kind
  const name = JSON.stringify([catalog, opens, refuses, missingRequired])
  if (!STARTED.has(name)) {
    const given = { granted }
    const client = await startClient(async options => await build(kind, given, options))
    t.teardown(() => client.close())
    STARTED.set(name, { client, given })
  }
  const { client, given } = STARTED.get(name)!
  given.granted = granted
  return client
}

async function build ({ catalog, opens = [], refuses = [], missingRequired }: Omit<Case, 'granted'>, given: Given, { store, authenticateUser }: AppOptions): Promise<FastifyInstance> {
  const app = Fastify()
  const holding: KeyStore = {
    ...store,
    async findByDigest (digest) {
      const key = await store.findByDigest(digest)
      return key && { ...key, scopes: given.granted }
    }
  }
  await app.register(apiKeyScopes, {
    scopes: defineScopes(catalog),
    store: holding,
    keyPrefix: 'corner',
    ...missingRequired && { missingRequired },
    authenticateUser: (request: FastifyRequest) => request.headers['x-user'] === undefined ? authenticateUser(request) : { id: 'somebody', scopes: given.granted }
  })
  await app.register(apiKeyRoutes)
  for (const [i, scopes] of opens.entries()) app.get(`/opens/${i}`, { config: { scopes } }, async () => 'open')
  for (const [i, { demand }] of refuses.entries()) app.get(`/refuses/${i}`, { config: { scopes: demand } }, async () => 'open')
  return app
}

function namesOf ({ demand, required = [demand as string], missing = required }: Refusal) {
  return { required, missing }
}
