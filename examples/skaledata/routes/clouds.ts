import type { FastifyInstance } from 'fastify'
import type { Cloud, Data } from '../data.js'
import { body, name, text } from './schema.js'

interface Id { Params: { id: string } }

const read = { scopes: 'clusters:read' } as const
const write = { scopes: 'clusters:write' } as const

/** The cloud accounts that clusters run in, and the GitHub account that they are described in. */
export async function cloudRoutes (app: FastifyInstance, { data: { clouds, github } }: { data: Data }): Promise<void> {
  app.get('/clouds', { config: read }, async () => clouds.list())

  app.get<Id>('/clouds/:id', { config: read }, async ({ params }) => clouds.get(params.id))

  app.post<{ Body: Cloud }>('/clouds', {
    config: write,
    schema: body({ id: name, provider: { enum: ['aws', 'azure', 'gcp'] }, region: text })
  }, async ({ body }, reply) => {
    reply.code(201)
    return clouds.add(body)
  })

  app.delete<Id>('/clouds/:id', { config: write }, async ({ params }, reply) => {
    clouds.remove(params.id)
    reply.code(204)
  })

  app.put<{ Body: { account: string } }>('/github-integration', { config: write, schema: body({ account: name }) }, async ({ body }) => {
    github.account = body.account
    return github
  })

  app.delete('/github-integration', { config: write }, async () => {
    github.account = null
    return github
  })
}
