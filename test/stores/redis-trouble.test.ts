/**
 * What becomes of a store whose Redis is killed, hangs, forgets, is full, or is the master no more. It is killed 5 times, or as often as
 * KILL_CYCLES says; in full:
 *
 *     KILL_CYCLES=1000 npx tap --timeout=0 --allow-incomplete-coverage test/stores/redis-trouble.test.ts
 */
import { setTimeout as wait } from 'node:timers/promises'
import t, { type Test } from 'tap'
import type { KeyStore } from '../../lib/keys/store.js'
import { redisStore, type RedisStoreOptions } from '../../lib/stores/redis.js'
import { scripts } from '../../lib/stores/redis/scripts.js'
import { startProxy } from '../servers/proxy.js'
import { redisCommand, startRedis, type RedisServer } from '../servers/redis.js'
import { aKey, aSuccessor } from './fixtures/keys.js'
import { program } from './fixtures/processes.js'

type Store = Required<KeyStore>

const cycles = Number(process.env.KILL_CYCLES ?? 5)

const start = await program(t, 'redis-process')
const servers = await Promise.all([startRedis(t), startRedis(t)])
if (servers.every(server => server !== null)) everything(...servers as [RedisServer, RedisServer])

function everything (server: RedisServer, second: RedisServer): void {
  const at = new Date(1_760_000_000_123)
  const tell = async (...command: string[]) => await redisCommand(server.port, ...command)

  t.beforeEach(async () => { await tell('FLUSHALL') })

  t.test(`what was acknowledged is there after kill -9 of the server, ${cycles} times`, { timeout: 60_000 + cycles * 5000 }, async (t) => {
    let count = 0
    for (let cycle = 0; cycle < cycles; cycle++) {
      const { next } = start('revoke', server.url)
      const acknowledged = [await next(), await next(), await next()]
      await wait(Math.random() * 100)
      await server.kill()
      // It ends by itself: the store rejects, and does not say yes.
      for (let id = await next(); id !== undefined; id = await next()) acknowledged.push(id)
      await server.start()
      const store = await opened(t, server.url)
      for (const id of acknowledged) {
        const found = await store.get(id!)
        if (found === null || found.revokedAt === null) t.fail(`${id} was acknowledged`)
      }
      t.same(await store.findByDigest(aKey(acknowledged.at(-1)!).digest), await store.get(acknowledged.at(-1)!))
      count += acknowledged.length
      await store.close()
    }
    t.comment(`${count} revocations were acknowledged`)
  })

  t.test('a store outlives its server: it rejects while that is gone, and works again once it is there, with another epoch', async (t) => {
    const store = await opened(t, server.url, { timeout: 300, writeTimeout: 300 })
    const key = aKey('a')
    await store.insert(key)
    const before = await store.changes(null)
    const waiting = redisStore(server.url)
    await server.kill()
    for (const rejected of [() => store.findByDigest(key.digest), () => store.revoke('a', at), () => store.changes(before.position), () => waiting.open()]) {
      await t.rejects(async () => rejected(), /Redis at 127\.0\.0\.1:\d+: (no answer after 300 ms|the connection was lost|.*ECONNREFUSED)/)
    }
    await server.start()
    t.same(await sooner(async () => store.findByDigest(key.digest)), key)
    const after = await sooner(async () => store.changes(before.position))
    t.equal(after.digests, null)
    t.not(after.position.epoch, before.position.epoch)
    t.same(await sooner(async () => store.revoke('a', at)), { ...key, revokedAt: at })
  })

  t.test('a server that hangs is not waited for, and works again once it goes on', async (t) => {
    const store = await opened(t, server.url, { timeout: 200, writeTimeout: 200 })
    const key = aKey('a')
    await store.insert(key)
    server.pause()
    await t.rejects(async () => store.findByDigest(key.digest), /no answer after 200 ms|Socket timeout/)
    const hung = Array.from({ length: 100 }, async (_, i) => store.insert(aKey(`hung-${i}`)))
    await t.rejects(Promise.all(hung))
    server.resume()
    const acknowledged = (await Promise.allSettled(hung)).flatMap(({ status }, i) => status === 'fulfilled' ? [`hung-${i}`] : [])
    t.same(await sooner(async () => store.findByDigest(key.digest)), key)
    const there = await store.list({ limit: 999 })
    t.same(new Set(there.map(({ id }) => id)), new Set(['a', ...acknowledged]), 'what was reported as failed was not done later')
  })

  t.test('a change that comes to the server after the time-out is not made', async (t) => {
    const store = await opened(t, server.url)
    const key = aKey('a')
    await store.insert(key)
    const { position } = await store.changes(null)
    const revoke = async (end: number) => await tell('EVAL', scripts(true).revoke.text, '4',
      ...['feed', 'changes', 'ids', 'ends', 'key:'].map(name => `{api-key-scopes}:${name}`), 'epoch', String(end), key.id, '5')
    t.match(await revoke(Date.now() - 1), /^-TIMEOUT/)
    t.same(await store.get('a'), key)
    t.same(await store.changes(position), { position, digests: [] })
    await revoke(Date.now() + 1000)
    t.same(await store.get('a'), { ...key, revokedAt: new Date(5) }, 'in time, it is')
  })

  t.test('connections that are reset, cut, silent or wrong are rejections, and nothing else', async (t) => {
    const proxy = await startProxy(t, () => server)
    const store = await opened(t, proxy.through(server.url), { timeout: 200, writeTimeout: 200 })
    const key = aKey('a')
    await store.insert(key)
    for (const mode of ['refuse', 'reset', 'hang', 'halfOpen', 'mute', 'corrupt', { delay: 400 }] as const) {
      proxy.mode = mode
      for (let i = 0; i < 3; i++) {
        const found = await (async () => store.findByDigest(key.digest))().catch((error: Error) => error)
        // Of wrong bytes some make a wrong record, which whoever asked for it refuses.
        t.ok(mode === 'corrupt' ? found !== null : found instanceof Error, JSON.stringify(mode))
      }
      proxy.mode = 'pass'
      t.same(await sooner(async () => store.findByDigest(key.digest)), key)
    }
  })

  t.test('a store whose data were deleted is an empty one of another epoch', async (t) => {
    const store = await opened(t, server.url)
    const key = aKey('a')
    await store.insert(key)
    const before = await store.changes(null)
    await tell('FLUSHALL')
    const after = await store.changes(before.position)
    t.equal(after.digests, null)
    t.not(after.position.epoch, before.position.epoch)
    t.equal(await store.findByDigest(key.digest), null)
    await tell('FLUSHALL')
    // Also if the first to notice is a change.
    await store.insert(key)
    const last = await store.changes({ ...after.position, seq: 0 })
    t.equal(last.digests, null)
    t.not(last.position.epoch, after.position.epoch)
    t.same(await store.findByDigest(key.digest), key)
  })

  t.test('what has lost a part of its feed does not tell of changes as if it were whole', async (t) => {
    const store = await opened(t, server.url)
    await store.insert(aKey('a'))
    const { position } = await store.changes(null)
    const name = (part: string) => `{api-key-scopes}:${part}`
    for (const [what, ...command] of [
      ['the stream', 'DEL', name('changes')],
      ['a change in the stream', 'XTRIM', name('changes'), 'MAXLEN', '1'],
      ['the epoch', 'HDEL', name('feed'), 'epoch'],
      ['the count', 'HDEL', name('feed'), 'seq'],
      ['the feed', 'DEL', name('feed')]
    ] as const) {
      const { position } = await store.changes(null)
      for (let i = 0; i < 3; i++) await store.update('a', { name: `${what} ${i}` })
      t.equal((await store.changes(position)).digests?.length, 1)
      await tell(...command)
      t.equal((await store.changes(position)).digests, null, what)
    }
    t.not((await store.changes(null)).position.epoch, position.epoch)
    t.equal((await store.get('a'))?.name, 'the feed 2')
  })

  t.test('a record that has gone while its id is known is no answer, and neither is a half of it', async (t) => {
    const store = await opened(t, server.url)
    const [gone, spoilt] = [aKey('gone'), aKey('spoilt')]
    await store.insert(gone)
    await store.insert(spoilt)
    const record = (of: { digest: string }) => `{api-key-scopes}:key:${of.digest}`
    await tell('HDEL', record(spoilt), 'scopes', 'createdAt', 'pepperVersion')
    t.same(await store.findByDigest(spoilt.digest), { ...spoilt, scopes: null, createdAt: null, pepperVersion: null })
    await tell('HSET', record(spoilt), 'scopes', '[', 'createdAt', 'x', 'expiresAt', '')
    t.match(await store.findByDigest(spoilt.digest), { id: 'spoilt', scopes: null, createdAt: new Date(NaN) })
    t.equal((await store.list({ limit: 9, state: { is: 'expired', at } })).length, 1)
    await tell('DEL', record(gone))
    t.equal(await store.findByDigest(gone.digest), null)
    for (const rejected of [() => store.get('gone'), () => store.list({ limit: 9 }), () => store.revoke('gone', at), () => store.update('gone', {}), () => store.usesOf('gone'), () => store.revokeOwner('user-1', at)]) {
      await t.rejects(async () => rejected(), /TRYAGAIN a record of the API key store is not here/)
    }
    t.equal((await store.get('spoilt'))?.revokedAt, null, 'nothing was done by halves')
  })

  t.test('where somebody has put something else, nothing is done by halves', async (t) => {
    const store = await opened(t, server.url)
    const old = aKey('old', { ownerId: 'owner', expiresAt: at })
    const [next, other] = [aSuccessor('old', 'next', { ownerId: 'owner' }), aKey('other', { ownerId: 'owner' })]
    const changes = {
      insert: () => store.insert(other),
      rotate: () => store.rotate('old', next, new Date(5)),
      update: () => store.update('old', { name: 'changed' }),
      revoke: () => store.revoke('old', at),
      revokeOwner: () => store.revokeOwner('owner', at),
      purge: () => store.purge(new Date(+at + 1))
    }
    const name = (part: string) => `{api-key-scopes}:${part}`
    for (const part of ['feed', 'changes', 'ids', 'ends', 'created', 'successors', 'owner:owner', `key:${old.digest}`]) {
      for (const [what, change] of Object.entries(changes)) {
        await store.insert(old)
        await tell('RENAME', name(part), name('kept'))
        await tell('SET', name(part), 'x')
        const error = await (async () => change())().then(() => undefined, (error: Error) => error)
        await tell('DEL', name(part))
        await tell('RENAME', name('kept'), name(part))
        if (error !== undefined) {
          t.match(error, /WRONGTYPE|TRYAGAIN/)
          t.same(await store.list({ limit: 9 }), [old], `${what}, with another ${part}`)
          for (const { digest } of [next, other]) t.equal(await store.findByDigest(digest), null)
        }
        await tell('FLUSHALL')
      }
    }
  })

  t.test('a server that was the master and is no more is not believed; the new one is, with another epoch', async (t) => {
    let target = server
    const proxy = await startProxy(t, () => target)
    const store = await opened(t, proxy.through(server.url))
    const key = aKey('a')
    await store.insert(key)
    const before = await store.changes(null)
    await redisCommand(second.port, 'REPLICAOF', '127.0.0.1', String(server.port))
    await sooner(async () => { if (!(await redisCommand(second.port, 'INFO', 'replication')).includes('master_link_status:up')) throw new Error('not yet') })
    await redisCommand(second.port, 'REPLICAOF', 'NO', 'ONE')
    await tell('REPLICAOF', '127.0.0.1', String(second.port))
    for (const rejected of [() => store.findByDigest(key.digest), () => store.changes(null), () => store.get('a'), () => store.list({ limit: 1 }), () => store.usesOf('a'), () => store.revoke('a', at)]) {
      await t.rejects(async () => rejected(), /READONLY/)
    }
    target = second
    t.same(await sooner(async () => store.revoke('a', at)), { ...key, revokedAt: at })
    const after = await store.changes(before.position)
    t.equal(after.digests, null)
    t.not(after.position.epoch, before.position.epoch)
    await tell('REPLICAOF', 'NO', 'ONE')
  })

  t.test('where INFO may not be asked for, a replica is not believed either', async (t) => {
    await tell('ACL', 'SETUSER', 'blind', 'on', '>x', '~*', '+@all', '-info')
    const store = await opened(t, server.url.replace('//', '//blind:x@'), { allowDataLoss: true })
    await store.insert(aKey('a'))
    await tell('REPLICAOF', '127.0.0.1', '1')
    for (const rejected of [() => store.findByDigest(''), () => store.changes(null), () => store.revoke('a', at)]) await t.rejects(async () => rejected(), /READONLY/)
    await tell('REPLICAOF', 'NO', 'ONE')
  })

  t.test('a master that has lost the replicas that it should have is not believed', async (t) => {
    const store = await opened(t, server.url)
    await store.insert(aKey('a'))
    await tell('CONFIG', 'SET', 'min-replicas-to-write', '1')
    for (const rejected of [() => store.findByDigest(''), () => store.changes(null), () => store.revoke('a', at)]) await t.rejects(async () => rejected(), /NOREPLICAS/)
    await tell('CONFIG', 'SET', 'min-replicas-to-write', '0')
    t.ok(await store.findByDigest(aKey('a').digest))
  })

  t.test('when the memory is full no key is added, but every key can be found, disabled, revoked and purged', async (t) => {
    const store = await opened(t, server.url)
    for (const id of ['a', 'b', 'c']) await store.insert(aKey(id, { ownerId: id }))
    await tell('CONFIG', 'SET', 'maxmemory', '1')
    await t.rejects(async () => store.insert(aKey('d')), /OOM/)
    await t.rejects(async () => store.recordUse([{ id: 'a', lastUsedAt: at, demands: new Map() }]), /OOM/)
    t.same((await store.update('a', { disabledAt: at }))?.disabledAt, at)
    t.same((await store.revoke('b', at))?.revokedAt, at)
    t.equal((await store.revokeOwner('c', at)).length, 1)
    t.equal(await store.purge(new Date(+at + 1)), 2)
    t.same((await store.findByDigest(aKey('a').digest))?.disabledAt, at)
    await tell('CONFIG', 'SET', 'maxmemory', '0')
  })

  t.test('a server that has forgotten the scripts is told them again', async (t) => {
    const store = await opened(t, server.url)
    await store.insert(aKey('a'))
    await tell('SCRIPT', 'FLUSH')
    t.same(await Promise.all([store.get('a'), store.revoke('a', at)]).then(([found]) => found?.id), 'a')
  })
}

async function opened (t: Test, url: string, options?: RedisStoreOptions): Promise<Store> {
  const store = redisStore(url, options)
  await store.open()
  t.teardown(async () => store.close())
  return store
}

/** What it answers once it does not reject any more. */
async function sooner<T> (work: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await work()
    } catch {
      await wait(20)
    }
  }
}
