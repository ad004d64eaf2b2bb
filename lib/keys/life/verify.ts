import { isPlainObject } from '../../scopes/entries.js'
import { show } from '../../scopes/faults.js'
import { InvalidInputError } from '../errors.js'
import type { KeyRefusal } from '../known-key.js'
import type { ApiKeyRecord } from '../record.js'
import type { KeyLife } from './life.js'

export type Verification =
  | { readonly valid: true, readonly record: ApiKeyRecord }
  /** `record` is there whenever the key is known, as for one that has expired. */
  | { readonly valid: false, readonly reason: KeyRefusal, readonly record: ApiKeyRecord | null }

export interface VerifyOptions {
  /** Whether the key is being used, and its `lastUsedAt` shall say so. `false` for one that was found somewhere. Default `true`. */
  readonly countsAsUse?: boolean
}

export function verifying ({ verifier, usage }: KeyLife) {
  return async (key: string, options: VerifyOptions = {}): Promise<Verification> => {
    const { countsAsUse = true, ...rest } = (isPlainObject(options) ? options : { options }) as Record<string, unknown>
    if (typeof countsAsUse !== 'boolean' || Object.keys(rest).length > 0) {
      throw new InvalidInputError(`the options of verify are { countsAsUse }, true or false, not ${show(options)}`)
    }
    const { key: known, refusal } = await verifier.verify(typeof key === 'string' ? key : '')
    if (refusal !== null) return { valid: false, reason: refusal, record: known?.record ?? null }
    if (countsAsUse) usage.note(known)
    return { valid: true, record: known.record }
  }
}
