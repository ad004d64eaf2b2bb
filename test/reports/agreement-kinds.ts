// Which pairs of a caller and a route are of one kind: where there are many, some of each are enough.
import type { Catalog, GuardedRoute } from '../../lib/index.js'
import type { Caller } from './agreement-set-up.js'

/**
 * Two pairs are of one kind if the one is the other with resources renamed, and these resources are alike in the catalog: they have the
 * same scopes, each with the same inclusions.
 */
export function kindsOf (catalog: Catalog): (caller: Caller, route: GuardedRoute) => string {
  const profiles = new Map<string, string>()
  for (const resource of new Set([...catalog.scopes.keys()].map(resourceOf))) profiles.set(resource, profileOf(resource, catalog))
  const renamed = (text: string, scopes: readonly string[]) => {
    const resources = [...new Set(scopes.map(resourceOf))]
    const words = resources.reduce((text, resource, i) => text.replaceAll(`"${resource}:`, `"${i}:`), text)
    return { resources, text: [words, ...resources.map(resource => profiles.get(resource))].join() }
  }

  const callers = remembered(({ type, scopes }: Caller) => renamed(JSON.stringify([type, scopes]), scopes))
  const routes = remembered((route: GuardedRoute) => {
    const { method, url, mode, access, scopes, conditions, constraints } = route
    const said = [method, url.replaceAll(/[a-z-]+/g, 'x'), mode, access, scopes, conditions.map(({ scopes }) => scopes), Object.keys(constraints)]
    return renamed(JSON.stringify(said), [scopes, ...conditions.map(({ scopes }) => scopes)].flat(2))
  })
  return (caller, route) => {
    const { resources, text } = callers(caller)
    const asked = routes(route)
    return `${text} ${asked.text} ${asked.resources.map(resource => resources.indexOf(resource)).join()}`
  }
}

function profileOf (resource: string, { scopes }: Catalog): string {
  const own = [...scopes.values()].filter(({ name }) => resourceOf(name) === resource)
  return JSON.stringify(own.map(({ name, includes, status, replacedBy }) => [name, includes, status, replacedBy])).replaceAll(`"${resource}:`, '"')
}

export function resourceOf (scope = ''): string {
  return scope.replace(/:.*/, '')
}

function remembered<Thing extends object, Result> (work: (thing: Thing) => Result): (thing: Thing) => Result {
  const results = new WeakMap<Thing, Result>()
  return thing => {
    if (!results.has(thing)) results.set(thing, work(thing))
    return results.get(thing)!
  }
}
