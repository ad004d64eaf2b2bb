// The OpenAPI documents of the five examples and of the app of 650 routes: valid, complete, and true over HTTP.
import { fileURLToPath } from 'node:url'
import { formatParamUrl } from '@fastify/swagger'
import type { FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import { run } from '../package/run.js'
import { APPS, type BuiltApp } from './apps.js'
import { faultsOf, operationsOf, VERSIONS, withSwagger, type Loose } from './openapi-set-up.js'

const root = fileURLToPath(new URL('../..', import.meta.url))

for (const { name, build } of APPS) {
  t.test(name, async t => {
    const documented: BuiltApp[] = []
    for (const openapi of VERSIONS) {
      const built = await withSwagger({ openapi: { openapi } }, build)
      t.teardown(async () => { await built.app.close() })
      await built.app.ready()
      documented.push(built)
      await t.test(`OpenAPI ${openapi} is valid, and tells what the routes do`, async t => { await isTrue(t, built.app) })
    }
    const [one, other] = documented
    await t.test('strangers and keys without scopes are answered what the document says', async t => {
      // Two examples shape their errors themselves.
      await isAnswered(t, one!.app, { inOurWords: !['digitalocean', 'inspecto'].includes(name) })
    })
    await t.test('answers are the same with and without a document', async t => {
      const plain = await build()
      t.teardown(async () => { await plain.app.close() })
      await plain.app.ready()
      t.same(await answersOf(other!), await answersOf(plain))
    })
  })
}

async function isTrue (t: Test, app: FastifyInstance): Promise<void> {
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
}

async function isAnswered (t: Test, app: FastifyInstance, { inOurWords }: { readonly inOurWords: boolean }): Promise<void> {
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
  t.equal(told.length > 20, inOurWords, `${told.length} denials`)
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
async function answersOf ({ app, user }: BuiltApp): Promise<readonly string[]> {
  if (app.hasDecorator('swagger')) app.swagger()
  const answers: string[] = []
  for (const { method, url, hidden } of app.apiKeys.routes()) {
    if (hidden || /api-keys|keys/.test(url)) continue
    const { statusCode, body } = await app.inject({ method: method as 'GET', url: url.replace(/:\w+(\([^)]*\)+)?|\*/g, '11'), headers: user })
    answers.push(`${method} ${url} ${statusCode} ${body.replace(OF_THE_MOMENT, '…')}`)
  }
  return answers
}
