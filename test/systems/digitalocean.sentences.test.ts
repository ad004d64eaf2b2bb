// The sentences of the page, one by one, and those of the pages that it leads to.
import Fastify from 'fastify'
import apiKeyScopes, { defineScopes, memoryStore, type KeyStore } from 'fastify-api-key-scopes'
import t, { type Test } from 'tap'
import { buildApp } from '../../examples/digitalocean/app.js'
import { scopes } from '../../examples/digitalocean/scopes.js'
import { adminSession } from '../../examples/session.js'
import { startClient } from './client.js'
import { ROWS, SPELLINGS } from './digitalocean.page.js'
import { completed, OWN_PAGES, requires } from './digitalocean.requires.js'
import { SCOPES } from './digitalocean.scopes.js'

const ALIASES = ['api:read', 'api:write']

t.test('the catalog is the page: 126 rows, in its order, word for word', async (t) => {
  t.equal(scopes.scopes.size, 126)
  t.same([...scopes.scopes].map(([name, { description }]) => [name, description]), Object.entries(SCOPES))
  t.equal(scopes.defaultGrant, undefined, 'the page has no default')
})

t.test('"Alias scopes are not available in the Custom Scopes picker"', async (t) => {
  t.same([...scopes.scopes.values()].filter(({ hidden }) => hidden).map(({ name }) => name).sort(), ALIASES)
})

t.test('"they map to the Read Only and Full Access options on the token creation page"', async (t) => {
  t.same(Object.fromEntries(scopes.presets), { 'Read Only': ['api:read'], 'Full Access': ['api:write'] })
})

t.test('"When creating tokens through the API, you can include them directly in the scopes array"', async (t) => {
  const { ask, session } = await start(t)
  for (const alias of ALIASES) {
    const { status, body } = await ask('POST /v2/api-keys', session, { name: alias, scopes: [alias] })
    t.match([status, body], [201, { key: /^dop_v1_[0-9A-Za-z]{38}$/, record: { scopes: [alias] } }])
  }
  t.equal((await ask('POST /v2/api-keys', session, { name: 'both', scopes: [...ALIASES, 'ssh_key:create'] })).status, 201, 'beside others, too: they cover ssh_key:read')
})

t.test('"api:read is equivalent to all read scopes, and api:write is equivalent to all scopes"', async (t) => {
  const covered = (name: string) => [...scopes.scopes.keys()].filter(scope => scopes.grant([name]).covers(scope))
  t.same(covered('api:write'), Object.keys(SCOPES))
  t.same(covered('api:read'), Object.keys(SCOPES).filter(name => name.endsWith(':read')))
})

t.test('"global scopes that automatically expand to include new API endpoints as they are added"', async (t) => {
  const store = memoryStore()
  const { createKey } = await start(t, store)
  const read = await createKey({ name: 'read', scopes: ['api:read'] })
  const write = await createKey({ name: 'write', scopes: ['api:write'] })
  const custom = await createKey({ name: 'custom', scopes: Object.keys(SCOPES).filter(name => !ALIASES.includes(name)) })

  // Years later: the same keys, and a scope that did not exist when they were made.
  const later = await smallApp(t, store, defineScopes({ ...entries(), 'nfs:read': 'View NFS shares', 'nfs:create': { description: 'Create NFS shares', requires: 'nfs:read' } }))
  later.get('/nfs', { config: { scopes: 'nfs:read' } as object }, async () => 'shares')
  later.post('/nfs', { config: { scopes: 'nfs:create' } as object }, async () => 'created')
  const statusOf = async (method: 'GET' | 'POST', key: string) => (await later.inject({ method, url: '/nfs', headers: bearer(key) })).statusCode
  t.same([await statusOf('GET', read.key), await statusOf('POST', read.key)], [200, 403], 'api:read')
  t.same([await statusOf('GET', write.key), await statusOf('POST', write.key)], [200, 200], 'api:write')
  t.same([await statusOf('GET', custom.key), await statusOf('POST', custom.key)], [403, 403], 'all granular scopes of today')
})

t.test('two scopes are spelled in two ways: either may be granted, and either demanded', async (t) => {
  const store = memoryStore()
  const { createKey } = await start(t, store)
  const app = await smallApp(t, store, scopes)
  for (const [other, name] of Object.entries(SPELLINGS)) {
    t.equal(SCOPES[other as keyof typeof SCOPES], SCOPES[name as keyof typeof SCOPES], `${other} and ${name} have one description`)
    for (const demanded of [other, name]) app.get(`/${demanded}`, { config: { scopes: demanded } as object }, async () => 'open')
  }
  for (const [other, name] of Object.entries(SPELLINGS)) {
    const nothing = await createKey({ name: 'nothing', scopes: [] })
    for (const granted of [other, name]) {
      const { key, record } = await createKey({ name: 'one', scopes: [granted] })
      t.same(record.scopes, [granted], 'the record keeps what was given')
      for (const demanded of [other, name]) {
        t.equal((await app.inject({ url: `/${demanded}`, headers: bearer(key) })).statusCode, 200, `${granted} opens ${demanded}`)
        const refused = await app.inject({ url: `/${demanded}`, headers: bearer(nothing.key) })
        t.match(refused.json(), { message: `API key missing required scope: ${name}`, requiredScopes: [name] }, `without it, ${name} is named`)
        t.match(refused.headers['www-authenticate'], `scope="${name}"`)
      }
    }
  }
})

t.test('"To add a scope to an API token, you must also add its required scopes"', async (t) => {
  await t.test('the required scopes are those of each page, with everything that follows', async (t) => {
    t.equal(Object.keys(OWN_PAGES).length, 65)
    for (const [scope, listed] of Object.entries(OWN_PAGES)) t.same([...scopes.missingRequired([scope]).keys()].sort(), [...listed].sort(), scope)
  })

  await t.test('"to add a non-read scope for a resource type, you must also add the read scope for that resource type"', async (t) => {
    const others = Object.keys(SCOPES).filter(scope => !(scope in OWN_PAGES) && !ALIASES.includes(scope))
    for (const scope of others) t.same([...scopes.missingRequired([scope]).keys()].sort(), completed(scope).slice(1).sort(), scope)
    t.same(requires('kubernetes:delete'), ['kubernetes:read'])
    t.same(requires('account:read'), [])
  })

  await t.test('so it is when a key is created, or its scopes are changed', async (t) => {
    const { ask, createKey, session } = await start(t)
    const create = async (...granted: string[]) => await ask('POST /v2/api-keys', session, { name: 'one', scopes: granted })
    const refused = { status: 400, body: { id: 'bad_request', code: 'FST_API_KEY_INVALID_INPUT' } }
    t.match(await create('droplet:create'), refused)
    const listed = OWN_PAGES['droplet:create']!
    t.equal((await create('droplet:create', ...listed)).status, 201)
    for (const left of listed) {
      const { status, body } = await create('droplet:create', ...listed.filter(name => name !== left))
      t.match([status, body], [400, { message: new RegExp(`"${left}"`) }], `without ${left}`)
    }
    t.equal((await create('droplet:create', 'api:read')).status, 201, 'api:read is all of them')

    const { record } = await createKey({ name: 'two', scopes: ['account:read'] })
    t.match(await ask(`PATCH /v2/api-keys/${record.id}`, session, { scopes: ['ssh_key:create'] }), refused)
    t.equal((await ask(`PATCH /v2/api-keys/${record.id}`, session, { scopes: ['ssh_key:create', 'ssh_key:read'] })).status, 200)
  })

  await t.test('droplet:read and image:read require each other', async (t) => {
    t.ok(OWN_PAGES['droplet:read']!.includes('image:read') && OWN_PAGES['image:read']!.includes('droplet:read'))
    t.same([...scopes.missingRequired(['image:read', 'regions:read', 'sizes:read', 'actions:read'])], [['droplet:read', ['image:read']]])
  })
})

t.test('"to create a Droplet, you need droplet:create. To tag a Droplet during creation, you additionally need tag:create"', async (t) => {
  const { ask, createKey, snapshot } = await start(t)
  const droplet = { name: 'api', region: 'nyc3', size: 'small', image: 'ubuntu' }
  const create = async (body: object, ...granted: string[]) => {
    const { key } = await createKey({ name: 'one', scopes: completed(...granted) })
    return await ask('POST /v2/droplets', bearer(key), body)
  }
  t.match(await create(droplet, 'droplet:create'), { status: 202, body: { droplet: { name: 'api', tags: [] } } })
  t.equal((await create({ ...droplet, tags: [] }, 'droplet:create')).status, 202, 'no tag at all')
  t.match(await create({ ...droplet, tags: ['blue'] }, 'droplet:create', 'tag:create'), { status: 202, body: { droplet: { tags: ['blue'] } } })

  const before = await snapshot(['/v2/droplets', '/v2/tags'])
  const one = await create({ ...droplet, tags: ['green'] }, 'droplet:create')
  t.match([one.status, one.body], [403, { id: 'forbidden', message: 'API key missing required scope: tag:create' }])
  t.equal(one.headers['www-authenticate'], 'Bearer realm="digitalocean", error="insufficient_scope", scope="droplet:create tag:create"')
  const several = await create({ ...droplet, tags: ['green'], ssh_keys: ['laptop'], vpc_uuid: 'private' }, 'droplet:create')
  t.match([several.status, several.body], [403, { message: 'API key missing required scopes: tag:create, ssh_key:read, vpc:read' }])
  const base = await create({ nothing: 'that is valid' }, 'tag:create')
  t.match([base.status, base.body], [403, { message: 'API key missing required scope: droplet:create' }], 'this is checked before the body is read')
  t.equal((await create({ ...droplet, tags: 'blue', size: {} }, 'droplet:create')).status, 400, 'a body that is not valid')
  t.same(await snapshot(['/v2/droplets', '/v2/tags']), before)
})

t.test('the additional permissions of Droplet actions', async (t) => {
  const { ask, createKey } = await start(t)
  const update = bearer((await createKey({ name: 'update', scopes: completed('droplet:update') })).key)
  const types: { readonly [scope: string]: object[] } = {
    'droplet:update': [
      ...['power_on', 'power_off', 'shutdown', 'reboot', 'power_cycle', 'enable_backups', 'disable_backups', 'enable_ipv6'].map(type => ({ type })),
      { type: 'rename', name: 'www' }
    ],
    'droplet:create': [{ type: 'resize', size: 'large' }],
    'droplet:admin': [{ type: 'rebuild', image: 'ubuntu' }, { type: 'restore', image: 'old' }, { type: 'password_reset' }],
    'image:create': [{ type: 'snapshot', name: 'now' }]
  }
  for (const [scope, bodies] of Object.entries(types)) {
    const more = bearer((await createKey({ name: scope, scopes: completed('droplet:update', scope) })).key)
    for (const body of bodies) {
      t.equal((await ask('POST /v2/droplets/web/actions', more, body)).status, 201, JSON.stringify(body))
      if (scope === 'droplet:update') continue
      t.match(await ask('POST /v2/droplets/web/actions', update, body), { status: 403, body: { message: `API key missing required scope: ${scope}` } })
    }
  }
  t.match(await ask('GET /v2/droplets/web', update), { body: { droplet: { name: 'www', size: 'large', image: 'old', backups: false, ipv6: true } } }, 'it all happened')
  for (const body of [{ type: 'explode' }, { type: 'rename' }]) t.equal((await ask('POST /v2/droplets/web/actions', update, body)).status, 400, JSON.stringify(body))
})

t.test('several resources are assigned at once: each must be visible', async (t) => {
  const { ask, createKey } = await start(t)
  const { key } = await createKey({ name: 'one', scopes: completed('project:update', 'domain:read') })
  const assign = async (...resources: string[]) => await ask('POST /v2/projects/shop/resources', bearer(key), { resources })
  t.equal((await assign('do:domain:example.com')).status, 200)
  const { status, body } = await assign('do:volume:logs', 'do:domain:example.com', 'do:space:assets')
  t.match([status, body], [403, { message: 'API key missing required scopes: spaces:read, block_storage:read' }])
})

t.test('what credentials scopes are for', async (t) => {
  const { ask, createKey } = await start(t)
  const keyWith = async (...granted: string[]) => bearer((await createKey({ name: 'one', scopes: completed(...granted) })).key)
  const user = 'GET /v2/databases/orders/users/shop'
  t.match((await ask(user, await keyWith('database:read'))).body, { user: { role: 'normal', password: undefined } })
  t.match((await ask(user, await keyWith('database:view_credentials'))).body, { user: { role: 'normal', password: 'not-really-a-secret' } })

  const create = async (scope: string) => (await ask('POST /v2/spaces/keys', await keyWith(scope), { name: 'one' })).body
  t.match(await create('spaces_key:create'), { key: { access_key: /^DO00/, secret_key: undefined } })
  t.match(await create('spaces_key:create_credentials'), { key: { access_key: /^DO00/, secret_key: String } }, '"and view its secret credentials"')

  const kubeconfig = 'GET /v2/kubernetes/clusters/production/kubeconfig'
  t.equal((await ask(kubeconfig, await keyWith('kubernetes:read', 'kubernetes:update'))).status, 403, '"View Kubernetes clusters but not cluster credentials"')
  t.match((await ask(kubeconfig, await keyWith('kubernetes:access_cluster'))).body, /token: [\w-]/)
})

t.test('what does not exist is 404, and what is not valid is 400, in the form of the API reference', async (t) => {
  const { ask, session } = await start(t)
  const notFound = { id: 'not_found', message: 'The resource you were accessing could not be found.' }
  t.match(await ask('GET /v2/no-such', session), { status: 404, body: notFound })
  for (const { route, request = route, body = {} } of ROWS) {
    const sent = /^(POST|PUT|PATCH)/.test(route) ? body : undefined
    if (route.includes(':') && !route.includes('api-keys')) {
      t.match(await ask(route.replaceAll(/:\w+/g, 'no-such'), session, sent), { status: 404, body: notFound }, `${route}, with unknown ids`)
    }
    for (const member of Object.keys(body)) {
      t.match(await ask(request, session, { ...body, [member]: { not: 'this' } }), { status: 400, body: { id: 'bad_request' } }, `${request}, with ${member} of another type`)
    }
  }
  t.match(await ask('POST /v2/tags', session, { name: 'frontend' }), { status: 409, body: { id: 'conflict' } })
  t.match(await ask('POST /v2/droplets', session, { name: 'a', region: 'nowhere', size: 'small', image: 'ubuntu' }), { status: 422, body: { id: 'unprocessable_entity' } })
  t.match(await ask('GET /v2/droplets'), { status: 401, body: { id: 'unauthorized', message: 'API key required' } })
})

function bearer (key: string) {
  return { authorization: `Bearer ${key}` }
}

async function start (t: Test, store?: KeyStore) {
  const client = await startClient(options => buildApp({ ...options, ...store && { store } }), '/v2/api-keys')
  t.teardown(client.close)
  return client
}

/** Another app, with the same keys. */
async function smallApp (t: Test, store: KeyStore, catalog: ReturnType<typeof defineScopes>) {
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(apiKeyScopes, { scopes: catalog, store, keyPrefix: 'dop_v1', authenticateUser: adminSession().authenticateUser })
  return app
}

/** The catalog as it was written. */
function entries () {
  return Object.fromEntries([...scopes.scopes].map(([name, { name: _, replacedBy, ...entry }]) => [name, { ...entry, ...replacedBy !== null && { replacedBy } }]))
}
