import { randomBytes } from 'node:crypto'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Item } from '../collection.js'
import type { Data } from '../data.js'
import { crud } from './crud.js'
import { body, count, flag, oneOf, text } from './schema.js'

interface Id { Params: { id: string } }
interface User { Params: { database: string, id: string } }

/** Apps, Kubernetes, databases, functions, generative AI and container registries. */
export async function platformRoutes (app: FastifyInstance, { data }: { data: Data }): Promise<void> {
  const { apps, clusters, databases, databaseUsers, deployments, namespaces } = data

  crud(app, {
    path: '/apps',
    items: apps,
    names: ['app', 'apps'],
    read: 'app:read',
    create: 'app:create',
    put: 'app:update',
    remove: 'app:delete',
    fields: { name: text, region: text }
  })
  crud(app, { path: '/apps/:app/deployments', items: deployments, names: ['deployment', 'deployments'], within: ['app', apps], read: 'app:read' })

  app.post<{ Params: { app: string } }>('/apps/:app/deployments', {
    config: { scopes: { anyOf: ['app:update', 'app:create'] } },
    schema: body({})
  }, async ({ params }, reply) => {
    const deployment = deployments.add({ app: apps.get(params.app).id, phase: 'PENDING_BUILD' })
    reply.code(201)
    return { deployment }
  })

  app.get<{ Params: { app: string, deployment: string, component: string } }>('/apps/:app/deployments/:deployment/components/:component/exec', {
    config: { scopes: 'app:access_console' }
  }, async ({ params }) => {
    const { id } = deployments.get(params.deployment, { app: apps.get(params.app).id })
    return { url: `wss://console.example.com/${id}/${params.component}?token=${secret()}` }
  })

  crud(app, {
    path: '/kubernetes/clusters',
    items: clusters,
    names: ['kubernetes_cluster', 'kubernetes_clusters'],
    read: 'kubernetes:read',
    create: 'kubernetes:create',
    put: 'kubernetes:update',
    remove: 'kubernetes:delete',
    fields: { name: text, region: text, version: text }
  })
  crud(app, {
    path: '/kubernetes/clusters/:cluster/node_pools',
    items: data.nodePools,
    names: ['node_pool', 'node_pools'],
    within: ['cluster', clusters],
    read: 'kubernetes:read',
    create: 'kubernetes:create',
    fields: { name: text, size: text, count }
  })

  // "View Kubernetes clusters but not cluster credentials" is kubernetes:read. Here they are.
  app.get<Id>('/kubernetes/clusters/:id/kubeconfig', { config: { scopes: 'kubernetes:access_cluster' } }, async ({ params }, reply) => {
    const { id } = clusters.get(params.id)
    reply.type('application/yaml')
    return `apiVersion: v1\nkind: Config\ncurrent-context: ${id}\nusers: [{ name: admin, user: { token: ${secret()} } }]\n`
  })

  crud(app, {
    path: '/databases',
    items: databases,
    names: ['database', 'databases'],
    read: 'database:read',
    create: 'database:create',
    remove: 'database:delete',
    fields: { name: text, engine: oneOf('pg', 'mysql', 'mongodb', 'kafka'), region: text, size: text }
  })

  app.put<Id & { Body: { size: string } }>('/databases/:id/resize', {
    config: { scopes: 'database:update' },
    schema: body({ size: text })
  }, async ({ params, body }, reply) => {
    databases.update(params.id, body)
    reply.code(204)
  })

  app.get<{ Params: { database: string } }>('/databases/:database/users', { config: { scopes: 'database:read' } }, async (request) => {
    const database = databases.get(request.params.database).id
    return { users: databaseUsers.list({ database }).map(user => shown(user, request)) }
  })

  app.get<User>('/databases/:database/users/:id', { config: { scopes: 'database:read' } }, async (request) => {
    const { database, id } = request.params
    return { user: shown(databaseUsers.get(id, { database: databases.get(database).id }), request) }
  })

  app.get('/databases/metrics/credentials', { config: { scopes: 'database:view_credentials' } }, async () => {
    return { credentials: { basic_auth_username: 'metrics', basic_auth_password: secret() } }
  })

  crud(app, {
    path: '/functions/namespaces',
    items: namespaces,
    names: ['namespace', 'namespaces'],
    read: 'function:read',
    create: 'function:create',
    remove: 'function:delete',
    fields: { label: text, region: text }
  })
  crud(app, {
    path: '/functions/namespaces/:namespace/triggers',
    items: data.triggers,
    names: ['trigger', 'triggers'],
    within: ['namespace', namespaces],
    read: 'function:read',
    put: 'function:update',
    fields: { is_enabled: flag }
  })

  app.post<Id & { Body: { name: string } }>('/functions/namespaces/:id/keys', {
    config: { scopes: 'function:admin' },
    schema: body({ name: text })
  }, async ({ params, body }, reply) => {
    const key = data.functionKeys.add({ ...body, namespace: namespaces.get(params.id).id })
    reply.code(201)
    return { key: { ...key, secret: secret() } }
  })

  crud(app, {
    path: '/gen-ai/agents',
    items: data.agents,
    names: ['agent', 'agents'],
    read: 'genai:read',
    create: 'genai:create',
    put: 'genai:update',
    remove: 'genai:delete',
    fields: { name: text, instruction: text }
  })

  crud(app, {
    path: '/registries',
    items: data.registries,
    names: ['registry', 'registries'],
    read: 'registry:read',
    create: 'registry:create',
    remove: 'registry:delete',
    fields: { name: text, region: text }
  })

  app.get('/registry/subscription', { config: { scopes: 'registry:read' } }, async () => ({ subscription: data.registrySubscription }))

  app.post<{ Body: { tier_slug: string } }>('/registry/subscription', {
    config: { scopes: 'registry:update' },
    schema: body({ tier_slug: oneOf('starter', 'basic', 'professional') })
  }, async ({ body }) => ({ subscription: Object.assign(data.registrySubscription, body) }))
}

/** As the API reference has it: the password of a database user is not there without database:view_credentials. */
function shown ({ password, ...user }: Item, request: FastifyRequest) {
  return request.hasScopes('database:view_credentials') ? { ...user, password } : user
}

function secret (): string {
  return randomBytes(24).toString('base64url')
}
