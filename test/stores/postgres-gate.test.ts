import { setTimeout as wait } from 'node:timers/promises'
import t from 'tap'
import { gate } from '../../lib/stores/postgres/gate.js'

t.test('so many are let in at once, and of the others the last one first', async (t) => {
  const enter = gate(2)
  const order: number[] = []
  let [inside, most] = [0, 0]
  await Promise.all([0, 1, 2, 3, 4, 5].map((i) => enter(60_000, async () => {
    order.push(i)
    most = Math.max(most, ++inside)
    await wait(5)
    inside--
    // Whoever fails leaves, too.
    if (i % 2 === 0) throw new Error('failed')
  }).catch(() => {})))
  t.same(order, [0, 1, 5, 4, 3, 2])
  t.equal(most, 2)
})

t.test('who waits longer than there is time is not let in, and takes nobody\'s place', async (t) => {
  const enter = gate(1)
  let end = () => {}
  const first = enter(60_000, async () => { await new Promise<void>((resolve) => { end = resolve }) })
  await t.rejects(enter(10, async () => { t.fail('let in') }), { message: 'PostgreSQL took too long to answer' })
  const next = enter(60_000, async (left) => left)
  end()
  await first
  t.ok(await next <= 60_000)
  t.equal(await enter(60_000, async () => 'free again'), 'free again')
})

t.test('of many who give up in the moment in which they would be let in, none keeps the place', async (t) => {
  const enter = gate(1)
  for (let round = 0; round < 20; round++) {
    await Promise.allSettled(Array.from({ length: 20 }, (_, i) => enter(1 + i % 5, async () => { await wait(1) })))
    t.equal(await enter(60_000, async () => 'free'), 'free')
  }
})
