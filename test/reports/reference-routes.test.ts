// The reference, served by the app that it is about.
import cors from '@fastify/cors'
import swagger from '@fastify/swagger'
import t, { type Test } from 'tap'
import Fastify, { type FastifyInstance } from 'fastify'
import apiKeyScopes, { defineScopes, memoryStore } from '../../lib/index.js'
import referencePlugin, { scopeReference, scopeReferenceRoutes, toHtml, toMarkdown, type ReferenceRoutesOptions } from '../../lib/reports/reference.js'
import { startChromium } from '../servers/chromium.js'

const TYPES = { html: 'text/html; charset=utf-8', md: 'text/markdown; charset=utf-8', json: 'application/json; charset=utf-8' }

t.test('each form has an address of its own, for everybody', async t => {
  const app = await appWith(t)
  const bodies = { html: toHtml(scopeReference(app)), md: toMarkdown(scopeReference(app)), json: JSON.stringify(scopeReference(app)) }
  for (const form of ['html', 'md', 'json'] as const) {
    const { statusCode, headers, body } = await app.inject(`/scopes.${form}`)
    t.same([statusCode, headers['content-type'], headers['x-content-type-options'], headers['cache-control'], headers.vary], [200, TYPES[form], 'nosniff', 'public, no-cache', undefined], form)
    t.equal(body, bodies[form])
    t.equal((await app.inject({ method: 'HEAD', url: `/scopes.${form}` })).headers['content-length'], String(Buffer.byteLength(body)))
  }
})

const ACCEPTS: ReadonlyArray<readonly [accept: string | undefined, form: keyof typeof TYPES]> = [
  [undefined, 'html'],
  ['', 'html'],
  ['*/*', 'html'],
  ['text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', 'html'],
  ['text/markdown', 'md'],
  ['TEXT/Markdown', 'md'],
  ['application/json', 'json'],
  ['application/*', 'json'],
  ['text/*', 'html'],
  ['text/*;q=0.5, text/markdown', 'md'],
  ['text/html;q=0.4, application/json;q=0.9', 'json'],
  ['text/html;level=1;q=0.2, application/json; q=0.3', 'json'],
  ['text/html;q=0, */*', 'md'],
  ['text/html;q=0, text/*', 'md'],
  ['application/json;q=nonsense, text/markdown;q=0.1', 'md'],
  ['application/json;q=7, text/markdown;q=0.1', 'md'],
  ['image/png', 'html']
]

t.test('a request says which form it prefers', async t => {
  const app = await appWith(t)
  for (const [accept, form] of ACCEPTS) {
    const { headers } = await app.inject({ url: '/scopes', headers: accept === undefined ? {} : { accept } })
    t.same([headers['content-type'], headers.vary], [TYPES[form], 'accept'], String(accept))
  }
})

t.test('what else an answer depends on is told beside it', async t => {
  const app = await appWith(t, {}, async app => { await app.register(cors, { origin: ['https://a.example', 'https://b.example'] }) })
  const { headers } = await app.inject({ url: '/scopes', headers: { origin: 'https://a.example' } })
  t.same([headers['access-control-allow-origin'], headers.vary], ['https://a.example', 'Origin, accept'])
})

t.test('what somebody has already is not sent again', async t => {
  const app = await appWith(t)
  const { headers: { etag } } = await app.inject('/scopes.md')
  t.match(etag, /^"[\w-]{43}"$/)
  t.equal((await app.inject({ url: '/scopes', headers: { accept: 'text/markdown' } })).headers.etag, etag)
  t.not((await app.inject('/scopes.html')).headers.etag, etag)
  for (const known of [etag!, `W/${etag}`, `"other", ${etag}`, '*']) {
    const { statusCode, headers, body } = await app.inject({ url: '/scopes.md', headers: { 'if-none-match': known } })
    t.same([statusCode, headers.etag, headers['cache-control'], body], [304, etag, 'public, no-cache', ''], known)
  }
  for (const other of ['"other"', etag!.slice(1, -1), '']) {
    t.equal((await app.inject({ url: '/scopes.md', headers: { 'if-none-match': other } })).statusCode, 200, other)
  }
})

t.test('who may read it can be said as of any route', async t => {
  const app = await appWith(t, { access: { scopes: [] } })
  const { key } = await app.apiKeys.create({ name: 'reader', scopes: [] })
  for (const url of ['/scopes', '/scopes.html', '/scopes.md', '/scopes.json']) {
    t.equal((await app.inject(url)).statusCode, 401, url)
    const { statusCode, headers } = await app.inject({ url, headers: { authorization: `Bearer ${key}` } })
    t.same([statusCode, headers['cache-control']], [200, 'private, no-cache'], url)
  }
  const strict = await appWith(t, { access: { scopes: 'a:read' } })
  const { key: poor } = await strict.apiKeys.create({ name: 'poor', scopes: [] })
  t.equal((await strict.inject({ url: '/scopes.json', headers: { authorization: `Bearer ${poor}` } })).statusCode, 403)
})

t.test('it is told of in no documentation, not even in itself', async t => {
  const app = await appWith(t, {}, async app => { await app.register(swagger) })
  t.notMatch((await app.inject('/scopes.json')).body, '"/scopes')
  t.notMatch(Object.keys(app.swagger().paths ?? {}).join(), '/scopes')
  t.ok(app.apiKeys.routes().filter(({ url }) => url.startsWith('/scopes')).every(({ access, hidden }) => access === 'public' && hidden))
})

t.test('its place, its title and what it tells of can be chosen', async t => {
  const app = await appWith(t, { prefix: '/docs', path: '/permissions', title: 'Acme', baseUrl: 'https://api.example.com', hidden: true })
  t.equal((await app.inject('/scopes')).statusCode, 404)
  const { title, baseUrl, public: everybody } = (await app.inject('/docs/permissions.json')).json()
  t.same([title, baseUrl], ['Acme', 'https://api.example.com'])
  t.match(everybody, [{ url: '/docs/permissions' }, { url: '/docs/permissions.html' }])
})

t.test('the page works under its own policy, and nothing else would', async t => {
  const app = await appWith(t)
  const policy = String((await app.inject('/scopes')).headers['content-security-policy'])
  t.match(policy, /^default-src 'none'; style-src 'sha256-[\w+/=]{44}'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'$/)
  t.equal((await app.inject('/scopes.md')).headers['content-security-policy'], undefined)

  const browser = await startChromium(t)
  if (browser === null) return
  const url = await app.listen({ port: 0, host: '127.0.0.1' })
  const page = await browser.newPage({ viewport: { width: 1280, height: 700 } })
  const said: string[] = []
  page.on('console', message => { said.push(message.text()) })
  await page.goto(`${url}/scopes#a:read`)
  t.equal(await page.evaluate('getComputedStyle(document.querySelector("nav")).position'), 'sticky', 'it has its style')
  t.equal(await page.evaluate('document.querySelector(":target").id'), 'a:read', 'a scope is found by its name')
  await page.goto('about:blank')
  await page.goto(`${url}/scopes`)
  await page.keyboard.press('Tab')
  await page.keyboard.press('Enter')
  t.equal(await page.evaluate('document.activeElement.localName'), 'main', 'the first key skips to what matters')
  t.same(said, [])
  const refused = await page.evaluate('new Promise(resolve => { document.onsecuritypolicyviolation = ({ effectiveDirective }) => resolve(effectiveDirective); document.body.append(Object.assign(document.createElement("script"), { textContent: "document.title = 1" })) })')
  t.equal(refused, 'script-src-elem')
})

t.test('wrong options keep the app from starting, and are all named', async t => {
  const options = { path: 'scopes/', access: 'public', acces: 1, title: 1 }
  await t.rejects(appWith(t, options as never), {
    code: 'FST_API_KEY_BAD_OPTIONS',
    message: /unknown option "acces" \(did you mean "access"\?\); title must be a text, not 1; path must be a path such as '\/scopes', .* not "scopes\/"; access must say who may read it/
  })
  await t.rejects(appWith(t, { access: { scopes: 'a:raed' } } as never), /unknown scope "a:raed" \(did you mean "a:read"\?\)/)
  await t.rejects(async () => await Fastify().register(scopeReferenceRoutes), { code: 'FST_API_KEY_BAD_OPTIONS', message: /register fastify-api-key-scopes before/ })
  t.equal(referencePlugin, scopeReferenceRoutes)
})

async function appWith (t: Test, options: ReferenceRoutesOptions & { prefix?: string } = {}, before: (app: FastifyInstance) => Promise<void> = async () => {}): Promise<FastifyInstance> {
  const app = Fastify()
  t.teardown(async () => { await app.close() })
  await before(app)
  await app.register(apiKeyScopes, { scopes: defineScopes({ 'a:read': 'Read' }), store: memoryStore(), keyPrefix: 'acme' })
  await app.register(referencePlugin, options)
  // Later than the page, and on it all the same.
  app.get('/a', { config: { scopes: 'a:read' } }, async () => '')
  await app.ready()
  return app
}
