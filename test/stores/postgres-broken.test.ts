// What a broken connection to PostgreSQL does: a call fails, and nothing else.
import { EventEmitter, once } from 'node:events'
import { setTimeout as wait } from 'node:timers/promises'
import t from 'tap'
import { postgresStore } from '../../lib/stores/postgres.js'
import { startPostgres } from '../servers/postgres.js'
import { startProxy } from '../servers/proxy.js'

t.test('answers that nobody can understand end no process', async t => {
  const server = await startPostgres(t)
  if (server === null) return
  const proxy = await startProxy(t, () => server)
  const store = postgresStore(proxy.through(server.url), { timeout: 100 })
  await store.open()
  proxy.mode = 'corrupt'
  for (let i = 0; i < 50; i++) await t.rejects(Promise.resolve(store.findByDigest('a'.repeat(64))))
  proxy.mode = 'pass'
  while (await Promise.resolve(store.findByDigest('a'.repeat(64))).catch(() => 'failed') === 'failed') await wait(10)
  t.equal(await store.findByDigest('a'.repeat(64)), null, 'and afterwards it works')
  await store.close()
})

t.test('listening again, however often, leaves nothing behind', async t => {
  const server = await startPostgres(t)
  if (server === null) return
  const warnings: Error[] = []
  const warned = (warning: Error) => { warnings.push(warning) }
  process.on('warning', warned)
  t.teardown(() => { process.off('warning', warned) })
  const proxy = await startProxy(t, () => server)
  const store = postgresStore(proxy.through(server.url))
  await store.open()
  const hints = new EventEmitter()
  const unwatch = await store.watch(() => { hints.emit('hint') })
  // Node warns of the eleventh listener on one signal.
  for (let i = 0; i < 12; i++) {
    await once(hints, 'hint')
    proxy.mode = 'reset'
    proxy.mode = 'pass'
  }
  await once(hints, 'hint')
  t.same(warnings.map(String), [])
  await unwatch()
  await store.close()
})
