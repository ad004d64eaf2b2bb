import Fastify, { type FastifyInstance } from 'fastify'
import apiKeyScopes from 'fastify-api-key-scopes'
import apiKeyRoutes from 'fastify-api-key-scopes/routes'
import type { AppOptions } from '../serve.js'
import { someData } from './data.js'
import { answerErrors } from './errors.js'
import { accountRoutes } from './routes/account.js'
import { dropletRoutes } from './routes/droplets.js'
import { networkRoutes } from './routes/networks.js'
import { platformRoutes } from './routes/platforms.js'
import { storageRoutes } from './routes/storage.js'
import { scopes } from './scopes.js'

export async function buildApp ({ store, authenticateUser, logger = false }: AppOptions): Promise<FastifyInstance> {
  const app = Fastify({ logger })
  const options = { prefix: '/v2', data: someData() }

  answerErrors(app)
  await app.register(apiKeyScopes, {
    scopes,
    store,
    keyPrefix: 'dop_v1',
    realm: 'digitalocean',
    authenticateUser
  })
  await app.register(apiKeyRoutes, { prefix: '/v2' })
  await app.register(accountRoutes, options)
  await app.register(dropletRoutes, options)
  await app.register(networkRoutes, options)
  await app.register(platformRoutes, options)
  await app.register(storageRoutes, options)

  return app
}
