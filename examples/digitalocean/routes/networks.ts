import type { FastifyInstance } from 'fastify'
import type { Data } from '../data.js'
import { crud } from './crud.js'
import { body, count, oneOf, text, texts } from './schema.js'

interface Id { Params: { id: string } }

/** Domains, CDN, certificates, firewalls, load balancers, reserved IPs, VPCs, their peerings and partner attachments. */
export async function networkRoutes (app: FastifyInstance, { data }: { data: Data }): Promise<void> {
  const { attachments, domains, droplets, reservedIps } = data

  crud(app, {
    path: '/domains',
    items: domains,
    names: ['domain', 'domains'],
    read: 'domain:read',
    create: 'domain:create',
    remove: 'domain:delete',
    fields: { name: text }
  })
  crud(app, {
    path: '/domains/:domain/records',
    items: data.records,
    names: ['domain_record', 'domain_records'],
    within: ['domain', domains],
    read: 'domain:read',
    create: 'domain:create',
    patch: 'domain:update',
    remove: 'domain:delete',
    fields: { type: oneOf('A', 'AAAA', 'CNAME', 'MX', 'TXT'), name: text, data: text }
  })
  crud(app, {
    path: '/cdn/endpoints',
    items: data.cdnEndpoints,
    names: ['endpoint', 'endpoints'],
    read: 'cdn:read',
    create: 'cdn:create',
    put: 'cdn:update',
    remove: 'cdn:delete',
    fields: { origin: text, ttl: count }
  })
  crud(app, {
    path: '/certificates',
    items: data.certificates,
    names: ['certificate', 'certificates'],
    read: 'certificate:read',
    create: 'certificate:create',
    remove: 'certificate:delete',
    fields: { name: text, type: oneOf('custom', 'lets_encrypt') }
  })
  crud(app, {
    path: '/firewalls',
    items: data.firewalls,
    names: ['firewall', 'firewalls'],
    read: 'firewall:read',
    create: 'firewall:create',
    put: 'firewall:update',
    remove: 'firewall:delete',
    fields: { name: text, droplet_ids: texts }
  })
  crud(app, {
    path: '/load_balancers',
    items: data.loadBalancers,
    names: ['load_balancer', 'load_balancers'],
    read: 'load_balancer:read',
    create: 'load_balancer:create',
    put: 'load_balancer:update',
    remove: 'load_balancer:delete',
    fields: { name: text, region: text }
  })

  crud(app, { path: '/reserved_ips', items: reservedIps, names: ['reserved_ip', 'reserved_ips'], read: 'reserved_ip:read', remove: 'reserved_ip:delete' })

  app.post<{ Body: { region: string } }>('/reserved_ips', {
    config: { scopes: 'reserved_ip:create' },
    schema: body({ region: text })
  }, async ({ body }, reply) => {
    let host = 1
    while (reservedIps.find(`192.0.2.${host}`) !== undefined) host++
    reply.code(202)
    return { reserved_ip: reservedIps.add({ ...body, ip: `192.0.2.${host}`, droplet_id: null }) }
  })

  app.post<Id & { Body: { type: 'assign' | 'unassign', droplet_id?: string } }>('/reserved_ips/:id/actions', {
    config: { scopes: 'reserved_ip:update' },
    schema: body({ type: oneOf('assign', 'unassign') }, { droplet_id: text })
  }, async ({ params, body: { type, droplet_id: droplet = '' } }, reply) => {
    reservedIps.update(params.id, { droplet_id: type === 'assign' ? droplets.get(droplet).id : null })
    reply.code(201)
    return { action: data.actions.add({ type, status: 'completed', resource_type: 'reserved_ip', resource_id: params.id }) }
  })

  crud(app, {
    path: '/vpcs',
    items: data.vpcs,
    names: ['vpc', 'vpcs'],
    read: 'vpc:read',
    create: 'vpc:create',
    put: 'vpc:update',
    remove: 'vpc:delete',
    fields: { name: text, region: text }
  })
  crud(app, {
    path: '/vpc_peerings',
    items: data.vpcPeerings,
    names: ['vpc_peering', 'vpc_peerings'],
    read: 'vpc_peering:read',
    create: 'vpc_peering:create',
    patch: 'vpc_peering:update',
    remove: 'vpc_peering:delete',
    fields: { name: text, vpc_ids: texts }
  })
  crud(app, {
    path: '/partner_network_connect/attachments',
    items: attachments,
    names: ['partner_attachment', 'partner_attachments'],
    read: 'partner_network_connect:read',
    create: 'partner_network_connect:create',
    patch: 'partner_network_connect:update',
    remove: 'partner_network_connect:delete',
    fields: { name: text, region: text }
  })

  app.get<Id>('/partner_network_connect/attachments/:id/service_key', {
    config: { scopes: 'partner_network_connect:view_credentials' }
  }, async ({ params }) => ({ service_key: { value: `key-of-${attachments.get(params.id).id}`, state: 'CREATED' } }))
}
