import type { Keyring } from '../keys/keyring.js'
import type { Catalog } from '../scopes/catalog.js'
import { listed } from '../scopes/faults.js'
import type { Finding } from './findings.js'

/** What is odd about the grants of keys that can still be used, or be enabled again. Reads all of them. */
export async function keyFindings ({ list, catalog }: Pick<Keyring, 'list' | 'catalog'>): Promise<readonly Finding[]> {
  const holders = new Map<string, string[]>()
  for (const state of ['active', 'disabled'] as const) {
    for (let cursor: string | null | undefined; cursor !== null;) {
      const page = await list({ state, limit: 1000, ...cursor !== undefined && { cursor } })
      for (const { id, scopes } of page.records) {
        for (const scope of new Set(scopes)) {
          const known = holders.get(scope)
          if (known === undefined) holders.set(scope, [id])
          else known.push(id)
        }
      }
      cursor = page.cursor
    }
  }
  return [...holders].flatMap(([scope, keys]) => findingOf(scope, keys, catalog))
}

function findingOf (scope: string, keys: readonly string[], catalog: Catalog): Finding[] {
  const entry = (catalog as Catalog).scopes.get(scope)
  const who = `${keys.length} ${keys.length === 1 ? 'key has' : 'keys have'}`
  const which = `: ${listed(keys, String)}`
  if (entry === undefined) return [{ kind: 'ineffective-granted', scope, keys, message: `${who} ${scope}, which the catalog does not have; it grants nothing${which}` }]
  if (entry.status === 'active') return []
  if (entry.status !== 'deprecated') return [{ kind: 'ineffective-granted', scope, keys, message: `${who} ${scope}, which is ${entry.status}; it grants nothing until it is active${which}` }]
  const advice = entry.replacedBy === null ? '' : `; ${catalog.grant([scope]).current[0]} is the same`
  return [{ kind: 'deprecated-granted', scope, keys, message: `${who} ${scope}, which is deprecated${advice}${which}` }]
}
