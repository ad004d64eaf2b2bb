import { isPlainObject } from '../../scopes/entries.js'
import { recordOf } from '../known-key.js'
import { checkNewKey, type NewApiKey } from '../new-key.js'
import type { StoredKey } from '../record.js'
import { callerNow, refuseEndedMeanwhile } from './acting-key.js'
import { ownedBy, type CallOptions } from './caller.js'
import { adding, happening, refuseBeyond, type KeyLife } from './life.js'
import { newSecret, UNTOUCHED, type IssuedKey } from './secret.js'

export function creating (life: KeyLife) {
  const { rules, records, auditor } = life

  return async (input: NewApiKey, options?: CallOptions): Promise<IssuedKey> => {
    const insert = records.capability('insert', 'create')
    const caller = await callerNow(life, 'create', options)
    const now = Date.now()
    const wanted = caller.owner !== undefined && isPlainObject(input) ? { ...input, ownerId: ownedBy(input.ownerId, caller.owner) } : input
    const fields = checkNewKey(wanted, { ...rules, now, actingKeyExpires: caller.key?.expiresAt ?? null })

    const { key, identity } = newSecret(life.prefix, life.digester)
    const stored: StoredKey = { ...identity, ...fields, ...UNTOUCHED, createdAt: new Date(now), rotatedFrom: null }
    const event = happening('create', caller, { keyId: stored.id, ownerId: stored.ownerId, scopes: stored.scopes })
    await refuseBeyond(life, fields.scopes, caller, { ...event, keyId: null })
    await auditor.change(event, () => adding(life, insert, stored))
    await refuseEndedMeanwhile(life, 'create', caller)
    return { key, record: recordOf(stored) }
  }
}
