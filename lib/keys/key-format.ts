import { randomBytes } from 'node:crypto'
import { afterByte, BEGIN, crc32, sumOf } from './crc32.js'

/*
 * <prefix>_<32 random characters><6 characters checksum>, all of base62 (0-9 A-Z a-z): a double click selects the
 * whole key, and a secret scanner can tell it from other text. The checksum is the CRC-32 of all that stands before
 * it, so a mistyped or made-up key is refused without asking the store.
 */
const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const RANDOM_LENGTH = 32
const CHECKSUM_LENGTH = 6
/** By ASCII code: its place in the alphabet, or `NOWHERE`. */
const NOWHERE = 255
const PLACES = Uint8Array.from({ length: 128 }, (_, code) => ALPHABET.includes(String.fromCharCode(code)) ? ALPHABET.indexOf(String.fromCharCode(code)) : NOWHERE)

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

/** Whether a credential has the form of an API key, checksum included. No more than that: it may be unknown. It is asked of whatever strangers send, so it makes nothing. */
export function isWellFormedKey (credential: string, prefixes: readonly string[]): boolean {
  for (const prefix of prefixes) {
    const isLikely = credential.length === prefix.length + 1 + RANDOM_LENGTH + CHECKSUM_LENGTH && credential.startsWith(prefix) && credential[prefix.length] === '_'
    if (isLikely && hasChecksum(credential, prefix.length + 1)) return true
  }
  return false
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

/** Whether all that begins there is of the alphabet, and its end is the checksum. */
function hasChecksum (text: string, secret: number): boolean {
  const end = text.length - CHECKSUM_LENGTH
  let state = BEGIN
  let checksum = 0
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    const place = code < 128 ? PLACES[code]! : NOWHERE
    if (place === NOWHERE && i >= secret) return false
    if (i < end) state = afterByte(state, code)
    else checksum = checksum * 62 + place
  }
  return sumOf(state) === checksum
}
