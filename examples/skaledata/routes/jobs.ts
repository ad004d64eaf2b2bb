import type { FastifyInstance } from 'fastify'
import type { Data } from '../data.js'

interface Id { Params: { id: string } }

export async function jobRoutes (app: FastifyInstance, { data: { jobs } }: { data: Data }): Promise<void> {
  app.get('/jobs', { config: { scopes: 'jobs:read' } }, async () => jobs.list())

  app.get<Id>('/jobs/:id', { config: { scopes: 'jobs:read' } }, async ({ params }) => jobs.get(params.id))

  // Jobs belong to clusters: to cancel one is to change what happens to a cluster.
  app.post<Id>('/jobs/:id/cancel', { config: { scopes: 'clusters:write' } }, async ({ params }) => {
    return jobs.update(params.id, { status: 'cancelled' })
  })
}
