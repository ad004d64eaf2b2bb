/**
 * Reads a SHA-256 digest as other systems write it: hexadecimal in either case, base64url or base64, these with or without
 * padding. Answers it in lower-case hexadecimal, or `undefined` for anything else.
 */
export function readDigest (text: unknown): string | undefined {
  if (typeof text !== 'string') return undefined
  if (/^[0-9a-fA-F]{64}$/.test(text)) return text.toLowerCase()
  return BASE64URL.test(text) || BASE64.test(text) ? Buffer.from(text, 'base64').toString('hex') : undefined
}

/** How a digest may be written, for messages. Those never show what was given in its place: it may be a key. */
export const DIGEST_FORMS = 'a SHA-256 digest (32 bytes) in hexadecimal, base64url or base64'

// The last of the 43 characters has two bits more than 32 bytes need, and they must be zero: a digest is written in one way.
const BASE64URL = /^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]=?$/
const BASE64 = /^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=?$/
