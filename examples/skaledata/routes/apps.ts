import { randomBytes } from 'node:crypto'
import type { FastifyInstance } from 'fastify'
import type { Application, Data } from '../data.js'
import { body, name, text } from './schema.js'

interface Id { Params: { id: string } }

const read = { scopes: 'apps:read' } as const
const deploy = { scopes: 'apps:deploy' } as const
const manage = { scopes: 'apps:manage' } as const

/** Applications: what they are, what runs in them, and whether they exist at all, each with a scope of its own. */
export async function appRoutes (app: FastifyInstance, { data: { apps, clusters, jobs } }: { data: Data }): Promise<void> {
  app.get('/apps', { config: read }, async () => apps.list())

  app.get<Id>('/apps/:id', { config: read }, async ({ params }) => apps.get(params.id))

  app.get<Id>('/apps/:id/health', { config: read }, async ({ params }) => ({ id: apps.get(params.id).id, healthy: true }))

  app.post<Id & { Body: { image: string } }>('/apps/:id/deploy', { config: deploy, schema: body({ image: text }) }, async ({ params, body }, reply) => {
    const { id, image } = apps.update(params.id, { image: body.image })
    reply.code(202)
    return jobs.add({ id: `job-${jobs.list().length + 1}`, what: `deploy ${image} to ${id}`, status: 'running' })
  })

  app.post<Id & { Body: { name: string, source: string } }>('/apps/:id/dags', {
    config: deploy,
    schema: body({ name, source: { type: 'string' } })
  }, async ({ params, body }, reply) => {
    const { id, dags } = apps.get(params.id)
    reply.code(201)
    return apps.update(id, { dags: [...new Set([...dags, body.name])] })
  })

  app.get<Id>('/apps/:id/deploy-script', { config: deploy }, async ({ params }, reply) => {
    const { id, image } = apps.get(params.id)
    reply.type('text/x-shellscript')
    return `#!/bin/sh\ndocker push ${image}\ncurl "$SKALEDATA_URL/apps/${id}/deploy" -H "Authorization: Bearer $SKALEDATA_KEY" --json '{"image":"${image}"}'\n`
  })

  app.post<Id>('/apps/:id/registry-token', { config: deploy }, async ({ params }) => secretFor(apps.get(params.id)))

  app.post<Id>('/apps/:id/dev-credentials', { config: deploy }, async ({ params }) => secretFor(apps.get(params.id)))

  app.post<{ Body: Pick<Application, 'id' | 'clusterId' | 'image'> }>('/apps', {
    config: manage,
    schema: body({ id: name, clusterId: name, image: text })
  }, async ({ body }, reply) => {
    clusters.get(body.clusterId)
    reply.code(201)
    return apps.add({ ...body, restarts: 0, dags: [] })
  })

  app.patch<Id & { Body: { clusterId: string } }>('/apps/:id', { config: manage, schema: body({ clusterId: name }) }, async ({ params, body }) => {
    clusters.get(body.clusterId)
    return apps.update(params.id, body)
  })

  app.post<Id>('/apps/:id/restart', { config: manage }, async ({ params: { id } }) => {
    return apps.update(id, { restarts: apps.get(id).restarts + 1 })
  })

  app.delete<Id>('/apps/:id', { config: manage }, async ({ params }, reply) => {
    apps.remove(params.id)
    reply.code(204)
  })
}

function secretFor ({ id }: Application) {
  return { username: id, password: randomBytes(24).toString('base64url') }
}
