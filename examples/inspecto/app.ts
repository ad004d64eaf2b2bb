import Fastify, { type FastifyInstance } from 'fastify'
import apiKeyScopes from 'fastify-api-key-scopes'
import apiKeyRoutes from 'fastify-api-key-scopes/routes'
import type { AppOptions } from '../serve.js'
import { auditWrites } from './audit.js'
import { someData } from './data.js'
import { answerError, formatDenial } from './errors.js'
import { inspectionRoutes } from './routes/inspections.js'
import { vehicleRoutes } from './routes/vehicles.js'
import { scopes } from './scopes.js'

export async function buildApp ({ store, authenticateUser, logger = false }: AppOptions): Promise<FastifyInstance> {
  const app = Fastify({ logger })
  const data = someData()

  await app.register(apiKeyScopes, {
    scopes,
    store,
    keyPrefix: 'insp',
    realm: 'inspecto',
    authenticateUser,
    // "Scopes are set during API key creation and cannot be changed."
    mutableScopes: false,
    formatError: formatDenial
  })
  app.setErrorHandler(answerError)
  app.addHook('onSend', auditWrites)
  await app.register(apiKeyRoutes)
  await app.register(vehicleRoutes, { data })
  await app.register(inspectionRoutes, { data })

  return app
}
