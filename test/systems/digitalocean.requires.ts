/** What scopes require, typed out by hand from DigitalOcean's page of each scope, such as reference/api/scopes/droplet/create. */
import { SCOPES } from './digitalocean.scopes.js'

const PLACED = ['regions:read', 'sizes:read', 'actions:read']
const DROPLETS = ['droplet:read', ...PLACED, 'image:read']

/** As the pages list them, with everything that follows. An empty list: "has no additional required scopes". */
export const OWN_PAGES: { readonly [scope: string]: readonly string[] } = {
  'addon:create': ['addon:read'],
  'app:read': PLACED,
  'app:create': ['app:read', ...PLACED],
  'app:update': ['app:read', ...PLACED],
  'block_storage:create': ['block_storage:read', ...DROPLETS],
  'block_storage_snapshot:create': ['block_storage_snapshot:read', 'block_storage:read', ...DROPLETS],
  'block_storage_snapshot:delete': ['block_storage_snapshot:read', 'block_storage:read', ...DROPLETS],
  'cdn:read': [],
  'cdn:create': ['cdn:read'],
  'certificate:create': ['certificate:read'],
  'database:create': ['database:read', ...PLACED],
  'database:update': ['database:read', ...PLACED],
  'database:delete': ['database:read', ...PLACED],
  'database:view_credentials': ['database:read', ...PLACED],
  'domain:read': [],
  'droplet:read': [...PLACED, 'image:read'],
  'droplet:create': DROPLETS,
  'droplet:update': DROPLETS,
  'droplet:admin': DROPLETS,
  'firewall:read': [],
  'firewall:create': ['firewall:read'],
  'firewall:update': ['firewall:read'],
  'function:read': PLACED,
  'function:create': [],
  'function:update': [],
  'function:delete': [],
  'functions:admin': [],
  'genai:read': PLACED,
  'image:read': ['droplet:read', ...PLACED],
  'image:update': ['image:read', 'droplet:read', ...PLACED],
  'image:delete': ['image:read', 'droplet:read', ...PLACED],
  'kubernetes:read': PLACED,
  'kubernetes:create': ['kubernetes:read', ...PLACED],
  'kubernetes:update': ['kubernetes:read', ...PLACED],
  'kubernetes:access_cluster': ['kubernetes:read', ...PLACED],
  'load_balancer:read': [...PLACED, 'droplet:read', 'image:read', 'tag:read', 'vpc:read'],
  'load_balancer:update': ['load_balancer:read', ...PLACED, 'droplet:read', 'image:read', 'tag:read', 'vpc:read'],
  'monitoring:read': DROPLETS,
  'monitoring:create': ['monitoring:read', ...DROPLETS],
  'monitoring:delete': ['monitoring:read', ...DROPLETS],
  'partner_network_connect:read': ['vpc:read', ...PLACED],
  'partner_network_connect:view_credentials': [],
  'project:read': [],
  'project:create': ['project:read'],
  'project:delete': ['project:read'],
  'regions:read': [],
  'registry:create': ['registry:read'],
  'reserved_ip:create': ['reserved_ip:read', ...DROPLETS, 'project:read'],
  'reserved_ip:update': ['reserved_ip:read', ...DROPLETS],
  'reserved_ip:delete': ['reserved_ip:read', ...DROPLETS],
  'snapshot:delete': ['image:delete', 'image:read', 'droplet:read', ...PLACED, 'snapshot:read'],
  'spaces:read': PLACED,
  'spaces_key:read': ['spaces:read', ...PLACED],
  'spaces_key:update': ['spaces_key:read', 'spaces:read', ...PLACED],
  'spaces_keys:create': [],
  'ssh_key:read': [],
  'ssh_key:update': ['ssh_key:read'],
  'tag:read': [],
  'tag:create': ['tag:read'],
  'tag:delete': ['tag:read'],
  'uptime:read': [],
  'uptime:create': ['uptime:read'],
  'vpc:read': PLACED,
  'vpc:delete': ['vpc:read', ...PLACED],
  'vpc_peering:update': ['vpc:read', ...PLACED]
}

/** Both spellings are one scope, and only one of them has a page. */
const PAGE_OF: { readonly [scope: string]: string } = {
  'function:admin': 'functions:admin',
  'spaces_key:create': 'spaces_keys:create'
}

/** Where no list was found: "to add a non-read scope for a resource type, you must also add the read scope for that resource type". */
export function requires (scope: string): readonly string[] {
  const listed = OWN_PAGES[PAGE_OF[scope] ?? scope]
  if (listed !== undefined) return listed
  const read = scope.replace(/:.*/, ':read')
  return read !== scope && read in SCOPES ? [read] : []
}

/** These scopes, and everything that must be added with them. */
export function completed (...granted: string[]): string[] {
  const all = new Set(granted)
  for (const scope of all) for (const name of requires(scope)) all.add(name)
  return [...all]
}
