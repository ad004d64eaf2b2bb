// Many keys at once, which driver is taken, and what a place is called.
import { Cluster, Redis } from 'ioredis'
import t from 'tap'
import { redisStore, type RedisClient } from '../../lib/stores/redis.js'
import { loadDriver, type Driver } from '../../lib/stores/redis/driver.js'
import { redisCommand, startRedis, startRedisCluster } from '../servers/redis.js'
import { aKey } from './fixtures/keys.js'

t.test('lists and purges go on after the first few hundred, and change what they should', async (t) => {
  const server = await startRedis(t, { appendfsync: 'no' })
  if (server === null) return
  const store = redisStore(server.url)
  await store.open()
  t.teardown(async () => store.close())
  const at = new Date(1_760_000_000_000)
  // Half of them in one millisecond, and the few that are revoked are the oldest.
  const keys = Array.from({ length: 1300 }, (_, i) => aKey(`key-${String(i).padStart(4, '0')}`, {
    ownerId: i % 2 ? 'mine' : null,
    createdAt: new Date(i < 650 ? 1000 : 1000 + i),
    expiresAt: i < 1200 ? new Date(+at - 1) : null,
    revokedAt: i < 3 ? at : null
  }))
  await Promise.all(keys.map(async key => store.insert(key)))
  const newestFirst = keys.map(({ id }) => id).reverse()
  const idsOf = (found: ReadonlyArray<{ id: string }>) => found.map(({ id }) => id)

  t.same(idsOf(await store.list({ limit: 2000 })), newestFirst)
  t.same(idsOf(await store.list({ limit: 501 })), newestFirst.slice(0, 501))
  t.same(idsOf(await store.list({ limit: 9, state: { is: 'revoked', at } })), newestFirst.slice(-3))
  t.same(idsOf(await store.list({ limit: 2, state: { is: 'revoked', at } })), newestFirst.slice(-3, -1))
  t.same(idsOf(await store.list({ limit: 2000, ownerId: 'mine', state: { is: 'expired', at } })), newestFirst.filter(id => Number(id.slice(4)) % 2 && Number(id.slice(4)) < 1200 && Number(id.slice(4)) > 2))
  for (const place of [1299, 1200, 700, 650, 649, 648, 325, 1, 0]) {
    t.same(idsOf(await store.list({ limit: 2, after: keys[place]! })), newestFirst.slice(1300 - place, 1302 - place), `after ${place}`)
  }

  const uses = keys.map(({ id }, i) => ({ id, lastUsedAt: at, demands: new Map(Array.from({ length: 4 }, (_, j) => [`demand ${j}`, new Date(i)])) }))
  await store.recordUse(uses)
  t.same(await store.usesOf('key-1299'), uses[1299]!.demands)

  const { position } = await store.changes(null)
  t.equal(await store.purge(at), 1200)
  t.same(idsOf(await store.list({ limit: 2000 })), newestFirst.slice(0, 100))
  t.equal((await store.changes(position)).digests, null)
  // Not a trace is left: of each key its record, and of all of them the indexes, with those of one owner and of nobody.
  t.equal(await redisCommand(server.port, 'DBSIZE'), `:${100 + 'feed changes ids created ends owner nobody'.split(' ').length}\r\n`)
  t.equal((await store.revokeOwner('mine', at)).length, 50)
  t.equal(await store.purge(new Date(+at + 1)), 50)
})

t.test('more changes of many keys than fit into one answer are any', async (t) => {
  const server = await startRedis(t, { appendfsync: 'no' })
  if (server === null) return
  const store = redisStore(server.url)
  await store.open()
  t.teardown(async () => store.close())
  const { position } = await store.changes(null)
  for (let round = 0; round < 12; round++) {
    await Promise.all(Array.from({ length: 1000 }, async (_, i) => store.insert(aKey(`${round}-${i}`, { ownerId: `owner ${round}` }))))
  }
  t.equal((await store.changes(position)).digests, null)
  const { position: later } = await store.changes(null)
  await store.revokeOwner('owner 0', new Date())
  t.equal((await store.changes(later)).digests?.length, 1000)
  await store.insert(aKey('one more', { ownerId: 'owner 1' }))
  const { position: last } = await store.changes(null)
  await store.revokeOwner('owner 1', new Date())
  t.equal((await store.changes(last)).digests, null, 'and so is one change of more than a thousand')
})

t.test('ioredis is taken if it is there, else iovalkey; with neither, the error says what to install', async (t) => {
  const drivers = ['ioredis', 'iovalkey'].map(name => ({ name, Redis: class {}, Cluster: class {} }) as unknown as Driver & { name: string })
  const among = (...there: string[]) => async (name: string) => {
    const driver = drivers.find(driver => driver.name === name)
    if (driver !== undefined && there.includes(name)) return driver
    throw Object.assign(new Error(`Cannot find package '${name}'`), { code: 'ERR_MODULE_NOT_FOUND' })
  }
  t.equal((await loadDriver(among('ioredis', 'iovalkey'))).Redis, drivers[0]!.Redis)
  t.equal((await loadDriver(among('iovalkey'))).Cluster, drivers[1]!.Cluster)
  await t.rejects(loadDriver(among()), /npm install ioredis/)
  await t.rejects(loadDriver(async () => { throw new Error('damaged') }), /damaged/)
  t.equal((await loadDriver()).Redis, Redis)
})

t.test('a place is told as the client has it', async (t) => {
  const places: Array<[RedisClient, string]> = [
    [new Redis('/nowhere/redis.sock', { lazyConnect: true }), '/nowhere/redis.sock'],
    [new Redis({ host: '127.0.0.1', port: 1, password: 'sesame', lazyConnect: true }), '127.0.0.1:1'],
    [new Cluster([{ host: '127.0.0.1', port: 1 }, { host: '127.0.0.1', port: 2 }], { lazyConnect: true }), '127.0.0.1:1, 127.0.0.1:2'],
    [new Cluster(['redis://:sesame@127.0.0.1:1'], { lazyConnect: true }), '127.0.0.1:1']
  ]
  for (const [client, place] of places) {
    const store = redisStore(client, { timeout: 200 })
    const error = await (async () => store.open())().catch((error: Error) => error)
    t.match(error, { code: 'FST_API_KEY_STORE_OPEN', message: `Cannot open the API key store in Redis at ${place}: ` })
    t.notMatch((error as Error).message, /sesame/)
  }
})

t.test('in a cluster, too, a user needs no more than the documented commands', async (t) => {
  const nodes = await startRedisCluster(t, 2)
  if (nodes === null) return
  const commands = '+eval +evalsha +info +time +exists +del +@hash +@sortedset +@stream +hello +ping +client +select +cluster +asking'.split(' ')
  for (const { port } of nodes) await redisCommand(port, 'ACL', 'SETUSER', 'me', 'on', '>x', '~{api-key-scopes}*', ...commands)
  const store = redisStore(nodes[0]!.url.replace('//', '//me:x@'))
  await store.open()
  const key = aKey('a')
  await store.insert(key)
  t.same(await store.findByDigest(key.digest), key)
  const end = await store.watch(() => {})
  await end()
  await store.close()
})
