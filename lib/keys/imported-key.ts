import { isPlainObject } from '../scopes/entries.js'
import { didYouMean, show } from '../scopes/faults.js'
import type { ScopeName } from '../scopes/register.js'
import { fingerprintOf } from './digest.js'
import { DIGEST_FORMS, readDigest } from './digest-text.js'
import { readGrantedScopes, type GrantRules } from './granted-scopes.js'
import { isText, readDate, readExpiresAt, readMetadata, readName, readOwnerId, type ExpiryRules } from './key-fields.js'
import type { JsonObject, StoredKey } from './record.js'
import type { KeyVerifier } from './verifier.js'

/** A key that another system has made, as far as it may be known: by its digest. */
export interface ImportedKey {
  /** SHA-256 of the key, in hexadecimal, base64url or base64. What of the key it is of, `foreignKeys` of the plugin says. */
  readonly digest: string
  /** What its owner calls it: 1 to 200 characters, no control characters. */
  readonly name: string
  /** Whose it is: the `id` of a user as `authenticateUser` gives it, 1 to 255 characters. Default `null`: nobody's. */
  readonly ownerId?: string | null | undefined
  /** The grant, as for a new key. Default: the catalog's `defaultGrant`. */
  readonly scopes?: readonly ScopeName[] | undefined
  /** When it expires, as for a new key; so not in the past. Default: as late as `maxKeyLifetime` allows, or never. */
  readonly expiresAt?: Date | string | null | undefined
  /** A JSON object to keep with the key, 16 KiB at most as JSON. Not for secrets. Default `{}`. */
  readonly metadata?: JsonObject | undefined
  /** The first characters of the key, to recognise it in a list: 32 at most, and not the whole of it. Default `''`. */
  readonly start?: string | undefined
  /** When it was made: a `Date`, or an ISO 8601 date and time with its zone. Default: now. */
  readonly createdAt?: Date | string | undefined
  /** When it was last used, likewise. Default `null`: never. */
  readonly lastUsedAt?: Date | string | null | undefined
  /** `true`: it is refused until it is enabled. Default `false`. */
  readonly disabled?: boolean | undefined
}

/** The same, checked and with its defaults filled in. */
export type CheckedImport =
  & Pick<StoredKey, 'name' | 'ownerId' | 'scopes' | 'expiresAt' | 'metadata' | 'start' | 'createdAt' | 'lastUsedAt' | 'disabledAt'>
  & { readonly fingerprint: string }

export interface ImportRules extends GrantRules, ExpiryRules {
  /** Whose all the keys must be. `undefined`: that of whoever is named. */
  readonly owner: string | undefined
  readonly verifier: Pick<KeyVerifier, 'isOwnKey' | 'foreignFingerprintOf'>
}

/**
 * Reads one key of an import. What is wrong is added to `faults`, each naming the field behind `at` (`keys[3]`). Neither the
 * digest nor the start is ever shown: somebody may put the key there by mistake.
 */
export function readImportedKey (input: unknown, at: string, rules: ImportRules, faults: string[]): CheckedImport | undefined {
  if (!isPlainObject(input)) {
    faults.push(`${at} must be an object { ${FIELDS.join(', ')} }`)
    return undefined
  }
  const { digest, name, ownerId, scopes = rules.catalog.defaultGrant, expiresAt, metadata = {}, start = '', createdAt, lastUsedAt, disabled = false, ...rest } = input
  faults.push(...Object.keys(rest).map(field => `${at}: unknown field ${show(field)}${didYouMean(field, FIELDS)}`))

  function field<T> (called: string, read: (said: string[]) => T): T {
    const said: string[] = []
    const value = read(said)
    faults.push(...said.map(fault => fault.startsWith(`${called} `) ? `${at}.${fault}` : `${at}.${called}: ${fault}`))
    return value
  }
  const fingerprint = field('digest', said => readFingerprint(digest, rules, said))
  return {
    fingerprint,
    name: field('name', said => readName(name, said)),
    ownerId: field('ownerId', said => readOwner(ownerId, rules.owner, said)),
    scopes: field('scopes', said => readGrantedScopes(scopes, rules, said)),
    expiresAt: field('expiresAt', said => readExpiresAt(expiresAt, rules, said)),
    metadata: field('metadata', said => readMetadata(metadata, said)),
    start: field('start', said => readStart(start, fingerprint, rules, said)),
    createdAt: field('createdAt', said => readPast(createdAt, 'createdAt', rules.now, said)) ?? new Date(rules.now),
    lastUsedAt: field('lastUsedAt', said => readPast(lastUsedAt, 'lastUsedAt', rules.now, said)),
    disabledAt: field('disabled', said => readDisabled(disabled, said)) ? new Date(rules.now) : null
  }
}

const FIELDS = ['digest', 'name', 'ownerId', 'scopes', 'expiresAt', 'metadata', 'start', 'createdAt', 'lastUsedAt', 'disabled']

function readFingerprint (digest: unknown, { verifier }: ImportRules, faults: string[]): string {
  const fingerprint = readDigest(digest)
  if (fingerprint === undefined) faults.push(`digest must be ${DIGEST_FORMS}`)
  // A key with a prefix of four letters is as long as a digest, and would stand in the store.
  else if (verifier.isOwnKey(digest as string)) faults.push('digest must be that of the key, not the key itself')
  return fingerprint ?? ''
}

function readOwner (ownerId: unknown, owner: string | undefined, faults: string[]): string | null {
  if (owner === undefined) return readOwnerId(ownerId ?? null, faults)
  if (ownerId !== undefined && ownerId !== owner) faults.push('ownerId cannot be chosen: it is that of the user who asks')
  return owner
}

function readStart (start: unknown, fingerprint: string, rules: ImportRules, faults: string[]): string {
  if (start === '') return start
  if (!isText(start, 32)) faults.push('start must be a string of at most 32 characters without control characters')
  else if ([fingerprintOf(start), rules.verifier.foreignFingerprintOf(start)].includes(fingerprint)) faults.push('start must be the first characters of the key, not the whole of it')
  return start as string
}

function readPast (date: unknown, field: string, now: number, faults: string[]): Date | null {
  if (date === undefined || date === null) return null
  const read = readDate(date)
  if (read === undefined) faults.push(`${field} must be a Date, or an ISO 8601 date and time with its zone, such as "2024-01-31T12:00:00Z", not ${show(date)}`)
  else if (read.getTime() > now) faults.push(`${field} must not be in the future, as ${read.toISOString()} is`)
  return read ?? null
}

function readDisabled (disabled: unknown, faults: string[]): boolean {
  if (typeof disabled !== 'boolean') faults.push(`disabled must be true or false, not ${show(disabled)}`)
  return disabled === true
}
