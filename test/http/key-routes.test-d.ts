// Only type-checked, never run.
import Fastify from 'fastify'
import '../../lib/index.js'
import apiKeyRoutes, { apiKeyRoutes as named, type CurrentPrincipal, type OfferedScope, type ScopePicker, type ShownApiKey } from '../../lib/http/key-routes.js'

const app = Fastify()
app.register(apiKeyRoutes)
app.register(named, { prefix: '/v1', logLevel: 'warn' })
app.register(apiKeyRoutes, { canManageAll: user => user.id === 'boss', keyScopes: { create: 'keys:manage', list: [], rotate: { anyOf: ['a', ['b', 'c']] } } })
app.register(apiKeyRoutes, { canManageAll: async () => true })
// @ts-expect-error -- a misspelt operation
app.register(apiKeyRoutes, { keyScopes: { craete: 'keys:manage' } })
// @ts-expect-error -- what any key may call anyway
app.register(apiKeyRoutes, { keyScopes: { current: [] } })
// @ts-expect-error -- no scopes
app.register(apiKeyRoutes, { keyScopes: { create: true } })
// @ts-expect-error -- a misspelt option
app.register(apiKeyRoutes, { keyScope: {} })
// @ts-expect-error -- neither true nor false
app.register(apiKeyRoutes, { canManageAll: user => user.id })
// @ts-expect-error -- a user need not have it
app.register(apiKeyRoutes, { canManageAll: user => user.isAdmin })

// What a front end is answered, by name.
export const names = ({ resources }: ScopePicker): OfferedScope[] => resources.flatMap(({ scopes }) => scopes)
export const ownerOf = (me: CurrentPrincipal): string | null => me.type === 'user' ? me.id : me.record.ownerId
// @ts-expect-error -- the application's own
export const metadataOf = (key: ShownApiKey) => key.metadata
