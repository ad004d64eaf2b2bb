// While Redis is gone, requests wait for it, and what waits for news tries again and again.
import { EventEmitter, once } from 'node:events'
import { setTimeout as wait } from 'node:timers/promises'
import iovalkey from 'iovalkey'
import t from 'tap'
import type { KeyStore } from '../../lib/keys/store.js'
import { redisStore } from '../../lib/stores/redis.js'
import { startProxy } from '../servers/proxy.js'
import { redisCommand, startRedis, startRedisCluster } from '../servers/redis.js'

t.test('however many wait for it, and however often it is tried again, nothing is left behind', async t => {
  const server = await startRedis(t)
  if (server === null) return
  const warnings: Error[] = []
  const warned = (warning: Error) => { warnings.push(warning) }
  process.on('warning', warned)
  t.teardown(() => { process.off('warning', warned) })
  const proxy = await startProxy(t, () => server)
  const store = redisStore(proxy.through(server.url))
  await store.open()
  const hints = new EventEmitter()
  const unwatch = await store.watch(() => { hints.emit('hint') })
  await once(hints, 'hint')
  proxy.mode = 'refuse'
  const reads = await Promise.allSettled(Array.from({ length: 100 }, async (_, i) => await store.findByDigest(String(i))))
  t.same(reads.filter(({ status }) => status !== 'rejected'), [])
  // Long enough for more attempts than listeners that Node takes for normal.
  await wait(5000)
  t.same(warnings.map(String), [])
  proxy.mode = 'pass'
  await once(hints, 'hint')
  await unwatch()
  await store.close()
})

t.test('once it was tried in vain, nobody waits for it any more, and everybody is told why', async t => {
  const server = await startRedis(t)
  if (server === null) return
  const proxy = await startProxy(t, () => server)
  const patient = { timeout: 60_000, writeTimeout: 60_000 }
  for (const source of [proxy.through(server.url), new iovalkey.Redis(proxy.through(server.url), { lazyConnect: true })]) {
    const store = redisStore(source, patient)
    await store.open()
    t.teardown(() => store.close())
    proxy.mode = 'refuse'
    for (let i = 0; i < 3; i++) await reasonFor(store)
    for (const rejected of [() => store.findByDigest(''), () => store.changes(null), () => store.revoke('a', new Date(5))]) {
      await t.rejects(async () => rejected(), { message: `Redis at 127.0.0.1:${proxy.port}: connect ECONNREFUSED 127.0.0.1:${proxy.port}` })
    }
    const turn = new Promise<string>(resolve => { setImmediate(resolve, 'it waits') })
    t.match(await Promise.race([reasonFor(store), turn]), /ECONNREFUSED/, 'at once')
    proxy.mode = 'pass'
    while (await reasonFor(store) !== undefined) await wait(20)
    await redisCommand(server.port, 'SET', '{api-key-scopes}:feed', 'x')
    await t.rejects(async () => store.changes(null), { message: /^(?!.*ECONNREFUSED).*WRONGTYPE/ }, 'what is over is not told with what comes after')
    await redisCommand(server.port, 'FLUSHALL')
    // A loss that is mended at once is not even noticed by those who come after it.
    proxy.mode = 'reset'
    proxy.mode = 'pass'
    t.match(await reasonFor(store), /^(undefined|Redis at 127\.0\.0\.1:\d+: the connection was lost(: (read|write) ECONNRESET)?)$/)
    t.equal(await reasonFor(store), undefined)
    t.equal(await reasonFor(store), undefined)
  }
})

t.test('a cluster that is gone says so, too', async t => {
  const nodes = await startRedisCluster(t, 2)
  if (nodes === null) return
  const store = redisStore(nodes[0]!.url, { timeout: 60_000, writeTimeout: 60_000 })
  await store.open()
  t.teardown(() => store.close())
  for (const node of nodes) await node.kill()
  const place = `Redis at 127.0.0.1:${nodes[0]!.port}: `
  for (let reason; reason !== `${place}Failed to refresh slots cache.`; reason = await reasonFor(store)) await wait(20)
  await t.rejects(async () => redisStore(nodes[0]!.url).open(), /ECONNREFUSED/)
  for (const node of nodes) await node.start()
  while (await reasonFor(store) !== undefined) await wait(20)
})

/** Why a read fails, if it does. */
async function reasonFor (store: KeyStore): Promise<string | undefined> {
  try {
    await store.findByDigest('')
    return undefined
  } catch (error) {
    return (error as Error).message
  }
}
