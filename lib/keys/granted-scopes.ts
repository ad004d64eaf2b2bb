import type { Catalog } from '../scopes/catalog.js'
import { isInForce } from '../scopes/entries.js'
import { didYouMean, LISTED, listed, show } from '../scopes/faults.js'

/** What happens when scopes are granted without those that they require: the grant is refused, or what is missing is added. */
export type MissingRequiredPolicy = 'reject' | 'add'

export interface GrantRules {
  readonly catalog: Catalog
  readonly missingRequired: MissingRequiredPolicy
}

/**
 * Reads scopes that somebody wants to grant, each once, completed by what they require if the policy is to add it.
 * Whatever cannot be granted is added to `faults`.
 */
export function readGrantedScopes (scopes: unknown, { catalog, missingRequired }: GrantRules, faults: string[]): readonly string[] {
  if (scopes === undefined) {
    faults.push('scopes must be named: this API has no default grant (an empty list grants nothing)')
    return []
  }
  if (!Array.isArray(scopes)) {
    faults.push(`scopes must be a list of scope names, not ${show(scopes)}`)
    return []
  }
  const names = [...new Set(scopes as unknown[])]
  const refused = names.filter(name => !isGrantable(name, catalog))
  if (refused.length > 0) {
    explain(refused, catalog, faults)
    return []
  }
  const missing = catalog.missingRequired(names as string[])
  if (missing.size > 0 && missingRequired === 'reject') {
    const each = listed([...missing], ([name, requirers]) => `${show(name)} (required by ${listed(requirers)})`)
    faults.push(`scopes must also name what these require: ${each}`)
  }
  return Object.freeze([...names as string[], ...missing.keys()])
}

function isGrantable (name: unknown, catalog: Catalog): boolean {
  const scope = catalog.scopes.get(name as string)
  return scope !== undefined && isInForce(scope)
}

function explain (refused: readonly unknown[], catalog: Catalog, faults: string[]): void {
  if (refused.length > LISTED) faults.push(`${refused.length} of the scopes cannot be granted, the first of them these`)
  for (const name of refused.slice(0, LISTED)) {
    const scope = catalog.scopes.get(name as string)
    if (scope === undefined) faults.push(`unknown scope ${show(name)}${didYouMean(name, catalog.scopes.keys())}`)
    else faults.push(`scope ${show(name)} is ${scope.status} and cannot be granted yet`)
  }
}
