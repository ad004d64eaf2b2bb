// While Redis is gone, requests wait for it, and what waits for news tries again and again.
import { EventEmitter, once } from 'node:events'
import { setTimeout as wait } from 'node:timers/promises'
import t from 'tap'
import { redisStore } from '../../lib/stores/redis.js'
import { startProxy } from '../servers/proxy.js'
import { startRedis } from '../servers/redis.js'

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
