import type { KeyQuery, KeyState } from '../keys/store.js'
import { toMilliseconds, toText, type SqlValue } from './row.js'

/** A condition of a `WHERE`, and the values for its question marks. */
export type Condition = readonly [sql: string, ...values: SqlValue[]]

/** All that a record must meet to be in the list. One at least. */
export function conditionsOf ({ ownerId, state, unusedSince, after }: KeyQuery): Condition[] {
  const conditions: Condition[] = [after === undefined
    ? ['TRUE']
    : ['(created_at, id) < (?, ?)', toMilliseconds(after.createdAt), toText(after.id)]]
  if (ownerId !== undefined) conditions.push(['owner_id = ?', toText(ownerId)])
  if (state !== undefined) conditions.push(states[state.is](toMilliseconds(state.at)))
  if (unusedSince !== undefined) {
    const since = toMilliseconds(unusedSince)
    conditions.push(['created_at < ?', since], ['last_used_at IS NULL OR last_used_at < ?', since])
  }
  return conditions
}

const states: Record<KeyState, (at: number) => Condition> = {
  revoked: () => ['revoked_at IS NOT NULL'],
  disabled: () => ['revoked_at IS NULL AND disabled_at IS NOT NULL'],
  expired: at => ['revoked_at IS NULL AND disabled_at IS NULL AND expires_at <= ?', at],
  active: at => ['revoked_at IS NULL AND disabled_at IS NULL AND (expires_at IS NULL OR expires_at > ?)', at]
}
