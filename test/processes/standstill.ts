import { setTimeout as wait } from 'node:timers/promises'
import type { Test } from 'tap'
import { clock } from './clock.js'
import type { Issued, Member } from './fleet.js'
import { hammer, statusesOf } from './hammer.js'

export interface Standstill {
  readonly writer: Member
  readonly members: readonly Member[]
  readonly maxStaleness: number
  /** For how long, in milliseconds: longer than `maxStaleness`. */
  readonly duration: number
}

/**
 * Processes that use a key are stopped (SIGSTOP), and it is revoked meanwhile. When they go on, everything that was sent more
 * than `maxStaleness` after the acknowledgement is refused, also what had waited on connections that there were. Answers for
 * each how long it took to refuse.
 */
export async function standStill (t: Test, { writer, members, maxStaleness, duration }: Standstill): Promise<number[]> {
  const { result: { key, record } } = await writer.call<Issued>('create', 'stopped')
  const connections = members.map((member) => Array.from({ length: 5 }, () => member.wire()))
  const hammers = connections.map(([wire]) => hammer(wire!, () => key))
  await Promise.all(hammers.map(({ until }) => until(({ status }) => status === 200)))
  t.same(statusesOf(await Promise.all(connections.flat().map((wire) => wire.get('/devices', key)))), [200])

  // Each in the middle of its work.
  for (const member of members) member.signal('SIGSTOP')
  const stopped = clock()
  const { at } = await writer.call('revoke', record.id)
  while (clock() < Math.max(stopped + duration, at + maxStaleness)) await wait(10)

  const queued = connections.map((wires) => wires.slice(1).map((wire) => wire.get('/devices', key)))
  await wait(10)
  const continued = clock()
  for (const member of members) member.signal('SIGCONT')
  const fresh = members.map((member) => member.wire().get('/devices', key))
  const answers = await Promise.all([...queued.flat(), ...fresh])
  t.same(statusesOf(answers).filter((status) => status !== 503), [401], 'the first answers after a standstill are refusals')
  await Promise.all(hammers.map(({ until }) => until(({ status }) => status === 401)))
  await Promise.all(hammers.map(({ stop }) => stop()))
  const late = hammers.flatMap(({ answers }) => answers.filter(({ status, sent }) => status === 200 && sent > at + maxStaleness))
  t.equal(late.length, 0, 'and nothing is accepted afterwards')
  return answers.map(({ received }) => received - continued)
}
