// What a reference tells of an app, and what it keeps to itself.
import swagger from '@fastify/swagger'
import t, { type Test } from 'tap'
import Fastify, { type FastifyInstance } from 'fastify'
import apiKeyScopes, { defineScopes, memoryStore, type Catalog } from '../../lib/index.js'
import { scopeReference, toHtml, toMarkdown, type ReferenceOptions, type ScopeReference } from '../../lib/reports/reference.js'

t.test('hidden scopes and hidden routes are told of only if that is asked for', async t => {
  const scopes = defineScopes({
    'a:read': 'Read',
    'a:debug': { description: 'Debug', hidden: true, includes: 'b:*' },
    'a:dump': { description: 'Dump', status: 'deprecated', replacedBy: 'a:debug' },
    'a:look': { description: 'Look', status: 'deprecated', replacedBy: 'a:read', hidden: true },
    'b:all': { description: 'All of b', includes: ['b:inner', 'c:*', 'a:read'] },
    'b:inner': { description: 'Inner', hidden: true },
    'c:inner': { description: 'Inner', hidden: true }
  })
  const app = await appWith(t, scopes, app => {
    app.get('/a', { config: { scopes: 'a:read' } }, async () => '')
    app.get('/secret', { config: { scopes: 'a:read' }, schema: { hide: true } as object }, async () => '')
    app.get('/debug', { config: { scopes: 'a:debug' } }, async () => '')
    app.get('/either', { config: { scopes: { anyOf: ['a:debug', 'a:read', ['a:read', 'b:inner']] } } }, async () => '')
    app.get('/sometimes', { config: { scopes: [], scopesWhen: [{ when: () => true, scopes: 'a:debug', description: 'to see more' }] } }, async () => '')
  })

  const outside = scopeReference(app)
  t.same(scopeNames(outside), ['a:read', 'b:all'])
  t.same(endpoints(outside), { 'a:read': ['/a', '/either'], 'b:all': [] })
  t.same(scopeOf(outside, 'b:all').includes, { all: false, patterns: [], scopes: ['a:read'] })
  t.same([scopeOf(outside, 'a:read').includedIn, scopeOf(outside, 'a:read').replaces], [['b:all'], []])
  t.same(outside.severalScopes.map(({ url, scopes, needs }) => [url, scopes, needs]), [
    ['/sometimes', [[]], 'any valid key; sometimes a scope that is not listed here (to see more)']
  ])
  t.same(outside.anyKey.map(({ url }) => url), ['/sometimes'])
  for (const text of [JSON.stringify(outside), toHtml(outside), toMarkdown(outside)]) {
    for (const name of ['a:debug', 'a:dump', 'a:look', 'b:inner', 'c:inner', '/secret', '/debug', 'c:*']) t.notOk(text.includes(name), `${name} is nowhere`)
    t.ok(text.includes('a scope that is not listed here'), 'that more is needed is told')
  }

  const inside = scopeReference(app, { hidden: true })
  t.same(scopeNames(inside), [...scopes.scopes.keys()])
  t.same(endpoints(inside), {
    'a:read': ['/a', '/secret', '/either'],
    'a:debug': ['/debug', '/either', '/sometimes'],
    'a:dump': ['/debug', '/either', '/sometimes'],
    'a:look': ['/a', '/secret', '/either'],
    'b:all': [],
    'b:inner': ['/either'],
    'c:inner': []
  })
  t.same(scopeOf(inside, 'b:all').includes, { all: false, patterns: ['c:*'], scopes: ['a:read', 'b:inner', 'c:inner'] })
  t.equal(scopeOf(inside, 'a:debug').hidden, true)
  t.equal(scopeOf(inside, 'a:dump').replacedBy, 'a:debug')
  for (const text of [toHtml(inside), toMarkdown(inside)]) t.match(text, 'Not in pickers')
})

t.test('a route is hidden that @fastify/swagger would leave out', async t => {
  const schemas: Record<string, object> = { '/shown': { hide: false, tags: ['hidden'] }, '/hide': { hide: true }, '/yes': { hide: 'yes' }, '/tag': { tags: ['a', 'X-HIDDEN'] }, '/inherited': Object.create({ hide: true }) }
  const app = await appWith(t, defineScopes({ 'a:read': 'Read' }), app => {
    for (const [url, schema] of Object.entries(schemas)) app.get(url, { config: { scopes: 'a:read' }, schema }, async () => '')
  }, async app => { await app.register(swagger, { openapi: {} }) })
  t.same(endpoints(scopeReference(app)), { 'a:read': ['/shown'] })
  t.same(Object.keys(app.swagger().paths!), ['/shown'])
})

t.test('a hidden scope that a preset or the default grant offers is told of', async t => {
  const entries = { 'a:read': 'Read', 'a:all': { includes: 'a:*', hidden: true }, 'a:most': { includes: 'a:read', hidden: true }, 'a:none': { hidden: true } } as const
  const app = await appWith(t, defineScopes(entries, { defaultGrant: ['a:all'], presets: { Most: ['a:most'] } }))
  t.same(scopeNames(scopeReference(app)), ['a:read', 'a:all', 'a:most'])
})

t.test('whoever makes a reference says which routes may be told of', async t => {
  const app = await appWith(t, defineScopes({ 'a:read': 'Read' }), app => {
    app.get('/a', { config: { scopes: 'a:read' } }, async () => '')
    app.get('/intern/a', { config: { scopes: 'a:read' } }, async () => '')
    app.get('/intern', { config: { public: true } }, async () => '')
  })
  const reference = scopeReference(app, { include: ({ url }) => !url.startsWith('/intern') })
  t.same([endpoints(reference), reference.public], [{ 'a:read': ['/a'] }, []])
  t.same(endpoints(scopeReference(app, { include: (() => 'yes') as never })), { 'a:read': [] }, 'only true means yes')
})

t.test('a scope without a resource, a heading or a description is told of too', async t => {
  const scopes = defineScopes({ full: { includes: '*' }, 'audit-logs:list': '', 'audit-logs:purge': { status: 'planned', requires: 'audit-logs:list' }, 'x.y': 'Y' }, {
    defaultGrant: [],
    resources: { rpc: { heading: ' ', scopes: 'x.y' } }
  })
  const reference = scopeReference(await appWith(t, scopes))
  t.same(reference.resources.map(({ heading, description }) => [heading, description]), [['Rpc', ''], ['General', ''], ['Audit logs', '']])
  t.same(scopeOf(reference, 'full').includes, { all: true, patterns: ['*'], scopes: ['audit-logs:list', 'x.y'] })
  t.same(scopeOf(reference, 'audit-logs:purge').requires, ['audit-logs:list'])
  t.same(scopeOf(reference, 'audit-logs:purge').includes, { all: false, patterns: [], scopes: [] })
  for (const text of [toHtml(reference), toMarkdown(reference)]) t.match(text, 'no scopes')
})

t.test('a scope that includes a scope that includes everything does so too; one alone includes nothing', async t => {
  const reference = scopeReference(await appWith(t, defineScopes({ full: { includes: '*' }, admin: { includes: 'full' }, a: '' })))
  t.same(['full', 'admin', 'a'].map(name => scopeOf(reference, name).includes.all), [true, true, false])
  t.match(toMarkdown(reference), '`admin` | **Includes** every scope |')
  const alone = scopeReference(await appWith(t, defineScopes({ a: '' })))
  t.same(scopeOf(alone, 'a').includes, { all: false, patterns: [], scopes: [] })
})

t.test('the same app makes the same pages, from JSON too', async t => {
  const app = await appWith(t, defineScopes({ 'a:read': 'Read' }), app => { app.get('/a', { config: { scopes: 'a:read' } }, async () => '') })
  const reference = scopeReference(app)
  const again = JSON.parse(JSON.stringify(scopeReference(app))) as ScopeReference
  t.same(again, reference)
  t.equal(toHtml(again), toHtml(reference))
  t.equal(toMarkdown(again), toMarkdown(reference))
})

t.test('anchors of sections give way to scopes of the same name', async t => {
  const app = await appWith(t, defineScopes({ content: '', 'scopes-a': '', combinations: '', 'a:%23/b': '' }, { presets: { One: ['content'] } }))
  const html = toHtml(scopeReference(app))
  const ids = [...html.matchAll(/ id="([^"]*)"/g)].map(([, id]) => id)
  t.equal(new Set(ids).size, ids.length, 'each is there once')
  t.ok(['content', 'scopes-a', 'combinations', 'a:%23/b'].every(id => ids.includes(id)), 'scopes have their own')
  t.match(html, 'href="#a:%2523/b"')
  t.match(html, '<main id="content-2"')
})

t.test('an app of which nothing may be told still has a page', async t => {
  const reference = scopeReference(await appWith(t, defineScopes({ a: { hidden: true } })))
  t.match(toHtml(reference), '<main')
  t.match(toMarkdown(reference), '# API key scopes')
})

t.test('wrong options are all named at once', async t => {
  const app = await appWith(t, defineScopes({ 'a:read': 'Read' }))
  const options = { title: 1, intro: null, baseUrl: 'javascript:alert(1)', hidden: 'yes', include: [], titel: 'x' }
  t.throws(() => scopeReference(app, options as never), {
    code: 'FST_API_KEY_BAD_OPTIONS',
    message: /unknown option "titel" \(did you mean "title"\?\); title must be a text, not 1; intro .* not null; baseUrl must be an absolute URL .* not "javascript:alert\(1\)"; hidden must be true or false, not "yes"; include must be a function/
  })
  for (const wrong of [null, 'x', []]) t.throws(() => scopeReference(app, wrong as never), /the options must be an object/)
})

t.test('without the plugin, or before all routes are there, there is no reference', async t => {
  t.throws(() => scopeReference(Fastify()), { code: 'FST_API_KEY_BAD_OPTIONS', message: /does not use fastify-api-key-scopes/ })
  const app = Fastify()
  t.teardown(async () => { await app.close() })
  await app.register(apiKeyScopes, { scopes: defineScopes({ 'a:read': 'Read' }), store: memoryStore(), keyPrefix: 'acme' })
  t.throws(() => scopeReference(app), { code: 'FST_API_KEY_NOT_READY' })
})

t.test('a title, paragraphs and an address are told', async t => {
  const app = await appWith(t, defineScopes({ 'a:read': 'Read' }))
  const options: ReferenceOptions = { title: 'Acme scopes', intro: 'One.\n\n  Two,\nstill two.\n \n', baseUrl: 'https://api.example.com/v1' }
  const reference = scopeReference(app, options)
  t.match(reference, options)
  t.match(toMarkdown(reference), '# Acme scopes\n\nOne.\n\nTwo, still two.\n\nBase URL: `https://api.example.com/v1`\n\nDefault grant: none')
  t.match(toHtml(reference), '<p class="intro">One.</p>\n<p class="intro">Two, still two.</p>')
})

async function appWith (t: Test, scopes: Catalog, declare: (app: FastifyInstance) => void = () => {}, before: (app: FastifyInstance) => Promise<void> = async () => {}): Promise<FastifyInstance> {
  const app = Fastify({ exposeHeadRoutes: false })
  t.teardown(async () => { await app.close() })
  await before(app)
  await app.register(apiKeyScopes, { scopes, store: memoryStore(), keyPrefix: 'acme' })
  declare(app)
  await app.ready()
  return app
}

function scopeNames ({ resources }: ScopeReference): string[] {
  return resources.flatMap(({ scopes }) => scopes.map(({ name }) => name))
}

function scopeOf ({ resources }: ScopeReference, wanted: string) {
  return resources.flatMap(({ scopes }) => scopes).find(({ name }) => name === wanted)!
}

function endpoints ({ resources }: ScopeReference): Record<string, string[]> {
  return Object.fromEntries(resources.flatMap(({ scopes }) => scopes.map(({ name, endpoints }) => [name, endpoints.map(({ url }) => url)])))
}
