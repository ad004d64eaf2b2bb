/** The page 'API key scopes', typed out by hand, and what it means for each route of the example. */
import type { Row } from './conformance.js'
import { keyRows } from './key-rows.js'

/** The headings, the sentence below each, and its table. */
export const RESOURCES: { readonly [heading: string]: { readonly sentence: string, readonly scopes: { readonly [scope: string]: string } } } = {
  Hosts: {
    sentence: 'Scopes for managing hosts, including lighthouses and relays.',
    scopes: {
      'hosts:create': 'Create hosts, lighthouses, and relays.',
      'hosts:read': 'View the details of an individual host.',
      'hosts:list': 'List the hosts in your organization.',
      'hosts:update': 'Edit a host',
      'hosts:delete': 'Delete a host.',
      'hosts:enroll': 'Create enrollment codes so a host can be enrolled into the network.',
      'hosts:block': 'Block a host, cutting off its access to the network.',
      'hosts:unblock': 'Unblock a previously blocked host.',
      'hosts:debug': 'Send debug commands to a host.'
    }
  },
  Roles: {
    sentence: 'Scopes for managing roles and their firewall rules.',
    scopes: {
      'roles:create': 'Create a role.',
      'roles:read': 'View the details of an individual role.',
      'roles:list': 'List the roles in your organization.',
      'roles:update': 'Edit a role and its firewall rules.',
      'roles:delete': 'Delete a role.'
    }
  },
  Routes: {
    sentence: 'Scopes for managing routes to networks beyond your overlay hosts.',
    scopes: {
      'routes:create': 'Create a route.',
      'routes:read': 'View the details of an individual route.',
      'routes:list': 'List the routes in your organization.',
      'routes:update': 'Edit a route.',
      'routes:delete': 'Delete a route.'
    }
  },
  Networks: {
    sentence: 'Scopes for managing networks.',
    scopes: {
      'networks:create': 'Create a network.',
      'networks:read': 'View the details of an individual network.',
      'networks:list': 'List the networks in your organization.',
      'networks:update': 'Edit a network, including adding CIDRs to it.',
      'networks:delete': 'Delete a network.'
    }
  },
  Tags: {
    sentence: 'Scopes for managing tags.',
    scopes: {
      'tags:create': 'Create a tag.',
      'tags:read': 'View the details of an individual tag.',
      'tags:list': 'List the tags in your organization.',
      'tags:update': 'Edit a tag.',
      'tags:delete': 'Delete a tag.'
    }
  },
  'Audit logs': {
    sentence: '',
    scopes: {
      'audit-logs:list': 'List audit log entries.'
    }
  }
}

export const SCOPES: readonly string[] = Object.values(RESOURCES).flatMap(({ scopes }) => Object.keys(scopes))

/** "one specific action against one resource" */
export function opens (scope: string): readonly string[] {
  return [scope]
}

/** The endpoints of each scope alone, in an order in which all of them succeed, one after the other. */
const ENDPOINTS: ReadonlyArray<readonly [scope: string, route: string, id?: string, body?: object]> = [
  ['hosts:create', 'POST /v1/hosts', '', { name: 'db', networkID: 'network-main', roleID: 'role-server', tags: ['env:production'] }],
  ['hosts:list', 'GET /v1/hosts'],
  ['hosts:read', 'GET /v1/hosts/:hostID', 'host-web'],
  ['hosts:update', 'PUT /v1/hosts/:hostID', 'host-web', { name: 'www', roleID: 'role-server', tags: [] }],
  ['hosts:enroll', 'POST /v1/hosts/:hostID/enrollment-code', 'host-web'],
  ['hosts:block', 'POST /v1/hosts/:hostID/block', 'host-web'],
  ['hosts:unblock', 'POST /v1/hosts/:hostID/unblock', 'host-web'],
  ['hosts:debug', 'POST /v1/hosts/:hostID/command', 'host-web', { command: 'PrintTunnel', args: { target: '100.100.0.1' } }],
  ['hosts:delete', 'DELETE /v1/hosts/:hostID', 'host-stolen'],
  ['roles:create', 'POST /v1/roles', '', { name: 'Database', firewallRules: [{ protocol: 'TCP', portRange: { from: 5432, to: 5432 } }] }],
  ['roles:list', 'GET /v1/roles'],
  ['roles:read', 'GET /v1/roles/:roleID', 'role-server'],
  ['roles:update', 'PUT /v1/roles/:roleID', 'role-server', { name: 'Server', firewallRules: [{ protocol: 'ANY' }] }],
  ['roles:delete', 'DELETE /v1/roles/:roleID', 'role-laptop'],
  ['routes:create', 'POST /v1/routes', '', { name: 'Warehouse', routerHostID: 'host-web', routableCIDRs: { '192.168.15.0/24': { install: true } } }],
  ['routes:list', 'GET /v1/routes'],
  ['routes:read', 'GET /v1/routes/:routeID', 'route-office'],
  ['routes:update', 'PUT /v1/routes/:routeID', 'route-office', { name: 'Head office', routerHostID: 'host-web', routableCIDRs: {} }],
  ['routes:delete', 'DELETE /v1/routes/:routeID', 'route-old'],
  ['networks:create', 'POST /v1/networks', '', { name: 'Staging', cidr: '100.102.0.0/22' }],
  ['networks:list', 'GET /v1/networks'],
  ['networks:read', 'GET /v1/networks/:networkID', 'network-main'],
  ['networks:update', 'PUT /v1/networks/:networkID', 'network-main', { name: 'Management', description: 'For the ops team' }],
  // "including adding CIDRs to it"
  ['networks:update', 'POST /v1/networks/:networkID/cidrs', 'network-main', { cidr: '192.168.4.0/22' }],
  ['networks:delete', 'DELETE /v1/networks/:networkID', 'network-lab'],
  ['tags:create', 'POST /v1/tags', '', { key: 'env', value: 'staging' }],
  ['tags:list', 'GET /v1/tags'],
  ['tags:read', 'GET /v1/tags/:tag', 'env:production'],
  ['tags:update', 'PUT /v1/tags/:tag', 'env:production', { description: 'What customers use' }],
  ['tags:delete', 'DELETE /v1/tags/:tag', 'env:retired'],
  ['audit-logs:list', 'GET /v1/audit-logs']
]

export const ROWS: readonly Row[] = [
  ...ENDPOINTS.map(([scope, route, id = '', body]) => {
    return { route, request: route.replace(/:\w+/, id), needs: [[scope]], succeeds: 200, ...body && { body } }
  }),
  // "Create host & enrollment code — requires both hosts:create and hosts:enroll."
  {
    route: 'POST /v1/host-and-enrollment-code',
    body: { name: 'cache', networkID: 'network-main' },
    needs: [['hosts:create', 'hosts:enroll']],
    succeeds: 200
  },
  // "When you create an API key in the admin panel": for users.
  ...keyRows({ create: { name: 'another', scopes: ['tags:read'] }, update: { scopes: ['tags:read', 'tags:list'] } })
]

/** What shows whether anything in the example has changed. */
export const WATCH = ['/v1/hosts', '/v1/roles', '/v1/routes', '/v1/networks', '/v1/tags', '/v1/audit-logs']
