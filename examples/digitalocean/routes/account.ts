import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { ScopeName } from 'fastify-api-key-scopes'
import type { Data } from '../data.js'
import { crud } from './crud.js'
import { body, count, oneOf, text } from './schema.js'

interface Id { Params: { id: string } }
interface Assignment { resources: string[] }

/** The account, its bills, what is offered to it, its projects, and what watches over it. */
export async function accountRoutes (app: FastifyInstance, { data }: { data: Data }): Promise<void> {
  const { droplets, projects, projectResources } = data

  app.get('/account', { config: { scopes: 'account:read' } }, async () => ({ account: data.account }))

  app.get('/customers/my/balance', { config: { scopes: 'billing:read' } }, async () => data.balance)

  app.get('/regions', { config: { scopes: 'regions:read' } }, async () => ({ regions: data.regions.list() }))

  app.get('/sizes', { config: { scopes: 'sizes:read' } }, async () => ({ sizes: data.sizes.list() }))

  crud(app, { path: '/customers/my/invoices', items: data.invoices, names: ['invoice', 'invoices'], read: 'billing:read' })
  crud(app, { path: '/actions', items: data.actions, names: ['action', 'actions'], read: 'actions:read' })
  crud(app, {
    path: '/account/keys',
    items: data.sshKeys,
    names: ['ssh_key', 'ssh_keys'],
    read: 'ssh_key:read',
    create: 'ssh_key:create',
    put: 'ssh_key:update',
    remove: 'ssh_key:delete',
    fields: { name: text, public_key: text }
  })
  crud(app, {
    path: '/images',
    items: data.images,
    names: ['image', 'images'],
    read: 'image:read',
    create: 'image:create',
    put: 'image:update',
    remove: 'image:delete',
    fields: { name: text, region: text }
  })
  crud(app, {
    path: '/tags',
    items: data.tags,
    names: ['tag', 'tags'],
    read: 'tag:read',
    create: 'tag:create',
    remove: 'tag:delete',
    fields: { name: text }
  })
  crud(app, {
    path: '/projects',
    items: projects,
    names: ['project', 'projects'],
    read: 'project:read',
    create: 'project:create',
    patch: 'project:update',
    remove: 'project:delete',
    fields: { name: text, purpose: text }
  })

  app.get<Id>('/projects/:id/resources', { config: { scopes: 'project:read' } }, async ({ params }) => {
    return { resources: projectResources.list({ project: projects.get(params.id).id }) }
  })

  // Whoever assigns a resource must be allowed to see it: do:droplet:web needs droplet:read.
  app.post<Id & { Body: Assignment }>('/projects/:id/resources', {
    config: {
      scopes: 'project:update',
      scopesWhen: Object.entries(TO_SEE).map(([type, scopes]) => ({ when: assigns(type), scopes, description: `To assign do:${type}:...` }))
    },
    schema: body({ resources: { type: 'array', minItems: 1, items: { type: 'string', pattern: `^do:(${Object.keys(TO_SEE).join('|')}):.` } } })
  }, async ({ params, body }) => {
    const project = projects.get(params.id).id
    for (const urn of body.resources.filter(urn => projectResources.find(urn) === undefined)) projectResources.add({ urn })
    return { resources: body.resources.map(urn => projectResources.update(urn, { project })) }
  })

  crud(app, {
    path: '/add-ons/saas',
    items: data.addons,
    names: ['resource', 'resources'],
    read: 'addon:read',
    create: 'addon:create',
    patch: 'addon:update',
    remove: 'addon:delete',
    fields: { name: text, app_slug: text, plan_slug: text }
  })
  crud(app, {
    path: '/vendor-portal/apps',
    items: data.vendorApps,
    names: ['app', 'apps'],
    read: 'vendor_portal:read',
    create: 'vendor_portal:create',
    patch: 'vendor_portal:update',
    remove: 'vendor_portal:delete',
    fields: { name: text, summary: text }
  })
  crud(app, {
    path: '/monitoring/alerts',
    items: data.alertPolicies,
    names: ['policy', 'policies'],
    read: 'monitoring:read',
    create: 'monitoring:create',
    put: 'monitoring:update',
    remove: 'monitoring:delete',
    fields: { description: text, type: oneOf('cpu', 'memory', 'disk'), value: count }
  })

  app.get<{ Querystring: { host_id: string } }>('/monitoring/metrics/droplet/cpu', {
    config: { scopes: 'monitoring:read' },
    schema: { querystring: { type: 'object', required: ['host_id'], properties: { host_id: text } } }
  }, async ({ query }) => ({ status: 'success', data: { metric: { host_id: droplets.get(query.host_id).id }, values: [[0, '0.2']] } }))

  crud(app, {
    path: '/uptime/checks',
    items: data.checks,
    names: ['check', 'checks'],
    read: 'uptime:read',
    create: 'uptime:create',
    put: 'uptime:update',
    remove: 'uptime:delete',
    fields: { name: text, target: text }
  })
}

/** The types of resources that a project may have, as they are called in URNs, and who may see them. */
const TO_SEE: Readonly<Record<string, ScopeName>> = {
  app: 'app:read',
  dbaas: 'database:read',
  domain: 'domain:read',
  droplet: 'droplet:read',
  floatingip: 'reserved_ip:read',
  kubernetes: 'kubernetes:read',
  loadbalancer: 'load_balancer:read',
  space: 'spaces:read',
  volume: 'block_storage:read'
}

function assigns (type: string) {
  return ({ body }: FastifyRequest) => (body as Assignment).resources.some(urn => urn.startsWith(`do:${type}:`))
}
