// The OpenAPI documents of the five examples and of the app of 650 routes: valid, complete, and true over HTTP.
import { fileURLToPath } from 'node:url'
import { formatParamUrl } from '@fastify/swagger'
import t from 'tap'
import { run } from '../package/run.js'
import { APPS, type ShownApp } from './apps.js'
import { faultsOf, operationsOf, VERSIONS, withSwagger, type Loose } from './openapi-set-up.js'

const root = fileURLToPath(new URL('../..', import.meta.url))

for (const shown of APPS) {
  for (const openapi of VERSIONS) {
    t.test(`${shown.name}, OpenAPI ${openapi}`, async t => {
      const { app } = await withSwagger({ openapi: { openapi } }, shown.build)
      t.teardown(async () => { await app.close() })
      await app.ready()
      const document = app.swagger()
      const { catalog } = app.apiKeys
      t.same(await faultsOf(document), [], 'is valid')

      const operations = operationsOf(document)
      const visible = app.apiKeys.routes().filter(({ hidden, method, constraints }) => !hidden && method !== 'HEAD' && Object.keys(constraints).length === 0)
      for (const { method, url, access, scopes, conditions } of visible) {
        // Of a route with two URLs, @fastify/swagger shows the second; what is older than it, it does not see.
        const operation = operations.get(`${method} ${formatParamUrl(url)}`) ?? operations.get(`${method} ${formatParamUrl(url)}/`)
        const name = `${method} ${url}`
        if (operation === undefined) {
          t.fail(`${name} is not there`)
          continue
        }
        const declared = operation['x-required-scopes']
        const read = declared === undefined ? [] : catalog.requirement(declared).alternatives
        const told = [read, (operation['x-conditional-scopes'] ?? []).map((one: Loose) => ({ ...one, scopes: catalog.requirement(one.scopes).alternatives }))]
        if (JSON.stringify(told) !== JSON.stringify([scopes, conditions])) t.fail(`${name} tells of other scopes: ${JSON.stringify(told)}`)
        if ((access === 'public') !== (operation.security.length === 0)) t.fail(`${name} is ${access}, but its security is ${JSON.stringify(operation.security)}`)
        if ((access === 'userOnly') !== (JSON.stringify(operation.security) === '[{"userSession":[]}]')) t.fail(`${name} is ${access}, but its security is ${JSON.stringify(operation.security)}`)
      }
      t.ok(visible.length > 10, `${visible.length} routes are in it as they are declared`)
      t.notMatch(JSON.stringify(document), 'x-fastify-api-key-scopes')
    })
  }

  t.test(`${shown.name}: strangers and keys without scopes are answered what the document says`, async t => {
    const { app } = await withSwagger({ openapi: {} }, shown.build)
    t.teardown(async () => { await app.close() })
    await app.ready()
    const { key } = await app.apiKeys.create({ name: 'bare', scopes: [] })
    const credentials: Array<[status: string, headers: Record<string, string>]> = [['401', {}], ['403', { authorization: `Bearer ${key}` }]]
    const told: string[] = []
    const answered: string[] = []
    for (const [name, { responses, ...operation }] of operationsOf(app.swagger())) {
      const [method, path] = name.split(' ') as ['GET', string]
      // A route that answers like this by itself, and one that needs the header Host.
      if (/^\/(moody|hosted)/.test(path)) continue
      for (const [status, headers] of credentials) {
        const denial = responses[status]
        // What the app documents itself is not ours, and a condition may be met or not.
        if (denial?.content === undefined || denial.content['application/json'].example === undefined || (status === '403' && operation['x-conditional-scopes'] !== undefined)) continue
        const answer = await app.inject({ method, url: path.replace(/\{[^}]*\}/g, '11'), headers })
        answered.push(`${name}: ${answer.statusCode} ${answer.body}`)
        told.push(`${name}: ${status} ${JSON.stringify(denial.content['application/json'].example)}`)
      }
    }
    t.same(told, answered)
    // Two examples shape their errors themselves.
    t.equal(told.length > 20, !['digitalocean', 'inspecto'].includes(shown.name), `${told.length} denials`)
  })

  t.test(`${shown.name}: answers are the same with and without a document`, async t => {
    t.same(await answersOf(async () => await withSwagger({ openapi: {} }, shown.build)), await answersOf(shown.build))
  })
}

t.test('nothing is loaded for it in an app that has no document', async t => {
  t.same(await loaded("app.register(require('@fastify/swagger'))"), ['/reports/openapi-swagger.js', '/yaml/dist/index.js'])
  t.same(await loaded(''), [])

  /** What of it an app has loaded once it is ready, in a process of its own. */
  async function loaded (more: string): Promise<unknown> {
    const program = `
      const { apiKeyScopes, defineScopes, memoryStore } = require('fastify-api-key-scopes')
      const app = require('fastify')()
      app.register(apiKeyScopes, { scopes: defineScopes({ a: 'A' }), store: memoryStore(), keyPrefix: 'acme' })
      ${more}
      app.ready().then(() => {
        const isOfIt = end => Object.keys(require.cache).some(file => file.endsWith(end))
        console.log(JSON.stringify(['/reports/openapi-swagger.js', '/yaml/dist/index.js'].filter(isOfIt)))
        return app.close()
      })`
    const { code, output } = await run(process.execPath, ['--no-warnings', '-e', program], { cwd: root, timeout: 20_000 })
    t.equal(code, 0, output)
    return JSON.parse(output)
  }
})

/** Dates, ports and secrets. */
const OF_THE_MOMENT = /\d{4}-\d\d-\d\dT[\d:.]+Z|127\.0\.0\.1:\d+|[\w-]{32}/g

/** What every route answers to a user who does everything, in the order of declaration. */
async function answersOf (build: ShownApp['build']): Promise<readonly string[]> {
  const { app, user } = await build()
  await app.ready()
  if (app.hasDecorator('swagger')) app.swagger()
  const answers: string[] = []
  for (const { method, url, hidden } of app.apiKeys.routes()) {
    if (hidden || /api-keys|keys/.test(url)) continue
    const { statusCode, body } = await app.inject({ method: method as 'GET', url: url.replace(/:\w+(\([^)]*\)+)?|\*/g, '11'), headers: user })
    answers.push(`${method} ${url} ${statusCode} ${body.replace(OF_THE_MOMENT, '…')}`)
  }
  await app.close()
  return answers
}
