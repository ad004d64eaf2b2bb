// The comparison with the oracle runs on RUNS catalogs (default 2,000), with 100 pairs of a grant and a requirement
// each. In full, 10 million pairs: RUNS=100000 npx tap --timeout=0 test/scopes/requirement.test.ts
import fc from 'fast-check'
import t from 'tap'
import { defineScopes } from '../../lib/scopes/catalog.js'
import { allOf, type ScopeRequirement } from '../../lib/scopes/requirement.js'
import { faultsOf } from './faults-of.js'
import { compiled, fits, someCatalog, someName, type Scope } from './random-catalogs.js'

const numRuns = Number(process.env.RUNS ?? 2_000)

/* The oracle: like `fits`, it shares nothing with lib, and is as naive as can be. */

function opened (catalog: readonly Scope[], grant: readonly string[]): Set<string> {
  const active = catalog.filter(scope => scope.active)
  const open = new Set(active.map(scope => scope.name).filter(name => grant.includes(name)))
  for (let before = -1; before !== open.size;) {
    before = open.size
    for (const { name, includes, replacedBy } of active) {
      // Two spellings of one scope include each other.
      const opens = (other: Scope) => includes.some(item => fits(item, other.name)) || replacedBy === other.name || other.replacedBy === name
      if (open.has(name)) active.filter(opens).forEach(other => open.add(other.name))
    }
  }
  return open
}

function today (catalog: readonly Scope[], name: string): string {
  const replacedBy = catalog.find(scope => scope.name === name)?.replacedBy
  return replacedBy == null ? name : today(catalog, replacedBy)
}

type Demand = ScopeRequirement

/** Grants also name scopes that the catalog does not have; requirements cannot. */
const someMeeting = someCatalog.chain(catalog => {
  const active = catalog.filter(scope => scope.active).map(scope => scope.name)
  const name = fc.constantFrom(...active.length > 0 ? active : [''])
  const all = fc.oneof(name, fc.array(name, { minLength: 1, maxLength: 3 }))
  const demand: fc.Arbitrary<Demand> = active.length === 0
    ? fc.constant([])
    : fc.oneof(all, fc.constant([]), fc.array(all, { minLength: 1, maxLength: 3 }).map(anyOf => ({ anyOf })))
  return fc.record({
    catalog: fc.constant(catalog),
    grants: fc.array(fc.array(fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...catalog.map(scope => scope.name)) }, { weight: 1, arbitrary: someName }), { maxLength: 4 }), { minLength: 10, maxLength: 10 }),
    demands: fc.array(demand, { minLength: 10, maxLength: 10 })
  })
})

function alternativesOf (demand: Demand): ReadonlyArray<readonly string[]> {
  const list = typeof demand === 'object' && 'anyOf' in demand ? demand.anyOf : [demand]
  return list.map(all => typeof all === 'string' ? [all] : all)
}

t.test('a grant meets a requirement exactly when the naive oracle says so', { timeout: 0 }, async (t) => {
  let met = 0
  let pairs = 0
  fc.assert(fc.property(someMeeting, ({ catalog, grants, demands }) => {
    const { grant, requirement } = compiled(catalog)
    const required = demands.map(demand => ({ missing: requirement(demand).missing, alternatives: alternativesOf(demand) }))
    for (const names of grants) {
      const open = opened(catalog, names)
      const granted = grant(names)
      if (catalog.some(({ name }) => granted.covers(name) !== open.has(name))) return false
      if (String(granted.ineffective) !== String(names.filter(name => !catalog.some(scope => scope.active && scope.name === name)))) return false
      if (String(granted.current) !== String([...new Set(names.map(name => today(catalog, name)))])) return false
      for (const { missing, alternatives } of required) {
        const expected = alternatives.some(all => all.every(name => open.has(name)))
        const lacks = missing(granted)
        pairs++
        if (expected) met++
        if ((lacks === null) !== expected) return false
        if (lacks !== null && String(lacks.scopes) !== String([...new Set(alternatives.flat().filter(name => !open.has(name)).map(name => today(catalog, name)))])) return false
      }
    }
    return true
  }), { numRuns })
  t.equal(pairs, numRuns * 100)
  t.ok(met > pairs / 20 && met < pairs * 19 / 20, `both answers are common: ${met} of ${pairs} were met`)
})

t.test('the oracle itself can tell right from wrong', async (t) => {
  const catalog: Scope[] = [
    { name: 'full', includes: ['a:*'], active: true, replacedBy: null },
    { name: 'a:b', includes: ['c'], active: true, replacedBy: null },
    { name: 'c', includes: [], active: true, replacedBy: null },
    { name: 'a:d', includes: [], active: false, replacedBy: null },
    { name: 'old', includes: [], active: true, replacedBy: 'older' },
    { name: 'older', includes: [], active: true, replacedBy: 'a:b' }
  ]
  t.strictSame([...opened(catalog, ['full'])].sort(), ['a:b', 'c', 'full', 'old', 'older'])
  t.strictSame([...opened(catalog, ['old'])].sort(), ['a:b', 'c', 'old', 'older'])
  t.strictSame([...opened(catalog, ['c'])], ['c'])
  t.strictSame([today(catalog, 'old'), today(catalog, 'c'), today(catalog, 'gone')], ['a:b', 'c', 'gone'])
  t.strictSame([...opened(catalog, ['a:d', 'other'])], [])
  t.notOk(fits('a:*', 'ab:c') || fits('*', 'a') === false || fits('*:b', 'https://b') || fits('a:*:c', 'a:c'))
})

t.test('adding a scope to a grant never takes anything away', async () => {
  fc.assert(fc.property(someMeeting, someName, ({ catalog, grants, demands }, more) => {
    const { grant, requirement } = compiled(catalog)
    const required = demands.map(demand => requirement(demand))
    return grants.every((names, i) => {
      const granted = grant(names)
      const met = required.filter(({ missing }) => missing(granted) === null)
      return [more, ...grants[(i + 1) % grants.length]!].every(added => {
        const granted = grant([...names, added])
        return met.every(({ missing }) => missing(granted) === null)
      })
    })
  }), { numRuns: Math.ceil(numRuns / 4) })
})

t.test('order and repetition change nothing, in a grant or a requirement', async () => {
  fc.assert(fc.property(someMeeting, ({ catalog, grants, demands }) => {
    const { grant, requirement } = compiled(catalog)
    const granted = grants.map(names => [names, names.toReversed(), [...names, ...names]].map(grant))
    return demands.every(demand => {
      const twice = alternativesOf(demand).map(all => [...all, ...all].reverse()).reverse()
      const required = [demand, twice.length === 1 ? twice[0]! : { anyOf: [...twice, ...twice] }].map(requirement)
      return granted.every(same => new Set(required.flatMap(({ missing }) => same.map(one => missing(one) === null))).size === 1)
    })
  }), { numRuns: Math.ceil(numRuns / 4) })
})

t.test('an empty grant meets nothing but the empty requirement', async (t) => {
  const { grant, requirement } = defineScopes({ full: { includes: '*' }, a: '', b: '' })
  const none = grant([])
  t.strictSame([none.names, none.ineffective], [[], []])
  for (const demand of ['a', ['a'], ['a', 'b'], { anyOf: ['a', 'b'] }, { anyOf: [['a', 'b']] }]) t.not(requirement(demand).missing(none), null)
  t.equal(requirement([]).missing(none), null)
  t.strictSame([requirement([]).names, requirement([]).alternatives], [[], [[]]])
})

t.test('a grant tells which of its names have no effect', async (t) => {
  const { grant } = defineScopes({ a: '', soon: { status: 'planned' }, asked: { status: 'under-review' } })
  const granted = grant(['soon', 'a', 'gone', 'asked', '*', 'a:*', 'soon'])
  t.strictSame(granted.names, ['soon', 'a', 'gone', 'asked', '*', 'a:*', 'soon'])
  t.strictSame(granted.ineffective, ['soon', 'gone', 'asked', '*', 'a:*', 'soon'], 'a pattern in a grant opens nothing')
  t.ok(granted.covers('a'))
  t.notOk(granted.covers('gone') || granted.covers('soon') || granted.covers('*'))
})

// The catalog: a, b, c and ab, which includes a and b.
const texts: ReadonlyArray<{ demand: Demand, grant: string[], missing: { scopes: string[], text: string } | null }> = [
  { demand: 'a', grant: [], missing: { scopes: ['a'], text: 'scope: a' } },
  { demand: 'a', grant: ['ab'], missing: null },
  { demand: ['a'], grant: ['b'], missing: { scopes: ['a'], text: 'scope: a' } },
  { demand: ['a', 'b'], grant: [], missing: { scopes: ['a', 'b'], text: 'scopes: a, b' } },
  { demand: ['b', 'a'], grant: [], missing: { scopes: ['b', 'a'], text: 'scopes: b, a' } },
  { demand: ['a', 'b', 'c'], grant: ['ab'], missing: { scopes: ['c'], text: 'scope: c' } },
  { demand: ['a', 'a'], grant: [], missing: { scopes: ['a'], text: 'scope: a' } },
  { demand: { anyOf: ['a', 'b'] }, grant: ['c'], missing: { scopes: ['a', 'b'], text: 'scope: one of a, b' } },
  { demand: { anyOf: ['a', 'b'] }, grant: ['b'], missing: null },
  { demand: { anyOf: ['a', ['b', 'c']] }, grant: [], missing: { scopes: ['a', 'b', 'c'], text: 'scope: one of a, b + c' } },
  { demand: { anyOf: ['a', ['b', 'c']] }, grant: ['b'], missing: { scopes: ['a', 'c'], text: 'scope: one of a, b + c' } },
  { demand: { anyOf: [['a', 'c'], ['b', 'c']] }, grant: ['ab'], missing: { scopes: ['c'], text: 'scope: one of a + c, b + c' } },
  { demand: { anyOf: [['a', 'b']] }, grant: [], missing: { scopes: ['a', 'b'], text: 'scopes: a, b' } },
  { demand: { anyOf: ['a'] }, grant: [], missing: { scopes: ['a'], text: 'scope: a' } }
]

t.test('what is missing is told by name, and in a text for people', async (t) => {
  const { grant, requirement } = defineScopes({ a: '', b: '', c: '', ab: { includes: ['a', 'b'] } })
  for (const { demand, grant: names, missing } of texts) {
    t.strictSame(requirement(demand).missing(grant(names)), missing, `${JSON.stringify(demand)} with ${names.join(', ') || 'nothing'}`)
  }
  const required = requirement({ anyOf: ['b', ['a', 'c', 'a'], 'b'] })
  t.strictSame(required.names, ['b', 'a', 'c'], 'names are listed once')
  t.strictSame(required.alternatives, [['b'], ['a', 'c']], 'and alternatives too')
})

// Several requirements at once, each of which must be met. The catalog is the same.
const together: ReadonlyArray<{ demands: Demand[], grant: string[], missing: { scopes: string[], text: string } | null }> = [
  { demands: ['a'], grant: ['a'], missing: null },
  { demands: ['a', 'b'], grant: ['ab'], missing: null },
  { demands: ['a', 'b'], grant: ['a'], missing: { scopes: ['b'], text: 'scope: b' } },
  { demands: ['a', ['b', 'c']], grant: [], missing: { scopes: ['a', 'b', 'c'], text: 'scopes: a, b, c' } },
  { demands: [['a', 'b'], ['b', 'c']], grant: [], missing: { scopes: ['a', 'b', 'c'], text: 'scopes: a, b, c' } },
  { demands: [[], 'a'], grant: [], missing: { scopes: ['a'], text: 'scope: a' } },
  { demands: ['a', { anyOf: ['b', 'c'] }], grant: ['a'], missing: { scopes: ['b', 'c'], text: 'scope: one of b, c' } },
  { demands: ['a', { anyOf: ['b', 'c'] }], grant: ['c'], missing: { scopes: ['a'], text: 'scope: a' } },
  { demands: ['a', { anyOf: ['b', 'c'] }], grant: [], missing: { scopes: ['a', 'b', 'c'], text: 'scopes: a and one of b, c' } },
  { demands: [['a', 'b'], { anyOf: ['c', ['a', 'b']] }], grant: [], missing: { scopes: ['a', 'b', 'c'], text: 'scopes: a, b and one of c, a + b' } },
  { demands: [{ anyOf: ['a', 'b'] }, { anyOf: ['b', 'c'] }], grant: [], missing: { scopes: ['a', 'b', 'c'], text: 'scopes: one of a, b and one of b, c' } }
]

t.test('of what a grant lacks, a requirement answers the same each time, and nobody can change it', async (t) => {
  const { grant, requirement } = defineScopes({ a: '', b: '' })
  const [demand, bare] = [requirement(['a', 'b']), grant([])]
  const shortfall = demand.missing(bare)!
  t.equal(demand.missing(bare), shortfall)
  t.throws(() => { (shortfall.scopes as string[]).push('c') }, TypeError)
  t.throws(() => { (shortfall as { text: string }).text = '' }, TypeError)
  t.not(demand.missing(grant([])), shortfall, 'each grant has its own')
  t.strictSame(demand.missing(grant(['a'])), { scopes: ['b'], text: 'scope: b' })
  t.strictSame(requirement('a').missing(bare), { scopes: ['a'], text: 'scope: a' })
})

t.test('of several requirements, all that is missing is told at once', async (t) => {
  const { grant, requirement } = defineScopes({ a: '', b: '', c: '', ab: { includes: ['a', 'b'] } })
  for (const { demands, grant: names, missing } of together) {
    t.strictSame(allOf(demands.map(demand => requirement(demand))).missing(grant(names)), missing, `${JSON.stringify(demands)} with ${names.join(', ') || 'nothing'}`)
  }
  t.strictSame(allOf(['b', ['a', 'b'], 'c'].map(requirement)).names, ['b', 'a', 'c'])
})

t.test('several requirements are met exactly when each of them is', async () => {
  fc.assert(fc.property(someMeeting, ({ catalog, grants, demands }) => {
    const { grant, requirement } = compiled(catalog)
    const required = demands.slice(0, 3).map(requirement)
    return grants.map(grant).every(granted => (allOf(required).missing(granted) === null) === required.every(one => one.missing(granted) === null))
  }), { numRuns: Math.ceil(numRuns / 4) })
})

const forms = 'a scope name, a list of them (all needed; an empty list: any valid key), or { anyOf: [...] }'
const one = 'anyOf must be a list with at least one alternative, not'

const badDemands: ReadonlyArray<{ demand: unknown, faults: string[] }> = [
  { demand: undefined, faults: [`scopes must be ${forms}, not undefined`] },
  { demand: null, faults: [`scopes must be ${forms}, not null`] },
  { demand: true, faults: [`scopes must be ${forms}, not true`] },
  { demand: 7, faults: [`scopes must be ${forms}, not 7`] },
  { demand: new Set(['reads']), faults: [`scopes must be ${forms}, not {}`] },
  { demand: '', faults: ['unknown scope ""'] },
  { demand: 'read', faults: ['unknown scope "read" (did you mean "reads"?)'] },
  { demand: 'Reads', faults: ['unknown scope "Reads" (did you mean "reads"?)'] },
  { demand: 'reads ', faults: ['unknown scope "reads " (did you mean "reads"?)'] },
  { demand: 'reads writes', faults: ['unknown scope "reads writes"'] },
  { demand: '*', faults: ['unknown scope "*"'] },
  { demand: 'soon', faults: ['scope "soon" is planned; no route can demand it until it is active'] },
  { demand: ['asked'], faults: ['scope "asked" is under-review; no route can demand it until it is active'] },
  { demand: [1, null, ['reads']], faults: ['a scope must be a string, not 1', 'a scope must be a string, not null', 'a scope must be a string, not ["reads"]'] },
  // eslint-disable-next-line no-sparse-arrays
  { demand: [, 'reads'], faults: ['a scope must be a string, not undefined'] },
  { demand: {}, faults: [`${one} undefined`] },
  { demand: { anyOf: [] }, faults: [`${one} []`] },
  { demand: { anyOf: 'reads' }, faults: [`${one} "reads"`] },
  { demand: { anyOf: [[]] }, faults: ['anyOf has an empty alternative, which every key would meet; if that is meant, write scopes: []'] },
  { demand: { anyOf: ['reads', []] }, faults: ['anyOf has an empty alternative, which every key would meet; if that is meant, write scopes: []'] },
  { demand: { anyOf: [{ anyOf: ['reads'] }] }, faults: ['a scope must be a string, not {"anyOf":["reads"]}'] },
  { demand: { anyOf: [['reads', ['writes']]] }, faults: ['a scope must be a string, not ["writes"]'] },
  { demand: { anyof: ['reads'] }, faults: [`unknown member "anyof" (did you mean "anyOf"?); scopes must be ${forms}`, `${one} undefined`] },
  { demand: { anyOf: ['reads'], allOf: ['writes'] }, faults: [`unknown member "allOf" (did you mean "anyOf"?); scopes must be ${forms}`] },
  { demand: { anyOf: ['raeds', ['soon', 'wriets']] }, faults: ['unknown scope "raeds" (did you mean "reads"?)', 'scope "soon" is planned; no route can demand it until it is active', 'unknown scope "wriets" (did you mean "writes"?)'] }
]

t.test('a requirement that cannot be meant is refused, and told what is wrong', async (t) => {
  const { requirement } = defineScopes({ reads: '', writes: '', soon: { status: 'planned' }, asked: { status: 'under-review' } })
  for (const { demand, faults } of badDemands) {
    t.strictSame(faultsOf(() => requirement(demand as Demand)), faults, faults[0]!)
  }
  t.throws(() => requirement(['raeds']), { code: 'FST_API_KEY_BAD_SCOPES', message: 'bad scopes: unknown scope "raeds" (did you mean "reads"?)' })
})

t.test('a requirement cannot be changed through what it was made from', async (t) => {
  const { grant, requirement } = defineScopes({ a: '', b: '' })
  const anyOf = ['a']
  const list = ['a', 'b']
  const required = [requirement({ anyOf }), requirement(list)]
  anyOf.push('b')
  list.pop()
  t.ok(required.every(({ missing }) => missing(grant(['b'])) !== null))
  t.not(required[1]!.missing(grant(['a'])), null)
})

t.test('names are compared byte for byte', async (t) => {
  const { grant, requirement } = defineScopes({ order: '', orders: '', Order: '', 'order:': '', 'x:order': '' })
  for (const name of ['order', 'orders', 'Order', 'order:', 'x:order']) {
    for (const other of ['order', 'orders', 'Order', 'order:', 'x:order']) {
      t.equal(requirement(name).missing(grant([other])) === null, name === other, `${other} for ${name}`)
    }
  }
  const near = [' order', 'order ', 'ORDER', 'ordeR', 'órder'.normalize('NFC'), 'órder'.normalize('NFD'), 'order\0', '\uFEFForder', 'оrder']
  t.strictSame(grant(near).ineffective, near, 'nothing is trimmed, folded or normalised')
  t.ok(near.every(name => requirement('order').missing(grant([name])) !== null))
})
