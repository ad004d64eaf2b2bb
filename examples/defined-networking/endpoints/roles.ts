import type { FastifyInstance } from 'fastify'
import { httpError } from '../../collection.js'
import { newId, type Data, type Role } from '../data.js'
import { body, description, listOf, name, nullable } from './schema.js'

interface Id { Params: { roleID: string } }
interface Body { Body: Pick<Role, 'name'> & Partial<Pick<Role, 'description' | 'firewallRules'>> }

const port = { type: 'integer', minimum: 1, maximum: 65_535 }
const firewallRule = {
  type: 'object',
  required: ['protocol'],
  properties: {
    protocol: { enum: ['ANY', 'TCP', 'UDP', 'ICMP'] },
    portRange: nullable({ type: 'object', required: ['from', 'to'], properties: { from: port, to: port } })
  }
}
const schema = body({ name }, { description, firewallRules: listOf(firewallRule) })

export async function roleEndpoints (api: FastifyInstance, { data: { hosts, roles } }: { data: Data }): Promise<void> {
  api.post<Body>('/roles', { config: { scopes: 'roles:create' }, schema }, async ({ body }) => {
    return { data: roles.add({ id: newId('role'), description: '', firewallRules: [], ...body }) }
  })

  api.get('/roles', { config: { scopes: 'roles:list' } }, async () => ({ data: roles.list() }))

  api.get<Id>('/roles/:roleID', { config: { scopes: 'roles:read' } }, async ({ params }) => ({ data: roles.get(params.roleID) }))

  // Whatever the request leaves out gets its default again, firewall rules too.
  api.put<Id & Body>('/roles/:roleID', { config: { scopes: 'roles:update' }, schema }, async ({ params, body }) => {
    return { data: roles.update(params.roleID, { description: '', firewallRules: [], ...body }) }
  })

  api.delete<Id>('/roles/:roleID', { config: { scopes: 'roles:delete' } }, async ({ params: { roleID } }) => {
    if (hosts.list().some(host => host.roleID === roleID)) throw httpError(409, `role ${roleID} is in use`)
    roles.remove(roleID)
    return { data: {} }
  })
}
