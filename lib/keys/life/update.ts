import { ConflictError, InvalidInputError } from '../errors.js'
import { checkChanges, type ApiKeyChanges, type CheckedChanges } from '../key-changes.js'
import type { ApiKeyRecord } from '../record.js'
import type { KeyChanges } from '../store.js'
import { callerNow } from './acting-key.js'
import type { Caller, CallOptions } from './caller.js'
import { changing, checkId, digestOf, happening, refuseBeyond, type KeyLife } from './life.js'

export function updating (life: KeyLife) {
  const { rules, records, auditor } = life

  return async (id: string, input: ApiKeyChanges, options?: CallOptions): Promise<ApiKeyRecord | null> => {
    const update = records.capability('update', 'update')
    const caller = await callerNow(life, 'update', options)
    checkId(id)
    const wanted = checkChanges(input, rules)

    for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
      const before = await records.get(id, 'update', caller.sees)
      if (before === null) return null
      if (before.revokedAt !== null) throw new InvalidInputError('the key is revoked, and cannot be changed any more')
      const changes = changesTo(before, wanted)
      if (Object.keys(changes).length === 0) return before

      const changed = Object.keys(changes).map(field => field === 'disabledAt' ? 'disabled' : field)
      const event = happening('update', caller, { keyId: id, ownerId: before.ownerId, changed, ...changes.scopes !== undefined && { scopes: changes.scopes } })
      // To enable a key is to give away again what it may do.
      const given = changes.scopes ?? (changes.disabledAt === null ? before.scopes : [])
      await refuseBeyond(life, given, caller, event)
      if (given.length > 0) refuseLongerLived(before, caller)
      // Whoever gives away scopes must not enable a key that somebody widens meanwhile. To disable one, nothing need be so any more.
      const seen = given.length > 0 ? { scopes: before.scopes, disabledAt: before.disabledAt } : undefined
      const after = await auditor.change(event, () => changing(life, async () => await update(id, changes, seen) ?? null, digestOf))
      if (after !== null) return records.readable(after, caller.sees)
      if (seen === undefined) return null
    }
    throw new ConflictError()
  }
}

/** How often to begin again if the key was changed between reading and writing it. */
const ATTEMPTS = 5

/** What is to be written. To enable a key that is not disabled gives away nothing, and so must not undo that somebody disables it right now. */
function changesTo (before: ApiKeyRecord, { disabled, ...fields }: CheckedChanges): KeyChanges {
  if (disabled === undefined || (!disabled && before.disabledAt === null)) return fields
  // The date tells since when.
  return { ...fields, disabledAt: disabled ? before.disabledAt ?? new Date() : null }
}

/** What a key gives away ends with it at the latest, as with the keys that it makes. */
function refuseLongerLived ({ expiresAt }: ApiKeyRecord, { key }: Caller): void {
  const end = key?.expiresAt ?? null
  if (end === null || (expiresAt !== null && expiresAt <= end)) return
  throw new InvalidInputError(`the key lives longer than the one that changes it, which expires ${end.toISOString()}: it can be given no scopes by that one, and not be enabled`)
}
