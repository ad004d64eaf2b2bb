import fc from 'fast-check'
import t from 'tap'
import { defineScopes, type ScopeEntry } from '../../lib/scopes/catalog.js'
import { compiled, fits, someCatalog, type Scope } from './random-catalogs.js'

const catalog = defineScopes<string>({
  full: { description: 'Everything', includes: '*' },
  'api:write': { includes: ['*:write', 'clusters:read'] },
  'devices:write': { includes: 'devices:read' },
  'devices:read': '',
  'clusters:write': '',
  'clusters:read': '',
  'new:name': { includes: 'clusters:read' },
  'old:name': { status: 'deprecated', replacedBy: 'new:name' },
  'older:name': { status: 'deprecated', replacedBy: 'old:name' },
  gone: { status: 'deprecated' },
  'soon:read': { status: 'planned', includes: 'clusters:read' },
  ahead: { includes: ['soon:read', 'clusters:read'] }
} satisfies Record<string, string | ScopeEntry>)

const paths: ReadonlyArray<[title: string, granted: string[], scope: string, path: string[] | null]> = [
  ['a scope that was granted stands for itself', ['full', 'clusters:read'], 'clusters:read', ['clusters:read']],
  ['through a pattern', ['full'], 'clusters:read', ['full', '*', 'clusters:read']],
  ['through another scope', ['devices:write'], 'devices:read', ['devices:write', 'devices:read']],
  ['through both', ['api:write'], 'devices:read', ['api:write', '*:write', 'devices:write', 'devices:read']],
  ['the shortest way', ['full', 'devices:write'], 'devices:read', ['devices:write', 'devices:read']],
  ['of two ways of one length, the scope that was granted first', ['new:name', 'api:write'], 'clusters:read', ['new:name', 'clusters:read']],
  ['an old name stands for the new one', ['old:name'], 'new:name', ['old:name', 'new:name']],
  ['and for what that one includes', ['older:name'], 'clusters:read', ['older:name', 'old:name', 'new:name', 'clusters:read']],
  ['a new name stands for the old one', ['new:name'], 'older:name', ['new:name', 'old:name', 'older:name']],
  ['a deprecated scope without a successor is one like another', ['gone'], 'gone', ['gone']],
  ['nothing leads there', ['devices:read'], 'devices:write', null],
  ['nothing was granted', [], 'devices:read', null],
  ['what is planned leads nowhere', ['soon:read'], 'clusters:read', null],
  ['nothing leads to what is planned', ['full', 'ahead', 'soon:read'], 'soon:read', null],
  ['what the catalog does not have leads nowhere', ['nope', '*', '__proto__'], 'clusters:read', null],
  ['nothing leads to what the catalog does not have', ['full'], 'nope', null]
]

for (const [title, granted, scope, path] of paths) {
  t.test(title, async t => {
    t.strictSame(catalog.path(granted, scope), path)
    t.equal(catalog.grant(granted).covers(scope), path !== null)
  })
}

t.test('an answer cannot be changed, and none changes the next', async t => {
  t.throws(() => { (catalog.path(['full'], 'gone') as string[]).push('x') }, TypeError)
  t.strictSame(catalog.path(['full'], 'gone'), ['full', '*', 'gone'])
})

t.test('of any catalog, there is a way exactly to what a grant covers, it is real, and there is none that is shorter', { timeout: 0 }, async t => {
  let found = 0
  let none = 0
  fc.assert(fc.property(someCatalog, fc.array(fc.nat(), { maxLength: 4 }), (scopes, picked) => {
    const granted = picked.map(n => scopes[n % scopes.length]!.name)
    const { path, grant } = compiled(scopes)
    const covers = grant(granted).covers
    for (const { name } of scopes) {
      const way = path(granted, name)
      if ((way !== null) !== covers(name)) return false
      if (way === null) {
        none++
        continue
      }
      found++
      const isReal = granted.includes(way[0]!) && way.at(-1) === name && way.every((node, i) => i === 0 || isStep(scopes, way[i - 1]!, node))
      if (!isReal || way.length !== distance(scopes, granted, name)) return false
    }
    return true
  }), { numRuns: 2000 })
  t.ok(found > 2000 && none > 2000, `both are common: ${found} and ${none}`)
})

/** Naively: what a scope names, what a pattern matches, and the other name of a scope. */
function isStep (scopes: readonly Scope[], from: string, to: string): boolean {
  const one = scopes.find(({ name, active }) => active && name === from)
  const other = scopes.find(({ name, active }) => active && name === to)
  if (one === undefined) return other !== undefined && isPattern(from) && fits(from, to)
  if (other === undefined) return isPattern(to) && one.includes.includes(to)
  return one.includes.includes(to) || one.replacedBy === to || other.replacedBy === from
}

function isPattern (text: string): boolean {
  return !text.includes('://') && text.split(':').includes('*')
}

/** How many nodes a shortest way has, found ring by ring. */
function distance (scopes: readonly Scope[], granted: readonly string[], to: string): number {
  const nodes = [...new Set(scopes.flatMap(({ name, includes }) => [name, ...includes]))]
  let ring = new Set(granted.filter(name => scopes.some(scope => scope.active && scope.name === name)))
  for (let length = 1; ; length++) {
    if (ring.has(to)) return length
    ring = new Set([...ring, ...nodes.filter(node => [...ring].some(from => isStep(scopes, from, node)))])
  }
}
