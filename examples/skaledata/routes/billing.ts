import type { FastifyInstance } from 'fastify'
import type { Data } from '../data.js'
import { body } from './schema.js'

/** Money is for people: no API key gets here, whatever its scopes. */
export async function billingRoutes (app: FastifyInstance, { data: { billing } }: { data: Data }): Promise<void> {
  app.post<{ Body: { plan: string } }>('/billing/plan', {
    config: { userOnly: true },
    schema: body({ plan: { enum: ['starter', 'team', 'enterprise'] } })
  }, async ({ body }) => Object.assign(billing, { plan: body.plan }))

  app.post<{ Body: { card: string } }>('/billing/payment-method', {
    config: { userOnly: true },
    schema: body({ card: { type: 'string', pattern: '^[0-9]{4}$' } })
  }, async ({ body }) => Object.assign(billing, { card: body.card }))
}
