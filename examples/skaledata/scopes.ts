import { defineScopes } from 'fastify-api-key-scopes'

/** The page 'API Key Scopes', word for word. */
export const scopes = defineScopes({
  full: { description: 'All endpoints (default for new keys)', includes: '*' },
  'clusters:read': 'List and get clusters, clouds, node pools, pod list/logs',
  'clusters:write': 'Create, update, upgrade, destroy clusters. Manage clouds, node pools, GitHub integration, cancel jobs',
  'apps:read': 'List and get applications, health checks',
  'apps:deploy': 'Deploy images, upload DAGs, get deploy scripts, registry tokens, dev credentials',
  'apps:manage': 'Create, update, delete, restart applications',
  'jobs:read': 'List and get jobs',
  'terminal:exec': 'Terminal pod setup'
}, {
  defaultGrant: ['full'],
  presets: {
    'Full access (default)': ['full'],
    'CI/CD deploy pipeline': ['apps:deploy', 'clusters:read'],
    'Monitoring / dashboards': ['clusters:read', 'apps:read', 'jobs:read'],
    'Cluster management automation': ['clusters:read', 'clusters:write'],
    'DAG sync bot': ['apps:deploy']
  }
})

// From here on, a route that misspells a scope does not compile.
declare module 'fastify-api-key-scopes' {
  interface Register { scopes: typeof scopes }
}
