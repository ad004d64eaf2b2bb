// The smallest additions, and explanations on every app that views are shown on.
import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import t from 'tap'
import type { Explanation } from 'fastify-api-key-scopes'
import { Scopes } from '../../lib/keys/usage/scopes.js'
import { defineScopes, type Catalog, type ScopeEntry } from '../../lib/scopes/catalog.js'
import { smallestAddition } from '../../lib/reports/smallest-addition.js'
import { APPS } from './apps.js'

t.test('of all that would do, nothing covers less, and all of it can be granted', { timeout: 0 }, async t => {
  const index = fc.nat(6)
  const someScope = fc.record({ includes: fc.array(index, { maxLength: 2 }), requires: fc.array(index, { maxLength: 2 }) })
  const someDemand = fc.array(fc.array(index, { minLength: 1, maxLength: 2 }), { minLength: 1, maxLength: 2 })
  let none = 0
  let several = 0
  fc.assert(fc.property(fc.array(someScope, { minLength: 7, maxLength: 7 }), fc.array(index, { maxLength: 2 }), fc.array(someDemand, { minLength: 1, maxLength: 2 }), fc.option(fc.array(index), { nil: undefined }), (parts, picked, demanded, limited) => {
    const name = (n: number) => `s${n}`
    // Only forwards, so that there are no circles.
    const catalog: Catalog<string> = defineScopes(Object.fromEntries(parts.map(({ includes, requires }, i): [string, ScopeEntry] => {
      return [name(i), { includes: includes.filter(n => n > i).map(name), requires: requires.map(name) }]
    })))
    const granted = picked.map(name)
    const demands = demanded.map(demand => demand.map(names => names.map(name)))
    const limit = limited && catalog.grant(limited.map(name))
    const answer = smallestAddition(granted, demands, new Scopes(catalog), limit)

    const all = parts.map((_, i) => name(i))
    const before = catalog.grant(granted)
    const best = Math.min(...subsets(all).map(breadthOf))
    if (answer === null) {
      none++
      return best === Infinity
    }
    if (answer.length > 1) several++
    return best < Infinity && breadthOf(answer) === best

    /** How much more is covered with these; endlessly much, if they are not enough or cannot be granted as they are. */
    function breadthOf (added: readonly string[]): number {
      const grant = catalog.grant([...granted, ...added])
      const covers = (scope: string) => grant.covers(scope) && (limit === undefined || limit.covers(scope))
      if (!demands.every(demand => demand.some(names => names.every(covers)))) return Infinity
      if (catalog.missingRequired([...granted, ...added]).size > 0) return Infinity
      return all.filter(name => grant.covers(name) && !before.covers(name)).length
    }
  }), { numRuns: 1500 })
  t.ok(none > 100 && several > 100, `${none} times none would do, ${several} times several are needed`)
})

t.test('scopes are named as they are demanded where an alias covers no less', async t => {
  const catalog: Catalog<string> = defineScopes({ 'a:manage': { includes: 'a:*' }, 'a:read': '', 'a:write': { requires: 'b' }, b: '' })
  t.strictSame(smallestAddition(['a:read'], [[['a:write']]], new Scopes(catalog)), ['a:write', 'b'])
})

t.test('an alias that requires less is better than a scope that requires much', async t => {
  const catalog: Catalog<string> = defineScopes({ wide: { includes: 'x:*' }, 'x:1': '', 'x:2': '', 'x:3': '', alias: { includes: 'narrow' }, narrow: { requires: 'wide' } })
  t.strictSame(smallestAddition([], [[['narrow']]], new Scopes(catalog)), ['alias'])
})

t.test('among very many choices one is found all the same', async t => {
  const names = Array.from({ length: 3000 }, (_, i) => `r${i}:read`)
  const catalog: Catalog<string> = defineScopes({ full: { includes: '*' }, every: { includes: '*:read' }, ...Object.fromEntries(names.map(name => [name, ''])) })
  t.strictSame(smallestAddition([], [[names.slice(0, 40)]], new Scopes(catalog)), names.slice(0, 40))
})

function subsets (names: readonly string[]): string[][] {
  return names.reduce<string[][]>((all, name) => [...all, ...all.map(some => [...some, name])], [[]])
}

t.test('of a million ways, it is one that does', async t => {
  const [some, others] = ['a', 'b'].map(part => Array.from({ length: 1000 }, (_, i) => `${part}${i}:read`)) as [string[], string[]]
  const scopes = new Scopes(defineScopes(Object.fromEntries([...some, ...others].map(name => [name, '']))))
  const alternatives = [some, others].map(names => names.map(name => [name]))
  t.same(smallestAddition([], alternatives, scopes), ['a0:read', 'b0:read'])
})

// On every app that views are shown on: the five examples, and the one of 650 routes.

for (const { name, build } of APPS) {
  t.test(name, { timeout: 0 }, async t => {
    const { app } = await build()
    t.teardown(async () => { await app.close() })
    await app.ready()
    const { explain, whoCan, routes, catalog } = app.apiKeys

    await t.test('every route is found, as it was declared and as it is requested', async t => {
      let asked = 0
      for (const route of routes()) {
        const { method, url, constraints } = route
        // Versions and hosts as they stand there; what is a pattern must be told apart otherwise.
        const query = Object.keys(constraints).length === 0 ? { constraints: {} } : { constraints }
        if (Object.values(constraints).some(text => text.startsWith('/'))) continue
        const { route: found } = await whoCan(method, url, { ...query, keys: false })
        if (!isDeepStrictEqual(found, route)) t.fail(`${method} ${url} ${JSON.stringify(constraints)} is found as ${JSON.stringify(found)}`)
        if (/[(?]|::/.test(url)) continue
        const requested = url.replaceAll(/:[A-Za-z]+/g, '7').replace(/\*$/, 'some/where')
        const { route: matched } = await whoCan(method, requested, { ...query, keys: false })
        if (matched.method !== method) t.fail(`${method} ${requested} is found as ${matched.method}`)
        asked++
      }
      t.ok(asked > 5, `${asked} routes`)
    })

    await t.test('what who-can calls enough is enough for explain, and what explain calls enough is', async t => {
      let asked = 0
      for (const { method, url, access, constraints } of routes()) {
        if (access !== 'scopes' || Object.values(constraints).some(text => text.startsWith('/'))) continue
        const ask = async (scopes: readonly string[]): Promise<Explanation> => await explain({ scopes: scopes as never }, method, url, { constraints })
        const { alone, smallest } = await whoCan(method, url, { keys: false, constraints })
        for (const scopes of [...alone.slice(0, 3).map(scope => [scope]), ...smallest]) {
          const { denial, needs } = await ask(scopes)
          if (denial !== null || needs.some(({ held, through }) => held !== (through !== null))) t.fail(`${method} ${url} ${scopes.join(' ')}`)
        }
        const none = await ask([])
        const enough = await ask(none.smallest!)
        if (enough.denial !== null || catalog.missingRequired(none.smallest!).size > 0) t.fail(`${method} ${url}`)
        asked++
      }
      t.ok(asked > 5, `${asked} routes`)
    })
  })
}
