import { setTimeout as wait } from 'node:timers/promises'
import type { Test } from 'tap'
import { clock } from './clock.js'
import type { Issued, Member } from './fleet.js'
import { hammer, statusesOf } from './hammer.js'
import type { Answer } from './wire.js'

export interface Outage {
  /** Milliseconds between two requests for one key. */
  readonly pause: number
  /** Reaches the store also while the others cannot, if anybody does. */
  readonly writer: Member
  readonly members: readonly Member[]
  readonly maxStaleness: number
  /** Begins the trouble, and ends it. */
  begin (): void | Promise<void>
  end (): void | Promise<void>
  /** Whether the store cannot answer while it lasts, so that nothing may be accepted. Else it is only slow. */
  readonly isTotal: boolean
  /** When a key is revoked: just before the trouble, or while it lasts. */
  readonly revoked: 'before' | 'during'
}

/** What one outage was like: milliseconds from its begin to the last acceptance, and from its end to the first, for each process. */
export interface Felt { readonly last: number[], readonly recovered: number[], readonly lag: number }

/**
 * Two keys are used without a pause in all processes when the store is in trouble; one of them is revoked. What is known may be
 * used until `maxStaleness` after the trouble began, then the answer is 503; nothing is accepted for the revoked key later than
 * `maxStaleness` after the acknowledgement; and once the trouble is over, all is as before without a restart.
 */
export async function throughOutage (t: Test, { pause, writer, members, maxStaleness, begin, end, isTotal, revoked }: Outage): Promise<Felt> {
  const { result: good } = await writer.call<Issued>('create', 'good')
  const { result: bad } = await writer.call<Issued>('create', 'bad')
  const hammers = members.map((member) => ({
    good: hammer(member.wire(), () => good.key, { pause }),
    bad: hammer(member.wire(), () => bad.key, { pause }),
    wrong: hammer(member.wire(), () => `${good.key.slice(0, -1)}-`, { pause: 50 }),
    open: hammer(member.wire(), () => undefined, { path: '/health', pause: 50 })
  }))
  const all = hammers.flatMap(({ good, bad, wrong, open }) => [good, bad, wrong, open])
  await Promise.all(hammers.flatMap(({ good, bad }) => [good, bad].map(({ until }) => until(({ status }) => status === 200))))

  const { at } = revoked === 'before' ? await writer.call('revoke', bad.record.id) : { at: 0 }
  await begin()
  const began = clock()
  const revokedAt = revoked === 'before' ? at : (await writer.call('revoke', bad.record.id)).at
  // In the middle of which every process has refused at least one request of each key, if the store is away.
  while (clock() < Math.max(began, revokedAt) + maxStaleness * 1.5) await wait(20)
  if (isTotal) await Promise.all(hammers.map(({ good }) => good.until(({ status }) => status === 503)))
  const ending = clock()
  await end()
  const ended = clock()
  await Promise.all(hammers.map(({ good }) => good.until(({ status, sent }) => status === 200 && sent > ended)))
  await Promise.all(hammers.map(({ bad }) => bad.until(({ status, sent }) => status === 401 && sent > ended)))
  await Promise.all(all.map(({ stop }) => stop()))

  const late = hammers.flatMap(({ bad }) => bad.answers.filter(({ status, sent }) => status === 200 && sent > revokedAt + maxStaleness))
  t.equal(late.length, 0, 'the revoked key is not accepted')
  if (isTotal) {
    const blind = hammers.flatMap(({ good }) => good.answers.filter(({ status, sent, received }) => status === 200 && sent > began + maxStaleness && received < ending))
    t.equal(blind.length, 0, 'no key is accepted for longer without the store')
  }
  const answers = (name: 'good' | 'bad' | 'wrong' | 'open') => hammers.flatMap((each) => each[name].answers)
  // Where the store is only slow, a slow machine may still be too slow.
  t.same(statusesOf(answers('good')).filter((status) => isTotal || status !== 503), isTotal ? [200, 503] : [200], 'a valid key is accepted, or there is a 503')
  t.same(statusesOf(answers('bad')).filter((status) => status !== 503), [200, 401], 'the revoked key was accepted, and is refused')
  t.same(statusesOf(answers('wrong')), [401], 'what is no key is refused all the while')
  t.same(statusesOf(answers('open')), [200], 'who needs no key is served all the while')
  t.ok(all.flatMap(({ answers }) => answers).filter(({ status }) => status === 503).every(isAsDocumented), 'a 503 is as documented')

  return {
    last: hammers.map(({ good }) => Math.max(0, ...good.answers.filter(({ status, received }) => status === 200 && received < ending).map(({ sent }) => sent - began))),
    recovered: hammers.map(({ good }) => good.answers.find(({ status, sent }) => status === 200 && sent > ended)!.received - ended),
    lag: Math.max(0, ...hammers.flatMap(({ bad }) => bad.answers.filter(({ status }) => status === 200).map(({ sent }) => sent - revokedAt)))
  }
}

function isAsDocumented ({ head, body }: Answer): boolean {
  const { code, message } = JSON.parse(body) as Record<string, unknown>
  return /^retry-after: \d+\r?$/im.test(head) && code === 'FST_API_KEY_STORE_UNAVAILABLE' && message === 'API keys cannot be verified right now'
}
