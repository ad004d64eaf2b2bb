import { isInForce } from '../../scopes/entries.js'
import type { ScopeName } from '../../scopes/register.js'
import { callerNow } from './acting-key.js'
import type { CallOptions } from './caller.js'
import { ceilingOf } from './ceiling.js'
import type { KeyLife } from './life.js'

export function tellingGrantable (life: KeyLife) {
  const { rules } = life

  return async (options?: CallOptions): Promise<readonly ScopeName[]> => {
    const grants = await ceilingOf(await callerNow(life, 'grantable', options), rules)
    const inForce = [...rules.catalog.scopes.values()].filter(isInForce)
    return inForce.map(({ name }) => name as ScopeName).filter(name => grants.every(grant => grant.covers(name)))
  }
}
