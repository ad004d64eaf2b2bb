import { isInForce } from '../scopes/entries.js'
import { listed } from '../scopes/faults.js'
import type { Findable, Finding } from './findings.js'

/** Scopes that open nothing, and scopes that are not to be had without everything else. */
export function scopeFindings ({ catalog, entries, notFound }: Findable): readonly Finding[] {
  const demanded = new Map<string, string[]>()
  const policies = [...entries.map(({ guarded, policy }) => [policy, `${guarded.method} ${guarded.url}`] as const), [notFound, 'the not-found handler'] as const]
  for (const [policy, by] of policies) {
    if (policy.kind !== 'scopes') continue
    for (const name of new Set([policy.demand, ...policy.conditions.map(({ requirement }) => requirement)].flatMap(({ names }) => names))) {
      const others = demanded.get(name)
      if (others === undefined) demanded.set(name, [by])
      else others.push(by)
    }
  }
  const needed = [...demanded.keys()]
  // A scope that has a new name is told of under that alone.
  const scopes = [...catalog.scopes.values()].filter(entry => isInForce(entry) && entry.replacedBy === null)
  const grants = new Map(scopes.map(({ name }) => [name, catalog.grant([name])]))
  const all = scopes.filter(({ includes }) => includes.includes('*')).map(({ name }) => name)
  const isEverything = (name: string) => all.some(one => grants.get(name)!.covers(one))
  const offered = new Set(scopes.filter(({ name, hidden }) => !hidden && !isEverything(name)).map(({ name }) => name))

  return scopes.flatMap(({ name, status }): Finding[] => {
    const by = demanded.get(name)
    if (by === undefined && !needed.some(one => grants.get(name)!.covers(one))) {
      const what = status === 'deprecated' ? `${name} is deprecated, and no route demands it any more` : `no route demands ${name}, nor anything that it includes`
      return [{ kind: 'undemanded-scope', scope: name, message: `${what}: take it out of the catalog, unless handlers ask for it` }]
    }
    if (by === undefined || offered.has(name) || [...offered].some(other => grants.get(other)!.covers(name))) return []
    const why = isEverything(name) ? 'which is everything' : 'which is hidden, and which no scope that is offered includes except with everything else'
    return [{ kind: 'only-with-everything', scope: name, message: `${listed(by, String)} ${by.length === 1 ? 'demands' : 'demand'} ${name}, ${why}: a key for that must be given more than it needs` }]
  })
}
