// Commands about an app: how it is found, made ready and closed without a store, and what `routes` says of it.
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { asProcess, CATALOG, inProcess, installed, json, onTerminal, project, root, runInstalled, RUNNERS } from './set-up.js'

const IMPORTS = `import Fastify from 'fastify'
import apiKeyScopes from 'fastify-api-key-scopes'
import { sqliteStore } from 'fastify-api-key-scopes/sqlite'
import { scopes } from './scopes.mjs'
const settings = { scopes, store: sqliteStore('not-opened.db'), keyPrefix: 'acme' }
const handler = async () => 'ok'
const declare = app => { app.get('/apps', { config: { scopes: 'apps:read' } }, handler) }
async function build () {
  const app = Fastify()
  await app.register(apiKeyScopes, settings)
  declare(app)
  return app
}
`
const REQUIRES = `const Fastify = require('fastify')
const { apiKeyScopes, defineScopes, memoryStore } = require('fastify-api-key-scopes')
const settings = { scopes: defineScopes({ 'apps:read': 'Read' }), store: memoryStore(), keyPrefix: 'acme' }
const handler = async () => 'ok'
const declare = app => { app.get('/apps', { config: { scopes: 'apps:read' } }, handler) }
async function build () {
  const app = Fastify()
  await app.register(apiKeyScopes, settings)
  declare(app)
  return app
}
`
const PLUGIN = 'await app.register(apiKeyScopes, settings)\n  declare(app)'

/** Each is an app with the one route `GET /apps`. */
const FORMS: ReadonlyArray<readonly [what: string, file: string, content: string, ...args: string[]]> = [
  ['an app', 'a.mjs', `${IMPORTS}export default await build()`],
  ['an app that has not loaded its plugins', 'a.mjs', `${IMPORTS}const app = Fastify()\napp.register(apiKeyScopes, settings)\napp.after(() => { declare(app) })\nexport default app`],
  ['an app that is ready', 'a.mjs', `${IMPORTS}const app = await build()\nawait app.ready()\nexport default app`],
  ['a promise of an app', 'a.mjs', `${IMPORTS}export default build()`],
  ['a function that makes an app', 'a.mjs', `${IMPORTS}export default build`],
  ['a function that makes an app at once', 'a.mjs', `${IMPORTS}export default () => {\n  const app = Fastify()\n  app.register(apiKeyScopes, settings).after(() => { declare(app) })\n  return app\n}`],
  ['a plugin', 'a.mjs', `${IMPORTS}export default async function (app, given) {\n  ${PLUGIN}\n}`],
  ['a plugin that takes no options', 'a.mjs', `${IMPORTS}export default async app => {\n  ${PLUGIN}\n}`],
  ['a plugin with a callback', 'a.mjs', `${IMPORTS}export default function (app, given, done) {\n  app.register(apiKeyScopes, settings).after(() => { declare(app) })\n  done()\n}`],
  ['a plugin that is wrapped by fastify-plugin', 'a.mjs', `import fp from 'fastify-plugin'\n${IMPORTS}export default fp(async app => {\n  ${PLUGIN}\n})`],
  ['a plugin with options for the server, as fastify-cli takes them', 'a.mjs', `${IMPORTS}export const options = { logger: true, exposeHeadRoutes: false }
export default async app => {\n  if (app.initialConfig.exposeHeadRoutes) throw new Error('which options?')\n  ${PLUGIN}\n}`],
  ['an export with a name', 'a.mjs', `${IMPORTS}export { build }\nexport default 'something else'`, '--export', 'build'],
  ['CommonJS that exports an app', 'a.cjs', `${REQUIRES}module.exports = build()`],
  ['CommonJS that exports a function', 'a.cjs', `${REQUIRES}module.exports = build`],
  ['CommonJS that exports a plugin', 'a.cjs', `${REQUIRES}module.exports = async app => {\n  ${PLUGIN}\n}`],
  ['CommonJS with a name', 'a.cjs', `${REQUIRES}module.exports = { build }`, '--export', 'build'],
  ['CommonJS with a name that Node does not see', 'a.cjs', `${REQUIRES}module.exports = Object.fromEntries([['build', build]])`, '--export', 'build'],
  ['CommonJS that was compiled from an ES module', 'a.cjs', `${REQUIRES}Object.defineProperty(exports, '__esModule', { value: true })\nexports.default = build`],
  ['TypeScript', 'a.mts', `import type { FastifyInstance } from 'fastify'\n${IMPORTS.replace('declare = app =>', 'declare = (app: FastifyInstance) =>')}enum Name { of = 'the app' }\nexport default async (): Promise<FastifyInstance> => Name.of === 'the app' ? await build() : Fastify()`],
  ['TypeScript that exports an app', 'a.mts', `${IMPORTS}const app: unknown = await build()\nexport default app`],
  ['TypeScript that exports a promise', 'a.mts', `${IMPORTS}const app: unknown = build()\nexport default app`],
  ['an app that logs', 'a.mjs', `${IMPORTS}const app = Fastify({ logger: true })\napp.register(apiKeyScopes, settings).after(() => { declare(app) })\nexport default app`],
  ['an app whose logger has no levels', 'a.mjs', `${IMPORTS}const log = () => {}
const logger = { info: log, error: log, debug: log, fatal: log, warn: log, trace: log, child: () => logger }
const app = Fastify({ loggerInstance: logger })\napp.register(apiKeyScopes, settings).after(() => { declare(app) })\nexport default app`]
]

t.test('an app may be', { jobs: 2 }, async t => {
  for (const [i, [what, file, content, ...args]] of FORMS.entries()) {
    t.test(what, async t => {
      const dir = aFolder(t)
      writeFileSync(join(dir, file), content)
      // A process takes long to start: one for each kind of file.
      const isFirst = FORMS.findIndex(([, other]) => other === file) === i
      for (const [how, run] of isFirst ? RUNNERS : [['the sources', inProcess] as const]) {
        const ran = await run(['routes', join(dir, file), '--json', ...args], { cwd: dir })
        t.same(json(ran).routes.map(({ method, url, scopes }: Record<string, unknown>) => [method, url, scopes]), [['GET', '/apps', [['apps:read']]]], how)
      }
      t.notOk(existsSync(join(dir, 'not-opened.db')))
    })
  }
})

const WRONG: ReadonlyArray<readonly [what: string, content: string | null, code: number, says: RegExp, ...args: string[]]> = [
  ['there is no such file', null, 2, /^error: there is no file .*a\.mjs\n$/],
  ['it cannot be loaded', 'export default } ', 2, /^error: .*a\.mjs cannot be loaded: Unexpected token '}'\n$/],
  ['it throws', 'throw new Error(\'no DATABASE_URL\')', 2, /^error: .*a\.mjs cannot be loaded: no DATABASE_URL\n$/],
  ['it exports nothing', IMPORTS, 2, /^error: .*a\.mjs must export the app, a function that makes it, or a plugin, as its default export or with --export <name>, not undefined\n$/],
  ['it exports something under another name', `${IMPORTS}export { build, declare }\nexport const port = 3000`, 2, /, not undefined; it also exports build, declare\n$/],
  ['there is no such export', `${IMPORTS}export default build\nexport { declare }`, 2, / must export the app, a function that makes it, or a plugin as biuld, not undefined; it also exports declare\n$/, '--export', 'biuld'],
  ['it exports something else', 'export default { port: 3000 }', 2, /, not \{.*port.*\}\n$/],
  ['it makes something else', `${IMPORTS}export default async () => 'http://localhost:3000'`, 2, /, not "http:\/\/localhost:3000"\n$/],
  ['it makes nothing', `${IMPORTS}export default async () => { await (await build()).close() }`, 2, /, not undefined\n$/],
  ['making it fails', `${IMPORTS}export default async () => { throw new Error('no DATABASE_URL') }`, 1, /^error: the app of .*a\.mjs does not start: no DATABASE_URL\n$/],
  ['its promise rejects', `${IMPORTS}export default new Promise((resolve, reject) => { setTimeout(reject, 10, 'no reason') })`, 1, / does not start: no reason\n$/],
  ['it does not start', `${IMPORTS}export default async () => {\n  const app = await build()\n  app.get('/forgotten', handler)\n  return app\n}`, 1, / does not start: 1 route does not say who may call it: \/forgotten GET, HEAD \/forgotten Give each route /],
  ['it uses keys as it starts', `${IMPORTS}export default async () => {\n  const app = await build()\n  app.addHook('onReady', async () => { await app.apiKeys.create({ name: 'first', scopes: [] }) })\n  return app\n}`, 1, / does not start: it calls app\.apiKeys while it starts, and this command does not open its store; do that in an onListen hook\n$/],
  ['a plugin fails', `${IMPORTS}export default async app => { throw new Error('not today') }`, 1, / does not start: not today\n$/],
  ['it does not use the plugin', 'import Fastify from \'fastify\'\nexport default Fastify()', 2, / does not use fastify-api-key-scopes, or only in a part of it; register the plugin on the app itself\n$/],
  ['it uses it in a part of it', `${IMPORTS}const app = Fastify()\napp.register(async child => {\n  await child.register(apiKeyScopes, settings)\n})\nexport default app`, 2, / or only in a part of it/]
]

t.test('it is told what is wrong, if', { jobs: 2 }, async t => {
  for (const [i, [what, content, code, says, ...args]] of WRONG.entries()) {
    t.test(what, async t => {
      const dir = aFolder(t)
      const file = join(dir, 'a.mjs')
      if (content !== null) writeFileSync(file, content)
      // A process takes long to start: one for each exit code.
      const isFirst = WRONG.findIndex(([, , other]) => other === code) === i
      for (const [how, run] of isFirst ? RUNNERS : [['the sources', inProcess] as const]) {
        const ran = await run(['routes', file, ...args], { cwd: dir })
        t.match(ran, { code, stdout: '', stderr: says }, how)
      }
    })
  }

  t.test('it is no JavaScript', async t => {
    t.match(await inProcess(['routes', join(root, 'package.json')]), { code: 2, stderr: /package\.json must be TypeScript or JavaScript, \.ts, / })
  })

  t.test('no file is named', async t => {
    t.match(await inProcess(['routes']), { code: 2, stderr: /missing required argument 'app'/ })
  })

  t.test('an option is for commands about keys', async t => {
    for (const option of ['--store', '--config']) {
      t.match(await inProcess(['routes', 'a.mjs', option, 'sqlite:keys.db']), { code: 2, stderr: new RegExp(`^error: routes does not take ${option}: the app itself says what its options are`) })
    }
  })

  t.test('Fastify is not installed where the app is', async t => {
    const dir = installed(t)
    writeFileSync(join(dir, 'a.mjs'), 'export default async app => {}')
    t.match(await runInstalled(dir, ['routes', 'a.mjs']), { code: 1, stderr: /does not start: Cannot find module 'fastify'/ })
  })
})

t.test('an app that fails is closed', async t => {
  const dir = aFolder(t)
  const file = join(dir, 'a.mjs')
  writeFileSync(file, `import { writeFileSync } from 'node:fs'\n${IMPORTS}export default async () => {
  const app = await build()
  app.addHook('onClose', async () => { writeFileSync(${JSON.stringify(join(dir, 'closed'))}, '') })
  app.get('/forgotten', handler)
  return app\n}`)
  t.equal((await inProcess(['routes', file])).code, 1)
  t.ok(existsSync(join(dir, 'closed')))
})

t.test('the store of an app that is looked at is not touched, and nothing can be done with keys', async t => {
  const dir = aFolder(t)
  const file = join(dir, 'a.mjs')
  writeFileSync(file, `${IMPORTS}const fail = () => { throw new Error('asked') }
settings.store = new Proxy({}, { get: (_, method) => method === 'findByDigest' ? fail : fail() })
export default async () => {
  const app = await build()
  app.addHook('onReady', async () => {
    for (const ask of [() => app.apiKeys.list(), () => app.apiKeys.create({ name: 'a' })]) {
      const code = await ask().then(() => 'answered', error => error.code)
      if (code !== 'FST_API_KEY_STORE_INCAPABLE') throw new Error(code)
    }
  })
  return app\n}`)
  for (const [how, run] of RUNNERS) t.equal(json(await run(['routes', file, '--json'], { cwd: dir })).routes.length, 1, how)
})

t.test('Ctrl-C ends it', async t => {
  const dir = aFolder(t)
  writeFileSync(join(dir, 'a.mjs'), `${IMPORTS}export default async () => await new Promise(() => { globalThis.madeForCtrlC() })`)
  const interrupt = new AbortController()
  Object.assign(globalThis, { madeForCtrlC: () => { interrupt.abort(new Error('Ctrl-C')) } })
  t.match(await onTerminal(['routes', join(dir, 'a.mjs')], { interrupted: interrupt.signal }), { code: 1, stderr: /Ctrl-C/ })
})

t.test('routes', async t => {
  const dir = aFolder(t)

  t.test('is a table of who may call what, in the order of declaration', async t => {
    writeFileSync(join(dir, 'a.mjs'), `${IMPORTS}export default async () => {
  const app = Fastify()
  app.get('/health', { config: { public: true } }, handler)
  await app.register(apiKeyScopes, { ...settings, authenticateUser: () => null })
  app.post('/apps/:id/deploy', { config: { scopes: ['apps:deploy', 'hosts:read'], scopesWhen: [{ when: () => true, scopes: 'full', description: 'With force.' }] } }, handler)
  app.get('/any', { config: { scopes: { anyOf: ['hosts:read', ['apps:read', 'full']] } } }, handler)
  app.get('/me', { config: { scopes: [] } }, handler)
  app.put('/plan', { config: { userOnly: true } }, handler)
  app.get('/new', { constraints: { version: '2.0.0' }, config: { scopes: 'full' } }, handler)
  app.get('/odd\\u001b[2J', { config: { public: true } }, handler)
  return app\n}`)
    const { code, stdout, stderr } = await inProcess(['routes', join(dir, 'a.mjs')])
    t.match({ code, stderr }, { code: 0, stderr: '' })
    t.equal(stdout, `METHOD  URL                   WHO
GET     /health               everybody
POST    /apps/:id/deploy      apps:deploy + hosts:read; sometimes full (With force.)
GET     /any                  one of hosts:read, apps:read + full
GET     /me                   any valid key
PUT     /plan                 users only
GET     /new (version 2.0.0)  full
GET     /odd\\u{1b}[2J         everybody
`)
  })

  t.test('says so if there are none', async t => {
    writeFileSync(join(dir, 'b.mjs'), `${IMPORTS}export default async () => {\n  const app = Fastify()\n  await app.register(apiKeyScopes, settings)\n  return app\n}`)
    t.same(await inProcess(['routes', join(dir, 'b.mjs')]), { code: 0, stdout: '', stderr: 'The app has no routes.\n' })
    t.same(json(await inProcess(['routes', join(dir, 'b.mjs'), '--json'])), { routes: [] })
  })

  t.test('says so if there may be more', async t => {
    writeFileSync(join(dir, 'c.cjs'), `const app = require('fastify')()
app.get('/early', { config: { public: true } }, async () => 'ok')
${REQUIRES.replace('const Fastify', 'const unused').replace(/async function build[^]*/, '')}
app.register(apiKeyScopes, settings)
module.exports = app`)
    const { code, stdout, stderr } = await asProcess(['routes', join(dir, 'c.cjs')])
    t.match({ code, stdout }, { code: 0, stdout: '' })
    t.match(stderr, /^The app has no routes\.\nwarning: the app is older than the import of fastify-api-key-scopes, /)
  })

  t.test('says so if the app waits for something that never happens', async t => {
    writeFileSync(join(dir, 'd.mjs'), 'export default () => new Promise(() => {})')
    t.same(await asProcess(['routes', join(dir, 'd.mjs')]), { code: 1, stdout: '', stderr: 'error: the app, or the config file, waits for something that never happens\n' })
  })

  t.test('of an app of 650', async t => {
    writeFileSync(join(dir, 'big.mjs'), `export { default } from ${JSON.stringify(new URL('../reports/big-app.ts', import.meta.url))}`)
    const { stdout } = await inProcess(['routes', join(dir, 'big.mjs')])
    t.equal(stdout.split('\n').length, 650 + 2)
  })

  t.test('of an example; the others are in reference.test.ts', async t => {
    const { code, stdout, stderr } = await asProcess(['routes', join(root, 'examples/inspecto/for-cli.ts')], { cwd: dir })
    t.match({ code, stderr }, { code: 0, stderr: '' })
    t.match(stdout, /^GET +\/vehicles +vehicles:read$/m)
    t.notOk(existsSync(join(dir, 'inspecto.db')), 'no store is made')
  })

  t.test('has help', async t => {
    const { stdout } = await inProcess(['help', 'routes'])
    t.match(stdout, /--export <name>/)
    t.match(stdout, /api-key-scopes routes app\.js/)
  })
})

/** With a catalog in it. */
function aFolder (t: Test): string {
  const { dir } = project(t)
  writeFileSync(join(dir, 'scopes.mjs'), CATALOG)
  return dir
}
