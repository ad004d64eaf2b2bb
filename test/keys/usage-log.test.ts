import { setTimeout as wait } from 'node:timers/promises'
import t, { type Test } from 'tap'
import type { KeyUse } from '../../lib/keys/store.js'
import { UsageLog, type UsageLogOptions } from '../../lib/keys/usage/log.js'
import { defineScopes } from '../../lib/scopes/catalog.js'
import { allOf, type AllOf, type Requirement } from '../../lib/scopes/requirement.js'
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
  return { log, told, writes }
}

/** A clock that stands still until it is set, in milliseconds since 1970. */
function stopClock (t: Test) {
  const real = Date.now
  t.teardown(() => { Date.now = real })
  return (now: number) => { Date.now = () => now }
}

/** `id 5 demand 4`: last used in millisecond 5, and the demand met in millisecond 4. */
const shown = (uses: readonly KeyUse[]) => uses.map(({ id, lastUsedAt, demands }) =>
  [id, lastUsedAt.getTime(), ...[...demands].flatMap(([demand, at]) => [demand, at.getTime()])].join(' '))

t.test('what was seen is written once, with the latest dates', async (t) => {
  const setClock = stopClock(t)
  const { log, writes, told } = setUp(t)
  await log.flush()
  t.strictSame(writes, [], 'nothing was seen')

  const seen: ReadonlyArray<readonly [now: number, id: string, met?: Requirement | AllOf]> = [
    [1, 'a'], [2, 'a', read], [3, 'b', deploy], [4, 'a', deploy], [5, 'a', read], [6, 'b'], [7, 'c', allOf([read, deploy])], [8, 'c', allOf([read, catalog.requirement([])])], [9, 'd', catalog.requirement([])]
  ]
  for (const [now, id, met] of seen) {
    setClock(now)
    log.note(id, met)
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
  const { log, writes } = setUp(t)
  const both = catalog.requirement(['apps:read', 'apps:deploy'])
  for (const [now, met] of [[1, read], [3, both], [2, catalog.requirement('apps:deploy')], [2, catalog.requirement('apps:read')]] as const) {
    setClock(now)
    log.note('a', met)
  }
  await log.flush()
  t.strictSame(shown(writes[0]!), ['a 2 [["apps:read"]] 3 [["apps:deploy"]] 3'])
})

t.test('many keys are written 500 at a time, and others have their turn between', async (t) => {
  let turns = 0
  const { log, writes } = setUp(t, { async recordUse () { setImmediate(() => { turns++ }) } })
  for (let i = 0; i < 1234; i++) log.note(`key-${i}`, read)
  await log.flush()
  t.strictSame(writes.map(({ length }) => length), [500, 500, 234])
  t.equal(turns, 3)
  t.equal(new Set(writes.flat().map(({ id }) => id)).size, 1234)
})

t.test('keys that have met many demands are written fewer at a time', async (t) => {
  const many = defineScopes(Object.fromEntries(Array.from({ length: 600 }, (_, i) => [`s${i}`, ''])))
  const requirements = [...many.scopes.keys()].map(name => many.requirement(name))
  const { log, writes } = setUp(t)
  for (let i = 0; i < 10; i++) for (const requirement of requirements) log.note(`key-${i}`, requirement)
  for (let i = 10; i < 20; i++) log.note(`key-${i}`, read)
  await log.flush()
  t.strictSame(writes.map(({ length }) => length), [4, 4, 12])
  t.equal(writes.flat().reduce((sum, { demands }) => sum + demands.size, 0), 6010)
})

t.test('what is seen while it writes is written the next time, and a busy app does not keep it from ending', async (t) => {
  const { log, writes } = setUp(t, { async recordUse () { for (let i = 0; i < 100; i++) log.note(`key-${i}`) } })
  for (let i = 0; i < 50; i++) log.note(`key-${i}`)
  await log.flush()
  t.strictSame(writes.splice(0).map(({ length }) => length), [50])
  await log.flush()
  t.strictSame(writes.splice(0).map(({ length }) => length), [100])
})

t.test('it writes from time to time, whether the store works or not', async (t) => {
  let failing = false
  const { log, writes, told } = setUp(t, { flushInterval: 5, async recordUse () { if (failing) throw new Error('down') } })
  const until = async (holds: () => boolean) => { while (!holds()) await wait(1) }
  log.note('a', read)
  await until(() => writes.length === 1)
  failing = true
  log.note('b', read)
  await until(() => told.length > 2)
  failing = false
  await until(() => writes.length === 2)
  t.strictSame(writes.map(uses => uses.map(({ id }) => id)), [['a'], ['b']])
  await log.close()
  log.note('c')
  await wait(50)
  t.equal(writes.length, 2, 'and no longer once it is closed')
})

t.test('what the store did not take stays, with what came since, and the latest date wins', async (t) => {
  const setClock = stopClock(t)
  let fails = 0
  let between = () => {}
  const down = new Error('down')
  const { log, writes, told } = setUp(t, {
    async recordUse () {
      between()
      if (fails-- > 0) throw down
    }
  })
  setClock(10)
  for (let i = 0; i < 600; i++) log.note(`key-${i}`, read)
  fails = 1
  between = () => {
    setClock(20)
    log.note('key-0', read)
    log.note('key-1', deploy)
    // A clock that was set back.
    setClock(5)
    log.note('key-2', read)
    log.note('new')
    between = () => {}
  }
  await t.rejects(log.flush(), { code: 'FST_API_KEY_STORE_UNAVAILABLE', cause: down })
  t.strictSame(told, [down])
  t.strictSame(writes, [])

  fails = 1
  await t.rejects(log.flush(), { code: 'FST_API_KEY_STORE_UNAVAILABLE' })
  await log.flush()
  t.strictSame(writes.map(({ length }) => length), [500, 101])
  const written = new Map(writes.flat().map(use => [use.id, shown([use])[0]]))
  t.equal(written.size, 601)
  t.equal(written.get('key-0'), 'key-0 20 [["apps:read"]] 20')
  t.equal(written.get('key-1'), 'key-1 20 [["apps:deploy"]] 20 [["apps:read"]] 10')
  t.equal(written.get('key-2'), 'key-2 10 [["apps:read"]] 10')
  t.equal(written.get('key-599'), 'key-599 10 [["apps:read"]] 10')
  t.equal(written.get('new'), 'new 5')
})

t.test('a store that fails in the middle is not asked for the rest', async (t) => {
  let calls = 0
  const { log, writes } = setUp(t, { async recordUse () { if (++calls === 2) throw new Error('down') } })
  for (let i = 0; i < 2000; i++) log.note(`key-${i}`)
  await t.rejects(log.flush())
  t.equal(calls, 2)
  await log.flush()
  t.strictSame(writes.flat().map(({ id }) => id).sort(), Array.from({ length: 2000 }, (_, i) => `key-${i}`).sort(), 'each is written once')
})

t.test('a store that does not answer has failed after a while, and may come back', async (t) => {
  let hangs = true
  const { log, writes, told } = setUp(t, { timeout: 20, async recordUse () { if (hangs) await new Promise(() => {}) } })
  log.note('a', read)
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
  const { log, writes } = setUp(t, {
    async recordUse () {
      most = Math.max(most, ++writing)
      await new Promise<void>(resolve => { release = resolve })
      writing--
    }
  })
  log.note('a')
  const first = log.flush()
  await wait(1)
  log.note('b')
  const later = Array.from({ length: 10 }, () => log.flush())
  log.note('c')
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
  const { log, writes } = setUp(t, { async recordUse (uses) { if (uses[0]!.id === 'a') await new Promise<void>(resolve => { release = resolve }) } })
  log.note('a')
  const flushed = log.flush()
  await wait(1)
  log.note('b')
  const closed = log.close()
  release()
  await closed
  await flushed
  t.strictSame(writes.map(uses => uses.map(({ id }) => id)), [['a'], ['b']])
})

t.test('closing comes to an end though the store fails, and tells of it', async (t) => {
  const { log, told } = setUp(t, { async recordUse () { throw new Error('down') } })
  log.note('a')
  await log.close()
  t.equal(told.length, 1)
})

t.test('beyond a limit new keys and demands are forgotten, and what is known goes on', async (t) => {
  const setClock = stopClock(t)
  const { log, writes, told } = setUp(t, { maxKeys: 3, maxDemands: 2 })
  setClock(1)
  log.note('a', read)
  log.note('b')
  t.strictSame(told, [])
  log.note('c', deploy)
  log.note('d', deploy)
  t.strictSame(told, ['full'], 'a key too many')
  log.note('b', read)
  t.strictSame(told, ['full', 'full'], 'a demand too many')
  setClock(2)
  log.note('a', read)
  log.note('b', read)
  await log.flush()
  t.strictSame(shown(writes.splice(0).flat()), ['a 2 [["apps:read"]] 2', 'b 2', 'c 1 [["apps:deploy"]] 1'])
  log.note('d', read)
  log.note('e', read)
  log.note('f')
  t.equal(told.length, 3, 'once it is written there is room again')
  await log.flush()
  t.strictSame(shown(writes.flat()), ['d 2 [["apps:read"]] 2', 'e 2 [["apps:read"]] 2', 'f 2'])
})

t.test('a store that is down for long makes it grow no further than to the limit', async (t) => {
  const { log, writes } = setUp(t, { maxKeys: 1000, maxDemands: 1500, async recordUse () { if (down) throw new Error('down') } })
  let down = true
  for (let round = 0; round < 20; round++) {
    for (let i = 0; i < 200; i++) {
      log.note(`key-${round}-${i}`, read)
      log.note(`key-${round}-${i}`, deploy)
    }
    await t.rejects(log.flush())
  }
  down = false
  await log.flush()
  const uses = writes.flat()
  t.equal(uses.length, 1000)
  t.equal(uses.reduce((sum, { demands }) => sum + demands.size, 0), 1500)
})
