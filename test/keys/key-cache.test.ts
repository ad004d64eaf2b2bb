import { once } from 'node:events'
import fc from 'fast-check'
import t from 'tap'
import { BoundedMap } from '../../lib/keys/bounded-map.js'
import { KeyCache, type Found, type KeyCacheOptions } from '../../lib/keys/key-cache.js'
import { after } from '../../lib/keys/clock.js'
import { fingerprintOf as digestOf } from '../../lib/keys/digest.js'
import { KnownKey, recordOf } from '../../lib/keys/known-key.js'
import { Lease } from '../../lib/keys/lease.js'
import { defineScopes } from '../../lib/scopes/catalog.js'
import { sampleKey } from '../../lib/testing/store-cases/store-case.js'

const catalog = defineScopes({ a: '' })

function known (id: string): KnownKey {
  return new KnownKey(recordOf(sampleKey({ id })), catalog.grant(['a']), null)
}

interface Read { readonly digest: string, answer (found: Found): void, fail (error: Error): void }

/** A cache without a lease, with clocks that stand still unless they are set, over a store that answers when it is told to. */
function setUp (options: Partial<KeyCacheOptions> = {}) {
  const time = { monotonic: 0, wall: 0 }
  const clock = {
    get now () { return time.monotonic },
    set now (milliseconds) { time.monotonic = time.wall = milliseconds },
    get wall () { return time.wall },
    set wall (milliseconds) { time.wall = milliseconds }
  }
  const reads: Read[] = []
  const { maxStaleness = 1000 } = options
  const lease = new Lease({ store: {}, maxStaleness, trouble: { failed (error) { throw error }, forgot () { throw new Error('forgot') } } })
  const cache = new KeyCache({
    lease,
    digestsOf: fingerprint => [digestOf(fingerprint)],
    // These tests last far less than this; where the time-out itself is meant, they say so.
    timeout: 60_000,
    maxStaleness,
    timedOut: () => new Error('timed out'),
    clock: { monotonic: () => time.monotonic, wall: () => time.wall },
    read: ([digest]) => new Promise((resolve, reject) => {
      reads.push({ digest: digest!, answer: found => { resolve({ found, isToldOf: true }) }, fail: reject })
    }),
    ...options
  })
  /** Asks, and answers the read that this leads to at once, if it does. Tells what was found. */
  async function find (fingerprint: string, found: Found): Promise<Found> {
    const before = reads.length
    const answer = cache.find(fingerprint)
    reads.slice(before).forEach(read => read.answer(found))
    return await answer
  }
  return { cache, clock, reads, find, changed: (...names: string[]) => { lease.marks.changed(names.map(digestOf)) } }
}

const one = known('1')
const two = known('2')

t.test('an answer is used until maxStaleness after its read began', async (t) => {
  const { cache, clock, reads } = setUp()
  clock.now = 5000
  const found = cache.find('f')
  clock.now = 5400
  reads[0]!.answer(one)
  t.equal(await found, one)

  clock.now = 5999.99
  t.equal(cache.peek('f'), one)
  t.equal(await cache.find('f'), one)
  t.equal(reads.length, 1)

  clock.now = 6000
  t.equal(cache.peek('f'), undefined, 'not until maxStaleness after it ended')
  const again = cache.find('f')
  t.equal(reads.length, 2)
  reads[1]!.answer(two)
  t.equal(await again, two, 'the old answer is replaced')
  t.equal(cache.peek('f'), two)
})

t.test('what is not known, or corrupt, is remembered as long', async (t) => {
  for (const miss of ['unknown', 'corrupt'] as const) {
    const { cache, clock, reads, find } = setUp()
    t.equal(cache.peek('f'), undefined)
    t.equal(await find('f', miss), miss)
    clock.now = 999
    t.equal(cache.peek('f'), miss)
    t.equal(await cache.find('f'), miss)
    clock.now = 1000
    t.equal(cache.peek('f'), undefined)
    t.equal(reads.length, 1)
  }
})

t.test('10,000 who want the same key at once cost one read', async (t) => {
  const { cache, reads } = setUp()
  const answers = Array.from({ length: 10_000 }, () => cache.find('f'))
  const other = cache.find('g')
  t.strictSame(reads.map(read => read.digest), ['f', 'g'].map(digestOf))
  reads[0]!.answer(one)
  reads[1]!.answer('unknown')
  t.ok((await Promise.all(answers)).every(found => found === one))
  t.equal(await other, 'unknown')
  t.equal(await cache.find('f'), one)
  t.equal(reads.length, 2)
})

t.test('a read that began before a change of its key is neither joined nor remembered after it', async (t) => {
  const { cache, reads, changed } = setUp()
  const early = cache.find('f')
  changed('f')
  const late = cache.find('f')
  const later = cache.find('f')
  t.equal(reads.length, 2, 'the second reads anew, the third joins the second')
  reads[0]!.answer(one)
  t.equal(await early, one, 'who asked before gets the answer from before')
  t.equal(cache.peek('f'), undefined, 'which is not remembered')
  t.equal(await Promise.race([late, 'waiting']), 'waiting')
  const last = cache.find('f')
  t.equal(reads.length, 2, 'and does not end the joining of the newer read')
  reads[1]!.answer(two)
  t.strictSame(await Promise.all([late, later, last]), [two, two, two])
  t.equal(cache.peek('f'), two)
})

t.test('a change of another key meanwhile is of no matter', async (t) => {
  const { cache, reads, changed } = setUp()
  const early = cache.find('f')
  changed('g')
  const late = cache.find('f')
  reads[0]!.answer(one)
  t.strictSame([await early, await late, cache.peek('f'), reads.length], [one, one, one, 1])
})

t.test('an old read that ends after the newer one does not replace its answer', async (t) => {
  const { cache, reads, changed } = setUp()
  const early = cache.find('f')
  changed('f')
  const late = cache.find('f')
  reads[1]!.answer('unknown')
  t.equal(await late, 'unknown')
  reads[0]!.answer(one)
  t.equal(await early, one)
  t.equal(cache.peek('f'), 'unknown')
})

t.test('a change forgets what it concerns, known or unknown, and nothing else', async (t) => {
  const { cache, find, changed } = setUp()
  const names = ['f1', 'f2', 'f3', 'f4']
  for (const [i, found] of ([one, two, 'unknown', 'unknown'] as const).entries()) await find(names[i]!, found)
  changed('f1', 'f3')
  t.strictSame(names.map(name => cache.peek(name)), [undefined, two, undefined, 'unknown'])
  t.equal(await find('f3', one), one)
  t.equal(cache.peek('f3'), one)
})

t.test('of a key that may stand under several digests, a change of any counts', async (t) => {
  for (const pepper of ['a', 'b', 'c']) {
    const { cache, find, changed } = setUp({ digestsOf: name => ['a', 'b'].map(pepper => digestOf(pepper + name)) })
    await find('f', one)
    changed(`${pepper}f`)
    t.equal(cache.peek('f'), pepper === 'c' ? one : undefined)
  }
})

t.test('a failed read is told to all who wait for it, and remembered by nobody', async (t) => {
  const { cache, reads, find } = setUp()
  const answers = Array.from({ length: 100 }, () => cache.find('f'))
  const failure = new Error('no connection')
  reads[0]!.fail(failure)
  t.ok((await Promise.allSettled(answers)).every(answer => answer.status === 'rejected' && answer.reason === failure))
  t.equal(cache.peek('f'), undefined)
  t.equal(await find('f', one), one, 'the next one asks again')
  t.equal(reads.length, 2)
})

t.test('a failed read does not drop a key that is known from before', async (t) => {
  const { cache, clock, reads, find } = setUp()
  await find('f', one)
  clock.now = 1000
  const again = cache.find('f')
  reads[1]!.fail(new Error('no connection'))
  await t.rejects(async () => await again, { message: 'no connection' }, 'but it is too old to be used')
  t.equal(cache.peek('f'), undefined)
})

t.test('a read that takes too long has failed', async (t) => {
  const { cache, reads } = setUp({ timeout: 20 })
  const answers = await Promise.allSettled([cache.find('f'), cache.find('f')])
  t.ok(answers.every(answer => answer.status === 'rejected' && answer.reason.message === 'timed out'))
  reads[0]!.answer(one)
  await new Promise(resolve => setImmediate(resolve))
  t.equal(cache.peek('f'), undefined, 'what it says later is not heard')
  t.equal(reads.length, 1)

  const again = cache.find('f')
  reads[1]!.answer(two)
  t.equal(await again, two)
})

t.test('a read that fails after its time does so unheard', async (t) => {
  const { cache, reads } = setUp({ timeout: 20 })
  await t.rejects(async () => await cache.find('f'), { message: 'timed out' })
  reads[0]!.fail(new Error('no connection'))
  await new Promise(resolve => setImmediate(resolve))
  t.equal(cache.peek('f'), undefined, 'and the process lives on')
})

t.test('when the process was late to take an answer, the clock decides: it asks again, once', async (t) => {
  const { cache, clock, reads } = setUp({ timeout: 1000 })
  const turn = async () => { await new Promise(resolve => setImmediate(resolve)) }
  const first = cache.find('f')
  clock.now = 1000.1
  reads[0]!.answer(one)
  await turn()
  t.equal(reads.length, 2)
  reads[1]!.answer('unknown')
  t.equal(await first, 'unknown', 'what was true before it fell behind is not believed')
  clock.now = 2000
  t.equal(cache.peek('f'), 'unknown', 'and the new answer counts from the second read')

  const twice = cache.find('g')
  clock.now = 4000
  reads[2]!.answer(one)
  await turn()
  clock.now = 6000
  reads[3]!.answer(one)
  await t.rejects(async () => await twice, { message: 'timed out' })
  t.equal(cache.peek('g'), undefined)
  t.equal(reads.length, 4)

  const inTime = cache.find('g')
  clock.now = 7000
  reads[4]!.answer(one)
  t.equal(await inTime, one)
})

t.test('what was read before the machine slept is not used after it', async (t) => {
  const { cache, clock, find } = setUp()
  await find('f', one)
  clock.wall = 999
  t.equal(cache.peek('f'), one)
  clock.wall = 8 * 3_600_000
  t.equal(cache.peek('f'), undefined, 'though the other clock stood still')
  await find('f', two)
  clock.wall = 0
  t.equal(cache.peek('f'), undefined, 'nor after the clock was set back, which could hide that it slept')
})

t.test('an answer that came while the process stood still is taken, not timed out', async (t) => {
  let reads = 0
  const { cache, clock } = setUp({
    timeout: 5,
    // What comes after the standstill may take its time.
    wait: (milliseconds, work) => after(reads === 0 ? milliseconds : 60_000, work),
    read: async () => {
      // It is there as soon as this process looks; the first time, it looks only after the time-out.
      const { port1, port2 } = new MessageChannel()
      const answered = once(port2, 'message')
      port1.postMessage('answer')
      await null // until the time-out has begun
      if (++reads === 1) {
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20)
        clock.now = 20
      }
      await answered
      port1.close()
      return { found: one, isToldOf: true }
    }
  })
  t.equal(await cache.find('f'), one)
  t.equal(reads, 2, 'but it was old by then')
})

t.test('with maxStaleness 0 every request asks, even while another is asking', async (t) => {
  const { cache, reads, find } = setUp({ maxStaleness: 0 })
  t.equal(await find('f', one), one)
  t.equal(cache.peek('f'), undefined)
  t.equal(await find('f', 'unknown'), 'unknown')

  const early = cache.find('f')
  const late = cache.find('f')
  t.equal(reads.length, 4)
  reads[2]!.answer(one)
  reads[3]!.answer('unknown')
  t.strictSame([await early, await late], [one, 'unknown'])
})

t.test('a key that became unknown, and an unknown key that became known, replace what was remembered', async (t) => {
  const { cache, clock, find } = setUp()
  const answers: Found[] = [one, 'unknown', two, 'corrupt', one]
  for (const [i, found] of answers.entries()) {
    clock.now = i * 1000
    t.equal(await find('f', found), found)
    t.equal(cache.peek('f'), found, `answer ${i}`)
  }
})

t.test('a flood of made-up keys drives out no real one, and no more of them are kept than allowed', async (t) => {
  const { cache, find } = setUp({ maxKeys: 200, maxMisses: 100 })
  for (let i = 0; i < 100; i++) await find(`real ${i}`, one)
  for (let i = 0; i < 100_000; i++) await find(`made-up ${i}`, i % 2 === 0 ? 'unknown' : 'corrupt')
  const kept = (name: string, size: number) => Array.from({ length: size }, (_, i) => cache.peek(`${name} ${i}`)).filter(found => found !== undefined).length
  t.equal(kept('real', 100), 100)
  const misses = kept('made-up', 100_000)
  t.ok(misses > 0 && misses <= 100, `${misses} misses are kept`)

  for (let i = 0; i < 1000; i++) await find(`flood ${i}`, two)
  t.ok(kept('flood', 1000) <= 200, 'nor are more real keys kept than allowed')
})

t.test('left to itself it keeps 100,000 keys and 10,000 misses, by a clock of its own', async (t) => {
  let reads = 0
  const cache = new KeyCache({
    digestsOf: name => [name],
    read: async ([name]) => { reads++; return { found: name!.startsWith('k') ? one : 'unknown', isToldOf: true } },
    lease: new Lease({ store: {}, maxStaleness: 3_600_000, trouble: { failed () {}, forgot () {} } }),
    maxStaleness: 3_600_000,
    timeout: 3_600_000,
    timedOut: () => new Error('timed out')
  })
  for (let i = 0; i < 49_000; i++) await cache.find(`k${10_000 + i}`)
  for (let i = 0; i < 4_900; i++) await cache.find(`m${10_000 + i}`)
  t.ok(Array.from({ length: 49_000 }, (_, i) => cache.peek(`k${10_000 + i}`)).every(found => found === one))
  t.ok(Array.from({ length: 4_900 }, (_, i) => cache.peek(`m${10_000 + i}`)).every(found => found === 'unknown'))
  t.equal(reads, 53_900)
})

/* BoundedMap */

type Step = readonly ['set' | 'get' | 'delete', number]

const step: fc.Arbitrary<Step> = fc.tuple(fc.constantFrom('set', 'set', 'set', 'get', 'get', 'delete'), fc.integer({ min: 0, max: 15 }))

t.test('a bounded map answers what a map would, or nothing, and keeps what was used last', async () => {
  fc.assert(fc.property(fc.integer({ min: 0, max: 20 }), fc.array(step, { maxLength: 200, size: 'max' }), (limit, steps) => {
    const bounded = new BoundedMap<number, number>(limit)
    const model = new Map<number, number>()
    let recent: number[] = []
    for (const [i, [what, key]] of steps.entries()) {
      const present = bounded.get(key) !== undefined
      if (present && bounded.get(key) !== model.get(key)) return false
      if (model.has(key) && recent.slice(0, Math.floor(limit / 2)).includes(key) && !present) return false
      if (present) use(key)
      if (what === 'set') {
        bounded.set(key, i)
        model.set(key, i)
        use(key)
      } else if (what === 'delete') {
        bounded.delete(key)
        model.delete(key)
      }
      if (bounded.size > Math.max(limit, 1)) return false
    }
    const last = recent.slice(0, Math.floor(limit / 2)).filter(key => model.has(key))
    return last.every(key => bounded.get(key) === model.get(key)) &&
      [...model].every(([key, value]) => [value, undefined].includes(bounded.get(key)))

    function use (key: number) {
      recent = [key, ...recent.filter(used => used !== key)]
    }
  }), { numRuns: 2000 })
})

t.test('a bounded map forgets what was not used for longest', async (t) => {
  const map = new BoundedMap<string, number>(4)
  for (const [i, key] of ['a', 'b', 'c', 'd'].entries()) map.set(key, i)
  t.ok(map.size <= 4)
  map.get('c')
  map.set('e', 4)
  t.strictSame(['a', 'b', 'c', 'e'].map(key => map.get(key)), [undefined, undefined, 2, 4])
})

t.test('what has other characters than any key is asked for each time', async (t) => {
  const { cache, reads, find } = setUp()
  for (const found of [one, 'unknown'] as const) {
    t.equal(await find('clé', found), found)
    t.equal(cache.peek('clé'), undefined)
  }
  t.equal(reads.length, 2)
})

t.test('an older answer never comes back, whatever becomes of the newer one', async (t) => {
  for (const [older, newer] of [[one, 'unknown'], ['unknown', one]] as const) {
    const { cache, clock, find } = setUp({ maxKeys: 1, maxMisses: 1 })
    await find('f', older)
    clock.now = 1000
    await find('f', newer)
    // By which the older one could be used, too.
    clock.now = 500
    t.equal(cache.peek('f'), newer)
    await find('g', newer)
    t.equal(cache.peek('f'), undefined, 'the newer one had to give way')
  }
})
