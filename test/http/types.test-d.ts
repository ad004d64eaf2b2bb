// Only type-checked, never run. What depends on a registered catalog is checked where one is registered.
import Fastify from 'fastify'
import type { FastifyRequest } from 'fastify'
import apiKeyScopes, { apiKeyScopes as named, defineScopes, memoryStore } from '../../lib/index.js'
import type { Annotate, ApiKeyRecord, ApiKeyScopesOptions, Principal, RouteAccess, User } from '../../lib/index.js'

const app = Fastify()
const handler = async () => ({})
const scopes = defineScopes({ 'clusters:read': 'List', 'clusters:write': 'Change' })
const options = { scopes, store: memoryStore(), keyPrefix: 'acme' } satisfies ApiKeyScopesOptions

// What a route may say.
app.get('/', { config: { scopes: 'clusters:read' } }, handler)
app.get('/', { config: { scopes: ['clusters:read', 'clusters:write'] } }, handler)
app.get('/', { config: { scopes: ['clusters:read'] as const } }, handler)
app.get('/', { config: { scopes: [] } }, handler)
app.get('/', { config: { scopes: { anyOf: ['clusters:read', ['clusters:write', 'clusters:read']] } } }, handler)
app.get('/', { config: { userOnly: true } }, handler)
app.get('/', { config: { public: true } }, handler)
app.route({ method: ['GET', 'POST'], url: '/', config: { public: true }, handler })

// Wrong values.
// @ts-expect-error -- a number is no scope
app.get('/', { config: { scopes: 5 } }, handler)
// @ts-expect-error -- neither is null
app.get('/', { config: { scopes: null } }, handler)
// @ts-expect-error -- nor true
app.get('/', { config: { scopes: true } }, handler)
// @ts-expect-error -- lists of lists are for anyOf
app.get('/', { config: { scopes: [['clusters:read']] } }, handler)
// @ts-expect-error -- anyOf is a list
app.get('/', { config: { scopes: { anyOf: 'clusters:read' } } }, handler)
// @ts-expect-error -- a misspelt anyOf
app.get('/', { config: { scopes: { anyof: ['clusters:read'] } } }, handler)
// @ts-expect-error -- nothing
app.get('/', { config: { scopes: {} } }, handler)
// @ts-expect-error -- leave it out instead
app.get('/', { config: { userOnly: false } }, handler)
// @ts-expect-error -- a word is not true
app.get('/', { config: { userOnly: 'yes' } }, handler)
// @ts-expect-error -- leave it out instead
app.get('/', { config: { public: false } }, handler)
// @ts-expect-error -- a word is not true
app.get('/', { config: { public: 'yes' } }, handler)
// @ts-expect-error -- the same in a full declaration
app.route({ method: 'GET', url: '/', config: { public: 'yes' }, handler })

// Scopes that only some requests need.
interface Deployment { status: 'drafted' | 'staged' }
app.post('/', { config: { scopes: [], scopesWhen: [{ when: ({ body }) => (body as Deployment).status === 'staged', scopes: 'clusters:write', description: 'If staging.' }] } }, handler)
app.post('/', { config: { scopes: 'clusters:read', scopesWhen: [{ when: ({ body }: FastifyRequest<{ Body: Deployment }>) => body.status === 'staged', scopes: { anyOf: ['clusters:write'] } }] } }, handler)
// @ts-expect-error -- a list
app.post('/', { config: { scopes: [], scopesWhen: { when: () => true, scopes: 'clusters:write' } } }, handler)
// @ts-expect-error -- nobody waits for an answer
app.post('/', { config: { scopes: [], scopesWhen: [{ when: async () => true, scopes: 'clusters:write' }] } }, handler)
// @ts-expect-error -- true or false
app.post('/', { config: { scopes: [], scopesWhen: [{ when: ({ body }) => body, scopes: 'clusters:write' }] } }, handler)
// @ts-expect-error -- of what?
app.post('/', { config: { scopes: [], scopesWhen: [{ when: () => true }] } }, handler)

// Whether it is enforced.
app.get('/', { config: { scopes: 'clusters:read', scopesMode: 'report' } }, handler)
app.get('/', { config: { userOnly: true, scopesMode: 'enforce' } }, handler)
// @ts-expect-error -- one of the two
app.get('/', { config: { scopes: 'clusters:read', scopesMode: 'off' } }, handler)
// @ts-expect-error -- one of the two
app.register(apiKeyScopes, { ...options, mode: 'log' })
app.register(apiKeyScopes, { ...options, mode: 'report' })
// @ts-expect-error -- nobody is refused on a public route
const open: RouteAccess = { public: true, scopesMode: 'enforce' }
// @ts-expect-error -- what matches no route is refused in every mode
app.register(apiKeyScopes, { ...options, notFound: { scopes: 'clusters:read', scopesMode: 'report' } })
const reported: string[] = app.apiKeys.reported({ ownerId: 'u1' }).callers.flatMap(({ actor, scopesToAdd }) => [actor.id, ...scopesToAdd])

// Near-misses.
// @ts-expect-error -- scopesMode
app.get('/', { config: { scopes: [], scopeMode: 'report' } }, handler)
// @ts-expect-error -- scopesMode
app.get('/', { config: { scopes: [], reportOnly: true } }, handler)
// @ts-expect-error -- scopesMode
app.get('/', { config: { scopes: [], reportMode: true } }, handler)
// @ts-expect-error -- scopesWhen
app.get('/', { config: { scopes: [], scopeWhen: [] } }, handler)
// @ts-expect-error -- scopesWhen
app.get('/', { config: { scopes: [], scopesIf: [] } }, handler)
// @ts-expect-error -- scopes
app.get('/', { config: { scope: 'clusters:read' } }, handler)
// @ts-expect-error -- scopes
app.get('/', { config: { requiredScope: 'clusters:read' } }, handler)
// @ts-expect-error -- scopes
app.get('/', { config: { requiredScopes: ['clusters:read'] } }, handler)
// @ts-expect-error -- scopes: { anyOf }
app.get('/', { config: { anyOf: ['clusters:read'] } }, handler)
// @ts-expect-error -- scopes: { anyOf }
app.get('/', { config: { anyof: ['clusters:read'] } }, handler)
// @ts-expect-error -- scopes
app.get('/', { config: { allOf: ['clusters:read'] } }, handler)
// @ts-expect-error -- scopes
app.get('/', { config: { allof: ['clusters:read'] } }, handler)
// @ts-expect-error -- userOnly
app.get('/', { config: { useronly: true } }, handler)
// @ts-expect-error -- userOnly
app.get('/', { config: { user_only: true } }, handler)
// @ts-expect-error -- userOnly
app.get('/', { config: { usersOnly: true } }, handler)
// @ts-expect-error -- public
app.get('/', { config: { isPublic: true } }, handler)
// @ts-expect-error -- also beside the right thing
app.route({ method: 'GET', url: '/', config: { scopes: [], scope: 'clusters:read' }, handler })

// The plugin.
app.register(apiKeyScopes, options)
app.register(named, { ...options, keyPrefix: ['acme', 'old'], notFound: { userOnly: true }, annotate: ({ url }) => url === '/' ? { public: true } : undefined })
app.register(apiKeyScopes, { ...options, authenticateUser: async () => null })
app.register(apiKeyScopes, { ...options, authenticateUser: () => ({ id: 'u1', scopes: ['clusters:read'], email: 'a@example.com' }) })
// @ts-expect-error -- three options are needed
app.register(apiKeyScopes)
// @ts-expect-error -- the store among them
app.register(apiKeyScopes, { scopes, keyPrefix: 'acme' })
// @ts-expect-error -- a catalog comes from defineScopes
app.register(apiKeyScopes, { ...options, scopes: { 'clusters:read': 'List' } })
// @ts-expect-error -- a misspelt option
app.register(apiKeyScopes, { ...options, keyprefix: 'acme' })
// @ts-expect-error -- a user has an id
app.register(apiKeyScopes, { ...options, authenticateUser: () => ({ name: 'u1' }) })
// @ts-expect-error -- to let everybody through, leave it out
app.register(apiKeyScopes, { ...options, notFound: { public: true } })
// @ts-expect-error -- annotate is synchronous
app.register(apiKeyScopes, { ...options, annotate: async () => ({ public: true }) })
// @ts-expect-error -- not a duration in words
app.register(apiKeyScopes, { ...options, maxStaleness: '1s' })

// Access: one of the three.
const accesses: RouteAccess[] = [{ scopes: [] }, { userOnly: true, scopesMode: 'report' }, { scopes: [], scopesMode: 'enforce' }, { scopes: [], scopesWhen: [{ when: () => true, scopes: 'clusters:write' }] }, { userOnly: true }, { public: true }]
// @ts-expect-error -- not two
const two: RouteAccess = { scopes: [], public: true }
// @ts-expect-error -- conditions add to scopes
const conditional: RouteAccess = { userOnly: true, scopesWhen: [] }
// @ts-expect-error -- not none
const none: RouteAccess = {}
// @ts-expect-error -- nothing else
const more: RouteAccess = { public: true, comment: 'docs' }
const annotate: Annotate = ({ method, url }) => { const text: string = url; const methods: string | string[] = method; return text === '' || methods === '' ? undefined : accesses[0] }

// Who makes a request.
function principalOf ({ principal }: FastifyRequest): ApiKeyRecord | User | null {
  // @ts-expect-error -- it may be nobody
  const { type } = principal
  if (principal === null) return null
  // @ts-expect-error -- a user has no record
  const { record } = principal
  if (principal.type === 'user') {
    const id: string = principal.user.id
    // @ts-expect-error -- there is none here either
    return principal.record ?? { id, type, record }
  }
  const name: string = principal.record.name
  // @ts-expect-error -- a digest goes nowhere
  const { digest } = principal.record
  // @ts-expect-error -- a record cannot be changed
  principal.record.name = `${name}${digest}`
  return principal.record
}
app.addHook('preHandler', async request => {
  // @ts-expect-error -- it cannot be set
  request.principal = null
  const has: boolean = request.hasScopes('clusters:read') && request.hasScopes('clusters:read', 'clusters:write') &&
    request.hasScopes(['clusters:read']) && request.hasScopes({ anyOf: ['clusters:read'] })
  const nothing: void = request.requireScopes('clusters:read')
  // @ts-expect-error -- a number is no scope
  request.requireScopes(5)
  // @ts-expect-error -- one or the other
  request.hasScopes({ anyOf: ['clusters:read'] }, 'clusters:write')
  return [has, nothing]
})
const principals: Principal[] = [{ type: 'user', user: { id: 'u1' } }]

export default [open, reported, two, none, conditional, more, annotate, principalOf, principals]
