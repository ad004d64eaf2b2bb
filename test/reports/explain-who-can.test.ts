import Fastify, { type FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import apiKeyScopes, { defineScopes, memoryStore, type ApiKeyScopesOptions, type ScopeName, type StoredKey } from '../../lib/index.js'
import { aKey } from '../cli/set-up.js'

const catalog = defineScopes({
  full: { description: 'Everything', includes: '*' },
  'apps:manage': { description: 'All of apps', includes: 'apps:*' },
  'apps:read': 'List apps',
  'apps:write': { description: 'Change apps', requires: 'sizes:read' },
  'apps:change': { description: 'Change apps', status: 'deprecated', replacedBy: 'apps:write' },
  'sizes:read': 'List sizes',
  'later:all': { description: 'Not yet', status: 'planned', includes: '*' }
}, { defaultGrant: ['full'], presets: { Apps: ['apps:read', 'apps:write', 'sizes:read'], Sizes: ['sizes:read'] } })

async function anApp (t: Test, plugin: Partial<ApiKeyScopesOptions> = {}): Promise<FastifyInstance> {
  const app = Fastify()
  t.teardown(async () => { await app.close() })
  await app.register(apiKeyScopes, { scopes: catalog as never, store: memoryStore(), keyPrefix: 'acme', authenticateUser: async () => null, missingRequired: 'add', ...plugin })
  const route = (method: 'GET' | 'POST', url: string, config: object) => { app.route({ method, url, config, handler: async () => 'done' }) }
  route('GET', '/apps', { scopes: 'apps:read' })
  route('POST', '/apps', { scopes: ['apps:read', 'apps:change'], scopesWhen: [{ when: () => false, scopes: 'sizes:read', description: 'With a size.' }] })
  route('GET', '/either', { scopes: { anyOf: ['apps:write', ['apps:read', 'sizes:read']] } })
  route('GET', '/me', { scopes: [], scopesWhen: [{ when: () => false, scopes: 'apps:read' }] })
  if (plugin.authenticateUser !== undefined || !('authenticateUser' in plugin)) route('POST', '/billing', { userOnly: true })
  route('GET', '/health', { public: true })
  route('GET', '/tried', { scopes: 'sizes:read', scopesMode: 'report' })
  await app.ready()
  return app
}

const opened: ReadonlyArray<[method: string, url: string, who: object]> = [
  ['GET', '/apps', { everybody: false, users: true, alone: ['full', 'apps:manage', 'apps:read'], smallest: [['apps:read']], presets: ['Apps'], defaultGrant: true, conditions: [] }],
  ['POST', '/apps', {
    users: true,
    alone: ['full', 'apps:manage'],
    smallest: [['apps:read', 'apps:write', 'sizes:read']],
    presets: ['Apps'],
    conditions: [{ scopes: [['sizes:read']], description: 'With a size.', alone: ['full'], smallest: [['apps:read', 'apps:write', 'sizes:read']], presets: ['Apps'], defaultGrant: true }]
  }],
  ['GET', '/either', { alone: ['full', 'apps:manage', 'apps:write', 'apps:change'], smallest: [['apps:write', 'sizes:read'], ['apps:read', 'sizes:read']], presets: ['Apps'] }],
  ['GET', '/me', { users: true, alone: [], smallest: [[]], presets: ['Apps', 'Sizes'], defaultGrant: true, conditions: [{ scopes: [['apps:read']], alone: ['full', 'apps:manage', 'apps:read'], smallest: [['apps:read']], presets: ['Apps'] }] }],
  ['POST', '/billing', { everybody: false, users: true, alone: [], smallest: [], presets: [], defaultGrant: false, conditions: [], keys: [], cursor: null }],
  ['GET', '/health', { everybody: true, users: true, alone: [], smallest: [], presets: [], defaultGrant: false, conditions: [], keys: null, cursor: null }],
  ['GET', '/tried', { users: true, alone: ['full', 'sizes:read'], smallest: [['sizes:read']], presets: ['Apps', 'Sizes'] }]
]

for (const [method, url, who] of opened) {
  t.test(`who can ${method} ${url}`, async t => {
    const found = await (await anApp(t)).apiKeys.whoCan(method, url)
    t.match(found, who)
    const { alone } = who as { alone: string[] }
    t.strictSame(found.alone, alone)
  })
}

t.test('each scope, preset and smallest grant of it is enough, and no other scope is', async t => {
  const app = await anApp(t, { missingRequired: 'reject' })
  for (const { method, url, access } of app.apiKeys.routes()) {
    if (access !== 'scopes') continue
    const { alone, smallest, presets, defaultGrant, route } = await app.apiKeys.whoCan(method, url)
    const isEnough = async (scopes: readonly string[]) => (await app.apiKeys.explain({ scopes: scopes as ScopeName[] }, method, url)).denial === null
    for (const { name, status } of catalog.scopes.values()) {
      if (status === 'planned' || route.scopes[0]!.length === 0) continue
      t.equal(await isEnough([name]), alone.includes(name as ScopeName), `${method} ${url} ${name}`)
    }
    for (const [name, names] of catalog.presets) t.equal(await isEnough(names), presets.includes(name), name)
    t.equal(await isEnough(catalog.defaultGrant!), defaultGrant)
    for (const names of smallest) {
      t.ok(await isEnough(names))
      await app.apiKeys.create({ name: 'as it is', scopes: names })
    }
  }
})

t.test('without users', async t => {
  const app = await anApp(t, { authenticateUser: undefined! })
  for (const url of ['/apps', '/health']) t.match(await app.apiKeys.whoCan('GET', url), { users: false })
})

t.test('the keys are those that a request is let through with', async t => {
  const app = await anApp(t, { ownerScopes: id => id === 'gone' ? null : id === 'limited' ? ['sizes:read', 'apps:read'] : ['full'] })
  const keys = new Map<string, string>()
  for (const ownerId of ['u1', 'limited', 'gone']) {
    for (const scopes of [['full'], ['apps:read'], ['apps:manage'], ['apps:change', 'apps:read'], ['sizes:read'], []]) {
      for (const state of ['', 'disabled', 'revoked']) {
        const { key, record: { id } } = await app.apiKeys.create({ name: 'any', ownerId, scopes: scopes as ScopeName[] })
        if (state === 'disabled') await app.apiKeys.update(id, { disabled: true })
        if (state === 'revoked') await app.apiKeys.revoke(id)
        keys.set(id, key)
      }
    }
  }
  for (const { method, url, access, mode } of app.apiKeys.routes()) {
    if (access === 'public') continue
    const found = await app.apiKeys.whoCan(method, url)
    const passing: string[] = []
    for (const [id, key] of keys) {
      const { statusCode } = await app.inject({ method: method as 'GET', url, headers: { authorization: `Bearer ${key}` }, ...method === 'POST' && { payload: {} } })
      if (statusCode === 200) passing.push(id)
    }
    t.strictSame(new Set(found.keys!.map(({ record }) => record.id)), new Set(passing), `${method} ${url}`)
    for (const { record: { id }, conditions, reported } of found.keys!) {
      const told = await app.apiKeys.explain({ id }, method, url)
      t.strictSame(conditions, told.conditions.map(({ met }) => met))
      t.equal(reported, told.denial !== null)
    }
    t.equal(found.keys!.some(({ reported }) => reported), mode === 'report')
  }
})

t.test('page by page', async t => {
  const store = memoryStore()
  const app = await anApp(t, { store })
  // So many that lack the scope that one page of the store has none that does not.
  const inserted: StoredKey[] = []
  for (let i = 0; i < 12_500; i++) inserted.push(aKey({ id: `k${i}`, ownerId: null, scopes: i % 2500 === 0 || i > 12_400 ? ['apps:read'] : ['sizes:read'] }))
  for (const key of inserted) await store.insert!(key)

  const ids: string[] = []
  const sizes: number[] = []
  let cursor: string | null | undefined
  while (cursor !== null) {
    const page = await app.apiKeys.whoCan('GET', '/apps', { limit: 60, ...cursor !== undefined && { cursor } })
    ids.push(...page.keys!.map(({ record }) => record.id))
    sizes.push(page.keys!.length)
    cursor = page.cursor
  }
  t.strictSame(ids, inserted.filter(({ scopes }) => scopes[0] === 'apps:read').map(({ id }) => id).reverse(), 'each once, newest first')
  t.strictSame(sizes.slice(0, 1), [60])
  t.ok(sizes.length >= 3 && sizes.every(size => size <= 60), `${sizes.join(' ')}`)
  t.match(await app.apiKeys.whoCan('GET', '/apps', { keys: false }), { keys: null, cursor: null })
})

t.test('owners are asked once each, and only for keys that it hangs on', async t => {
  const asked: string[] = []
  const app = await anApp(t, { ownerScopes: id => { asked.push(id); return ['full'] } })
  for (const [ownerId, scopes] of [['a', 'apps:read'], ['a', 'full'], ['b', 'sizes:read'], ['c', 'full']] as const) await app.apiKeys.create({ name: 'any', ownerId, scopes: [scopes] as never })
  const { keys } = await app.apiKeys.whoCan('GET', '/apps')
  t.equal(keys!.length, 3)
  t.strictSame(asked.sort(), ['a', 'c'])
})

t.test('a corrupt record is not among them', async t => {
  const store = memoryStore()
  const app = await anApp(t, { store })
  await store.insert!(aKey({ id: 'sound', scopes: ['full'] }))
  await store.insert!(aKey({ id: 'bad', scopes: 'full' as never }))
  const list = store.list!.bind(store)
  store.list = async query => (await list(query)).map(key => key.id === 'bad' ? { ...key, scopes: 'full' as never } : key)
  t.strictSame((await app.apiKeys.whoCan('GET', '/apps')).keys!.map(({ record }) => record.id), ['sound'])
})

t.test('a store that cannot list', async t => {
  const { findByDigest, insert } = memoryStore()
  const app = await anApp(t, { store: { findByDigest, insert } as never })
  await t.rejects(app.apiKeys.whoCan('GET', '/apps'), { code: 'FST_API_KEY_STORE_INCAPABLE' })
  t.match(await app.apiKeys.whoCan('GET', '/apps', { keys: false }), { keys: null })
  t.match(await app.apiKeys.whoCan('POST', '/billing'), { keys: [] }, 'where no key may, none is looked for')
})

t.test('what cannot be right', async t => {
  const app = await anApp(t)
  const wrong: ReadonlyArray<[args: unknown[], message: string]> = [
    [['GET', '/apps', { key: false }], 'unknown option "key" (did you mean "keys"?)'],
    [['GET', '/apps', { keys: 'no', limit: 0, cursor: 'x' }], 'keys must be true or false, not "no"; limit must be a whole number from 1 to 1000, not 0; cursor must be one that a page came with'],
    [['GET', '/apps', []], 'the options must be an object { constraints, keys, limit, cursor }, not []'],
    [[1, 2], 'method must be a string such as \'GET\', not 1; url must be a string such as \'/clusters/:id\' or \'/clusters/42\', not 2']
  ]
  for (const [args, message] of wrong) {
    await t.rejects((app.apiKeys.whoCan as (...args: unknown[]) => Promise<unknown>)(...args), { code: 'FST_API_KEY_INVALID_INPUT', message })
  }
})
