import type { Auditor, Happening } from '../audit.js'
import type { Digester } from '../digest.js'
import { BeyondGrantError, InvalidInputError } from '../errors.js'
import type { ChangeRules } from '../key-changes.js'
import type { Records } from '../records.js'
import type { StoredKey } from '../record.js'
import type { Awaitable, KeyStore } from '../store.js'
import type { UsageNotes } from '../usage/notes.js'
import type { KeyVerifier } from '../verifier.js'
import { show } from '../../scopes/faults.js'
import type { Caller } from './caller.js'
import { checkCeiling, type CeilingRules } from './ceiling.js'

/** What the calls of `app.apiKeys` work with. */
export interface KeyLife {
  readonly rules: ChangeRules & CeilingRules & { readonly maxKeyLifetime: number | null }
  /** For new keys. */
  readonly prefix: string
  readonly digester: Digester
  readonly verifier: KeyVerifier
  readonly records: Records
  readonly auditor: Auditor
  readonly usage: UsageNotes
}

/** What of a call an audit event tells. */
export function happening (action: Happening['action'], { actor, requestId, method, route }: Caller, about: Partial<Happening> = {}): Happening {
  return { action, actor, keyId: null, ownerId: null, requestId, method, route, reason: null, ...about }
}

/** Refuses to give away more than the caller may, and tells of the attempt. */
export async function refuseBeyond ({ rules, auditor }: KeyLife, scopes: readonly string[], caller: Caller, attempt: Happening): Promise<void> {
  try {
    await checkCeiling(scopes, caller, rules)
  } catch (error) {
    if (error instanceof BeyondGrantError) auditor.note({ ...attempt, code: error.code, reason: 'beyondGrant' }, 'denied')
    throw error
  }
}

/** Lets the store add a record, and forgets that there was none. */
export async function adding ({ records, verifier }: KeyLife, insert: NonNullable<KeyStore['insert']>, key: StoredKey): Promise<void> {
  try {
    await records.asked(() => insert(key))
  } finally {
    // Also when the store failed: it may have done it, and lost only the answer.
    verifier.changed([key.digest])
  }
}

/** Lets the store change records, and forgets what is remembered of them, by what the store answers. */
export async function changing<T> ({ records, verifier }: KeyLife, change: () => Awaitable<T>, digestsOf: (answer: T) => readonly string[]): Promise<T> {
  let digests: readonly string[] | null = null
  try {
    const answer = await records.asked(change)
    digests = digestsOf(answer)
    return answer
  } finally {
    verifier.changed(digests)
  }
}

export function digestOf (key: StoredKey | null): readonly string[] {
  return key === null ? [] : [key.digest]
}

export function checkId (id: unknown): asserts id is string {
  if (typeof id !== 'string') throw new InvalidInputError(`id must be a string, not ${show(id)}`)
}
