import t from 'tap'
import { defineScopes, type ScopeEntry } from '../../lib/scopes/catalog.js'
import { faultsOf } from './faults-of.js'

type Entries = Record<string, string | ScopeEntry>

const old = <Name extends string>(replacedBy: Name) => ({ status: 'deprecated', replacedBy }) as const

t.test('a deprecated scope and its replacement are the same, granted or demanded', async (t) => {
  const { grant, requirement, scopes } = defineScopes({
    'function:admin': 'Administer',
    'functions:admin': { description: 'Administer', status: 'deprecated', replacedBy: 'function:admin' },
    'function:read': 'Read'
  })
  for (const granted of ['function:admin', 'functions:admin']) {
    for (const demanded of ['function:admin', 'functions:admin']) {
      t.equal(requirement(demanded).missing(grant([granted])), null, `${granted} for ${demanded}`)
      t.ok(grant([granted]).covers(demanded))
    }
    t.notOk(grant([granted]).covers('function:read'))
    t.notOk(grant(['function:read']).covers(granted))
  }
  t.match(scopes.get('functions:admin'), { status: 'deprecated', replacedBy: 'function:admin', description: 'Administer' }, 'it is listed')
})

t.test('a grant keeps the names that it was given, and tells what they are called today', async (t) => {
  const { grant } = defineScopes({ new: '', old: old('new'), older: old('old'), other: '' })
  const { names, current, ineffective } = grant(['older', 'other', 'old', 'gone', 'new'])
  t.strictSame(names, ['older', 'other', 'old', 'gone', 'new'])
  t.strictSame(current, ['new', 'other', 'gone'])
  t.strictSame(ineffective, ['gone'])
})

t.test('a requirement speaks of scopes as they are called today', async (t) => {
  const { grant, requirement } = defineScopes({ new: '', old: old('new'), a: '', b: '' })
  t.strictSame(requirement('old').names, ['new'])
  t.strictSame(requirement('old').missing(grant(['a'])), { scopes: ['new'], text: 'scope: new' })
  t.strictSame(requirement(['old', 'a', 'new']).alternatives, [['new', 'a']], 'both spellings in a list are one scope')
  t.strictSame(requirement({ anyOf: ['old', 'new', ['a', 'old']] }).alternatives, [['new'], ['a', 'new']])
  t.strictSame(requirement({ anyOf: ['old', 'new'] }).missing(grant([])), { scopes: ['new'], text: 'scope: new' }, 'no choice is left')
})

// What one grant opens, of all names of the catalog.
const opening: ReadonlyArray<{ title: string, catalog: Entries, grant: string, opens: string[] }> = [
  { title: 'what includes the old name includes the new one', catalog: { full: { includes: 'old' }, new: '', old: old('new') }, grant: 'full', opens: ['full', 'new', 'old'] },
  { title: 'the old name opens what the new one includes', catalog: { new: { includes: ['a', 'x:*'] }, old: old('new'), a: '', 'x:y': '', b: '' }, grant: 'old', opens: ['new', 'old', 'a', 'x:y'] },
  { title: 'a chain of names is one scope', catalog: { c: '', a: old('b'), b: old('c'), d: '' }, grant: 'a', opens: ['c', 'a', 'b'] },
  { title: 'two old names of one scope are that scope', catalog: { a: old('c'), b: old('c'), c: '', d: '' }, grant: 'a', opens: ['a', 'b', 'c'] },
  { title: 'a pattern that matches only the old name opens both', catalog: { all: { includes: 'spaces_keys:*' }, 'spaces_keys:create': old('spaces_key:create'), 'spaces_key:create': '', 'spaces_key:read': '' }, grant: 'all', opens: ['all', 'spaces_keys:create', 'spaces_key:create'] },
  { title: 'a pattern that matches only the new name opens both', catalog: { all: { includes: 'spaces_key:*' }, 'spaces_keys:create': old('spaces_key:create'), 'spaces_key:create': '', 'spaces_keys:read': '' }, grant: 'all', opens: ['all', 'spaces_keys:create', 'spaces_key:create'] },
  { title: 'inclusion stays directed across spellings', catalog: { manage: { includes: 'read-old' }, read: '', 'read-old': old('read') }, grant: 'read-old', opens: ['read', 'read-old'] },
  { title: 'without a replacement it goes on as it was', catalog: { going: { status: 'deprecated', includes: 'a' }, a: '', b: '' }, grant: 'going', opens: ['going', 'a'] },
  { title: 'without a replacement it is still matched by patterns', catalog: { full: { includes: '*' }, going: { status: 'deprecated' } }, grant: 'full', opens: ['full', 'going'] },
  { title: 'a replacement may be on its way out itself', catalog: { a: old('b'), b: { status: 'deprecated' }, c: '' }, grant: 'a', opens: ['a', 'b'] },
  { title: 'names that every object has', catalog: Object.fromEntries([['__proto__', old('constructor')], ['constructor', ''], ['toString', '']] as Array<[string, string | ScopeEntry]>), grant: '__proto__', opens: ['__proto__', 'constructor'] }
]

t.test('what a spelling opens', async (t) => {
  for (const { title, catalog, grant, opens } of opening) {
    const { scopes, grant: grantOf } = defineScopes(catalog)
    t.strictSame([...scopes.keys()].filter(name => grantOf([grant]).covers(name)).sort(), [...opens].sort(), title)
  }
})

const circle = (names: string) => `scopes that replace each other in a circle: ${names}; keep one of them without replacedBy`

const bad: ReadonlyArray<{ catalog: Entries, told: string[] }> = [
  { catalog: { 'new:one': '', a: old('new:noe') }, told: ['"a": replacedBy names "new:noe", which the catalog does not have (did you mean "new:one"?)'] },
  { catalog: { a: old('a') }, told: [circle('a -> a')] },
  { catalog: { a: old('b'), b: old('a'), c: old('a') }, told: [circle('a -> b -> a')] },
  { catalog: { x: old('a'), a: old('b'), b: old('c'), c: old('a') }, told: [circle('a -> b -> c -> a')] },
  { catalog: { a: old('b'), b: old('c'), c: old('b'), d: old('a') }, told: [circle('b -> c -> b')] },
  { catalog: { a: old('b'), c: old('b'), b: old('soon'), soon: { status: 'planned' } }, told: ['"b": replacedBy names "soon", which is planned'] },
  { catalog: { a: old('b'), b: old('gone') }, told: ['"b": replacedBy names "gone", which the catalog does not have'] },
  { catalog: { a: old('soon'), soon: { status: 'planned' } }, told: ['"a": replacedBy names "soon", which is planned'] },
  { catalog: { a: old('*'), b: '' }, told: ['"a": replacedBy names "*", which the catalog does not have'] },
  { catalog: { a: { replacedBy: 'b' }, b: '' }, told: ['"a": replacedBy is for a deprecated scope; write status: \'deprecated\' beside it'] },
  { catalog: { a: { status: 'planned', replacedBy: 'b' }, b: '' }, told: ['"a": replacedBy is for a deprecated scope; write status: \'deprecated\' beside it'] },
  { catalog: { a: { status: 'deprecated', replacedBy: 7 as never } }, told: ['"a": replacedBy must be the name of a scope, not 7'] },
  { catalog: { a: { ...old('b'), includes: 'c', requires: 'c' }, b: '', c: '' }, told: ['"a": leave includes out; the scope is the same as "b", which has its own', '"a": leave requires out; the scope is the same as "b", which has its own'] }
]

t.test('thousands of names in a chain or a circle are no trouble', { timeout: 60_000 }, async (t) => {
  const names = Array.from({ length: 20_000 }, (_, i) => `s${i}`)
  const chain = names.map((name, i): [string, string | ScopeEntry] => [name, i + 1 < names.length ? old(names[i + 1]!) : ''])
  t.ok(defineScopes(Object.fromEntries(chain)).grant(['s0']).covers('s19999'))
  const [told] = faultsOf(() => defineScopes(Object.fromEntries([...chain.slice(0, -1), ['s19999', old('s0')]])))
  t.equal(told, circle('s0 -> s1 -> s2 -> s3 -> s4 -> s5 -> s6 -> s7 -> s8 -> s9 and 19991 more'))
})

t.test('a replacement that cannot be meant is a fault', async (t) => {
  for (const { catalog, told } of bad) t.strictSame(faultsOf(() => defineScopes(catalog)), told, told[0]!)
})
