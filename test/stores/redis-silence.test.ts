// A connection to Redis that is there, and on which nothing can be heard any more.
import { setTimeout as wait } from 'node:timers/promises'
import t from 'tap'
import { redisStore } from '../../lib/stores/redis.js'
import { startProxy } from '../servers/proxy.js'
import { startRedis } from '../servers/redis.js'
import { aKey } from './fixtures/keys.js'

t.test('who hears nothing any more makes another connection, however patient he is with changes', async (t) => {
  const server = await startRedis(t)
  if (server === null) return
  const proxy = await startProxy(t, () => server)
  const store = redisStore(proxy.through(server.url), { timeout: 200, writeTimeout: 60_000 })
  await store.open()
  t.teardown(() => store.close())
  const key = aKey('a')
  await store.insert(key)
  // After wrong bytes it may wait for the end of an answer that is none, however many others come.
  for (const mode of ['halfOpen', 'mute', ...Array.from({ length: 5 }, () => 'corrupt' as const)] as const) {
    proxy.mode = mode
    for (let i = 0; i < 3; i++) await Promise.resolve(store.findByDigest(key.digest)).catch(() => {})
    proxy.mode = 'pass'
    let found
    while (found === undefined || found instanceof Error) {
      await wait(5)
      found = await Promise.resolve(store.findByDigest(key.digest)).catch((error: Error) => error)
    }
    t.same(found, key, mode)
  }
})
