import { InvalidInputError } from '../errors.js'
import { readReason } from '../key-fields.js'
import type { ApiKeyRecord } from '../record.js'
import { show } from '../../scopes/faults.js'
import { listOf } from '../records.js'
import { callerNow } from './acting-key.js'
import { ownedBy, type CallOptions } from './caller.js'
import { changing, checkId, digestOf, happening, type KeyLife } from './life.js'

export interface RevokeOptions extends CallOptions {
  /** Why, for the record and the audit: 1 to 200 characters, no control characters. */
  readonly reason?: string | null
}

export function revoking (life: KeyLife) {
  const { records, auditor, verifier } = life

  return async (id: string, options?: RevokeOptions): Promise<ApiKeyRecord | null> => {
    const revoke = records.capability('revoke', 'revoke')
    const caller = await callerNow(life, 'revoke', options, ['reason'])
    const reason = readReason(options?.reason)
    checkId(id)
    // Code that is trusted needs no look at the record first, if the store does not offer one.
    const read = caller.sees === undefined && !records.has('get') ? undefined : records.capability('get', 'revoke')
    const stored = await records.asked(() => read?.(id))
    // One that is corrupt can be revoked all the same: it may be repaired one day.
    if (read !== undefined && (stored == null || (caller.sees !== undefined && stored.ownerId !== caller.sees))) return null
    if (stored?.revokedAt instanceof Date) {
      // By another process, it may be, a moment ago: from this answer on it is refused here, too.
      verifier.changed([stored.digest])
      return records.readable(stored, caller.sees)
    }

    const event = happening('revoke', caller, { keyId: id, ownerId: stored?.ownerId ?? null, reason })
    const revoked = await auditor.change(event, () => changing(life, async () => await revoke(id, new Date(), reason) ?? null, digestOf))
    return revoked === null ? null : records.readable(revoked, caller.sees)
  }
}

export function revokingOwner (life: KeyLife) {
  const { records, auditor } = life

  return async (ownerId: string, options?: RevokeOptions): Promise<readonly ApiKeyRecord[]> => {
    const revokeOwner = records.capability('revokeOwner', 'revokeOwner')
    const caller = await callerNow(life, 'revokeOwner', options, ['reason'])
    const reason = readReason(options?.reason)
    if (typeof ownerId !== 'string') throw new InvalidInputError(`ownerId must be a string, not ${show(ownerId)}`)
    if (caller.sees !== undefined) ownedBy(ownerId, caller.sees)

    const revoked = await auditor.change(happening('revokeOwner', caller, { ownerId, reason }), () => {
      return changing(life, async () => listOf(await revokeOwner(ownerId, new Date(), reason)), keys => keys.map(({ digest }) => digest))
    })
    for (const { id } of revoked) auditor.note(happening('revoke', caller, { keyId: id, ownerId, reason }), 'done')
    return revoked.map(key => records.readable(key, caller.sees)).filter(record => record !== null)
  }
}
