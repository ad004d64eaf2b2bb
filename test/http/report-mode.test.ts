// Report mode, as a table: who gets what answer from which kind of route, and which of these answers the mode lifts. The apps are
// made before the package is imported, so that there are routes that start-up could not see.
import { mock } from 'node:test'
import Fastify from 'fastify'
import type { FastifyInstance, FastifyRequest, FastifyServerOptions, RouteOptions } from 'fastify'
import t from 'tap'
import type { ApiKeyScopesOptions, RouteAccess, ScopesMode } from '../../lib/index.js'
import type { LogLine } from './wire-app.js'

/** Where the mode of a route comes from: what the plugin, the route's config and `annotate` say, and what comes of it. */
interface Setting { readonly plugin?: ScopesMode, readonly config?: ScopesMode, readonly annotate?: ScopesMode, readonly mode: ScopesMode }
const SETTINGS: readonly Setting[] = [
  { mode: 'enforce' },
  { plugin: 'enforce', mode: 'enforce' },
  { plugin: 'report', mode: 'report' },
  { config: 'report', mode: 'report' },
  { config: 'enforce', mode: 'enforce' },
  { plugin: 'enforce', config: 'report', mode: 'report' },
  { plugin: 'report', config: 'enforce', mode: 'enforce' },
  { annotate: 'report', mode: 'report' },
  { annotate: 'enforce', mode: 'enforce' },
  { plugin: 'enforce', annotate: 'report', mode: 'report' },
  { plugin: 'report', annotate: 'enforce', mode: 'enforce' },
  { config: 'report', annotate: 'enforce', mode: 'report' },
  { config: 'enforce', annotate: 'report', mode: 'enforce' },
  { plugin: 'report', config: 'enforce', annotate: 'report', mode: 'enforce' }
]

/** The answer to each sender, and after `>` what it is in report mode, where that is another. */
const TABLE = `
                nobody malformed unknown expired lacking good     user     weakUser noUser storeDown usersDown
  scopes        401    400       401     401     403>200 200      200      403>200  401    503       503
  any-key       401    400       401     401     200     200      200      200      401    503       503
  user          401    400       401     401     403>200 403>200  200      200      401    503       503
  public        200    200       200     200     200     200      200      200      200    200       200
  unannotated   403    403       403     403     403>200 403>200  403>200  403>200  403    403>503   403>503
  nowhere       401    400       401     401     403     404      404      403      401    503       503
  api-keys      401    400       401     401     403     403      200      200      401    503       503
`
/** Where the code of the denial is not told by the status. */
const CODES: Readonly<Record<string, string>> = { scopes: 'FST_API_KEY_MISSING_SCOPE', user: 'FST_API_KEY_USER_ONLY', unannotated: 'FST_API_KEY_UNANNOTATED_ROUTE' }
const ACCESS = { scopes: { scopes: 'clusters:write' }, 'any-key': { scopes: [] }, user: { userOnly: true }, public: { public: true } } as const
const KEYS = ['lacking', 'good']

const made = (lines: LogLine[]) => Fastify({ logger: { level: 'trace', stream: { write (line: string) { lines.push(JSON.parse(line) as LogLine) } } } } as FastifyServerOptions)
const lines: LogLine[][] = SETTINGS.map(() => [])
const apps = lines.map(made)
const unseen = (['enforce', 'report'] as const).map(mode => { const lines: LogLine[] = []; return { mode, lines, app: made(lines) } })

const { apiKeyScopes } = await import('../../lib/index.js')
const { apiKeyRoutes } = await import('../../lib/http/key-routes.js')
const { bearer, plant, scopes, watchedStore } = await import('./wire-app.js')

const [senders, ...rows] = TABLE.trim().split('\n').map(line => line.trim().split(/\s+/)) as [string[], ...string[][]]
interface Answer { readonly statusCode: number, readonly body: string, readonly challenge: unknown }
const enforced = new Map<string, Answer>()

for (const [i, setting] of SETTINGS.entries()) {
  const { mode, ...said } = setting
  await t.test(`${JSON.stringify(said)}: ${mode}`, async t => {
    const app = apps[i]!
    t.teardown(() => app.close())
    const { headers, ran } = await start(app, setting)
    let lifts = 0
    // Of a route that says nothing, `annotate` has nothing to say here either.
    const unsaid = setting.config ?? setting.plugin ?? 'enforce'
    for (const [kind, ...cells] of rows as Array<[string, ...string[]]>) {
      for (const [j, cell] of cells.entries()) {
        const sender = senders[j]!
        for (const place of ['early', 'late'].filter(place => place === 'early' ? kind !== 'nowhere' && kind !== 'api-keys' : kind !== 'unannotated')) {
          const what = `${sender} at ${place} ${kind}`
          const [status, lifted = status] = cell.split('>').map(Number)
          const isReport = (kind === 'unannotated' ? unsaid : mode) === 'report'
          const expected = isReport ? lifted! : status!
          lines[i]!.length = ran.length = 0
          const { statusCode, body, headers: { 'www-authenticate': challenge } } = await app.inject({ url: kind === 'api-keys' ? '/api-keys' : `/${place}/${kind}`, headers: headers[sender]! })
          t.equal(statusCode, expected, what)

          const isLifted = isReport && lifted === 200 && status !== 200
          if (isLifted) lifts++
          const told = lines[i]!.filter(({ audit }) => audit !== undefined)
          t.same(told.map(({ audit }) => audit!.outcome), isLifted ? ['reported'] : expected === 200 || expected === 404 ? [] : ['denied'])
          if (isLifted) t.match(told, [{ level: 40, msg: 'request would have been denied (report mode)', audit: { code: CODES[kind], route: `/${place}/${kind}` } }])
          if (kind !== 'api-keys') t.same(ran, expected === 200 ? [principalOf(sender, kind)] : [], 'the handler ran, for whom it should')

          // Whatever is not lifted is answered as ever, to the byte.
          const answer = { statusCode, body, challenge }
          if (i === 0) enforced.set(what, answer)
          else if (expected === status && kind !== 'api-keys') t.same(answer, enforced.get(what))
        }
      }
    }
    const { count, callers } = app.apiKeys.reported()
    t.same([count, callers.filter(({ actor: { type } }) => type !== 'apiKey' && type !== 'user')], [lifts, []], 'the summary has all of them, and no strangers')
  })
}

await t.test('of routes that nobody saw, as much is told at start as can be, and once an hour all of it', async t => {
  mock.timers.enable({ apis: ['setInterval'] })
  t.teardown(() => { mock.timers.reset() })
  for (const { mode, lines, app } of unseen) {
    t.teardown(() => app.close())
    app.get('/early', { config: { scopesMode: 'report' } }, async () => 'ok')
    app.get('/wrong', { config: { scopes: 'no:such' } }, async () => 'ok')
    await app.register(apiKeyScopes, { scopes, store: watchedStore(), keyPrefix: 'skale', mode })
    await app.ready()
    const warnings = () => lines.map(({ msg }) => msg!).filter(msg => msg.startsWith('report mode'))
    const atStart = mode === 'report' ? [/^report mode: 0 of 0 routes, and some that could not be seen at start, let keys and sessions through/] : []
    t.match(warnings(), atStart)
    t.equal(warnings().length, atStart.length)
    const unsaid = lines.map(({ msg }) => msg!).filter(msg => msg.includes('was imported after this app was made'))
    t.match(unsaid, [mode === 'report' ? /those that do not are refused to whoever cannot prove who they are$/ : /those that do not are refused to everybody$/])
    const { key } = await app.apiKeys.create({ name: 'k', scopes: [] })
    t.equal((await app.inject({ url: '/early', headers: bearer(key) })).statusCode, 200)
    t.equal((await app.inject({ url: '/wrong', headers: bearer(key) })).statusCode, 403, 'of what is said wrongly nothing is clear')
    mock.timers.tick(3_600_000)
    t.same(warnings().slice(atStart.length), ['report mode: would-be denials in the last hour: 1'])
  }
})

function principalOf (sender: string, kind: string): string {
  if (kind === 'public') return 'nobody'
  return KEYS.includes(sender) ? 'apiKey' : 'user'
}

async function start (app: FastifyInstance, { plugin, config, annotate }: Setting) {
  const ran: string[] = []
  const handler = async ({ principal }: FastifyRequest) => { ran.push(principal?.type ?? 'nobody') }
  const declare = (place: string) => {
    for (const [kind, access] of Object.entries(ACCESS)) {
      const saysMode = kind !== 'public' && config !== undefined && { scopesMode: config }
      app.route({ method: 'GET', url: `/${place}/${kind}`, config: { ...annotate === undefined && access, ...saysMode } as NonNullable<RouteOptions['config']>, handler })
    }
  }
  declare('early')
  app.get('/early/unannotated', { config: config === undefined ? {} : { scopesMode: config } }, handler)

  const store = watchedStore()
  const options: ApiKeyScopesOptions = {
    scopes,
    store,
    keyPrefix: 'skale',
    apiKeyHeader: 'x-api-key',
    notFound: { scopes: 'clusters:write' },
    ...plugin !== undefined && { mode: plugin },
    ...annotate !== undefined && {
      annotate ({ url }: { readonly url: string }): RouteAccess | undefined {
        const kind = url.split('/')[2] as keyof typeof ACCESS
        if (ACCESS[kind] === undefined) return undefined
        return kind === 'public' ? ACCESS[kind] : { ...ACCESS[kind], scopesMode: annotate } as RouteAccess
      }
    },
    authenticateUser ({ headers }) {
      if (headers['x-user'] === 'down') throw new Error('down')
      return headers['x-user'] === undefined ? null : { id: String(headers['x-user']), ...headers['x-scopes'] !== undefined && { scopes: [] } }
    }
  }
  await app.register(apiKeyScopes, options)
  declare('late')
  await app.register(apiKeyRoutes)
  await app.ready()

  const create = async (...names: string[]) => bearer((await app.apiKeys.create({ name: 'k', scopes: names })).key)
  const lost = await plant(store)
  const { fingerprintOf } = await import('../../lib/keys/digest.js')
  store.before = digest => { if (digest === fingerprintOf(lost)) throw new Error('down') }
  const good = await create('clusters:write')
  const headers: Record<string, Record<string, string>> = {
    nobody: {},
    malformed: { ...good, 'x-api-key': good.authorization },
    unknown: bearer(await plant(watchedStore())),
    expired: bearer(await plant(store, { scopes: ['full'], expiresAt: new Date('2024-02-01') })),
    lacking: await create('clusters:read'),
    good,
    user: { 'x-user': 'u1' },
    weakUser: { 'x-user': 'u2', 'x-scopes': 'none' },
    noUser: bearer('stranger'),
    storeDown: bearer(lost),
    usersDown: { 'x-user': 'down' }
  }
  return { headers, ran }
}
