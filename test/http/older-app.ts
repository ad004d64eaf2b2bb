// An app that is older than the import of the package, as under fastify-cli. Run as a process of its own, because in
// the tests the package is imported already. Prints what happened as JSON.
import Fastify from 'fastify'
import type { FastifyInstance } from 'fastify'
import type { LogLine } from './routes-app.js'

const lines: LogLine[] = []
const app: FastifyInstance = Fastify({ logger: { level: 'trace', stream: { write: (line: string) => { lines.push(JSON.parse(line) as LogLine) } } } })

const ran: string[] = []
const handler = async (request: { url: string }) => { ran.push(request.url); return {} }
app.get('/silent', handler)
app.get('/declared', { config: { scopes: 'clusters:read' } as object }, handler)
app.get('/public', { config: { public: true } as object }, handler)
app.get('/wrong', { config: { scopes: 'clusters:raed' } as object }, handler)
app.get('/annotated/list', handler)
app.register(async child => { child.get('/', handler) }, { prefix: '/annotated/child' })

const { default: apiKeyScopes } = await import('../../lib/index.js')
const { pluginOptions, senders } = await import('./routes-app.js')
await app.register(apiKeyScopes, pluginOptions({
  annotate: ({ url }) => url.startsWith('/annotated/') ? { scopes: 'clusters:read' } : undefined
}))
app.get('/late', { config: { scopes: 'clusters:read' } }, handler)
await app.ready()

const { send, statuses } = await senders(app)
const urls = ['/silent', '/declared', '/public', '/wrong', '/annotated/list', '/annotated/child', '/annotated/child/', '/late']
console.log(JSON.stringify({
  heads: Object.fromEntries(await Promise.all(urls.map(async url => [url, await statuses(url, 'HEAD')]))),
  statuses: Object.fromEntries(await Promise.all(urls.map(async url => [url, await statuses(url)]))),
  told: app.apiKeys.routes().map(({ url }) => url),
  refusal: (await send('full', '/silent')).json(),
  ran: [...new Set(ran)].sort(),
  warnings: lines.filter(({ level }) => level === 40).map(({ msg }) => msg),
  errors: lines.filter(({ level }) => level === 50).map(({ msg, err }) => ({ msg, message: (err as Error).message })),
  denials: lines.filter(({ audit }) => (audit as { route?: string } | undefined)?.route === '/silent').map(({ level }) => level)
}))
await app.close()
