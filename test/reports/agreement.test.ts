// No view of an app disagrees with what really happens: every route is asked by many, over the whole app, and every view is asked the same.
import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { FastifyInstance } from 'fastify'
import t from 'tap'
import type { GuardedRoute } from '../../lib/index.js'
import { kindsOf, resourceOf } from './agreement-kinds.js'
import { answerTo, callerWith, type Ask, type Caller, type Verdict } from './agreement-set-up.js'
import { VIEWS, type View } from './agreement-views.js'
import { APPS, EXAMPLES, type ShownApp } from './apps.js'
import { bigApp } from './big-app.js'
import { samplesFor } from './samples.js'

t.setTimeout(900_000)

const REPORTING: ShownApp = { name: 'the app of 650 routes in report mode', build: async () => ({ app: await bigApp({ plugin: { mode: 'report' } }), user: { 'x-user': 'admin' } }) }

const NOBODY: Caller = { type: 'nobody', id: '', scopes: [], headers: {} }

for (const { name, build } of [...APPS, REPORTING]) {
  t.test(name, async t => {
    const { app, user } = await build()
    t.teardown(async () => { await app.close() })
    await app.ready()
    const routes = app.apiKeys.routes()
    const keys = await keysOf(app)
    // In report mode the routes are the same, and some keys are enough.
    const callers = [NOBODY, { type: 'user', id: '', scopes: [], headers: user } as const, ...name === REPORTING.name ? keys.filter((_, i) => i % 3 === 0) : keys]
    const views = await Promise.all(VIEWS.map(async view => ({ name: view.name, tell: await view.of(app) })))

    await t.test(`each of ${routes.length} routes, by nobody, a user, and keys with nothing, each scope, each preset, pairs`, async t => {
      const told = new Map<string, number>()
      const wrong: string[] = []
      const kindOf = kindsOf(app.apiKeys.catalog)
      const asked = new Map<string, number>()
      let requests = 0
      for (const [i, caller] of callers.entries()) {
        for (const j of routes.keys()) {
          // Each caller begins elsewhere, so that not always the same routes stand for their kind.
          const route = routes[(j + i * 37) % routes.length]!
          // Where there are many routes: of those that cannot matter to a key, some; of those that can, some of each kind, and all that it is made for.
          if (routes.length > 100 && i > 2 && !isExact(caller, route)) {
            if (!matters(app, caller, route)) {
              if ((i + j) % 48 > 0) continue
            } else {
              const kind = kindOf(caller, route)
              const times = asked.get(kind) ?? 0
              if (times >= 2) continue
              asked.set(kind, times + 1)
            }
          }
          for (const sample of samplesFor(route)) {
            requests++
            wrong.push(...await disagreements({ route, sample, caller }, app, views, told))
          }
        }
      }
      t.same(wrong.slice(0, 20), [])
      t.comment(`${requests} requests; ${[...told].map(([view, count]) => `${view} told of ${count}`).join(', ')}`)
      for (const { name } of VIEWS) t.ok((told.get(name) ?? 0) > 0 || !applicable(name, routes), `${name} told of some`)
    })

    await t.test('findings do not lie', async t => {
      const enforced = routes.filter(({ mode }) => mode === 'enforce')
      const opened = async (scopes: readonly string[]) => {
        const caller = await callerWith(app, scopes)
        const open: string[] = []
        for (const route of enforced) {
          for (const sample of samplesFor(route)) if ((await answerTo(app, { route, sample, caller })).allowed) open.push(`${route.method} ${route.url} ${JSON.stringify(sample)}`)
        }
        return open
      }
      const undemanded = app.apiKeys.findings().flatMap(({ kind, scope }) => kind === 'undemanded-scope' ? [scope!] : [])
      const nothing = await opened([])
      t.equal(undemanded.includes('nobody:needs'), app.apiKeys.catalog.scopes.has('nobody:needs' as never))
      for (const scope of undemanded) t.same(await opened([scope]), nothing, `${scope} opens nothing`)
    })

    await t.test('any grant', async () => {
      const grantable = [...app.apiKeys.catalog.scopes.values()].filter(({ status }) => status === 'active' || status === 'deprecated').map(({ name }) => name)
      // The views that are made before their keys are there.
      const others = views.filter(({ name }) => name !== 'whoCan()')
      await fc.assert(fc.asyncProperty(fc.subarray(grantable, { maxLength: Math.min(12, grantable.length) }), fc.subarray([...routes], { minLength: 1, maxLength: Math.min(25, routes.length) }), async (scopes, asked) => {
        const caller = await callerWith(app, scopes)
        const wrong: string[] = []
        for (const route of asked) {
          for (const sample of samplesFor(route)) wrong.push(...await disagreements({ route, sample, caller }, app, others))
        }
        assert.deepEqual(wrong, [])
      }), { numRuns: 25 })
    })
  })
}

t.test('a view that is wrong about one request is found out', async t => {
  const { app } = await EXAMPLES[0]!.build()
  t.teardown(async () => { await app.close() })
  await app.ready()
  const caller = await callerWith(app, ['apps:read'])
  const route = app.apiKeys.routes().find(({ method, url }) => `${method} ${url}` === 'GET /apps')!
  const ask = { route, sample: { applies: [] }, caller }
  t.same(await answerTo(app, ask), { allowed: true, code: null, missing: [] })
  for (const verdict of [{ allowed: false }, { allowed: true, code: 'FST_API_KEY_MISSING_SCOPE' }, { allowed: true, missing: ['full'] }]) {
    const wrong = await disagreements(ask, app, [{ name: 'a view', tell: () => verdict }])
    t.equal(wrong.length, 1, String(wrong[0]))
  }
  t.same(await disagreements(ask, app, [{ name: 'a view', tell: () => undefined }]), [])
})

interface Shown { readonly name: string, readonly tell: Awaited<ReturnType<View['of']>> }

/** In which views something else is told than what happens. */
async function disagreements (ask: Ask, app: FastifyInstance, views: readonly Shown[], told = new Map<string, number>()): Promise<string[]> {
  const actual = await answerTo(app, ask)
  const wrong: string[] = []
  for (const { name, tell } of views) {
    const verdict = await tell(ask)
    if (verdict === undefined) continue
    told.set(name, (told.get(name) ?? 0) + 1)
    if (!agrees(verdict, actual)) wrong.push(`${name}: ${JSON.stringify(verdict)} of ${ask.route.method} ${ask.route.url} ${JSON.stringify(ask.sample)} by ${ask.caller.type} ${ask.caller.scopes.join(', ')}, which is answered ${JSON.stringify(actual)}`)
  }
  return wrong
}

function agrees (verdict: Verdict, actual: Verdict): boolean {
  return verdict.allowed === actual.allowed && (verdict.code === undefined || verdict.code === actual.code) &&
    (verdict.missing === undefined || [...verdict.missing].sort().join() === [...actual.missing!].sort().join())
}

async function keysOf (app: FastifyInstance): Promise<Caller[]> {
  const { catalog } = app.apiKeys
  const scopes = [...catalog.scopes.values()].filter(({ status }) => status === 'active' || status === 'deprecated').map(({ name }) => name as string)
  const pairs = scopes.map((scope, i) => [scope, scopes[(i * 7 + 3) % scopes.length]!]).filter((_, i) => i % 3 === 0)
  const grants = [[], ...scopes.map(scope => [scope]), ...catalog.presets.values(), ...catalog.defaultGrant === undefined ? [] : [catalog.defaultGrant], ...pairs]
  const callers: Caller[] = []
  for (const granted of grants) callers.push(await callerWith(app, [...new Set(granted)]))
  return callers
}

/** Whether a key has just what a route needs, and no more. */
function isExact ({ scopes }: Caller, route: GuardedRoute): boolean {
  return route.scopes.some(names => names.length === scopes.length && names.every(name => scopes.includes(name)))
}

/** Whether a key has something to do with what a route needs: a scope that covers it, or that is of the same resource and may not. */
function matters (app: FastifyInstance, { scopes }: Caller, route: GuardedRoute): boolean {
  const grant = app.apiKeys.catalog.grant(scopes)
  const resource = resourceOf(scopes[0])
  return [route.scopes, ...route.conditions.map(({ scopes }) => scopes)].flat(2).some(name => grant.covers(name) || (scopes.length < 3 && resourceOf(name) === resource))
}

/** The reference tells outsiders what is needed; where only that is said which scopes are enough, nothing is said of report mode. */
function applicable (view: string, routes: readonly GuardedRoute[]): boolean {
  return routes.some(({ mode, access, scopes }) => mode === 'enforce' && access === 'scopes' && scopes.flat().length > 0) || !/alone|opens/.test(view)
}
