import type { GuardedRouteEntry } from '../http/guarded-routes.js'
import type { Document } from './openapi-document.js'

/** Finds the route that an operation of a document stands for, or `undefined`. */
export type FindRoute = (method: string, path: string) => GuardedRouteEntry | undefined

/**
 * Finds routes by their method and path, whatever the parameters are called in the document.
 *
 * @param choose which one of several, that differ in version or host alone.
 */
export function routesByPath (entries: readonly GuardedRouteEntry[], { servers }: Document, choose: (candidates: readonly GuardedRouteEntry[]) => GuardedRouteEntry | undefined): FindRoute {
  const found = new Map<string, GuardedRouteEntry[]>()
  for (const entry of entries) {
    const name = `${entry.guarded.method} ${shapeOfUrl(entry.guarded.url)}`
    found.set(name, [...found.get(name) ?? [], entry])
  }
  const bases = [...basesOf(servers), '']
  return (method, path) => {
    // A HEAD route that is for whom the GET is stands for itself nowhere.
    const methods = method === 'HEAD' ? ['HEAD', 'GET'] : [method]
    for (const name of methods.flatMap(each => bases.map(base => `${each} ${base}/${shapeOfPath(path)}`))) {
      const candidates = found.get(name)
      if (candidates !== undefined) return choose(candidates)
    }
    return undefined
  }
}

/** Of routes that differ in version or host alone, for a document written by hand: the one that needs neither, if there is, else what all of them say. */
export function plainest (candidates: readonly GuardedRouteEntry[]): GuardedRouteEntry | undefined {
  const plain = candidates.find(({ guarded }) => Object.keys(guarded.constraints).length === 0)
  return plain ?? (new Set(candidates.map(saidBy)).size === 1 ? candidates[0] : undefined)
}

function saidBy ({ guarded: { access, scopes, conditions, mode } }: GuardedRouteEntry): string {
  return JSON.stringify([access, scopes, conditions, mode])
}

/** The same for a document that was made of the routes, each of which replaces the one before. */
export function lastShown (candidates: readonly GuardedRouteEntry[]): GuardedRouteEntry | undefined {
  return candidates.findLast(({ guarded }) => !guarded.hidden)
}

/** `/pets/{id}` as `pets/{}`. */
function shapeOfPath (path: string): string {
  return path.replace(/^\//, '').replace(/\{[^}]*\}/g, '{}')
}

/** A route's `/pets/:id`, `/pets/:id(^\\d+$)` and `/pets/*` as `/pets/{}`. A double colon is a colon. */
function shapeOfUrl (url: string): string {
  let shape = ''
  for (let i = 0; i < url.length; i++) {
    const parameter = /^:(?!:)\w*/.exec(url.slice(i))?.[0]
    if (parameter !== undefined) {
      shape += '{}'
      i = endOfPattern(url, i + parameter.length) - 1
    } else if (url[i] === '*') {
      shape += '{}'
    } else {
      shape += url[i]!
      if (url[i] === ':') i++
    }
  }
  return shape
}

/** Behind the brackets that begin here, if any do. */
function endOfPattern (url: string, start: number): number {
  let depth = 0
  for (let i = start; i < url.length; i++) {
    if (url[i] === '(') depth++
    if (url[i] === ')') depth--
    if (depth === 0) return url[i] === ')' ? i + 1 : i
  }
  return url.length
}

/** What a server has in its path: `/v1` of `https://api.example.com/v1`. */
function basesOf (servers: Document['servers']): readonly string[] {
  if (!Array.isArray(servers)) return []
  return servers.map(({ url, variables }) => {
    const filled = String(url).replace(/\{([^{}]+)\}/g, (_all, name: string) => variables?.[name]?.default ?? '')
    const path = URL.canParse(filled, 'http://localhost') ? new URL(filled, 'http://localhost').pathname : '/'
    return path.replace(/\/$/, '')
  })
}
