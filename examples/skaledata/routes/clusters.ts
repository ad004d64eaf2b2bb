import { randomBytes } from 'node:crypto'
import type { FastifyInstance } from 'fastify'
import type { Cluster, Data, NodePool } from '../data.js'
import { userOf } from '../session.js'
import { body, count, name, text } from './schema.js'

interface Id { Params: { id: string } }

const read = { scopes: 'clusters:read' } as const
const write = { scopes: 'clusters:write' } as const

/** Clusters, and what is in them: node pools and pods. */
export async function clusterRoutes (app: FastifyInstance, { data }: { data: Data }): Promise<void> {
  const { clouds, clusters, nodePools, pods } = data

  app.get('/clusters', { config: read }, async () => clusters.list())

  app.get<Id>('/clusters/:id', { config: read }, async ({ params }) => clusters.get(params.id))

  app.post<{ Body: Cluster }>('/clusters', { config: write, schema: body({ id: name, cloudId: name, version: text }) }, async ({ body }, reply) => {
    clouds.get(body.cloudId)
    reply.code(201)
    return clusters.add(body)
  })

  app.patch<Id & { Body: { cloudId: string } }>('/clusters/:id', { config: write, schema: body({ cloudId: name }) }, async ({ params, body }) => {
    clouds.get(body.cloudId)
    return clusters.update(params.id, body)
  })

  app.post<Id & { Body: { version: string } }>('/clusters/:id/upgrade', { config: write, schema: body({ version: text }) }, async ({ params, body }) => {
    return clusters.update(params.id, { version: body.version })
  })

  app.delete<Id>('/clusters/:id', { config: write }, async ({ params: { id } }, reply) => {
    clusters.remove(id)
    for (const pool of nodePools.list({ clusterId: id })) nodePools.remove(pool.id)
    for (const pod of pods.list({ clusterId: id })) pods.remove(pod.id)
    reply.code(204)
  })

  app.get<Id>('/clusters/:id/node-pools', { config: read }, async ({ params: { id } }) => {
    return nodePools.list({ clusterId: clusters.get(id).id })
  })

  app.get<Id>('/node-pools/:id', { config: read }, async ({ params }) => nodePools.get(params.id))

  app.post<Id & { Body: Omit<NodePool, 'clusterId'> }>('/clusters/:id/node-pools', {
    config: write,
    schema: body({ id: name, machine: text, nodes: count })
  }, async ({ params, body }, reply) => {
    const clusterId = clusters.get(params.id).id
    reply.code(201)
    return nodePools.add({ ...body, clusterId })
  })

  app.patch<Id & { Body: { nodes: number } }>('/node-pools/:id', { config: write, schema: body({ nodes: count }) }, async ({ params, body }) => {
    return nodePools.update(params.id, body)
  })

  app.delete<Id>('/node-pools/:id', { config: write }, async ({ params }, reply) => {
    nodePools.remove(params.id)
    reply.code(204)
  })

  app.get<Id>('/clusters/:id/pods', { config: read }, async ({ params: { id } }) => {
    return pods.list({ clusterId: clusters.get(id).id }).map(pod => pod.id)
  })

  app.get<Id>('/pods/:id/logs', { config: read }, async ({ params }) => pods.get(params.id).logs)

  app.post<Id>('/clusters/:id/terminal', { config: { scopes: 'terminal:exec' } }, async ({ params }, reply) => {
    const clusterId = clusters.get(params.id).id
    const pod = pods.add({ id: `terminal-${randomBytes(4).toString('hex')}`, clusterId, logs: ['terminal is ready'] })
    reply.code(201)
    return { pod: pod.id }
  })

  // The data plane knows people by their email, which an API key does not have.
  app.post<Id>('/clusters/:id/data-plane-token', { config: { userOnly: true } }, async (request) => {
    const { id } = clusters.get(request.params.id)
    return { token: randomBytes(32).toString('base64url'), clusterId: id, email: userOf(request).email }
  })
}
