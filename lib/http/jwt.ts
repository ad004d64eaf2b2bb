import type { FastifyRequest } from 'fastify'
import { createLocalJWKSet, createRemoteJWKSet, customFetch, errors, jwtVerify } from 'jose'
import type { JSONWebKeySet, JWTPayload, JWTVerifyGetKey, JWTVerifyOptions } from 'jose' with { 'resolution-mode': 'import' }

/** What the plugin needs to know of a user; `toUser` may add anything. */
export interface JwtUser { readonly id: string, readonly scopes?: readonly string[] }

/** The claims of a token that passed every check. */
export type VerifiedClaims = JWTPayload & { iss: string, sub: string, exp: number }

/** Every option that is given must have a value: `undefined`, as from an unset environment variable, is an error. */
export interface JwtSessionsOptions<User extends JwtUser = JwtUser & { readonly claims: VerifiedClaims }> {
  /** The `iss` claim, compared exactly (RFC 7519 §4.1.1). A list only for issuers that share their keys: each could sign for the others. */
  issuer: string | readonly string[]
  /**
   * Where the issuer publishes its keys; `https`, except inside a trusted network. Redirects are not followed.
   * Default: `<issuer>/.well-known/jwks.json`, if `issuer` is one URL and `jwks` is not given.
   */
  jwksUrl?: string | URL
  /** The issuer's public keys themselves (RFC 7517 §5), for use without a network. Instead of `jwksUrl`. */
  jwks?: JSONWebKeySet
  /** The token's `aud` claim must be, or have, one of these (RFC 7519 §4.1.3). This or `authorizedParties` is required; with both, both must hold. */
  audience?: string | readonly string[]
  /** The token's `azp` claim must be one of these: with Clerk, the origins of your front ends, as `https://app.example.com`. A token without it is refused. */
  authorizedParties?: readonly string[]
  /** Accepted signature algorithms (RFC 7518 §3.1), public-key ones only. Default: `['RS256']`. */
  algorithms?: readonly string[]
  /** How far the clocks may differ when `exp` and `nbf` are checked, in ms. Default: 5000. */
  clockTolerance?: number
  /** How long the issuer may take to answer with its keys, in ms. Default: 5000. */
  jwksTimeout?: number
  /** How long after reading the keys a token with an unknown `kid` cannot make us read them again, in ms. Default: 30000. */
  jwksCooldown?: number
  /** How long keys are used before they are read again, in ms: a key the issuer withdrew is accepted no longer than this. Default: 600000. */
  jwksMaxAge?: number
  /**
   * Makes the user of the verified claims; `null` refuses the token, and a throw is answered with 503.
   * For Clerk, `({ sub, sid, sts }) => sid && sts !== 'pending' ? { id: sub } : null` leaves out templates' tokens and pending sessions.
   * Default: `{ id: claims.sub, claims }`, without `scopes`: such a user may do everything a user can.
   */
  toUser?: (claims: VerifiedClaims) => User | null | Promise<User | null>
}

/**
 * A ready `authenticateUser` for session tokens: JWTs (RFC 7519) signed with a key of a JSON Web Key Set, sent as
 * `Authorization: Bearer <jwt>`. Cookies are never read, so no other site can make a browser use the session (CSRF).
 *
 * Whatever is wrong with the token makes `null`, a 401. When the issuer's keys cannot be read or used, it throws, a 503;
 * keys already read stay in use up to `jwksMaxAge`. `exp` and `sub` are required. A token whose header fits several keys
 * (no `kid`, or one that is not unique) is tried with each.
 *
 * @throws TypeError, here and not on a request, that names every fault of the options.
 */
export function jwtSessions<User extends JwtUser = JwtUser & { readonly claims: VerifiedClaims }> (
  options: JwtSessionsOptions<User>
): (request: FastifyRequest) => Promise<User | null> {
  refuseFaults(options)
  const { issuer, audience, algorithms = ['RS256'], clockTolerance = 5_000 } = options
  const parties = options.authorizedParties && new Set<unknown>(options.authorizedParties)
  const toUser = options.toUser ?? ((claims) => ({ id: claims.sub, claims }) as JwtUser as User)
  const keys = options.jwks ? createLocalJWKSet(options.jwks) : remoteKeys(options)
  const checks: JWTVerifyOptions = {
    issuer: [issuer].flat(),
    ...(audience && { audience: [audience].flat() }),
    algorithms: [...algorithms],
    clockTolerance: clockTolerance / 1_000,
    requiredClaims: ['exp', 'sub'],
  }

  return async function authenticateUser (request) {
    const token = bearerJwt.exec(request.headers.authorization ?? '')?.[1]
    if (token === undefined) return null
    const claims = await verify(token, keys, checks).catch(nullIfTheTokensFault)
    if (claims === null || typeof claims.sub !== 'string' || claims.sub === '') return null
    if (parties && !parties.has(claims['azp'])) return null
    return toUser(claims as VerifiedClaims)
  }
}

const bearerJwt = /^bearer +([\w-]+\.[\w-]+\.[\w-]+)$/i

async function verify (token: string, keys: JWTVerifyGetKey, checks: JWTVerifyOptions): Promise<JWTPayload> {
  try {
    return (await jwtVerify(token, keys, checks)).payload
  } catch (error) {
    if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error
    for await (const key of error) {
      try {
        return (await jwtVerify(token, key, checks)).payload
      } catch (mismatch) {
        if (!(mismatch instanceof errors.JWSSignatureVerificationFailed)) throw mismatch
      }
    }
    throw error
  }
}

// Anything that is not listed counts as the issuer's fault or ours, so that an outage never looks like a bad token
const tokenFaults = new Set([
  errors.JWSInvalid, errors.JWTInvalid, errors.JOSEAlgNotAllowed, errors.JOSENotSupported, errors.JWKSNoMatchingKey,
  errors.JWKSMultipleMatchingKeys, errors.JWSSignatureVerificationFailed, errors.JWTClaimValidationFailed, errors.JWTExpired,
].map(({ code }) => code))

function nullIfTheTokensFault (error: unknown): null {
  if (error instanceof errors.JOSEError && tokenFaults.has(error.code)) return null
  throw error
}

function remoteKeys ({ issuer, jwksUrl, jwksTimeout = 5_000, jwksCooldown = 30_000, jwksMaxAge = 600_000 }: JwtSessionsOptions<JwtUser>) {
  const url = new URL(jwksUrl ?? `${String(issuer).replace(/\/+$/, '')}/.well-known/jwks.json`)
  // The cooldown runs only from a success. Without a pause, requests would ask an issuer that fails again and again;
  // half, so that the pause is always over when the keys are due
  const pause = Math.min(1_000, jwksCooldown, jwksMaxAge) / 2
  let notBefore = -Infinity
  return createRemoteJWKSet(url, {
    timeoutDuration: jwksTimeout,
    cooldownDuration: jwksCooldown,
    cacheMaxAge: jwksMaxAge,
    [customFetch]: async (href, init) => {
      if (performance.now() < notBefore) throw new Error(`${href} has just failed to answer with keys, and is left in peace for ${pause} ms`)
      notBefore = performance.now() + pause
      return fetch(href, init)
    },
  })
}

const publicKeyAlgorithms = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519']

const isNames = (value: unknown) => [value].flat().length > 0 && [value].flat().every((name) => typeof name === 'string' && name !== '')

type Rule = readonly [isRight: (value: any) => boolean, should: string]

const duration = (least: number): Rule =>
  [(value) => Number.isInteger(value) && value >= least && value < 2 ** 31, `must be a whole number of milliseconds, from ${least} to 2147483647`]

const rules = new Map<string, Rule>(Object.entries({
  issuer: [isNames, 'must be the `iss` claim of the tokens, as "https://clerk.example.com", or a list of such'],
  jwksUrl: [isHttpUrl, 'must be an http or https URL without user name and password'],
  jwks: [isPublicKeySet, 'must be a JSON Web Key Set of public keys, { keys: [{ kty, ... }, ...] }; private and secret keys do not belong here'],
  audience: [isNames, 'must be a value of the `aud` claim, or a list of such'],
  authorizedParties: [(value) => Array.isArray(value) && isNames(value), 'must be a list of values of the `azp` claim, as ["https://app.example.com"]'],
  algorithms: [(value) => Array.isArray(value) && isNames(value) && value.every((name) => publicKeyAlgorithms.includes(name)),
    `must be a list from ${publicKeyAlgorithms.join(', ')}; with "none" or HS256 and its like, anybody who knows the public keys could make tokens`],
  clockTolerance: duration(0),
  jwksTimeout: duration(1),
  jwksCooldown: duration(1),
  jwksMaxAge: duration(1),
  toUser: [(value) => typeof value === 'function', 'must be a function (claims) => user | null'],
} satisfies Record<keyof JwtSessionsOptions, Rule>))

function refuseFaults (options: Partial<JwtSessionsOptions<JwtUser>> = {}): void {
  const { issuer, jwksUrl, jwks, audience, authorizedParties } = options
  const faults = Object.entries(options).flatMap(([name, value]) => {
    const [isRight, should] = rules.get(name) ?? [() => false, `is not an option; the options are ${[...rules.keys()].join(', ')}`]
    if (isRight(value)) return []
    return value === undefined && rules.has(name)
      ? `${name} is undefined: is an environment variable not set? Give it a value, or leave it out`
      : `${name} ${should}`
  })
  if (!('issuer' in options)) faults.push('issuer is required: the `iss` claim of the tokens')
  if (jwksUrl !== undefined && jwks !== undefined) faults.push('jwksUrl and jwks exclude each other: leave one out')
  if (isNames(issuer) && jwksUrl === undefined && jwks === undefined && !isHttpUrl(issuer)) {
    faults.push('jwksUrl (or jwks) is required, because issuer is not one URL that it could be derived from')
  }
  if (audience === undefined && authorizedParties === undefined) {
    faults.push('audience or authorizedParties is required: else a token made for another application of the same issuer would pass')
  }
  if (faults.length > 0) throw new TypeError(`jwtSessions cannot work with these options:\n${faults.map((fault) => `- ${fault}`).join('\n')}`)
}

function isHttpUrl (value: unknown): boolean {
  if (!(typeof value === 'string' || value instanceof URL) || !URL.canParse(String(value))) return false
  const { protocol, username, password } = new URL(value)
  return /^https?:$/.test(protocol) && username + password === ''
}

function isPublicKeySet (value: unknown): boolean {
  const keys: unknown = (value as Partial<JSONWebKeySet> | null)?.keys
  return Array.isArray(keys) && keys.length > 0 && keys.every((key) => typeof key?.kty === 'string' && key.kty !== 'oct' && !('d' in key))
}
