// Only compiled, never run, and in a program of its own: with a registered catalog, a wrong scope name does not compile.
import { apiKeyScopes, defineScopes, memoryStore, type ScopeName } from 'fastify-api-key-scopes'
import Fastify from 'fastify'

const scopes = defineScopes({ full: { includes: '*' }, 'devices:read': '', 'devices:write': '' })

declare module 'fastify-api-key-scopes' {
  interface Register { scopes: typeof scopes }
}

export const names: ScopeName[] = [
  'full', 'devices:read', 'devices:write',
  // @ts-expect-error -- no scope of the catalog
  'devices:reed'
]

const app = Fastify()
await app.register(apiKeyScopes, { scopes, store: memoryStore(), keyPrefix: 'acme' })

app.get('/a', { config: { scopes: 'devices:read' } }, request => request.hasScopes('devices:read', 'devices:write'))
app.get('/b', { config: { scopes: ['devices:read', 'devices:write'] } }, request => request.requireScopes({ anyOf: ['full', ['devices:read']] }))
app.get('/c', { config: { scopes: { anyOf: ['full', ['devices:read', 'devices:write']] } } }, () => {})
// @ts-expect-error -- a wrong name
app.get('/d', { config: { scopes: 'devices:reed' } }, () => {})
// @ts-expect-error -- a wrong name in a list
app.get('/e', { config: { scopes: ['full', 'devices:reed'] } }, () => {})
// @ts-expect-error -- a wrong name in an alternative
app.get('/f', { config: { scopes: { anyOf: ['full', ['devices:reed']] } } }, () => {})
// @ts-expect-error -- a pattern is no name
app.get('/g', { config: { scopes: 'devices:*' } }, () => {})
// @ts-expect-error -- a wrong name in a handler
app.get('/h', { config: { public: true } }, request => request.hasScopes('devices:reed'))
app.get('/i', { config: { scopes: 'full', scopesWhen: [{ when: () => true, scopes: 'devices:read' }] } }, () => {})
// @ts-expect-error -- a wrong name in a condition
app.get('/j', { config: { scopes: 'full', scopesWhen: [{ when: () => true, scopes: 'devices:reed' }] } }, () => {})

await app.apiKeys.update('id', { scopes: ['devices:read'] })
// @ts-expect-error -- a wrong name in a changed grant
await app.apiKeys.update('id', { scopes: ['devices:reed'] })
await app.apiKeys.create({ name: 'n', scopes: ['devices:read'] })
// @ts-expect-error -- a wrong name in a grant
await app.apiKeys.create({ name: 'n', scopes: ['devices:reed'] })
