import { isPlainObject } from '../scopes/entries.js'
import { didYouMean, show } from '../scopes/faults.js'
import type { ScopeName } from '../scopes/register.js'
import { InvalidInputError } from './errors.js'
import { readGrantedScopes, type GrantRules } from './granted-scopes.js'
import { readExpiresAt, readMetadata, readName, readOwnerId, type ExpiryRules } from './key-fields.js'
import type { JsonObject, StoredKey } from './record.js'

/** What a new API key is to be. */
export interface NewApiKey {
  /** What its owner calls it: 1 to 200 characters, no control characters. */
  readonly name: string
  /** Whose it is: the `id` of a user as `authenticateUser` gives it, 1 to 255 characters. Default `null`: nobody's. */
  readonly ownerId?: string | null | undefined
  /** The grant. An empty list opens only routes that demand no scope. Default: the catalog's `defaultGrant`. */
  readonly scopes?: readonly ScopeName[] | undefined
  /**
   * A `Date`, an ISO 8601 date and time with its zone, or an ISO 8601 duration from now (`P90D`). `null`: never. Default:
   * as late as `maxKeyLifetime` allows, or never.
   */
  readonly expiresAt?: Date | string | null | undefined
  /** A JSON object to keep with the key, 16 KiB at most as JSON. Not for secrets. Default `{}`. */
  readonly metadata?: JsonObject | undefined
}

/** The same, checked and with its defaults filled in. */
export type CheckedKey = Pick<StoredKey, 'name' | 'ownerId' | 'scopes' | 'expiresAt' | 'metadata'>

const FIELDS = ['name', 'ownerId', 'scopes', 'expiresAt', 'metadata']

/** @throws {InvalidInputError} naming every field that is wrong, and how to put it right. */
export function checkNewKey (input: unknown, rules: GrantRules & ExpiryRules): CheckedKey {
  if (!isPlainObject(input)) throw new InvalidInputError(`expected an object { ${FIELDS.join(', ')} }, not ${show(input)}`)
  const { name, ownerId = null, scopes = rules.catalog.defaultGrant, expiresAt, metadata = {}, ...rest } = input
  const faults = Object.keys(rest).map(field => `unknown field ${show(field)}${didYouMean(field, FIELDS)}`)
  const checked = {
    name: readName(name, faults),
    ownerId: readOwnerId(ownerId, faults),
    expiresAt: readExpiresAt(expiresAt, rules, faults),
    scopes: readGrantedScopes(scopes, rules, faults),
    metadata: readMetadata(metadata, faults)
  }
  if (faults.length > 0) throw new InvalidInputError(faults.join('; '))
  return checked
}
