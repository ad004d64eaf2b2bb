import Fastify, { type FastifyInstance, type FastifyServerOptions } from 'fastify'
import apiKeyScopes, { type KeyStore } from 'fastify-api-key-scopes'
import apiKeyRoutes from 'fastify-api-key-scopes/routes'
import config from './api-key-scopes.config.js'
import { someData } from './data.js'
import { appRoutes } from './routes/apps.js'
import { billingRoutes } from './routes/billing.js'
import { cloudRoutes } from './routes/clouds.js'
import { clusterRoutes } from './routes/clusters.js'
import { jobRoutes } from './routes/jobs.js'
import { sessionsOf } from './session.js'

export interface AppOptions {
  /** Where the API keys are kept. */
  store: KeyStore
  /** Who signs the session tokens, as `https://clerk.skaledata.com`. */
  issuer: string
  logger?: NonNullable<FastifyServerOptions['logger']>
}

export async function buildApp ({ store, issuer, logger = false }: AppOptions): Promise<FastifyInstance> {
  const app = Fastify({ logger })
  const data = someData()

  await app.register(apiKeyScopes, {
    ...config,
    store,
    realm: 'skaledata',
    authenticateUser: sessionsOf(issuer)
  })
  await app.register(apiKeyRoutes)
  await app.register(billingRoutes, { data })
  await app.register(clusterRoutes, { data })
  await app.register(cloudRoutes, { data })
  await app.register(appRoutes, { data })
  await app.register(jobRoutes, { data })

  app.get('/', { config: { public: true } }, async () => {
    return { name: 'SkaleData API', about: 'An example of fastify-api-key-scopes; its clusters are not real', issuer }
  })

  return app
}
