import Fastify, { type FastifyInstance } from 'fastify'
import fc from 'fast-check'
import t, { type Test } from 'tap'
import apiKeyScopes, { defineScopes, memoryStore, type ApiKeyScopesOptions, type ExplainedSubject, type Explanation, type KeyStore, type ScopeName, type StoredKey } from '../../lib/index.js'
import { generateKey } from '../../lib/keys/key-format.js'
import { show } from '../../lib/scopes/faults.js'

const catalog = defineScopes({
  full: { description: 'Everything', includes: '*' },
  'clusters:manage': { description: 'All of clusters', includes: 'clusters:*' },
  'clusters:read': 'List and get clusters',
  'clusters:write': { description: 'Change clusters', requires: 'sizes:read' },
  'apps:read': 'List apps',
  'apps:deploy': { description: 'Deploy', requires: ['apps:read', 'clusters:read'] },
  'apps:release': { description: 'Deploy', status: 'deprecated', replacedBy: 'apps:deploy' },
  'sizes:read': 'List sizes',
  'later:read': { description: 'Not yet', status: 'planned' }
})
const SCOPES = [...catalog.scopes.values()].filter(({ status }) => status !== 'planned').map(({ name }) => name)

const ROUTES: ReadonlyArray<readonly [method: 'GET' | 'POST', url: string, config: object]> = [
  ['GET', '/clusters', { scopes: 'clusters:read' }],
  ['GET', '/clusters/:id', { scopes: 'clusters:read' }],
  ['POST', '/clusters', { scopes: ['clusters:write', 'clusters:read'] }],
  ['GET', '/either', { scopes: { anyOf: ['apps:deploy', ['clusters:read', 'apps:read']] } }],
  ['POST', '/apps', {
    scopes: 'apps:read',
    scopesWhen: [
      { when: ({ body }: { body: { deploy?: true } }) => body.deploy === true, scopes: 'apps:deploy', description: 'To deploy it.' },
      { when: ({ body }: { body: { sized?: true } }) => body.sized === true, scopes: { anyOf: ['sizes:read', 'clusters:write'] } }
    ]
  }],
  ['GET', '/me', { scopes: [] }],
  ['POST', '/billing', { userOnly: true }],
  ['GET', '/health', { public: true }],
  ['GET', '/tried', { scopes: 'apps:read', scopesMode: 'report' }],
  ['POST', '/tried', { userOnly: true, scopesMode: 'report' }]
]

/** What makes each condition of `POST /apps` apply. */
const BODIES = [{ deploy: true }, { sized: true }]

async function anApp (t: Test, plugin: Partial<ApiKeyScopesOptions> = {}): Promise<FastifyInstance> {
  const app = Fastify()
  t.teardown(async () => { await app.close() })
  await app.register(apiKeyScopes, { scopes: catalog as never, store: memoryStore(), keyPrefix: 'acme', authenticateUser: async () => null, missingRequired: 'add', ...plugin })
  for (const [method, url, config] of ROUTES) app.route({ method, url, config, handler: async () => 'done' })
  await app.ready()
  return app
}

const having = (...scopes: string[]) => ({ scopes: scopes as ScopeName[] })

/** What a request is answered: `null` if it is let through. */
async function answer (app: FastifyInstance, key: string, method: 'GET' | 'POST', url: string, payload: object = {}) {
  const { statusCode, body } = await app.inject({ method, url, headers: { authorization: `Bearer ${key}` }, ...method === 'POST' && { payload } })
  return statusCode === 200 ? null : JSON.parse(body)
}

t.test('it says of every key and every route what a request is answered', { timeout: 0 }, async t => {
  for (const plugin of [{}, { revealGranted: false, ownerScopes: (id: string) => id === 'limited' ? ['clusters:manage', 'apps:read'] : id === 'gone' ? null : ['full'] }]) {
    const app = await anApp(t, plugin)
    let allowed = 0
    let denied = 0
    await fc.assert(fc.asyncProperty(fc.subarray(SCOPES), fc.constantFrom('u1', 'limited', 'gone', null), fc.constantFrom('', 'disabled', 'revoked'), async (scopes, ownerId, state) => {
      const { key, record: { id } } = await app.apiKeys.create({ name: 'any', scopes: scopes as ScopeName[], ...ownerId !== null && { ownerId } })
      if (state === 'disabled') await app.apiKeys.update(id, { disabled: true })
      if (state === 'revoked') await app.apiKeys.revoke(id)
      for (const [method, url] of ROUTES) {
        const sent = url.replace(':id', '42')
        const told = await app.apiKeys.explain({ key }, method, sent)
        t.strictSame(await app.apiKeys.explain({ id }, method, url), told, 'an id says the same as its key')
        const answered = await answer(app, key, method, sent)
        told.allowed ? allowed++ : denied++
        if (told.allowed !== (answered === null)) return false
        if (!told.allowed) t.strictSame(told.denial, answered)
        if (told.allowed && told.denial !== null) t.equal(told.route.mode, 'report')
        for (const [i, condition] of told.conditions.entries()) {
          t.strictSame(condition.denial, await answer(app, key, method, sent, BODIES[i]!), JSON.stringify(BODIES[i]))
          if (condition.met) t.strictSame(condition.missing, [])
        }
        t.ok(told.needs.every(({ held, through }) => !held || through !== null), 'what is held is held through something')
      }
      return true
    }), { numRuns: 60 })
    t.ok(allowed > 100 && denied > 100, `${allowed} and ${denied}`)
  }
})

t.test('what it calls enough is enough', { timeout: 0 }, async t => {
  const app = await anApp(t, { missingRequired: 'reject' })
  let added = 0
  await fc.assert(fc.asyncProperty(fc.subarray(SCOPES), async scopes => {
    for (const [method, url] of ROUTES) {
      const { smallest, denial, missing, conditions } = await app.apiKeys.explain(having(...scopes), method, url)
      t.equal(smallest?.length === 0, denial === null, 'nothing is to be added exactly where nothing is missing')
      const ways = [{ smallest, missing }, ...conditions].filter(way => way.missing.length > 0)
      for (const { smallest } of ways) {
        // It can be granted as it is.
        const { key } = await app.apiKeys.create({ name: 'more', scopes: [...scopes as ScopeName[], ...smallest!] })
        t.equal(await answer(app, key, method, url.replace(':id', '1')), null)
        added++
      }
    }
  }), { numRuns: 60 })
  t.ok(added > 100, `${added}`)
})

t.test('through which inclusion, what is missing, and what would do', async t => {
  const app = await anApp(t)
  const told: Array<[scopes: string[], method: string, url: string, Partial<Explanation> | object]> = [
    [['full'], 'GET', '/clusters/42?all=1', { route: { url: '/clusters/:id' }, allowed: true, denial: null, needs: [{ name: 'clusters:read', held: true, through: ['full', '*', 'clusters:read'] }], missing: [], smallest: [] }],
    [['clusters:read'], 'POST', '/clusters', { allowed: false, needs: [{ name: 'clusters:write', held: false, through: null }, { name: 'clusters:read', held: true, through: ['clusters:read'] }], missing: ['clusters:write'], smallest: ['clusters:write', 'sizes:read'] }],
    [['apps:release'], 'GET', '/either', { allowed: true, needs: [{ name: 'apps:deploy', through: ['apps:release', 'apps:deploy'] }, { name: 'clusters:read', held: false }, { name: 'apps:read', held: false }], missing: [], smallest: [] }],
    [['apps:read'], 'GET', '/either', { missing: ['apps:deploy', 'clusters:read'], smallest: ['clusters:read'] }],
    [[], 'GET', '/me', { allowed: true, needs: [], missing: [], smallest: [], conditions: [] }],
    [['full'], 'POST', '/billing', { allowed: false, denial: { code: 'FST_API_KEY_USER_ONLY' }, needs: [], missing: [], smallest: null }],
    [[], 'get', '/health', { allowed: true, denial: null, needs: [], smallest: [] }],
    [[], 'GET', '/tried', { allowed: true, denial: { statusCode: 403, message: 'API key missing required scope: apps:read' }, missing: ['apps:read'], smallest: ['apps:read'] }]
  ]
  for (const [scopes, method, url, expected] of told) {
    t.match(await app.apiKeys.explain(having(...scopes), method, url), { refusal: null, record: null, ...expected }, `${scopes.join(' ')} ${method} ${url}`)
  }
  t.match((await app.apiKeys.explain(having('apps:read'), 'POST', '/apps')).conditions, [
    { scopes: [['apps:deploy']], description: 'To deploy it.', met: false, missing: ['apps:deploy'], smallest: ['clusters:read', 'apps:deploy'].reverse(), denial: { message: 'API key missing required scope: apps:deploy' } },
    { scopes: [['sizes:read'], ['clusters:write']], description: '', met: false, missing: ['sizes:read', 'clusters:write'], smallest: ['sizes:read'], denial: { message: 'API key missing required scope: one of sizes:read, clusters:write' } }
  ])
})

t.test('in report mode a condition tells what would be answered to a request to which it applies', async t => {
  const app = await anApp(t, { mode: 'report' })
  const { allowed, denial, conditions: [, condition] } = await app.apiKeys.explain(having('clusters:read'), 'POST', '/apps')
  t.match({ allowed, denial }, { allowed: true, denial: { message: 'API key missing required scope: apps:read' } })
  t.match(condition, { met: false, denial: { message: 'API key missing required scopes: apps:read and one of sizes:read, clusters:write' } })
})

t.test('a key that is refused', async t => {
  const app = await anApp(t, { ownerScopes: id => id === 'gone' ? null : ['clusters:read'] })
  const { key, record } = await app.apiKeys.create({ name: 'short', scopes: ['full'] as never, expiresAt: 'PT1H' })
  const { record: { id: gone } } = await app.apiKeys.create({ name: 'left', ownerId: 'gone', scopes: ['full'] as never })
  const { record: limited } = await app.apiKeys.create({ name: 'limited', ownerId: 'u1', scopes: ['full'] as never })
  await app.apiKeys.revoke(record.id)

  const refused = { allowed: false, denial: { statusCode: 401, code: 'FST_API_KEY_INVALID', message: 'Invalid API key' }, needs: [], missing: [], smallest: null, conditions: [] }
  const subjects: ReadonlyArray<[ExplainedSubject, object]> = [
    [{ key }, { ...refused, refusal: 'revoked', record: { id: record.id } }],
    [{ id: record.id }, { ...refused, refusal: 'revoked', record: { id: record.id } }],
    [{ id: gone }, { ...refused, refusal: 'ownerless' }],
    [{ key: generateKey('acme') }, { ...refused, refusal: 'unknown', record: null }],
    [{ key: 'acme_short' }, { ...refused, refusal: 'malformed', record: null }],
    [{ key: 'some.session.token' }, { ...refused, refusal: 'malformed', record: null }],
    [{ key: 'two words' }, { ...refused, denial: { statusCode: 400, code: 'FST_API_KEY_MALFORMED' }, refusal: 'malformed' }]
  ]
  for (const [subject, expected] of subjects) {
    const told = await app.apiKeys.explain(subject, 'POST', '/apps')
    t.match(told, expected, JSON.stringify(expected))
    t.same([told.needs, told.missing, told.conditions], [[], [], []], 'nothing more is asked')
    if (subject.key !== undefined) {
      const { denial } = await app.apiKeys.explain(subject, 'POST', '/billing')
      t.strictSame(denial, await answer(app, subject.key, 'POST', '/billing'), 'and as a request is answered on a route for users')
    }
  }
  t.match(await app.apiKeys.explain({ id: limited.id }, 'GET', '/tried'), { needs: [{ name: 'apps:read', held: false, through: ['full', '*', 'apps:read'] }], smallest: null }, 'what its owner may not do, no scopes make possible')
  t.match(await app.apiKeys.explain({ id: limited.id }, 'GET', '/either'), { allowed: false, missing: ['apps:deploy', 'apps:read'], smallest: null })
  t.match(await app.apiKeys.explain({ key }, 'GET', '/health'), { allowed: true, record: null, refusal: null }, 'on a public route no key is read')
})

t.test('it is no use of the key', async t => {
  const app = await anApp(t)
  const { key, record: { id } } = await app.apiKeys.create({ name: 'unused', scopes: ['full'] as never })
  await app.apiKeys.explain({ key }, 'GET', '/clusters')
  await app.apiKeys.explain({ id }, 'GET', '/clusters')
  t.match(await app.apiKeys.usage(id), { lastUsedAt: null, scopes: [{ lastNeededAt: null }] })
})

t.test('a key whose pepper is not used any more', async t => {
  const store = memoryStore()
  const before = await anApp(t, { store, pepper: { version: 1, secret: 'old' } })
  const { key, record: { id } } = await before.apiKeys.create({ name: 'old', scopes: ['full'] as never })
  const { record: { id: kept } } = await (await anApp(t, { store, pepper: { version: 2, secret: 'new' } })).apiKeys.create({ name: 'new', scopes: ['full'] as never })
  const after = await anApp(t, { store, pepper: { version: 2, secret: 'new' } })
  t.match(await answer(after, key, 'GET', '/clusters'), { code: 'FST_API_KEY_INVALID' })
  t.match(await after.apiKeys.explain({ id }, 'GET', '/clusters'), { allowed: false, refusal: 'unknown', denial: { code: 'FST_API_KEY_INVALID' } })
  t.match(await after.apiKeys.explain({ id: kept }, 'GET', '/clusters'), { allowed: true })
  const { keys } = await after.apiKeys.whoCan('GET', '/clusters')
  t.strictSame(keys!.map(({ record }) => record.id), [kept])
})

t.test('where the store, or whoever says what owners may do, fails, nothing is said', async t => {
  const store = { ...memoryStore() } as KeyStore
  const app = await anApp(t, { store, ownerScopes: async () => { throw new Error('down') } })
  const { record: { id } } = await app.apiKeys.create({ name: 'any', ownerId: 'u1', scopes: ['full'] as never })
  await t.rejects(app.apiKeys.explain({ id }, 'GET', '/clusters'), { code: 'FST_API_KEY_STORE_UNAVAILABLE' })
  await t.rejects(app.apiKeys.whoCan('GET', '/clusters'), { code: 'FST_API_KEY_STORE_UNAVAILABLE' })
  store.findByDigest = () => { throw new Error('down') }
  await t.rejects(app.apiKeys.explain({ key: generateKey('acme') }, 'GET', '/clusters'), { code: 'FST_API_KEY_STORE_UNAVAILABLE' })
})

t.test('what cannot be right', async t => {
  const app = await anApp(t)
  const secret = generateKey('acme')
  const wrong: ReadonlyArray<[args: unknown[], message: string]> = [
    [[], 'give one of { key }, { id } and { scopes }, not undefined; method must be a string such as \'GET\', not undefined; url must be a string such as \'/clusters/:id\' or \'/clusters/42\', not undefined'],
    [[{}, 'GET', '/me'], 'give one of { key }, { id } and { scopes }, not {}'],
    [[{ key: secret, id: 'x' }, 'GET', '/me'], 'give one of { key }, { id } and { scopes }, not "key", "id"'],
    [[{ scope: 'full' }, 'GET', '/me'], 'give one of { key }, { id } and { scopes }, not "scope"'],
    [[secret, 'GET', '/me'], 'give one of { key }, { id } and { scopes }, not string'],
    [[{ key: [secret] }, 'GET', '/me'], 'key must be a string, not object'],
    [[{ id: 7 }, 'GET', '/me'], 'id must be a string, not 7'],
    [[{ id: 'nobody' }, 'GET', '/me'], 'id: there is no API key with the id "nobody", or its record cannot be read'],
    [[{ scopes: 'full' }, 'GET', '/me'], 'scopes must be a list of scope names, not "full"'],
    [[{ scopes: ['ful', 'later:read'] }, 'GET', '/me'], 'unknown scope "ful" (did you mean "full"?); scope "later:read" is planned and cannot be granted yet'],
    [[having(), 'GET', '/nope'], 'there is no route GET "/nope"; app.apiKeys.routes() has them all'],
    [[having(), secret, '/me'], `method must be a string such as 'GET', not ${show(secret)}`],
    [[having(), 'GET', '/me', null], 'the options must be an object { constraints }, not null'],
    [[having(), 'GET', '/me', { constraint: {}, constraints: 'x' }], 'unknown option "constraint" (did you mean "constraints"?); constraints must be an object such as { version: \'2.x\' }, not "x"']
  ]
  for (const [args, message] of wrong) {
    await t.rejects((app.apiKeys.explain as (...args: unknown[]) => Promise<unknown>)(...args), { code: 'FST_API_KEY_INVALID_INPUT', statusCode: 400, message })
    t.notOk(message.toLowerCase().includes(secret.toLowerCase()))
  }
  const early = Fastify()
  t.teardown(async () => { await early.close() })
  await early.register(apiKeyScopes, { scopes: catalog as never, store: memoryStore(), keyPrefix: 'acme' })
  await t.rejects(early.apiKeys.explain(having(), 'GET', '/'), { code: 'FST_API_KEY_NOT_READY', message: /^app\.apiKeys\.explain needs/ })
  await t.rejects(early.apiKeys.whoCan('GET', '/'), { code: 'FST_API_KEY_NOT_READY', message: /^app\.apiKeys\.whoCan needs/ })
})

t.test('a corrupt record is no key', async t => {
  const store = memoryStore()
  const app = await anApp(t, { store: { ...store, get: async (id: string) => ({ ...await store.get(id), scopes: 'full' }) as unknown as StoredKey } })
  const { record: { id } } = await app.apiKeys.create({ name: 'bad', scopes: ['full'] as never })
  await t.rejects(app.apiKeys.explain({ id }, 'GET', '/me'), { code: 'FST_API_KEY_INVALID_INPUT' })
})
