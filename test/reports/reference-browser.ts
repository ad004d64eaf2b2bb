/** Looks at a page of a reference in a real browser: light and dark, on a desk and on a phone. */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import Fastify from 'fastify'
import type { Browser, Page } from 'playwright-core'
import type { Test } from 'tap'

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

const LOOKS = [
  { width: 1280, height: 900, colorScheme: 'light' },
  { width: 1280, height: 900, colorScheme: 'dark' },
  { width: 390, height: 844, colorScheme: 'light' },
  { width: 390, height: 844, colorScheme: 'dark' }
] as const

/**
 * Nothing but the page is asked for, nothing is wrong with it, and it is not wider than the screen.
 *
 * @param thorough for the page that has something of everything: dark too, and axe examines each look. Else it does so once, and leaves out
 * the colours, which are the same on every page and take it long.
 * @returns the page, as it was left.
 */
export async function looksRight (t: Test, browser: Browser, html: string, { thorough = false, at = '' } = {}): Promise<Page> {
  const server = Fastify()
  server.get('/', (_request, reply) => reply.type('text/html; charset=utf-8').send(html))
  t.teardown(async () => { await server.close() })
  const url = `${await server.listen({ port: 0, host: '127.0.0.1' })}/`

  // What looks for faults is a script, which the page itself does not allow.
  const context = await browser.newContext({ bypassCSP: true })
  t.teardown(async () => { await context.close() })
  const page = await context.newPage()
  const requests: string[] = []
  const said: string[] = []
  page.on('request', request => { requests.push(request.url()) })
  page.on('console', message => { said.push(message.text()) })
  page.on('pageerror', error => { said.push(error.message) })
  await page.goto(`${url}${at}`)
  await page.evaluate(axe)

  for (const { width, height, colorScheme } of LOOKS.filter(({ colorScheme }) => thorough || colorScheme === 'light')) {
    await page.setViewportSize({ width, height })
    await page.emulateMedia({ colorScheme })
    const name = `${width} px, ${colorScheme}`
    t.equal(await page.evaluate('document.documentElement.scrollWidth <= document.documentElement.clientWidth'), true, `${name}: nothing is wider than the screen`)
    t.equal(await page.evaluate('getComputedStyle(document.body).backgroundColor === "rgb(255, 255, 255)"'), colorScheme === 'light', `${name}: as dark as asked`)
    if (thorough) t.same(await faultsOf(page, {}), [], `${name}: axe finds nothing`)
  }
  if (!thorough) t.same(await faultsOf(page, { 'color-contrast': { enabled: false } }), [], 'axe finds nothing')
  t.same(requests, [url], 'nothing else is asked for')
  t.same(said, [], 'the browser complains of nothing')
  return page
}

async function faultsOf (page: Page, rules: object): Promise<unknown> {
  const { violations } = await page.evaluate(`axe.run({ resultTypes: ["violations"], elementRef: false, rules: ${JSON.stringify(rules)} })`) as { violations: ReadonlyArray<{ id: string, nodes: ReadonlyArray<{ html: string, failureSummary: string }> }> }
  return violations.map(({ id, nodes }) => [id, nodes.length, nodes[0]?.html, nodes[0]?.failureSummary])
}
