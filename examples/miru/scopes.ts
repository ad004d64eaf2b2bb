import { defineScopes } from 'fastify-api-key-scopes'

/** The tables under 'Scopes by resource', word for word. What `manage` includes grows with its resource, and ends there. */
export const scopes = defineScopes({
  'config_instances:read': 'get, list',
  'config_instances:write': 'create',
  'config_instances:manage': { description: 'all operations', includes: 'config_instances:*' },

  'config_schemas:read': 'get, list',
  'config_schemas:write': 'create, update',
  'config_schemas:manage': { description: 'all operations', includes: 'config_schemas:*' },

  'config_types:read': 'get, list',
  'config_types:write': 'create, update',
  'config_types:manage': { description: 'all operations', includes: 'config_types:*' },

  'deployments:read': 'get, list',
  'deployments:write': 'create',
  'deployments:stage': 'stage',
  'deployments:deploy': 'deploy',
  'deployments:archive': 'archive',
  'deployments:manage': { description: 'all operations', includes: 'deployments:*' },

  'devices:read': 'get, list, ping',
  'devices:provision': 'create, activate, reactivate, list',
  'devices:write': 'create, update',
  'devices:delete': 'delete',
  'devices:manage': { description: 'all operations', includes: 'devices:*' },

  'git_commits:read': 'get, list',
  'git_commits:write': 'create',
  'git_commits:manage': { description: 'all operations', includes: 'git_commits:*' },

  'releases:read': 'get, list',
  'releases:write': 'create, update',
  'releases:manage': { description: 'all operations', includes: 'releases:*' }
}, {
  resources: {
    config_instances: 'Config instances',
    config_schemas: 'Config schemas',
    config_types: 'Config types',
    deployments: 'Deployments',
    devices: 'Devices',
    git_commits: 'Git commits',
    releases: 'Releases'
  }
})

// From here on, a route that misspells a scope does not compile.
declare module 'fastify-api-key-scopes' {
  interface Register { scopes: typeof scopes }
}
