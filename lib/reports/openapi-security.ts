import type { GuardedRoute } from '../http/guarded-routes.js'
import type { Inside } from './inside.js'

/** OR of ANDs: each member is a way in, and names everything that it takes. */
export type Security = ReadonlyArray<Readonly<Record<string, readonly string[]>>>
export type Schemes = Readonly<Record<string, Scheme>>

interface Scheme {
  readonly type?: string
  readonly scheme?: string
  readonly in?: string
  readonly name?: string
  readonly bearerFormat?: string
  readonly description?: string
}

/** What `components.securitySchemes` has of ours. */
export function schemesOf ({ prefix, apiKeyHeader, hasSessions }: Inside): Schemes {
  return {
    apiKey: { type: 'http', scheme: 'bearer', bearerFormat: `${prefix}_…`, description: 'An API key' },
    ...apiKeyHeader !== null && { apiKeyHeader: { type: 'apiKey', in: 'header', name: apiKeyHeader, description: 'An API key, in a header of its own' } },
    ...hasSessions && { userSession: { type: 'http', scheme: 'bearer', description: 'A user session of the application; one that is limited to scopes needs them as an API key does' } }
  }
}

export interface SecurityOfDocument {
  readonly openapi: string
  readonly security?: Security
  readonly schemes: Schemes
}

/**
 * Who may call an operation. What the app says of its security itself is needed beside it, except where that names the very
 * credential that says who is calling: this package knows better who may.
 */
export function securityOf (route: GuardedRoute, own: Security | undefined, document: SecurityOfDocument, inside: Inside): Security {
  // No credential is read there, so whatever the app asks for is of its own.
  if (route.access === 'public' && own !== undefined) return own
  const besides = withoutCredential(own ?? document.security ?? [], document.schemes, inside.apiKeyHeader)
  const ours = route.access === 'public' ? [{}] : waysIn(route, document, inside)
  const both = ours.flatMap(way => besides.map(more => ({ ...more, ...way })))
  return both.some(isEmpty) ? [] : both
}

function waysIn ({ access, scopes }: GuardedRoute, { openapi, schemes }: SecurityOfDocument, { apiKeyHeader, hasSessions }: Inside): Security {
  const session = hasSessions ? [{ userSession: [] }] : []
  if (access !== 'scopes') return session
  const keys = apiKeyHeader === null ? ['apiKey'] : ['apiKey', 'apiKeyHeader']
  return [...keys.flatMap(name => waysWith(name)), ...session]

  function waysWith (name: string): Security {
    // OpenAPI 3.0 has scopes only where OAuth gives them out.
    const listed = !openapi.startsWith('3.0') || ['oauth2', 'openIdConnect'].includes(schemes[name]?.type ?? '')
    return listed ? scopes.map(names => ({ [name]: names })) : [{ [name]: [] }]
  }
}

function withoutCredential (security: Security, schemes: Schemes, apiKeyHeader: string | null): Security {
  const rest = security.map(way => Object.fromEntries(Object.entries(way).filter(([name]) => !isCredential(name, schemes[name], apiKeyHeader))))
  return rest.length === 0 || rest.some(isEmpty) ? [{}] : rest
}

/** Whether it stands where API keys and sessions stand, so that it can be nothing beside them. */
function isCredential (name: string, scheme: Scheme = {}, apiKeyHeader: string | null): boolean {
  if (['apiKey', 'apiKeyHeader', 'userSession'].includes(name)) return true
  switch (scheme.type) {
    case 'oauth2':
    case 'openIdConnect': return true
    case 'http': return scheme.scheme?.toLowerCase() === 'bearer'
    case 'apiKey': return scheme.in === 'header' && ['authorization', apiKeyHeader].includes(String(scheme.name).toLowerCase())
    default: return false
  }
}

function isEmpty (way: object): boolean {
  return Object.keys(way).length === 0
}
