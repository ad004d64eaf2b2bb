/** What the headers of a request hold that could say who is calling. */
export type Credential =
  | { readonly kind: 'none' }
  | { readonly kind: 'malformed' }
  /** `Authorization: Bearer <value>`: an API key, or something for `authenticateUser`. */
  | { readonly kind: 'bearer', readonly value: string }
  /** The header that is for API keys alone. */
  | { readonly kind: 'keyHeader', readonly value: string }

/**
 * Reads the credential out of a request's headers, as they came over the wire (name, value, name, value, ...).
 * Only there do duplicates show: Node keeps the first `Authorization` and joins others with a comma.
 *
 * RFC 9110 §11.1: the scheme's case does not matter; RFC 6750 §2.1: one or more spaces, then a b64token.
 * Another scheme than Bearer is not ours, and counts as no credential.
 *
 * @param keyHeader the lower-case name of a header for API keys, such as `x-api-key`; `null`: none.
 * @param isForeignKey whether this is a key that another system has made, which may have other characters than a b64token.
 */
export function readCredential (rawHeaders: readonly string[], keyHeader: string | null, isForeignKey: (value: string) => boolean = () => false): Credential {
  let authorization: string | undefined
  let key: string | undefined
  for (let i = 0; i < rawHeaders.length; i += 2) {
    if (isAuthorization(rawHeaders[i]!)) {
      if (authorization !== undefined) return MALFORMED
      authorization = rawHeaders[i + 1]!
    } else if (keyHeader !== null && isNamed(rawHeaders[i]!, keyHeader)) {
      if (key !== undefined) return MALFORMED
      key = rawHeaders[i + 1]!
    }
  }

  if (authorization !== undefined && key === undefined && BEARER.test(authorization)) return { kind: 'bearer', value: tokenIn(authorization) }
  const isBearer = authorization !== undefined && BEARER_SCHEME.test(authorization)
  if (key !== undefined) {
    return !isBearer && (B64TOKEN.test(key) || isForeignKey(key)) ? { kind: 'keyHeader', value: key } : MALFORMED
  }
  if (!isBearer) return NONE
  const other = BEARER_OTHER.test(authorization!) ? tokenIn(authorization!) : undefined
  return other !== undefined && isForeignKey(other) ? { kind: 'bearer', value: other } : MALFORMED
}

/**
 * Where among the raw headers what may be an API key stands, at a glance, or -1: the only `Authorization` there is, behind its
 * `Bearer `, or the only `keyHeader`. It may be anything else as well; only if it turns out to be a key that is known already does it
 * mean the same as `readCredential`. A key is not cut out here: that would be another text in memory at each request.
 */
export function likelyKeyAt (rawHeaders: readonly string[], keyHeader: string | null): number {
  let found = -1
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]!
    const isBearer = isAuthorization(name)
    if (!isBearer && (keyHeader === null || !isNamed(name, keyHeader))) continue
    if (found !== -1 || (isBearer && !rawHeaders[i + 1]!.startsWith('Bearer '))) return -1
    found = i
  }
  return found
}

/** Where a key begins in the value of the header of this name. */
export function keyStart (header: string): number {
  return isAuthorization(header) ? 'Bearer '.length : 0
}

const NONE: Credential = Object.freeze({ kind: 'none' })
const MALFORMED: Credential = Object.freeze({ kind: 'malformed' })
const BEARER_SCHEME = /^bearer(?:[ \t]|$)/i
const BEARER = /^bearer +[A-Za-z0-9\-._~+/]+=*$/i
const BEARER_OTHER = /^bearer +[\x21-\x7E]+$/i
const B64TOKEN = /^[A-Za-z0-9\-._~+/]+=*$/

/** What comes after the spaces. It may be very long, so it is not looked at again. */
function tokenIn (authorization: string): string {
  let from = 'Bearer '.length
  while (authorization[from] === ' ') from++
  return authorization.slice(from)
}

function isAuthorization (header: string): boolean {
  // As nearly everybody writes it. To make it lower case takes ten times as long.
  return header === 'Authorization' || isNamed(header, 'authorization')
}

function isNamed (header: string, name: string): boolean {
  return header.length === name.length && (header === name || header.toLowerCase() === name)
}
