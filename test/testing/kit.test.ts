// What users make their own tests of: each assertion holds where it should, and says what is wrong where it should not.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import t, { type Test } from 'tap'
import { lockOf, lockText } from '../../lib/lock.js'
import { assertAccess, assertLocked, testKey, type ExpectedAccess } from '../../lib/testing/index.js'
import { buildApp } from './fixtures/app.js'

async function started (t: Test, options: Parameters<typeof buildApp>[0] = {}) {
  const app = await buildApp(options)
  t.teardown(async () => { await app.close() })
  return app
}

t.test('testKey', async t => {
  const app = await started(t)
  const status = async (headers: Record<string, string>, url: string) => (await app.inject({ url, headers })).statusCode

  t.test('makes a key with a scope, and the headers to send it with', async t => {
    const { key, record, headers } = await testKey(app, 'apps:read')
    t.same(headers, { authorization: `Bearer ${key}` })
    t.match(record, { name: 'test', ownerId: null, scopes: ['apps:read'] })
    t.equal(await status(headers, '/apps'), 200)
    t.equal(await status(headers, '/logs'), 403)
  })

  t.test('with several, with none, and with the default grant', async t => {
    t.same((await testKey(app, ['apps:read', 'logs:read'])).record.scopes, ['apps:read', 'logs:read'])
    t.same((await testKey(app, [])).record.scopes, [])
    t.same((await testKey(app)).record.scopes, ['full'])
  })

  t.test('with whatever else a key has', async t => {
    const { record } = await testKey(app, 'apps:read', { name: 'mine', ownerId: 'u1', expiresAt: 'P1D', metadata: { a: 1 } })
    t.match(record, { name: 'mine', ownerId: 'u1', metadata: { a: 1 }, expiresAt: Date })
  })

  t.test('refuses what no key can have', async t => {
    await t.rejects(testKey(app, 'apps:raed' as 'full'), { code: 'FST_API_KEY_INVALID_INPUT', message: /did you mean "apps:read"/ })
    await t.rejects(testKey(app, 'apps:deploy'), { code: 'FST_API_KEY_INVALID_INPUT', message: /logs:read/ })
    await t.rejects(testKey(app, 'apps:wipe'), { code: 'FST_API_KEY_INVALID_INPUT' })
  })
})

t.test('assertAccess', async t => {
  const app = await started(t, {
    declare: app => {
      app.get('/reported', { config: { scopes: 'apps:read', scopesMode: 'report' } }, async () => 'ok')
      app.get('/bare/:id', { config: { scopes: [], scopesWhen: [{ when: () => true, scopes: 'apps:read' }, { when: () => true, scopes: ['logs:read', 'apps:read'] }] } }, async () => 'ok')
    }
  })
  t.throws(() => { assertAccess(app, 'GET /apps', 'apps:read') }, { code: 'FST_API_KEY_NOT_READY' })
  await app.ready()
  const deploying = { scopes: 'apps:deploy', description: 'To deploy it at once.' } as const

  const right: ReadonlyArray<readonly [route: string, ExpectedAccess, constraints?: Record<string, string>]> = [
    ['GET /health', { public: true }],
    ['GET /me', []],
    ['GET /me', { scopes: [] }],
    ['GET /apps', 'apps:read'],
    ['GET /apps', ['apps:read', 'apps:read']],
    ['HEAD /apps', 'apps:read'],
    ['GET /apps', { scopes: 'apps:read', scopesMode: 'enforce' }],
    ['GET /apps/:id(^\\d+$)', { anyOf: ['apps:read', ['logs:read', 'apps:deploy']] }],
    ['GET /apps/:id(^\\d+$)', { anyOf: [['apps:ship', 'logs:read'], 'apps:read'] }],
    ['POST /apps/:id/deploy', ['logs:read', 'apps:deploy']],
    ['POST /apps', { scopes: 'apps:read', scopesWhen: [deploying] }],
    ['POST /apps', { scopes: 'apps:read', scopesWhen: [{ scopes: 'apps:ship' }] }],
    ['GET /bare/:id', { scopes: [], scopesWhen: [{ scopes: ['apps:read', 'logs:read'] }, { scopes: 'apps:read' }] }],
    ['POST /billing', { userOnly: true }],
    ['GET /new', 'logs:read'],
    ['GET /new', 'apps:read', { version: '2.0.0' }],
    ['GET /logs', 'logs:read'],
    ['GET /logs/', 'logs:read'],
    ['GET /reported', { scopes: 'apps:read', scopesMode: 'report' }]
  ]
  for (const [route, expected, constraints] of right) {
    t.doesNotThrow(() => { assertAccess(app, route, expected, constraints) }, `${route} ${JSON.stringify(expected)}`)
  }

  const wrong: ReadonlyArray<readonly [route: string, ExpectedAccess, is: string, shouldBe: string]> = [
    ['GET /apps', 'logs:read', 'apps:read', 'logs:read'],
    ['GET /apps', [], 'apps:read', 'any valid key'],
    ['GET /apps', ['apps:read', 'logs:read'], 'apps:read', 'apps:read + logs:read'],
    ['GET /apps', { anyOf: ['apps:read', 'logs:read'] }, 'apps:read', 'one of apps:read, logs:read'],
    ['GET /apps', { public: true }, 'apps:read', 'everybody'],
    ['GET /health', { userOnly: true }, 'everybody', 'users only'],
    ['POST /billing', 'full', 'users only', 'full'],
    ['POST /apps', 'apps:read', 'apps:read; sometimes apps:deploy (To deploy it at once.)', 'apps:read'],
    ['POST /apps', { scopes: 'apps:read', scopesWhen: [{ ...deploying, description: 'Never.' }] }, 'apps:read; sometimes apps:deploy (To deploy it at once.)', 'apps:read; sometimes apps:deploy (Never.)'],
    ['POST /apps', { scopes: 'apps:read', scopesWhen: [deploying, { scopes: 'full' }] }, 'apps:read; sometimes apps:deploy (To deploy it at once.)', 'apps:read; sometimes apps:deploy (To deploy it at once.); sometimes full'],
    ['GET /reported', 'apps:read', 'apps:read (report mode: not enforced)', 'apps:read'],
    ['GET /apps', { scopes: 'apps:read', scopesMode: 'report' }, 'apps:read', 'apps:read (report mode: not enforced)']
  ]
  for (const [route, expected, actual, should] of wrong) {
    t.throws(() => { assertAccess(app, route, expected) }, {
      name: 'AssertionError',
      code: 'ERR_ASSERTION',
      message: `who may call ${route}\n  is:        ${actual}\n  should be: ${should}`,
      actual,
      expected: should
    }, `${route} ${JSON.stringify(expected)}`)
  }

  const none: ReadonlyArray<readonly [route: string, expected: unknown, message: RegExp, constraints?: Record<string, string>]> = [
    ['GET /app', 'apps:read', /there is no route GET \/app \(did you mean "GET \/apps"\?\); app\.apiKeys\.routes\(\) has them all/],
    ['HEAD /billing', 'apps:read', /there is no route HEAD \/billing/],
    ['/apps', 'apps:read', /route must be a method and a URL as declared, such as "GET \/clusters\/:id", not "\/apps"/],
    ['get /apps', 'apps:read', /route must be a method and a URL/],
    ['GET /new', 'apps:read', /there is no route GET \/new with the constraints \{"version":"3\.0\.0"\}; there is \{"version":"2\.0\.0"\}, \{\}/, { version: '3.0.0' }],
    ['GET /apps', 'apps:raed', /the expected access is none that a route can have: config\.scopes: unknown scope "apps:raed" \(did you mean "apps:read"\?\)/],
    ['GET /apps', 'apps:wipe', /scope "apps:wipe" is planned/],
    ['GET /apps', { userOnly: true, public: true }, /exactly one of them/],
    ['GET /apps', { scopes: 'apps:read', scopesWhen: ['apps:deploy'] }, /config\.scopesWhen\[0\] must be/],
    ['GET /apps', { scopes: 'apps:read', scopesMode: 'off' }, /scopesMode must be 'enforce' or 'report'/],
    ['GET /apps', undefined, /the expected access is none that a route can have/]
  ]
  for (const [route, expected, message, constraints] of none) {
    t.throws(() => { assertAccess(app, route, expected as ExpectedAccess, constraints) }, { code: 'FST_API_KEY_INVALID_INPUT', message }, `${route} ${JSON.stringify(expected)}`)
  }
})

t.test('assertLocked', async t => {
  const app = await started(t)
  t.throws(() => { assertLocked(app) }, { code: 'FST_API_KEY_NOT_READY' })
  await app.ready()
  const file = join(t.testdir(), 'scopes.lock.json')

  t.throws(() => { assertLocked(app, file) }, { name: 'AssertionError', message: `there is no ${file}; npx api-key-scopes lock <app> --file ${file} writes it, and it belongs into version control` })
  t.throws(() => { assertLocked(app) }, { message: 'there is no scopes.lock.json; npx api-key-scopes lock <app> writes it, and it belongs into version control' })
  writeFileSync(file, lockText(lockOf(app)))
  t.doesNotThrow(() => { assertLocked(app, file) })
  t.doesNotThrow(() => { assertLocked(app, pathToFileURL(file)) })

  const easier = await started(t, { declare: app => { app.get('/late', { config: { public: true } }, async () => 'ok') } })
  await easier.ready()
  writeFileSync(file, lockText({ ...lockOf(app), routes: lockOf(app).routes.map(locked => locked.route === 'GET /apps' ? { route: locked.route, scopes: 'full' } : locked) }))
  t.throws(() => { assertLocked(easier, file) }, { name: 'AssertionError', message: /: 1 route is EASIER to reach, 1 is new\n\nEASIER TO REACH\n! GET \/apps: was full, is now apps:read\n\nNew\n\+ GET \/late: .*everybody.*\n\nIf that is meant: npx api-key-scopes lock <app> --file .*scopes\.lock\.json, and commit the file$/ })

  writeFileSync(file, '{}')
  t.throws(() => { assertLocked(app, file) }, { code: 'FST_API_KEY_BAD_LOCK' })
  t.throws(() => { assertLocked(app, t.testdirName) }, { code: 'EISDIR' })
})
