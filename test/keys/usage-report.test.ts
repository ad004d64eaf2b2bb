// The properties run on RUNS catalogs each (default 500). In full: RUNS=20000 npx tap --timeout=0 test/keys/usage-report.test.ts
import fc from 'fast-check'
import t from 'tap'
import type { ApiKeyRecord } from '../../lib/keys/record.js'
import { textsOf } from '../../lib/keys/usage/demands.js'
import { reportUsage } from '../../lib/keys/usage/report.js'
import { defineScopes, type Catalog, type ScopeEntry } from '../../lib/scopes/catalog.js'
import type { ScopeRequirement } from '../../lib/scopes/requirement.js'
import { sampleKey } from '../../lib/testing/store-cases/store-case.js'

const numRuns = Number(process.env.RUNS ?? 500)

type Seen = ReadonlyArray<readonly [demand: ScopeRequirement, at: number]>

/** What is reported of a key that has met these demands; a time is a number of days. */
function report (catalog: Catalog, scopes: readonly string[], seen: Seen, unusedSince: number | null = null, key: Partial<ApiKeyRecord> = {}) {
  const texts = new Map<string, Date>()
  for (const [demand, at] of seen) {
    for (const text of textsOf(catalog.requirement(demand))) texts.set(text, new Date(Math.max(day(at).getTime(), texts.get(text)?.getTime() ?? 0)))
  }
  return reportUsage(sampleKey({ scopes, createdAt: day(0), ...key }), texts, unusedSince === null ? null : day(unusedSince), catalog)
}

const day = (days: number) => new Date(Date.UTC(2026, 0, 1) + days * 86_400_000)

/** `name` for a scope that was never needed, `name 5` for one that was last needed on day 5. */
const told = ({ scopes }: ReturnType<typeof report>) => scopes.map(({ name, lastNeededAt }) => lastNeededAt === null ? name : `${name} ${(lastNeededAt.getTime() - day(0).getTime()) / 86_400_000}`)

const entries = {
  full: { includes: '*' },
  'api:read': { includes: '*:read', hidden: true },
  'devices:manage': { includes: 'devices:*' },
  'devices:read': '',
  'devices:write': { requires: 'devices:read' },
  'devices:look': { status: 'deprecated', replacedBy: 'devices:read' },
  'apps:read': '',
  'apps:deploy': { requires: 'apps:read' },
  'apps:fly': { status: 'planned' },
  'write:all': { includes: '*:write' }
} as const
const catalog = defineScopes(entries) as Catalog

interface Example {
  readonly title: string
  readonly granted: readonly string[]
  readonly seen: Seen
  readonly told: readonly string[]
  readonly smallest: readonly string[]
}

const examples: readonly Example[] = [
  { title: 'nothing was asked for', granted: ['full', 'apps:read'], seen: [], told: ['full', 'apps:read'], smallest: [] },
  { title: 'no scope was needed', granted: ['full'], seen: [[[], 5]], told: ['full'], smallest: [] },
  { title: 'what was granted by its name is needed by its name', granted: ['full', 'apps:read'], seen: [['apps:read', 5]], told: ['full', 'apps:read 5'], smallest: ['apps:read'] },
  { title: 'else the narrowest scope that covers it counts', granted: ['full', 'devices:manage', 'api:read'], seen: [['devices:read', 5]], told: ['full', 'devices:manage', 'api:read 5'], smallest: ['devices:read'] },
  { title: 'of two that cover as much, the first by name', granted: ['api:read', 'devices:manage'], seen: [['devices:read', 1]], told: ['api:read 1', 'devices:manage'], smallest: ['devices:read'] },
  { title: 'all of a list are needed', granted: ['full', 'apps:deploy'], seen: [[['apps:deploy', 'apps:read'], 7]], told: ['full 7', 'apps:deploy 7'], smallest: ['apps:read', 'apps:deploy'] },
  { title: 'each scope has the latest of its dates', granted: ['apps:read', 'devices:read'], seen: [['apps:read', 3], [['apps:read', 'devices:read'], 2]], told: ['apps:read 3', 'devices:read 2'], smallest: ['devices:read', 'apps:read'] },
  { title: 'of a choice, what is needed anyway', granted: ['apps:read', 'devices:read'], seen: [['devices:read', 1], [{ anyOf: ['apps:read', 'devices:read'] }, 9]], told: ['apps:read', 'devices:read 9'], smallest: ['devices:read'] },
  { title: 'of a choice, what was needed lately', granted: ['apps:read', 'devices:read'], seen: [['apps:read', 1], ['devices:read', 8], [{ anyOf: ['apps:read', 'devices:read'] }, 9]], told: ['apps:read 1', 'devices:read 9'], smallest: ['devices:read', 'apps:read'] },
  { title: 'of a choice, as few as possible beside', granted: ['apps:read', 'apps:deploy', 'devices:read'], seen: [[{ anyOf: [['apps:deploy', 'apps:read'], 'devices:read'] }, 9]], told: ['apps:read', 'apps:deploy', 'devices:read 9'], smallest: ['devices:read'] },
  { title: 'of a choice, what covers least', granted: ['devices:manage', 'apps:read'], seen: [[{ anyOf: ['devices:manage', 'apps:read'] }, 9]], told: ['devices:manage', 'apps:read 9'], smallest: ['apps:read'] },
  { title: 'of a choice, only what the grant covers', granted: ['devices:read'], seen: [[{ anyOf: ['apps:read', 'devices:read'] }, 9]], told: ['devices:read 9'], smallest: ['devices:read'] },
  { title: 'of a choice, what was granted by its name', granted: ['full', 'devices:read'], seen: [[{ anyOf: ['apps:read', 'devices:read'] }, 9]], told: ['full', 'devices:read 9'], smallest: ['devices:read'] },
  { title: 'choices that one scope can serve are served by one', granted: ['full'], seen: [[{ anyOf: ['apps:read', 'devices:read'] }, 1], [{ anyOf: ['devices:read', 'devices:write'] }, 2], [{ anyOf: ['apps:deploy', 'devices:read'] }, 3]], told: ['full 3'], smallest: ['devices:read'] },
  { title: 'a scope that covers another makes that one needless', granted: ['full'], seen: [['devices:manage', 1], ['devices:read', 2]], told: ['full 2'], smallest: ['devices:manage'] },
  { title: 'what is needed is completed by what it requires', granted: ['full'], seen: [['apps:deploy', 1]], told: ['full 1'], smallest: ['apps:read', 'apps:deploy'] },
  { title: 'but by nothing beyond the grant: there the granted scope stays', granted: ['write:all'], seen: [['devices:write', 1]], told: ['write:all 1'], smallest: ['write:all'] },
  { title: 'unless the grant itself lacks what it requires', granted: ['apps:deploy'], seen: [['apps:deploy', 1]], told: ['apps:deploy 1'], smallest: ['apps:read', 'apps:deploy'] },
  { title: 'an old name in the grant is needed, and is named by its new name', granted: ['devices:look'], seen: [['devices:read', 4]], told: ['devices:look 4'], smallest: ['devices:read'] },
  { title: 'an old name of the very scope goes before another scope', granted: ['api:read', 'devices:look'], seen: [['devices:read', 4]], told: ['api:read', 'devices:look 4'], smallest: ['devices:read'] },
  { title: 'an old name in a demand means the new one', granted: ['devices:read'], seen: [['devices:look', 4]], told: ['devices:read 4'], smallest: ['devices:read'] },
  { title: 'a granted scope that the catalog does not have, or not yet, is not needed', granted: ['gone', 'apps:fly', 'apps:read', 'apps:read'], seen: [['apps:read', 4]], told: ['gone', 'apps:fly', 'apps:read 4'], smallest: ['apps:read'] },
  { title: 'what the grant no longer serves does not count', granted: ['apps:read'], seen: [['devices:read', 4], [['apps:read', 'devices:write'], 5]], told: ['apps:read 5'], smallest: ['apps:read'] }
]

t.test('when each granted scope was last needed, and the smallest grant', (t) => {
  for (const { title, granted, seen, told: expected, smallest } of examples) {
    for (const order of [seen, seen.toReversed()]) {
      const found = report(catalog, granted, order)
      t.strictSame(told(found), expected, title)
      t.strictSame(found.smallestGrant, smallest, title)
    }
  }
  t.end()
})

t.test('unused scopes are those that were never needed, or not since a time', (t) => {
  const scopes = ['full', 'apps:read', 'devices:read']
  const seen: Seen = [['apps:read', 20], ['devices:read', 40]]
  const unused = (since: number | null, key?: Partial<ApiKeyRecord>) => report(catalog, scopes, seen, since, key).unusedScopes
  t.strictSame(unused(null), ['full'])
  t.strictSame(unused(10), ['full'])
  t.strictSame(unused(20), ['full'])
  t.strictSame(unused(20.001), ['full', 'apps:read'])
  t.strictSame(unused(50), scopes)
  t.strictSame(unused(50, { createdAt: day(49) }), scopes)
  t.strictSame(unused(50, { createdAt: day(50) }), [], 'a key that is younger than that has not been there long enough')
  t.strictSame(unused(null, { createdAt: day(50) }), ['full'])
  t.end()
})

t.test('a report has the last use of the key, and copies of all dates', (t) => {
  t.equal(report(catalog, [], []).lastUsedAt, null)
  t.strictSame(report(catalog, [], [], null, { lastUsedAt: day(5) }).lastUsedAt, day(5))
  t.end()
})

t.test('a demand is one text, however it was written', (t) => {
  const texts = (demand: ScopeRequirement) => textsOf(catalog.requirement(demand))
  t.strictSame(texts([]), [])
  t.strictSame(texts('full'), ['[["full"]]'])
  t.strictSame(texts(['apps:read', 'apps:deploy']), ['[["apps:read"]]', '[["apps:deploy"]]'], 'scopes that are all needed have a text each')
  t.strictSame(texts({ anyOf: [['apps:read', 'apps:deploy']] }), texts(['apps:read', 'apps:deploy']))
  const choice = ['[["apps:deploy","apps:read"],["full"]]']
  t.strictSame(texts({ anyOf: ['full', ['apps:read', 'apps:deploy']] }), choice)
  t.strictSame(texts({ anyOf: [['apps:deploy', 'apps:read', 'apps:deploy'], 'full', ['full']] }), choice)
  t.strictSame(texts({ anyOf: ['devices:look', 'full'] }), texts({ anyOf: ['full', 'devices:read'] }))
  t.end()
})

t.test('no text is longer than 8 KiB: a choice that would be counts as needing all that it names', (t) => {
  const names = Array.from({ length: 400 }, (_, i) => `resource-${String(i).padStart(3, '0')}:read`)
  const huge = 'x'.repeat(8 * 1024)
  const many = defineScopes({ ...Object.fromEntries(names.map(name => [name, ''])), [huge]: '' }) as Catalog
  const texts = (demand: ScopeRequirement) => textsOf(many.requirement(demand))
  const fitting = names.slice(0, 372)
  t.equal(texts({ anyOf: fitting }).length, 1)
  t.ok(texts({ anyOf: fitting })[0]!.length > 8000)
  t.strictSame(texts({ anyOf: names }), names.map(name => `[["${name}"]]`))
  t.strictSame(texts(huge), [])
  t.strictSame(texts({ anyOf: [huge, names[0]!] }), texts(names[0]!))
  t.strictSame(report(many, ['resource-007:read', 'resource-008:read'], [[{ anyOf: names }, 3]]).unusedScopes, [])
  t.end()
})

t.test('what a store holds that is no demand is passed over', (t) => {
  for (const text of ['', 'apps:read', '"apps:read"', 'null', '{}', '[]', '[[]]', '["apps:read"]', '[["apps:read"],[7]]', '[["apps:read"],null]', '[["apps:read"]']) {
    const found = reportUsage(sampleKey({ scopes: ['apps:read'] }), new Map([[text, day(5)]]), null, catalog)
    t.strictSame([found.unusedScopes, found.smallestGrant], [['apps:read'], []], text)
  }
  t.end()
})

t.test('of a choice, what the catalog no longer has is passed over, and of a list all', (t) => {
  const found = (text: string) => reportUsage(sampleKey({ scopes: ['full'] }), new Map([[text, day(5)]]), null, catalog).smallestGrant
  t.strictSame(found('[["gone"],["apps:read"]]'), ['apps:read'])
  t.strictSame(found('[["apps:fly"],["apps:read"]]'), ['apps:read'])
  t.strictSame(found('[["apps:read","gone"]]'), [])
  t.strictSame(found('[["gone"]]'), [])
  t.end()
})

/* The properties, on catalogs with everything that a catalog can have. */

interface Case { readonly catalog: Catalog, readonly hasRequired: boolean, readonly granted: readonly string[], readonly seen: Seen }

const NAMES = ['a:x', 'a:y', 'b:x', 'b:y', 'c:x', 'c:y', 'd', 'e']

const someCase: fc.Arbitrary<Case> = fc.record({
  parts: fc.tuple(...NAMES.map(() => fc.record({
    includes: fc.array(fc.oneof(fc.nat({ max: 7 }), fc.constantFrom('*', 'a:*', '*:x')), { maxLength: 2 }),
    requires: fc.array(fc.nat({ max: 7 }), { maxLength: 2 }),
    replaced: fc.integer({ min: 0, max: 5 }).map(n => n === 0)
  }))),
  hasRequired: fc.boolean(),
  granted: fc.array(fc.constantFrom(...NAMES, 'gone'), { maxLength: 4 }),
  seen: fc.array(fc.tuple(
    fc.oneof(
      fc.uniqueArray(fc.constantFrom(...NAMES), { minLength: 1, maxLength: 3 }),
      fc.array(fc.uniqueArray(fc.constantFrom(...NAMES), { minLength: 1, maxLength: 2 }), { minLength: 1, maxLength: 3 }).map(anyOf => ({ anyOf }))
    ),
    fc.integer({ min: 1, max: 9 })
  ), { maxLength: 8 })
}).map(({ parts, hasRequired, granted, seen }) => {
  const made: Record<string, ScopeEntry> = {}
  parts.forEach(({ includes, requires, replaced }, i) => {
    // A circle of names is no catalog: each refers to later ones alone.
    const later = (index: number) => NAMES[i + 1 + index % (NAMES.length - 1 - i)]!
    const isLast = i === NAMES.length - 1
    made[NAMES[i]!] = replaced && !isLast
      ? { status: 'deprecated', replacedBy: later(0) }
      : { includes: isLast ? [] : includes.map(item => typeof item === 'number' ? later(item) : item), requires: hasRequired ? requires.map(index => NAMES[index]!) : [] }
  })
  try {
    return { catalog: defineScopes({ ...made, all: { includes: '*' } }) as Catalog, hasRequired, granted, seen }
  } catch {
    return undefined // a pattern that matches nothing, say
  }
}).filter(made => made !== undefined)

/** What the grant has ever met of these demands. Of a list of which all are needed, each scope counts by itself. */
const metBy = (catalog: Catalog, granted: readonly string[], seen: Seen): Seen => seen.flatMap(([demand, at]) =>
  textsOf(catalog.requirement(demand)).flatMap(text => {
    const anyOf = (JSON.parse(text) as string[][]).filter(names => names.every(catalog.grant(granted).covers))
    return anyOf.length === 0 ? [] : [[{ anyOf }, at] as const]
  }))
const meets = (catalog: Catalog, names: readonly string[]) => {
  const grant = catalog.grant(names)
  return ([demand]: Seen[number]) => catalog.requirement(demand).missing(grant) === null
}
const isWithin = (catalog: Catalog, names: readonly string[], limit: readonly string[]) => {
  const [grant, whole] = [catalog.grant(names), catalog.grant(limit)]
  return [...catalog.scopes.keys()].every(name => !grant.covers(name) || whole.covers(name))
}
const breadth = (catalog: Catalog, names: readonly string[]) => {
  const grant = catalog.grant(names)
  return [...catalog.scopes.values()].filter(({ name, replacedBy }) => replacedBy === null && grant.covers(name)).length
}
const holds = (property: (tried: Case) => boolean) => { fc.assert(fc.property(someCase, property), { numRuns }) }

t.test('the grant without its unused scopes serves all that the grant serves', (t) => {
  holds(({ catalog, granted, seen }) => {
    const { unusedScopes } = report(catalog, granted, seen)
    return seen.filter(meets(catalog, granted)).every(meets(catalog, granted.filter(name => !unusedScopes.includes(name))))
  })
  t.end()
})

t.test('the grant without what was not needed since a time serves all that the grant serves and that was seen since', (t) => {
  holds(({ catalog, granted, seen }) => {
    const { unusedScopes } = report(catalog, granted, seen, 5)
    const since = seen.filter(([, at]) => at >= 5).filter(meets(catalog, granted))
    return since.every(meets(catalog, granted.filter(name => !unusedScopes.includes(name))))
  })
  t.end()
})

t.test('the smallest grant serves all that the grant serves, and no member of it can be left out', (t) => {
  holds(({ catalog, granted, seen }) => {
    const { smallestGrant } = report(catalog, granted, seen)
    const served = metBy(catalog, granted, seen)
    return served.every(meets(catalog, smallestGrant)) && smallestGrant.every(name => {
      const rest = smallestGrant.filter(other => other !== name)
      return catalog.missingRequired(rest).size > 0 || !served.every(meets(catalog, rest))
    })
  })
  t.end()
})

t.test('the smallest grant can be granted as it is, in the spelling of today', (t) => {
  holds(({ catalog, granted, seen }) => {
    const { smallestGrant } = report(catalog, granted, seen)
    return catalog.missingRequired(smallestGrant).size === 0 && catalog.grant(smallestGrant).current.join() === smallestGrant.join()
  })
  t.end()
})

t.test('the smallest grant never allows more than the grant that has all it requires', (t) => {
  let tried = 0
  holds(({ catalog, granted, seen }) => {
    if (catalog.missingRequired(granted).size > 0) return true
    tried++
    return isWithin(catalog, report(catalog, granted, seen).smallestGrant, granted)
  })
  t.ok(tried > numRuns / 4)
  t.end()
})

t.test('nothing within the grant covers fewer scopes than the smallest grant, where nothing is required beside', (t) => {
  // Every subset of the catalog is tried.
  holds(({ catalog, hasRequired, granted, seen }) => {
    if (hasRequired) return true
    const served = metBy(catalog, granted, seen)
    const names = [...catalog.scopes.keys()]
    const least = Math.min(...Array.from({ length: 2 ** names.length }, (_, bits) => names.filter((_, i) => (bits >> i) % 2 === 1))
      .filter(subset => isWithin(catalog, subset, granted) && served.every(meets(catalog, subset))).map(subset => breadth(catalog, subset)))
    return breadth(catalog, report(catalog, granted, seen).smallestGrant) === least
  })
  t.end()
})

t.test('the order of demands and of granted scopes does not matter', (t) => {
  holds(({ catalog, granted, seen }) => {
    const [one, other] = [report(catalog, granted, seen, 5), report(catalog, granted.toReversed(), seen.toReversed(), 5)]
    const inOrder = (found: typeof one) => JSON.stringify([found.smallestGrant, told(found).sort(), found.unusedScopes.toSorted()])
    return inOrder(one) === inOrder(other)
  })
  t.end()
})

t.test('of very many choices one after the other is made, and still nothing too much', (t) => {
  const names = Array.from({ length: 120 }, (_, i) => `s${i}`)
  const wide = defineScopes({ ...Object.fromEntries(names.map(name => [name, ''])), all: { includes: '*' } } as Record<string, ScopeEntry>) as Catalog
  const seen: Seen = Array.from({ length: 60 }, (_, i) => [{ anyOf: [[names[i]!, names[i + 1]!], ['all'], [names[i]!, names[i + 30]!]] }, i])
  const { smallestGrant } = report(wide, ['all'], seen)
  t.ok(seen.every(meets(wide, smallestGrant)))
  t.notOk(smallestGrant.includes('all'))
  t.ok(smallestGrant.length <= 91)
  for (const name of smallestGrant) t.notOk(seen.every(meets(wide, smallestGrant.filter(other => other !== name))), `${name} is needed`)
  t.end()
})
