import fc from 'fast-check'
import t from 'tap'
import { defineScopes, type Catalog, type CatalogOptions, type ScopeEntry } from '../../lib/scopes/catalog.js'
import type { Entry } from '../../lib/scopes/entries.js'
import { ScopeDefinitionError } from '../../lib/scopes/faults.js'
import { faultsOf } from './faults-of.js'

type Entries = Record<string, string | ScopeEntry>

t.test('a scope is a description, or an object whose members have defaults', async (t) => {
  const catalog = defineScopes({
    plain: 'What it opens',
    bare: {},
    whole: { description: 'D', includes: ['plain', 'bare'], status: 'active', hidden: true },
    soon: { status: 'planned' },
    asked: { status: 'under-review', includes: 'plain' }
  })
  t.strictSame([...catalog.scopes.values()], [
    { name: 'plain', description: 'What it opens', includes: [], requires: [], status: 'active', replacedBy: null, hidden: false },
    { name: 'bare', description: '', includes: [], requires: [], status: 'active', replacedBy: null, hidden: false },
    { name: 'whole', description: 'D', includes: ['plain', 'bare'], requires: [], status: 'active', replacedBy: null, hidden: true },
    { name: 'soon', description: '', includes: [], requires: [], status: 'planned', replacedBy: null, hidden: false },
    { name: 'asked', description: '', includes: ['plain'], requires: [], status: 'under-review', replacedBy: null, hidden: false }
  ])
  t.strictSame([...catalog.scopes.keys()], ['plain', 'bare', 'whole', 'soon', 'asked'])
  t.equal(catalog.defaultGrant, undefined)
  t.equal(catalog.presets.size, 0)
})

t.test('default grant and presets name scopes, each once', async (t) => {
  const catalog = defineScopes({ a: '', b: '' }, { defaultGrant: ['b', 'a', 'b'], presets: { 'CI deploy': ['a', 'a'], nothing: [] } })
  t.strictSame(catalog.defaultGrant, ['b', 'a'])
  t.strictSame([...catalog.presets], [['CI deploy', ['a']], ['nothing', []]])
  t.strictSame(defineScopes({ a: '' }, { defaultGrant: [] }).defaultGrant, [])
})

// What one grant opens, of all active scopes of the catalog.
const covering: ReadonlyArray<{ title: string, catalog: Entries, grant: string[], opens: string[] }> = [
  { title: 'a scope opens itself and nothing else', catalog: { a: '', b: '' }, grant: ['a'], opens: ['a'] },
  { title: 'includes one by name', catalog: { a: { includes: 'b' }, b: '', c: '' }, grant: ['a'], opens: ['a', 'b'] },
  { title: 'includes are directed', catalog: { a: { includes: 'b' }, b: '' }, grant: ['b'], opens: ['b'] },
  { title: 'includes a list', catalog: { a: { includes: ['b', 'd'] }, b: '', c: '', d: '' }, grant: ['a'], opens: ['a', 'b', 'd'] },
  { title: 'includes the same twice', catalog: { a: { includes: ['b', 'b'] }, b: '' }, grant: ['a'], opens: ['a', 'b'] },
  { title: 'includes what is defined before', catalog: { b: '', a: { includes: 'b' } }, grant: ['a'], opens: ['b', 'a'] },
  { title: 'is transitive', catalog: { a: { includes: 'b' }, b: { includes: 'c' }, c: { includes: 'd' }, d: '', e: '' }, grant: ['a'], opens: ['a', 'b', 'c', 'd'] },
  { title: 'meets again in a diamond', catalog: { a: { includes: ['b', 'c'] }, b: { includes: 'd' }, c: { includes: 'd' }, d: '' }, grant: ['a'], opens: ['a', 'b', 'c', 'd'] },
  { title: 'one arm of a diamond does not open the other', catalog: { a: { includes: ['b', 'c'] }, b: { includes: 'd' }, c: { includes: 'd' }, d: '' }, grant: ['c'], opens: ['c', 'd'] },
  { title: 'devices:* opens what begins with the segment', catalog: { all: { includes: 'devices:*' }, 'devices:read': '', 'devices:x:y': '', devices: '', 'device:read': '' }, grant: ['all'], opens: ['all', 'devices:read', 'devices:x:y'] },
  { title: '*:read opens names of two segments alone', catalog: { all: { includes: '*:read' }, 'a:read': '', 'b:read': '', 'a:b:read': '', read: '', 'a:reader': '', 'a:write': '' }, grant: ['all'], opens: ['all', 'a:read', 'b:read'] },
  { title: '* opens everything', catalog: { full: { includes: '*' }, a: '', 'b:c': '', 'https://x.example/y': '' }, grant: ['full'], opens: ['full', 'a', 'b:c', 'https://x.example/y'] },
  { title: '*:* opens names of two segments or more', catalog: { all: { includes: '*:*' }, a: '', 'a:b': '', 'a:b:c': '', 'https://x.example': '' }, grant: ['all'], opens: ['all', 'a:b', 'a:b:c'] },
  { title: 'a:*:c has exactly one segment in the middle', catalog: { all: { includes: 'a:*:c' }, 'a:b:c': '', 'a:x:c': '', 'a:c': '', 'a:b:b:c': '', 'a:b:c:d': '', 'x:b:c': '' }, grant: ['all'], opens: ['all', 'a:b:c', 'a:x:c'] },
  { title: 'a:*:* needs three segments', catalog: { all: { includes: 'a:*:*' }, 'a:b': '', 'a:b:c': '', 'a:b:c:d': '' }, grant: ['all'], opens: ['all', 'a:b:c', 'a:b:c:d'] },
  { title: 'spaces:* never matches by prefix', catalog: { all: { includes: 'spaces:*' }, 'spaces:x': '', 'spaces_key:x': '', spaces_key: '', 'my:spaces:x': '' }, grant: ['all'], opens: ['all', 'spaces:x'] },
  { title: 'an empty segment is a segment', catalog: { all: { includes: 'a:*' }, 'a:': '', 'a::b': '', ':a': '' }, grant: ['all'], opens: ['all', 'a:', 'a::b'] },
  { title: 'case matters in patterns', catalog: { all: { includes: 'Devices:*' }, 'Devices:read': '', 'devices:read': '' }, grant: ['all'], opens: ['all', 'Devices:read'] },
  { title: 'a URL is one segment', catalog: { all: { includes: ['https:*', 'drive'] }, 'https:x': '', drive: { includes: 'https://www.googleapis.com/auth/drive' }, 'https://www.googleapis.com/auth/drive': '', 'https://www.googleapis.com/auth/drive.file': '' }, grant: ['all'], opens: ['all', 'https:x', 'drive', 'https://www.googleapis.com/auth/drive'] },
  { title: 'a star within a segment is a letter', catalog: { 'a*b': { includes: 'c*' }, 'c*': '', cd: '', axb: '' }, grant: ['a*b'], opens: ['a*b', 'c*'] },
  { title: 'a pattern opens what its matches include', catalog: { all: { includes: 'a:*' }, 'a:x': { includes: 'b' }, b: { includes: 'c' }, c: '', d: '' }, grant: ['all'], opens: ['all', 'a:x', 'b', 'c'] },
  { title: 'two scopes may both be *', catalog: { full: { includes: '*' }, 'api:write': { includes: '*' }, a: '' }, grant: ['api:write'], opens: ['full', 'api:write', 'a'] },
  { title: 'an alias may match its own pattern', catalog: { 'api:read': { includes: '*:read' }, 'a:read': '', 'a:write': '' }, grant: ['api:read'], opens: ['api:read', 'a:read'] },
  { title: 'a circle through patterns is none', catalog: { 'a:1': { includes: 'b:*' }, 'b:1': { includes: 'a:*' }, c: '' }, grant: ['a:1'], opens: ['a:1', 'b:1'] },
  { title: 'a circle of a name and a pattern is none', catalog: { a: { includes: 'b' }, b: { includes: '*' }, c: '' }, grant: ['a'], opens: ['a', 'b', 'c'] },
  { title: 'patterns match no scope that is not active', catalog: { all: { includes: ['x:*', '*'] }, 'x:a': '', 'x:b': { status: 'planned' }, 'x:c': { status: 'under-review' } }, grant: ['all'], opens: ['all', 'x:a'] },
  { title: 'a planned scope covers nothing', catalog: { a: { status: 'planned', includes: ['b', '*'] }, b: '' }, grant: ['a'], opens: [] },
  { title: 'a scope under review covers nothing', catalog: { b: '', a: { status: 'under-review', includes: 'b' } }, grant: ['a'], opens: [] },
  { title: 'a planned scope included by name, defined after, is covered by nothing and passes nothing on', catalog: { full: { includes: 'soon' }, soon: { status: 'planned', includes: 'b' }, b: '' }, grant: ['full'], opens: ['full'] },
  { title: 'a planned scope included by name, defined before, is covered by nothing and passes nothing on', catalog: { b: '', soon: { status: 'planned', includes: 'b' }, full: { includes: 'soon' } }, grant: ['full'], opens: ['full'] }
]

t.test('what a scope covers', async (t) => {
  for (const { title, catalog, grant, opens } of covering) {
    const { scopes, grant: grantOf } = defineScopes(catalog)
    const resolved = grantOf(grant)
    t.strictSame([...scopes.keys()].filter(name => resolved.covers(name)).sort(), [...opens].sort(), title)
  }
})

t.test('catalogs of every size are told apart scope by scope', async (t) => {
  for (const size of [1, 2, 31, 32, 33, 63, 64, 65]) {
    const names = Array.from({ length: size }, (_, i) => `s${i}`)
    const { grant } = defineScopes(Object.fromEntries(names.map(name => [name, ''])))
    t.ok(names.every(name => names.filter(other => grant([name]).covers(other)).join() === name), `${size} scopes`)
    t.ok(names.every(name => grant(names).covers(name)))
  }
})

// Circles of names are faults; scopes that are in one together are told together.
const circles: ReadonlyArray<{ title: string, catalog: Entries, told: string[] }> = [
  { title: 'of one', catalog: { a: { includes: 'a' } }, told: ['"a": includes itself'] },
  { title: 'of one, by its old name', catalog: { a: { includes: 'old' }, old: { status: 'deprecated', replacedBy: 'a' } }, told: ['"a": includes itself, by its old name "old"'] },
  { title: 'of two', catalog: { a: { includes: 'b' }, b: { includes: 'a' } }, told: [circleOf('a', 'b')] },
  { title: 'of three, entered from outside', catalog: { x: { includes: 'b' }, a: { includes: 'b' }, b: { includes: 'c' }, c: { includes: 'a' } }, told: [circleOf('b', 'c', 'a')] },
  { title: 'two that share nothing', catalog: { a: { includes: 'b' }, b: { includes: 'a' }, c: { includes: ['e', 'd'] }, d: { includes: 'c' }, e: '' }, told: [circleOf('a', 'b'), circleOf('c', 'd')] },
  { title: 'two that share a scope', catalog: { a: { includes: ['b', 'c'] }, b: { includes: 'a' }, c: { includes: 'a' } }, told: [circleOf('a', 'b', 'c')] },
  { title: 'through a planned scope', catalog: { a: { includes: 'b' }, b: { includes: 'a', status: 'planned' } }, told: [circleOf('a', 'b')] },
  { title: 'through an old name', catalog: { a: { includes: 'b-old' }, b: { includes: 'a' }, 'b-old': { status: 'deprecated', replacedBy: 'b' } }, told: [circleOf('a', 'b')] },
  { title: 'beside a pattern', catalog: { a: { includes: ['*', 'b'] }, b: { includes: 'a' } }, told: [circleOf('a', 'b')] }
]

function circleOf (...names: string[]): string {
  return `scopes that include each other in a circle: ${names.map(name => `"${name}"`).join(', ')}; scopes that mean the same should be one scope`
}

t.test('scopes that name each other in a circle are a fault', async (t) => {
  for (const { title, catalog, told } of circles) t.strictSame(faultsOf(() => defineScopes(catalog)), told, title)
})

t.test('a circle of names is found wherever there is one, and nowhere else', async () => {
  const name = fc.integer({ min: 0, max: 6 }).map(i => `s${i}`)
  fc.assert(fc.property(fc.array(fc.array(name, { maxLength: 3 }), { minLength: 7, maxLength: 7 }), (lists) => {
    const includes = new Map(lists.map((list, i) => [`s${i}`, list]))
    const told = faultsOf(() => defineScopes(Object.fromEntries([...includes].map(([name, list]) => [name, { includes: list }]))))
    return (told.length > 0) === [...includes.keys()].some(name => leadsTo(name, name, 7))
    function leadsTo (from: string, to: string, steps: number): boolean {
      return steps > 0 && includes.get(from)!.some(next => next === to || leadsTo(next, to, steps - 1))
    }
  }), { numRuns: 1000 })
})

// One fault each; the message is all that its author gets to see.
const form = 'the scopes must be a plain object { name: description, ... } (to name a scope __proto__, write [\'__proto__\'])'
const token = 'is not a scope name: use visible ASCII characters without spaces, " and \\ (RFC 6749 §3.3)'
const star = 'cannot be a scope name: a "*" between colons is a pattern, for use in includes'
const members = 'description, includes, requires, status, replacedBy, hidden'
const entry = `give a description, or { ${members} }, not`
const statuses = 'active, deprecated, planned, under-review'
const includes = '"a": includes must be a scope name, a pattern or a list of them, not'
const segment = '; in a pattern a "*" stands for a whole segment, as in devices:* or *:read'

const badCatalogs: ReadonlyArray<{ given: unknown, options?: unknown, told: string }> = [
  { given: {}, told: 'the catalog is empty: name at least one scope' },
  { given: null, told: form },
  { given: undefined, told: form },
  { given: ['a'], told: form },
  { given: new Map([['a', '']]), told: form },
  { given: 'a', told: form },
  { given: { __proto__: { description: 'x' }, a: '' }, told: form },
  { given: { a: '', '': '' }, told: `"" ${token}` },
  { given: { a: '', 'a b': '' }, told: `"a b" ${token}` },
  { given: { a: '', ' a': '' }, told: `" a" ${token}` },
  { given: { a: '', 'a\n': '' }, told: `"a\\n" ${token}` },
  { given: { a: '', 'a"b': '' }, told: `"a\\"b" ${token}` },
  { given: { a: '', 'a\\b': '' }, told: `"a\\\\b" ${token}` },
  { given: { a: '', é: '' }, told: `"é" ${token}` },
  { given: { a: '', '\u007f': '' }, told: `"\u007f" ${token}` },
  { given: { a: '', '*': '' }, told: `"*" ${star}` },
  { given: { a: '', 'a:*': '' }, told: `"a:*" ${star}` },
  { given: { a: '', '*:a': '' }, told: `"*:a" ${star}` },
  { given: { a: '', 'a:*:b': '' }, told: `"a:*:b" ${star}` },
  { given: { a: null }, told: `"a": ${entry} null` },
  { given: { a: undefined }, told: `"a": ${entry} undefined` },
  { given: { a: 1 }, told: `"a": ${entry} 1` },
  { given: { a: ['b'] }, told: `"a": ${entry} ["b"]` },
  { given: { a: { description: 1 } }, told: '"a": description must be a string, not 1' },
  { given: { a: { hidden: 'yes' } }, told: '"a": hidden must be true or false, not "yes"' },
  { given: { a: { status: 'retired' } }, told: `"a": status must be one of ${statuses}, not "retired"` },
  { given: { a: { status: NaN } }, told: `"a": status must be one of ${statuses}, not NaN` },
  { given: { a: { includes: 1 } }, told: `${includes} 1` },
  { given: { a: { includes: null } }, told: `${includes} null` },
  { given: { a: { includes: ['b', 1] }, b: '' }, told: `${includes} ["b",1]` },
  // eslint-disable-next-line no-sparse-arrays
  { given: { a: { includes: [, 'b'] }, b: '' }, told: `${includes} [null,"b"]` },
  { given: { a: { include: 'b' }, b: '' }, told: `"a": unknown member "include" (did you mean "includes"?); a scope has ${members}` },
  { given: { a: { xyzzyxyz: 'b' } }, told: `"a": unknown member "xyzzyxyz"; a scope has ${members}` },
  { given: { a: { includes: 'clusters:raed' }, 'clusters:read': '' }, told: '"a": includes "clusters:raed", which the catalog does not have (did you mean "clusters:read"?)' },
  { given: { a: { includes: 'Clusters:Read' }, 'clusters:read': '' }, told: '"a": includes "Clusters:Read", which the catalog does not have (did you mean "clusters:read"?)' },
  { given: { a: { includes: 'something-else' } }, told: '"a": includes "something-else", which the catalog does not have' },
  { given: { a: { includes: '' } }, told: '"a": includes "", which the catalog does not have' },
  { given: { a: { includes: 'dev*' }, devx: '' }, told: `"a": includes "dev*", which the catalog does not have${segment}` },
  { given: { a: { includes: 'https://x/*' }, 'https://x/y': '' }, told: `"a": includes "https://x/*", which the catalog does not have${segment}` },
  { given: { a: { includes: 'x:*' } }, told: '"a": includes "x:*", a pattern that matches no active scope' },
  { given: { a: { includes: '*:x' }, 'b:x': { status: 'planned' } }, told: '"a": includes "*:x", a pattern that matches no active scope' },
  { given: { a: { status: 'planned', includes: 'b:*' } }, told: '"a": includes "b:*", a pattern that matches no active scope' },
  { given: { a: '', b: { includes: ['x:*', 'c', 'x:*', 'c'] }, c: '' }, told: '"b": includes "x:*", a pattern that matches no active scope' },
  { given: { a: '' }, options: null, told: 'the options must be an object { defaultGrant, presets, resources }, not null' },
  { given: { a: '' }, options: ['a'], told: 'the options must be an object { defaultGrant, presets, resources }, not ["a"]' },
  { given: { a: '' }, options: { defaultGrants: ['a'] }, told: 'unknown option "defaultGrants" (did you mean "defaultGrant"?)' },
  { given: { a: '' }, options: { defaultGrant: 'a' }, told: 'defaultGrant must be a list of scope names, not "a"' },
  { given: { a: '' }, options: { defaultGrant: null }, told: 'defaultGrant must be a list of scope names, not null' },
  { given: { alpha: '' }, options: { defaultGrant: ['alpah'] }, told: 'defaultGrant names "alpah", which the catalog does not have (did you mean "alpha"?)' },
  { given: { a: '' }, options: { defaultGrant: ['*'] }, told: 'defaultGrant names "*", which the catalog does not have' },
  { given: { a: '' }, options: { defaultGrant: [1] }, told: 'defaultGrant names 1, which the catalog does not have' },
  { given: { a: '' }, options: { defaultGrant: [Object.create(null)] }, told: 'defaultGrant names {}, which the catalog does not have' },
  { given: { a: '', b: { status: 'planned' } }, options: { defaultGrant: ['b'] }, told: 'defaultGrant names "b", which is planned' },
  { given: { a: '' }, options: { presets: [] }, told: 'presets must be an object { name: [scope, ...] }, not []' },
  { given: { a: '' }, options: { presets: null }, told: 'presets must be an object { name: [scope, ...] }, not null' },
  { given: { a: '' }, options: { presets: { x: 'a' } }, told: 'preset "x" must be a list of scope names, not "a"' },
  { given: { a: '', b: { status: 'under-review' } }, options: { presets: { x: ['a', 'b'] } }, told: 'preset "x" names "b", which is under-review' },
  { given: { a: '' }, options: { presets: { x: ['b'] } }, told: 'preset "x" names "b", which the catalog does not have' }
]

t.test('a bad catalog is refused, and told what is wrong', async (t) => {
  for (const { given, options, told } of badCatalogs) {
    const faults = faultsOf(() => defineScopes(given as Entries, options as CatalogOptions))
    t.strictSame(faults, [told], told)
  }
})

t.test('values of any kind are shown on one line', async (t) => {
  const circular: Record<string, unknown> = {}
  circular.self = circular
  const shown: ReadonlyArray<[unknown, string]> = [
    [NaN, 'NaN'], [new Date(NaN), 'Invalid Date'], [Symbol('x'), 'Symbol(x)'], [12n, 'bigint'], [circular, 'object'],
    [Object.assign(() => {}, { toString: () => '() => {\n  return 1\n}' }), '() => { return 1 }'],
    [['x'.repeat(200)], `["${'x'.repeat(77)}…`]
  ]
  for (const [value, text] of shown) {
    t.strictSame(faultsOf(() => defineScopes({ a: { description: value as string } })), [`"a": description must be a string, not ${text}`])
  }
})

t.test('a planned resource can be written down with its alias', async (t) => {
  const { grant } = defineScopes({ x: '', 'dev:all': { status: 'planned', includes: 'dev:*' }, 'dev:read': { status: 'planned' } })
  t.notOk(grant(['dev:all']).covers('dev:read'))
})

t.test('all faults of a catalog are told at once', async (t) => {
  const entries = {
    full: { includes: '*' },
    'bad name': '',
    'x:*': '',
    a: { includes: 'b' },
    b: { includes: 'a' },
    c: { inclodes: 'a', hidden: 1, status: 'on' },
    d: { includes: ['e', 'zzz:*', 'ful'] },
    f: 7,
    soon: { status: 'planned' }
  } as unknown as Entries
  const options = { defaultGrant: ['ful', 'soon'], presets: { p: ['g'] }, preset: {} } as unknown as CatalogOptions
  const faults = [
    `"bad name" ${token}`,
    `"x:*" ${star}`,
    `"c": unknown member "inclodes" (did you mean "includes"?); a scope has ${members}`,
    '"c": hidden must be true or false, not 1',
    `"c": status must be one of ${statuses}, not "on"`,
    `"f": ${entry} 7`,
    '"d": includes "e", which the catalog does not have',
    '"d": includes "zzz:*", a pattern that matches no active scope',
    '"d": includes "ful", which the catalog does not have (did you mean "full"?)',
    circleOf('a', 'b'),
    'unknown option "preset" (did you mean "presets"?)',
    'defaultGrant names "ful", which the catalog does not have (did you mean "full"?)',
    'defaultGrant names "soon", which is planned',
    'preset "p" names "g", which the catalog does not have'
  ]
  t.strictSame(faultsOf(() => defineScopes(entries, options)), faults)
  t.throws(() => defineScopes(entries, options), {
    name: 'ScopeDefinitionError',
    code: 'FST_API_KEY_BAD_SCOPES',
    message: ['bad catalog: 14 faults', ...faults.map(fault => `  - ${fault}`)].join('\n')
  })
  t.throws(() => defineScopes({ 'a b': '' }), { message: `bad catalog: "a b" ${token}` }, 'a single fault stands on the first line')
})

t.test('whatever is given, the answer is a catalog or a ScopeDefinitionError', async () => {
  const anything = fc.anything({ withNullPrototype: true, withSparseArray: true, withDate: true, withBigInt: true, withMap: true })
  const someEntry = fc.oneof(anything, fc.record({ description: anything, includes: anything, status: anything, hidden: anything }, { requiredKeys: [] }))
  const entries = fc.oneof(anything, fc.dictionary(fc.string(), someEntry))
  const options = fc.oneof(anything, fc.record({ defaultGrant: anything, presets: anything }, { requiredKeys: [] }))
  fc.assert(fc.property(entries, options, (entries, options) => {
    try {
      return defineScopes(entries as Entries, options as CatalogOptions).scopes.size > 0
    } catch (error) {
      return error instanceof ScopeDefinitionError && error.faults.length > 0
    }
  }), { numRuns: 2000 })
})

t.test('names that every object has are just names', async (t) => {
  const names = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf']
  const some = defineScopes({ a: '' })
  t.strictSame(some.grant(names).ineffective, names)
  t.notOk(names.some(name => some.grant(names).covers(name)), 'unknown, they grant nothing')
  t.notOk(some.grant(['a', ...names]).covers('__proto__'))
  for (const name of names) {
    t.strictSame(faultsOf(() => some.requirement(name)), [`unknown scope "${name}"`])
    t.strictSame(faultsOf(() => defineScopes({ a: { includes: name } } as Entries)), [`"a": includes "${name}", which the catalog does not have`])
  }

  const all = defineScopes(Object.fromEntries([...names, 'a', 'b'].map(name => [name, name === 'constructor' ? { includes: 'a' } : name])), {
    presets: Object.fromEntries([['__proto__', ['a']]])
  })
  t.strictSame([...all.scopes.keys()], [...names, 'a', 'b'])
  t.strictSame(all.presets.get('__proto__'), ['a'])
  for (const name of names) {
    const opened = [...all.scopes.keys()].filter(other => all.grant([name]).covers(other))
    t.strictSame(opened, name === 'constructor' ? [name, 'a'] : [name], `known, ${name} opens what the catalog says`)
  }
})

t.test('a catalog cannot be changed', async (t) => {
  const includes = ['b']
  const defaultGrant = ['a']
  const catalog = defineScopes({ a: { includes }, b: '', c: '' } as Entries, { defaultGrant, presets: { p: defaultGrant } })
  includes.push('c')
  defaultGrant.push('c')
  t.strictSame(catalog.scopes.get('a')!.includes, ['b'])
  t.strictSame(catalog.defaultGrant, ['a'])
  t.strictSame(catalog.presets.get('p'), ['a'])

  const granted = catalog.grant(['a'])
  const requirement = catalog.requirement({ anyOf: ['a', ['b', 'c']] })
  const frozen = [
    catalog, catalog.defaultGrant, catalog.presets.get('p'), catalog.scopes.get('a'), catalog.scopes.get('a')!.includes,
    granted, granted.names, granted.ineffective, requirement, requirement.names, requirement.alternatives, ...requirement.alternatives
  ]
  for (const [i, part] of frozen.entries()) t.ok(Object.isFrozen(part), `part ${i} is frozen`)

  const names = ['a']
  const own = catalog.grant(names)
  names.push('c')
  t.notOk(own.covers('c'), 'nor can a grant, through the list it was made from')
  t.strictSame(own.names, ['a'])
})

t.test('whoever tampers with the map of scopes opens nothing', async (t) => {
  const catalog = defineScopes({ a: '', b: '', soon: { status: 'planned' } }) as Catalog
  const scopes = catalog.scopes as Map<string, Entry>
  scopes.set('soon', { ...scopes.get('soon')!, status: 'active' })
  scopes.set('new', { ...scopes.get('a')! })
  const granted = catalog.grant(['a', 'soon', 'new'])
  t.strictSame(['a', 'b', 'soon', 'new'].filter(name => granted.covers(name)), ['a'])
})

t.test('thousands of scopes are no trouble, in whatever order and shape', { timeout: 60_000 }, async (t) => {
  const size = 10_000
  const names = Array.from({ length: size }, (_, i) => `scope${i % 100}:${i}`)
  const chain: Array<[string, ScopeEntry]> = names.map((name, i) => [name, { includes: names[i + 1] ?? [] }])
  for (const [title, entries] of [['forwards', chain], ['backwards', chain.toReversed()]] as const) {
    const catalog = defineScopes(Object.fromEntries(entries))
    t.ok(catalog.grant([names[0]!]).covers(names[size - 1]!), `a chain defined ${title} leads to its end`)
    t.notOk(catalog.grant([names[1]!]).covers(names[0]!), 'and not back')
  }
  const ring = chain.map(([name, entry], i): [string, ScopeEntry] => [name, i === size - 1 ? { includes: names[0]! } : entry])
  t.match(faultsOf(() => defineScopes(Object.fromEntries(ring)))[0], /^scopes that include each other in a circle: "scope0:0", "scope1:1"/)

  const flat = defineScopes(Object.fromEntries([['full', { includes: '*' }], ['some', { includes: 'scope7:*' }], ...names.map(name => [name, '']) as Array<[string, string]>]))
  t.ok(names.every(name => flat.grant(['full']).covers(name)))
  const some = flat.grant(['some'])
  t.equal(names.filter(name => some.covers(name)).length, 100)

  const everywhere = defineScopes(Object.fromEntries(names.slice(0, 2000).map(name => [name, { includes: '*' }])))
  t.ok(everywhere.grant([names[5]!]).covers(names[1999]!), 'thousands of scopes that all include all')
})
