import { InvalidInputError } from '../errors.js'
import { checkChanges, type ApiKeyChanges } from '../key-changes.js'
import type { ApiKeyRecord } from '../record.js'
import { callerNow } from './acting-key.js'
import type { Caller, CallOptions } from './caller.js'
import { changing, checkId, happening, refuseBeyond, type KeyLife } from './life.js'

export function updating (life: KeyLife) {
  const { rules, records, auditor } = life

  return async (id: string, input: ApiKeyChanges, options?: CallOptions): Promise<ApiKeyRecord | null> => {
    const update = records.capability('update', 'update')
    const caller = await callerNow(life, 'update', options)
    checkId(id)
    const { disabled: wanted, ...fields } = checkChanges(input, rules)
    const before = await records.get(id, 'update', caller.sees)
    if (before === null) return null
    if (before.revokedAt !== null) throw new InvalidInputError('the key is revoked, and cannot be changed any more')

    // To enable a key that is not disabled gives away nothing, and so must not undo that somebody disables it right now.
    const disabled = wanted === false && before.disabledAt === null ? undefined : wanted
    const changed = Object.keys(fields).concat(disabled === undefined ? [] : 'disabled')
    if (changed.length === 0) return before
    // To enable a key is to give away again what it may do.
    const given = fields.scopes ?? (disabled === false ? before.scopes : [])
    const event = happening('update', caller, { keyId: id, ownerId: before.ownerId, changed, ...fields.scopes !== undefined && { scopes: fields.scopes } })
    await refuseBeyond(life, given, caller, event)
    if (given.length > 0) refuseLongerLived(before, caller)
    const after = await auditor.change(event, () => changing(life, id, () => update(id, {
      ...fields,
      // The date tells since when.
      ...disabled !== undefined && { disabledAt: disabled ? before.disabledAt ?? new Date() : null }
    })))
    return after === null ? null : records.readable(after, caller.sees)
  }
}

/** What a key gives away ends with it at the latest, as with the keys that it makes. */
function refuseLongerLived ({ expiresAt }: ApiKeyRecord, { key }: Caller): void {
  const end = key?.expiresAt ?? null
  if (end === null || (expiresAt !== null && expiresAt <= end)) return
  throw new InvalidInputError(`the key lives longer than the one that changes it, which expires ${end.toISOString()}: it can be given no scopes by that one, and not be enabled`)
}
