/** What a page says, read naively: by hand, and with nothing of the package. */
import { isDeepStrictEqual } from 'node:util'

export interface Row {
  /** As the example declares it: 'GET /clusters/:id'. */
  readonly route: string
  /**
   * A request that succeeds on fresh data, whatever subset of the other rows was executed before it in order. Default:
   * the route. `<key>` stands for the id of a key that may be revoked.
   */
  readonly request?: string
  readonly body?: object
  /** OR of ANDs, in the spelling of output; [[]]: any valid key. */
  readonly needs: ReadonlyArray<readonly string[]> | 'user' | 'public'
  /** With scopesWhen: the part that is checked before the body is read (all of these). */
  readonly base?: readonly string[]
  readonly succeeds: number
}

/** What a scope means, for those who hold it. */
export interface Reading {
  readonly realm: string
  /** The names that this scope opens, itself among them, in the spelling of output. */
  opens (scope: string): readonly string[]
  /** Names that must be granted together with this scope, or something that opens them. */
  requires? (scope: string): readonly string[]
  /** How a list of granted scopes is shown in `grantedScopes`: today's spelling, each once. Default: as it was given. */
  shown? (granted: readonly string[]): readonly string[]
  /** The body of a denial, made of what is the package's own body. Default: as it is. */
  denied? (denial: Denial): unknown
}

/** The package's own body of a denial. */
export interface Denial {
  readonly statusCode: number
  readonly code: string
  readonly error: string
  readonly message: string
  readonly requiredScopes?: readonly string[]
  readonly missingScopes?: readonly string[]
  readonly grantedScopes?: readonly string[]
}

export interface Expectation {
  readonly status: number
  /** Of a refusal; other bodies are the example's own. */
  readonly body?: unknown
  readonly challenge?: string | undefined
}

/** What a key with this grant gets, row by row. */
export function expectedOfKey (granted: readonly string[], reading: Reading): (row: Row) => Expectation {
  const open = new Set(granted.flatMap(scope => reading.opens(scope)))
  const isOpen = (alternative: readonly string[]) => alternative.every(name => open.has(name))

  return ({ needs, base, succeeds }) => {
    if (needs === 'public') return { status: succeeds }
    if (needs === 'user') return refusal(reading, USER_ONLY)
    const alternatives = base !== undefined && !isOpen(base) ? [base] : needs
    if (alternatives.some(isOpen)) return { status: succeeds }

    const required = [...new Set(alternatives.flat())]
    const missing = required.filter(name => !open.has(name))
    const what = alternatives.length > 1
      ? `scope: one of ${alternatives.map(names => names.join(' + ')).join(', ')}`
      : `scope${missing.length === 1 ? '' : 's'}: ${missing.join(', ')}`
    return refusal(reading, {
      statusCode: 403,
      code: 'FST_API_KEY_MISSING_SCOPE',
      error: 'Forbidden',
      message: `API key missing required ${what}`,
      requiredScopes: required,
      missingScopes: missing,
      grantedScopes: reading.shown?.(granted) ?? granted
    }, `error="insufficient_scope", scope="${required.join(' ')}"`)
  }
}

/** What somebody without a credential that counts gets: without any, with what looks like a key, with something else. */
export function expectedOfStranger ({ needs, succeeds }: Row, offers: 'nothing' | 'a key' | 'something else', reading: Reading): Expectation {
  if (needs === 'public') return { status: succeeds }
  const error = offers === 'nothing' ? '' : 'error="invalid_token"'
  if (needs === 'user' && offers !== 'a key') return refusal(reading, SESSION_REQUIRED, error)
  return refusal(reading, offers === 'nothing' ? KEY_REQUIRED : KEY_INVALID, error)
}

interface Given { readonly status: number, readonly body?: unknown, readonly challenge?: string | undefined }

/** Tells in words if an answer is not as expected. */
export function compare (request: string, { status, body, challenge }: Given, wanted: Expectation): string[] {
  const isAsExpected = status === wanted.status && challenge === wanted.challenge && (wanted.body === undefined || isDeepStrictEqual(body, wanted.body))
  return isAsExpected ? [] : [`${request}: ${JSON.stringify({ status, body, challenge })} instead of ${JSON.stringify(wanted)}`]
}

/** Whether everything is granted that the granted scopes require. */
export function isComplete (granted: readonly string[], { opens, requires }: Reading): boolean {
  return granted.every(scope => (requires?.(scope) ?? []).every(name => granted.some(other => opens(other).includes(name))))
}

const USER_ONLY = { statusCode: 403, code: 'FST_API_KEY_USER_ONLY', error: 'Forbidden', message: 'This endpoint requires a user session and does not accept API keys' }
const KEY_REQUIRED = { statusCode: 401, code: 'FST_API_KEY_REQUIRED', error: 'Unauthorized', message: 'API key required' }
const KEY_INVALID = { statusCode: 401, code: 'FST_API_KEY_INVALID', error: 'Unauthorized', message: 'Invalid API key' }
const SESSION_REQUIRED = { statusCode: 401, code: 'FST_USER_SESSION_REQUIRED', error: 'Unauthorized', message: 'User session required' }

function refusal ({ realm, denied = denial => denial }: Reading, denial: Denial, error?: string): Expectation {
  const challenge = error === undefined ? undefined : `Bearer realm="${realm}"${error === '' ? '' : `, ${error}`}`
  return { status: denial.statusCode, body: JSON.parse(JSON.stringify(denied(denial))), challenge }
}
