import type { FastifyInstance } from 'fastify'
import { newId, type Data, type NetworkRoute } from '../data.js'
import { body, cidr, flag, name, nullable } from './schema.js'

interface Id { Params: { routeID: string } }
interface Body { Body: Pick<NetworkRoute, 'name'> & Partial<Pick<NetworkRoute, 'routerHostID' | 'routableCIDRs'>> }

const routableCIDRs = {
  type: 'object',
  patternProperties: {
    [cidr.pattern]: { type: 'object', required: ['install'], properties: { install: flag }, additionalProperties: false }
  },
  additionalProperties: false
}
const schema = body({ name }, { routerHostID: nullable(name), routableCIDRs })

/** What the page calls routes: "routes to networks beyond your overlay hosts". */
export async function networkRouteEndpoints (api: FastifyInstance, { data: { hosts, networkRoutes } }: { data: Data }): Promise<void> {
  api.post<Body>('/routes', { config: { scopes: 'routes:create' }, schema }, async ({ body }) => {
    return { data: networkRoutes.add({ id: newId('route'), ...complete(body) }) }
  })

  api.get('/routes', { config: { scopes: 'routes:list' } }, async () => ({ data: networkRoutes.list() }))

  api.get<Id>('/routes/:routeID', { config: { scopes: 'routes:read' } }, async ({ params }) => {
    return { data: networkRoutes.get(params.routeID) }
  })

  api.put<Id & Body>('/routes/:routeID', { config: { scopes: 'routes:update' }, schema }, async ({ params, body }) => {
    return { data: networkRoutes.update(params.routeID, complete(body)) }
  })

  api.delete<Id>('/routes/:routeID', { config: { scopes: 'routes:delete' } }, async ({ params }) => {
    networkRoutes.remove(params.routeID)
    return { data: {} }
  })

  function complete ({ name, routerHostID = null, routableCIDRs = {} }: Body['Body']): Omit<NetworkRoute, 'id'> {
    if (routerHostID !== null) hosts.get(routerHostID)
    return { name, routerHostID, routableCIDRs }
  }
}
