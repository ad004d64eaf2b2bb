/** From the paths of OpenAPI to Fastify's. */
export interface Route {
  /** As Fastify wants to be told; more than one where a part is optional. */
  readonly urls: readonly string[]
  /** What tells it from another operation that has the same URL. */
  readonly constraints?: { readonly version: string }
  readonly headers?: { readonly 'accept-version': string }
  /** What is requested, one for each URL. */
  readonly requests: readonly string[]
}

/** The routes of these operations, in their order, and what had to be said otherwise than it stands there. */
export function routesOf (operations: ReadonlyArray<{ readonly method: string, readonly path: string }>): { routes: Route[], notes: string[] } {
  const notes: string[] = []
  const seen = new Map<string, { path: string, times: number }>()

  const routes = operations.map(({ method, path }) => {
    // Express's words for: this, and perhaps a wildcard after it.
    const bare = path.replace(OPTIONAL_REST, '')
    if (bare !== path) notes.push(`${method} ${path} is two routes, with and without the optional end: Fastify's router has no optional parts`)
    const urls = bare === path ? [urlOf(path)] : [urlOf(bare), `${urlOf(bare)}/*`]
    const example = `${method} ${bare.replaceAll(PARAMETER, (_, name: string) => `some-${name}`)}`
    const requests = bare === path ? [example] : [example, `${example}/and/the/rest`]

    const id = `${method} ${path.replaceAll(PARAMETER, '{}')}`
    const first = seen.get(id)
    seen.set(id, { path: first?.path ?? path, times: (first?.times ?? 0) + 1 })
    if (first === undefined) return { urls, requests }
    const version = `${first.times}.0.0`
    notes.push(`${method} ${path} has the same URLs as ${first.path}; it is told from that by Accept-Version: ${version}`)
    return { urls, requests, constraints: { version }, headers: { 'accept-version': version } }
  })
  return { routes, notes }
}

const PARAMETER = /\{([^}]+)\}/g
const OPTIONAL_REST = /\(\?:\/\(\.\*\)\)\?$/

/** `/tasks/{id}:cancel` becomes `/tasks/:id(^[^:]+)::cancel`: a colon is the beginning of a parameter, and two are a colon. */
function urlOf (path: string): string {
  return path.replaceAll(':', '::').replaceAll(/\{([^}]+)\}(::)?/g, (_, name: string, colon = '') => `:${name}${colon === '' ? '' : '(^[^:]+)::'}`)
}
