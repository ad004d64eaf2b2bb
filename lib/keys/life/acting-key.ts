import { EndedKeyError } from '../errors.js'
import type { ApiKeyRecord } from '../record.js'
import { callerOf, type Caller, type CallOptions } from './caller.js'
import type { KeyLife } from './life.js'

/**
 * Who makes a call, now. A principal is as old as its request, and what it was verified by may be older still; but what a key
 * gives away stays, so what counts is what the store says of it at this moment.
 *
 * @param call what of `app.apiKeys` is called.
 * @param more the options that this call has beside those of all.
 * @throws {InvalidInputError} naming the option; {EndedKeyError} if the call is made for a key that may not be used any more.
 */
export async function callerNow (life: KeyLife, call: string, options: CallOptions | undefined, more?: readonly string[]): Promise<Caller> {
  const caller = callerOf(options, more)
  return caller.key === null ? caller : { ...caller, key: await actingKey(life, call, caller.key) }
}

/**
 * To be asked before a new secret is handed over. Whoever ended the acting key while it made another must not find that one
 * alive; and nobody has it if nobody is told the secret.
 */
export async function refuseEndedMeanwhile (life: KeyLife, call: string, { key }: Caller): Promise<void> {
  if (key !== null) await actingKey(life, call, key)
}

async function actingKey ({ records }: KeyLife, call: string, { id, ownerId }: ApiKeyRecord): Promise<ApiKeyRecord> {
  const key = await records.get(id, call, ownerId!)
  if (key === null || hasEnded(key, Date.now())) throw new EndedKeyError()
  return key
}

function hasEnded ({ revokedAt, disabledAt, expiresAt }: ApiKeyRecord, now: number): boolean {
  return revokedAt !== null || disabledAt !== null || (expiresAt !== null && expiresAt.getTime() <= now)
}
