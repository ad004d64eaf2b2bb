import { Collection } from './collection.js'

export type Data = ReturnType<typeof someData>

/** A small account, in memory: a restart brings it all back. What is called `old` may go. */
export function someData () {
  const byName = { idIn: 'name' }
  return {
    // What is there for everybody.
    regions: new Collection({ nyc3: { name: 'New York 3' }, fra1: { name: 'Frankfurt 1' } }, { idIn: 'slug' }),
    sizes: new Collection({ small: { memory: 1024, vcpus: 1 }, large: { memory: 8192, vcpus: 4 } }, { idIn: 'slug' }),

    // Droplets, and what they are made of and leave behind.
    droplets: new Collection({
      web: { name: 'web', region: 'nyc3', size: 'small', image: 'ubuntu', status: 'active', tags: ['frontend'] },
      old: { name: 'old', region: 'fra1', size: 'small', image: 'ubuntu', status: 'off', tags: [] }
    }),
    images: new Collection({
      ubuntu: { name: 'Ubuntu', type: 'distribution', region: 'nyc3' },
      old: { name: 'Backup of last year', type: 'backup', region: 'nyc3' }
    }),
    snapshots: new Collection({
      'web-1': { name: 'Before the upgrade', resource_type: 'droplet', resource_id: 'web' },
      old: { name: 'Of last year', resource_type: 'droplet', resource_id: 'web' }
    }),
    actions: new Collection({ boot: { type: 'create', status: 'completed', resource_type: 'droplet', resource_id: 'web' } }),
    sshKeys: new Collection({ laptop: { name: 'Laptop', public_key: 'ssh-ed25519 AAAA1' }, old: { name: 'Old laptop', public_key: 'ssh-ed25519 AAAA2' } }),
    tags: new Collection({ frontend: {}, old: {} }, byName),

    // Volumes and Spaces.
    volumes: new Collection({ logs: { name: 'logs', region: 'nyc3', size_gigabytes: 100, droplet_id: null }, old: { name: 'old', region: 'fra1', size_gigabytes: 10, droplet_id: null } }),
    volumeActions: new Collection({ first: { volume: 'logs', type: 'attach', status: 'completed' } }),
    volumeSnapshots: new Collection({ 'logs-1': { volume: 'logs', name: 'Before the upgrade' }, old: { volume: 'logs', name: 'Of last year' } }),
    buckets: new Collection({ assets: { region: 'nyc3', acl: 'private' } }, byName),
    spacesKeys: new Collection({ backup: { name: 'backup' }, old: { name: 'old' } }, { idIn: 'access_key' }),

    // Platforms.
    apps: new Collection({ shop: { name: 'shop', region: 'nyc3' }, old: { name: 'old', region: 'nyc3' } }),
    deployments: new Collection({ first: { app: 'shop', phase: 'ACTIVE' } }),
    clusters: new Collection({ production: { name: 'production', region: 'nyc3', version: '1.32' }, old: { name: 'old', region: 'nyc3', version: '1.29' } }),
    nodePools: new Collection({ workers: { cluster: 'production', name: 'workers', size: 'large', count: 3 } }),
    databases: new Collection({ orders: { name: 'orders', engine: 'pg', region: 'nyc3', size: 'small' }, old: { name: 'old', engine: 'pg', region: 'nyc3', size: 'small' } }),
    databaseUsers: new Collection({ shop: { database: 'orders', role: 'normal', password: 'not-really-a-secret' } }, byName),
    namespaces: new Collection({ 'fn-shop': { label: 'shop', region: 'nyc1' }, 'fn-old': { label: 'old', region: 'nyc1' } }),
    functionKeys: new Collection(),
    triggers: new Collection({ nightly: { namespace: 'fn-shop', function: 'clean-up', is_enabled: true }, old: { namespace: 'fn-shop', function: 'nothing', is_enabled: false } }, byName),
    agents: new Collection({ support: { name: 'support', instruction: 'Be kind' }, old: { name: 'old', instruction: 'Be brief' } }),
    registries: new Collection({ shop: { region: 'nyc3' }, old: { region: 'nyc3' } }, byName),
    registrySubscription: { tier_slug: 'basic' },

    // Networks.
    domains: new Collection({ 'example.com': { ttl: 1800 }, 'example.org': { ttl: 1800 } }, byName),
    records: new Collection({ www: { domain: 'example.com', type: 'A', name: 'www', data: '192.0.2.1' }, old: { domain: 'example.com', type: 'TXT', name: 'old', data: 'gone' } }),
    cdnEndpoints: new Collection({ assets: { origin: 'assets.nyc3.example.com', ttl: 3600 }, old: { origin: 'old.nyc3.example.com', ttl: 3600 } }),
    certificates: new Collection({ www: { name: 'www', type: 'lets_encrypt' }, old: { name: 'old', type: 'custom' } }),
    firewalls: new Collection({ web: { name: 'web', droplet_ids: ['web'] }, old: { name: 'old', droplet_ids: [] } }),
    loadBalancers: new Collection({ web: { name: 'web', region: 'nyc3' }, old: { name: 'old', region: 'nyc3' } }),
    reservedIps: new Collection({ '192.0.2.10': { region: 'nyc3', droplet_id: null }, '192.0.2.11': { region: 'nyc3', droplet_id: null } }, { idIn: 'ip' }),
    vpcs: new Collection({ private: { name: 'private', region: 'nyc3' }, old: { name: 'old', region: 'nyc3' } }),
    vpcPeerings: new Collection({ 'private-old': { name: 'private-old', vpc_ids: ['private', 'old'] }, old: { name: 'old', vpc_ids: ['private', 'old'] } }),
    attachments: new Collection({ office: { name: 'office', region: 'nyc3' }, old: { name: 'old', region: 'nyc3' } }),

    // The account itself, and who watches over it.
    account: { email: 'team@example.com', droplet_limit: 25, status: 'active' },
    balance: { month_to_date_balance: '23.44', account_balance: '12.23' },
    invoices: new Collection({ '2026-04': { amount: '27.13' } }),
    projects: new Collection({ shop: { name: 'shop', purpose: 'Web Application' }, old: { name: 'old', purpose: 'Operational / Developer tooling' } }),
    projectResources: new Collection({ 'do:droplet:web': { project: 'shop' } }, { idIn: 'urn' }),
    addons: new Collection({ mail: { name: 'mail', app_slug: 'mailer', plan_slug: 'basic' }, old: { name: 'old', app_slug: 'mailer', plan_slug: 'basic' } }),
    vendorApps: new Collection({ mailer: { name: 'mailer', summary: 'Sends mail' }, old: { name: 'old', summary: 'Sent mail' } }),
    alertPolicies: new Collection({ busy: { description: 'web is busy', type: 'cpu', value: 80 }, old: { description: 'old is busy', type: 'cpu', value: 80 } }),
    checks: new Collection({ shop: { name: 'shop', target: 'https://example.com' }, old: { name: 'old', target: 'https://example.org' } })
  }
}
