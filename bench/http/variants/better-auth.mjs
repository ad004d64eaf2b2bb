// better-auth with its API-key plugin, in a hook of Fastify: its fastest documented configurations. Nothing leaves the process,
// nothing is counted (rateLimit off), and what it writes for each request is written afterwards (deferUpdates).
import { apiKey } from '@better-auth/api-key'
import { betterAuth } from 'better-auth'
import { memoryAdapter } from 'better-auth/adapters/memory'
import { addRoute, fastify, serving } from './route.mjs'

/** Keys in the secondary storage, which is a Map. Each is of another user, whose keys are a list that is written with each use. */
export async function secondaryStorage () {
  const entries = new Map()
  return await protectedBy(1000, { storage: 'secondary-storage' }, {
    secondaryStorage: {
      get: async name => entries.get(name) ?? null,
      set: async (name, value) => { entries.set(name, value) },
      delete: async (name) => { entries.delete(name) }
    }
  })
}

/** Keys in the database, which is its own one in memory. They are few, for it reads all of them to find one. */
export async function memoryDatabase () {
  return await protectedBy(100, {}, {})
}

async function protectedBy (count, keyOptions, options) {
  const auth = betterAuth({
    baseURL: 'http://localhost',
    secret: 'a secret of thirty-two characters',
    database: memoryAdapter({ user: [], session: [], account: [], verification: [], apikey: [] }),
    logger: { disabled: true },
    telemetry: { enabled: false },
    rateLimit: { enabled: false },
    advanced: { backgroundTasks: { handler: () => {} } },
    plugins: [apiKey({ rateLimit: { enabled: false }, deferUpdates: true, ...keyOptions })],
    ...options
  })
  const keys = []
  for (let i = 0; i < count; i++) {
    const { key } = await auth.api.createApiKey({ body: { userId: `user-${i}`, permissions: { apps: ['read', 'deploy'] } } })
    keys.push(key)
  }

  const app = fastify()
  app.addHook('onRequest', async (request, reply) => {
    const [, key] = /^Bearer (.+)$/.exec(request.headers.authorization) ?? []
    const { valid } = await auth.api.verifyApiKey({ body: { key, permissions: { apps: ['deploy'] } } })
    if (!valid) return reply.code(401).send()
  })
  addRoute(app)
  return serving(app, keys)
}
