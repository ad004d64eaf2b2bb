// What is promised of several processes on one store while the network between does its worst, or the server is gone.
import { setTimeout as wait } from 'node:timers/promises'
import type { Test } from 'tap'
import type { Server } from '../servers/program.js'
import { startProxy, type ProxyMode } from '../servers/proxy.js'
import { figures, inFull } from './figures.js'
import { fleet } from './fleet.js'
import { overload } from './misses.js'
import { throughOutage, type Felt } from './outage.js'
import { revokeWhileIdle, revokeWhileUsed } from './revocation.js'

export interface Engine {
  readonly url: string
  readonly server: Server
  /** What a client says on the connection on which it is told of changes. */
  readonly listens: RegExp
}

/** The default, and what the documentation promises. */
const maxStaleness = 1000

export async function badNetwork (t: Test, { url, server, listens }: Engine): Promise<void> {
  const muster = await fleet(t)
  const proxies = await Promise.all(MODES.map(() => startProxy(t, () => server)))
  const [writer, ...members] = await muster([url, ...proxies.map((proxy) => proxy.through(url))], { maxStaleness })
  const set = (mode: ProxyMode, only: RegExp | null = null) => {
    for (const proxy of proxies) Object.assign(proxy, { only, mode })
  }

  await t.test('a network on which nothing is told of changes', async (t) => {
    set('hang', listens)
    // Those who hear nothing give up, and try again.
    for (const proxy of proxies) while (proxy.affected === 0) await wait(10)
    const all = [writer!, ...members]
    const lags = await revokeWhileUsed(t, { members: all, revokers: [writer!], maxStaleness, rounds: inFull(8, 500) })
    t.comment(`from the acknowledgement to the last acceptance: ${figures(lags)}`)
    await revokeWhileIdle(t, { members: all, revokers: [writer!], maxStaleness, rounds: inFull(1, 50) })
    set('pass')
  })

  await t.test('a network that is too slow for a flood of made-up keys', async (t) => {
    const [member] = await muster([proxies[0]!.through(url)], { maxStaleness: 3 * maxStaleness })
    proxies[0]!.mode = { delay: 20 }
    const { refused, unavailable } = await overload(t, writer!, member!, { atOnce: 1000, duration: inFull(5000, 30_000) })
    t.comment(`${refused} were refused, and ${unavailable} answered 503`)
    await member!.call('close')
    set('pass')
  })

  const common = { pause: inFull(5, 0), writer: writer!, maxStaleness }
  await Promise.all(MODES.map(([mode, isTotal], i) => t.test(`a network that does this: ${JSON.stringify(mode)}`, async (t) => {
    const begin = () => { proxies[i]!.mode = mode }
    const end = () => { proxies[i]!.mode = 'pass' }
    for (let round = 0; round < inFull(1, 20); round++) {
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
      for (let round = 0; round < inFull(1, 20); round++) {
        felt(t, await throughOutage(t, { ...common, members: [writer!, ...members.slice(0, 2)], begin, end, isTotal: true, revoked: 'before' }))
      }
    })
  }
}

/** What the network does, and whether the store cannot answer then. */
const MODES: ReadonlyArray<readonly [mode: ProxyMode, isTotal: boolean]> = [
  ['refuse', true], ['reset', true], ['hang', true], ['halfOpen', true], ['mute', true], ['corrupt', true],
  [{ delay: maxStaleness / 10 }, false], [{ delay: maxStaleness * 2 }, true]
]

function felt (t: Test, { last, recovered, lag }: Felt): void {
  t.comment(`last acceptance ${Math.max(...last).toFixed(0)} ms after the trouble began, of the revoked key ${lag.toFixed(0)} ms after the acknowledgement; served again ${Math.max(...recovered).toFixed(0)} ms after its end`)
}
