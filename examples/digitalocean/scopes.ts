import { defineScopes } from 'fastify-api-key-scopes'

/** What the scopes of most resources that are somewhere, and take their time, require. */
const placed = ['regions:read', 'sizes:read', 'actions:read'] as const

/**
 * The page 'Scopes for API Tokens', row by row and word for word. What a scope requires is said on a page of its own;
 * what follows from what it requires is not repeated here.
 */
export const scopes = defineScopes({
  'account:read': 'View user account details',

  'actions:read': 'View events of shared resources that have occurred in the current team',

  'addon:read': 'View marketplace addon resources',
  'addon:create': { description: 'Create marketplace addon resources', requires: 'addon:read' },
  'addon:update': { description: 'Modify marketplace addon resources', requires: 'addon:read' },
  'addon:delete': { description: 'Delete marketplace addon resources', requires: 'addon:read' },

  'api:write': { description: 'Perform write operations via the API', includes: '*', hidden: true },
  'api:read': { description: 'Perform read operations via the API', includes: '*:read', hidden: true },

  'app:read': { description: 'View App Platform apps', requires: placed },
  'app:update': { description: 'Modify App Platform apps', requires: 'app:read' },
  'app:delete': { description: 'Delete App Platform apps', requires: 'app:read' },
  'app:access_console': { description: 'Access console of App Platform apps', requires: 'app:read' },
  'app:create': { description: 'Create App Platform apps', requires: 'app:read' },

  'billing:read': 'View and receive billing and invoice information',

  'block_storage:read': 'View Block Storage volumes',
  'block_storage:delete': { description: 'Delete Block Storage volumes', requires: 'block_storage:read' },
  'block_storage:create': { description: 'Create Block Storage volumes', requires: ['block_storage:read', 'droplet:read'] },

  'block_storage_action:read': 'View Block Storage volume history',
  'block_storage_action:create': { description: 'Attach and detach Block Storage volumes', requires: 'block_storage_action:read' },

  'block_storage_snapshot:read': 'View Block Storage volume snapshots',
  'block_storage_snapshot:create': { description: 'Create Block Storage volume snapshots', requires: ['block_storage_snapshot:read', 'block_storage:read', 'droplet:read'] },
  'block_storage_snapshot:delete': { description: 'Delete Block Storage volume snapshots', requires: ['block_storage_snapshot:read', 'block_storage:read', 'droplet:read'] },

  'cdn:read': 'View CDN endpoints',
  'cdn:create': { description: 'Create CDN endpoints', requires: 'cdn:read' },
  'cdn:update': { description: 'Modify CDN endpoints', requires: 'cdn:read' },
  'cdn:delete': { description: 'Delete CDN endpoints', requires: 'cdn:read' },

  'certificate:read': 'View SSL certificates',
  'certificate:delete': { description: 'Delete SSL certificates', requires: 'certificate:read' },
  'certificate:create': { description: 'Upload SSL certificates', requires: 'certificate:read' },

  'database:read': 'View Managed Databases',
  'database:update': { description: 'Update Managed Databases', requires: ['database:read', ...placed] },
  'database:delete': { description: 'Delete Managed Databases', requires: ['database:read', ...placed] },
  'database:view_credentials': { description: 'View Databases Credentials', requires: ['database:read', ...placed] },
  'database:create': { description: 'Create Managed Databases', requires: ['database:read', ...placed] },

  'domain:read': 'View domains and domain records',
  'domain:create': { description: 'Create domains and domain records', requires: 'domain:read' },
  'domain:update': { description: 'Modify domains and domain records', requires: 'domain:read' },
  'domain:delete': { description: 'Delete domains and domain records', requires: 'domain:read' },

  'droplet:read': { description: 'View Droplets', requires: [...placed, 'image:read'] },
  'droplet:create': { description: 'Create Droplets', requires: 'droplet:read' },
  'droplet:update': { description: 'Modify Droplets', requires: 'droplet:read' },
  'droplet:delete': { description: 'Delete Droplets', requires: 'droplet:read' },
  'droplet:admin': { description: 'Access Droplets', requires: 'droplet:read' },

  'firewall:read': 'View Cloud firewalls',
  'firewall:create': { description: 'Create Cloud firewalls', requires: 'firewall:read' },
  'firewall:update': { description: 'Modify Cloud firewalls', requires: 'firewall:read' },
  'firewall:delete': { description: 'Delete Cloud firewalls', requires: 'firewall:read' },

  'function:create': 'Create Serverless function namespaces and triggers',
  'function:update': 'Modify Serverless function namespaces and triggers',
  'function:delete': 'Delete Serverless function namespaces and triggers',
  'function:read': { description: 'View Serverless function namespaces and triggers', requires: placed },
  'function:admin': { description: 'Full administrative access to Serverless functions, namespaces, and triggers', includes: 'function:*' },
  'functions:admin': { description: 'Full administrative access to Serverless functions, namespaces, and triggers', status: 'deprecated', replacedBy: 'function:admin' },

  'genai:read': { description: 'View generative AI tools', requires: placed },
  'genai:create': { description: 'Create generative AI tools', requires: 'genai:read' },
  'genai:update': { description: 'Modify generative AI tools', requires: 'genai:read' },
  'genai:delete': { description: 'Delete generative AI tools', requires: 'genai:read' },

  'image:read': { description: 'View images', requires: ['droplet:read', ...placed] },
  'image:create': { description: 'Create images', requires: 'image:read' },
  'image:update': { description: 'Modify images', requires: 'image:read' },
  'image:delete': { description: 'Delete images', requires: 'image:read' },

  'kubernetes:read': { description: 'View Kubernetes clusters but not cluster credentials', requires: placed },
  'kubernetes:create': { description: 'Create Kubernetes clusters', requires: 'kubernetes:read' },
  'kubernetes:update': { description: 'Modify Kubernetes clusters', requires: 'kubernetes:read' },
  'kubernetes:delete': { description: 'Delete Kubernetes clusters', requires: 'kubernetes:read' },
  'kubernetes:access_cluster': { description: 'View and download Kubernetes cluster credentials', requires: 'kubernetes:read' },

  'load_balancer:read': { description: 'View load balancers', requires: ['droplet:read', 'tag:read', 'vpc:read'] },
  'load_balancer:create': { description: 'Create load balancers', requires: 'load_balancer:read' },
  'load_balancer:update': { description: 'Modify load balancers', requires: 'load_balancer:read' },
  'load_balancer:delete': { description: 'Delete load balancers', requires: 'load_balancer:read' },

  'monitoring:read': { description: 'View Monitoring metrics and alert policies', requires: 'droplet:read' },
  'monitoring:create': { description: 'Create Monitoring alert policies', requires: 'monitoring:read' },
  'monitoring:update': { description: 'Modify Monitoring alert policies', requires: 'monitoring:read' },
  'monitoring:delete': { description: 'Delete Monitoring alert policies', requires: 'monitoring:read' },

  'partner_network_connect:view_credentials': 'View Partner Network Connect Credentials',
  'partner_network_connect:read': { description: 'View Partner Network Connect', requires: 'vpc:read' },
  'partner_network_connect:create': { description: 'Create Partner Network Connect', requires: 'partner_network_connect:read' },
  'partner_network_connect:update': { description: 'Modify Partner Network Connect', requires: 'partner_network_connect:read' },
  'partner_network_connect:delete': { description: 'Delete Partner Network Connect', requires: 'partner_network_connect:read' },

  'project:read': 'View projects',
  'project:create': { description: 'Create projects', requires: 'project:read' },
  'project:update': { description: 'Modify projects', requires: 'project:read' },
  'project:delete': { description: 'Delete projects', requires: 'project:read' },

  'regions:read': 'View data center regions',

  'registry:read': 'View container registries',
  'registry:create': { description: 'Create container registries', requires: 'registry:read' },
  'registry:update': { description: 'Modify container registries', requires: 'registry:read' },
  'registry:delete': { description: 'Delete container registries', requires: 'registry:read' },

  'reserved_ip:read': 'View Reserved IP addresses',
  'reserved_ip:update': { description: 'Modify Reserved IP addresses', requires: ['reserved_ip:read', 'droplet:read'] },
  'reserved_ip:delete': { description: 'Delete Reserved IP addresses', requires: ['reserved_ip:read', 'droplet:read'] },
  'reserved_ip:create': { description: 'Create Reserved IP addresses', requires: ['reserved_ip:read', 'droplet:read', 'project:read'] },

  'sizes:read': 'View Droplet plan sizes',

  'snapshot:read': 'View snapshots',
  'snapshot:delete': { description: 'Delete snapshots', requires: ['snapshot:read', 'image:delete'] },

  'spaces:read': { description: 'View Spaces object storage buckets', requires: placed },
  'spaces:update': { description: 'Manage Spaces object storage buckets', requires: 'spaces:read' },

  'spaces_key:read': { description: 'View Spaces access keys', requires: 'spaces:read' },
  'spaces_key:create_credentials': { description: 'Create Spaces access key and view its secret credentials', requires: 'spaces_key:read' },
  'spaces_key:create': 'Create Spaces access keys',
  'spaces_keys:create': { description: 'Create Spaces access keys', status: 'deprecated', replacedBy: 'spaces_key:create' },
  'spaces_key:delete': { description: 'Delete Spaces access keys', requires: 'spaces_key:read' },
  'spaces_key:update': { description: 'Modify Spaces access keys', requires: 'spaces_key:read' },

  'ssh_key:read': 'View SSH keys',
  'ssh_key:create': { description: 'Upload SSH keys', requires: 'ssh_key:read' },
  'ssh_key:update': { description: 'Modify SSH keys', requires: 'ssh_key:read' },
  'ssh_key:delete': { description: 'Delete SSH keys', requires: 'ssh_key:read' },

  'tag:create': { description: 'Create resource tags', requires: 'tag:read' },
  'tag:read': 'View resource tags',
  'tag:delete': { description: 'Delete resource tags', requires: 'tag:read' },

  'uptime:read': 'View Uptime checks',
  'uptime:create': { description: 'Create Uptime checks', requires: 'uptime:read' },
  'uptime:update': { description: 'Modify Uptime checks', requires: 'uptime:read' },
  'uptime:delete': { description: 'Delete Uptime checks', requires: 'uptime:read' },

  'vendor_portal:read': 'View marketplace vendor portal apps',
  'vendor_portal:create': { description: 'Create apps in the marketplace vendor portal', requires: 'vendor_portal:read' },
  'vendor_portal:update': { description: 'Modify marketplace vendor portal apps', requires: 'vendor_portal:read' },
  'vendor_portal:delete': { description: 'Delete marketplace vendor portal apps', requires: 'vendor_portal:read' },

  'vpc:read': { description: 'View VPCs', requires: placed },
  'vpc:create': { description: 'Create VPCs', requires: 'vpc:read' },
  'vpc:update': { description: 'Modify VPCs', requires: 'vpc:read' },
  'vpc:delete': { description: 'Delete VPCs', requires: 'vpc:read' },

  'vpc_peering:read': 'View VPC Peering',
  'vpc_peering:create': { description: 'Create VPC Peering', requires: 'vpc_peering:read' },
  'vpc_peering:update': { description: 'Modify VPC Peering', requires: 'vpc:read' },
  'vpc_peering:delete': { description: 'Delete VPC Peering', requires: 'vpc_peering:read' }
}, {
  presets: {
    'Read Only': ['api:read'],
    'Full Access': ['api:write']
  },
  // The page has one table; in their order, what its rows are about.
  resources: {
    account: 'Account',
    actions: 'Actions',
    addon: 'Add-ons',
    api: 'All of the API',
    app: 'App Platform',
    billing: 'Billing',
    block_storage: 'Block Storage',
    block_storage_action: 'Block Storage actions',
    block_storage_snapshot: 'Block Storage snapshots',
    cdn: 'CDN',
    certificate: 'Certificates',
    database: 'Databases',
    domain: 'Domains',
    droplet: 'Droplets',
    firewall: 'Firewalls',
    function: { heading: 'Functions', scopes: ['function:*', 'functions:*'] },
    genai: 'GenAI',
    image: 'Images',
    kubernetes: 'Kubernetes',
    load_balancer: 'Load balancers',
    monitoring: 'Monitoring',
    partner_network_connect: 'Partner Network Connect',
    project: 'Projects',
    regions: 'Regions',
    registry: 'Container registries',
    reserved_ip: 'Reserved IPs',
    sizes: 'Sizes',
    snapshot: 'Snapshots',
    spaces: 'Spaces',
    spaces_key: { heading: 'Spaces keys', scopes: ['spaces_key:*', 'spaces_keys:*'] },
    ssh_key: 'SSH keys',
    tag: 'Tags',
    uptime: 'Uptime',
    vendor_portal: 'Vendor portal',
    vpc: 'VPCs',
    vpc_peering: 'VPC peerings'
  }
})

// From here on, a route that misspells a scope does not compile.
declare module 'fastify-api-key-scopes' {
  interface Register { scopes: typeof scopes }
}
