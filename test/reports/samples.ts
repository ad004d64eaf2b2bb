// What to send to the routes of the apps: bodies that are right, and which conditions apply to each.
import { scopesText } from '../../lib/reports/access-text.js'
import type { GuardedRoute, ScopeRequirement } from '../../lib/index.js'

export interface Sample {
  readonly payload?: object
  readonly query?: Record<string, string>
  /** The positions of the conditions that apply. */
  readonly applies: readonly number[]
}

export function samplesFor ({ method, url, scopes, conditions }: GuardedRoute): readonly Sample[] {
  if (conditions.length === 0) return [{ applies: [] }]
  const samples = SAMPLES[`${method} ${url}: ${scopesText(scopes)}`]
  if (samples !== undefined) return samples
  // Most of the app of 650 routes.
  return [{ applies: [] }, { payload: { force: true }, applies: [0] }, { query: { force: '' }, applies: [0] }]
}

/** What a request says that routes are told apart by. */
export function constraintsFor ({ constraints: { version, host } }: GuardedRoute): { readonly version?: string, readonly host?: string } {
  return { ...version !== undefined && { version }, ...host !== undefined && { host: host.startsWith('/') ? 'us1.example.com' : host } }
}

export function headersFor (route: GuardedRoute): Record<string, string> {
  const { version, host } = constraintsFor(route)
  return { ...version !== undefined && { 'accept-version': version }, ...host !== undefined && { host } }
}

/** Everything that a request needs of a route, conditions included. */
export function needsOf ({ scopes, conditions }: GuardedRoute, { applies }: Sample): ScopeRequirement {
  const all = [scopes, ...applies.map(i => conditions[i]!.scopes)]
  const anyOf = all.reduce<ReadonlyArray<readonly string[]>>((combined, alternatives) => combined.flatMap(names => alternatives.map(more => [...names, ...more])), [[]])
  return anyOf.some(names => names.length === 0) ? [] : { anyOf }
}

const deployment = { description: 'd', device_id: 'd', release_id: 'r', config_instance_ids: ['c'] }
const droplet = { name: 'd', region: 'r', size: 's', image: 'i' }
const query = { tag_name: 'none' }

const SAMPLES: Readonly<Record<string, readonly Sample[]>> = {
  'POST /deployments: deployments:write': [{ payload: deployment, applies: [] }, { payload: { ...deployment, target_status: 'staged' }, applies: [0] }, { payload: { ...deployment, target_status: 'deployed' }, applies: [1] }],
  'POST /deployments: container:write': [{ applies: [] }, { payload: { force: true }, applies: [0] }, { payload: { audited: true }, applies: [1] }, { payload: { force: true, audited: true }, applies: [0, 1] }],
  'POST /v2/projects/:id/resources: project:update': [
    ...['app', 'dbaas', 'domain', 'droplet', 'floatingip', 'kubernetes', 'loadbalancer', 'space', 'volume'].map((type, i) => ({ payload: { resources: [`do:${type}:1`] }, applies: [i] })),
    { payload: { resources: ['do:app:1', 'do:volume:1'] }, applies: [0, 8] }
  ],
  'POST /v2/droplets: droplet:create': [
    { payload: droplet, applies: [] },
    ...[{ tags: ['t'] }, { ssh_keys: ['k'] }, { vpc_uuid: 'v' }, { volumes: ['v'] }].map((more, i) => ({ payload: { ...droplet, ...more }, applies: [i] })),
    { payload: { ...droplet, tags: ['t'], vpc_uuid: 'v' }, applies: [0, 2] }
  ],
  'POST /v2/droplets/:id/actions: droplet:update': [
    { payload: { type: 'power_off' }, applies: [] },
    { payload: { type: 'resize', size: 's' }, applies: [0] },
    { payload: { type: 'rebuild', image: 'i' }, applies: [1] },
    { payload: { type: 'snapshot', name: 's' }, applies: [2] }
  ],
  'POST /v2/droplets/actions: droplet:update': [{ payload: { type: 'power_on' }, query, applies: [] }, { payload: { type: 'snapshot', name: 's' }, query, applies: [2] }]
}
