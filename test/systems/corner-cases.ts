/** What is subtle about grants: what a list of scopes opens that a store holds, and whether it could be granted today. */
import type { ScopeEntry, ScopeRequirement } from 'fastify-api-key-scopes'

export interface Case {
  readonly title: string
  readonly catalog: { readonly [name: string]: string | ScopeEntry }
  /** What the record in the store says, however that came about. */
  readonly granted: readonly string[]
  readonly opens?: readonly ScopeRequirement[]
  readonly refuses?: readonly Refusal[]
  /** The grant as denials show it. Default: as it stands in the store. */
  readonly shown?: readonly string[]
  /** What happens if somebody asks for this grant today: he is told this, */
  readonly refused?: string
  /** or else a record comes of it that has these scopes. Default: as they were asked for. */
  readonly recorded?: readonly string[]
  readonly missingRequired?: 'add'
}

export interface Refusal {
  readonly demand: ScopeRequirement
  /** After `API key missing required `. */
  readonly told: string
  /** Default: the demand, if it is one scope. */
  readonly required?: readonly string[]
  /** Default: all that is required. */
  readonly missing?: readonly string[]
}

const lacks = (...scopes: readonly string[]): Refusal[] => scopes.map(scope => ({ demand: scope, told: `scope: ${scope}` }))
const old = (replacedBy: string): ScopeEntry => ({ status: 'deprecated', replacedBy })

const CLUSTERS = { full: { includes: '*' }, 'clusters:read': '', 'clusters:write': '', 'clusters:kick': '' } as const

/** None of these is the name of a scope, and all that they open is a route that needs none. */
const LOOKALIKES: { readonly [what: string]: readonly string[] } = {
  'another case': ['Clusters:read', 'clusters:Read', 'CLUSTERS:READ'],
  'white space': [' clusters:read', 'clusters:read ', 'clusters: read', 'clusters:read\n', '\tclusters:read', 'clusters:read\r\n', 'clusters:read\u00A0', 'clusters:read\u2028'],
  'characters that are not seen': ['clusters:read\0', 'clusters:\u200Bread', '\uFEFFclusters:read', 'clusters:read\u00AD', '\u202Eclusters:read', 'clusters:read\uFE0F'],
  'letters that look alike': ['\u0441lusters:read', 'clusters:re\u0430d', 'clusters\uFF1Aread', 'clusters\uA789read', '\uFF43lusters:read'],
  'letters that are the same in another case': ['clu\u017Fters:read', 'clusters:\u212Aick', 'clusters:k\u0131ck', 'clusters:k\u0130ck'],
  'other ways to write the same': ['clusters%3Aread', 'clusters&#58;read', 'clusters:re\\u0061d', '"clusters:read"', 'clusters:read\\'],
  'a part of a name, or more than one': ['clusters', 'clusters:', ':read', 'read', 'clusters:rea', 'clusters:readonly', 'clusters:read:', 'clusters:read:all', ':clusters:read', 'clusters::read', 'clusters.read', 'clusters/read', 'clusters:read:clusters:write'],
  'several in one': ['clusters:read clusters:write', 'clusters:read,clusters:write', 'clusters:read;clusters:write', '["clusters:read"]'],
  patterns: ['*', '**', '*:*', '*:read', 'clusters:*', 'clusters:rea*', 'clusters:rea?', '.*', 'clusters:(read|write)', '%', 'clusters:%', 'full*'],
  nothing: ['', ' ', '\0', '\uD800'],
  'names that every object has': ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'prototype', 'length', '0'],
  'what other languages hold for something': ['null', 'undefined', 'true', 'admin', 'root', 'all', '-1'],
  'what would end a header or a body': ['clusters:read"', 'x", scope="clusters:read', 'x\r\nX-Admin: 1', '"],"grantedScopes":["full"', '</script>']
}

export const CASES: readonly Case[] = [
  ...Object.entries(LOOKALIKES).flatMap(([what, names]) => names.map((name): Case => ({
    title: `${what}: ${inAscii(name)}`,
    catalog: CLUSTERS,
    granted: [name],
    opens: [[]],
    refuses: [...lacks('clusters:read', 'clusters:write', 'clusters:kick', 'full'), { demand: { anyOf: ['clusters:read', 'clusters:kick'] }, told: 'scope: one of clusters:read, clusters:kick', required: ['clusters:read', 'clusters:kick'] }],
    refused: 'unknown scope'
  }))),

  {
    title: 'a good name among bad ones opens what it opens alone',
    catalog: CLUSTERS,
    granted: ['clusters:*', 'clusters:read', 'CLUSTERS:WRITE', 'gone:away'],
    opens: ['clusters:read'],
    refuses: [...lacks('clusters:write', 'full'), { demand: ['clusters:read', 'clusters:write'], told: 'scope: clusters:write', required: ['clusters:read', 'clusters:write'], missing: ['clusters:write'] }],
    refused: 'unknown scope "clusters:*"'
  },
  { title: 'nothing granted opens what needs nothing', catalog: CLUSTERS, granted: [], opens: [[]], refuses: lacks('clusters:read', 'full') },
  { title: 'the same twice is once', catalog: CLUSTERS, granted: ['clusters:read', 'clusters:read'], opens: ['clusters:read'], refuses: lacks('clusters:write'), shown: ['clusters:read'], recorded: ['clusters:read'] },
  { title: 'an alias is shown as it was granted, not as what it opens', catalog: { ...CLUSTERS, 'api:read': { includes: '*:read' } }, granted: ['api:read'], opens: ['clusters:read', 'api:read'], refuses: lacks('clusters:write') },
  { title: 'all of the parts are not the whole', catalog: CLUSTERS, granted: ['clusters:read', 'clusters:write', 'clusters:kick'], opens: [['clusters:read', 'clusters:write', 'clusters:kick']], refuses: lacks('full') },

  // Names that begin alike, and names that look like something else.
  { title: 'spaces:* and spaces_key:*', catalog: { 'spaces:all': { includes: 'spaces:*' }, 'spaces:read': '', 'spaces_key:read': '', 'spaces_keys:read': '', spaces: '' }, granted: ['spaces:all'], opens: ['spaces:read', 'spaces:all'], refuses: lacks('spaces_key:read', 'spaces_keys:read', 'spaces') },
  { title: 'spaces_key:* and spaces:*', catalog: { 'spaces_key:all': { includes: 'spaces_key:*' }, 'spaces:read': '', 'spaces_key:read': '', 'spaces_keys:read': '' }, granted: ['spaces_key:all'], opens: ['spaces_key:read'], refuses: lacks('spaces:read', 'spaces_keys:read') },
  { title: 'audit-logs, audit_logs and auditlogs', catalog: { 'audit-logs:list': '', 'audit_logs:list': '', 'auditlogs:list': '', 'audit.logs:list': '' }, granted: ['audit_logs:list'], opens: ['audit_logs:list'], refuses: lacks('audit-logs:list', 'auditlogs:list', 'audit.logs:list') },
  { title: 'two scopes that differ in case alone', catalog: { 'users:read': '', 'Users:read': '', 'users:Read': '' }, granted: ['Users:read'], opens: ['Users:read'], refuses: lacks('users:read', 'users:Read') },
  { title: 'a URL and one that goes on', catalog: { 'https://api.example/drive': '', 'https://api.example/drive.file': '', 'https://api.example/drive/': '', 'http://api.example/drive': '', 'https://API.example/drive': '' }, granted: ['https://api.example/drive'], opens: ['https://api.example/drive'], refuses: lacks('https://api.example/drive.file', 'https://api.example/drive/', 'http://api.example/drive', 'https://API.example/drive') },
  { title: 'segments that are empty', catalog: { a: '', 'a:': '', ':a': '', 'a::b': '', 'a:b': '', ':': '' }, granted: ['a:'], opens: ['a:'], refuses: lacks('a', ':a', 'a::b', 'a:b', ':') },
  { title: 'names that are numbers to JavaScript', catalog: { 10: '', 2: '', '02': '', '2.0': '', '1e1': '', '-0': '', 0: '' }, granted: ['2'], opens: ['2'], refuses: [...lacks('10', '02', '2.0', '1e1', '-0', '0'), { demand: ['10', '2', '02'], told: 'scopes: 10, 02', required: ['10', '2', '02'], missing: ['10', '02'] }] },
  { title: 'names that every object has are names', catalog: Object.fromEntries(['__proto__', 'constructor', 'toString'].map(name => [name, ''])), granted: ['constructor'], opens: ['constructor'], refuses: lacks('__proto__', 'toString') },
  { title: 'long names that differ at the end', catalog: { [`a:${'x'.repeat(2000)}1`]: '', [`a:${'x'.repeat(2000)}2`]: '' }, granted: [`a:${'x'.repeat(2000)}1`], opens: [`a:${'x'.repeat(2000)}1`], refuses: lacks(`a:${'x'.repeat(2000)}2`) },
  { title: 'a star within a segment is a letter', catalog: { 'files:*.txt': '', 'files:a.txt': '', 'files:**': '' }, granted: ['files:*.txt'], opens: ['files:*.txt'], refuses: lacks('files:a.txt', 'files:**') },

  // What is not in force yet.
  { title: 'a planned scope in a store opens nothing, nor what it includes', catalog: { 'reports:read': { status: 'planned', includes: ['clusters:read', 'clusters:*'] }, ...CLUSTERS }, granted: ['reports:read'], opens: [[]], refuses: lacks('clusters:read', 'clusters:write', 'full'), refused: 'scope "reports:read" is planned and cannot be granted yet' },
  { title: 'one under review neither', catalog: { 'users:read': { status: 'under-review', includes: 'full' }, ...CLUSTERS }, granted: ['users:read', 'clusters:read'], opens: ['clusters:read'], refuses: lacks('clusters:write', 'full'), refused: 'scope "users:read" is under-review and cannot be granted yet' },
  { title: 'what a planned scope would have led to stays shut', catalog: { top: { includes: 'soon' }, soon: { status: 'planned', includes: 'deep' }, deep: '' }, granted: ['top'], opens: ['top'], refuses: lacks('deep') },

  // What is called otherwise today.
  { title: 'the old name opens the new one, and itself', catalog: { 'function:admin': '', 'functions:admin': old('function:admin'), 'function:read': '' }, granted: ['functions:admin'], opens: ['function:admin', 'functions:admin', ['functions:admin', 'function:admin'], { anyOf: ['functions:admin', 'function:read'] }], refuses: lacks('function:read'), shown: ['function:admin'] },
  { title: 'the new name opens the old one', catalog: { 'function:admin': '', 'functions:admin': old('function:admin'), 'function:read': '' }, granted: ['function:admin'], opens: ['function:admin', 'functions:admin'], refuses: lacks('function:read') },
  {
    title: 'a denial uses the new name alone',
    catalog: { new: '', old: old('new'), a: '', b: '' },
    granted: ['a', 'gone'],
    refuses: [
      { demand: 'old', told: 'scope: new', required: ['new'] },
      { demand: ['old', 'a', 'new'], told: 'scope: new', required: ['new', 'a'], missing: ['new'] },
      { demand: { anyOf: ['old', 'new'] }, told: 'scope: new', required: ['new'] },
      { demand: { anyOf: ['old', ['b', 'new']] }, told: 'scope: one of new, b + new', required: ['new', 'b'] }
    ],
    refused: 'unknown scope "gone"'
  },
  { title: 'both names in one grant are shown as one, and kept as they are', catalog: { new: '', old: old('new'), a: '' }, granted: ['old', 'new'], opens: ['new', 'old'], refuses: lacks('a'), shown: ['new'] },
  { title: 'a name that was replaced twice', catalog: { third: '', second: old('third'), first: old('second'), other: '' }, granted: ['first'], opens: ['first', 'second', 'third'], refuses: lacks('other'), shown: ['third'] },
  { title: 'the name in the middle opens both ends', catalog: { third: '', second: old('third'), first: old('second'), other: '' }, granted: ['second'], opens: ['first', 'third'], refuses: lacks('other'), shown: ['third'] },
  { title: 'the old name opens what the new one includes', catalog: { manage: { includes: 'x:*' }, admin: old('manage'), 'x:a': '', y: '' }, granted: ['admin'], opens: ['x:a', 'manage'], refuses: lacks('y'), shown: ['manage'] },
  { title: 'a name that looks like the old one is not', catalog: { 'spaces_key:create': '', 'spaces_keys:create': old('spaces_key:create') }, granted: ['spaces_key:creates', 'spaces_keyss:create'], refuses: [{ demand: 'spaces_keys:create', told: 'scope: spaces_key:create', required: ['spaces_key:create'] }], refused: 'unknown scope "spaces_key:creates" (did you mean "spaces_key:create"?)' },
  { title: 'a pattern finds the old name, and opens the new one in another resource', catalog: { legacy: { includes: 'old:*' }, 'old:thing': old('new:thing'), 'new:thing': '', 'new:other': '' }, granted: ['legacy'], opens: ['new:thing', 'old:thing'], refuses: lacks('new:other') },
  { title: 'but the new name does not open its old neighbours', catalog: { 'old:thing': old('new:thing'), 'old:other': '', 'new:thing': '' }, granted: ['new:thing'], opens: ['old:thing'], refuses: lacks('old:other') },
  { title: 'deprecated without a replacement, it goes on', catalog: { going: { status: 'deprecated', includes: 'a' }, a: '', b: '' }, granted: ['going'], opens: ['going', 'a'], refuses: lacks('b') },

  // What leads to what.
  { title: 'inclusion leads across resources one way', catalog: { 'clusters:write': { includes: 'clouds:read' }, 'clouds:read': '', 'clouds:write': { includes: 'regions:read' }, 'regions:read': '' }, granted: ['clusters:write'], opens: ['clouds:read'], refuses: lacks('clouds:write', 'regions:read') },
  { title: 'and not back', catalog: { 'clusters:write': { includes: 'clouds:read' }, 'clouds:read': '', 'clusters:read': '' }, granted: ['clouds:read'], opens: ['clouds:read'], refuses: lacks('clusters:write', 'clusters:read') },
  { title: 'resources that include each other by patterns are one', catalog: { 'a:admin': { includes: 'b:*' }, 'a:x': '', 'b:admin': { includes: 'a:*' }, 'b:x': '', 'c:x': '' }, granted: ['a:admin'], opens: ['a:x', 'b:x', 'b:admin'], refuses: lacks('c:x') },
  { title: 'but their parts are not', catalog: { 'a:admin': { includes: 'b:*' }, 'a:x': '', 'b:admin': { includes: 'a:*' }, 'b:x': '' }, granted: ['b:x', 'a:x'], opens: [['a:x', 'b:x']], refuses: lacks('a:admin', 'b:admin') },
  { title: 'an alias that matches its own pattern opens itself, and what its matches include', catalog: { 'api:read': { includes: '*:read' }, 'billing:read': { includes: 'invoices:list' }, 'invoices:list': '', 'invoices:write': '' }, granted: ['api:read'], opens: ['api:read', 'billing:read', 'invoices:list'], refuses: lacks('invoices:write') },
  { title: 'one of its matches does not open the alias', catalog: { 'api:read': { includes: '*:read' }, 'billing:read': '', 'clusters:read': '' }, granted: ['billing:read'], opens: ['billing:read'], refuses: lacks('api:read', 'clusters:read') },
  { title: 'an alias of two segments does not reach three', catalog: { 'api:read': { includes: '*:read' }, 'config:read': '', 'config:secrets:read': '', read: '' }, granted: ['api:read'], opens: ['config:read'], refuses: lacks('config:secrets:read', 'read') },
  { title: 'nor to names that go on', catalog: { settings: { includes: '*:config' }, 'a:config': '', 'a:config:write': '', 'a:configuration': '', 'a:con': '' }, granted: ['settings'], opens: ['a:config'], refuses: lacks('a:config:write', 'a:configuration', 'a:con') },
  { title: 'two segments or more are not a URL', catalog: { 'two:more': { includes: '*:*' }, 'a:b:c': '', 'https://api.example/a:b': '' }, granted: ['two:more'], opens: ['a:b:c'], refuses: lacks('https://api.example/a:b') },
  {
    title: 'half of one alternative and none of the other',
    catalog: { a: '', b: '', c: '', d: '' },
    granted: ['a', 'd'],
    opens: [{ anyOf: [['a', 'b'], 'd'] }, { anyOf: ['c', ['a', 'd']] }],
    refuses: [
      { demand: { anyOf: [['a', 'b'], 'c'] }, told: 'scope: one of a + b, c', required: ['a', 'b', 'c'], missing: ['b', 'c'] },
      { demand: { anyOf: [['a', 'b'], ['c', 'd']] }, told: 'scope: one of a + b, c + d', required: ['a', 'b', 'c', 'd'], missing: ['b', 'c'] }
    ]
  },

  // What must be granted together is asked when it is granted, and never after.
  { title: 'a scope without what it requires opens what it opens', catalog: { a: { requires: 'b' }, b: '' }, granted: ['a'], opens: ['a'], refuses: lacks('b'), refused: 'these require: "b" (required by "a")' },
  { title: 'with it, it can be granted', catalog: { a: { requires: 'b' }, b: '' }, granted: ['a', 'b'], opens: [['a', 'b']] },
  { title: 'what is required does not require back', catalog: { a: { requires: 'b' }, b: '' }, granted: ['b'], opens: ['b'], refuses: lacks('a') },
  { title: 'scopes that require each other come together', catalog: { a: { requires: 'b' }, b: { requires: 'a' } }, granted: ['b'], opens: ['b'], refuses: lacks('a'), refused: 'these require: "a" (required by "b")' },
  { title: 'or both', catalog: { a: { requires: 'b' }, b: { requires: 'a' } }, granted: ['b', 'a'], opens: [['a', 'b']] },
  { title: 'a scope that requires itself is content with itself', catalog: { a: { requires: 'a' }, b: '' }, granted: ['a'], opens: ['a'], refuses: lacks('b') },
  { title: 'a chain of three is told whole', catalog: { a: { requires: 'b' }, b: { requires: 'c' }, c: '' }, granted: ['a'], opens: ['a'], refuses: lacks('b', 'c'), refused: 'these require: "b" (required by "a"), "c" (required by "b")' },
  { title: 'or added, in that order', missingRequired: 'add', catalog: { a: { requires: 'b' }, b: { requires: 'c' }, c: '' }, granted: ['a'], recorded: ['a', 'b', 'c'] },
  { title: 'nothing is added to what is complete', missingRequired: 'add', catalog: { a: { requires: 'b' }, b: { requires: 'a' }, full: { includes: '*' } }, granted: ['full', 'a'], opens: ['b'] },
  { title: 'what cannot be granted is not added to', missingRequired: 'add', catalog: { a: { requires: 'b' }, b: '' }, granted: ['a', 'A'], opens: ['a'], refuses: lacks('b'), refused: 'unknown scope "A"' },
  { title: 'something that includes what is required will do', catalog: { a: { requires: 'x:read' }, 'x:read': '', 'x:all': { includes: 'x:*' } }, granted: ['a', 'x:all'], opens: ['x:read'] },
  { title: 'an alias is not asked for what its parts require', catalog: { all: { includes: 'x:*' }, 'x:a': { requires: 'b' }, b: '' }, granted: ['all'], opens: ['x:a'], refuses: lacks('b') },
  { title: 'the new name will do where the old one is required', catalog: { a: { requires: 'old' }, new: '', old: old('new') }, granted: ['a', 'new'], opens: ['a', 'old'] },
  { title: 'and the old one where the new one is', catalog: { a: { requires: 'new' }, new: '', old: old('new') }, granted: ['old', 'a'], opens: ['a', 'new'], shown: ['new', 'a'] },
  { title: 'what is missing is told by its new name', catalog: { a: { requires: 'old' }, new: '', old: old('new') }, granted: ['a'], refuses: lacks('new'), refused: 'these require: "new" (required by "a")' },
  { title: 'and added by it', missingRequired: 'add', catalog: { a: { requires: 'old' }, new: '', old: old('new') }, granted: ['a'], recorded: ['a', 'new'] },
  { title: 'the old name requires what the new one does', catalog: { new: { requires: 'b' }, old: old('new'), b: '' }, granted: ['old'], opens: ['new'], refuses: lacks('b'), shown: ['new'], refused: 'these require: "b" (required by "new")' }
]

function inAscii (name: string): string {
  return JSON.stringify(name).replace(/[^ -~]/g, character => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

/** Lists that are no lists of names: nobody can ask for them, and a key whose record has one is no key. */
export const NO_GRANTS: readonly unknown[] = [
  [['clusters:read']], [1], [null], [true], [{}], [{ 0: 'clusters:read' }], ['clusters:read', ['clusters:write']], [['full'], 'clusters:read'],
  'clusters:read', '', 'full', '*', null, 1, true, {}, { 0: 'full', length: 1 }, { full: true }
]
