// Whatever stands in descriptions, addresses and titles, it is text on the page, where it belongs, and nothing else.
import fc from 'fast-check'
import t from 'tap'
import Fastify from 'fastify'
import apiKeyScopes, { defineScopes, memoryStore } from '../../lib/index.js'
import { scopeReference, toHtml, toMarkdown, type ScopeReference } from '../../lib/reports/reference.js'
import { anyText } from '../any-text.js'
import { startChromium } from '../servers/chromium.js'
import { all, attribute, elements, textOf, treeOfHtml, treeOfMarkdown, type TreeNode } from './reference-tree.js'

/** What closes, opens or ends something, in HTML or in Markdown. */
const MARKUP = [
  '<', '>', '"', '\'', '&', '&lt;', '&#60;', '</td>', '</style>', '<script>alert(1)</script>', '<img src=x onerror=alert(1)>', '<!--', '-->', ']]>', '<a id="a:read">',
  '|', '\\', '\\|', '`', '``', '```', '~~~', '*', '**', '_', '__', '~~', '[', ']', '](javascript:alert(1))', '![x](y)', '[x]: y', '<br>', '#', '# ', '- ', '+ ', '1. ', '1) ', '> ', '===', '---', '| --- |',
  'https://example.com', 'www.example.com', 'a@example.com', '$&', '$\'', '\n', '\n\n', '\r', '\t', ' ', '    ', '\u0000', '\u001b[31m', '\u202e', '\ud800', '\ufffe', '\u2028', 'é', '😀', 'word', 'x', '='
]
const nasty = fc.oneof(fc.array(fc.constantFrom(...MARKUP), { maxLength: 6 }).map(parts => parts.join('')), anyText({ maxLength: 12 }))
const scopeName = fc.string({ unit: fc.constantFrom(...'abz:_.-/<>[]`|&\'()%#!~^$+=@?;,{}*'), minLength: 1, maxLength: 8 })
  .filter(name => !name.split(':').includes('*'))
const segment = fc.string({ unit: fc.constantFrom(...'abc<>"&\'`|[]_~!$^{}'), minLength: 1, maxLength: 8 })

interface Texts {
  readonly title: string
  readonly intro: string
  readonly scope: string
  readonly description: string
  readonly heading: string
  readonly sentence: string
  readonly preset: string
  readonly summary: string
  readonly condition: string
  readonly segment: string
}

const texts: fc.Arbitrary<Texts> = fc.record({ title: nasty, intro: nasty, scope: scopeName, description: nasty, heading: nasty, sentence: nasty, preset: nasty, summary: nasty, condition: nasty, segment })

t.test('in HTML and in Markdown', async () => {
  await fc.assert(fc.asyncProperty(texts, async given => {
    const reference = await referenceOf(given)
    inHtml(treeOfHtml(toHtml(reference)), given)
    inMarkdown(treeOfMarkdown(toMarkdown(reference)), given)
  }), { numRuns: 200 })
})

function inHtml (tree: TreeNode, given: Texts): void {
  onlyThese(tree, 'html head meta title link style body a header div h1 p dl dt dd nav ul li main section h2 table thead tbody tr th td span code wbr footer'.split(' '))
  for (const link of all(tree, 'a')) if (!attribute(link, 'href')!.startsWith('#')) throw new Error('a link leads away')
  const ids = new Set(elements(tree).map(element => attribute(element, 'id')))
  for (const link of all(tree, 'a')) if (!ids.has(decodeURIComponent(attribute(link, 'href')!.slice(1)))) throw new Error(`a link leads nowhere: ${attribute(link, 'href')}`)
  same([all(tree, 'style').length, all(tree, 'table').length, all(tree, 'h2').length], [1, 4, 6])
  same(textsIn(tree), expected(given))
}

function inMarkdown (tree: TreeNode, given: Texts): void {
  onlyThese(tree, 'html head body h1 h2 p table thead tbody tr th td a code strong br ul li'.split(' '))
  for (const link of all(tree, 'a')) {
    const href = attribute(link, 'href') ?? '#'
    if (!href.startsWith('#')) throw new Error(`a link leads away: ${href}`)
  }
  same([all(tree, 'table').length, all(tree, 'h1').length, all(tree, 'h2').length, all(tree, 'li').length], [4, 1, 6, 2])
  same(textsIn(tree), expected(given))
}

t.test('in a browser, nothing of it runs', async t => {
  const browser = await startChromium(t)
  if (browser === null) return
  const page = await browser.newPage()
  const said: string[] = []
  page.on('console', message => { said.push(message.text()) })
  page.on('dialog', dialog => { said.push(dialog.message()) })
  for (const part of ['<script>alert(1)</script>', '"><img src=x onerror=alert(1)>', '</style><script>alert(1)</script>', '\' onmouseover=alert(1) x=\'']) {
    const given: Texts = { title: part, intro: part, scope: 'a:<b>', description: part, heading: part, sentence: part, preset: part, summary: part, condition: part, segment: '<i>"' }
    await page.setContent(toHtml(await referenceOf(given)))
    t.equal(await page.textContent('h1'), `${part}.`)
    t.equal(await page.evaluate('document.scripts.length + document.images.length'), 0)
  }
  t.same(said, [])
})

async function referenceOf ({ title, intro, scope, description, heading, sentence, preset, summary, condition, segment }: Texts): Promise<ScopeReference> {
  const scopes = defineScopes<string>({ [scope]: { description }, 'zz:later': { description, status: 'planned' } }, {
    presets: { [`${preset}.`]: [scope] },
    resources: { part: { heading: `${heading}.`, description: sentence, scopes: scope } }
  })
  const app = Fastify({ exposeHeadRoutes: false })
  await app.register(apiKeyScopes, { scopes, store: memoryStore(), keyPrefix: 'acme' })
  app.get(`/${segment}/:id`, { config: { scopes: [], scopesWhen: [{ when: () => true, scopes: scope, description: condition }] }, schema: { summary } as object }, async () => '')
  app.get('/end', { config: { public: true }, schema: { summary } as object }, async () => '')
  await app.ready()
  const reference = scopeReference(app, { title: `${title}.`, intro })
  await app.close()
  return reference
}

/** The texts of a page, in the order of its parts. */
function textsIn (tree: TreeNode) {
  const cells = all(tree, 'table').map(table => all(table, 'tbody').flatMap(body => elements(body).filter(({ nodeName }) => nodeName === 'th' || nodeName === 'td')).map(squeezed))
  return { title: squeezed(all(tree, 'h1')[0]!), heading: squeezed(all(tree, 'h2')[0]!), cells: cells.map(list => list.map(text => text.replace(/[();]/g, '').replace(/\s+/g, ' ').trim())) }
}

function expected ({ title, scope, description, heading, preset, summary, condition, segment }: Texts) {
  const beside = ['for some requests', ...plain(condition) === '' ? [] : [plain(condition)]].join(': ')
  const endpoint = `GET /${segment}/{id}`
  const when = plain(condition) === '' ? '' : ` ${plain(condition)}`
  return {
    title: plain(`${title}.`),
    heading: plain(`${heading}.`),
    cells: [
      [scope, plain(description), `${endpoint} ${plain(summary)} ${beside}`],
      [plain(`${preset}.`), scope],
      [`${endpoint} ${plain(summary)}`, `any valid keysometimes ${scope}${when}`],
      ['zz:later', 'Planned', plain(description)]
    ].map(list => list.map(text => text.replace(/[();]/g, '').replace(/\s+/g, ' ').trim()))
  }
}

/** White space is one space, and what is no character is shown as such. */
function plain (text: string): string {
  return text.replace(/\s+/g, ' ').trim().replace(/[\p{Cc}\p{Cs}]/gu, '\ufffd')
}

function squeezed (node: TreeNode): string {
  return textOf(node).replace(/\s+/g, ' ').trim()
}

function onlyThese (tree: TreeNode, names: readonly string[]): void {
  const attributes = new Set('lang charset http-equiv content name rel href class id aria-label aria-labelledby tabindex role scope'.split(' '))
  for (const element of elements(tree)) {
    if (!names.includes(element.nodeName)) throw new Error(`there is a <${element.nodeName}>`)
    for (const { name } of element.attrs ?? []) if (!attributes.has(name)) throw new Error(`<${element.nodeName}> has ${name}`)
  }
}

function same (found: unknown, wanted: unknown): void {
  if (JSON.stringify(found) !== JSON.stringify(wanted)) throw new Error(`${JSON.stringify(found)} instead of ${JSON.stringify(wanted)}`)
}
