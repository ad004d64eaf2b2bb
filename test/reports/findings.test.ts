// What is found in the routes, the catalog and the keys of an app, and what is not.
import { setImmediate as afterThat } from 'node:timers/promises'
import Fastify, { type HTTPMethods } from 'fastify'
import t, { type Test } from 'tap'
import apiKeyScopes, { defineScopes, memoryStore, type Catalog, type FindingKind } from '../../lib/index.js'
import { findingsOf } from '../../lib/reports/findings.js'
import { bareApp } from '../http/routes-app.js'
import { bigApp } from './big-app.js'

type Route = readonly [method: HTTPMethods, url: string, config: object, constraints?: object]

const CATALOG = defineScopes({
  full: { description: '', includes: '*' },
  'a:read': '',
  'a:write': { includes: 'a:read' },
  'a:delete': '',
  'b:execute': '',
  'b:manage': { includes: 'b:*' },
  'c:old': { status: 'deprecated', replacedBy: 'b:execute' },
  'c:older': { status: 'deprecated' },
  'd:hidden': { hidden: true },
  'e:soon': { status: 'planned' }
}) as Catalog

/** Routes that demand every scope, so that nothing is found but what a case is about. */
const ALL: readonly Route[] = [['GET', '/all', { scopes: { anyOf: ['a:read', 'a:delete', 'b:execute', 'c:older', 'd:hidden'] } }]]

async function appWith (t: Test, routes: readonly Route[], options: object = {}) {
  const app = Fastify()
  t.teardown(async () => { await app.close() })
  await app.register(apiKeyScopes, { scopes: CATALOG, store: memoryStore(), keyPrefix: 'acme', authenticateUser: () => null, ...options })
  for (const [method, url, config, constraints = {}] of routes) app.route({ method, url, config: config as never, constraints: constraints as never, handler: async () => 'ok' })
  await app.ready()
  return app
}

const when = () => true

/** A route, and what is found in it. */
const ROUTES: ReadonlyArray<readonly [route: Route, ...found: ReadonlyArray<readonly [FindingKind, message: string]>]> = [
  [['GET', '/x', { scopes: ['a:write', 'a:read'] }],
    ['needless-scope', 'GET /x demands a:read beside a:write, which includes it: leave a:read out'],
    ['read-demands-write', 'GET /x only reads, and demands a:write + a:read: should a key that may only read not do?']],
  [['POST', '/x', { scopes: ['a:delete', 'full'] }, { version: '2.0.0' }], ['needless-scope', 'POST /x (version 2.0.0) demands a:delete beside full, which includes it: leave a:delete out']],
  [['POST', '/x', { scopes: ['a:delete', 'a:write'] }]],
  [['GET', '/x', { scopes: { anyOf: ['a:write', 'a:read'] } }], ['needless-scope', 'GET /x offers a:write as an alternative, which includes another one: leave it out, for that is enough']],
  [['GET', '/x', { scopes: { anyOf: ['a:read', ['a:read', 'b:execute']] } }], ['needless-scope', 'GET /x offers a:read + b:execute as an alternative, which includes another one: leave it out, for that is enough']],
  [['GET', '/x', { scopes: { anyOf: ['a:read', 'b:execute', ['a:delete', 'c:older']] } }], ['deprecated-demanded', 'GET /x demands c:older, which is deprecated: demand another one']],
  [['POST', '/x', { scopes: 'a:write', scopesWhen: [{ when, scopes: 'a:read' }] }], ['needless-scope', 'POST /x has a condition that demands a:read, which what it always demands includes: the condition changes nothing']],
  [['POST', '/x', { scopes: 'a:write', scopesWhen: [{ when, scopes: { anyOf: ['b:execute', 'a:write'] } }] }], ['needless-scope', 'POST /x has a condition that demands one of b:execute, a:write, which what it always demands includes: the condition changes nothing']],
  [['POST', '/x', { scopes: [], scopesWhen: [{ when, scopes: 'c:old' }] }], ['deprecated-demanded', 'POST /x demands c:old, which is deprecated: write b:execute, which is the same']],
  [['POST', '/x', { scopes: { anyOf: ['c:old', 'a:write'] } }], ['deprecated-demanded', 'POST /x demands c:old, which is deprecated: write b:execute, which is the same']],
  // What reads, and what does not.
  [['GET', '/x', { scopes: 'a:write' }], ['read-demands-write', 'GET /x only reads, and demands a:write: should a key that may only read not do?']],
  [['HEAD', '/x', { scopes: 'b:manage' }], ['read-demands-write', 'HEAD /x only reads, and demands b:manage: should a key that may only read not do?']],
  [['GET', '/x', { scopes: { anyOf: ['b:execute', 'a:write'] } }]],
  [['GET', '/x', { scopes: 'b:execute' }]],
  [['GET', '/x', { scopes: [] }]],
  [['DELETE', '/x', { scopes: 'a:read' }], ['write-demands-read', 'DELETE /x changes something, and is content with a:read: is it meant for keys that may only read?']],
  [['PUT', '/x', { scopes: { anyOf: ['a:read', 'a:delete'] } }], ['write-demands-read', 'PUT /x changes something, and is content with one of a:read, a:delete: is it meant for keys that may only read?']],
  [['PATCH', '/x', { scopes: ['a:read', 'b:execute'] }]],
  [['PATCH', '/x', { scopes: 'a:read', scopesWhen: [{ when, scopes: 'a:write' }] }]],
  [['DELETE', '/x', { scopes: [] }]],
  // A question that is too long for a URL, and one that makes something.
  [['POST', '/search', { scopes: 'a:read' }]],
  [['POST', '/all', { scopes: 'a:read' }], ['write-demands-read', 'POST /all changes something, and is content with a:read: is it meant for keys that may only read?']],
  [['GET', '/x', { public: true }]],
  [['DELETE', '/x', { userOnly: true }]]
]

t.test('of a route is told what it says in vain, and what is odd about it', async t => {
  for (const [route, ...found] of ROUTES) {
    const app = await appWith(t, [...ALL, route])
    const findings = app.apiKeys.findings().filter(finding => finding.route === `${route[0]} ${route[1]}`)
    t.strictSame(findings.map(({ kind, message }) => [kind, message]), found, JSON.stringify(route))
  }
})

t.test('what a route says through annotate is read too', async t => {
  const app = await appWith(t, [...ALL, ['GET', '/x', {}]], { annotate: () => ({ scopes: 'c:older' }) })
  t.match(app.apiKeys.findings().filter(({ route }) => route === 'GET /x'), [{ kind: 'deprecated-demanded', scope: 'c:older' }])
})

t.test('a scope that opens nothing is told of, unless something that it includes does', async t => {
  const app = await appWith(t, [['GET', '/x', { scopes: ['a:read', 'c:older'] }]])
  const undemanded = app.apiKeys.findings().filter(({ kind }) => kind === 'undemanded-scope')
  t.strictSame(undemanded.map(({ scope }) => scope), ['a:delete', 'b:execute', 'b:manage', 'd:hidden'])
  t.equal(undemanded[0]!.message, 'no route demands a:delete, nor anything that it includes: take it out of the catalog, unless handlers ask for it')
  const none = await appWith(t, [['GET', '/x', { scopes: [] }]])
  t.match(none.apiKeys.findings().find(({ scope }) => scope === 'c:older'), { message: /^c:older is deprecated, and no route demands it any more: take it out/ })
})

t.test('what the not-found handler and conditions demand is demanded', async t => {
  const undemanded = async (app: Awaited<ReturnType<typeof appWith>>) => app.apiKeys.findings().filter(({ kind }) => kind === 'undemanded-scope').map(({ scope }) => scope)
  t.strictSame(await undemanded(await appWith(t, ALL)), [])
  const guarded = await appWith(t, [['POST', '/x', { scopes: ['a:read', 'b:execute'], scopesWhen: [{ when, scopes: 'd:hidden' }] }]], { notFound: { scopes: ['a:delete', 'c:older'] } })
  t.strictSame(await undemanded(guarded), [])
})

t.test('a scope that nobody is offered without everything else is told of', async t => {
  const found = async (scopes: Catalog, ...demanded: string[]) => {
    const app = await appWith(t, demanded.map((scope, i): Route => ['POST', `/${i}`, { scopes: scope }]), { scopes })
    return app.apiKeys.findings().filter(({ kind }) => kind === 'only-with-everything').map(({ message }) => message)
  }
  t.strictSame(await found(CATALOG, 'full', 'full'), ['POST /0, POST /1 demand full, which is everything: a key for that must be given more than it needs'])
  t.strictSame(await found(CATALOG, 'd:hidden'), ['POST /0 demands d:hidden, which is hidden, and which no scope that is offered includes except with everything else: a key for that must be given more than it needs'])
  t.strictSame(await found(defineScopes({ 'x:all': { includes: 'x:*' }, 'x:read': { hidden: true } }), 'x:read'), [], 'x:all is offered')
  t.strictSame(await found(defineScopes({ all: { includes: 'full' }, full: { includes: '*' }, 'x:read': { hidden: true } }), 'x:read', 'all').then(({ length }) => length), 2)
})

t.test('keys that have scopes of another time are told of, when they are asked for', async t => {
  const store = memoryStore()
  const app = await appWith(t, ALL, { store })
  const { record: old } = await app.apiKeys.create({ name: 'old', scopes: ['c:old', 'c:older', 'a:read'] as never })
  const { record: disabled } = await app.apiKeys.create({ name: 'disabled', scopes: ['c:old'] as never })
  await app.apiKeys.update(disabled.id, { disabled: true })
  const { record: revoked } = await app.apiKeys.create({ name: 'revoked', scopes: ['c:old'] as never })
  await app.apiKeys.revoke(revoked.id)
  for (const [id, scopes] of [['gone', ['z:gone']], ['soon', ['e:soon', 'e:soon']]] as const) {
    const stored = (await store.list!({ limit: 1 }))[0]!
    await store.insert!({ ...stored, id, digest: id.padEnd(64, '0'), scopes, revokedAt: null, revokedReason: null })
  }
  const found = (await app.apiKeys.findings({ keys: true })).slice(app.apiKeys.findings().length)
  t.strictSame(new Map(found.map(({ kind, scope, keys, message }) => [scope, [kind, [...keys!].sort(), message]])), new Map([
    ['e:soon', ['ineffective-granted', ['soon'], '1 key has e:soon, which is planned; it grants nothing until it is active: soon']],
    ['z:gone', ['ineffective-granted', ['gone'], '1 key has z:gone, which the catalog does not have; it grants nothing: gone']],
    ['c:old', ['deprecated-granted', [disabled.id, old.id].sort(), `2 keys have c:old, which is deprecated; b:execute is the same: ${old.id}, ${disabled.id}`]],
    ['c:older', ['deprecated-granted', [old.id], `1 key has c:older, which is deprecated: ${old.id}`]]
  ]))
})

t.test('all pages of keys are read, and a store that has no list says so', async t => {
  const store = memoryStore()
  const app = await appWith(t, ALL, { store })
  await app.apiKeys.import(Array.from({ length: 1500 }, (_, i) => ({ digest: i.toString(16).padStart(64, '0'), name: `${i}`, scopes: ['c:older'] as never })))
  t.equal((await app.apiKeys.findings({ keys: true })).at(-1)!.keys!.length, 1500)
  const poor = await appWith(t, ALL, { store: { findByDigest: () => null } })
  await t.rejects(poor.apiKeys.findings({ keys: true }), { code: 'FST_API_KEY_STORE_INCAPABLE' })
})

t.test('before the app is ready nothing can be told', async t => {
  const app = Fastify()
  t.teardown(async () => { await app.close() })
  await app.register(apiKeyScopes, { scopes: CATALOG, store: memoryStore(), keyPrefix: 'acme' })
  t.throws(() => app.apiKeys.findings(), { code: 'FST_API_KEY_NOT_READY' })
  await t.rejects(app.apiKeys.findings({ keys: true }), { code: 'FST_API_KEY_NOT_READY' })
})

t.test('an app that starts tells in one line what there is to find, unless it is told not to', async t => {
  const started = async (scopes: Catalog, options: object = {}) => {
    const { app, lines } = bareApp(t)
    await app.register(apiKeyScopes, { scopes, store: memoryStore(), keyPrefix: 'acme', ...options })
    app.get('/', { config: { scopes: 'a:read' as never } }, async () => 'ok')
    await app.ready()
    await afterThat()
    return lines.filter(({ msg }) => /finding/.test(msg ?? ''))
  }
  const many = Object.fromEntries(Array.from({ length: 14 }, (_, i) => [`n:${i}`, '']))
  t.match(await started(defineScopes({ 'a:read': '', 'b:read': '' })), [{ level: 30, msg: 'there is 1 finding about scopes and routes; app.apiKeys.findings() and api-key-scopes findings tell more', findings: [/^no route demands b:read/] }])
  const [line] = await started(defineScopes({ 'a:read': '', ...many }))
  t.equal(line!.msg, 'there are 14 findings about scopes and routes; app.apiKeys.findings() and api-key-scopes findings tell of all of them')
  t.equal((line!.findings as string[]).length, 10)
  t.strictSame(await started(defineScopes({ 'a:read': '' })), [])
  t.strictSame(await started(defineScopes({ 'a:read': '', 'b:read': '' }), { logFindings: false }), [])
  await t.rejects(started(defineScopes({ 'a:read': '' }), { logFindings: 'no' }), /logFindings must be true or false, not "no"/)
})

t.test('an app goes on where a route is so odd that nothing can be found', async t => {
  const { app, lines } = bareApp(t)
  const storage = () => ({ get: () => null, set () {} })
  app.addConstraintStrategy({ name: 'odd', storage, deriveConstraint: () => '', validate () {} })
  await app.register(apiKeyScopes, { scopes: CATALOG, store: memoryStore(), keyPrefix: 'acme' })
  const toString = () => { throw new Error('I am not to be written down') }
  app.get('/', { config: { public: true }, constraints: { odd: { toString } } }, async () => 'ok')
  await app.ready()
  await afterThat()
  t.match(lines.filter(({ level }) => level > 40), [{ msg: 'what there is to find about scopes and routes cannot be told', err: { message: 'I am not to be written down' } }])
  t.throws(() => app.apiKeys.findings(), /not to be written down/)
})

t.test('an app that is older than the import of the package is told that there may be more routes', async t => {
  const found = findingsOf({ catalog: defineScopes({ a: '' }), entries: [], notFound: { kind: 'public' }, mayBeUnseen: true })
  t.strictSame(found.map(({ kind }) => kind), ['unseen-routes', 'undemanded-scope'])
})

t.test('what is found in an app of 650 routes', async t => {
  const app = await bigApp()
  t.teardown(async () => { await app.close() })
  await app.ready()
  const found = app.apiKeys.findings()
  const of = (wanted: FindingKind) => found.filter(({ kind }) => kind === wanted)
  t.strictSame(of('undemanded-scope').map(({ scope }) => scope), ['nobody:needs'])
  t.strictSame(of('only-with-everything').map(({ scope }) => scope), ['full', 'beta:try'])
  t.strictSame(of('deprecated-demanded').map(({ route, scope }) => [route, scope]), [['POST /jobs', 'jobs:legacy'], ['POST /report/execute', 'report:execute'], ['POST /reports/either', 'report:execute']])
  t.ok(of('read-demands-write').some(({ route }) => route === 'GET /jobs/next'))
  t.strictSame(of('write-demands-read'), [])
  t.ok(of('needless-scope').length > 0 && of('needless-scope').every(({ message }) => /demands (\w+):write beside \1:admin/.test(message)))
})
