// What @fastify/swagger-ui shows of it, in a real browser.
import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import Fastify from 'fastify'
import t from 'tap'
import apiKeyScopes, { defineScopes, memoryStore } from '../../lib/index.js'
import { startChromium } from '../servers/chromium.js'

const scopes = defineScopes({ 'hosts:read': 'List hosts', 'hosts:create': 'Create hosts', 'hosts:enroll': 'Enrol hosts', 'hosts:stage': 'Stage hosts' })

async function startedApp () {
  const app = Fastify()
  await app.register(swagger, { openapi: { openapi: '3.1.0', info: { title: 'Hosts', version: '1.0.0' } } })
  await app.register(swaggerUi, { routePrefix: '/docs', uiConfig: { docExpansion: 'full' } })
  await app.register(apiKeyScopes, {
    scopes,
    store: memoryStore(),
    keyPrefix: 'acme',
    apiKeyHeader: 'x-api-key',
    authenticateUser: () => null,
    annotate: ({ url }) => url.startsWith('/docs') ? { public: true } : undefined
  })
  const handler = async () => 'ok'
  app.get('/hosts', { config: { scopes: { anyOf: ['hosts:read', ['hosts:create', 'hosts:enroll']] } }, schema: { summary: 'List hosts', description: 'Lists every host that the key may see.' } }, handler)
  app.post('/hosts', {
    config: { scopes: 'hosts:create', scopesWhen: [{ when: () => true, scopes: 'hosts:stage', description: 'Required if the host is staged.' }] },
    schema: { summary: 'Create a host', body: { type: 'object', properties: { name: { type: 'string' } } } }
  }, handler)
  app.post('/hosts/:id/enroll', { config: { scopes: ['hosts:create', 'hosts:enroll'] }, schema: { summary: 'Enrol a host' } }, handler)
  app.get('/me', { config: { scopes: [] }, schema: { summary: 'Who am I' } }, handler)
  app.post('/billing', { config: { userOnly: true }, schema: { summary: 'Change the plan' } }, handler)
  app.get('/health', { config: { public: true }, schema: { summary: 'Whether it is up' } }, handler)
  const url = await app.listen({ port: 0, host: '127.0.0.1' })
  return { app, url }
}

t.test('the page shows who may call each operation', async t => {
  const browser = await startChromium(t)
  if (browser === null) return
  const { app, url } = await startedApp()
  t.teardown(async () => { await app.close() })

  const page = await browser.newPage()
  const faults: unknown[] = []
  page.on('pageerror', error => { faults.push(error.message) })
  await page.goto(`${url}/docs`)
  await page.locator('.opblock').nth(5).waitFor()

  for (const [device, width] of [['a desk', 1280], ['a phone', 390]] as const) {
    await t.test(`on ${device}`, async t => {
      await page.setViewportSize({ width, height: 844 })
      const operation = (name: string) => page.locator('.opblock', { has: page.locator(`.opblock-summary-${name.split(' ')[0]!.toLowerCase()} [data-path="${name.split(' ')[1]!}"]`) })
      const expected: ReadonlyArray<[operation: string, line: string, locked: boolean, statuses: string[]]> = [
        ['GET /hosts', 'Token scope required: one of hosts:read, hosts:create + hosts:enroll', true, ['200', '401', '403']],
        ['POST /hosts', 'Token scope required: hosts:create; sometimes hosts:stage (Required if the host is staged.)', true, ['200', '401', '403']],
        ['POST /hosts/{id}/enroll', 'Token scopes required: hosts:create + hosts:enroll', true, ['200', '401', '403']],
        ['GET /me', 'Token required: any valid key', true, ['200', '401']],
        ['POST /billing', 'User session required, API keys are not accepted', true, ['200', '401', '403']],
        ['GET /health', 'No token required', false, ['200']]
      ]
      for (const [name, line, locked, statuses] of expected) {
        const shown = operation(name)
        t.equal(await shown.locator('.opblock-description p').last().innerText(), line, name)
        t.equal(await shown.locator('.authorization__btn').count(), locked ? 1 : 0, `${name} has ${locked ? 'a' : 'no'} lock`)
        t.same(await shown.locator('.responses-table .response .response-col_status').allInnerTexts(), statuses)
      }
      t.equal(await operation('GET /hosts').locator('.opblock-description p').first().innerText(), 'Lists every host that the key may see.')
      t.match(await operation('POST /billing').locator('.response[data-code="403"]').innerText(), 'FST_API_KEY_USER_ONLY')

      await page.locator('.btn.authorize').click()
      const dialog = page.locator('.dialog-ux')
      await dialog.waitFor()
      for (const text of ['apiKey', 'apiKeyHeader', 'userSession', 'An API key', 'x-api-key']) t.match(await dialog.innerText(), text)
      await dialog.locator('.close-modal').click()
    })
  }
  t.same(faults, [])
})
