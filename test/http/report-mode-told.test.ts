// How loud report mode is: at start, at each request, once an hour, at the end.
import { mock } from 'node:test'
import t, { type Test } from 'tap'
import type { AuditEvent, ScopesMode } from '../../lib/index.js'
import { published } from '../keys/published.js'
import { bearer, LEVELS, wireApp, type LogLine, type WireOptions } from './wire-app.js'

const LINE = 'request would have been denied (report mode)'
const warnings = (lines: readonly LogLine[]) => lines.filter(({ level, msg }) => level === LEVELS.warn && msg!.startsWith('report mode'))
const logged = (lines: readonly LogLine[]) => lines.filter(({ msg }) => msg === LINE)
interface Hour { readonly count: number, readonly unlisted: number, readonly denials: ReadonlyArray<Record<string, unknown>> }

/** A clock of which a test decides what it shows. */
function clock (t: Test): { add (milliseconds: number): void } {
  const real = performance.now.bind(performance)
  let added = 0
  const now = mock.method(performance, 'now', () => real() + added)
  t.teardown(() => { now.mock.restore() })
  return { add (milliseconds) { added += milliseconds } }
}

const options = (mode: ScopesMode | undefined, routeMode?: ScopesMode): WireOptions => ({
  bare: true,
  plugin: { ...mode !== undefined && { mode }, audit: { decisions: 'denied' } },
  after: app => {
    const said = routeMode !== undefined && { scopesMode: routeMode }
    app.get('/clusters', { config: { scopes: 'clusters:read', ...said } }, async () => 'ok')
    app.get('/devices', { config: { scopes: 'devices:read', ...said } }, async () => 'ok')
    app.get('/strict', { config: { scopes: 'devices:read', scopesMode: 'enforce' } }, async () => 'ok')
    app.get('/public', { config: { public: true } }, async () => 'ok')
  }
})

t.test('at start a warning says how many routes are not enforced', async t => {
  const table: ReadonlyArray<readonly [plugin: ScopesMode | undefined, route: ScopesMode | undefined, said?: RegExp]> = [
    [undefined, undefined],
    ['enforce', 'enforce'],
    ['report', undefined, /^report mode: 2 of 4 routes let keys and sessions through that lack scopes; what would have been denied is logged/],
    [undefined, 'report', /^report mode: 2 of 4 routes let/],
    ['report', 'enforce', /^report mode: 0 of 4 routes let/]
  ]
  for (const [plugin, route, said] of table) {
    const { lines, app } = await wireApp(t, options(plugin, route))
    const found = warnings(lines)
    t.equal(found.length, said === undefined ? 0 : 1, `${plugin ?? 'nothing'}, ${route ?? 'nothing'}`)
    if (said !== undefined) t.match(found, [{ msg: said, reportMode: { of: 4 } }])
    t.same(app.apiKeys.routes().map(({ url, mode }) => [url, mode]), [
      ['/clusters', route ?? plugin ?? 'enforce'], ['/devices', route ?? plugin ?? 'enforce'], ['/strict', 'enforce'], ['/public', 'enforce']
    ])
  }
})

t.test('each would-be denial is one event, for the log, the channel and the sink', async t => {
  const heard = published(t)
  const taken: AuditEvent[] = []
  const { get, create, lines, app } = await wireApp(t, { ...options('report'), plugin: { mode: 'report', audit: event => { taken.push(event) } } })
  const key = await create('clusters:read')
  const { records: [record] } = await app.apiKeys.list()
  heard.length = taken.length = 0
  t.equal((await get('/devices?secret=1', bearer(key))).statusCode, 200)
  const expected = {
    version: 1,
    action: 'request',
    outcome: 'reported',
    actor: { type: 'apiKey', id: record!.id, ownerId: null },
    keyId: record!.id,
    ownerId: null,
    method: 'GET',
    route: '/devices',
    reason: 'missingScope',
    code: 'FST_API_KEY_MISSING_SCOPE',
    requiredScopes: ['devices:read'],
    missingScopes: ['devices:read']
  }
  t.match(taken, [expected])
  t.same(heard, taken)
  const [line, ...more] = logged(lines)
  t.same(more, [])
  t.match(line, { level: LEVELS.warn, reqId: taken[0]!.requestId, reportsNotLogged: 0 })
  t.same(line!.audit, taken[0])
  t.notMatch(JSON.stringify(line), /secret/)
  t.notOk(JSON.stringify(lines).includes(key))
})

t.test('a client that does it again and again is logged once a minute, and every event is counted and goes to the sink', async t => {
  const time = clock(t)
  const taken: AuditEvent[] = []
  const { get, create, lines, app } = await wireApp(t, { ...options('report'), plugin: { mode: 'report', audit: event => { if (event.action === 'request') taken.push(event) } } })
  const [one, other] = [bearer(await create()), bearer(await create())]
  for (let i = 0; i < 50; i++) await get('/devices', one)
  t.equal(logged(lines).length, 1)
  await get('/devices', other)
  await get('/clusters', one)
  t.equal(logged(lines).length, 3, 'another key, or another route, is another story')
  time.add(59_000)
  await get('/devices', one)
  t.equal(logged(lines).length, 3)
  time.add(1500)
  await get('/devices', one)
  t.match(logged(lines).at(-1), { reportsNotLogged: 50 })
  t.equal(taken.length, 54)
  t.equal(app.apiKeys.reported().count, 54)
})

t.test('a sink that fails, and a log that is silent, change nothing', async t => {
  const { get, create, app } = await wireApp(t, { ...options('report'), fastify: { logger: false }, plugin: { mode: 'report', audit: () => { throw new Error('sink') } } })
  t.equal((await get('/devices', bearer(await create()))).statusCode, 200)
  t.equal(app.apiKeys.reported().count, 1)
})

t.test('once an hour a warning sums up that hour, and at the end what is left of it', async t => {
  mock.timers.enable({ apis: ['setInterval'] })
  t.teardown(() => { mock.timers.reset() })
  const { get, create, lines, app } = await wireApp(t, options('report'))
  const [one, other] = [bearer(await create()), bearer(await create())]
  const hours = () => warnings(lines).slice(1).map(({ msg, reportMode }) => ({ msg, ...reportMode as Hour }))

  for (let i = 0; i < 3; i++) await get('/devices', one)
  for (let i = 0; i < 5; i++) await get('/clusters', other)
  mock.timers.tick(3_599_999)
  t.same(hours(), [])
  mock.timers.tick(1)
  t.match(hours(), [{ msg: 'report mode: would-be denials in the last hour: 8', count: 8, unlisted: 0 }])
  t.match(hours()[0]!.denials, [
    { actor: { type: 'apiKey', ownerId: null }, method: 'GET', route: '/clusters', code: 'FST_API_KEY_MISSING_SCOPE', missingScopes: ['clusters:read'], count: 5 },
    { route: '/devices', missingScopes: ['devices:read'], count: 3 }
  ])

  await get('/devices', one)
  mock.timers.tick(3_600_000)
  t.match(hours()[1], { count: 1, denials: [{ route: '/devices', count: 1 }] }, 'of that hour alone')
  mock.timers.tick(3_600_000)
  t.match(hours()[2], { count: 0, denials: [] }, 'the warning stands also if nobody was lacking anything')

  await get('/devices', other)
  await app.close()
  t.match(hours()[3], { count: 1, denials: [{ route: '/devices', count: 1 }] })
  mock.timers.tick(7_200_000)
  t.equal(hours().length, 4, 'nothing is left running')
})

t.test('the hour is told of where nobody was lacking anything, and keeps no process alive', async t => {
  const timers = () => process.getActiveResourcesInfo().filter(resource => resource === 'Timeout').length
  const before = timers()
  await wireApp(t, options('report'))
  t.equal(timers(), before)

  mock.timers.enable({ apis: ['setInterval'] })
  t.teardown(() => { mock.timers.reset() })
  const { lines } = await wireApp(t, options('report'))
  mock.timers.tick(3_600_000)
  t.match(warnings(lines).slice(1), [{ reportMode: { count: 0, denials: [] } }])
  t.equal(warnings(lines).length, 2)
})

t.test('an app that enforces everything says nothing of it, not even at the end', async t => {
  mock.timers.enable({ apis: ['setInterval'] })
  t.teardown(() => { mock.timers.reset() })
  const { get, create, lines, app } = await wireApp(t, options(undefined))
  t.equal((await get('/devices', bearer(await create()))).statusCode, 403)
  mock.timers.tick(7_200_000)
  await app.close()
  t.same(warnings(lines), [])
  t.match(app.apiKeys.reported(), { count: 0, unlisted: 0, callers: [] })
})

t.test('the line of an hour has an end, and so has what is remembered: the rest is counted', async t => {
  mock.timers.enable({ apis: ['setInterval'] })
  t.teardown(() => { mock.timers.reset() })
  const time = clock(t)
  const { app, lines, get } = await wireApp(t, {
    ...options('report'),
    plugin: { mode: 'report', authenticateUser: ({ headers }) => ({ id: String(headers['x-user']), scopes: [] }) }
  })
  for (let i = 0; i < 1010; i++) await get('/devices', { 'x-user': `u${i}` })
  await get('/devices', { 'x-user': 'u7' })
  const summary = app.apiKeys.reported()
  t.same([summary.count, summary.unlisted, summary.callers.length], [1001, 10, 1000])
  t.match(summary.callers[0], { actor: { type: 'user', id: 'u7' }, count: 2 }, 'who is known is still told apart')
  t.equal(logged(lines).length, 1001, 'those without a row share one line')
  time.add(60_001)
  await get('/devices', { 'x-user': 'u2000' })
  t.match(logged(lines).at(-1), { reportsNotLogged: 9, audit: { actor: { id: 'u2000' } } })
  mock.timers.tick(3_600_000)
  const { count, unlisted, denials } = warnings(lines).at(-1)!.reportMode as Hour
  t.same([count, unlisted, denials.length], [1012, 11, 50])
  mock.timers.tick(3_600_000)
  t.match(warnings(lines).at(-1), { reportMode: { count: 0, unlisted: 0 } })
})
