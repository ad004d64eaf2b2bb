// Catalogs as they come, for rules that hold for all of them.
import fc from 'fast-check'
import { defineScopes, type ScopeEntry } from '../../lib/scopes/catalog.js'

export interface Scope { readonly name: string, readonly includes: readonly string[], readonly active: boolean, readonly replacedBy: string | null }

const regexps = new Map<string, RegExp>()

/** Whether a name or a pattern stands for this name. Shares nothing with lib, and is as naive as can be. */
export function fits (item: string, name: string): boolean {
  if (!regexps.has(item)) {
    const parts = item.replaceAll('://', '%%').split(':')
    regexps.set(item, new RegExp(`^${parts.map((part, i) => part !== '*' ? part : i === parts.length - 1 ? '.*' : '[^:]*').join(':')}$`))
  }
  return regexps.get(item)!.test(name.replaceAll('://', '%%'))
}

/* What is generated: catalogs with names and patterns that often meet, in which what matches nothing is left out. */

const part = fc.constantFrom('a', 'b', 'ab', 'A', '')
export const someName = fc.oneof(
  { weight: 9, arbitrary: fc.array(part, { minLength: 1, maxLength: 4 }).map(parts => parts.join(':')).filter(name => name !== '') },
  { weight: 1, arbitrary: fc.constantFrom('https://a/b', 'https://a', 'a://b', '__proto__', 'constructor') }
)
const somePattern = fc.array(fc.oneof(fc.constant('*'), part), { minLength: 1, maxLength: 4 })
  .map(parts => parts.join(':')).filter(text => text.split(':').includes('*'))

export const someCatalog: fc.Arbitrary<Scope[]> = fc.uniqueArray(someName, { minLength: 1, maxLength: 12 }).chain(names =>
  fc.tuple(...names.map(() => fc.record({
    refers: fc.array(fc.nat(), { maxLength: 3 }),
    patterns: fc.array(somePattern, { maxLength: 2 }),
    active: fc.integer({ min: 0, max: 4 }).map(n => n > 0),
    replaced: fc.integer({ min: 0, max: 4 }).map(n => n === 0)
  }))).chain(parts => {
    const matching = (pattern: string) => names.some((name, i) => parts[i]!.active && fits(pattern, name))
    const scopes = names.map((name, i) => {
      // By name only forwards, so that there are no circles of names.
      const refers = i + 1 < names.length ? parts[i]!.refers.map(n => names[i + 1 + n % (names.length - i - 1)]!) : []
      const { active, replaced, patterns } = parts[i]!
      const replacedBy = active && replaced ? refers.find(other => parts[names.indexOf(other)]!.active) ?? null : null
      return { name, active, replacedBy, includes: replacedBy === null ? [...patterns.filter(matching), ...refers] : [] }
    })
    return fc.shuffledSubarray(scopes, { minLength: scopes.length })
  })
)

export const compiled = (catalog: readonly Scope[]) => defineScopes(Object.fromEntries(catalog.map(({ name, includes, active, replacedBy }): [string, ScopeEntry] =>
  [name, replacedBy === null ? { includes, status: active ? 'active' : 'planned' } : { status: 'deprecated', replacedBy }])))
