// The pages of the examples, and one that has something of everything, in a browser.
import Fastify from 'fastify'
import type { Browser } from 'playwright-core'
import t, { type Test } from 'tap'
import apiKeyScopes, { defineScopes, memoryStore } from '../../lib/index.js'
import { scopeReference, toHtml } from '../../lib/reports/reference.js'
import { startChromium } from '../servers/chromium.js'
import { EXAMPLES } from './apps.js'
import { looksRight } from './reference-browser.js'

t.test('pages look right', async t => {
  // One for all, for it takes long to start.
  const browser = await startChromium(t)
  if (browser === null) return
  await t.test('one with something of everything', async t => { await somethingOfEverything(t, browser) })
  for (const { name, build } of EXAMPLES) {
    await t.test(name, async t => {
      const { app } = await build()
      t.teardown(async () => { await app.close() })
      await app.ready()
      await looksRight(t, browser, toHtml(scopeReference(app)))
    })
  }
})

async function somethingOfEverything (t: Test, browser: Browser): Promise<void> {
  const many = ['b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j']
  const scopes = defineScopes<string>({
    full: { description: 'Everything', includes: '*' },
    ...Object.fromEntries(many.map(name => [`many:${name}`, 'One of many'])),
    'many:all': { description: 'Many', includes: 'many:*' },
    'a:read': { description: 'Read', hidden: true },
    'a:write': { description: 'Write', includes: 'a:read', requires: 'many:b' },
    'a:change': { description: 'Change', status: 'deprecated', replacedBy: 'a:write' },
    'a:later': { description: 'Later', status: 'planned', requires: 'a:read' },
    'a:perhaps': { description: 'Perhaps', status: 'under-review' }
  }, { defaultGrant: ['a:read'], presets: { Both: ['a:read', 'a:write', 'many:b'] }, resources: { a: { heading: 'Things', description: 'What there is.' } } })
  const app = Fastify()
  t.teardown(async () => { await app.close() })
  await app.register(apiKeyScopes, { scopes, store: memoryStore(), keyPrefix: 'acme', authenticateUser: () => null })
  const handler = async () => ''
  const when = () => true
  const scopesWhen = [{ when, scopes: 'many:b', description: 'if there are many' }, { when, scopes: 'many:c' }]
  app.get('/a', { config: { scopes: 'a:read' }, schema: { summary: 'What it does' } as object }, handler)
  for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']) app.route({ method, url: '/a/:id', config: { scopes: 'a:write' }, handler })
  app.post('/both', { config: { scopes: ['a:read', 'a:write'] } }, handler)
  app.post('/when', { config: { scopes: 'a:write', scopesWhen } }, handler)
  app.get('/any', { config: { scopes: [], scopesWhen } }, handler)
  app.get('/user', { config: { userOnly: true } }, handler)
  app.get('/public', { config: { public: true } }, handler)
  await app.ready()

  const html = toHtml(scopeReference(app, { hidden: true, baseUrl: 'https://api.example.com' }))
  const page = await looksRight(t, browser, html.replaceAll('<details>', '<details open>'), { thorough: true, at: '#a:read' })
  t.same(await page.evaluate(UNUSED), [], 'it has whatever there is a style for')
}

/** Parts of the style that are for nothing on the page. What stands there only for a while, or is made by the style, is left out of them. */
const UNUSED = `
  const selectors = rules => [...rules].flatMap(rule => rule.selectorText ? rule.selectorText.split(',') : rule.cssRules ? selectors(rule.cssRules) : [])
  selectors(document.styleSheets[0].cssRules).filter(selector => document.querySelector(selector.replace(/::?(hover|focus-visible|focus|after|details-content)/g, '')) === null)
`
