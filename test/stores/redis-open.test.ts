// Which Redis is taken, with which options, and which not: every one of them is a real server.
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { setTimeout as wait } from 'node:timers/promises'
import { inspect } from 'node:util'
import { Redis } from 'ioredis'
import t, { type Test } from 'tap'
import { redisStore, type RedisClient, type RedisStoreOptions } from '../../lib/stores/redis.js'
import { freePort } from '../servers/free-port.js'
import { startProxy } from '../servers/proxy.js'
import { redisCommand, startRedis, startRedisCluster, type RedisSettings } from '../servers/redis.js'
import { aKey } from './fixtures/keys.js'

/** How it is refused, whether that can be overridden, and whether it works then. */
interface Unfit {
  readonly settings: RedisSettings
  readonly after?: ReadonlyArray<readonly string[]>
  readonly why: RegExp
  readonly overridable: boolean
}

const unfit: Record<string, Unfit> = {
  'does not persist': { settings: { appendonly: 'no' }, why: /does not keep what it acknowledges \(appendonly no\); set appendonly yes; or .*allowDataLoss: true$/, overridable: true },
  'persists in snapshots alone': { settings: { appendonly: 'no', save: '60 1' }, why: /appendonly no/, overridable: true },
  'evicts the least recently used': {
    settings: { maxmemory: '100mb', 'maxmemory-policy': 'allkeys-lru' },
    why: /evicts keys when its memory is full \(maxmemory-policy allkeys-lru\); set maxmemory-policy noeviction; or .*allowDataLoss: true$/,
    overridable: true
  },
  'evicts the least frequently used': { settings: { maxmemory: '100mb', 'maxmemory-policy': 'allkeys-lfu' }, why: /allkeys-lfu/, overridable: true },
  'evicts anything': { settings: { maxmemory: '100mb', 'maxmemory-policy': 'allkeys-random' }, why: /allkeys-random/, overridable: true },
  'does not tell anything of itself': { settings: { user: ['default', 'on', 'nopass', '~*', '+@all', '-info'] }, why: /does not let this user run INFO in a script.*\+info; or .*allowDataLoss: true$/, overridable: true },
  'lets nobody run scripts': { settings: { user: ['default', 'on', 'nopass', '~*', '+@all', '-eval', '-evalsha'] }, why: /NOPERM/, overridable: false },
  'lets nobody touch these keys': { settings: { user: ['default', 'on', 'nopass', '~mine:*', '+@all'] }, why: /NOPERM/, overridable: false },
  'lacks the replicas that it should have': { settings: { 'min-replicas-to-write': '1' }, why: /NOREPLICAS/, overridable: false },
  'is a replica': { settings: { replicaof: ['127.0.0.1', '1'] }, why: /is a replica of 127\.0\.0\.1:1; give the address of the master$/, overridable: false },
  'is a replica that can be written': { settings: { replicaof: ['127.0.0.1', '1'], 'replica-read-only': 'no' }, why: /is a replica/, overridable: false },
  'has data of a later version': {
    settings: {},
    after: [['HSET', '{api-key-scopes}:feed', 'epoch', 'e', 'seq', '1', 'version', '2']],
    why: /its data have version 2, and this fastify-api-key-scopes knows version 1; update the package$/,
    overridable: false
  },
  'has something else by this name': { settings: {}, after: [['SET', '{api-key-scopes}:feed', 'x']], why: /WRONGTYPE/, overridable: false },
  'wants a password': { settings: { requirepass: 'secret' }, why: /NOAUTH/, overridable: false }
}

for (const [what, { settings, after = [], why, overridable }] of Object.entries(unfit)) {
  t.test(`a Redis that ${what} is refused${overridable ? ', unless that is accepted' : ', whatever is accepted'}`, async (t) => {
    const server = await startRedis(t, settings)
    if (server === null) return
    for (const command of after) await redisCommand(server.port, ...command)
    await refused(t, server.url, {}, server, why)
    if (!overridable) return await refused(t, server.url, { allowDataLoss: true }, server, why)
    await works(t, server.url, { allowDataLoss: true })
  })
}

const fit: Record<string, RedisSettings> = {
  'evicts nothing of ours': { maxmemory: '100mb', 'maxmemory-policy': 'volatile-lru' },
  'would evict, had it a limit': { 'maxmemory-policy': 'allkeys-lru' },
  'persists in both ways': { save: '60 1' },
  'has a user for little more than this': { user: ['default', 'on', 'nopass', '~{api-key-scopes}*', '-@all', '+eval', '+evalsha', '+info', '+time', '+@hash', '+@sortedset', '+@stream', '+exists', '+del', '+ping', '+hello', '+client'] }
}

for (const [what, settings] of Object.entries(fit)) {
  t.test(`a Redis that ${what} is taken`, async (t) => {
    const server = await startRedis(t, settings)
    if (server !== null) await works(t, server.url)
  })
}

t.test('a wrong password is refused, and no password is ever told', async (t) => {
  const server = await startRedis(t, { requirepass: 'right&proper' })
  if (server === null) return
  const withPassword = (password: string) => `redis://:${password}@127.0.0.1:${server.port}`
  await works(t, withPassword(encodeURIComponent('right&proper')))
  const client = new Redis(withPassword('sesame'), { lazyConnect: true })
  for (const source of [withPassword('sesame'), `redis://user:sesame@127.0.0.1:${server.port}`, client]) {
    await refused(t, source, {}, server, /WRONGPASS/)
  }
})

t.test('what does not answer is refused after the time-out, and then left alone', async (t) => {
  const server = await startRedis(t)
  if (server === null) return
  server.pause()
  await refused(t, server.url, { timeout: 200 }, server, /there is no connection after 200 ms$/)
  server.resume()
  await server.kill()
  await refused(t, server.url, {}, server, /ECONNREFUSED/)
  await refused(t, 'redis://nowhere.invalid', {}, { port: 6379, host: 'nowhere.invalid' }, /ENOTFOUND|EAI_AGAIN/)
})

t.test('after a refusal the same store can be opened', async (t) => {
  const server = await startRedis(t, { appendonly: 'no' })
  if (server === null) return
  const store = redisStore(server.url)
  await t.rejects(async () => store.open(), { code: 'FST_API_KEY_STORE_OPEN' })
  await t.rejects(async () => store.findByDigest(''), { code: 'FST_API_KEY_STORE_CLOSED' })
  await redisCommand(server.port, 'CONFIG', 'SET', 'appendonly', 'yes')
  await store.open()
  t.equal(await store.findByDigest(''), null)
  await store.close()
  await t.rejects(async () => store.findByDigest(''), { code: 'FST_API_KEY_STORE_CLOSED' })
})

t.test('a store that is closed while it cannot be opened may be opened anew before that has failed', async (t) => {
  const server = await startRedis(t)
  if (server === null) return
  const proxy = await startProxy(t, () => server)
  proxy.mode = 'hang'
  const store = redisStore(proxy.through(server.url), { timeout: 2000 })
  const refused = t.rejects(async () => store.open(), { code: 'FST_API_KEY_STORE_OPEN' })
  const closed = store.close()
  await wait(1000)
  const again = store.open()
  await refused
  proxy.mode = 'pass'
  await Promise.all([closed, again])
  t.equal(await store.findByDigest(''), null)
  await store.close()
  while (proxy.affected > 0) await wait(20)
  t.pass('no connection is left')
})

t.test('a client for one server is refused in a cluster', async (t) => {
  const nodes = await startRedisCluster(t, 2)
  if (nodes === null) return
  const client = (i: number) => new Redis(nodes[i]!.url, { lazyConnect: true })
  // {b} is the first one's slot.
  await refused(t, client(1), { prefix: '{b}' }, nodes[1]!, /belongs to a cluster; give redisStore a Cluster client, or the URL of one of its servers$/)
  await works(t, client(0), { prefix: '{b}' })
})

t.test('a server with a certificate is reached, and one with a certificate that nobody vouches for is refused', async (t) => {
  const [certificate, key] = ['certificate', 'key'].map(name => fileURLToPath(new URL(`fixtures/redis-tls-${name}.pem`, import.meta.url)))
  const port = await freePort()
  const server = await startRedis(t, { 'tls-port': String(port), 'tls-cert-file': certificate!, 'tls-key-file': key!, 'tls-auth-clients': 'no' })
  if (server === null) return
  const options = { port, host: '127.0.0.1', lazyConnect: true }
  await works(t, new Redis({ ...options, tls: { ca: readFileSync(certificate!) } }))
  await refused(t, new Redis({ ...options, tls: {} }), {}, { port }, /certificate/)
  for (const scheme of ['rediss', 'valkeys']) await refused(t, `${scheme}://127.0.0.1:${port}`, {}, { port }, /certificate/)
})

t.test('URLs say where, as whom and which database', async (t) => {
  const server = await startRedis(t, { user: ['me', 'on', '>a:b/c@d', '~*', '+@all'] })
  if (server === null) return
  const { port } = server
  for (const [url, other] of [
    [`redis://127.0.0.1:${port}`, `redis://127.0.0.1:${port}/`],
    [`redis://localhost:${port}/0`, `valkey://127.0.0.1:${port}`],
    [`redis://me:a%3Ab%2Fc%40d@127.0.0.1:${port}/7`, `redis://127.0.0.1:${port}/7`]
  ] as const) {
    const [store, same] = [redisStore(url), redisStore(other)]
    const key = aKey(url)
    await Promise.all([store.open(), same.open()])
    await store.insert(key)
    t.same(await same.get(key.id), key, `${other} is where ${url} is`)
    await Promise.all([store.close(), same.close()])
  }
  const elsewhere = redisStore(`redis://127.0.0.1:${port}/6`)
  await elsewhere.open()
  t.same(await elsewhere.list({ limit: 9 }), [])
  await elsewhere.close()
})

t.test('a source that cannot be is refused at once, and is not shown: it may have a password in it', async (t) => {
  for (const source of ['', 'localhost', 'localhost:6379', '/tmp/redis.sock', 'http://:sesame@localhost', 'redis://', 'redis:///', 'redis://:sesame@localhost/x', 'redis://:sesame@localhost/1/2',
    'redis://:sesame@localhost?db=1', 'redis://:sesame@localhost#1', 'redis://:sesame@localhost:99999', 'redis://:ses%ame@localhost', 'rediss+unix://:sesame@x']) {
    t.throws(() => redisStore(source), { name: 'TypeError', message: /redis:\/\/user:password@host:6379\/0/ }, source)
    try { redisStore(source) } catch (error) { t.notMatch(inspect(error), /sesame|ses%ame/) }
  }
  for (const source of [undefined, null, 6379, {}, { duplicate: true, isCluster: false }, { duplicate () {} }]) {
    t.throws(() => redisStore(source as unknown as RedisClient), { name: 'TypeError', message: /needs a client of ioredis or iovalkey, or a URL/ })
  }
})

t.test('options that cannot be are refused at once, all of them', async (t) => {
  const url = 'redis://localhost'
  const refuses = (options: object, ...words: RegExp[]) => {
    for (const word of words) t.throws(() => redisStore(url, options), { name: 'TypeError', message: word }, inspect(options))
  }
  for (const prefix of ['', 'acme', '{}', '{}{acme}', 'acme{', '}{', `{${'x'.repeat(99)}}`, 7, null]) refuses({ prefix }, /prefix must be .* hash tag, such as "{acme-keys}"/)
  for (const timeout of [0, 9, 60_001, 1.5, NaN, '1000', null]) refuses({ timeout }, /timeout must be a whole number of milliseconds from 10 to 60000/)
  for (const writeTimeout of [999, 60_001, 1000.5, '5000', null]) refuses({ writeTimeout }, /writeTimeout must be a whole number of milliseconds from timeout to 60000/)
  for (const allowDataLoss of ['yes', 1, null]) refuses({ allowDataLoss }, /allowDataLoss must be true or false/)
  refuses({ timeOut: 7 }, /timeOut.*did you mean "timeout"/)
  refuses({ prefix: 'acme', timeout: 0, allowDataLoss: 1, other: 1 }, /prefix/, /timeout/, /allowDataLoss/, /other/)
  for (const prefix of ['{a}', 'acme:{keys}', 'a{b}c{d}', '{{a}}', '{a b}', `{${'x'.repeat(98)}}`]) t.ok(redisStore(url, { prefix, timeout: 10, writeTimeout: 10, allowDataLoss: false }))
})

/** That it is refused, by an error that says where and why, and no password. */
async function refused (t: Test, source: string | RedisClient, options: RedisStoreOptions, { port, host = '127.0.0.1' }: { port: number, host?: string }, why: RegExp): Promise<void> {
  const store = redisStore(source, options)
  const error = await (async () => store.open())().then(() => undefined, (error: Error & { code: string }) => error)
  t.equal(error?.code, 'FST_API_KEY_STORE_OPEN')
  t.match(error?.message, why)
  t.ok(error?.message.startsWith(`Cannot open the API key store in Redis at ${host}:${port}: `), error?.message ?? 'it was not refused')
  t.notMatch(inspect(error, { depth: 9, showHidden: true }), /sesame/)
}

async function works (t: Test, source: string | RedisClient, options: RedisStoreOptions = {}): Promise<void> {
  const store = redisStore(source, options)
  await store.open()
  const [key, other] = [aKey('a'), aKey('b', { ownerId: 'other' })]
  await store.insert(key)
  await store.insert(other)
  const { position } = await store.changes(null)
  const at = new Date(5)
  t.same(await store.revoke('a', at), { ...key, revokedAt: at })
  t.same(await store.findByDigest(key.digest), { ...key, revokedAt: at })
  t.same((await store.changes(position)).digests, [key.digest])
  t.same(await store.revokeOwner('other', at), [{ ...other, revokedAt: at }])
  await store.recordUse([{ id: 'a', lastUsedAt: at, demands: new Map([['x', at]]) }])
  t.same(await store.usesOf('a'), new Map([['x', at]]))
  t.equal((await store.list({ limit: 9 })).length, 2)
  t.equal(await store.purge(new Date(6)), 2)
  await store.bumpEpoch()
  await store.close()
}
