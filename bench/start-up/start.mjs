// Starts an app of so many annotated routes, once, and prints how many milliseconds that took, from Fastify() to ready().
// A process of its own, for what V8 has learned from one start would make the next one faster: start.mjs <variant> <routes>
import { cpuUsage, stdout } from 'node:process'

const [variant, routes] = [process.argv[2], Number(process.argv[3])]
// Loaded and not registered: V8 sets the limits of its heap by what has been loaded, and so collects garbage at other times of the start.
const isBare = variant === 'bare' || variant === 'imported'
const { default: apiKeyScopes, defineScopes, memoryStore } = variant === 'bare' ? {} : await import('../../dist/esm/index.js')
const { default: Fastify } = await import('fastify')

/** Six for each resource, as an API has them; Fastify adds a HEAD to each GET. */
const ROUTES = [
  ['get', '', 'read'], ['post', '', 'write'],
  ['get', '/:id', 'read'], ['put', '/:id', 'write'], ['patch', '/:id', 'write'], ['delete', '/:id', 'write']
]
/** One pair of scopes is for this many routes. */
const ROUTES_A_PAIR = 60

function catalogEntries () {
  const entries = { full: { description: 'Everything', includes: '*' } }
  for (let area = 0; area * ROUTES_A_PAIR < routes; area++) {
    entries[`area-${area}:read`] = 'See what is there'
    entries[`area-${area}:write`] = { description: 'Change it', includes: `area-${area}:read` }
  }
  return entries
}

const [began, cpuBegan] = [performance.now(), cpuUsage()]
const app = Fastify()
if (!isBare) {
  const options = variant === 'without findings' ? { logFindings: false } : {}
  await app.register(apiKeyScopes, { scopes: defineScopes(catalogEntries()), store: memoryStore(), keyPrefix: 'acme', ...options })
}
for (let i = 0; i < routes; i++) {
  const [method, path, action] = ROUTES[i % ROUTES.length]
  const url = `/v1/area-${Math.floor(i / ROUTES_A_PAIR)}/resource-${Math.floor(i / ROUTES.length)}${path}`
  app[method](url, { config: { scopes: `area-${Math.floor(i / ROUTES_A_PAIR)}:${action}` } }, async () => ({ ok: true }))
}
await app.ready()
const milliseconds = performance.now() - began
const { user, system } = cpuUsage(cpuBegan)
stdout.write(JSON.stringify({ milliseconds, cpuMilliseconds: (user + system) / 1000 }))
