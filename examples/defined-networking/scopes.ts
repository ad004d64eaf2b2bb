import { defineScopes } from 'fastify-api-key-scopes'

/**
 * The page 'API key scopes', word for word. "A scope authorizes an API key to perform one specific action against one
 * resource": none includes or requires another. There is no default grant: "you choose which scopes it should have".
 */
export const scopes = defineScopes({
  'hosts:create': 'Create hosts, lighthouses, and relays.',
  'hosts:read': 'View the details of an individual host.',
  'hosts:list': 'List the hosts in your organization.',
  'hosts:update': 'Edit a host',
  'hosts:delete': 'Delete a host.',
  'hosts:enroll': 'Create enrollment codes so a host can be enrolled into the network.',
  'hosts:block': 'Block a host, cutting off its access to the network.',
  'hosts:unblock': 'Unblock a previously blocked host.',
  'hosts:debug': 'Send debug commands to a host.',
  'roles:create': 'Create a role.',
  'roles:read': 'View the details of an individual role.',
  'roles:list': 'List the roles in your organization.',
  'roles:update': 'Edit a role and its firewall rules.',
  'roles:delete': 'Delete a role.',
  'routes:create': 'Create a route.',
  'routes:read': 'View the details of an individual route.',
  'routes:list': 'List the routes in your organization.',
  'routes:update': 'Edit a route.',
  'routes:delete': 'Delete a route.',
  'networks:create': 'Create a network.',
  'networks:read': 'View the details of an individual network.',
  'networks:list': 'List the networks in your organization.',
  'networks:update': 'Edit a network, including adding CIDRs to it.',
  'networks:delete': 'Delete a network.',
  'tags:create': 'Create a tag.',
  'tags:read': 'View the details of an individual tag.',
  'tags:list': 'List the tags in your organization.',
  'tags:update': 'Edit a tag.',
  'tags:delete': 'Delete a tag.',
  'audit-logs:list': 'List audit log entries.'
}, {
  resources: {
    hosts: { heading: 'Hosts', description: 'Scopes for managing hosts, including lighthouses and relays.' },
    roles: { heading: 'Roles', description: 'Scopes for managing roles and their firewall rules.' },
    routes: { heading: 'Routes', description: 'Scopes for managing routes to networks beyond your overlay hosts.' },
    networks: { heading: 'Networks', description: 'Scopes for managing networks.' },
    tags: { heading: 'Tags', description: 'Scopes for managing tags.' },
    'audit-logs': 'Audit logs'
  }
})

// From here on, an endpoint that misspells a scope does not compile.
declare module 'fastify-api-key-scopes' {
  interface Register { scopes: typeof scopes }
}
