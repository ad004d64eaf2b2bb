import { setTimeout as wait } from 'node:timers/promises'
import type { Test } from 'tap'
import { generateKey } from '../../lib/keys/key-format.js'
import { clock } from './clock.js'
import type { Issued, Member } from './fleet.js'
import { hammer, statusesOf } from './hammer.js'

/**
 * A key is tried in every process before there is one, and then imported in one: there it works at once, and in the others
 * within `maxStaleness`. Answers how long that took in each of the others.
 */
export async function createAfterMisses (t: Test, members: readonly Member[], maxStaleness: number, tries: number): Promise<number[]> {
  const key = generateKey('acme')
  const wires = members.map((member) => member.wire())
  const each = Math.ceil(tries / members.length)
  const tried = await Promise.all(wires.flatMap((wire) => Array.from({ length: each }, () => wire.get('/devices', key))))
  t.same(statusesOf(tried).filter((status) => status !== 503), [401], 'a key that there is not is refused')
  const [creator, ...others] = members
  const [first, ...rest] = wires
  const hammers = rest.map((wire) => hammer(wire, () => key))
  await Promise.all(hammers.map(({ until }) => until(({ status }) => status === 401)))
  const { at } = await creator!.call('import', key)
  const atHome = hammer(first!, () => key)
  const { status } = await atHome.until(({ status }) => status !== 503)
  await atHome.stop()
  t.equal(status, 200, 'it works at once where it was created')
  const worked = await Promise.all(hammers.map(({ until }) => until(({ status }) => status === 200)))
  await Promise.all(hammers.map(({ stop }) => stop()))
  t.equal(worked.length, others.length)
  const late = hammers.flatMap(({ answers }) => answers.filter(({ status, sent }) => status === 401 && sent > at + maxStaleness))
  t.equal(late.length, 0, 'and in time everywhere else')
  return worked.map(({ received }) => Math.max(0, received - at))
}

/** So many requests for one key that a process does not know yet, all before the first is answered. Answers how often it asked the store. */
export async function coldRequests (t: Test, writer: Member, member: Member, requests: number): Promise<number> {
  const { result: { key } } = await writer.call<Issued>('create', 'cold')
  await heard(writer, member)
  const wires = Array.from({ length: 100 }, () => member.wire())
  await Promise.all(wires.map((wire) => wire.get('/health')))
  const before = await readsOf(member)
  const began = clock()
  const answers = await Promise.all(Array.from({ length: requests }, (_, i) => wires[i % wires.length]!.get('/devices', key)))
  t.same(statusesOf(answers), [200], 'all are accepted')
  t.comment(`${requests} at once were answered in ${Math.round(clock() - began)} ms`)
  for (const wire of wires) wire.end()
  return await readsOf(member) - before
}

export interface Flood { readonly grown: number, readonly hits: number, readonly perSecond: number }

/** Keys that nobody has issued, among them those of some that are: answers what they cost in memory, and how many valid ones were known. */
export async function flood (t: Test, writer: Member, member: Member, size: number): Promise<Flood> {
  const valid = await Promise.all(Array.from({ length: 100 }, async (_, i) => (await writer.call<Issued>('create', `valid ${i}`)).result.key))
  const wires = Array.from({ length: 200 }, () => member.wire())
  await heard(writer, member)
  for (const key of valid) await wires[0]!.get('/devices', key)
  const [reads, began] = [await readsOf(member), clock()]
  await half()
  const { result: middle } = await member.call<number>('heap')
  await half()
  const { result: end } = await member.call<number>('heap')
  const seconds = (clock() - began) / 1000
  // All but those of unknown keys.
  const misses = await readsOf(member) - reads - size * 0.99
  for (const wire of wires) wire.end()
  return { grown: end - middle, hits: 1 - misses / (size / 100), perSecond: Math.round(size / seconds) }

  async function half (): Promise<void> {
    const statuses = { unknown: new Set<number>(), known: new Set<number>() }
    let sent = 0
    await Promise.all(wires.map(async (wire) => {
      while (sent < size / 2) {
        const known = ++sent % 100 === 0
        const { status } = await wire.get('/devices', known ? valid[sent / 100 % valid.length] : generateKey('acme'))
        statuses[known ? 'known' : 'unknown'].add(status)
      }
    }))
    t.same([...statuses.known], [200], 'those that are valid are accepted')
    // 503 where the machine is too slow for so many.
    t.same([...statuses.unknown].filter((status) => status !== 503), [401], 'and no others')
  }
}

/**
 * More made-up keys at once than the store can look up in time. What is known stays known for as long as that lasts, for
 * what has changed is still heard. Answers how many of the others were refused, and how many not even looked up.
 */
export async function overload (t: Test, writer: Member, member: Member, { atOnce, duration }: { readonly atOnce: number, readonly duration: number }): Promise<{ readonly refused: number, readonly unavailable: number }> {
  const { result: { key } } = await writer.call<Issued>('create', 'known')
  await heard(writer, member)
  const known = hammer(member.wire(), () => key, { pause: 10 })
  await known.until(({ status }) => status === 200)
  const flooding = Array.from({ length: atOnce }, () => hammer(member.wire(), () => generateKey('acme')))
  await wait(duration)
  await known.stop()
  await Promise.all(flooding.map(({ stop }) => stop()))
  t.same(statusesOf(known.answers), [200], 'what is known is accepted all the while')
  const answers = flooding.flatMap(({ answers }) => answers)
  const count = (wanted: number) => answers.filter(({ status }) => status === wanted).length
  t.equal(count(401) + count(503), answers.length, 'and nothing else')
  return { refused: count(401), unavailable: count(503) }
}

/** Until the process has heard of everything that has happened so far: whatever it is told of, it reads anew. */
async function heard (writer: Member, member: Member): Promise<void> {
  const { result: { key, record } } = await writer.call<Issued>('create', 'last')
  const asked = hammer(member.wire(), () => key, { pause: 10 })
  await asked.until(({ status }) => status === 200)
  await writer.call('revoke', record.id)
  await asked.until(({ status }) => status === 401)
  await asked.stop()
}

async function readsOf (member: Member): Promise<number> {
  return (await member.call<{ findByDigest: number }>('reads')).result.findByDigest
}
