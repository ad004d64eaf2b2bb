import Fastify, { type FastifyInstance } from 'fastify'
import apiKeyScopes from 'fastify-api-key-scopes'
import apiKeyRoutes from 'fastify-api-key-scopes/routes'
import type { AppOptions } from '../serve.js'
import { someData } from './data.js'
import { configRoutes } from './routes/configs.js'
import { deploymentRoutes } from './routes/deployments.js'
import { deviceRoutes } from './routes/devices.js'
import { operation } from './routes/operation.js'
import { releaseRoutes } from './routes/releases.js'
import { scopes } from './scopes.js'

export async function buildApp ({ store, authenticateUser, logger = false }: AppOptions): Promise<FastifyInstance> {
  const app = Fastify({ logger })
  const data = someData()

  await app.register(apiKeyScopes, {
    scopes,
    store,
    keyPrefix: 'miru',
    realm: 'miru',
    apiKeyHeader: 'x-api-key',
    authenticateUser
  })
  await app.register(apiKeyRoutes)
  await app.register(configRoutes, { data })
  await app.register(deploymentRoutes, { data })
  await app.register(deviceRoutes, { data })
  await app.register(releaseRoutes, { data })

  // "Nearly all API endpoints require one or more scopes": this one needs a key, and none of its scopes.
  app.get('/principal', operation('getSelf', { scopes: [] }), async ({ principal }) => {
    const { id, name } = principal?.type === 'apiKey' ? principal.record : { id: principal?.user.id, name: 'a user session' }
    return { object: 'principal', id, name }
  })

  return app
}
