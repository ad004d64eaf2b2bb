import { setTimeout as wait } from 'node:timers/promises'
import type { Test } from 'tap'
import { clock } from './clock.js'
import type { Issued, Member } from './fleet.js'
import { acceptedAt, hammer, statusesOf } from './hammer.js'
import type { Answer } from './wire.js'

export interface Revoking {
  readonly members: readonly Member[]
  /** Those of them that may revoke. */
  readonly revokers: readonly Member[]
  readonly maxStaleness: number
  readonly rounds: number
}

/**
 * Keys are used in all processes without a pause, and revoked in one. Nothing may be accepted that was sent later than
 * `maxStaleness` after that was acknowledged, and in the process that did it nothing at all. Answers, for each round, how long
 * after the acknowledgement the last request was accepted in any of the others.
 */
export async function revokeWhileUsed (t: Test, { members, revokers, maxStaleness, rounds }: Revoking): Promise<number[]> {
  const wires = members.map((member) => member.wire())
  const gone: string[] = []
  const lags: number[] = []
  const faults: string[] = []
  let [requests, unavailable] = [0, 0]

  for (let round = 0; round < rounds; round++) {
    const creator = revokers[round % revokers.length]!
    const revoker = revokers[(round * 3 + 1) % revokers.length]!
    const { result: { key, record } } = await creator.call<Issued>('create', `round ${round}`)
    // Now and then a key that was revoked earlier: it stays refused.
    const hammers = wires.map((wire) => {
      let n = 0
      return hammer(wire, () => ++n % 8 === 0 && gone.length > 0 ? gone[(round + n) % gone.length]! : key)
    })
    await Promise.all(hammers.map(({ until }) => until(({ status }) => status === 200)))
    await wait(Math.random() * 20)

    const { at } = await revoker.call('revoke', record.id)
    const told = clock()
    const refused = (answer: Answer) => answer.status === 401 && answer.sent > told
    // Twice, for one of them may have been of an earlier key.
    await Promise.all(hammers.map(async ({ until }) => {
      await until(refused)
      await until(refused)
    }))
    await Promise.all(hammers.map(({ stop }) => stop()))
    gone.push(key)

    let last = at
    for (const [i, { answers }] of hammers.entries()) {
      requests += answers.length
      for (const answer of answers) {
        if (answer.status === 503) unavailable++
        if (answer.status !== 200) continue
        if (members[i] !== revoker) last = Math.max(last, acceptedAt(answer))
        const end = members[i] === revoker ? at : at + maxStaleness
        if (answer.sent > end) faults.push(`round ${round}, process ${i}: accepted ${answer.sent - at} ms after the acknowledgement`)
      }
    }
    lags.push(last - at)
  }
  t.same(faults, [], 'nothing is accepted too late')
  if (unavailable > 0) t.comment(`${unavailable} of ${requests} requests were answered 503`)
  for (const wire of wires) wire.end()
  return lags
}

/** The same, but nobody uses the key from before its revocation until `maxStaleness` after: the first request is refused. */
export async function revokeWhileIdle (t: Test, { members, revokers, maxStaleness, rounds }: Revoking): Promise<void> {
  const wires = members.map((member) => member.wire())
  for (let round = 0; round < rounds; round++) {
    const { result: { key, record } } = await revokers[0]!.call<Issued>('create', `idle ${round}`)
    t.same(statusesOf(await Promise.all(wires.map((wire) => wire.get('/devices', key)))), [200])
    const { at } = await revokers[0]!.call('revoke', record.id)
    while (clock() <= at + maxStaleness) await wait(at + maxStaleness - clock() + 1)
    const answers = await Promise.all(wires.map((wire) => wire.get('/devices', key)))
    t.same(statusesOf(answers), [401], 'the first request after the idle time is refused')
  }
  for (const wire of wires) wire.end()
}
