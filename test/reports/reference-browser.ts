/** Looks at a page of a reference in a real browser: light and dark, on a desk and on a phone. */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import Fastify from 'fastify'
import type { Test } from 'tap'
import { startChromium } from '../servers/chromium.js'

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

const LOOKS = [
  { width: 1280, height: 900, colorScheme: 'light' },
  { width: 1280, height: 900, colorScheme: 'dark' },
  { width: 390, height: 844, colorScheme: 'light' },
  { width: 390, height: 844, colorScheme: 'dark' }
] as const

/** Nothing but the page is asked for, nothing is wrong with it, and it is not wider than the screen. */
export async function looksRight (t: Test, html: string): Promise<void> {
  const browser = await startChromium(t)
  if (browser === null) return
  const server = Fastify()
  server.get('/', (_request, reply) => reply.type('text/html; charset=utf-8').send(html))
  t.teardown(async () => { await server.close() })
  const url = `${await server.listen({ port: 0, host: '127.0.0.1' })}/`

  for (const { width, height, colorScheme } of LOOKS) {
    // What looks for faults is a script, which the page itself does not allow.
    const context = await browser.newContext({ viewport: { width, height }, colorScheme, bypassCSP: true })
    const page = await context.newPage()
    const requests: string[] = []
    const said: string[] = []
    page.on('request', request => { requests.push(request.url()) })
    page.on('console', message => { said.push(message.text()) })
    page.on('pageerror', error => { said.push(error.message) })
    await page.goto(url)
    const name = `${width} px, ${colorScheme}`

    t.equal(await page.evaluate('document.documentElement.scrollWidth <= document.documentElement.clientWidth'), true, `${name}: nothing is wider than the screen`)
    t.equal(await page.evaluate('getComputedStyle(document.body).backgroundColor === "rgb(255, 255, 255)"'), colorScheme === 'light', `${name}: as dark as asked`)
    await page.evaluate(axe)
    const { violations } = await page.evaluate('axe.run({ resultTypes: ["violations"], elementRef: false })') as { violations: ReadonlyArray<{ id: string, nodes: ReadonlyArray<{ html: string, failureSummary: string }> }> }
    t.same(violations.map(({ id, nodes }) => [id, nodes.length, nodes[0]?.html, nodes[0]?.failureSummary]), [], `${name}: axe finds nothing`)
    t.same(requests, [url], `${name}: nothing else is asked for`)
    t.same(said, [], `${name}: the browser complains of nothing`)
    await context.close()
  }
}
