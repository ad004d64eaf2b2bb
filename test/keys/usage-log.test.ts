import { setTimeout as wait } from 'node:timers/promises'
import fc from 'fast-check'
import t, { type Test } from 'tap'
import { grantResolver } from '../../lib/keys/grants.js'
import { knownKeyOf, type KnownKey } from '../../lib/keys/known-key.js'
import type { KeyUse } from '../../lib/keys/store.js'
import { textsOf } from '../../lib/keys/usage/demands.js'
import { UsageLog, type UsageLogOptions } from '../../lib/keys/usage/log.js'
import { defineScopes } from '../../lib/scopes/catalog.js'
import { allOf, type AllOf, type Requirement } from '../../lib/scopes/requirement.js'
import { sampleKey } from '../../lib/testing/store-cases/store-case.js'
import { catalog } from './set-up.js'

const read = catalog.requirement('apps:read')
const deploy = catalog.requirement('apps:deploy')

/** A log, and all that it wrote: for each write, the keys with their dates. */
function setUp (t: Test, options: Partial<UsageLogOptions> = {}) {
  const writes: Array<readonly KeyUse[]> = []
  const told: unknown[] = []
  const log = new UsageLog({
    flushInterval: 3_600_000,
    failed (error) { told.push(error) },
    full () { told.push('full') },
    ...options,
    async recordUse (uses) {
      await options.recordUse?.(uses)
      writes.push(uses)
    }
  })
  t.teardown(() => log.close())
  const keys = new Map<string, KnownKey>()
  /** Notes the use of the key with this id. */
  function note (id: string, met?: Requirement | AllOf) {
    if (!keys.has(id)) keys.set(id, keyOf(id))
    log.note(keys.get(id)!, met)
  }
  return { log, note, told, writes }
}

const resolve = grantResolver(catalog)
const keyOf = (id: string) => knownKeyOf(sampleKey({ id }), resolve)

/** A clock that stands still until it is set, in milliseconds since 1970. */
function stopClock (t: Test) {
  const real = Date.now
  t.teardown(() => { Date.now = real })
  return (now: number) => { Date.now = () => now }
}

/** `id 5 demand 4`: last used in millisecond 5, and the demand met in millisecond 4. */
const shown = (uses: readonly KeyUse[]) => uses.map(({ id, lastUsedAt, demands }) =>
  [id, lastUsedAt.getTime(), ...[...demands].flatMap(([demand, at]) => [demand, at.getTime()])].join(' '))

/** What a store has of each key that was written once or more: the latest of all dates. */
function latest (uses: readonly KeyUse[]): Map<string, string> {
  const all = new Map<string, KeyUse>()
  for (const { id, lastUsedAt, demands } of uses) {
    const known = all.get(id) ?? { id, lastUsedAt, demands: new Map() }
    const both = new Map(known.demands)
    for (const [demand, at] of demands) both.set(demand, later(both.get(demand), at))
    all.set(id, { id, lastUsedAt: later(known.lastUsedAt, lastUsedAt), demands: both })
  }
  return new Map([...all].map(([id, use]) => [id, shown([use])[0]!]))
}

const later = (one: Date | undefined, other: Date) => one !== undefined && one > other ? one : other

t.test('what was seen is written once, with the latest dates', async (t) => {
  const setClock = stopClock(t)
  const { log, note, writes, told } = setUp(t)
  await log.flush()
  t.strictSame(writes, [], 'nothing was seen')

  const seen: ReadonlyArray<readonly [now: number, id: string, met?: Requirement | AllOf]> = [
    [1, 'a'], [2, 'a', read], [3, 'b', deploy], [4, 'a', deploy], [5, 'a', read], [6, 'b'], [7, 'c', allOf([read, deploy])], [8, 'c', allOf([read, catalog.requirement([])])], [9, 'd', catalog.requirement([])]
  ]
  for (const [now, id, met] of seen) {
    setClock(now)
    note(id, met)
  }
  await log.flush()
  t.strictSame(writes.splice(0).map(shown), [[
    'a 5 [["apps:read"]] 5 [["apps:deploy"]] 4',
    'b 6 [["apps:deploy"]] 3',
    'c 8 [["apps:read"]] 8 [["apps:deploy"]] 7',
    'd 9'
  ]])
  await log.flush()
  t.strictSame([writes, told], [[], []])
})

t.test('two demands that are one text are written as one, with the later date', async (t) => {
  const setClock = stopClock(t)
  const { log, note, writes } = setUp(t)
  const both = catalog.requirement(['apps:read', 'apps:deploy'])
  for (const [now, met] of [[1, read], [3, both], [2, catalog.requirement('apps:deploy')], [2, catalog.requirement('apps:read')]] as const) {
    setClock(now)
    note('a', met)
  }
  await log.flush()
  t.strictSame(shown(writes[0]!), ['a 2 [["apps:read"]] 3 [["apps:deploy"]] 3'])
})

t.test('many keys are written 500 at a time, and others have their turn between', async (t) => {
  let turns = 0
  const { log, note, writes } = setUp(t, { async recordUse () { setImmediate(() => { turns++ }) } })
  for (let i = 0; i < 1234; i++) note(`key-${i}`, read)
  await log.flush()
  t.strictSame(writes.map(({ length }) => length), [500, 500, 234])
  t.equal(turns, 3)
  t.equal(new Set(writes.flat().map(({ id }) => id)).size, 1234)
})

t.test('keys that have met many demands are written fewer at a time', async (t) => {
  const many = defineScopes(Object.fromEntries(Array.from({ length: 600 }, (_, i) => [`s${i}`, ''])))
  const requirements = [...many.scopes.keys()].map(name => many.requirement(name))
  const { log, note, writes } = setUp(t)
  for (let i = 0; i < 10; i++) for (const requirement of requirements) note(`key-${i}`, requirement)
  for (let i = 10; i < 20; i++) note(`key-${i}`, read)
  await log.flush()
  t.strictSame(writes.map(({ length }) => length), [4, 4, 12])
  t.equal(writes.flat().reduce((sum, { demands }) => sum + demands.size, 0), 6010)
})

t.test('what is seen while it writes is written the next time, and a busy app does not keep it from ending', async (t) => {
  const { log, note, writes } = setUp(t, { async recordUse () { for (let i = 0; i < 100; i++) note(`key-${i}`) } })
  for (let i = 0; i < 50; i++) note(`key-${i}`)
  await log.flush()
  t.strictSame(writes.splice(0).map(({ length }) => length), [50])
  await log.flush()
  t.strictSame(writes.splice(0).map(({ length }) => length), [100])
})

t.test('it writes from time to time, whether the store works or not', async (t) => {
  let failing = false
  const { log, note, writes, told } = setUp(t, { flushInterval: 5, async recordUse () { if (failing) throw new Error('down') } })
  const until = async (holds: () => boolean) => { while (!holds()) await wait(1) }
  note('a', read)
  await until(() => writes.length === 1)
  failing = true
  note('b', read)
  await until(() => told.length > 2)
  failing = false
  await until(() => writes.length === 2)
  t.strictSame(writes.map(uses => uses.map(({ id }) => id)), [['a'], ['b']])
  await log.close()
  note('c')
  await wait(50)
  t.equal(writes.length, 2, 'and no longer once it is closed')
})

t.test('what the store did not take stays, with what came since, and the latest date wins', async (t) => {
  const setClock = stopClock(t)
  let fails = 0
  let between = () => {}
  const down = new Error('down')
  const { log, note, writes, told } = setUp(t, {
    async recordUse () {
      between()
      if (fails-- > 0) throw down
    }
  })
  setClock(10)
  for (let i = 0; i < 600; i++) note(`key-${i}`, read)
  fails = 1
  between = () => {
    setClock(20)
    note('key-0', read)
    note('key-1', deploy)
    // A clock that was set back.
    setClock(5)
    note('key-2', read)
    note('new')
    between = () => {}
  }
  await t.rejects(log.flush(), { code: 'FST_API_KEY_STORE_UNAVAILABLE', cause: down })
  t.strictSame(told, [down])
  t.strictSame(writes, [])

  fails = 1
  await t.rejects(log.flush(), { code: 'FST_API_KEY_STORE_UNAVAILABLE' })
  await log.flush()
  t.strictSame(writes.map(({ length }) => length), [500, 104], 'those that were used again meanwhile once more')
  const written = latest(writes.flat())
  t.equal(written.size, 601)
  t.equal(written.get('key-0'), 'key-0 20 [["apps:read"]] 20')
  t.equal(written.get('key-1'), 'key-1 20 [["apps:read"]] 10 [["apps:deploy"]] 20')
  t.equal(written.get('key-2'), 'key-2 10 [["apps:read"]] 10')
  t.equal(written.get('key-599'), 'key-599 10 [["apps:read"]] 10')
  t.equal(written.get('new'), 'new 5')
})

t.test('a store that fails in the middle is not asked for the rest', async (t) => {
  let calls = 0
  const { log, note, writes } = setUp(t, { async recordUse () { if (++calls === 2) throw new Error('down') } })
  for (let i = 0; i < 2000; i++) note(`key-${i}`)
  await t.rejects(log.flush())
  t.equal(calls, 2)
  await log.flush()
  t.strictSame(writes.flat().map(({ id }) => id).sort(), Array.from({ length: 2000 }, (_, i) => `key-${i}`).sort(), 'each is written once')
})

t.test('a store that does not answer has failed after a while, and may come back', async (t) => {
  let hangs = true
  const { log, note, writes, told } = setUp(t, { timeout: 20, async recordUse () { if (hangs) await new Promise(() => {}) } })
  note('a', read)
  await t.rejects(log.flush(), { code: 'FST_API_KEY_STORE_UNAVAILABLE', cause: new Error('the store did not write the use of keys in time') })
  t.equal(told.length, 1)
  hangs = false
  await log.flush()
  t.strictSame(writes.flat().map(({ id }) => id), ['a'])
})

t.test('it writes once at a time, and whoever asks later waits for what was seen by then', async (t) => {
  let writing = 0
  let most = 0
  let release = () => {}
  const { log, note, writes } = setUp(t, {
    async recordUse () {
      most = Math.max(most, ++writing)
      await new Promise<void>(resolve => { release = resolve })
      writing--
    }
  })
  note('a')
  const first = log.flush()
  await wait(1)
  note('b')
  const later = Array.from({ length: 10 }, () => log.flush())
  note('c')
  const done: string[] = []
  const all = [first.then(() => done.push('first')), ...later.map(async flushed => { await flushed.then(() => done.push('later')) })]
  release()
  await first
  await wait(1)
  t.strictSame(done, ['first'])
  release()
  await Promise.all(all)
  t.strictSame(writes.map(uses => uses.map(({ id }) => id)), [['a'], ['b', 'c']])
  t.equal(most, 1)
})

t.test('closing waits for what is being written, and writes the rest', async (t) => {
  let release = () => {}
  const { log, note, writes } = setUp(t, { async recordUse (uses) { if (uses[0]!.id === 'a') await new Promise<void>(resolve => { release = resolve }) } })
  note('a')
  const flushed = log.flush()
  await wait(1)
  note('b')
  const closed = log.close()
  release()
  await closed
  await flushed
  t.strictSame(writes.map(uses => uses.map(({ id }) => id)), [['a'], ['b']])
})

t.test('closing comes to an end though the store fails, and tells of it', async (t) => {
  const { log, note, told } = setUp(t, { async recordUse () { throw new Error('down') } })
  note('a')
  await log.close()
  t.equal(told.length, 1)
})

t.test('beyond a limit new keys and demands are forgotten, and what is known goes on', async (t) => {
  const setClock = stopClock(t)
  const { log, note, writes, told } = setUp(t, { maxKeys: 3, maxDemands: 2 })
  setClock(1)
  note('a', read)
  note('b')
  t.strictSame(told, [])
  note('c', deploy)
  note('d', deploy)
  t.strictSame(told, ['full'], 'a key too many')
  note('b', read)
  t.strictSame(told, ['full', 'full'], 'a demand too many')
  setClock(2)
  note('a', read)
  note('b', read)
  await log.flush()
  t.strictSame(shown(writes.splice(0).flat()), ['a 2 [["apps:read"]] 2', 'b 2', 'c 1 [["apps:deploy"]] 1'])
  note('d', read)
  note('e', read)
  note('f')
  t.equal(told.length, 3, 'once it is written there is room again')
  await log.flush()
  t.strictSame(shown(writes.flat()), ['d 2 [["apps:read"]] 2', 'e 2 [["apps:read"]] 2', 'f 2'])
})

t.test('a store that is down for long makes it grow no further than to the limit', async (t) => {
  const { log, note, writes } = setUp(t, { maxKeys: 1000, maxDemands: 1500, async recordUse () { if (down) throw new Error('down') } })
  let down = true
  for (let round = 0; round < 20; round++) {
    for (let i = 0; i < 200; i++) {
      note(`key-${round}-${i}`, read)
      note(`key-${round}-${i}`, deploy)
    }
    await t.rejects(log.flush())
  }
  down = false
  await log.flush()
  const uses = writes.flat()
  t.equal(uses.length, 1000)
  t.equal(uses.reduce((sum, { demands }) => sum + demands.size, 0), 1500)
})

t.test('one key that is known twice, as it was read again, is written once with the latest dates', async (t) => {
  const setClock = stopClock(t)
  const { log, writes } = setUp(t)
  const before = keyOf('a')
  const after = keyOf('a')
  for (const [now, key, met] of [[1, before, read], [2, after, deploy], [4, after, read], [3, before, deploy]] as const) {
    setClock(now)
    log.note(key, met)
  }
  await log.flush()
  t.strictSame(writes.map(shown), [['a 4 [["apps:read"]] 4 [["apps:deploy"]] 3']])
})

t.test('a clock that was set back to before the log began is believed', async (t) => {
  const setClock = stopClock(t)
  setClock(5_000_000_000_000)
  const { log, note, writes } = setUp(t)
  setClock(1_000_000)
  note('a', read)
  setClock(1_000_001)
  note('a')
  await log.flush()
  t.strictSame(writes.map(shown), [['a 1000001 [["apps:read"]] 1000000']])
})

t.test('however many keys are noted, none is lost when the store fails', async (t) => {
  let fails = true
  const { log, writes, told } = setUp(t, { maxKeys: 150_000, async recordUse () { if (fails) throw new Error('down') } })
  const key = keyOf('a')
  for (let i = 0; i < 150_000; i++) log.note(Object.create(key, { id: { value: `key-${i}` } }))
  await t.rejects(log.flush(), { code: 'FST_API_KEY_STORE_UNAVAILABLE' })
  fails = false
  await log.flush()
  t.equal(new Set(writes.flat().map(({ id }) => id)).size, 150_000)
  t.equal(told.length, 1)
})

t.test('what is being written counts towards the limit', async (t) => {
  const { log, note, writes, told } = setUp(t, {
    maxKeys: 600,
    async recordUse () {
      if (writes.length === 0) for (let i = 0; i < 600; i++) note(`later-${i}`)
    }
  })
  for (let i = 0; i < 600; i++) note(`key-${i}`)
  await log.flush()
  await log.flush()
  t.equal(writes.flat().length, 600 + 500, 'there was room again for the first 500')
  t.equal(told.length, 100)
})

const demands = [read, deploy, catalog.requirement([]), catalog.requirement(['apps:read', 'apps:deploy'])]

/** Another key is noted, and maybe met a demand; or all is written, and fails at some write, while keys are noted. */
type Step = { readonly key: number, readonly met: number } | { readonly failsAt: number, readonly meanwhile: ReadonlyArray<{ readonly key: number, readonly met: number }> }

const noted = fc.record({ key: fc.nat(9), met: fc.integer({ min: -1, max: 3 }) })
const step: fc.Arbitrary<Step> = fc.oneof({ weight: 6, arbitrary: noted }, fc.record({ failsAt: fc.nat(2), meanwhile: fc.array(noted, { maxLength: 4 }) }))

t.test('whatever is noted, and whenever the store fails, it is told each use in the end, and never an earlier one after it', async (t) => {
  const setClock = stopClock(t)
  await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
    let now = 0
    let writes = 0
    let then: { failsAt: number, meanwhile: ReadonlyArray<{ key: number, met: number }> } = { failsAt: 0, meanwhile: [] }
    // Of five ids there are two keys each.
    const keys = Array.from({ length: 10 }, (_, i) => keyOf(`key-${i % 5}`))
    const expected = new Map<string, number>()
    const store = new Map<string, number>()
    let isRight = true
    setClock(0)
    const log = new UsageLog({
      flushInterval: 3_600_000,
      failed () {},
      full () { isRight = false },
      async recordUse (uses) {
        then.meanwhile.forEach(note)
        then = { ...then, meanwhile: [] }
        if (++writes === then.failsAt) throw new Error('down')
        const told = uses.flatMap(({ id, lastUsedAt, demands }) => [[id, lastUsedAt] as const, ...[...demands].map(([demand, at]) => [id + demand, at] as const)])
        isRight &&= new Set(told.map(([what]) => what)).size === told.length
        for (const [what, at] of told) {
          isRight &&= at.getTime() > (store.get(what) ?? 0)
          store.set(what, at.getTime())
        }
      }
    })
    for (const step of steps) {
      if ('met' in step) note(step)
      else {
        writes = 0
        then = step
        await log.flush().catch(() => {})
      }
    }
    then = { failsAt: 0, meanwhile: [] }
    await log.close()
    return isRight && [...expected].every(([what, at]) => store.get(what) === at) && store.size === expected.size

    function note ({ key, met }: { key: number, met: number }) {
      setClock(++now)
      const { id } = keys[key]!
      const demand = demands[met]
      log.note(keys[key]!, demand)
      expected.set(id, now)
      if (demand !== undefined) for (const text of textsOf(demand)) expected.set(id + text, now)
    }
  }), { numRuns: 200 })
})
