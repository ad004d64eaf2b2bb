import { isPlainObject } from '../scopes/entries.js'
import { didYouMean, show } from '../scopes/faults.js'
import type { ScopeName } from '../scopes/register.js'
import { InvalidInputError } from './errors.js'
import { readGrantedScopes, type GrantRules } from './granted-scopes.js'
import { readMetadata, readName } from './key-fields.js'
import type { JsonObject } from './record.js'

/** What is to become of an API key. What is left out stays as it is. */
export interface ApiKeyChanges {
  /** As for a new key. */
  readonly name?: string | undefined
  /** The whole new grant, not what to add to it; as for a new key. Not with `mutableScopes: false`. */
  readonly scopes?: readonly ScopeName[] | undefined
  /** The whole new metadata; as for a new key. */
  readonly metadata?: JsonObject | undefined
  /** `true` refuses the key until it is `false` again. */
  readonly disabled?: boolean | undefined
}

export interface ChangeRules extends GrantRules {
  readonly mutableScopes: boolean
}

/** The same, checked. */
export interface CheckedChanges {
  readonly name?: string
  readonly scopes?: readonly string[]
  readonly metadata?: JsonObject
  readonly disabled?: boolean
}

const FIELDS = ['name', 'scopes', 'metadata', 'disabled']

/** @throws {InvalidInputError} naming every field that is wrong, and how to put it right. */
export function checkChanges (input: unknown, rules: ChangeRules): CheckedChanges {
  if (!isPlainObject(input)) throw new InvalidInputError(`expected an object { ${FIELDS.join(', ')} }, not ${show(input)}`)
  const { name, scopes, metadata, disabled, ...rest } = input
  const faults = Object.keys(rest).map(field => `unknown field ${show(field)}${didYouMean(field, FIELDS)}`)
  if (scopes !== undefined && !rules.mutableScopes) faults.push('scopes cannot be changed: they are fixed when a key is created; create a new key')
  if (disabled !== undefined && typeof disabled !== 'boolean') faults.push(`disabled must be true or false, not ${show(disabled)}`)
  const checked = {
    ...name !== undefined && { name: readName(name, faults) },
    ...scopes !== undefined && rules.mutableScopes && { scopes: readGrantedScopes(scopes, rules, faults) },
    ...metadata !== undefined && { metadata: readMetadata(metadata, faults) },
    ...disabled !== undefined && { disabled: disabled as boolean }
  }
  if (faults.length > 0) throw new InvalidInputError(faults.join('; '))
  return checked
}
