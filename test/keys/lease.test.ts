// What the simulation shows for all histories, shown here for the simple ones; and what an operator is told.
import t from 'tap'
import type { After, Clock } from '../../lib/keys/clock.js'
import { afterInBackground } from '../../lib/keys/clock.js'
import { fingerprintOf as digestOf } from '../../lib/keys/digest.js'
import { Lease, type LeaseOptions } from '../../lib/keys/lease.js'
import type { Changes, KeyStore, Position } from '../../lib/keys/store.js'

interface Asked { readonly since: Position | null, answer (seq: number, digests?: readonly string[] | null, epoch?: string): Promise<void>, say (answer: unknown): Promise<void>, fail (error: Error): Promise<void> }

/** Timers that fire when the clock is moved on. */
function clockwork () {
  const time = { monotonic: 0, wall: 0 }
  const timers = new Set<{ readonly at: number, readonly work: () => void }>()
  const after: After = (milliseconds, work) => {
    const timer = { at: time.monotonic + milliseconds, work }
    timers.add(timer)
    return () => { timers.delete(timer) }
  }
  const clock: Clock = { monotonic: () => time.monotonic, wall: () => time.wall }
  return {
    time,
    clock,
    after,
    timers,
    async pass (milliseconds: number) {
      const until = time.monotonic + milliseconds
      for (;;) {
        const due = [...timers].filter(({ at }) => at <= until).sort((a, b) => a.at - b.at)[0]
        const to = due?.at ?? until
        time.wall += to - time.monotonic
        time.monotonic = to
        if (due === undefined) return
        timers.delete(due)
        due.work()
        await turn()
      }
    }
  }
}

async function turn (): Promise<void> {
  await new Promise(resolve => setImmediate(resolve))
}

/** A lease of a second over a store that tells what has changed when it is told to. */
function setUp (options: Partial<LeaseOptions> = {}) {
  const { time, clock, after, timers, pass } = clockwork()
  const asked: Asked[] = []
  const told: unknown[][] = []
  const hints = { hint: () => {}, ended: 0 }
  const store: Pick<KeyStore, 'changes' | 'watch'> = {
    changes: since => new Promise<Changes>((resolve, reject) => {
      const say = async (answer: unknown) => {
        resolve(answer as Changes)
        await turn()
      }
      asked.push({
        since,
        say,
        async answer (seq, digests = [], epoch = 'e') { await say({ position: { epoch, seq }, digests }) },
        async fail (error) {
          reject(error)
          await turn()
        }
      })
    }),
    watch (hint) {
      hints.hint = hint
      return async () => { hints.ended++ }
    }
  }
  const lease = new Lease({
    store,
    maxStaleness: 1000,
    trouble: {
      failed (error) { told.push(['failed', (error as Error).message]) },
      forgot (...what) { told.push(['forgot', ...what]) }
    },
    clock,
    wait: { next: after, answer: after },
    ...options
  })
  const marks = (name: string) => {
    const mark = lease.marks.take([digestOf(name)])
    return () => lease.marks.holds(mark)
  }
  async function end () {
    const closed = lease.close()
    await pass(1000)
    await closed
  }
  return { lease, asked, told, hints, time, timers, pass, marks, end, covers: () => lease.covers() }
}

t.test('the lease lasts maxStaleness from the moment at which the asking began that was answered', async (t) => {
  const { lease, asked, covers, pass, told, end } = setUp()
  t.notOk(covers(), 'none before it was opened')
  lease.open()
  t.equal(asked[0]!.since, null)
  await pass(400)
  t.notOk(covers(), 'nor before the first answer')
  await asked[0]!.answer(7, null)
  t.ok(covers())
  t.strictSame(asked.map(({ since }) => since), [null], 'asks again a quarter of it later, and now at once')
  await pass(0)
  t.strictSame(asked[1]!.since, { epoch: 'e', seq: 7 })
  await pass(499)
  t.ok(covers())
  await pass(100.9)
  t.ok(covers())
  await pass(0.1)
  t.notOk(covers(), 'the second asking was not answered')
  t.strictSame(told, [['failed', 'the store did not tell in time what has changed']])
  await asked.at(-1)!.answer(7)
  t.ok(covers(), 'but a later one')
  await end()
})

t.test('it asks every quarter of maxStaleness, answered, failed or never answered, and says so', async (t) => {
  const { lease, asked, pass, told } = setUp()
  lease.open()
  await asked[0]!.answer(0)
  for (let i = 1; i <= 4; i++) {
    await pass(249)
    t.equal(asked.length, i)
    await pass(1)
    t.equal(asked.length, i + 1)
    if (i % 2 === 0) await asked[i]!.answer(0)
    else await asked[i]!.fail(new Error('no connection'))
  }
  t.strictSame(told, [['failed', 'no connection'], ['failed', 'no connection']])
  await pass(250)
  await pass(499)
  t.equal(asked.length, 6, 'never two at a time')
  await pass(1)
  t.strictSame(told[2], ['failed', 'the store did not tell in time what has changed'])
  await pass(0)
  t.equal(asked.length, 7)
  await asked[5]!.answer(99, ['x'])
  t.strictSame(asked[6]!.since, { epoch: 'e', seq: 0 }, 'an answer that is too late is not heard')
  const end = lease.close()
  await asked[6]!.answer(0)
  await end
})

t.test('what has changed is marked, and nothing else', async (t) => {
  const { lease, asked, pass, marks, told, end } = setUp()
  lease.open()
  await asked[0]!.answer(1)
  const [a, b, c] = ['a', 'b', 'c'].map(marks) as [() => boolean, () => boolean, () => boolean]
  await pass(250)
  await asked[1]!.answer(3, [digestOf('a'), digestOf('c')])
  t.strictSame([a(), b(), c()], [false, true, false])
  await pass(250)
  t.strictSame(asked[2]!.since, { epoch: 'e', seq: 3 })
  await asked[2]!.answer(3)
  t.ok(b())
  t.strictSame(told, [])
  await end()
})

const forgetting: ReadonlyArray<readonly [title: string, why: string, seq: number, digests: readonly string[] | null, epoch: string]> = [
  ['another epoch', 'epoch', 5, [], 'f'],
  ['another epoch, further on', 'epoch', 9, null, 'f'],
  ['a position that went back', 'backwards', 4, [], 'e'],
  ['more changes than are told', 'many', 6, null, 'e']
]

for (const [title, why, seq, digests, epoch] of forgetting) {
  t.test(`${title}: everything is forgotten, the operator is told, and it goes on from there`, async (t) => {
    const { lease, asked, pass, marks, told, covers, end } = setUp()
    lease.open()
    const first = marks('a')
    await asked[0]!.answer(5, null)
    t.notOk(first(), 'the first answer tells of anything that may have been before it')
    t.strictSame(told, [], 'which is nothing to be told')
    const a = marks('a')
    await pass(250)
    await asked[1]!.answer(seq, digests, epoch)
    t.notOk(a())
    t.ok(covers())
    t.strictSame(told, [['forgot', why, { epoch: 'e', seq: 5 }, { epoch, seq }]])
    const again = marks('a')
    await pass(250)
    t.strictSame(asked[2]!.since, { epoch, seq })
    await asked[2]!.answer(seq, [], epoch)
    t.ok(again())
    await end()
  })
}

t.test('a store that says at first that nothing has changed is not believed: of what was before it knows nothing', async (t) => {
  const { lease, asked, marks, told, end } = setUp()
  lease.open()
  const a = marks('a')
  await asked[0]!.answer(5, [])
  t.notOk(a())
  t.strictSame(told, [])
  await end()
})

t.test('when the clock was set, or the machine has slept, everything is forgotten', async (t) => {
  for (const jump of [86_400_000, -86_400_000, 251, -251]) {
    const { lease, asked, pass, time, marks, told, covers, end } = setUp()
    lease.open()
    await asked[0]!.answer(5)
    const a = marks('a')
    await pass(250)
    await asked[1]!.answer(5)
    t.ok(a() && covers())
    time.wall += jump
    t.equal(covers(), Math.abs(jump) < 750, 'time that has passed by either clock counts at once, and one that was set back may hide some')
    await pass(250)
    t.notOk(a())
    t.notOk(covers(), 'until the store has told')
    t.strictSame(told, [['forgot', 'clock', { epoch: 'e', seq: 5 }, { epoch: 'e', seq: 5 }]])
    await asked[2]!.answer(5)
    t.ok(covers())
    await end()
  }
  const { lease, asked, pass, time, told, end } = setUp()
  lease.open()
  await asked[0]!.fail(new Error('no connection'))
  time.wall += 86_400_000
  await pass(250)
  t.strictSame(told, [['failed', 'no connection']], 'with nothing to forget there is nothing to tell')
  time.wall += 250
  await asked[1]!.answer(0)
  await pass(250)
  t.equal(told.length, 1, 'nor is a clock that goes a little wrong')
  await end()
})

t.test('a hint makes it ask at once, but not more often than every hundredth of maxStaleness', async (t) => {
  const { lease, asked, pass, hints, end } = setUp()
  lease.open()
  await asked[0]!.answer(0)
  await pass(100)
  hints.hint()
  await pass(0)
  t.equal(asked.length, 2)
  for (let i = 0; i < 100; i++) hints.hint()
  await pass(100)
  t.equal(asked.length, 2, 'never two at a time')
  await asked[1]!.answer(0)
  await pass(0)
  t.equal(asked.length, 3, 'hints that come while it asks are one more')
  hints.hint()
  await asked[2]!.answer(0)
  await pass(9)
  t.equal(asked.length, 3)
  await pass(1)
  t.equal(asked.length, 4)
  await asked[3]!.answer(0)
  await pass(249)
  t.equal(asked.length, 4)
  await pass(1)
  t.equal(asked.length, 5, 'and then it goes on as always')
  await end()
})

t.test('a closed one asks no more, hears no hints, and waits for what was asked', async (t) => {
  const { lease, asked, pass, hints, told, timers } = setUp()
  await lease.close()
  lease.open()
  lease.open()
  t.equal(asked.length, 1)
  const end = lease.close()
  hints.hint()
  t.equal(await Promise.race([end, turn().then(() => 'waiting')]), 'waiting')
  await asked[0]!.fail(new Error('closed'))
  await end
  await lease.close()
  hints.hint()
  await pass(10_000)
  t.equal(asked.length, 1)
  t.equal(hints.ended, 1)
  t.equal(timers.size, 0)
  t.strictSame(told, [], 'that it failed then is nobody\'s trouble')
})

t.test('a store that cannot tell, and one that is always asked, never gives one', async (t) => {
  const without = setUp({ store: {} })
  without.lease.open()
  const always = setUp({ maxStaleness: 0 })
  always.lease.open()
  for (const { covers, pass, asked, end } of [without, always]) {
    await pass(1000)
    t.notOk(covers())
    t.equal(asked.length, 0)
    await end()
  }
})

t.test('hints that cannot be had are told of once, and missed by nobody', async (t) => {
  for (const watch of [() => { throw new Error('no hints') }, async () => { throw new Error('no hints') }]) {
    const { lease, told, covers, pass, end } = setUp({ store: { changes: () => ({ position: { epoch: 'e', seq: 0 }, digests: [] }), watch } })
    lease.open()
    await turn()
    await pass(1000)
    t.ok(covers())
    await end()
    t.strictSame(told, [['failed', 'no hints']])
  }
})

t.test('a store may hint as soon as it is watched', async (t) => {
  let count = 0
  const { lease, told, pass, end } = setUp({
    store: {
      changes: () => ({ position: { epoch: 'e', seq: count++ }, digests: [] }),
      watch (hint) {
        hint()
        return () => {}
      }
    }
  })
  lease.open()
  await turn()
  await pass(10)
  t.equal(count, 2)
  t.strictSame(told, [])
  await end()
})

t.test('one whose store never says how to end its hints closes all the same', async (t) => {
  const never = () => new Promise<never>(() => {})
  for (const watch of [never, () => never]) {
    const { lease, told, pass } = setUp({ store: { changes: () => ({ position: { epoch: 'e', seq: 0 }, digests: [] }), watch } })
    lease.open()
    await turn()
    const closed = lease.close().then(() => 'closed')
    await pass(9999)
    t.equal(await Promise.race([closed, turn().then(() => 'waiting')]), 'waiting')
    await pass(1)
    t.equal(await closed, 'closed')
    t.strictSame(told, [['failed', 'the store did not stop to watch in time']])
  }
})

t.test('an answer that is none gives no lease', async (t) => {
  const position = { epoch: 'e', seq: 0 }
  const answers: unknown[] = [
    undefined, null, 7, [], {}, { position }, { digests: [] }, { position, digests: undefined }, { position, digests: 'x' }, { position, digests: [7] },
    ...[null, {}, { epoch: 'e' }, { seq: 0 }, { epoch: 1, seq: 0 }, ...[-1, 0.5, NaN, Infinity, '0', 2 ** 53, 0n, null].map(seq => ({ epoch: 'e', seq }))].map(position => ({ position, digests: [] }))
  ]
  for (const answer of answers) {
    const { lease, asked, told, covers, end } = setUp()
    lease.open()
    await asked[0]!.say(answer)
    t.notOk(covers())
    t.strictSame(told, [['failed', 'changes of the store must answer { position: { epoch, seq }, digests }']])
    await end()
  }
})

t.test('a store that throws, or answers at once, is asked like any other', async (t) => {
  const throwing = setUp({ store: { changes () { throw new Error('broken') } } })
  throwing.lease.open()
  await turn()
  t.strictSame(throwing.told, [['failed', 'broken']])
  await throwing.lease.close()

  const quick = setUp({ store: { changes: () => ({ position: { epoch: 'e', seq: 0 }, digests: null }) } })
  quick.lease.open()
  await turn()
  t.ok(quick.covers())
  await quick.lease.close()
})

t.test('by its own clock and timers it asks a store that is there, and lets the process end', async (t) => {
  let count = 0
  const lease = new Lease({
    store: { changes: () => ({ position: { epoch: 'e', seq: count++ }, digests: [] }) },
    maxStaleness: 20,
    trouble: { failed (error) { throw error }, forgot () {} }
  })
  lease.open()
  const asked = () => count
  while (asked() < 3) await new Promise(resolve => setTimeout(resolve, 1))
  await lease.close()
  const cancel = afterInBackground(0, () => { t.fail('it was cancelled') })
  cancel()
  // Both are due by the time that timers are looked at, so this one is cancelled while it takes its one more turn.
  setTimeout(afterInBackground(1, () => { t.fail('it was cancelled in time') }), 1)
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10)
  await new Promise(resolve => setTimeout(resolve, 5))
  t.pass()
})
