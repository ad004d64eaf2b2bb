// That changes are heard of in other processes, and that watching ends.
import { EventEmitter, once } from 'node:events'
import { setTimeout as wait } from 'node:timers/promises'
import { Cluster, Redis } from 'ioredis'
import t from 'tap'
import { redisStore } from '../../lib/stores/redis.js'
import { startProxy } from '../servers/proxy.js'
import { redisCommand, startRedis, startRedisCluster } from '../servers/redis.js'
import { aKey } from './fixtures/keys.js'
import { program } from './fixtures/processes.js'
import { moveOfSlot } from './fixtures/redis-slots.js'

const start = await program(t, 'redis-process')
const server = await startRedis(t)
const nodes = await startRedisCluster(t, 2)

if (server !== null && nodes !== null) {
  t.beforeEach(async () => { await redisCommand(server.port, 'FLUSHALL') })

  t.test('another process hears of every change', async (t) => {
    const store = redisStore(server.url)
    await store.open()
    const { next } = start('watch', server.url)
    t.equal(await next(), 'watching')
    const heard = new Set<string>()
    const digests = Array.from({ length: 50 }, (_, i) => aKey(`key-${i}`).digest)
    const told = digests.map(async (_, i) => store.insert(aKey(`key-${i}`)))
    while (heard.size < digests.length) heard.add((await next())!)
    t.same(heard, new Set(digests))
    await Promise.all(told)
    await store.revoke('key-7', new Date())
    t.equal(await next(), aKey('key-7').digest)
    await store.purge(new Date(Date.now() + 60_000))
    t.equal(await next(), 'all')
    await store.close()
  })

  t.test('a watcher understands what it is told, whatever form of answers the user has chosen for a client', async (t) => {
    const replies = { protocol: 3, replyMapping: 'resp3' } as const
    const client = new Redis(server.url, { lazyConnect: true, ...replies })
    const cluster = new Cluster(nodes.map(({ port }) => ({ host: '127.0.0.1', port })), { lazyConnect: true, redisOptions: replies })
    for (const source of [client, cluster]) {
      const store = redisStore(source)
      await store.open()
      const hints = new EventEmitter()
      await store.watch(() => { hints.emit('hint') })
      await once(hints, 'hint')
      const before = await connections()
      await store.insert(aKey('a'))
      for (let i = 0; i < 5; i++) {
        const hint = once(hints, 'hint')
        await store.update('a', { name: `name ${i}` })
        await hint
      }
      t.equal(await connections(), before, 'without another connection')
      await store.close()
    }
  })

  t.test('a watcher goes on when its server was killed, when its connection is lost, and when the data are', async (t) => {
    const proxy = await startProxy(t, () => server)
    const store = redisStore(proxy.through(server.url))
    await store.open()
    const heard = { hints: 0 }
    const end = await store.watch(() => { heard.hints++ })
    let count = 0
    const changeIsHeard = async () => {
      // A hint may be lost while nobody listens yet.
      for (const { hints } = heard; heard.hints === hints;) {
        await (async () => store.insert(aKey(`key-${count++}`)))().catch(() => {})
        await wait(20)
      }
    }
    await changeIsHeard()
    await server.kill()
    await server.start()
    await changeIsHeard()
    for (const mode of ['reset', 'refuse'] as const) {
      proxy.mode = mode
      await wait(50)
      proxy.mode = 'pass'
      await changeIsHeard()
    }
    await redisCommand(server.port, 'FLUSHALL')
    await changeIsHeard()
    await end()
    await store.close()
  })

  t.test('a watcher follows a slot that moves', async (t) => {
    const client = new Cluster(nodes.map(({ port }) => ({ host: '127.0.0.1', port })), { lazyConnect: true })
    const store = redisStore(client, { prefix: '{watched}' })
    await store.open()
    await store.insert(aKey('a'))
    const heard = { hints: 0 }
    await store.watch(() => { heard.hints++ })
    const move = await moveOfSlot(nodes, 'watched')
    await move.begin()
    await move.keys(...await move.left())
    await move.end()
    for (const { hints } = heard; heard.hints === hints;) {
      await store.update('a', { name: 'again' })
      await wait(20)
    }
    t.pass('a change is heard of from the new server')
    await store.close()
    const { hints } = heard
    await wait(50)
    t.equal(heard.hints, hints, 'and none once the store is closed')
  })

  t.test('a closed store leaves nothing that keeps a process running, whoever still watches', async (t) => {
    for (const url of [server.url, nodes[0]!.url]) {
      const { child, next } = start('end', url)
      t.equal(await next(), 'closed')
      if (child.exitCode === null) await once(child, 'exit')
      t.equal(child.exitCode, 0)
    }
  })

  t.test('while there is no connection, a watcher can be ended, and so can a store', async (t) => {
    const store = redisStore(server.url)
    await store.open()
    const end = await store.watch(() => {})
    await store.watch(() => {})
    await server.kill()
    await wait(300)
    await end()
    await end()
    await store.close()
    await server.start()
    t.pass('without waiting for it')
  })

  /** How many were made to any of the servers, but for those of these very questions. */
  let asked = 0
  async function connections (): Promise<number> {
    asked++
    const stats = await Promise.all([server!, ...nodes!].map(async ({ port }) => await redisCommand(port, 'INFO', 'stats')))
    return stats.reduce((sum, text) => sum + Number(/total_connections_received:(\d+)/.exec(text)![1]), 0) - asked * stats.length
  }
}
