/**
 * Tells whether a value is a scope name: a scope-token of RFC 6749 §3.3, at least one visible ASCII character
 * without `"` and `\`. Names are compared byte for byte; nothing is trimmed, folded or normalised.
 */
export function isScopeName (value: unknown): value is string {
  return typeof value === 'string' && SCOPE_TOKEN.test(value)
}

/** The parts of a name between colons. A URL, such as Google's scopes are, is one part. */
export function segmentsOf (name: string): readonly string[] {
  return name.includes('://') ? [name] : name.split(':')
}

/** Tells whether a text is a pattern: one of its segments is a `*`. */
export function isPattern (text: string): boolean {
  return segmentsOf(text).includes('*')
}

const SCOPE_TOKEN = /^[\x21\x23-\x5B\x5D-\x7E]+$/
