/** The page 'Authorization' of the Platform API, typed out by hand, and what it means for each route of the example. */
import type { Row } from './conformance.js'
import { keyRows } from './key-rows.js'

/** 'Scopes by resource': the headings, and what stands below each. */
export const RESOURCES: { readonly [heading: string]: { readonly [scope: string]: string } } = {
  'Config instances': {
    'config_instances:read': 'get, list',
    'config_instances:write': 'create',
    'config_instances:manage': 'all operations'
  },
  'Config schemas': {
    'config_schemas:read': 'get, list',
    'config_schemas:write': 'create, update',
    'config_schemas:manage': 'all operations'
  },
  'Config types': {
    'config_types:read': 'get, list',
    'config_types:write': 'create, update',
    'config_types:manage': 'all operations'
  },
  Deployments: {
    'deployments:read': 'get, list',
    'deployments:write': 'create',
    'deployments:stage': 'stage',
    'deployments:deploy': 'deploy',
    'deployments:archive': 'archive',
    'deployments:manage': 'all operations'
  },
  Devices: {
    'devices:read': 'get, list, ping',
    'devices:provision': 'create, activate, reactivate, list',
    'devices:write': 'create, update',
    'devices:delete': 'delete',
    'devices:manage': 'all operations'
  },
  'Git commits': {
    'git_commits:read': 'get, list',
    'git_commits:write': 'create',
    'git_commits:manage': 'all operations'
  },
  Releases: {
    'releases:read': 'get, list',
    'releases:write': 'create, update',
    'releases:manage': 'all operations'
  }
}

export const SCOPES: { readonly [scope: string]: string } = Object.assign({}, ...Object.values(RESOURCES))

/** "superset of all other scopes for the resource": of that one alone. And "`write` does not include `read`". */
export function opens (scope: string): readonly string[] {
  const [resource, tier] = scope.split(':')
  return tier === 'manage' ? Object.keys(SCOPES).filter(name => name.startsWith(`${resource}:`)) : [scope]
}

const deployment = { description: 'Faster', device_id: 'dvc_arm', release_id: 'rls_1', config_instance_ids: ['cfg_inst_slow'] }
const schema = {
  config_type_ref: { id: 'cfg_typ_motion' },
  language: 'jsonschema',
  format: 'json',
  instance_filepath: '/v2/motion-control.json',
  documents: [{ name: 'motion-control.json', data: '{ "type": "object" }' }]
}

export const ROWS: readonly Row[] = [
  // "Nearly all API endpoints require one or more scopes"
  ...rows([[]], [
    ['GET /principal']
  ]),
  ...rows([['config_instances:read']], [
    ['GET /config_instances'],
    ['GET /config_instances/:id', 'cfg_inst_slow'],
    ['GET /config_instances/:id/content', 'cfg_inst_slow']
  ]),
  ...rows([['config_instances:write']], [
    ['POST /config_instances', '', { config_schema_id: 'cfg_sch_motion', content: { format: 'json', data: '{}' } }]
  ]),
  ...rows([['config_schemas:read']], [
    ['GET /config_schemas'],
    ['GET /config_schemas/:id', 'cfg_sch_motion']
  ]),
  ...rows([['config_schemas:write']], [
    ['POST /config_schemas', '', schema],
    ['PATCH /config_schemas/:id', 'cfg_sch_motion', { instance_filepath: '/v3/motion-control.json' }]
  ]),
  ...rows([['config_types:read']], [
    ['GET /config_types'],
    ['GET /config_types/:id', 'cfg_typ_motion']
  ]),
  ...rows([['config_types:write']], [
    ['POST /config_types', '', { name: 'Localization', slug: 'localization' }],
    ['PATCH /config_types/:id', 'cfg_typ_motion', { name: 'Motion' }]
  ]),
  ...rows([['deployments:read']], [
    ['GET /deployments'],
    ['GET /deployments/:id', 'dpl_staged'],
    ['GET /deployments/:id/drifts', 'dpl_staged']
  ]),
  ...rows([['deployments:write']], [
    ['POST /deployments', '', deployment]
  ]),
  // "Required if staging a deployment." and "Required if deploying a deployment."
  ...rows([['deployments:write', 'deployments:stage']], [
    ['POST /deployments', '', { ...deployment, target_status: 'staged' }]
  ], ['deployments:write']),
  ...rows([['deployments:write', 'deployments:deploy']], [
    ['POST /deployments', '', { ...deployment, target_status: 'deployed' }]
  ], ['deployments:write']),
  ...rows([['deployments:stage']], [
    ['POST /deployments/:id/stage', 'dpl_created']
  ]),
  ...rows([['deployments:deploy']], [
    ['POST /deployments/:id/deploy', 'dpl_staged']
  ]),
  ...rows([['deployments:archive']], [
    ['POST /deployments/:id/archive', 'dpl_drifted']
  ]),
  ...rows([['devices:read']], [
    ['GET /devices/:id', 'dvc_arm'],
    ['POST /devices/:id/ping', 'dvc_arm', { timeout_nanos: 1_000_000_000 }]
  ]),
  // Both have "list".
  ...rows([['devices:read'], ['devices:provision']], [
    ['GET /devices']
  ]),
  // Both have "create".
  ...rows([['devices:write'], ['devices:provision']], [
    ['POST /devices', '', { name: 'Robot 1' }]
  ]),
  ...rows([['devices:provision']], [
    ['POST /devices/:id/activation_token', 'dvc_new', { allow_reactivation: true }],
    ['POST /devices/:id/activate', 'dvc_new'],
    ['POST /devices/:id/reactivate', 'dvc_arm']
  ]),
  ...rows([['devices:write']], [
    ['PATCH /devices/:id', 'dvc_arm', { name: 'Left arm' }]
  ]),
  ...rows([['devices:delete']], [
    ['DELETE /devices/:id', 'dvc_old']
  ]),
  ...rows([['git_commits:read']], [
    ['GET /git_commits'],
    ['GET /git_commits/:id', 'git_commit_1']
  ]),
  ...rows([['git_commits:write']], [
    ['POST /git_commits', '', { sha: '0f1e2d3c', message: 'Speed up', origin: 'https://git.example.com/robots.git' }]
  ]),
  ...rows([['releases:read']], [
    ['GET /releases'],
    ['GET /releases/:id', 'rls_1']
  ]),
  ...rows([['releases:write']], [
    ['POST /releases', '', { version: 'v1.1.0', config_schema_ids: ['cfg_sch_motion'] }],
    ['PATCH /releases/:id', 'rls_1', { version: 'v1.0.1' }]
  ]),
  // "Scopes are selected when creating an API key", in the dashboard: by users.
  ...keyRows({ create: { name: 'another', scopes: ['releases:read'] }, update: { name: 'renamed', scopes: ['devices:read'] } })
]

/** The words under 'Permissions', and the endpoint that each of them is. */
export const ENDPOINTS: { readonly [scope: string]: { readonly [word: string]: string } } = {
  'config_instances:read': { get: 'GET /config_instances/:id', list: 'GET /config_instances' },
  'config_instances:write': { create: 'POST /config_instances' },
  'config_schemas:read': { get: 'GET /config_schemas/:id', list: 'GET /config_schemas' },
  'config_schemas:write': { create: 'POST /config_schemas', update: 'PATCH /config_schemas/:id' },
  'config_types:read': { get: 'GET /config_types/:id', list: 'GET /config_types' },
  'config_types:write': { create: 'POST /config_types', update: 'PATCH /config_types/:id' },
  'deployments:read': { get: 'GET /deployments/:id', list: 'GET /deployments' },
  'deployments:write': { create: 'POST /deployments' },
  'deployments:stage': { stage: 'POST /deployments/:id/stage' },
  'deployments:deploy': { deploy: 'POST /deployments/:id/deploy' },
  'deployments:archive': { archive: 'POST /deployments/:id/archive' },
  'devices:read': { get: 'GET /devices/:id', list: 'GET /devices', ping: 'POST /devices/:id/ping' },
  'devices:provision': {
    create: 'POST /devices',
    activate: 'POST /devices/:id/activate',
    reactivate: 'POST /devices/:id/reactivate',
    list: 'GET /devices'
  },
  'devices:write': { create: 'POST /devices', update: 'PATCH /devices/:id' },
  'devices:delete': { delete: 'DELETE /devices/:id' },
  'git_commits:read': { get: 'GET /git_commits/:id', list: 'GET /git_commits' },
  'git_commits:write': { create: 'POST /git_commits' },
  'releases:read': { get: 'GET /releases/:id', list: 'GET /releases' },
  'releases:write': { create: 'POST /releases', update: 'PATCH /releases/:id' }
}

/** What shows whether anything in the example has changed. */
export const WATCH = ['/config_instances', '/config_schemas', '/config_types', '/deployments', '/devices', '/git_commits', '/releases']

type Short = readonly [route: string, id?: string, body?: object | undefined, succeeds?: number]

function rows (needs: Row['needs'], list: readonly Short[], base?: readonly string[]): Row[] {
  return list.map(([route, id = '', body, succeeds = 200]) => {
    return { route, request: route.replace(':id', id), needs, succeeds, ...body && { body }, ...base && { base } }
  })
}
