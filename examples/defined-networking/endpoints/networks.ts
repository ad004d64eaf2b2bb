import type { FastifyInstance } from 'fastify'
import { httpError } from '../../collection.js'
import { newId, type Data } from '../data.js'
import { body, cidr, description, name } from './schema.js'

interface Id { Params: { networkID: string } }
interface Create { Body: { name: string, cidr: string, description?: string } }
interface Update { Body: { name: string, description?: string } }
interface AddCidr { Body: { cidr: string } }

export async function networkEndpoints (api: FastifyInstance, { data: { hosts, networks } }: { data: Data }): Promise<void> {
  api.post<Create>('/networks', {
    config: { scopes: 'networks:create' },
    schema: body({ name, cidr }, { description })
  }, async ({ body: { name, cidr, description = '' } }) => {
    return { data: networks.add({ id: newId('network'), name, description, cidrs: [cidr] }) }
  })

  api.get('/networks', { config: { scopes: 'networks:list' } }, async () => ({ data: networks.list() }))

  api.get<Id>('/networks/:networkID', { config: { scopes: 'networks:read' } }, async ({ params }) => {
    return { data: networks.get(params.networkID) }
  })

  // "Edit a network, including adding CIDRs to it": two endpoints, one scope.
  api.put<Id & Update>('/networks/:networkID', {
    config: { scopes: 'networks:update' },
    schema: body({ name }, { description })
  }, async ({ params, body: { name, description = '' } }) => ({ data: networks.update(params.networkID, { name, description }) }))

  api.post<Id & AddCidr>('/networks/:networkID/cidrs', {
    config: { scopes: 'networks:update' },
    schema: body({ cidr })
  }, async ({ params, body }) => {
    const { id, cidrs } = networks.get(params.networkID)
    return { data: networks.update(id, { cidrs: [...new Set([...cidrs, body.cidr])] }) }
  })

  api.delete<Id>('/networks/:networkID', { config: { scopes: 'networks:delete' } }, async ({ params: { networkID } }) => {
    if (hosts.list().some(host => host.networkID === networkID)) throw httpError(409, `network ${networkID} has hosts`)
    networks.remove(networkID)
    return { data: {} }
  })
}
