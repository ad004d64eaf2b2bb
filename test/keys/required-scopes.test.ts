// What must be granted together: `requires` of the catalog, at creation and when a key is changed. And which spelling
// of a deprecated scope is kept.
import fc from 'fast-check'
import t from 'tap'
import type { Issuer } from '../../lib/keys/life/caller.js'
import { defineScopes, type Catalog } from '../../lib/scopes/catalog.js'
import { setUp } from './set-up.js'

const catalog = defineScopes({
  full: { includes: '*' },
  'all:read': { includes: '*:read' },
  // A chain, and something that includes its beginning.
  build: { requires: 'test' },
  test: { requires: 'fetch' },
  fetch: '',
  release: { includes: 'build' },
  // What comes with something that is added is added all the same: the order in which it is required does not matter.
  ship: { requires: ['crate', 'box'] },
  crate: { includes: 'box' },
  box: '',
  // A circle.
  'keys:read': { requires: 'keys:write' },
  'keys:write': { requires: 'keys:read' },
  'apps:deploy': { requires: ['apps:read', 'logs:read'] },
  'apps:read': '',
  'apps:write': { includes: 'apps:read' },
  'logs:read': '',
  // Two spellings of one scope, one of which is required.
  'jobs:run': { requires: 'jobs:list' },
  'jobs:audit': { requires: 'jobs:read' },
  'jobs:list': { status: 'deprecated', replacedBy: 'jobs:read' },
  'jobs:read': '',
  'jobs:start': { status: 'deprecated', replacedBy: 'jobs:run' },
  retired: { status: 'deprecated' },
  soon: { status: 'planned', requires: 'asked' },
  asked: { status: 'under-review' }
}) as Catalog

// What is granted, what is missing as the message has it, and what is added instead.
const grants: ReadonlyArray<readonly [granted: string[], missing: string | null, added?: string[]]> = [
  [[], null],
  [['fetch'], null],
  [['test'], '"fetch" (required by "test")', ['fetch']],
  [['build'], '"test" (required by "build"), "fetch" (required by "test")', ['test', 'fetch']],
  [['build', 'fetch'], '"test" (required by "build")', ['test']],
  [['fetch', 'test', 'build'], null],
  [['ship'], '"crate" (required by "ship"), "box" (required by "ship")', ['crate', 'box']],
  [['keys:read'], '"keys:write" (required by "keys:read")', ['keys:write']],
  [['keys:write'], '"keys:read" (required by "keys:write")', ['keys:read']],
  [['keys:write', 'keys:read'], null],
  [['apps:deploy'], '"apps:read" (required by "apps:deploy"), "logs:read" (required by "apps:deploy")', ['apps:read', 'logs:read']],
  [['apps:deploy', 'apps:write'], '"logs:read" (required by "apps:deploy")', ['logs:read']],
  [['apps:write', 'apps:deploy', 'logs:read'], null],
  [['apps:deploy', 'all:read'], null],
  [['all:read', 'keys:read'], '"keys:write" (required by "keys:read")', ['keys:write']],
  [['full', 'build', 'keys:read', 'apps:deploy', 'jobs:run'], null],
  // Only what is named has requirements, not what it includes.
  [['release'], null],
  [['release', 'test'], '"fetch" (required by "test")', ['fetch']],
  [['all:read'], null],
  // Either spelling does; what is added is spelt as it is today.
  [['jobs:run'], '"jobs:read" (required by "jobs:run")', ['jobs:read']],
  [['jobs:start'], '"jobs:read" (required by "jobs:run")', ['jobs:read']],
  [['jobs:run', 'jobs:list'], null],
  [['jobs:start', 'jobs:list'], null],
  [['jobs:start', 'jobs:read'], null],
  [['jobs:audit', 'jobs:list'], null],
  [['jobs:run', 'jobs:audit'], '"jobs:read" (required by "jobs:run", "jobs:audit")', ['jobs:read']],
  [['retired'], null]
]

t.test('scopes without what they require are refused, at creation and afterwards, and the message says what to add', async (t) => {
  const { keys, store } = setUp({ catalog })
  const { record } = await keys.create({ name: 'n', scopes: ['logs:read'] })
  for (const [scopes, missing] of grants) {
    const message = `scopes must also name what these require: ${missing}`
    for (const granting of [(): Promise<unknown> => keys.create({ name: 'n', scopes }), () => keys.update(record.id, { scopes })]) {
      const before = await store.list!({ limit: 100 })
      if (missing === null) {
        await t.resolves(granting(), scopes.join(' '))
      } else {
        await t.rejects(granting(), { code: 'FST_API_KEY_INVALID_INPUT', statusCode: 400, message }, scopes.join(' '))
        t.strictSame(await store.list!({ limit: 100 }), before, 'nothing is changed')
      }
    }
  }
})

t.test('or they are completed', async (t) => {
  const { keys } = setUp({ catalog, missingRequired: 'add' })
  const { record } = await keys.create({ name: 'n', scopes: [] })
  for (const [scopes, , added = []] of grants) {
    const title = scopes.join(' ')
    t.strictSame((await keys.create({ name: 'n', scopes })).record.scopes, [...scopes, ...added], title)
    t.strictSame((await keys.update(record.id, { scopes }))!.scopes, [...scopes, ...added])
    t.strictSame((await keys.get(record.id))!.scopes, [...scopes, ...added])
  }
})

t.test('a key from before a requirement can be renamed, and is not completed', async (t) => {
  const { keys: before, store } = setUp({ catalog: defineScopes({ build: '', test: '' }) as Catalog })
  const { record } = await before.create({ name: 'n', scopes: ['build'] })
  for (const missingRequired of ['reject', 'add'] as const) {
    const { keys } = setUp({ catalog, store, missingRequired })
    t.strictSame((await keys.update(record.id, { name: 'new' }))!.scopes, ['build'])
  }
})

t.test('what is missing is told beside everything else', async (t) => {
  await t.rejects(setUp({ catalog }).keys.create({ name: '', scopes: ['test'] }), {
    message: /^name must be .*; scopes must also name what these require: "fetch" \(required by "test"\)$/
  })
})

t.test('scopes that cannot be granted are told before what they require', async (t) => {
  for (const missingRequired of ['reject', 'add'] as const) {
    const { keys } = setUp({ catalog, missingRequired })
    const { record } = await keys.create({ name: 'n', scopes: [] })
    const cases = [
      [['build', 'tset'], 'unknown scope "tset" (did you mean "test"?)'],
      [['soon'], 'scope "soon" is planned and cannot be granted yet'],
      [['asked', 'test'], 'scope "asked" is under-review and cannot be granted yet']
    ] as const
    for (const [scopes, message] of cases) {
      await t.rejects(keys.create({ name: 'n', scopes }), { statusCode: 400, message })
      await t.rejects(keys.update(record.id, { scopes }), { statusCode: 400, message })
    }
  }
})

t.test('of very many missing scopes, or scopes that require one, the first are named and the rest are counted', async (t) => {
  const many = Array.from({ length: 25 }, (_, i) => `m${i}`)
  const scopes = defineScopes<string>({
    ...Object.fromEntries(many.map(name => [name, { requires: 'hub' }])),
    hub: '',
    all: { requires: many },
    ten: { requires: many.slice(0, 10) }
  }) as Catalog
  const { keys } = setUp({ catalog: scopes })
  const by = (name: string, count: number) => many.slice(0, count).map(m => `"${m}" (required by "${name}")`).join(', ')
  const lacks = 'scopes must also name what these require:'
  await t.rejects(keys.create({ name: 'n', scopes: ['ten', 'hub'] }), { message: `${lacks} ${by('ten', 10)}` })
  await t.rejects(keys.create({ name: 'n', scopes: ['all', 'hub'] }), { message: `${lacks} ${by('all', 10)} and 15 more` })
  await t.rejects(keys.create({ name: 'n', scopes: many.slice(0, 10) }), { message: `${lacks} "hub" (required by ${many.slice(0, 10).map(m => `"${m}"`).join(', ')})` })
  await t.rejects(keys.create({ name: 'n', scopes: many }), { message: `${lacks} "hub" (required by ${many.slice(0, 10).map(m => `"${m}"`).join(', ')} and 15 more)` })
})

t.test('50,000 names at once, and a chain of 2,000, are answered', async (t) => {
  const chain = Array.from({ length: 2000 }, (_, i) => `c${i}`)
  const scopes = defineScopes(Object.fromEntries(chain.map((name, i) => [name, { requires: chain[(i + 1) % chain.length]! }]))) as Catalog
  const names = Array.from({ length: 50_000 }, (_, i) => `c${i % 1000}`)
  const error: Error = await setUp({ catalog: scopes }).keys.create({ name: 'n', scopes: names }).then(() => t.fail('it resolved') as never, error => error)
  t.match(error.message, /^scopes must also name what these require: "c1000" \(required by "c999"\), .* and 990 more$/)
  t.ok(error.message.length < 1000)
  t.equal((await setUp({ catalog: scopes, missingRequired: 'add' }).keys.create({ name: 'n', scopes: names })).record.scopes.length, 2000)
})

// What a user's session may do, the scopes that it asks for, and what it lacks once they are completed.
const ceilings: ReadonlyArray<{ own: string[], scopes: string[], beyond: string | null }> = [
  { own: ['test', 'fetch'], scopes: ['test'], beyond: null },
  { own: ['test'], scopes: ['test'], beyond: 'fetch' },
  { own: ['build'], scopes: ['build'], beyond: 'test, fetch' },
  { own: ['release', 'test', 'fetch'], scopes: ['build'], beyond: null },
  { own: ['apps:deploy', 'apps:write'], scopes: ['apps:deploy'], beyond: 'logs:read' },
  { own: ['apps:deploy', 'all:read'], scopes: ['apps:deploy'], beyond: null },
  { own: ['jobs:start', 'jobs:list'], scopes: ['jobs:run'], beyond: null },
  { own: ['full'], scopes: ['build', 'keys:read'], beyond: null }
]

t.test('what is added must be the user\'s to give away, too', async (t) => {
  for (const { own, scopes, beyond } of ceilings) {
    const as: Issuer = { id: 'u1', scopes: own }
    const { keys } = setUp({ catalog, missingRequired: 'add' })
    const { record } = await keys.create({ name: 'n', scopes: [] }, { as })
    for (const granting of [(): Promise<unknown> => keys.create({ name: 'n', scopes }, { as }), () => keys.update(record.id, { scopes }, { as })]) {
      const title = `${own.join(', ')} for ${scopes.join(', ')}`
      if (beyond === null) await t.resolves(granting(), title)
      else await t.rejects(granting(), { code: 'FST_API_KEY_BEYOND_GRANT', statusCode: 403, message: `You cannot give away scopes that you do not have: ${beyond}` }, title)
    }
  }
  const { keys } = setUp({ catalog })
  await t.rejects(keys.create({ name: 'n', scopes: ['test'] }, { as: { id: 'u1', scopes: ['test'] } }), { code: 'FST_API_KEY_INVALID_INPUT' }, 'what is refused anyway is not theirs to complete')
})

t.test('a deprecated scope can be granted in either spelling, and the record keeps the one that was given', async (t) => {
  const { keys, verifier, told } = setUp({ catalog })
  for (const scopes of [['jobs:list'], ['jobs:read'], ['jobs:list', 'jobs:read'], ['retired']]) {
    const { key, record } = await keys.create({ name: 'n', scopes })
    const changed = await keys.update((await keys.create({ name: 'n', scopes: [] })).record.id, { scopes })
    t.strictSame([record.scopes, changed!.scopes, (await keys.get(record.id))!.scopes], [scopes, scopes, scopes])
    const { grant } = (await verifier.verify(key)).key!
    const both = scopes[0] !== 'retired'
    t.strictSame(['jobs:list', 'jobs:read', 'retired'].map(name => grant.covers(name)), [both, both, !both], scopes.join(' '))
  }
  t.strictSame(told, [])
})

/* Any catalog */

const NAMES = Array.from({ length: 8 }, (_, i) => `s${i}`)
interface Entry { includes: string[], requires: string[], status?: 'deprecated', replacedBy?: string }
type Entries = Record<string, Entry>

/**
 * Catalogs in which scopes include some of those after them, or all, and require any; some are deprecated in favour of
 * a later one.
 */
const catalogs: fc.Arbitrary<Entries> = fc.tuple(...NAMES.map((_, i) => fc.record({
  includes: fc.oneof({ weight: 9, arbitrary: fc.subarray(NAMES.slice(i + 1)) }, { weight: 1, arbitrary: fc.constant<string[]>(['*']) }),
  requires: fc.subarray(NAMES, { maxLength: 3 }),
  replacedBy: fc.option(fc.constantFrom(...NAMES.slice(i + 1), NAMES.at(-1)!), { freq: 4 })
}))).map(scopes => Object.fromEntries(scopes.map(({ includes, requires, replacedBy }, i): [string, Entry] => [
  NAMES[i]!,
  replacedBy === null || i === NAMES.length - 1 ? { includes, requires } : { status: 'deprecated', replacedBy, includes: [], requires: [] }
])))

/** The reading of a catalog that follows its words, step by step. */
function naive (entries: Entries) {
  const today = (name: string): string => entries[name]!.replacedBy === undefined ? name : today(entries[name]!.replacedBy!)
  const requiredBy = (name: string) => entries[today(name)]!.requires.map(today)
  function covered (names: readonly string[]): Set<string> {
    const found = new Set(names.map(today))
    for (const name of found) for (const item of entries[name]!.includes) for (const each of item === '*' ? NAMES : [item]) found.add(today(each))
    return found
  }
  return {
    today,
    requiredBy,
    covered,
    isComplete: (names: readonly string[]) => names.every(name => requiredBy(name).every(required => covered(names).has(required)))
  }
}

t.test('whatever the catalog, a grant is refused exactly if it is incomplete, and completed with nothing that nobody requires', async (t) => {
  const seen = { complete: 0, incomplete: 0 }
  await fc.assert(fc.asyncProperty(catalogs, fc.subarray(NAMES), async (entries, scopes) => {
    const random = defineScopes(entries) as Catalog
    const { isComplete, covered, requiredBy, today } = naive(entries)
    const strict = setUp({ catalog: random }).keys
    const accepted = await strict.create({ name: 'n', scopes }).then(() => true, () => false)
    seen[accepted ? 'complete' : 'incomplete']++
    if (accepted !== isComplete(scopes)) return false

    const { keys } = setUp({ catalog: random, missingRequired: 'add' })
    const { record } = await keys.create({ name: 'n', scopes })
    const given = record.scopes.slice(0, scopes.length)
    const added = record.scopes.slice(scopes.length)
    return JSON.stringify(given) === JSON.stringify(scopes) &&
      added.every((name, i) => {
        const before = [...scopes, ...added.slice(0, i)]
        return today(name) === name && !covered(scopes).has(name) && before.flatMap(requiredBy).includes(name)
      }) &&
      isComplete(record.scopes) &&
      random.missingRequired(record.scopes).size === 0 &&
      await strict.create({ name: 'n', scopes: record.scopes }).then(() => true, () => false)
  }), { numRuns: 2000 })
  t.ok(seen.complete > 100 && seen.incomplete > 100, JSON.stringify(seen))
})
