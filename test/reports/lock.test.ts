// Lock files: what is written, what can be read again, and how a change is told.
import Fastify, { type HTTPMethods } from 'fastify'
import fc from 'fast-check'
import t, { type Test } from 'tap'
import apiKeyScopes, { defineScopes, memoryStore, type Catalog } from '../../lib/index.js'
import { comparisonSummary, comparisonText, compareLocks, lockOf, lockText, readLock, type Lock, type LockedAccess, type LockedRoute } from '../../lib/lock.js'
import { bigApp, ROUTES } from './big-app.js'

const SCOPES = {
  full: { description: 'Everything', includes: '*' },
  'jobs:write': { description: 'Write', includes: ['jobs:read'] },
  'jobs:read': 'Read',
  'job:read': { status: 'deprecated', replacedBy: 'jobs:read' },
  'jobs:wipe': { description: 'Wipe', status: 'planned', requires: 'jobs:read' },
  10: 'A number, which comes first in any object'
} as const

const when = () => true

async function smallApp (t: Test, routes: ReadonlyArray<readonly [method: HTTPMethods, url: string, config: object, constraints?: object]>, { scopes = defineScopes(SCOPES, { defaultGrant: ['full'], presets: { Z: ['jobs:write', '10'], A: [] } }) as Catalog, ...rest } = {}) {
  const app = Fastify()
  t.teardown(async () => { await app.close() })
  await app.register(apiKeyScopes, { scopes, store: memoryStore(), keyPrefix: 'acme', authenticateUser: () => null, logFindings: false, ...rest })
  for (const [method, url, config, constraints = {}] of routes) app.route({ method, url, config: config as never, constraints: constraints as never, handler: async () => 'ok' })
  return await app
}

const ROUTES_OF_ALL_FORMS = [
  ['GET', '/jobs', { scopes: 'job:read' }],
  ['POST', '/jobs', { scopes: ['jobs:write', '10'], scopesWhen: [{ when, scopes: 'full', description: 'With \u202Eforce.' }, { when, scopes: ['10'] }] }],
  ['DELETE', '/jobs', { scopes: { anyOf: ['jobs:write', ['jobs:read', '10'], '10'] }, scopesMode: 'report' }],
  ['POST', '/billing', { userOnly: true }],
  ['GET', '/', { public: true }],
  ['GET', '/me', { scopes: [] }],
  ['GET', '/jobs', { scopes: 'full' }, { version: '2.0.0', host: 'example.com' }],
  ['HEAD', '/head', { scopes: 'full' }],
  ['GET', '/head', { scopes: 'jobs:read' }]
] as const

t.test('a line for each route, each scope and each preset, in an order of its own', async t => {
  const app = await smallApp(t, ROUTES_OF_ALL_FORMS)
  await app.ready()
  t.equal(lockText(lockOf(app)), String.raw`{
  "lockVersion": 1,
  "routes": [
    { "route": "GET /", "public": true },
    { "route": "POST /billing", "userOnly": true },
    { "route": "GET /head", "scopes": "jobs:read" },
    { "route": "HEAD /head", "scopes": "full" },
    { "route": "DELETE /jobs", "scopes": { "anyOf": ["10", "jobs:write", ["10", "jobs:read"]] }, "scopesMode": "report" },
    { "route": "GET /jobs", "scopes": "jobs:read" },
    { "route": "GET /jobs", "constraints": { "host": "example.com", "version": "2.0.0" }, "scopes": "full" },
    { "route": "POST /jobs", "scopes": ["10", "jobs:write"], "scopesWhen": [{ "scopes": "10" }, { "scopes": "full", "description": "With \u202eforce." }] },
    { "route": "GET /me", "scopes": [] }
  ],
  "notFound": { "public": true },
  "scopes": {
    "10": {},
    "full": { "includes": ["*"] },
    "job:read": { "status": "deprecated", "replacedBy": "jobs:read" },
    "jobs:read": {},
    "jobs:wipe": { "status": "planned" },
    "jobs:write": { "includes": ["jobs:read"] }
  },
  "defaultGrant": ["full"],
  "presets": {
    "A": [],
    "Z": ["10", "jobs:write"]
  }
}
`)
})

t.test('another order of routes, scopes and names makes no other text', async t => {
  // A HEAD route must be declared before the GET.
  const routes = ROUTES_OF_ALL_FORMS.filter(([method]) => method !== 'HEAD')
  const first = await smallApp(t, routes)
  const scopes = defineScopes(Object.fromEntries(Object.entries(SCOPES).reverse()), { defaultGrant: ['full'], presets: { A: [], Z: ['10', 'jobs:write'] } })
  const other = await smallApp(t, [...routes].reverse(), { scopes })
  await Promise.all([first.ready(), other.ready()])
  t.equal(lockText(lockOf(other)), lockText(lockOf(first)))
})

t.test('a lock of 650 routes is read as it was written, with the line ends of Windows as well', async t => {
  const app = await bigApp()
  t.teardown(async () => { await app.close() })
  await app.ready()
  const lock = lockOf(app)
  const text = lockText(lock)
  t.equal(lock.routes.length, ROUTES)
  t.strictSame(readLock(text), lock)
  t.strictSame(readLock(text.replaceAll('\n', '\r\n')), lock)
  t.strictSame(compareLocks(readLock(text), lock), { same: true, routes: [], scopes: [], grants: [] })
})

t.test('an app that guards its not-found handler, and one that has no default grant', async t => {
  const app = await smallApp(t, [], { scopes: defineScopes({ a: '', b: '' }), notFound: { scopes: ['b', 'a'], scopesWhen: [{ when, scopes: 'a' }] } } as object)
  await app.ready()
  const lock = lockOf(app)
  t.match(lock, { routes: [], notFound: { scopes: ['a', 'b'], scopesWhen: [{ scopes: 'a' }] }, defaultGrant: null, presets: {} })
  t.strictSame(readLock(lockText(lock)), lock)
})

t.test('before the app is ready, and without the plugin, there is no lock', async t => {
  const app = Fastify()
  t.teardown(async () => { await app.close() })
  t.throws(() => lockOf(app), { code: 'FST_API_KEY_BAD_OPTIONS' })
  await app.register(apiKeyScopes, { scopes: defineScopes({ a: '' }), store: memoryStore(), keyPrefix: 'acme' })
  t.throws(() => lockOf(app), { code: 'FST_API_KEY_NOT_READY' })
})

const BASE: Lock = {
  lockVersion: 1,
  routes: [{ route: 'GET /a', scopes: 'a:read' }, { route: 'POST /a', scopes: 'a:write' }],
  notFound: { public: true },
  scopes: { 'a:read': {}, 'a:write': {}, all: { includes: ['a:read'] } },
  defaultGrant: null,
  presets: { P: ['a:read'] }
}
const text = lockText(BASE)

const BAD: ReadonlyArray<readonly [what: string, text: string, told: string | RegExp]> = [
  ['no JSON', '{', /^the lock file is no JSON: .+; write it anew with: api-key-scopes lock$/],
  ['another document', '{ "name": "app" }', 'is no lock file: it has no lockVersion'],
  ['a list', '[]', 'is no lock file: it has no lockVersion'],
  ['a later version', text.replace('"lockVersion": 1', '"lockVersion": 2'), 'is of lockVersion 2, and this version of fastify-api-key-scopes reads 1'],
  ['conflict markers', text.replace('    { "route": "POST', '<<<<<<< ours\n    { "route": "POST'), 'has merge conflicts in it'],
  ['routes in another order', lockText(BASE).replace(/( {4}\{ "route": "GET.*), *\n( {4}.*)\n/, '$2,\n$1\n'), 'was edited by hand: line 4 is not what would be written there'],
  ['a route twice as a member', text.replace('"all":', '"a:read": {},\n    "all":'), 'was edited by hand: line 11'],
  ['members of a route in another order', text.replace('"route": "GET /a", "scopes": "a:read"', '"scopes": "a:read", "route": "GET /a"'), 'was edited by hand: line 4'],
  ['other spaces', text.replace('"public": true }', '"public": true}'), 'was edited by hand: line 7'],
  ['no end of the last line', text.trimEnd(), 'was edited by hand: line 18'],
  ['an unknown member', text.replace('"lockVersion": 1,', '"lockVersion": 1, "more": 1,'), 'is malformed: unknown member "more"'],
  ['no routes', text.replace(/"routes": \[[^]*?\n {2}\]/, '"routes": {}'), 'is malformed: routes must be a list, not {}'],
  ['scopes of another form', text.replace('"all": { "includes": ["a:read"] }', '"all": { "implies": ["a:read"] }'), 'is malformed: scopes must be an object'],
  ['a scope that includes one that is not there', text.replace('["a:read"] }', '["b:read"] }'), 'is malformed: scopes: "all": includes "b:read", which the catalog does not have'],
  ['a default grant of another form', text.replace('"defaultGrant": null', '"defaultGrant": [1]'), 'is malformed: defaultGrant must be a list of scope names, or null, not [1]'],
  ['presets of another form', text.replace('"P": ["a:read"]', '"P": "a:read"'), 'is malformed: presets must be an object'],
  ['a route without a URL', text.replace('"GET /a"', '"GET"'), 'is malformed: routes[0].route must be a method and a URL, such as "GET /clusters", not "GET"'],
  ['a route that is none', text.replace('{ "route": "GET /a", "scopes": "a:read" }', 'null'), /routes\[0\]\.route must be .+; routes\[0\] must have exactly one of/],
  ['constraints of another form', text.replace('"GET /a", ', '"GET /a", "constraints": { "version": 1 }, '), 'is malformed: routes[0].constraints must be an object of strings, not {"version":1}'],
  ['a route that says two things', text.replace('"scopes": "a:write"', '"scopes": "a:write", "public": true'), 'is malformed: routes[1] must have exactly one of scopes, userOnly: true and public: true'],
  ['a condition of another form', text.replace('"scopes": "a:write"', '"scopes": "a:write", "scopesWhen": [{ "description": 1 }]'), 'is malformed: routes[1] must have'],
  ['a condition with an unknown scope', text.replace('"scopes": "a:write"', '"scopes": "a:write", "scopesWhen": [{ "scopes": "b" }]'), 'is malformed: routes[1]: unknown scope "b"'],
  ['an unknown scope', text.replace('"scopes": "a:write"', '"scopes": "a:wite"'), 'is malformed: routes[1]: unknown scope "a:wite" (did you mean "a:write"?)'],
  ['a not-found handler that says nothing', text.replace('"notFound": { "public": true }', '"notFound": null'), 'is malformed: notFound must have exactly one of']
]

t.test('a file that is no lock, or not the one that was written, is refused with what is wrong with it', async t => {
  t.strictSame(readLock(text), BASE)
  for (const [what, bad, told] of BAD) {
    t.not(bad, text, what)
    t.throws(() => readLock(bad), { code: 'FST_API_KEY_BAD_LOCK', message: typeof told === 'string' ? new RegExp(told.replace(/[[\](){}?.+*^$|]/g, '\\$&')) : told }, what)
  }
})

t.test('whatever a file says, it is read or refused as a lock file', async () => {
  const parts = fc.array(fc.constantFrom('{', '}', '[', ']', ',', '"route"', ':', '"GET /a"', 'null', '"scopes"', '1', '"lockVersion"', '\n'))
  fc.assert(fc.property(fc.nat({ max: text.length }), fc.nat({ max: 40 }), parts, (at, length, inserted) => {
    const changed = text.slice(0, at) + inserted.join('') + text.slice(at + length)
    try {
      return lockText(readLock(changed)) === changed
    } catch (error) {
      return (error as { code: string }).code === 'FST_API_KEY_BAD_LOCK'
    }
  }), { numRuns: 2000 })
})

/** One route, before and after: the only line that tells of it. */
const LINES: ReadonlyArray<readonly [before: LockedAccess | null, after: LockedAccess | null, title: string, line: string]> = [
  [{ userOnly: true }, { public: true }, 'EASIER TO REACH', '! GET /x: was users only, is now everybody'],
  [{ scopes: 'a:write' }, { public: true }, 'EASIER TO REACH', '! GET /x: was a:write, is now everybody'],
  [{ scopes: [] }, { public: true }, 'EASIER TO REACH', '! GET /x: was any valid key, is now everybody'],
  [{ userOnly: true }, { scopes: 'a:write' }, 'EASIER TO REACH', '! GET /x: was users only, is now a:write (easier for API keys, harder for user sessions that have scopes of their own)'],
  [{ scopes: 'a:write' }, { userOnly: true }, 'EASIER TO REACH', '! GET /x: was a:write, is now users only (easier for user sessions that have scopes of their own, harder for API keys)'],
  [{ userOnly: true }, { scopes: [] }, 'EASIER TO REACH', '! GET /x: was users only, is now any valid key'],
  [{ scopes: 'a:write' }, { scopes: 'a:write', scopesMode: 'report' }, 'EASIER TO REACH', '! GET /x: was a:write, is now a:write (report mode: not enforced)'],
  [{ scopes: 'a:write' }, { scopes: 'a:read' }, 'EASIER TO REACH', '! GET /x: was a:write, is now a:read (a:read is enough now, a:write is not enough any more)'],
  [{ scopes: ['a:read', 'a:write'] }, { scopes: 'a:read' }, 'EASIER TO REACH', '! GET /x: was a:read + a:write, is now a:read'],
  [{ scopes: 'a:read', scopesWhen: [{ scopes: 'a:write', description: 'If so.' }] }, { scopes: 'a:read' }, 'EASIER TO REACH', '! GET /x: was a:read; sometimes a:write (If so.), is now a:read'],
  [{ public: true }, { scopes: [] }, 'Harder to reach', '- GET /x: was everybody, is now any valid key'],
  [{ scopes: 'a:read' }, { scopes: ['a:read', 'a:write'] }, 'Harder to reach', '- GET /x: was a:read, is now a:read + a:write'],
  [{ scopes: 'a:read' }, { scopes: 'a:read', scopesWhen: [{ scopes: 'a:write' }] }, 'Harder to reach', '- GET /x: was a:read, is now a:read; sometimes a:write'],
  [{ scopes: 'a:read', scopesWhen: [{ scopes: 'a:write', description: 'If so.' }] }, { scopes: 'a:read', scopesWhen: [{ scopes: 'a:write', description: 'If that.' }] },
    'Said in another way, for the same callers', '~ GET /x: was a:read; sometimes a:write (If so.), is now a:read; sometimes a:write (If that.)'],
  [{ scopes: 'a:read' }, { scopes: { anyOf: ['a:read', 'all'] } }, 'Said in another way, for the same callers', '~ GET /x: was a:read, is now one of a:read, all'],
  [null, { scopes: 'a:read' }, 'New', '+ GET /x: a:read'],
  [{ public: true }, null, 'Removed', '- GET /x: was everybody']
]

t.test('each change of a route is told in words', async t => {
  const withRoute = (access: LockedAccess | null): Lock => ({ ...BASE, routes: access === null ? [] : [{ route: 'GET /x', ...access } as LockedRoute] })
  for (const [before, after, title, line] of LINES) t.equal(comparisonText(compareLocks(withRoute(before), withRoute(after))), `${title}\n${line}\n`)
})

t.test('a HEAD route that is not told of any more is for whom the GET is', async t => {
  const get: LockedRoute = { route: 'GET /x', public: true }
  const was = { ...BASE, routes: [get, { route: 'HEAD /x', userOnly: true }] } as Lock
  const is = { ...BASE, routes: [get] } as Lock
  t.equal(comparisonText(compareLocks(was, is)), 'EASIER TO REACH\n! HEAD /x: was users only, is now everybody\n')
  t.equal(comparisonText(compareLocks(is, was)), 'Harder to reach\n- HEAD /x: was everybody, is now users only\n')
})

t.test('routes with constraints that look the same are compared one by one', async t => {
  const same = (scopes: string): LockedRoute => ({ route: 'GET /x', constraints: { custom: '[object Object]' }, scopes })
  const before = { ...BASE, routes: [same('a:read'), same('a:write')] }
  t.ok(compareLocks(before, { ...BASE, routes: [same('a:read'), same('a:write')] }).same)
  t.equal(comparisonText(compareLocks(before, { ...BASE, routes: [same('a:read'), { ...same(''), scopes: [] }] })),
    'EASIER TO REACH\n! GET /x (custom [object Object]): was a:write, is now any valid key\n')
})

const CATALOGS: ReadonlyArray<readonly [what: string, after: Partial<Lock>, summary: string, text: string]> = [
  ['a scope that includes more', { scopes: { ...BASE.scopes, all: { includes: ['a:read', 'a:write'] } } }, '1 route is EASIER to reach, 1 scope has changed',
    `EASIER TO REACH
! through all (was including a:read, is now including a:read, a:write):
!     POST /a: a:write (all is enough now)

Scopes
~ all (was including a:read, is now including a:read, a:write); opens POST /a
`],
  ['a scope that includes less', { scopes: { ...BASE.scopes, all: {} } }, '1 route is harder to reach, 1 scope has changed',
    `Harder to reach
- through all (was including a:read, is now plain):
-     GET /a: a:read (all is not enough any more)

Scopes
~ all (was including a:read, is now plain); opens no more GET /a
`],
  ['a scope that includes more through another', { scopes: { ...BASE.scopes, 'a:read': { includes: ['a:write'] } } }, '1 route is EASIER to reach, 2 scopes have changed',
    `EASIER TO REACH
! through a:read (was plain, is now including a:write):
!     POST /a: a:write (a:read is enough now)

Scopes
~ a:read (was plain, is now including a:write); opens POST /a
~ all (the same, but what it includes has changed); opens POST /a
`],
  ['a new scope that includes others', { scopes: { ...BASE.scopes, fresh: { includes: ['*'] } } }, '2 routes are EASIER to reach, 1 scope has changed',
    `EASIER TO REACH
! through fresh (new, including *):
!     GET /a: a:read (fresh is enough now)
!     POST /a: a:write (fresh is enough now)

Scopes
~ fresh (new, including *); opens GET /a, POST /a
`],
  ['a scope that is gone', { scopes: { 'a:read': {}, 'a:write': {} } }, '1 route is harder to reach, 1 scope has changed',
    `Harder to reach
- through all (removed, including a:read):
-     GET /a: a:read (all is not enough any more)

Scopes
~ all (removed, including a:read); opens no more GET /a
`],
  ['a scope that has a new name', { scopes: { ...BASE.scopes, 'a:write': { status: 'deprecated', replacedBy: 'b:write' }, 'b:write': {} }, routes: [BASE.routes[0]!, { route: 'POST /a', scopes: 'b:write' }] },
    '1 route is written in another way, 2 scopes have changed',
    `Said in another way, for the same callers
~ POST /a: was a:write, is now b:write

Scopes
~ a:write (was plain, is now deprecated, replaced by b:write)
~ b:write (new)
`],
  ['a new scope that opens nothing', { scopes: { ...BASE.scopes, 'b:read': {} } }, '1 scope has changed', 'Scopes\n~ b:read (new)\n'],
  ['a default grant', { defaultGrant: ['all'] }, 'what keys are given by default or by preset has changed',
    'Given to more\n! the default grant: was none, is now all (more: a:read, all)\n'],
  ['presets', { presets: { P: ['a:write'], Q: [] } }, 'what keys are given by default or by preset has changed',
    `Given to more
! preset "P": was a:read, is now a:write (more: a:write) (less: a:read)

Default grant and presets
~ preset "Q": was none, is now no scopes
`],
  ['who gets to the not-found handler', { notFound: { userOnly: true } }, '1 route is harder to reach', 'Harder to reach\n- requests that match no route: was everybody, is now users only\n'],
  ['nothing', {}, 'nothing has changed', '']
]

t.test('each change of the catalog is told with the routes that it opens and closes', async t => {
  for (const [what, after, summary, told] of CATALOGS) {
    const comparison = compareLocks(BASE, { ...BASE, ...after })
    t.equal(comparisonText(comparison), told, what)
    t.equal(comparisonSummary(comparison), summary, what)
  }
})

t.test('a summary counts everything', async t => {
  const before: Lock = { ...BASE, routes: [{ route: 'GET /a', public: true }, { route: 'GET /b', scopes: 'a:read' }, { route: 'GET /c', scopes: 'a:read' }, { route: 'GET /d', public: true }] }
  const after: Lock = { ...BASE, routes: [{ route: 'GET /a', userOnly: true }, { route: 'GET /b', public: true }, { route: 'GET /c', scopes: [] }, { route: 'GET /e', public: true }, { route: 'GET /f', public: true }] }
  t.equal(comparisonSummary(compareLocks(before, after)), '2 routes are EASIER to reach, 2 are new, 1 is harder to reach, 1 is removed')
})

t.test('of many ways and of many routes only some are named', async t => {
  const names = Array.from({ length: 8 }, (_, i) => `s${i}`)
  const scopes = Object.fromEntries([...names, 'one'].map(name => [name, {}]))
  const routes = (anyOf: readonly string[]): LockedRoute[] => [{ route: 'GET /x', scopes: { anyOf: ['one', ...anyOf] } }]
  const told = comparisonText(compareLocks({ ...BASE, scopes, presets: {}, routes: [{ route: 'GET /x', scopes: 'one' }] }, { ...BASE, scopes: { ...scopes, one: { } }, presets: {}, routes: routes(names) }))
  t.equal(told, `EASIER TO REACH\n! GET /x: was one, is now one of one, ${names.join(', ')}\n`)
  const many = Array.from({ length: 8 }, (_, i): LockedRoute => ({ route: `GET /${i}`, scopes: 'one' }))
  const wider = comparisonText(compareLocks({ ...BASE, scopes, presets: {}, routes: many }, { ...BASE, scopes: { ...scopes, s0: { includes: ['one'] } }, presets: {}, routes: many }))
  t.match(wider, 'opens GET /0, GET /1, GET /2, GET /3, GET /4 and 3 more\n')
  const swapped = comparisonText(compareLocks({ ...BASE, scopes, presets: {}, routes: [{ route: 'GET /x', scopes: 'one' }] }, { ...BASE, scopes, presets: {}, routes: [{ route: 'GET /x', scopes: { anyOf: names } }] }))
  t.match(swapped, '(s0 or s1 or s2 or s3 or s4 or others is enough now, one is not enough any more)')
})
