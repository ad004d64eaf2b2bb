// An app that is only looked at: its routes are all there, and no key gets in.
import Fastify from 'fastify'
import t from 'tap'
import { beginInspecting } from '../../lib/http/inspection.js'
import { apiKeyScopes, defineScopes, memoryStore } from '../../lib/index.js'
import { generateKey } from '../../lib/keys/key-format.js'

async function build (store = memoryStore()) {
  const app = Fastify()
  t.teardown(async () => { await app.close() })
  await app.register(apiKeyScopes, { scopes: defineScopes({ 'apps:read': 'Read' }), store, keyPrefix: 'acme' })
  app.get('/apps', { config: { scopes: 'apps:read' as never } }, async () => 'ok')
  await app.ready()
  return app
}

t.test('an app that is only looked at has its routes, and does not ask its store', async t => {
  const store = memoryStore()
  let opened = 0
  store.open = () => { opened++ }
  const end = beginInspecting()
  const app = await build(store).finally(end)
  t.match(app.apiKeys.routes(), [{ method: 'GET', url: '/apps' }])
  const { statusCode, body } = await app.inject({ url: '/apps', headers: { authorization: `Bearer ${generateKey('acme')}` } })
  t.match([statusCode, body], [503, /"FST_API_KEY_STORE_UNAVAILABLE"/])
  t.equal(opened, 0)
})

t.test('an app that is made afterwards is not', async t => {
  beginInspecting()()
  const app = await build()
  const { key } = await app.apiKeys.create({ name: 'ci', ownerId: 'u1', scopes: ['apps:read'] as never })
  t.equal((await app.inject({ url: '/apps', headers: { authorization: `Bearer ${key}` } })).statusCode, 200)
})
