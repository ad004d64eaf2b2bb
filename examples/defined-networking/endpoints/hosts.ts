import { randomBytes } from 'node:crypto'
import type { FastifyInstance } from 'fastify'
import { newId, type Data, type Host } from '../data.js'
import { body, flag, listOf, name, nullable } from './schema.js'

interface Id { Params: { hostID: string } }
interface Create { Body: Pick<Host, 'name' | 'networkID'> & Partial<Pick<Host, 'roleID' | 'isLighthouse' | 'isRelay' | 'tags'>> }
interface Update { Body: Pick<Host, 'name' | 'roleID' | 'tags'> }
interface Debug { Body: { command: string, args?: Record<string, unknown> } }

const DEBUG_COMMANDS = ['StreamLogs', 'CreateTunnel', 'PrintTunnel', 'PrintCert', 'QueryLighthouse', 'DebugStack']
const LIFETIME_SECONDS = 86_400

const newHost = body({ name, networkID: name }, { roleID: nullable(name), isLighthouse: flag, isRelay: flag, tags: listOf(name) })

/** Hosts, lighthouses and relays: nine actions, nine scopes, and one endpoint that needs two of them. */
export async function hostEndpoints (api: FastifyInstance, { data: { hosts, networks, roles, enrollmentCodes } }: { data: Data }): Promise<void> {
  api.post<Create>('/hosts', { config: { scopes: 'hosts:create' }, schema: newHost }, async ({ body }) => ({ data: create(body) }))

  // "Create host & enrollment code — requires both hosts:create and hosts:enroll."
  api.post<Create>('/host-and-enrollment-code', {
    config: { scopes: ['hosts:create', 'hosts:enroll'] },
    schema: newHost
  }, async ({ body }) => {
    const host = create(body)
    return { data: { host, enrollmentCode: enroll(host.id) } }
  })

  api.get('/hosts', { config: { scopes: 'hosts:list' } }, async () => ({ data: hosts.list() }))

  api.get<Id>('/hosts/:hostID', { config: { scopes: 'hosts:read' } }, async ({ params }) => ({ data: hosts.get(params.hostID) }))

  api.put<Id & Update>('/hosts/:hostID', {
    config: { scopes: 'hosts:update' },
    schema: body({ name, roleID: nullable(name), tags: listOf(name) })
  }, async ({ params, body }) => {
    if (body.roleID !== null) roles.get(body.roleID)
    return { data: hosts.update(params.hostID, body) }
  })

  api.delete<Id>('/hosts/:hostID', { config: { scopes: 'hosts:delete' } }, async ({ params }) => {
    hosts.remove(params.hostID)
    return { data: {} }
  })

  api.post<Id>('/hosts/:hostID/enrollment-code', { config: { scopes: 'hosts:enroll' } }, async ({ params }) => {
    return { data: enroll(hosts.get(params.hostID).id) }
  })

  api.post<Id>('/hosts/:hostID/block', { config: { scopes: 'hosts:block' } }, async ({ params }) => {
    return { data: { host: hosts.update(params.hostID, { isBlocked: true }) } }
  })

  api.post<Id>('/hosts/:hostID/unblock', { config: { scopes: 'hosts:unblock' } }, async ({ params }) => {
    return { data: { host: hosts.update(params.hostID, { isBlocked: false }) } }
  })

  api.post<Id & Debug>('/hosts/:hostID/command', {
    config: { scopes: 'hosts:debug' },
    schema: body({ command: { enum: DEBUG_COMMANDS } }, { args: { type: 'object' } })
  }, async ({ params, body: { command } }) => {
    // No client runs on these hosts that could answer.
    return { data: { command, output: `${hosts.get(params.hostID).name} is not real` } }
  })

  function create ({ name, networkID, roleID = null, isLighthouse = false, isRelay = false, tags = [] }: Create['Body']): Host {
    networks.get(networkID)
    if (roleID !== null) roles.get(roleID)
    return hosts.add({ id: newId('host'), networkID, roleID, name, isLighthouse, isRelay, isBlocked: false, tags })
  }

  function enroll (hostID: string) {
    const code = randomBytes(32).toString('base64url')
    enrollmentCodes.set(code, { hostID, lifetimeSeconds: LIFETIME_SECONDS })
    return { code, lifetimeSeconds: LIFETIME_SECONDS }
  }
}
