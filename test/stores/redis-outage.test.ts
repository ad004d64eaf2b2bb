// While Redis is gone, what waits for news tries again and again.
import { EventEmitter, once } from 'node:events'
import { setTimeout as wait } from 'node:timers/promises'
import t from 'tap'
import { redisStore } from '../../lib/stores/redis.js'
import { startProxy } from '../servers/proxy.js'
import { startRedis } from '../servers/redis.js'

t.test('no attempt leaves anything behind', async t => {
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
  // Long enough for more attempts than listeners that Node takes for normal.
  await wait(5000)
  t.same(warnings.map(String), [])
  proxy.mode = 'pass'
  await once(hints, 'hint')
  await unwatch()
  await store.close()
})
