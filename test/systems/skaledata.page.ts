/** The page 'API Key Scopes', typed out by hand, and what it means for each route of the example. */

export const SCOPES = {
  full: 'All endpoints (default for new keys)',
  'clusters:read': 'List and get clusters, clouds, node pools, pod list/logs',
  'clusters:write': 'Create, update, upgrade, destroy clusters. Manage clouds, node pools, GitHub integration, cancel jobs',
  'apps:read': 'List and get applications, health checks',
  'apps:deploy': 'Deploy images, upload DAGs, get deploy scripts, registry tokens, dev credentials',
  'apps:manage': 'Create, update, delete, restart applications',
  'jobs:read': 'List and get jobs',
  'terminal:exec': 'Terminal pod setup'
} as const

export type Scope = keyof typeof SCOPES

export const COMBINATIONS: { readonly [useCase: string]: readonly Scope[] } = {
  'Full access (default)': ['full'],
  'CI/CD deploy pipeline': ['apps:deploy', 'clusters:read'],
  'Monitoring / dashboards': ['clusters:read', 'apps:read', 'jobs:read'],
  'Cluster management automation': ['clusters:read', 'clusters:write'],
  'DAG sync bot': ['apps:deploy']
}

export interface Row {
  /** As the example declares it. */
  readonly route: string
  /** A request that succeeds; `<key>` stands for the id of a key that may be revoked. */
  readonly request: string
  readonly body?: object
  readonly needs: Scope | 'user' | 'any key' | 'nothing'
  readonly succeeds: number
}

/** In an order in which all of them succeed, one after the other. */
export const ROWS: readonly Row[] = [
  ...rows('nothing', [
    ['GET /']
  ]),
  // List and get clusters, clouds, node pools, pod list/logs
  ...rows('clusters:read', [
    ['GET /clusters'],
    ['GET /clusters/:id', 'GET /clusters/production'],
    ['GET /clouds'],
    ['GET /clouds/:id', 'GET /clouds/aws-main'],
    ['GET /clusters/:id/node-pools', 'GET /clusters/production/node-pools'],
    ['GET /node-pools/:id', 'GET /node-pools/workers'],
    ['GET /clusters/:id/pods', 'GET /clusters/production/pods'],
    ['GET /pods/:id/logs', 'GET /pods/airflow-scheduler-0/logs']
  ]),
  ...rows('clusters:write', [
    // Create, update, upgrade, destroy clusters
    ['POST /clusters', 'POST /clusters', 201, { id: 'new', cloudId: 'aws-main', version: '1.32' }],
    ['PATCH /clusters/:id', 'PATCH /clusters/production', 200, { cloudId: 'gcp-lab' }],
    ['POST /clusters/:id/upgrade', 'POST /clusters/production/upgrade', 200, { version: '1.32' }],
    ['DELETE /clusters/:id', 'DELETE /clusters/staging', 204],
    // Manage clouds, node pools, GitHub integration
    ['POST /clouds', 'POST /clouds', 201, { id: 'new', provider: 'azure', region: 'westeurope' }],
    ['DELETE /clouds/:id', 'DELETE /clouds/gcp-lab', 204],
    ['POST /clusters/:id/node-pools', 'POST /clusters/production/node-pools', 201, { id: 'new', machine: 'm7g.large', nodes: 2 }],
    ['PATCH /node-pools/:id', 'PATCH /node-pools/workers', 200, { nodes: 4 }],
    ['DELETE /node-pools/:id', 'DELETE /node-pools/workers', 204],
    ['PUT /github-integration', 'PUT /github-integration', 200, { account: 'skaledata' }],
    ['DELETE /github-integration'],
    // cancel jobs
    ['POST /jobs/:id/cancel', 'POST /jobs/job-2/cancel']
  ]),
  // List and get applications, health checks
  ...rows('apps:read', [
    ['GET /apps'],
    ['GET /apps/:id', 'GET /apps/airflow'],
    ['GET /apps/:id/health', 'GET /apps/airflow/health']
  ]),
  // Deploy images, upload DAGs, get deploy scripts, registry tokens, dev credentials
  ...rows('apps:deploy', [
    ['POST /apps/:id/deploy', 'POST /apps/airflow/deploy', 202, { image: 'registry.example.com/airflow:3' }],
    ['POST /apps/:id/dags', 'POST /apps/airflow/dags', 201, { name: 'weekly', source: 'from airflow import DAG' }],
    ['GET /apps/:id/deploy-script', 'GET /apps/airflow/deploy-script'],
    ['POST /apps/:id/registry-token', 'POST /apps/airflow/registry-token'],
    ['POST /apps/:id/dev-credentials', 'POST /apps/airflow/dev-credentials']
  ]),
  // Create, update, delete, restart applications
  ...rows('apps:manage', [
    ['POST /apps', 'POST /apps', 201, { id: 'new', clusterId: 'production', image: 'registry.example.com/airflow:3' }],
    ['PATCH /apps/:id', 'PATCH /apps/airflow', 200, { clusterId: 'production' }],
    ['POST /apps/:id/restart', 'POST /apps/airflow/restart'],
    ['DELETE /apps/:id', 'DELETE /apps/sandbox', 204]
  ]),
  // List and get jobs
  ...rows('jobs:read', [
    ['GET /jobs'],
    ['GET /jobs/:id', 'GET /jobs/job-1']
  ]),
  // Terminal pod setup
  ...rows('terminal:exec', [
    ['POST /clusters/:id/terminal', 'POST /clusters/production/terminal', 201]
  ]),
  // What a key may ask of itself.
  ...rows('any key', [
    ['GET /api-keys/current'],
    ['GET /api-keys/scopes']
  ]),
  ...rows('user', [
    // POST/DELETE /api-keys/* - API key management
    ['POST /api-keys', 'POST /api-keys', 201, { name: 'another', scopes: ['jobs:read'] }],
    ['GET /api-keys'],
    ['GET /api-keys/:id', 'GET /api-keys/<key>'],
    ['PATCH /api-keys/:id', 'PATCH /api-keys/<key>', 200, { name: 'renamed' }],
    ['GET /api-keys/:id/usage', 'GET /api-keys/<key>/usage'],
    ['POST /api-keys/:id/rotate', 'POST /api-keys/<key>/rotate', 201],
    ['DELETE /api-keys/:id', 'DELETE /api-keys/<key>', 204],
    // POST /billing/* - billing management
    ['POST /billing/plan', 'POST /billing/plan', 200, { plan: 'enterprise' }],
    ['POST /billing/payment-method', 'POST /billing/payment-method', 200, { card: '1881' }],
    // POST /clusters/{id}/data-plane-token - data plane handoff (needs user email)
    ['POST /clusters/:id/data-plane-token', 'POST /clusters/production/data-plane-token']
  ])
]

/** What shows whether anything in the example has changed. */
export const COLLECTIONS = ['/clusters', '/clouds', '/apps', '/jobs', '/clusters/production/pods', '/clusters/production/node-pools', '/clusters/staging/node-pools']

function rows (needs: Row['needs'], list: ReadonlyArray<readonly [route: string, request?: string, succeeds?: number, body?: object]>): Row[] {
  return list.map(([route, request = route, succeeds = 200, body]) => ({ route, request, needs, succeeds, ...body && { body } }))
}
