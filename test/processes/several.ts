// What is promised of several processes that serve one API on one store: with real processes, connections and servers.
import type { Test } from 'tap'
import { figures, inFull } from './figures.js'
import { fleet } from './fleet.js'
import { coldRequests, createAfterMisses, flood } from './misses.js'
import { revokeWhileUsed } from './revocation.js'
import { standStill } from './standstill.js'

/** The default, and what the documentation promises. */
const maxStaleness = 1000

/** @param size How many processes. */
export async function severalProcesses (t: Test, url: string, size: number): Promise<void> {
  const muster = await fleet(t)
  const members = await muster(Array.from({ length: size }, () => url), { maxStaleness })
  const [writer, ...others] = members
  // What is asked of it takes all the time that there is, so that a slow machine could not keep up with the lease.
  const [patient] = await muster([url], { maxStaleness: 60_000 })

  await t.test('what one revokes, all the others refuse', async (t) => {
    const lags = await revokeWhileUsed(t, { members, revokers: members, maxStaleness, rounds: inFull(10, 2000) })
    t.comment(`from the acknowledgement to the last acceptance: ${figures(lags)}`)
  })

  await t.test('a key that was tried before it was created works', async (t) => {
    const times: number[] = []
    for (let round = 0; round < inFull(1, 20); round++) times.push(...await createAfterMisses(t, members, maxStaleness, inFull(2000, 10_000)))
    t.comment(`from the acknowledgement until it worked everywhere: ${figures(times)}`)
  })

  await t.test('many who ask for one key at once cost one read', async (t) => {
    t.equal(await coldRequests(t, writer!, patient!, inFull(2000, 10_000)), 1)
  })

  await t.test('made-up keys cost neither memory nor the place of real ones', async (t) => {
    const keys = inFull(20_000, 10_000_000)
    const { grown, hits, perSecond } = await flood(t, writer!, patient!, keys)
    t.comment(`${keys} keys: ${(grown / 1024).toFixed(0)} KiB more in the second half, ${(hits * 100).toFixed(2)} % hits, ${perSecond} requests/s`)
    t.ok(hits >= 0.99, 'valid keys are known all the while')
    // One that is remembered takes some hundred bytes.
    t.ok(grown < 2 ** 20 + keys * 10, 'memory is bounded')
  })

  await t.test('a process that stood still refuses at once', async (t) => {
    const duration = inFull(3000, 60_000)
    const times = await standStill(t, { writer: writer!, members: others, maxStaleness, duration })
    t.comment(`stopped for ${duration} ms; from going on to the refusal: ${figures(times)}`)
  })
  for (const member of [...members, patient!]) await member.call('close')
}
