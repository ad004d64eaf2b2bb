import { randomBytes } from 'node:crypto'
import { Collection } from '../collection.js'

export interface Host {
  id: string
  networkID: string
  roleID: string | null
  name: string
  isLighthouse: boolean
  isRelay: boolean
  isBlocked: boolean
  tags: string[]
}
export interface FirewallRule { protocol: 'ANY' | 'TCP' | 'UDP' | 'ICMP', portRange?: { from: number, to: number } | null }
export interface Role { id: string, name: string, description: string, firewallRules: FirewallRule[] }
/** A way from the overlay to a network beyond it. Has nothing to do with the routes of Fastify. */
export interface NetworkRoute { id: string, name: string, routerHostID: string | null, routableCIDRs: Record<string, { install: boolean }> }
export interface Network { id: string, name: string, description: string, cidrs: string[] }
/** Its id is `key:value`. */
export interface Tag { id: string, key: string, value: string, description: string }
export interface AuditLog { id: string, timestamp: string, actor: { type: string, id: string }, event: string, target: unknown }

export type Data = ReturnType<typeof someData>

/** The organization, in memory: a restart brings it all back. */
export function someData () {
  return {
    networks: new Collection<Network>('network', [
      { id: 'network-main', name: 'Network1', description: '', cidrs: ['100.100.0.0/22'] },
      { id: 'network-lab', name: 'Lab', description: 'Nothing in it yet', cidrs: ['100.101.0.0/22'] }
    ]),
    roles: new Collection<Role>('role', [
      { id: 'role-server', name: 'Server', description: '', firewallRules: [{ protocol: 'ICMP' }, { protocol: 'TCP', portRange: { from: 443, to: 443 } }] },
      { id: 'role-laptop', name: 'Laptop', description: '', firewallRules: [{ protocol: 'ICMP' }] }
    ]),
    hosts: new Collection<Host>('host', [
      { id: 'host-lighthouse', networkID: 'network-main', roleID: null, name: 'lighthouse', isLighthouse: true, isRelay: false, isBlocked: false, tags: [] },
      { id: 'host-web', networkID: 'network-main', roleID: 'role-server', name: 'web', isLighthouse: false, isRelay: false, isBlocked: false, tags: ['env:production'] },
      { id: 'host-stolen', networkID: 'network-main', roleID: null, name: 'stolen laptop', isLighthouse: false, isRelay: false, isBlocked: true, tags: [] }
    ]),
    networkRoutes: new Collection<NetworkRoute>('route', [
      { id: 'route-office', name: 'Office', routerHostID: 'host-web', routableCIDRs: { '192.168.14.0/26': { install: true } } },
      { id: 'route-old', name: 'Former office', routerHostID: null, routableCIDRs: {} }
    ]),
    tags: new Collection<Tag>('tag', [
      { id: 'env:production', key: 'env', value: 'production', description: '' },
      { id: 'env:retired', key: 'env', value: 'retired', description: '' }
    ]),
    auditLogs: new Collection<AuditLog>('log', []),
    /** Which host may be enrolled with a code. Apart from the hosts: who may read those must not learn the codes. */
    enrollmentCodes: new Map<string, { hostID: string, lifetimeSeconds: number }>()
  }
}

/** As the ids of the API are: `host-` and so on, and 26 digits. */
export function newId (what: string): string {
  return `${what}-${randomBytes(13).toString('hex').toUpperCase()}`
}
