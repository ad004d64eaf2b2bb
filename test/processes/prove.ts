// What is promised of several processes on one store, with real processes, real connections and a real server.
import { setTimeout as wait } from 'node:timers/promises'
import type { Test } from 'tap'
import type { Server } from '../servers/program.js'
import { startProxy, type ProxyMode } from '../servers/proxy.js'
import { figures, size } from './figures.js'
import { fleet } from './fleet.js'
import { coldRequests, createAfterMisses, flood, overload } from './misses.js'
import { throughOutage, type Felt } from './outage.js'
import { revokeWhileIdle, revokeWhileUsed } from './revocation.js'
import { standStill } from './standstill.js'

export interface Engine {
  readonly url: string
  /** The server, if there is one between the processes and the data. */
  readonly server?: Server
  /** What a client says on the connection on which it is told of changes. */
  readonly listens?: RegExp
}

/** The default, and what the documentation promises. */
const maxStaleness = 1000

export async function prove (t: Test, { url, server, listens }: Engine): Promise<void> {
  const muster = await fleet(t)
  const options = { maxStaleness }

  await t.test('eight processes', async (t) => {
    const members = await muster(Array.from({ length: 8 }, () => url), options)
    const [writer, ...others] = members
    // What is asked of it takes all the time that there is, so that a slow machine could not keep up with the lease.
    const [patient] = await muster([url], { maxStaleness: 60_000 })

    await t.test('what one revokes, all the others refuse', async (t) => {
      const lags = await revokeWhileUsed(t, { members, revokers: members, maxStaleness, rounds: size(20, 2000) })
      t.comment(`from the acknowledgement to the last acceptance: ${figures(lags)}`)
    })

    await t.test('a key that was tried before it was created works', async (t) => {
      const times: number[] = []
      for (let round = 0; round < size(1, 20); round++) times.push(...await createAfterMisses(t, members, maxStaleness, size(2000, 10_000)))
      t.comment(`from the acknowledgement until it worked everywhere: ${figures(times)}`)
    })

    await t.test('many who ask for one key at once cost one read', async (t) => {
      t.equal(await coldRequests(t, writer!, patient!, size(2000, 10_000)), 1)
    })

    await t.test('made-up keys cost neither memory nor the place of real ones', async (t) => {
      const keys = size(20_000, 1_000_000)
      const { grown, hits, perSecond } = await flood(t, writer!, patient!, keys)
      t.comment(`${keys} keys: ${(grown / 1024).toFixed(0)} KiB more in the second half, ${(hits * 100).toFixed(2)} % hits, ${perSecond} requests/s`)
      t.ok(hits >= 0.99, 'valid keys are known all the while')
      // One that is remembered takes some hundred bytes.
      t.ok(grown < 2 ** 20 + keys * 10, 'memory is bounded')
    })

    await t.test('a process that stood still refuses at once', async (t) => {
      const duration = size(3000, 60_000)
      const times = await standStill(t, { writer: writer!, members: others, maxStaleness, duration })
      t.comment(`stopped for ${duration} ms; from going on to the refusal: ${figures(times)}`)
    })
    for (const member of [...members, patient!]) await member.call('close')
  })

  if (server === undefined) return
  await t.test('with a network in between', { jobs: MODES.length }, async (t) => {
    const proxies = await Promise.all(MODES.map(() => startProxy(t, () => server)))
    const [writer, ...members] = await muster([url, ...proxies.map((proxy) => proxy.through(url))], options)
    const set = (mode: ProxyMode, only: RegExp | null = null) => {
      for (const proxy of proxies) Object.assign(proxy, { only, mode })
    }

    await t.test('where nothing is told of changes', async (t) => {
      set('hang', listens!)
      // Those who hear nothing give up, and try again.
      for (const proxy of proxies) while (proxy.affected === 0) await wait(10)
      const all = [writer!, ...members]
      const lags = await revokeWhileUsed(t, { members: all, revokers: [writer!], maxStaleness, rounds: size(8, 500) })
      t.comment(`from the acknowledgement to the last acceptance: ${figures(lags)}`)
      await revokeWhileIdle(t, { members: all, revokers: [writer!], maxStaleness, rounds: size(1, 50) })
      set('pass')
    })

    await t.test('that is too slow for a flood of made-up keys', async (t) => {
      const [member] = await muster([proxies[0]!.through(url)], { maxStaleness: 3 * maxStaleness })
      proxies[0]!.mode = { delay: 20 }
      const { refused, unavailable } = await overload(t, writer!, member!, { atOnce: 1000, duration: size(5000, 30_000) })
      t.comment(`${refused} were refused, and ${unavailable} answered 503`)
      await member!.call('close')
      set('pass')
    })

    const common = { pause: size(5, 0), writer: writer!, maxStaleness }
    await Promise.all(MODES.map(([mode, isTotal], i) => t.test(`that does this: ${JSON.stringify(mode)}`, async (t) => {
      const begin = () => { proxies[i]!.mode = mode }
      const end = () => { proxies[i]!.mode = 'pass' }
      for (let round = 0; round < size(1, 20); round++) {
        const revoked = (i + round) % 2 === 0 ? 'during' : 'before'
        felt(t, await throughOutage(t, { ...common, members: [members[i]!], begin, end, isTotal, revoked }))
      }
    })))

    const troubles: Array<[string, () => void | Promise<void>, () => void | Promise<void>]> = [
      ['killed and started again', server.kill, server.start],
      ['ended and started again', server.stop, server.start],
      ['stopped and continued', server.pause, server.resume]
    ]
    for (const [name, begin, end] of troubles) {
      await t.test(`the server is ${name}`, async (t) => {
        for (let round = 0; round < size(1, 20); round++) {
          felt(t, await throughOutage(t, { ...common, members: [writer!, ...members.slice(0, 2)], begin, end, isTotal: true, revoked: 'before' }))
        }
      })
    }
  })
}

/** What the network does, and whether the store cannot answer then. */
const MODES: ReadonlyArray<readonly [mode: ProxyMode, isTotal: boolean]> = [
  ['refuse', true], ['reset', true], ['hang', true], ['halfOpen', true], ['mute', true], ['corrupt', true],
  [{ delay: maxStaleness / 10 }, false], [{ delay: maxStaleness * 2 }, true]
]

function felt (t: Test, { last, recovered, lag }: Felt): void {
  t.comment(`last acceptance ${Math.max(...last).toFixed(0)} ms after the trouble began, of the revoked key ${lag.toFixed(0)} ms after the acknowledgement; served again ${Math.max(...recovered).toFixed(0)} ms after its end`)
}
