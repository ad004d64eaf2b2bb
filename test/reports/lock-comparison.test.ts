// What a comparison of two locks says of routes, against a naive model: every caller there is, before and after.
import fc from 'fast-check'
import t from 'tap'
import { decide, isOnlyReported, type Identity } from '../../lib/http/decision.js'
import { anyKey } from '../../lib/keys/known-key.js'
import { readPolicy } from '../../lib/http/policy.js'
import { compareLocks, type Lock, type LockedRoute, type LockedScope } from '../../lib/lock.js'
import { catalogOf } from '../../lib/reports/lock-reading.js'
import { allOf } from '../../lib/scopes/requirement.js'

type Scopes = Record<string, LockedScope>

const lock = (scopes: Scopes, routes: readonly LockedRoute[] = [], rest: Partial<Lock> = {}): Lock =>
  ({ lockVersion: 1, routes, notFound: { public: true }, scopes, defaultGrant: null, presets: {}, ...rest })

/** Every lock is read once, and asked about many callers. */
const readings = new WeakMap<Lock, ReturnType<typeof read>>()

t.test('a route is easier to reach if some caller gets in who did not, and harder if some caller does not who did', async t => {
  const seen = new Map<string, number>()
  fc.assert(fc.property(lockPair(), ({ before, after }) => {
    const { routes } = compareLocks(before, after)
    const expected = naively(before, after)
    const found = { easier: routes.some(({ easier }) => easier), harder: routes.some(({ harder }) => harder) }
    seen.set(JSON.stringify(found), (seen.get(JSON.stringify(found)) ?? 0) + 1)
    return found.easier === expected.easier && found.harder === expected.harder
  }), { numRuns: 1000 })
  t.equal(seen.size, 4, `each of the four cases was there: ${JSON.stringify([...seen])}`)
})

t.test('what it says is enough now is, and was not before, and the other way round', async t => {
  fc.assert(fc.property(lockPair(), ({ before, after }) => {
    for (const { opensTo, closesTo } of compareLocks(before, after).routes) {
      for (const [gain, to, from] of [[opensTo, after, before], [closesTo, before, after]] as const) {
        for (const type of ['keys', 'sessions'] as const) {
          for (const names of gain[type]) {
            const passes = (lock: Lock, holding: readonly string[]) => passing(lock, type === 'keys' ? keyWith(lock, names) : sessionWith(lock, names), holding)
            const somewhere = conditionSets([before, after]).some(holding => passes(to, holding) && !passes(from, holding))
            if (!somewhere) t.fail(JSON.stringify({ names, before, after }))
          }
        }
      }
    }
  }), { numRuns: 1000 })
  t.pass('for 1,000 pairs')
})

t.test('of very many ways to get in, some are told', async t => {
  const parts = Array.from({ length: 15 }, (_, i) => [`x${i}`, `y${i}`, `z${i}`])
  const old = parts.flat().map(name => `old:${name}`)
  const there = (leadsTo: (name: string, i: number) => string): Scopes => Object.fromEntries([
    ...old.map(name => [name, {}] as const), ...parts.flatMap((names, i) => names.map(name => [name, { includes: [leadsTo(name, i)] }] as const))
  ])
  const fresh = parts.map((_, i) => `new:${i}`)
  const before = lock(there(name => `old:${name}`), [{ route: 'GET /', scopes: old }])
  const after = lock({ ...there((_, i) => fresh[i]!), ...Object.fromEntries(fresh.map(name => [name, {}])) }, [{ route: 'GET /', scopes: fresh }])
  const [route] = compareLocks(before, after).routes
  t.match(route, { easier: true, harder: true })
  t.equal(route!.opensTo.keys.length, 100)
})

t.test('a lock is the same as itself, whatever is in it', async () => {
  fc.assert(fc.property(lockPair(), ({ after }) => compareLocks(after, structuredClone(after)).same))
})

/** Who gets in, tried out with the function that decides it on requests. */
function passing (lock: Lock, identity: Identity, holding: readonly string[]): boolean {
  const [{ scopesMode = 'enforce', scopesWhen = [] }] = lock.routes as [LockedRoute]
  const { catalog, policy } = readingOf(lock)
  const applying = scopesWhen.filter(({ description }) => holding.includes(description!)).map(({ scopes }) => catalog.requirement(scopes))
  const decision = decide(policy.kind === 'scopes' ? { kind: 'scopes', demand: allOf([policy.demand, ...applying]) } : policy, identity)
  return decision.outcome === 'allow' || isOnlyReported(decision, identity, scopesMode)
}

function readingOf (lock: Lock) {
  const reading = readings.get(lock) ?? read(lock)
  readings.set(lock, reading)
  return reading
}

function read (lock: Lock) {
  const [{ scopesMode, scopesWhen, ...config }] = lock.routes as [LockedRoute]
  const catalog = catalogOf(lock)
  return { catalog, policy: readPolicy(config, { catalog, hasSessions: true }, [])! }
}

function naively (before: Lock, after: Lock) {
  const then = Object.keys(before.scopes)
  // A new name of a scope that was there is left out: it is that scope.
  const today = (name: string) => readingOf(after).catalog.grant([name]).current[0]!
  const fresh = Object.keys(after.scopes).filter(name => !then.includes(name) && !then.some(old => today(old) === today(name)))
  const gains = (to: Lock, from: Lock, names: readonly string[]) => {
    const callers: Array<(lock: Lock) => Identity> = [
      () => ({ type: 'none' }),
      () => ({ type: 'user', user: { id: 'u1' }, grant: null }),
      ...subsets(names).flatMap(grant => [(lock: Lock) => keyWith(lock, grant), (lock: Lock) => sessionWith(lock, grant)])
    ]
    return conditionSets([before, after]).some(holding => callers.some(caller => passing(to, caller(to), holding) && !passing(from, caller(from), holding)))
  }
  return { easier: gains(after, before, [...then, ...fresh]), harder: gains(before, after, then) }
}

function keyWith (lock: Lock, names: readonly string[]): Identity {
  return anyKey(readingOf(lock).catalog.grant(names))
}

function sessionWith (lock: Lock, names: readonly string[]): Identity {
  return { type: 'user', user: { id: 'u1' }, grant: readingOf(lock).catalog.grant(names) }
}

function conditionSets (locks: readonly Lock[]): string[][] {
  return subsets([...new Set(locks.flatMap(({ routes }) => (routes[0]!.scopesWhen ?? []).map(({ description }) => description!)))])
}

function subsets<Item> (items: readonly Item[]): Item[][] {
  return items.reduce<Item[][]>((sets, item) => [...sets, ...sets.map(set => [...set, item])], [[]])
}

/** Two locks of one route, with catalogs of up to five scopes that have grown from one another. */
function lockPair () {
  const NAMES = ['a:read', 'a:write', 'b:read', 'all', 'old']
  // Each includes only those behind it, so that there is no circle.
  const scopesOf = (names: readonly string[]) => fc.tuple(...names.map((_, i) => fc.record({
    includes: fc.subarray(names.slice(i + 1), { maxLength: Math.min(2, names.length - i - 1) }),
    pattern: fc.constantFrom(null, null, null, '*', '*:read', 'a:*'),
    status: fc.constantFrom(...Array<null>(7).fill(null), 'planned', 'deprecated', 'replaced')
  }))).map(entries => soundScopes(names, entries))
  const catalogs = fc.oneof(
    fc.subarray(NAMES, { minLength: 2 }).chain(names => fc.tuple(scopesOf(names), scopesOf(names))),
    fc.tuple(fc.subarray(NAMES, { minLength: 1 }).chain(scopesOf), fc.subarray(NAMES, { minLength: 1 }).chain(scopesOf)),
    fc.subarray(NAMES, { minLength: 1 }).chain(scopesOf).map(scopes => [scopes, scopes] as const)
  )
  return catalogs.chain(([then, now]) => fc.record({
    before: routeOf(then).map(route => lock(then, [route])),
    after: routeOf(now).map(route => lock(now, [route]))
  })).filter(isPlain)
}

/** Whether no condition seems to be reworded: one that has the scopes of another is taken for it, which the model does not do. */
function isPlain ({ before, after }: { readonly before: Lock, readonly after: Lock }): boolean {
  const [then, now] = [before, after].map(({ routes }) => routes[0]!.scopesWhen ?? [])
  const text = (scopes: unknown) => JSON.stringify(scopes)
  return then!.every(one => now!.every(other => one.description === other.description || text(one.scopes) !== text(other.scopes)))
}

function soundScopes (names: readonly string[], entries: ReadonlyArray<{ includes: readonly string[], pattern: string | null, status: string | null }>): Scopes {
  const wanted = Object.fromEntries(names.map((name, i): [string, LockedScope] => {
    const { includes, pattern, status } = entries[i]!
    const next = names[i + 1]
    if (status === 'replaced') return [name, next === undefined ? {} : { status: 'deprecated', replacedBy: next }]
    return [name, { ...includes.length + Number(pattern !== null) > 0 && { includes: [...includes, ...pattern === null ? [] : [pattern]] }, ...status !== null && { status: status as 'planned' } }]
  }))
  try {
    catalogOf({ scopes: wanted })
    return wanted
  } catch {
    // A pattern matches nothing, say.
    return Object.fromEntries(names.map(name => [name, {}]))
  }
}

function routeOf (scopes: Scopes): fc.Arbitrary<LockedRoute> {
  const names = Object.keys(scopes).filter(name => !['planned'].includes(scopes[name]!.status ?? ''))
  const demand = names.length === 0
    ? fc.constant([] as string[])
    : fc.oneof(
      fc.constantFrom(...names),
      fc.subarray(names, { maxLength: Math.min(3, names.length) }),
      fc.array(fc.oneof(fc.constantFrom(...names), fc.subarray(names, { minLength: 1, maxLength: Math.min(2, names.length) })), { minLength: 1, maxLength: 3 }).map(anyOf => ({ anyOf })))
  const route = 'GET /'
  return fc.oneof(
    { weight: 1, arbitrary: fc.constant<LockedRoute>({ route, public: true }) },
    { weight: 1, arbitrary: fc.constantFrom<LockedRoute>({ route, userOnly: true }, { route, userOnly: true, scopesMode: 'report' }) },
    { weight: 8, arbitrary: demand.map((scopes): LockedRoute => ({ route, scopes })) },
    { weight: 1, arbitrary: demand.map((scopes): LockedRoute => ({ route, scopes, scopesMode: 'report' })) },
    {
      weight: 3,
      arbitrary: fc.tuple(demand, demand, demand, fc.subarray(['if it rains', 'on Sundays'], { minLength: 1 })).map(([scopes, first, second, descriptions]): LockedRoute =>
        ({ route, scopes, scopesWhen: descriptions.map((description, i) => ({ description, scopes: [first, second][i]! })) }))
    }
  )
}
