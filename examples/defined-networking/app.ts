import Fastify, { type FastifyInstance } from 'fastify'
import apiKeyScopes from 'fastify-api-key-scopes'
import apiKeyRoutes from 'fastify-api-key-scopes/routes'
import type { AppOptions } from '../serve.js'
import { someData } from './data.js'
import { auditLogEndpoints, recordChanges } from './endpoints/audit-logs.js'
import { hostEndpoints } from './endpoints/hosts.js'
import { networkRouteEndpoints } from './endpoints/network-routes.js'
import { networkEndpoints } from './endpoints/networks.js'
import { roleEndpoints } from './endpoints/roles.js'
import { tagEndpoints } from './endpoints/tags.js'
import { scopes } from './scopes.js'

export async function buildApp ({ store, authenticateUser, logger = false }: AppOptions): Promise<FastifyInstance> {
  const app = Fastify({ logger })
  const data = someData()

  await app.register(apiKeyScopes, { scopes, store, keyPrefix: 'dnkey', realm: 'defined-networking', authenticateUser })
  await app.register(apiKeyRoutes)
  await app.register(async (api) => {
    api.addHook('onSend', recordChanges(data))
    await api.register(hostEndpoints, { data })
    await api.register(roleEndpoints, { data })
    await api.register(networkRouteEndpoints, { data })
    await api.register(networkEndpoints, { data })
    await api.register(tagEndpoints, { data })
    await api.register(auditLogEndpoints, { data })
  }, { prefix: '/v1' })

  return app
}
