const ACTIONS = ['read', 'list', 'create', 'update', 'delete', 'stage', 'deploy', 'archive', 'write']

/** Scopes of resources, ten each, one of which is all of the resource; and two that include everything, or everything that only reads. */
export function catalogOf (size) {
  const entries = { full: { includes: '*' }, 'api:read': { includes: ['*:read', '*:list'], hidden: true } }
  for (let i = 0; Object.keys(entries).length < size; i += 1) {
    for (const action of ACTIONS) entries[`resource-${i}:${action}`] = { description: action, requires: action === 'read' ? [] : `resource-${i}:read` }
    entries[`resource-${i}:manage`] = { includes: `resource-${i}:*` }
  }
  return entries
}
