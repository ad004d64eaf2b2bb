import { execFile } from 'node:child_process'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { runInThisContext } from 'node:vm'
import Fastify from 'fastify'
import type { FastifyInstance, FastifyReply, FastifyRequest, HTTPMethods, RouteOptions } from 'fastify'
import t from 'tap'
import apiKeyScopes, { BadOptionsError, BadRouteError, memoryStore, UnannotatedRoutesError } from '../../lib/index.js'
import type { Annotate, ApiKeyScopesOptions, RouteAccess } from '../../lib/index.js'
import { bareApp, countingHandler, pluginOptions, scopes, SENDERS, senders, startedApp, startError, type Method } from './routes-app.js'

const handler = async () => ({ handled: true })
/** For what does not compile, and must not work in JavaScript either. */
const untyped = (config: unknown) => ({ config: config as object })
const inOrder = (statuses: Record<string, number | undefined>) => SENDERS.map(sender => statuses[sender]).join(' ')

t.test('what a config says', async t => {
  //                                                                            nobody bare read both devices full user
  const configs: ReadonlyArray<[sentence: string, config: object, statuses: string]> = [
    ['a name: a key needs this scope', { scopes: 'clusters:read' }, '401 403 200 200 403 200 200'],
    ['a list: a key needs all of them', { scopes: ['clusters:read', 'clusters:write'] }, '401 403 403 200 403 200 200'],
    ['a list with a name twice: the same', { scopes: ['clusters:read', 'clusters:read'] }, '401 403 200 200 403 200 200'],
    ['an empty list: any valid key', { scopes: [] }, '401 200 200 200 200 200 200'],
    ['anyOf: one of them is enough', { scopes: { anyOf: ['clusters:write', 'devices:read'] } }, '401 403 403 200 200 200 200'],
    ['anyOf with a list: all of that list', { scopes: { anyOf: [['clusters:read', 'clusters:write'], 'devices:read'] } }, '401 403 403 200 200 200 200'],
    ['an alias is a scope like another, and only itself includes it', { scopes: 'full' }, '401 403 403 403 403 200 200'],
    ['userOnly: no key, whatever its scopes', { userOnly: true }, '401 403 403 403 403 403 200'],
    ['public: everybody', { public: true }, '200 200 200 200 200 200 200'],
    ['things in it that are not ours mean nothing', { scopes: [], rateLimit: { max: 1 }, Access: 'public' }, '401 200 200 200 200 200 200']
  ]
  for (const [sentence, config, expected] of configs) {
    await t.test(sentence, async t => {
      const { statuses } = await startedApp(t, {
        before: app => app.post('/early', { config }, handler),
        after: app => app.post('/late', { config }, handler)
      })
      t.equal(inOrder(await statuses('/late', 'POST')), expected)
      t.equal(inOrder(await statuses('/early', 'POST')), expected, 'also where it was declared before the plugin')
    })
  }

  await t.test('what annotate answers means the same', async t => {
    const { statuses } = await startedApp(t, {
      plugin: { annotate: ({ url }) => (configs[Number(url.slice(1))]?.[1] as RouteAccess | undefined) },
      before: app => { for (let i = 0; i < 5; i++) app.post(`/${i}`, handler) },
      after: app => { for (let i = 5; i < 9; i++) app.post(`/${i}`, handler) }
    })
    for (let i = 0; i < 9; i++) t.equal(inOrder(await statuses(`/${i}`, 'POST')), configs[i]![2], configs[i]![0])
  })

  await t.test('what the route says comes before what annotate would answer', async t => {
    const asked: unknown[] = []
    const { status } = await startedApp(t, {
      plugin: { annotate: route => { asked.push(route); return { public: true } } },
      before: app => app.post('/early', { config: { scopes: [] } }, handler),
      after: app => app.post('/late', { config: { scopes: [] } }, handler)
    })
    t.equal(await status('nobody', '/early', 'POST'), 401)
    t.equal(await status('nobody', '/late', 'POST'), 401)
    t.same(asked, [])
  })

  await t.test('annotate is told the method and the URL as declared, never as requested', async t => {
    const asked = new Set<string>()
    const { send } = await startedApp(t, {
      plugin: { annotate: ({ method, url, ...more }) => { asked.add(`${String(method)} ${url} ${Object.keys(more).length}`); return { public: true } } },
      before: app => app.post('/early/:id', handler),
      after: app => app.route({ method: ['PUT', 'DELETE'], url: '/late/*', handler })
    })
    await send('nobody', '/early/5', 'POST')
    await send('nobody', '/late/a/b', 'PUT')
    t.same([...asked].sort(), ['POST /early/:id 0', 'PUT,DELETE /late/* 0'])
  })
})

t.test('a config that cannot mean anything keeps the app from starting', async t => {
  const configs: ReadonlyArray<[config: unknown, ...messages: RegExp[]]> = [
    // More than one
    [{ scopes: 'clusters:read', userOnly: true }, /config has scopes and userOnly/, /exactly one/, /leave the others out/],
    [{ scopes: [], public: true }, /config has scopes and public/],
    [{ userOnly: true, public: true }, /config has userOnly and public/],
    [{ scopes: [], userOnly: true, public: true }, /config has scopes and userOnly and public/],
    [{ scopes: undefined, public: true }, /config has scopes and public/],
    [{ scopes: 'clusters:read', public: false }, /config has scopes and public/],
    // Near-misses, alone and beside the right thing
    ...['scope', 'Scopes', 'SCOPES', 'requiredScope', 'requiredScopes', 'required_scopes', 'required-scopes', 'allOf', 'allof', 'all_of', 'anyOf', 'anyof',
      'useronly', 'user_only', 'user-only', 'UserOnly', 'usersOnly', 'Public', 'isPublic', 'is_public'].flatMap((key): Array<[unknown, ...RegExp[]]> => [
      [{ [key]: 'clusters:read' }, new RegExp(`config\\.${key} means nothing; write `)],
      [{ [key]: true, scopes: 'clusters:read' }, new RegExp(`config\\.${key} means nothing; write `)],
      [{ [key]: undefined, public: true }, new RegExp(`config\\.${key} means nothing; write `)]
    ]),
    [{ scope: 'a', anyof: [], isPublic: 1 }, /config\.scope means/, /config\.anyof means.*scopes: \{ anyOf: \[\.\.\.\] \}/, /config\.isPublic means.*public: true/],
    // scopes
    [{ scopes: undefined }, /config\.scopes: scopes must be a scope name, a list of them .* not undefined/],
    [{ scopes: null }, /not null/],
    [{ scopes: 5 }, /not 5/],
    [{ scopes: true }, /not true/],
    [{ scopes: '' }, /unknown scope ""/],
    [{ scopes: () => 'clusters:read' }, /scopes must be/],
    [{ scopes: new Set(['clusters:read']) }, /scopes must be/],
    [{ scopes: 'clusters:raed' }, /unknown scope "clusters:raed" \(did you mean "clusters:read"\?\)/],
    [{ scopes: 'Clusters:read' }, /unknown scope "Clusters:read" \(did you mean "clusters:read"\?\)/],
    [{ scopes: 'clusters:read ' }, /unknown scope/],
    [{ scopes: 'clusters:read clusters:write' }, /unknown scope/],
    [{ scopes: 'clusters:*' }, /unknown scope "clusters:\*"/],
    [{ scopes: '*' }, /unknown scope "\*"/],
    [{ scopes: '__proto__' }, /unknown scope "__proto__"/],
    [{ scopes: 'billing:read' }, /scope "billing:read" is planned; no route can demand it until it is active/],
    [{ scopes: ['clusters:read', 'nope:x', 5] }, /unknown scope "nope:x"/, /a scope must be a string, not 5/],
    [{ scopes: [['clusters:read']] }, /a scope must be a string/],
    [{ scopes: {} }, /anyOf must be a list with at least one alternative, not undefined/],
    [{ scopes: { anyOf: [] } }, /at least one alternative, not \[\]/],
    [{ scopes: { anyOf: 'clusters:read' } }, /at least one alternative/],
    [{ scopes: { anyOf: ['clusters:read', []] } }, /anyOf has an empty alternative, which every key would meet/],
    [{ scopes: { anyOf: ['clusters:read'], not: ['clusters:write'] } }, /unknown member "not"/],
    [{ scopes: { anyof: ['clusters:read'] } }, /unknown member "anyof" \(did you mean "anyOf"\?\)/],
    [{ scopes: { allOf: ['clusters:read'] } }, /unknown member "allOf"/],
    // userOnly and public
    [{ userOnly: false }, /config\.userOnly must be true \(or left out\), not false/],
    [{ userOnly: undefined }, /config\.userOnly must be true/],
    [{ userOnly: 'yes' }, /config\.userOnly must be true .* not "yes"/],
    [{ public: 'yes' }, /config\.public must be true .* not "yes"/],
    [{ public: false }, /config\.public must be true .* not false/],
    [{ public: 1 }, /config\.public must be true/],
    [{ public: null }, /config\.public must be true/]
  ]

  /** How a route can come to be declared; each answers the error. */
  const waysToDeclare: Record<string, (app: FastifyInstance, declare: (app: FastifyInstance) => void) => Promise<unknown>> = {
    async 'after the plugin' (app, declare) {
      await app.register(apiKeyScopes, pluginOptions())
      try { declare(app) } catch (error) { return error }
      return undefined
    },
    async 'before the plugin' (app, declare) {
      declare(app)
      app.register(apiKeyScopes, pluginOptions())
      return await startError(app)
    },
    async 'on the line after a register that nobody awaits' (app, declare) {
      app.register(apiKeyScopes, pluginOptions())
      declare(app)
      return await startError(app)
    },
    async 'in a child' (app, declare) {
      app.register(apiKeyScopes, pluginOptions())
      app.register(async child => { declare(child) })
      return await startError(app)
    }
  }

  for (const [way, errorOf] of Object.entries(waysToDeclare)) {
    await t.test(`declared ${way}`, async t => {
      for (const [config, ...messages] of configs) {
        const app = Fastify()
        const error = await errorOf(app, app => app.route({ method: ['POST', 'PUT'], url: '/things/:id', handler, ...untyped(config) })) as BadRouteErrorLike
        const title = typeof config === 'object' ? Object.entries(config!).map(([key, value]) => `${key}: ${String(JSON.stringify(value) ?? value)}`).join(', ') : ''
        const text = error?.message ?? ''
        t.strictSame({ isOurs: error instanceof BadRouteError, code: error?.code, unlike: [/^POST \/things\/:id, PUT \/things\/:id: /, ...messages].filter(message => !message.test(text)) }, { isOurs: true, code: 'FST_API_KEY_BAD_ROUTE', unlike: [] }, `${title}: ${text}`)
        await app.close()
      }
    })
  }

  await t.test('userOnly without authenticateUser says that nobody could ever call the route', async t => {
    const { authenticateUser, ...options } = pluginOptions()
    const { app } = bareApp(t)
    await app.register(apiKeyScopes, options)
    t.throws(() => app.get('/me', { config: { userOnly: true } }, handler), { code: 'FST_API_KEY_BAD_ROUTE', message: /^GET \/me: config\.userOnly needs the plugin option authenticateUser/ })
  })

  await t.test('so does a wrong answer of annotate', async t => {
    const answers: ReadonlyArray<[answer: unknown, ...messages: RegExp[]]> = [
      [null, /expected \{ scopes \}, \{ userOnly: true \} or \{ public: true \}, not null/],
      [true, /not true/],
      ['public', /not "public"/],
      [[], /not \[\]/],
      [{}, /not \{\}/],
      [Promise.resolve({ public: true }), /expected \{ scopes \}/],
      [{ public: true, scopes: [] }, /config has scopes and public/],
      [{ public: true, comment: 'docs' }, /expected \{ scopes \}.*comment/],
      [{ comment: 'docs' }, /expected \{ scopes \}/],
      [{ scope: 'clusters:read' }, /config\.scope means nothing/],
      [{ scopes: 'clusters:raed' }, /did you mean "clusters:read"/],
      [{ public: 'yes' }, /config\.public must be true/]
    ]
    for (const [answer, ...messages] of answers) {
      const app = Fastify()
      await app.register(apiKeyScopes, pluginOptions({ annotate: () => answer as RouteAccess }))
      for (const message of [/^POST \/docs: annotate answered wrongly: /, ...messages]) {
        t.throws(() => app.post('/docs', handler), { code: 'FST_API_KEY_BAD_ROUTE', message })
      }
      await app.close()
    }
  })

  await t.test('what annotate throws is thrown', async t => {
    const { app } = bareApp(t)
    await app.register(apiKeyScopes, pluginOptions({ annotate: () => { throw new Error('no idea') } }))
    t.throws(() => app.get('/docs', handler), { message: 'no idea' })
  })
})
type BadRouteErrorLike = Error & { code: string } | undefined

t.test('options', async t => {
  const store = memoryStore()
  const bad: ReadonlyArray<[sentence: string, options: object, ...messages: RegExp[]]> = [
    ['no catalog', { scopes: undefined }, /scopes must be a catalog made by defineScopes, not undefined/],
    ['a catalog that is none', { scopes: { 'clusters:read': 'x' } }, /scopes must be a catalog made by defineScopes/],
    ['a list for a catalog', { scopes: ['clusters:read'] }, /scopes must be a catalog/],
    ['no store', { store: undefined }, /store must be a key store, such as memoryStore\(\) or sqliteStore\('keys\.db'\), not undefined/],
    ['the function that makes a store', { store: memoryStore }, /store must be a key store/],
    ['null for a store', { store: null }, /store must be a key store.*not null/],
    ['no key prefix', { keyPrefix: undefined }, /keyPrefix must be a name for your keys such as "acme".*not undefined/],
    ['an empty key prefix', { keyPrefix: '' }, /keyPrefix must be.*not ""/],
    ['an empty list of key prefixes', { keyPrefix: [] }, /keyPrefix must be.*not \[\]/],
    ['a key prefix of the wrong form in a list', { keyPrefix: ['acme', 'ac-me'] }, /keyPrefix must be/],
    ['a key prefix that ends in an underscore', { keyPrefix: 'acme_' }, /keyPrefix must be/],
    ['a key prefix of 33 characters', { keyPrefix: 'a'.repeat(33) }, /keyPrefix must be/],
    ['a number for a key prefix', { keyPrefix: 5 }, /keyPrefix must be.*not 5/],
    ['null for a function', { authenticateUser: null, annotate: null, formatError: null }, /authenticateUser must be a function, not null/, /annotate must be/, /formatError must be/],
    ['an object for annotate', { annotate: { '/docs': 'public' } }, /annotate must be a function/],
    ['revealGranted that is no boolean', { revealGranted: 'no' }, /revealGranted must be true or false, not "no"/],
    ['allowUnpeppered that is no boolean', { allowUnpeppered: 1 }, /allowUnpeppered must be true or false, not 1/],
    ['a key header that HTTP uses', { apiKeyHeader: 'Authorization' }, /apiKeyHeader must be the name of a header/],
    ['the cookie header for keys', { apiKeyHeader: 'cookie' }, /apiKeyHeader must be/],
    ['a key header with a space', { apiKeyHeader: 'x api key' }, /apiKeyHeader must be/],
    ['true for a key header', { apiKeyHeader: true }, /apiKeyHeader must be.*such as "x-api-key"/],
    ['a realm that would split the header', { realm: 'a\r\nb' }, /realm must be a string of printable ASCII characters/],
    ['a realm beyond ASCII', { realm: 'clé' }, /realm must be/],
    ['no realm', { realm: null }, /realm must be/],
    ['a negative maxStaleness', { maxStaleness: -1 }, /maxStaleness must be a number of milliseconds from 0 to 3600000, not -1/],
    ['maxStaleness in words', { maxStaleness: '1s' }, /maxStaleness must be.*not "1s"/],
    ['maxStaleness that is no number', { maxStaleness: NaN }, /maxStaleness must be/],
    ['maxStaleness without end', { maxStaleness: Infinity }, /maxStaleness must be/],
    ['maxStaleness of more than an hour', { maxStaleness: 3_600_001 }, /maxStaleness must be/],
    ['a log level that there is not', { denialLogLevel: 'loud' }, /denialLogLevel must be one of fatal, error, warn, info, debug, trace, silent, not "loud"/],
    ['an empty pepper', { pepper: '' }, /pepper must be a secret/],
    ['a pepper from an unset environment variable', { pepper: process.env.NO_SUCH_PEPPER }, /pepper is undefined: is an environment variable not set\?/],
    ['a bad pepper, which is not shown', { pepper: { version: 0, secret: 'hunter2' } }, /^(?!.*hunter2).*pepper must be a secret/],
    ['null for a pepper', { pepper: null }, /pepper must be a secret/],
    ['an empty pepper in a list', { pepper: ['a', new Uint8Array()] }, /pepper must be a secret/],
    ['a pepper of version 0', { pepper: { version: 0, secret: 'a' } }, /pepper must be a secret/],
    ['a pepper with half a version', { pepper: { version: 1.5, secret: 'a' } }, /pepper must be a secret/],
    ['a pepper with something else', { pepper: { version: 1, secret: 'a', name: 'x' } }, /pepper must be a secret/],
    ['two peppers of one version', { pepper: [{ version: 1, secret: 'a' }, { version: 1, secret: 'b' }] }, /different versions/],
    ['a plain and a numbered pepper that clash', { pepper: [{ version: 1, secret: 'a' }, 'b'] }, /different versions/],
    ['an unknown option', { colour: 'red' }, /unknown option "colour"/],
    ['a misspelt option', { keyprefix: 'acme', anotate: () => undefined }, /unknown option "keyprefix" \(did you mean "keyPrefix"\?\)/, /"anotate" \(did you mean "annotate"\?\)/],
    ['notFound for everybody', { notFound: { public: true } }, /notFound: leave it out to let every such request through/],
    ['notFound that says nothing', { notFound: {} }, /notFound: expected \{ scopes \}/],
    ['null for notFound', { notFound: null }, /notFound: expected \{ scopes \}, .* not null/],
    ['notFound with an unknown scope', { notFound: { scopes: 'clusters:raed' } }, /notFound: .*did you mean "clusters:read"/],
    ['notFound for users where there are none', { notFound: { userOnly: true }, authenticateUser: undefined }, /notFound: .*authenticateUser/],
    ['no keys to remember', { maxCachedKeys: 0 }, /maxCachedKeys must be a whole number from 1 to 10000000, not 0/],
    ['part of a key to remember', { maxCachedKeys: 1.5 }, /maxCachedKeys must be/],
    ['more keys to remember than there is memory', { maxCachedKeys: 10_000_001 }, /maxCachedKeys must be/],
    ['keys to remember in words', { maxCachedKeys: '100000' }, /maxCachedKeys must be.*not "100000"/],
    ['several things at once', { scopes: null, store: 5, keyPrefix: '-', realm: 5, maxStaleness: -1, denialLogLevel: 5, nope: 1 },
      /scopes must be/, /store must be/, /keyPrefix must be/, /realm must be/, /maxStaleness must be/, /denialLogLevel must be/, /unknown option "nope"/],
    ['several things at once, notFound among them', { store: 5, realm: 5, notFound: { scopes: 'clusters:raed' } }, /store must be/, /realm must be/, /notFound: .*clusters:raed/]
  ]
  for (const [sentence, options, ...messages] of bad) {
    await t.test(`${sentence} keeps the app from starting`, async t => {
      const { app } = bareApp(t)
      app.register(apiKeyScopes, { ...pluginOptions({ store }), ...options })
      const error = await startError(app)
      t.ok(error instanceof BadOptionsError)
      t.equal(error?.code, 'FST_API_KEY_BAD_OPTIONS')
      for (const message of [/^fastify-api-key-scopes: /, ...messages]) t.match(error?.message, message)
    })
  }

  await t.test('the app does not start either if after() takes the error', async t => {
    const { app } = bareApp(t)
    app.register(apiKeyScopes, pluginOptions({ keyPrefix: '' })).after(error => { t.ok(error instanceof BadOptionsError) })
    app.get('/clusters', { config: { scopes: 'clusters:read' } }, handler)
    t.equal((await startError(app))?.code, 'FST_API_KEY_BAD_OPTIONS')
    await t.rejects(app.listen({ port: 0 }), BadOptionsError)
  })

  await t.test('no options at all name the three that are needed', async t => {
    const { app } = bareApp(t)
    app.register(apiKeyScopes as never)
    const error = await startError(app)
    for (const message of [/scopes must be/, /store must be/, /keyPrefix must be/]) t.match(error?.message, message)
  })

  const good: ReadonlyArray<[sentence: string, options: Partial<ApiKeyScopesOptions> & object]> = [
    ['the options that register itself reads', { prefix: '/x', logLevel: 'info', logSerializers: {} } as object],
    ['a list of key prefixes', { keyPrefix: ['acme', 'old_acme'] }],
    ['peppers of both kinds', { pepper: [{ version: 7, secret: 'a' }, { version: 3, secret: new Uint8Array([1]) }], allowUnpeppered: true }],
    ['a plain pepper', { pepper: 'secret' }],
    ['no pepper in a list', { pepper: [] }],
    ['a key header in capitals', { apiKeyHeader: 'X-API-Key' }],
    ['the least and the most that maxStaleness can be', { maxStaleness: 0 }],
    ['the least and the most that maxCachedKeys can be', { maxCachedKeys: 1 }],
    ['the most that maxCachedKeys can be', { maxCachedKeys: 10_000_000 }],
    ['the most that maxStaleness can be', { maxStaleness: 3_600_000 }],
    ['a realm with quotes', { realm: 'the "api"' }],
    ['an empty realm', { realm: '' }]
  ]
  for (const [sentence, options] of good) {
    await t.test(`${sentence}: the app starts and enforces`, async t => {
      const { statuses } = await startedApp(t, { plugin: options, after: app => app.get('/clusters', { config: { scopes: 'clusters:read' } }, handler) })
      t.equal(inOrder(await statuses('/clusters')), '401 403 200 200 403 200 200')
    })
  }
})

t.test('where the plugin is registered', async t => {
  for (const taken of ['principal', 'hasScopes', 'requireScopes']) {
    await t.test(`an app that has request.${taken} already does not start`, async t => {
      const { app } = bareApp(t)
      app.decorateRequest(taken, null)
      app.register(apiKeyScopes, pluginOptions())
      const error = await startError(app)
      t.equal(error?.code, 'FST_API_KEY_BAD_OPTIONS')
      t.match(error?.message, new RegExp(`request\\.${taken} exists already, from another plugin`))
    })
  }

  await t.test('registered twice, the app does not start', async t => {
    const { app } = bareApp(t)
    app.register(apiKeyScopes, pluginOptions())
    app.register(apiKeyScopes, pluginOptions())
    t.match(await startError(app), { code: 'FST_API_KEY_BAD_OPTIONS', message: /app\.apiKeys exists already; register the plugin once/ })
  })

  await t.test('registered once more in a child, the app does not start', async t => {
    const { app } = bareApp(t)
    app.register(apiKeyScopes, pluginOptions())
    app.register(async child => { child.register(apiKeyScopes, pluginOptions()) })
    t.match(await startError(app), { code: 'FST_API_KEY_BAD_OPTIONS', message: /app\.apiKeys exists already/ })
  })

  await t.test('registered in a child first and then around it, the app does not start', async t => {
    const { app } = bareApp(t)
    app.register(async child => { child.register(apiKeyScopes, pluginOptions()) })
    app.register(apiKeyScopes, pluginOptions())
    t.match(await startError(app), { code: 'FST_API_KEY_BAD_OPTIONS', message: /register the plugin once/ })
  })

  await t.test('in a child it guards and checks that subtree, and nothing else', async t => {
    const { app, lines } = bareApp(t)
    let guarded: FastifyInstance | undefined
    app.get('/outside/before', async request => ({ principal: (request as { principal?: unknown }).principal ?? 'none' }))
    app.register(async sibling => { sibling.get('/sibling/before', handler) })
    app.register(async child => {
      guarded = child
      child.get('/inside/early', { config: { scopes: 'clusters:read' } }, handler)
      child.register(async grandchild => { grandchild.get('/inside/grandchild/early', { config: { scopes: 'clusters:read' } }, handler) })
      await child.register(apiKeyScopes, pluginOptions({ notFound: { scopes: 'clusters:read' } }))
      child.get('/inside', { config: { scopes: 'clusters:read' } }, handler)
      child.register(async grandchild => { grandchild.get('/inside/grandchild', { config: { scopes: 'clusters:read' } }, handler) })
    })
    app.register(async sibling => { sibling.get('/sibling/after', { config: { scopes: 'of:another' } as object }, handler) })
    app.get('/outside/after', { config: { scopes: 5 } as object }, handler)
    await app.ready()
    const { statuses, status, send } = await senders(guarded!)
    for (const url of ['/inside', '/inside/early', '/inside/grandchild', '/inside/grandchild/early']) {
      t.equal(inOrder(await statuses(url)), '401 403 200 200 403 200 200', url)
    }
    for (const url of ['/outside/before', '/outside/after', '/sibling/before', '/sibling/after']) t.equal(await status('nobody', url), 200, url)
    t.same((await send('full', '/outside/before')).json(), { principal: 'none' })
    t.equal(await status('nobody', '/nowhere'), 404, 'the not-found handler of the app is not the child\'s')
    t.notOk(app.hasDecorator('apiKeys'))
    t.notOk(lines.some(({ level }) => level >= 40))
  })

  await t.test('in a child with a prefix it guards the not-found handler of that child', async t => {
    const { app } = bareApp(t)
    let guarded: FastifyInstance | undefined
    app.register(async child => {
      guarded = child
      child.setNotFoundHandler(handler)
      await child.register(apiKeyScopes, pluginOptions({ notFound: { scopes: 'clusters:read' } }))
    }, { prefix: '/api' })
    await app.ready()
    const { statuses } = await senders(guarded!)
    t.equal(inOrder(await statuses('/api/nowhere')), '401 403 200 200 403 200 200')
    t.equal(inOrder(await statuses('/nowhere')), '404 404 404 404 404 404 404')
  })

  await t.test('two children can each have their own', async t => {
    const { app } = bareApp(t)
    const children: FastifyInstance[] = []
    for (const prefix of ['/one', '/two']) {
      app.register(async child => {
        children.push(child)
        await child.register(apiKeyScopes, pluginOptions({ store: memoryStore() }))
        child.get('/', { config: { scopes: [] } }, handler)
      }, { prefix })
    }
    await app.ready()
    const [one, two] = await Promise.all(children.map(senders))
    t.same([await one!.status('bare', '/one'), await one!.status('bare', '/two')], [200, 401])
    t.same([await two!.status('bare', '/one'), await two!.status('bare', '/two')], [401, 200])
  })

  await t.test('routes of a second copy of Fastify in the process have each their own', async t => {
    const { app: first } = await startedApp(t, { after: app => app.get('/first', { config: { scopes: 'clusters:read' } }, handler) })
    await first.inject('/first')
    // As npm installs it where two packages ask for different versions.
    const require = createRequire(import.meta.url)
    for (const file of Object.keys(require.cache)) if (/[\\/]node_modules[\\/]fastify[\\/]/.test(file)) Reflect.deleteProperty(require.cache, file)
    const second = (require('fastify') as typeof Fastify)()
    t.teardown(async () => { await second.close() })
    second.get('/early', { config: { scopes: 'clusters:write' } }, handler)
    await second.register(apiKeyScopes, pluginOptions())
    second.get('/late', { config: { scopes: 'clusters:read' } }, handler)
    second.get('/public', { config: { public: true } }, handler)
    const { statuses } = await senders(second)
    for (let i = 0; i < 2; i++) {
      t.equal(inOrder(await statuses('/early')), '401 403 403 200 403 200 200')
      t.equal(inOrder(await statuses('/late')), '401 403 200 200 403 200 200')
      t.equal(inOrder(await statuses('/public')), '200 200 200 200 200 200 200')
      t.equal((await second.inject('/nowhere')).statusCode, 404)
    }
  })

  await t.test('its decorators are there in children, whenever those were made', async t => {
    const { app } = bareApp(t)
    const show = async (request: FastifyRequest) => ({
      principal: request.principal?.type ?? null,
      has: [request.hasScopes('clusters:read'), request.hasScopes('clusters:read', 'clusters:write'), request.hasScopes(['clusters:read']), request.hasScopes({ anyOf: ['clusters:read'] })],
      requireScopes: typeof request.requireScopes
    })
    const routes = async (child: FastifyInstance) => {
      child.get('/any', { config: { scopes: [] } }, show)
      child.get('/public', { config: { public: true } }, show)
    }
    const withApiKeys: boolean[] = []
    app.register(routes, { prefix: '/before' })
    app.register(async child => { child.register(routes) }, { prefix: '/deep' })
    await app.register(apiKeyScopes, pluginOptions())
    app.register(routes, { prefix: '/after' })
    app.register(async child => { withApiKeys.push(child.hasDecorator('apiKeys'), child.apiKeys === app.apiKeys) })
    await app.ready()
    t.same(withApiKeys, [true, true])
    t.equal(app.apiKeys.catalog, scopes)

    const { send } = await senders(app)
    for (const prefix of ['/before', '/deep', '/after']) {
      t.same((await send('read', `${prefix}/any`)).json(), { principal: 'apiKey', has: [true, false, true, true], requireScopes: 'function' }, prefix)
      t.same((await send('user', `${prefix}/any`)).json(), { principal: 'user', has: [true, true, true, true], requireScopes: 'function' }, prefix)
      t.same((await send('read', `${prefix}/public`)).json(), { principal: null, has: [false, false, false, false], requireScopes: 'function' }, prefix)
    }
  })

  await t.test('a child that decorates request.principal itself does not bring the process down, and does not change who may pass', async t => {
    const { status } = await startedApp(t, {
      before: app => app.register(async child => {
        child.decorateRequest('principal', null)
        child.get('/early', { config: { scopes: 'clusters:read' } }, handler)
      }),
      after: app => app.register(async child => {
        child.decorateRequest('principal', null)
        child.get('/late', { config: { scopes: 'clusters:read' } }, handler)
        child.get('/assigns', { config: { scopes: [] } }, async request => {
          (request as { principal: unknown }).principal = { type: 'user', user: { id: 'somebody else' } }
        })
      })
    })
    for (const url of ['/early', '/late']) t.same([await status('nobody', url), await status('bare', url), await status('read', url)], [401, 403, 200], url)
    t.equal(await status('bare', '/assigns'), 500, 'nobody can say that it is somebody else')
  })
})

t.test('the start-up check', async t => {
  const access = { config: { scopes: [] } } as const
  type Register = () => PromiseLike<unknown>

  const scenarios: ReadonlyArray<[sentence: string, setup: (app: FastifyInstance, register: Register) => unknown, expected: string[]]> = [
    ['after the plugin', async (app, register) => { await register(); app.post('/a', handler) }, ['POST /a']],
    ['before the plugin', async (app, register) => { app.post('/a', handler); await register() }, ['POST /a']],
    ['on the line after a register that nobody awaits', (app, register) => { register(); app.post('/a', handler) }, ['POST /a']],
    ['in a child before the plugin', (app, register) => { app.register(async child => { child.post('/a', handler) }, { prefix: '/c' }); register() }, ['POST /c/a']],
    ['in a child after the plugin', (app, register) => { register(); app.register(async child => { child.post('/a', handler) }, { prefix: '/c' }) }, ['POST /c/a']],
    ['in the child of a child', (app, register) => {
      app.register(async child => { child.register(async grandchild => { grandchild.post('/a', handler) }, { prefix: '/early' }) }, { prefix: '/c' })
      register()
      app.register(async child => { child.register(async grandchild => { grandchild.post('/a', handler) }, { prefix: '/late' }) }, { prefix: '/c' })
    }, ['POST /c/early/a', 'POST /c/late/a']],
    ['in a child that is older than the plugin and gets its route later', async (app, register) => {
      let child: FastifyInstance | undefined
      await app.register(async made => { child = made }, { prefix: '/c' })
      await register()
      app.after(() => { child!.post('/a', handler) })
    }, ['POST /c/a']],
    ['in after()', (app, register) => { register(); app.after(() => { app.post('/a', handler) }) }, ['POST /a']],
    ['with the HEAD route that Fastify adds', async (app, register) => { app.get('/early', handler); await register(); app.get('/late', handler) },
      ['GET /early', 'HEAD /early', 'GET /late', 'HEAD /late']],
    ['where HEAD routes are not added', async (app, register) => { await register(); app.get('/a', { exposeHeadRoute: false }, handler) }, ['GET /a']],
    ['a HEAD route before its GET, which says', async (app, register) => {
      app.head('/early', handler)
      app.get('/early', access, handler)
      await register()
      app.head('/late', handler)
      app.get('/late', access, handler)
    }, ['HEAD /early', 'HEAD /late']],
    ['several methods in one route', async (app, register) => {
      app.route({ method: ['GET', 'POST'], url: '/early', handler })
      await register()
      app.route({ method: ['POST', 'put' as 'PUT'], url: '/late', handler })
    }, ['GET /early', 'POST /early', 'HEAD /early', 'POST /late', 'PUT /late']],
    ['all methods', async (app, register) => { await register(); app.all('/a', handler) },
      ['GET /a', 'HEAD /a', 'TRACE /a', 'DELETE /a', 'OPTIONS /a', 'PATCH /a', 'PUT /a', 'POST /a', 'QUERY /a']],
    ['with constraints, of which only some say', async (app, register) => {
      await register()
      app.post('/a', { constraints: { version: '1.0.0' } }, handler)
      app.post('/a', { constraints: { version: '2.0.0' }, ...access }, handler)
      app.post('/a', { constraints: { host: /^b\./ } }, handler)
    }, ['POST /a (constraints {"version":"1.0.0"})', 'POST /a (constraints {"host":"/^b\\\\./"})']],
    ['at the root of a prefix', async (app, register) => {
      app.register(async child => { child.post('/', handler) }, { prefix: '/c/early' })
      await register()
      app.register(async child => { child.post('/', handler) }, { prefix: '/c/late' })
      app.register(async child => { child.post('/', { prefixTrailingSlash: 'slash' }, handler) }, { prefix: '/c/slash' })
      app.register(async child => { child.post('/', { prefixTrailingSlash: 'no-slash' }, handler) }, { prefix: '/c/none' })
    }, ['POST /c/early', 'POST /c/late', 'POST /c/slash/', 'POST /c/none']],
    ['at the root and everywhere', async (app, register) => { app.post('/', handler); await register(); app.post('*', handler) }, ['POST /', 'POST *']],
    ['with methods of their own', async (app, register) => {
      app.addHttpMethod('PROPFIND', { hasBody: true })
      app.route({ method: 'PROPFIND', url: '/early', handler })
      await register()
      app.addHttpMethod('MKCOL')
      app.route({ method: ['MKCOL', 'QUERY'] as HTTPMethods[], url: '/late', handler })
    }, ['PROPFIND /early', 'MKCOL /late', 'QUERY /late']],
    ['in plugins with names', async (app, register) => {
      app.register(async function reports (child) { child.post('/reports/a', handler) })
      await register()
      async function exports (child: FastifyInstance) { child.post('/exports/a', handler) }
      app.register(Object.assign(exports, { [Symbol.for('fastify.display-name')]: 'acme-exports' }))
      app.register(async child => { child.post('/nameless', handler) })
    }, ['POST /reports/a (plugin reports)', 'POST /exports/a (plugin acme-exports)', 'POST /nameless']],
    ['with characters that code must quote', async (app, register) => { await register(); app.post('/it\'s', handler); app.post('/b\\c/d', handler); app.post('/:id(^\\d+$)', handler) },
      ['POST /it\'s', 'POST /b\\c/d', 'POST /:id(^\\d+$)']],
    ['many, of which some say', async (app, register) => {
      app.post('/a/1', handler)
      app.post('/a/2', access, handler)
      await register()
      app.post('/a/3', { config: { userOnly: true } }, handler)
      app.put('/a/1', handler)
      app.post('/b', handler)
    }, ['POST /a/1', 'PUT /a/1', 'POST /b']]
  ]

  for (const [sentence, setup, expected] of scenarios) {
    await t.test(`names routes that do not say: ${sentence}`, async t => {
      const start = async (annotate?: Annotate) => {
        const { app } = bareApp(t)
        await setup(app, () => app.register(apiKeyScopes, pluginOptions(annotate && { annotate })))
        return await startError(app)
      }
      const error = await start()
      t.ok(error instanceof UnannotatedRoutesError)
      t.equal(error?.code, 'FST_API_KEY_UNANNOTATED_ROUTES')
      t.same(named(error!.message).sort(), [...expected].sort(), 'each of them, once')
      for (const way of ['scopes: \'some:scope\'', 'scopes: []', 'userOnly: true', 'public: true', 'annotate (route)']) t.match(error?.message, way)

      t.equal(await start(snippet(error!.message)), undefined, 'with the annotate that it prints, the app starts')
    })
  }

  await t.test('counts them, and groups them by the beginning of the URL', async t => {
    const { app } = bareApp(t)
    app.register(apiKeyScopes, pluginOptions())
    app.after(() => { for (const url of ['/a/1', '/b', '/a/2']) app.post(url, handler) })
    t.equal((await startError(app))?.message, `3 routes do not say who may call them:
  /a
    POST /a/1
    POST /a/2
  /b
    POST /b
Give each route one of these:
    config: { scopes: 'some:scope' }   an API key needs this scope
    config: { scopes: [] }             any valid API key
    config: { userOnly: true }         only user sessions
    config: { public: true }           everybody
or, for routes that are declared by other people's plugins, give fastify-api-key-scopes the option:
    annotate (route) {
      if (route.url === '/a' || route.url.startsWith('/a/')) return { scopes: [] } // or one of the others
      if (route.url === '/b' || route.url.startsWith('/b/')) return { scopes: [] } // or one of the others
    }`)
  })

  await t.test('annotate for the root of a prefix is asked by the same URL, early or late', async t => {
    const urls: string[] = []
    const { status } = await startedApp(t, {
      plugin: { annotate: ({ url }) => { urls.push(url); return url.endsWith('/') ? undefined : { scopes: 'clusters:read' } } },
      before: app => app.register(async child => { child.post('/', handler) }, { prefix: '/early/x' }),
      after: app => app.register(async child => { child.post('/', handler) }, { prefix: '/late/x' })
    })
    for (const url of ['/early/x', '/early/x/', '/late/x', '/late/x/']) {
      t.same([await status('nobody', url, 'POST'), await status('bare', url, 'POST'), await status('read', url, 'POST')], [401, 403, 200], url)
    }
    t.same([...new Set(urls)].sort(), ['/early/x', '/late/x'])
  })

  await t.test('what annotate says of a GET goes for the HEAD route that Fastify adds', async t => {
    const { statuses } = await startedApp(t, {
      plugin: { annotate: ({ method, url }) => method === 'GET' && url.startsWith('/docs') ? { scopes: 'clusters:read' } : undefined },
      before: app => app.get('/docs/early', handler),
      after: app => app.get('/docs/late', handler)
    })
    for (const url of ['/docs/early', '/docs/late']) {
      t.equal(inOrder(await statuses(url, 'HEAD')), '401 403 200 200 403 200 200', url)
      t.equal(inOrder(await statuses(url)), '401 403 200 200 403 200 200', url)
    }
  })

  await t.test('an app whose start was refused still lets nobody in, should it be used all the same', async t => {
    const silent = countingHandler()
    const { app } = bareApp(t)
    app.post('/early', silent)
    await app.register(apiKeyScopes, pluginOptions())
    app.post('/late', silent)
    t.equal((await startError(app))?.code, 'FST_API_KEY_UNANNOTATED_ROUTES')
    const { send } = await senders(app)
    for (const url of ['/early', '/late']) {
      for (const sender of SENDERS) t.match((await send(sender, url, 'POST')).json(), { statusCode: 403, code: 'FST_API_KEY_UNANNOTATED_ROUTE' }, `${sender} ${url}`)
    }
    t.equal(silent.ran, 0)
  })

  await t.test('an app that is older than the import of the package is warned about once, and guarded all the same', async t => {
    const { stdout } = await promisify(execFile)(process.execPath, [...process.execArgv, fileURLToPath(new URL('older-app.ts', import.meta.url))])
    const seen = JSON.parse(stdout) as Record<'statuses' | 'heads', Record<string, Record<string, number>>> & Record<'warnings' | 'ran', string[]> & Record<string, unknown>

    const scoped = '401 403 200 200 403 200 200'
    const refused = '403 403 403 403 403 403 403'
    const expected = {
      '/silent': refused,
      '/declared': scoped,
      '/public': '200 200 200 200 200 200 200',
      '/wrong': refused,
      '/annotated/list': scoped,
      '/annotated/child': scoped,
      '/annotated/child/': scoped,
      '/late': scoped
    }
    for (const [url, statuses] of Object.entries(expected)) {
      t.equal(inOrder(seen.statuses[url]!), statuses, url)
      t.equal(inOrder(seen.heads[url]!), statuses, `HEAD ${url}`)
    }
    t.same(seen.refusal, { statusCode: 403, code: 'FST_API_KEY_UNANNOTATED_ROUTE', error: 'Forbidden', message: 'This endpoint has no access policy' })
    t.same(seen.ran, ['/annotated/child', '/annotated/child/', '/annotated/list', '/declared', '/late', '/public'])
    t.same(seen.told, ['/late'], 'app.apiKeys.routes() tells nothing of what nobody could see')
    t.equal(seen.warnings.length, 1)
    t.match(seen.warnings[0], /imported after this app was made, so it cannot tell whether earlier routes say who may call them; those that do not are refused to everybody/)
    t.match(seen.errors, ['HEAD', 'GET'].map(method => ({
      msg: /declared before fastify-api-key-scopes has a bad access policy/,
      message: new RegExp(`^${method} /wrong: .*did you mean "clusters:read"`)
    })), 'once for each route, not for each request')
  })
})

/** The routes that a start-up error names, as they stand there, one for each method. */
function named (message: string): string[] {
  const places = message.split('\nGive each route')[0]!.match(/^ {4}.+$/gm)!
  return places.flatMap(line => {
    const [, methods, place] = /^ {4}((?:[A-Z]+, )*[A-Z]+) (.+)$/.exec(line)!
    return methods!.split(', ').map(method => `${method} ${place}`)
  })
}

/** The `annotate` that a start-up error prints, as if somebody had pasted it. */
function snippet (message: string): Annotate {
  const code = /^ {4}annotate \(route\) \{\n.*^ {4}\}$/ms.exec(message)![0]
  return (runInThisContext(`({ ${code} })`) as { annotate: Annotate }).annotate
}

t.test('a route that is declared with the config of another one says for itself who may call it', async t => {
  const { status } = await startedApp(t, {
    after: app => {
      app.addHook('onRoute', function ({ method, url, config, handler }) {
        if (method === 'GET' && url === '/clusters') this.get('/strict', { config: { ...config, scopes: 'clusters:write' } }, handler)
      })
      app.get('/clusters', { config: { scopes: 'clusters:read' } }, handler)
    }
  })
  t.same([await status('read', '/clusters'), await status('read', '/strict')], [200, 403])
})

t.test('a policy cannot be changed any more', async t => {
  const open = (config: object) => { for (const key of Object.keys(config)) Reflect.deleteProperty(config, key); Object.assign(config, { public: true }) }
  const tampering: Record<string, (config: object) => void> = {
    'by adding public': config => Object.assign(config, { public: true }),
    'by taking the scopes out': config => { Reflect.deleteProperty(config, 'scopes') },
    'by making the scopes an empty list': config => Object.assign(config, { scopes: [] }),
    'by putting something else in place of everything': open,
    'by taking the URL out, so that it looks like no route': config => { Reflect.deleteProperty(config, 'url') }
  }
  for (const [how, tamper] of Object.entries(tampering)) {
    for (const hook of ['onRequest', 'preHandler'] as const) {
      await t.test(`${how}, in an ${hook} hook before the plugin`, async t => {
        const counting = countingHandler()
        const { status } = await startedApp(t, {
          before: app => app.addHook(hook, async request => { tamper(request.routeOptions.config) }),
          after: app => app.get('/clusters', { config: { scopes: 'clusters:read' } }, counting)
        })
        for (let i = 0; i < 2; i++) t.same([await status('nobody', '/clusters'), await status('bare', '/clusters')], [401, 403])
        t.equal(counting.ran, 0)
        t.equal(await status('read', '/clusters'), 200)
      })
    }

    await t.test(`${how}, in the handler, wherever the route was declared`, async t => {
      const counting = countingHandler()
      const declare = (url: string) => (app: FastifyInstance) => app.get(url, { config: { scopes: 'clusters:read' } }, async request => { tamper(request.routeOptions.config); return await counting() })
      const { status } = await startedApp(t, { before: declare('/early'), after: declare('/late') })
      for (const url of ['/early', '/late']) {
        t.equal(await status('read', url), 200)
        t.same([await status('nobody', url), await status('bare', url), await status('read', url)], [401, 403, 200])
      }
      t.equal(counting.ran, 4)
    })

    await t.test(`${how}, in the object that was given`, async t => {
      const config = { scopes: ['clusters:read'] }
      const { statuses } = await startedApp(t, { after: app => { app.get('/one', { config }, handler); app.get('/two', { config }, handler); config.scopes.length = 0; tamper(config) } })
      t.equal(inOrder(await statuses('/one')), '401 403 200 200 403 200 200')
      t.equal(inOrder(await statuses('/two')), '401 403 200 200 403 200 200')
    })
  }

  await t.test('a config that several routes share is left as it is', async t => {
    const config = Object.freeze({ scopes: 'clusters:read', mine: 1 } as const)
    const { statuses } = await startedApp(t, {
      before: app => app.get('/early', { config }, handler),
      after: app => { app.get('/one', { config }, handler); app.post('/two', { config, errorHandler: () => {} }, handler) }
    })
    for (const url of ['/early', '/one']) t.equal(inOrder(await statuses(url)), '401 403 200 200 403 200 200')
    t.same(Reflect.ownKeys(config), ['scopes', 'mine'])
  })

  await t.test('a handler still finds its config', async t => {
    const { send } = await startedApp(t, { after: app => app.get('/config', { config: { public: true, mine: { deep: 1 } } as object }, async ({ routeOptions }) => routeOptions.config) })
    t.same((await send('nobody', '/config')).json(), { public: true, mine: { deep: 1 }, url: '/config', method: 'GET' })
  })
})

t.test('onRoute hooks of other plugins', async t => {
  await t.test('what they add before the plugin counts', async t => {
    const { statuses } = await startedApp(t, {
      before: app => app.addHook('onRoute', route => { route.config = { ...route.config, scopes: 'clusters:read' } }),
      after: app => app.get('/clusters', handler)
    })
    t.equal(inOrder(await statuses('/clusters')), '401 403 200 200 403 200 200')
    t.equal(inOrder(await statuses('/clusters', 'HEAD')), '401 403 200 200 403 200 200')
  })

  const later: Record<string, [change: (route: RouteOptions) => void, statuses: string]> = {
    'copy the config and add to it': [route => { route.config = { ...route.config, rateLimit: {} } as object }, '401 403 200 200 403 200 200'],
    'put the config through JSON': [route => { route.config = JSON.parse(JSON.stringify(route.config)) as object }, '401 403 200 200 403 200 200']
  }
  const other: Record<string, (route: RouteOptions) => void> = {
    'make the config public': route => { Object.assign(route.config!, { public: true }) },
    'put a public config in its place': route => { route.config = { public: true } },
    'copy the config and empty its scopes': route => { route.config = { ...route.config, scopes: [] } },
    'copy the config and ask for more': route => { route.config = { ...route.config, scopes: ['clusters:read', 'clusters:write'] } },
    'copy the config and misspell a scope': route => { route.config = { ...route.config, ...untyped({ scopes: 'clusters:raed' }).config } },
    'take the config away': route => { delete route.config },
    'put an empty config in its place': route => { route.config = {} }
  }
  for (const [what, change] of Object.entries(other)) {
    await t.test(`that ${what} after the plugin has read it keep the app from starting`, async t => {
      const { app } = bareApp(t)
      await app.register(apiKeyScopes, pluginOptions())
      await app.register(async child => {
        child.addHook('onRoute', change)
        child.get('/clusters', { config: { scopes: 'clusters:read' } }, handler)
      })
      t.match(await startError(app), { code: 'FST_API_KEY_BAD_ROUTE', message: /^GET \/clusters: an onRoute hook has changed who may call it/ })
    })
  }
  for (const [what, [change, expected]] of Object.entries(later)) {
    await t.test(`that ${what} after the plugin open nothing`, async t => {
      const { statuses } = await startedApp(t, { after: app => { app.addHook('onRoute', change); app.get('/clusters', { config: { scopes: 'clusters:read' } }, handler) } })
      t.equal(inOrder(await statuses('/clusters')), expected)
      t.equal(inOrder(await statuses('/clusters', 'HEAD')), expected)
    })
  }

  await t.test('that declare a second route for each, with the first one\'s config, are asked what it says', async t => {
    const { status } = await startedApp(t, {
      after: app => {
        app.addHook('onRoute', function (route) {
          if (route.method === 'GET' && !route.url.endsWith('.json')) {
            app.route({ ...route, url: `${route.url}.json`, config: { ...route.config, scopes: 'clusters:write' }, handler })
          }
        })
        app.get('/clusters', { config: { scopes: 'clusters:read' } }, handler)
      }
    })
    t.same([await status('read', '/clusters'), await status('read', '/clusters.json'), await status('both', '/clusters.json')], [200, 403, 200])
  })

  await t.test('a route that a caught error kept from being declared is not there', async t => {
    const { status } = await startedApp(t, {
      after: app => { try { app.get('/wrong', untyped({ scopes: 'nope' }), handler) } catch { /* somebody is careless */ } }
    })
    t.equal(await status('full', '/wrong'), 404)
  })
})

t.test('methods', async t => {
  const read = { config: { scopes: 'clusters:read' } } as const
  const write = { config: { scopes: 'clusters:write' } } as const

  await t.test('HEAD and OPTIONS need the scope of the route that they match', async t => {
    const counting = countingHandler()
    const { statuses } = await startedApp(t, {
      after: app => {
        app.get('/get', read, counting)
        app.head('/own', write, counting)
        app.get('/own', read, counting)
        app.options('/get', write, counting)
        app.route({ method: ['GET', 'POST'], url: '/many', ...read, handler: counting })
        app.all('/all', write, counting)
        app.get('/none', { ...read, exposeHeadRoute: false }, counting)
      }
    })
    const readers = '401 403 200 200 403 200 200'
    const writers = '401 403 403 200 403 200 200'
    const expected: ReadonlyArray<[Method, string, string]> = [
      ['HEAD', '/get', readers], ['OPTIONS', '/get', writers], ['HEAD', '/own', writers], ['GET', '/own', readers],
      ['HEAD', '/many', readers], ['GET', '/many', readers], ['POST', '/many', readers],
      ...(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE', 'PATCH', 'POST'] as const).map((method): [Method, string, string] => [method, '/all', writers]),
      ['HEAD', '/none', '404 404 404 404 404 404 404'], ['OPTIONS', '/own', '404 404 404 404 404 404 404']
    ]
    for (const [method, url, line] of expected) t.equal(inOrder(await statuses(url, method)), line, `${method} ${url}`)
  })

  await t.test('with exposeHeadRoutes: false no HEAD reaches a handler', async t => {
    const counting = countingHandler()
    const { statuses } = await startedApp(t, { server: { exposeHeadRoutes: false }, after: app => app.get('/get', read, counting) })
    t.equal(inOrder(await statuses('/get', 'HEAD')), '404 404 404 404 404 404 404')
    t.equal(counting.ran, 0)
  })

  await t.test('headers and queries that ask for another method change nothing', async t => {
    const got = countingHandler()
    const posted = countingHandler()
    const { send } = await startedApp(t, { after: app => { app.get('/things', { config: { public: true } }, got); app.post('/things', write, posted) } })
    for (const name of ['x-http-method-override', 'x-http-method', 'x-method-override', '_method']) {
      t.equal((await send('read', '/things', 'POST', { [name]: 'GET' })).statusCode, 403, `${name}: GET, on a POST`)
      t.equal((await send('nobody', '/things', 'GET', { [name]: 'POST' })).statusCode, 200, `${name}: POST, on a GET`)
    }
    t.equal((await send('read', '/things?_method=GET', 'POST')).statusCode, 403)
    t.same([got.ran, posted.ran], [4, 0])
  })

  await t.test('the routes of a version or a host each have their own policy', async t => {
    const { send } = await startedApp(t, {
      after: app => {
        app.get('/v', { constraints: { version: '1.0.0' }, config: { public: true } }, handler)
        app.get('/v', { constraints: { version: '2.0.0' }, ...read }, handler)
        app.get('/h', { constraints: { host: 'open.example' }, config: { public: true } }, handler)
        app.get('/h', { constraints: { host: /^closed\./ }, ...read }, handler)
      }
    })
    const statusOf = async (url: string, headers: Record<string, string>) => (await send('nobody', url, 'GET', headers)).statusCode
    t.equal(await statusOf('/v', { 'accept-version': '1.x' }), 200)
    t.equal(await statusOf('/v', { 'accept-version': '2.x' }), 401)
    t.equal(await statusOf('/v', {}), 404)
    t.equal(await statusOf('/h', { host: 'open.example' }), 200)
    t.equal(await statusOf('/h', { host: 'closed.example' }), 401)
  })
})

t.test('a request that matches no route', async t => {
  const showPrincipal = async (request: FastifyRequest, reply: FastifyReply) => await reply.code(404).send({ principal: request.principal })

  await t.test('passes untouched, whatever it brings, and is nobody\'s', async t => {
    const { send, lines } = await startedApp(t, { after: app => app.setNotFoundHandler(showPrincipal) })
    for (const sender of SENDERS) t.same((await send(sender, '/nowhere')).json(), { principal: null }, sender)
    const malformed = await send('nobody', '/nowhere', 'GET', { authorization: 'Bearer \t' })
    t.equal(malformed.statusCode, 404)
    t.notOk(malformed.headers['www-authenticate'])
    t.equal(lines.filter(({ level, msg }) => level === 30 && /requests that match no route reach the not-found handler unchecked/.test(msg!)).length, 1, 'which one line says at start')
  })

  await t.test('passes to Fastify\'s own not-found handler', async t => {
    const { send } = await startedApp(t)
    t.match((await send('nobody', '/nowhere')).json(), { statusCode: 404, message: 'Route GET:/nowhere not found' })
  })

  const guards: ReadonlyArray<[sentence: string, notFound: NonNullable<ApiKeyScopesOptions['notFound']>, statuses: string]> = [
    ['a scope', { scopes: 'clusters:read' }, '401 403 200 200 403 200 200'],
    ['any key', { scopes: [] }, '401 200 200 200 200 200 200'],
    ['a user', { userOnly: true }, '401 403 403 403 403 403 200']
  ]
  for (const [what, notFound, expected] of guards) {
    await t.test(`is guarded with ${what}, by whatever way the not-found handler is reached`, async t => {
      const served = countingHandler()
      const isPublic = { config: { public: true } } as const
      const callNotFound = (_: FastifyRequest, reply: FastifyReply) => { reply.callNotFound() }
      const { statuses, lines } = await startedApp(t, {
        plugin: { notFound },
        before: app => {
          app.setNotFoundHandler({ preHandler: async () => {}, preValidation: [async () => {}] }, served)
          app.register(async child => { child.setNotFoundHandler(served); child.get('/calls', isPublic, callNotFound) }, { prefix: '/early' })
          app.get('/calls/early', isPublic, callNotFound)
        },
        after: app => {
          app.register(async child => {
            child.setNotFoundHandler({ preHandler: [async () => {}] }, served)
            child.get('/calls', isPublic, callNotFound)
            child.register(async grandchild => { grandchild.get('/calls', isPublic, callNotFound) }, { prefix: '/deep' })
          }, { prefix: '/late' })
          app.get('/calls', isPublic, callNotFound)
          app.get('/calls/hook', { ...isPublic, preHandler: callNotFound }, handler)
          app.get('/calls/async', isPublic, async (_, reply) => { reply.callNotFound(); return reply })
        }
      })
      const urls = ['/nowhere', '/early/nowhere', '/late/nowhere', '/late/deep/nowhere', '/calls', '/calls/early', '/early/calls', '/late/calls', '/late/deep/calls', '/calls/hook', '/calls/async']
      for (const url of urls) t.equal(inOrder(await statuses(url)), expected, url)
      for (const method of ['POST', 'OPTIONS', 'DELETE'] as const) t.equal(inOrder(await statuses('/nowhere', method)), expected, method)
      t.equal(served.ran, (urls.length + 3) * expected.split(' ').filter(status => status === '200').length)
      t.notOk(lines.some(({ msg }) => /reach the not-found handler unchecked/.test(msg ?? '')), 'then nothing is said at start')
    })
  }

  await t.test('a guarded not-found handler knows who asks, also after another route let somebody in', async t => {
    const { send } = await startedApp(t, {
      plugin: { notFound: { scopes: 'clusters:read' } },
      after: app => {
        app.setNotFoundHandler(async request => ({ principal: request.principal?.type, has: request.hasScopes('clusters:read') }))
        app.get('/any', { config: { scopes: [] } }, (_, reply) => { reply.callNotFound() })
      }
    })
    t.same((await send('read', '/any')).json(), { principal: 'apiKey', has: true })
    t.match((await send('bare', '/any')).json(), { statusCode: 403, code: 'FST_API_KEY_MISSING_SCOPE' })
    t.same((await send('user', '/any')).json(), { principal: 'user', has: true })
  })

  await t.test('a handler that calls a not-found handler that nobody guards leads there as nobody', async t => {
    const { send } = await startedApp(t, {
      after: app => {
        app.setNotFoundHandler(async request => ({ principal: request.principal?.type ?? null, has: request.hasScopes('clusters:read') }))
        app.get('/any', { config: { scopes: [] } }, (_, reply) => { reply.callNotFound() })
        app.get('/hook', { config: { scopes: [] }, onRequest: (_, reply) => { reply.callNotFound() } }, handler)
      }
    })
    for (const url of ['/any', '/hook']) {
      for (const who of ['read', 'bare'] as const) t.same((await send(who, url)).json(), { principal: null, has: false })
      t.equal((await send('nobody', url)).statusCode, 401)
    }
  })

  await t.test('a hook that calls the not-found handler before the plugin comes to its turn leads to no route', async t => {
    const counting = countingHandler()
    const { send } = await startedApp(t, {
      before: app => app.addHook('onRequest', (_, reply) => { reply.callNotFound() }),
      after: app => app.get('/clusters', { config: { scopes: 'clusters:read' } }, counting)
    })
    t.equal((await send('nobody', '/clusters')).statusCode, 404)
    t.equal(counting.ran, 0)
  })

  await t.test('URLs that cannot be read are answered by Fastify, and reach nothing', async t => {
    const { send } = await startedApp(t, { after: app => { app.get('/things/:id', { config: { scopes: [] } }, handler); app.setNotFoundHandler(handler) } })
    t.equal((await send('nobody', '/things/%zz')).statusCode, 400)
    t.equal((await send('nobody', `/things/${'x'.repeat(101)}`)).statusCode, 414)
  })
})

t.test('hooks of other plugins that stand before the plugin', async t => {
  type Hook = (request: FastifyRequest, reply: FastifyReply, done: (error?: unknown) => void) => unknown
  const noDecision = [500, 'FST_API_KEY_NO_DECISION'] as const
  const required = [401, 'FST_API_KEY_REQUIRED'] as const
  const nothingSent = [500, 'FST_ERR_SEND_UNDEFINED_ERR'] as const

  /* eslint-disable no-throw-literal -- that is what these are about */
  const hooks: Record<string, readonly [hook: Hook, expected: readonly [status: number, code: string]]> = {
    'throw null': [() => { throw null }, noDecision],
    'throw undefined': [() => { throw undefined }, noDecision],
    'call done with null': [(_, __, done) => { done(null) }, required],
    'call done with undefined': [(_, __, done) => { done(undefined) }, required],
    'call done with 0': [(_, __, done) => { done(0) }, required],
    'call done with an empty string': [(_, __, done) => { done('') }, required],
    'call done with false': [(_, __, done) => { done(false) }, required],
    'call done twice': [(_, __, done) => { done(); done() }, noDecision],
    'call done and then throw null': [(_, __, done) => { done(); throw null }, noDecision],
    'answer false': [async () => false, required],
    'answer an error': [async () => new Error('no'), required],
    'reject with nothing': [async () => { throw undefined }, nothingSent],
    'reject with null': [async () => { throw null }, nothingSent],
    'set a status and send nothing': [async (_, reply) => { reply.code(401) }, required],
    'set 200 and send nothing': [async (_, reply) => { reply.code(200) }, required],
    'send too late': [async (_, reply) => { setImmediate(() => { reply.send('late') }) }, required]
  }
  /* eslint-enable no-throw-literal */

  for (const [what, [hook, [status, code]]] of Object.entries(hooks)) {
    for (const where of ['the app', 'a child'] as const) {
      await t.test(`and ${what} lead nobody to a handler, in ${where}`, async t => {
        const guarded = countingHandler()
        const declare = (app: FastifyInstance) => { app.get('/clusters', { config: { scopes: 'clusters:read' } }, guarded) }
        const { send } = await startedApp(t, {
          before: app => {
            // Of a child that is older than the plugin, the child's own hooks come first.
            if (where === 'the app') app.addHook('onRequest', hook as never)
            else app.register(async child => { child.addHook('onRequest', hook as never); declare(child) })
          },
          after: app => { if (where === 'the app') declare(app) }
        })
        for (const sender of ['nobody', 'nobody', 'bare'] as const) {
          const response = await send(sender, '/clusters')
          if (sender === 'nobody') t.match([response.statusCode, response.json()], [status, { code }])
          else if (what !== 'send too late') t.ok(response.statusCode >= 400)
        }
        t.equal(guarded.ran, 0)
      })
    }
  }

  for (const phase of ['preParsing', 'preValidation', 'preHandler'] as const) {
    await t.test(`and throw null in ${phase} find the decision taken`, async t => {
      const guarded = countingHandler()
      const { statuses } = await startedApp(t, {
        before: app => app.addHook(phase, () => { throw null }), // eslint-disable-line no-throw-literal
        after: app => app.get('/clusters', { config: { scopes: 'clusters:read' } }, guarded)
      })
      t.equal(inOrder(await statuses('/clusters')), '401 403 200 200 403 200 200')
      t.equal(guarded.ran, 4)
    })
  }

  type Done = (error?: unknown) => void
  const twice: ReadonlyArray<[what: string, hook: (request: unknown, reply: unknown, done: Done) => void]> = [
    ['throw null', () => { throw null }], // eslint-disable-line no-throw-literal
    ['call done twice', (_, __, done) => { done(); done() }]
  ]
  for (const [what, hook] of twice) {
    for (const config of [{ scopes: 'clusters:read' }, { scopes: [] }, { userOnly: true }] as const) {
      await t.test(`and ${what} in all phases lead nobody to a handler of ${JSON.stringify(config)}`, async t => {
        const guarded = countingHandler()
        const { send } = await startedApp(t, {
          before: app => {
            for (const phase of ['onRequest', 'preHandler'] as const) app.addHook(phase, hook as never)
            // Makes answers slow, so that a refused request is not answered yet when its handler's turn comes.
            app.addHook('onSend', async (_, __, payload) => { await new Promise(resolve => setImmediate(resolve)); return payload })
          },
          after: app => { app.get('/clusters', { config }, guarded) }
        })
        for (const method of ['GET', 'HEAD'] as const) t.ok((await send('nobody', '/clusters', method)).statusCode >= 400)
        t.equal(guarded.ran, 0)
      })
    }
  }

  await t.test('and lead past the check are told of in the log, and refused to those who might pass, too', async t => {
    const { statuses, lines } = await startedApp(t, {
      before: app => app.addHook('onRequest', () => { throw null }), // eslint-disable-line no-throw-literal
      after: app => { app.get('/clusters', { config: { scopes: 'clusters:read' } }, handler); app.get('/health', { config: { public: true } }, handler) }
    })
    t.equal(inOrder(await statuses('/clusters')), '500 500 500 500 500 500 500')
    t.equal(inOrder(await statuses('/health')), '500 500 500 500 500 500 500')
    t.match(lines.filter(({ level, msg }) => level === 50 && /led this request past/.test(msg!))[0], { route: '/clusters', msg: 'a hook led this request past the access check; it is refused' })
  })

  await t.test('and lead past the check are stopped before a route that was there already, or comes later to an older child', async t => {
    const guarded = countingHandler()
    const declare = (app: FastifyInstance) => {
      app.get('/', { config: { scopes: 'clusters:read' } }, guarded)
      app.get('/hooked', { config: { scopes: 'clusters:read' }, preHandler: async () => { guarded.ran++ } }, guarded)
      app.get('/public', { config: { public: true } }, guarded)
    }
    let child: FastifyInstance
    const { statuses } = await startedApp(t, {
      before: async app => {
        app.addHook('onRequest', () => { throw null }) // eslint-disable-line no-throw-literal
        await app.register(async child => { declare(child) }, { prefix: '/early' })
        await app.register(async older => { child = older }, { prefix: '/late' })
      },
      after: () => { declare(child) }
    })
    for (const url of ['/early', '/early/', '/early/hooked', '/early/public', '/late', '/late/', '/late/hooked', '/late/public']) {
      for (const method of ['GET', 'HEAD'] as const) t.equal(inOrder(await statuses(url, method)), '500 500 500 500 500 500 500', url)
    }
    t.equal(guarded.ran, 0)
  })

  await t.test('and lead past the check reach a not-found handler only by its own guard', async t => {
    const served = countingHandler()
    const { statuses } = await startedApp(t, {
      plugin: { notFound: { scopes: 'clusters:read' } },
      before: app => app.addHook('onRequest', () => { throw null }), // eslint-disable-line no-throw-literal
      after: app => app.setNotFoundHandler(served)
    })
    t.equal(inOrder(await statuses('/nowhere')), '401 403 200 200 403 200 200')
    t.equal(served.ran, 4)
  })

  for (const authorization of [undefined, 'Basic dTpw', 'Bearer another']) {
    await t.test(`and make the Authorization header ${authorization ?? 'disappear'} change nothing: what came over the wire counts, cached or not`, async t => {
      const guarded = countingHandler()
      const { send } = await startedApp(t, {
        before: app => app.addHook('onRequest', async ({ headers }) => { headers.authorization = authorization }),
        after: app => app.get('/read', { config: { scopes: 'clusters:read' } }, guarded)
      })
      t.same([(await send('read', '/read')).statusCode, (await send('read', '/read')).statusCode], [200, 200])
      t.same([(await send('devices', '/read')).statusCode, (await send('nobody', '/read')).statusCode], [403, 401])
      t.equal(guarded.ran, 2)
    })
  }

  await t.test('and hijack the reply lead nobody to a handler', async t => {
    const guarded = countingHandler()
    const { send } = await startedApp(t, {
      before: app => app.addHook('onRequest', async (_, reply) => { reply.hijack(); reply.raw.end('hijacked') }),
      after: app => app.get('/clusters', { config: { scopes: 'clusters:read' } }, guarded)
    })
    t.equal((await send('nobody', '/clusters')).body, 'hijacked')
    t.equal(guarded.ran, 0)
  })

  await t.test('and answer with an error handler that forgets what happened lead nobody to a handler', async t => {
    const guarded = countingHandler()
    const { send } = await startedApp(t, {
      before: app => {
        app.setErrorHandler((_, __, reply) => { reply.code(200).send('fine') })
        app.addHook('onRequest', () => { throw null }) // eslint-disable-line no-throw-literal
      },
      after: app => app.get('/clusters', { config: { scopes: 'clusters:read' } }, guarded)
    })
    t.equal((await send('nobody', '/clusters')).body, 'fine')
    t.equal(guarded.ran, 0)
  })
})

t.test('a handler is called as it would be without the plugin', async t => {
  const { app, status } = await startedApp(t, {
    after: app => {
      app.addHook('onRoute', ({ method, handler }) => { if (method === 'GET') t.equal(handler.name, 'listClusters', 'by its name') })
      app.get('/clusters', { config: { scopes: 'clusters:read' } }, function listClusters (this: FastifyInstance) { return { here: this === app } })
    }
  })
  t.equal(await status('read', '/clusters'), 200)
  t.same((await app.inject({ url: '/clusters', headers: { 'x-user': 'u' } })).json(), { here: true })
})

t.test('other ways to a handler', async t => {
  await t.test('app.routing() on a server of one\'s own is guarded like any', async t => {
    const { app, headers } = await startedApp(t, { after: app => app.get('/clusters', { config: { scopes: 'clusters:read' } }, handler) })
    const server = createServer((request, response) => { app.routing(request, response) })
    await new Promise<void>(resolve => { server.listen(0, '127.0.0.1', resolve) })
    t.teardown(() => { server.close() })
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/clusters`
    t.equal((await fetch(url)).status, 401)
    t.equal((await fetch(url, { headers: headers.bare })).status, 403)
    t.equal((await fetch(url, { headers: headers.read })).status, 200)
  })

  await t.test('a redirect takes nobody past the check of where it leads', async t => {
    const { app, status } = await startedApp(t, {
      after: app => {
        app.get('/old', { config: { public: true } }, (_, reply) => { reply.redirect('/clusters') })
        app.get('/clusters', { config: { scopes: 'clusters:read' } }, handler)
      }
    })
    t.equal((await app.inject('/old')).headers.location, '/clusters')
    t.equal(await status('nobody', '/clusters'), 401)
  })

  await t.test('route hooks, validation and bodies come after the decision', async t => {
    const order: string[] = []
    const note = (name: string) => async () => { order.push(name) }
    const { send } = await startedApp(t, {
      after: app => app.post('/clusters', {
        config: { scopes: 'clusters:write' },
        onRequest: note('onRequest'),
        preParsing: note('preParsing'),
        preValidation: note('preValidation'),
        preHandler: note('preHandler'),
        schema: { body: { type: 'object', required: ['name'] } }
      }, note('handler'))
    })
    t.equal((await send('nobody', '/clusters', 'POST')).statusCode, 401)
    t.equal((await send('read', '/clusters', 'POST')).statusCode, 403)
    t.same(order, [])
    t.equal((await send('both', '/clusters', 'POST')).statusCode, 400, 'no body')
    t.same(order, ['onRequest', 'preParsing', 'preValidation'])
  })

  await t.test('an error handler of an early route is given the denial', async t => {
    const { send } = await startedApp(t, {
      before: app => app.get('/early', { config: { scopes: 'clusters:read' }, errorHandler: (error, _, reply) => { reply.send({ own: error.message }) } }, handler),
      after: app => app.get('/late', { config: { scopes: 'clusters:read' }, errorHandler: (error, _, reply) => { reply.send({ own: error.message }) } }, handler)
    })
    for (const url of ['/early', '/late']) {
      const response = await send('nobody', url)
      t.same([response.statusCode, response.json()], [401, { own: 'API key required' }], url)
    }
  })
})
