import { randomBytes } from 'node:crypto'
import { crc32 } from './crc32.js'

/*
 * <prefix>_<32 random characters><6 characters checksum>, all of base62 (0-9 A-Z a-z): a double click selects the
 * whole key, and a secret scanner can tell it from other text. The checksum is the CRC-32 of all that stands before
 * it, so a mistyped or made-up key is refused without asking the store.
 */
const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const RANDOM_LENGTH = 32
const CHECKSUM_LENGTH = 6
const SECRET = new RegExp(`^[0-9A-Za-z]{${RANDOM_LENGTH + CHECKSUM_LENGTH}}$`)

/** How many characters of the secret a record's `start` shows. */
const SHOWN = 4

/** The form of a key prefix: letters and digits, in parts joined by single underscores, 32 characters at most. */
export function isKeyPrefix (value: unknown): value is string {
  return typeof value === 'string' && value.length <= 32 && /^[A-Za-z][A-Za-z0-9]*(?:_[A-Za-z0-9]+)*$/.test(value)
}

/** A new API key with 190 random bits. `random` gives that many random bytes; it is a parameter for tests alone. */
export function generateKey (prefix: string, random: (size: number) => Uint8Array = randomBytes): string {
  let key = `${prefix}_`
  const whole = key.length + RANDOM_LENGTH
  while (key.length < whole) {
    for (const byte of random(whole - key.length)) {
      // 248 = 4 x 62: the bytes above would make the first eight characters likelier than the others.
      if (byte < 248 && key.length < whole) key += ALPHABET[byte % 62]
    }
  }
  return key + checksumOf(key)
}

/** Whether a credential announces itself as an API key: it begins with one of the prefixes and `_`. */
export function claimsToBeKey (credential: string, prefixes: readonly string[]): boolean {
  for (const prefix of prefixes) {
    if (credential.startsWith(prefix) && credential[prefix.length] === '_') return true
  }
  return false
}

/** Whether a credential has the form of an API key, checksum included. No more than that: it may be unknown. */
export function isWellFormedKey (credential: string, prefixes: readonly string[]): boolean {
  const underscore = credential.lastIndexOf('_')
  return prefixes.includes(credential.slice(0, Math.max(underscore, 0))) &&
    SECRET.test(credential.slice(underscore + 1)) &&
    checksumOf(credential.slice(0, -CHECKSUM_LENGTH)) === credential.slice(-CHECKSUM_LENGTH)
}

/** What may be shown of a key: its prefix and the first characters of its secret. */
export function startOf (key: string): string {
  return key.slice(0, key.lastIndexOf('_') + 1 + SHOWN)
}

function checksumOf (text: string): string {
  let rest = crc32(text)
  let checksum = ''
  for (let i = 0; i < CHECKSUM_LENGTH; i++) {
    checksum = ALPHABET[rest % 62]! + checksum
    rest = Math.floor(rest / 62)
  }
  return checksum
}
