import { show } from '../../scopes/faults.js'
import { shifted } from '../duration.js'
import { AlreadyRotatedError, InvalidInputError } from '../errors.js'
import { LAST_MOMENT, readExpiresAt, type ExpiryRules } from '../key-fields.js'
import { recordOf } from '../known-key.js'
import type { ApiKeyRecord, StoredKey } from '../record.js'
import { callerNow, refuseEndedMeanwhile } from './acting-key.js'
import type { CallOptions } from './caller.js'
import { changing, checkId, digestOf, happening, refuseBeyond, type KeyLife } from './life.js'
import { newSecret, UNTOUCHED, type IssuedKey } from './secret.js'

export interface RotateOptions extends CallOptions {
  /**
   * How long the old key works beside the new one: an ISO 8601 duration, `PT0S` to end it at once. It never works longer
   * than it would have anyway. Default `PT1H`.
   */
  readonly gracePeriod?: string
  /** When the new key expires, as for `create`. Default: it lives as long as the old one was to. */
  readonly expiresAt?: Date | string | null
}

export function rotating (life: KeyLife) {
  const { rules, records, auditor } = life

  return async (id: string, options?: RotateOptions): Promise<IssuedKey | null> => {
    const rotate = records.capability('rotate', 'rotate')
    const caller = await callerNow(life, 'rotate', options, ['gracePeriod', 'expiresAt'])
    checkId(id)
    const now = Date.now()
    const limits = { now, maxKeyLifetime: rules.maxKeyLifetime, actingKeyExpires: caller.key?.expiresAt ?? null }
    const { endsAt, expiresAt } = readTimes(options, limits)

    for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
      const old = await records.get(id, 'rotate', caller.sees)
      if (old === null) return null
      refuseEnded(old, now)
      const { key, identity } = newSecret(life.prefix, life.digester)
      const { name, ownerId, scopes, metadata } = old
      const successor: StoredKey = {
        ...identity, ...UNTOUCHED, name, ownerId, scopes, metadata, createdAt: new Date(now), expiresAt: expiresAt === undefined ? asLongAs(old, limits) : expiresAt, rotatedFrom: id
      }
      const wanted = happening('rotate', caller, { keyId: id, ownerId, scopes })
      // A new secret gives away anew what the key may do.
      await refuseBeyond(life, scopes, caller, wanted)
      const event = { ...wanted, successorId: successor.id, until: endsAt.toISOString() }
      const rotated = await auditor.change(event, () => changing(life, async () => await rotate(id, successor, endsAt) ?? null, old => [...digestOf(old), successor.digest]))
      if (rotated !== null) {
        // A key that rotates itself ends by that; and no store does it with one that has ended.
        if (caller.key?.id !== id) await refuseEndedMeanwhile(life, 'rotate', caller)
        return { key, record: recordOf(successor) }
      }
      const found = await records.get(id, 'rotate', caller.sees)
      if (found !== null && isAsBefore(found, old)) break
    }
    throw new AlreadyRotatedError()
  }
}

/** How often to begin again if the key was changed between reading and rotating it: a change comes alone, not three times in a row. */
const ATTEMPTS = 3

/** If nothing else stands in the way of a rotation, there was one. */
function isAsBefore (found: ApiKeyRecord, old: ApiKeyRecord): boolean {
  const relevant = ({ name, scopes, metadata, revokedAt, disabledAt }: ApiKeyRecord) => JSON.stringify([name, scopes, metadata, revokedAt, disabledAt])
  return relevant(found) === relevant(old)
}

/** When the old key ends, and when the new one expires, if that is said. @throws {InvalidInputError} naming each that is wrong. */
function readTimes ({ gracePeriod = 'PT1H', expiresAt }: RotateOptions = {}, limits: ExpiryRules): { endsAt: Date, expiresAt: Date | null | undefined } {
  const faults: string[] = []
  const endsAt = typeof gracePeriod === 'string' ? shifted(new Date(limits.now), gracePeriod) : undefined
  if (endsAt === undefined) faults.push(`gracePeriod must be an ISO 8601 duration such as "PT1H" or "P7D", not ${show(gracePeriod)}`)
  const times = { endsAt: endsAt!, expiresAt: expiresAt === undefined ? undefined : readExpiresAt(expiresAt, limits, faults) }
  if (faults.length > 0) throw new InvalidInputError(faults.join('; '))
  return times
}

/** A key that is refused must not come to life again under another secret. */
function refuseEnded ({ revokedAt, disabledAt, expiresAt }: ApiKeyRecord, now: number): void {
  const ended = revokedAt !== null ? 'is revoked' : disabledAt !== null ? 'is disabled' : expiresAt !== null && expiresAt.getTime() <= now ? 'has expired' : undefined
  if (ended !== undefined) throw new InvalidInputError(`the key ${ended}, and cannot be rotated; ${disabledAt !== null && revokedAt === null ? 'enable it first' : 'create a new one'}`)
}

/** The new key lives as long as the old one was to, as far as that is allowed. */
function asLongAs (old: ApiKeyRecord, limits: ExpiryRules): Date | null {
  const latest = readExpiresAt(undefined, limits, [])
  const lifetime = old.expiresAt === null ? null : new Date(Math.min(limits.now + old.expiresAt.getTime() - old.createdAt.getTime(), LAST_MOMENT))
  return latest === null || (lifetime !== null && lifetime < latest) ? lifetime : latest
}
