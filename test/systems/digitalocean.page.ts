/** The page 'Scopes for API Tokens', and what it means for each route of the example. */
import type { Denial, Row } from './conformance.js'
import { OPERATIONS, type Operation } from './digitalocean.routes.js'
import { SCOPES } from './digitalocean.scopes.js'
import { keyRows } from './key-rows.js'

/** Written in two ways, with the same description. */
export const SPELLINGS: { readonly [scope: string]: string } = {
  'functions:admin': 'function:admin',
  'spaces_keys:create': 'spaces_key:create'
}

const NAMES = Object.keys(SCOPES).filter(name => !(name in SPELLINGS))

export function opens (scope: string): readonly string[] {
  // "api:read is equivalent to all read scopes, and api:write is equivalent to all scopes."
  if (scope === 'api:write') return NAMES
  if (scope === 'api:read') return [scope, ...NAMES.filter(name => name.endsWith(':read'))]
  const name = SPELLINGS[scope] ?? scope
  // "Full administrative access to Serverless functions, namespaces, and triggers"
  return name === 'function:admin' ? NAMES.filter(name => name.startsWith('function:')) : [name]
}

/** The statuses, unless an operation says otherwise. */
const USUAL: { readonly [method: string]: number } = { GET: 200, PUT: 200, PATCH: 200, POST: 201, DELETE: 204 }

const droplet = { name: 'api', region: 'nyc3', size: 'small', image: 'ubuntu' }

export const ROWS: readonly Row[] = [
  ...Object.entries(OPERATIONS).flatMap(([scope, operations]) => operations.map(operation => row([[scope]], operation))),

  // Of what the reference lists for an operation, one is enough: /volumes has "api:read api:write block_storage:read".
  row([['app:update'], ['app:create']], ['POST /apps/:app/deployments', '/apps/shop/deployments', {}]),

  // Only one of them "view[s] its secret credentials"; both create.
  row([['spaces_key:create'], ['spaces_key:create_credentials']], ['POST /spaces/keys', '', { name: 'backup' }]),

  // "To tag a Droplet during creation, you additionally need tag:create"
  ...more('droplet:create', [
    ['tag:create', ['POST /droplets', '', { ...droplet, tags: ['blue'] }, 202]],
    ['ssh_key:read', ['POST /droplets', '', { ...droplet, ssh_keys: ['laptop'] }, 202]],
    ['vpc:read', ['POST /droplets', '', { ...droplet, vpc_uuid: 'private' }, 202]],
    ['block_storage:read', ['POST /droplets', '', { ...droplet, volumes: ['logs'] }, 202]]
  ]),

  // 'Additionally Required Permission', by the type of the action
  ...more('droplet:update', [
    ['droplet:create', ['POST /droplets/:id/actions', 'web', { type: 'resize', size: 'large' }]],
    ['droplet:admin', ['POST /droplets/:id/actions', 'web', { type: 'rebuild', image: 'ubuntu' }]],
    ['droplet:admin', ['POST /droplets/:id/actions', 'web', { type: 'restore', image: 'ubuntu' }]],
    ['droplet:admin', ['POST /droplets/:id/actions', 'web', { type: 'password_reset' }]],
    ['image:create', ['POST /droplets/:id/actions', 'web', { type: 'snapshot', name: 'now' }]],
    ['image:create', ['POST /droplets/actions', '/droplets/actions?tag_name=frontend', { type: 'snapshot' }]]
  ]),

  // "to assign a Droplet to a project, include both"
  ...more('project:update', [
    ['app:read', ['POST /projects/:id/resources', 'shop', { resources: ['do:app:shop'] }, 200]],
    ['database:read', ['POST /projects/:id/resources', 'shop', { resources: ['do:dbaas:orders'] }, 200]],
    ['domain:read', ['POST /projects/:id/resources', 'shop', { resources: ['do:domain:example.com'] }, 200]],
    ['droplet:read', ['POST /projects/:id/resources', 'shop', { resources: ['do:droplet:web'] }, 200]],
    ['reserved_ip:read', ['POST /projects/:id/resources', 'shop', { resources: ['do:floatingip:192.0.2.10'] }, 200]],
    ['kubernetes:read', ['POST /projects/:id/resources', 'shop', { resources: ['do:kubernetes:production'] }, 200]],
    ['load_balancer:read', ['POST /projects/:id/resources', 'shop', { resources: ['do:loadbalancer:web'] }, 200]],
    ['spaces:read', ['POST /projects/:id/resources', 'shop', { resources: ['do:space:assets'] }, 200]],
    ['block_storage:read', ['POST /projects/:id/resources', 'shop', { resources: ['do:volume:logs'] }, 200]]
  ]),

  // "When creating tokens through the API": what users do.
  ...keyRows({ path: '/v2/api-keys', create: { name: 'another', scopes: ['api:read'] }, update: { name: 'renamed' } })
]

/** What shows whether anything in the example has changed. */
export const WATCH = [...new Set(ROWS.flatMap(({ route, request = route }) => route.startsWith('POST ') ? [request.slice('POST '.length)] : []))]
  .filter(path => ROWS.some(({ route, request = route }) => request === `GET ${path}`))

/** Errors as the API reference has them, with the code of this package beside. */
export function denied ({ statusCode, message, code }: Denial) {
  return { id: ({ 401: 'unauthorized', 403: 'forbidden' })[statusCode], message, code }
}

/** A body can be needed to say what is needed: all of these are, and one of them before it is read. */
function more (base: string, list: ReadonlyArray<readonly [scope: string, operation: Operation]>): Row[] {
  return list.map(([scope, operation]) => ({ ...row([[base, scope]], operation), base: [base] }))
}

function row (needs: Row['needs'], [route, at = '', body, succeeds]: Operation): Row {
  const [method, path] = route.split(' ') as [string, string]
  const request = at.startsWith('/') ? at : path.replace(':id', at)
  return { route: `${method} /v2${path}`, request: `${method} /v2${request}`, needs, succeeds: succeeds ?? USUAL[method]!, ...body && { body } }
}
