import t from 'tap'
import { defineScopes, type CatalogOptions, type ScopeEntry } from '../../lib/scopes/catalog.js'
import { faultsOf } from './faults-of.js'

type Entries = Record<string, string | ScopeEntry>

// What a grant lacks: each scope, with those that require it.
const lacking: ReadonlyArray<{ title: string, catalog: Entries, grant: string[], lacks: Array<[string, string[]]> }> = [
  { title: 'nothing, without requirements', catalog: { a: '', b: '' }, grant: ['a'], lacks: [] },
  { title: 'one scope', catalog: { a: { requires: 'b' }, b: '' }, grant: ['a'], lacks: [['b', ['a']]] },
  { title: 'nothing, if it is named', catalog: { a: { requires: 'b' }, b: '' }, grant: ['b', 'a'], lacks: [] },
  { title: 'nothing, if it is not granted', catalog: { a: { requires: 'b' }, b: '' }, grant: ['b'], lacks: [] },
  { title: 'a list', catalog: { a: { requires: ['b', 'c', 'd'] }, b: '', c: '', d: '' }, grant: ['a', 'c'], lacks: [['b', ['a']], ['d', ['a']]] },
  { title: 'what is required in turn', catalog: { a: { requires: 'b' }, b: { requires: 'c' }, c: '' }, grant: ['a'], lacks: [['b', ['a']], ['c', ['b']]] },
  { title: 'one scope that several require', catalog: { a: { requires: 'c' }, b: { requires: 'c' }, c: '' }, grant: ['a', 'b'], lacks: [['c', ['a', 'b']]] },
  { title: 'the rest of a circle', catalog: { a: { requires: 'b' }, b: { requires: ['a', 'c'] }, c: { requires: 'a' } }, grant: ['b'], lacks: [['a', ['b', 'c']], ['c', ['b']]] },
  { title: 'nothing, if it requires itself', catalog: { a: { requires: 'a' } }, grant: ['a'], lacks: [] },
  { title: 'nothing, if something named includes it', catalog: { all: { includes: '*:read' }, 'x:write': { requires: 'x:read' }, 'x:read': '' }, grant: ['x:write', 'all'], lacks: [] },
  { title: 'also what something missing includes', catalog: { a: { requires: ['b', 'c'] }, b: { includes: 'c' }, c: '' }, grant: ['a'], lacks: [['b', ['a']], ['c', ['a']]] },
  { title: 'the same, in another order', catalog: { a: { requires: ['c', 'b'] }, b: { includes: 'c' }, c: '' }, grant: ['a'], lacks: [['c', ['a']], ['b', ['a']]] },
  { title: 'nothing that an included scope requires', catalog: { all: { includes: 'a' }, a: { requires: 'b' }, b: '' }, grant: ['all'], lacks: [] },
  { title: 'nothing, under another spelling of what it has', catalog: { a: { requires: 'old' }, b: '', old: { status: 'deprecated', replacedBy: 'b' } }, grant: ['a', 'b'], lacks: [] },
  { title: 'what an old spelling requires, as it is called today', catalog: { a: { requires: 'b-old' }, 'a-old': { status: 'deprecated', replacedBy: 'a' }, b: '', 'b-old': { status: 'deprecated', replacedBy: 'b' } }, grant: ['a-old'], lacks: [['b', ['a']]] },
  { title: 'a scope once, though it is required by both its names', catalog: { a: { requires: ['b', 'old', 'b'] }, b: '', old: { status: 'deprecated', replacedBy: 'b' } }, grant: ['a'], lacks: [['b', ['a']]] },
  { title: 'nothing for what grants nothing', catalog: { a: { requires: 'b' }, b: '', soon: { status: 'planned', requires: 'a' } }, grant: ['soon', 'gone', '__proto__'], lacks: [] }
]

t.test('what a grant lacks of what its scopes require', async (t) => {
  for (const { title, catalog, grant, lacks } of lacking) {
    t.strictSame([...defineScopes(catalog).missingRequired(grant)], lacks, title)
  }
})

t.test('requests do not ask for it: a key that has the scope passes', async (t) => {
  const { grant, requirement } = defineScopes({ a: { requires: 'b' }, b: '' })
  t.equal(requirement('a').missing(grant(['a'])), null)
  t.notOk(grant(['a']).covers('b'), 'nor does it grant anything')
})

t.test('thousands of scopes that require each other are no trouble', { timeout: 60_000 }, async (t) => {
  const names = Array.from({ length: 10_000 }, (_, i) => `s:${i}`)
  const entries = names.map((name, i): [string, ScopeEntry] => [name, { requires: [names[(i + 1) % names.length]!, names[0]!] }])
  const { missingRequired } = defineScopes(Object.fromEntries(entries))
  t.equal(missingRequired([names[1]!]).size, names.length - 1)
  t.equal(missingRequired(names).size, 0)
})

const bad: ReadonlyArray<{ catalog: Entries, options?: CatalogOptions, told: string[] }> = [
  { catalog: { alpha: '', b: { requires: 'alhpa' } }, told: ['"b": requires "alhpa", which the catalog does not have (did you mean "alpha"?)'] },
  { catalog: { 'x:a': '', b: { requires: ['x:*'] } }, told: ['"b": requires "x:*", a pattern; name each scope that it requires'] },
  { catalog: { b: { requires: ['zz', 'zz'] } }, options: { presets: { p: ['b'] } }, told: ['"b": requires "zz", which the catalog does not have'] },
  { catalog: { a: { status: 'under-review' }, b: { requires: 'a' } }, told: ['"b": requires "a", which is under-review'] },
  { catalog: { a: { requires: 7 as never } }, told: ['"a": requires must be a scope name or a list of them, not 7'] },
  { catalog: { a: { requires: [null] as never } }, told: ['"a": requires must be a scope name or a list of them, not [null]'] },
  { catalog: { a: { requires: 'b' }, b: { requires: 'c' }, c: '' }, options: { defaultGrant: ['a'] }, told: ['defaultGrant lacks "b", which "a" requires', 'defaultGrant lacks "c", which "b" requires'] },
  { catalog: { a: { requires: 'c' }, b: { requires: 'c' }, c: '' }, options: { presets: { bad: ['a', 'b'], ok: ['a', 'c'] } }, told: ['preset "bad" lacks "c", which "a" and "b" require'] }
]

t.test('a requirement that could never be met is a fault', async (t) => {
  for (const { catalog, options, told } of bad) t.strictSame(faultsOf(() => defineScopes(catalog, options)), told, told[0]!)
  t.strictSame(faultsOf(() => defineScopes({ a: { status: 'planned', requires: 'b' }, b: { status: 'planned' }, c: '' })), [], 'of planned scopes among themselves it can be met one day')
})
