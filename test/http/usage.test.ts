// What is noted of the use of keys, when it is written, and that nothing is lost. The servers that are closed in the middle
// are sent 4,000 requests. In full: REQUESTS=100000 npx tap --timeout=0 --allow-incomplete-coverage test/http/usage.test.ts
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import { memoryStore, type ApiKeyScopesOptions, type KeyStore, type KeyUse } from '../../lib/index.js'
import { usageTrouble } from '../../lib/http/store-trouble.js'
import { sqliteStore } from '../../lib/stores/sqlite.js'
import { bearer, listen, plant, RawClient, rawRequest, wireApp, type WireOptions } from './wire-app.js'

const requests = Number(process.env.REQUESTS ?? 4_000)

/** A store in memory that notes every call, with what is written to it. */
function watched () {
  const calls: string[] = []
  const written: KeyUse[] = []
  const inner = memoryStore()
  const store = Object.fromEntries(Object.entries(inner).map(([name, method]) => [name, async (...args: unknown[]) => {
    calls.push(name)
    if (name === 'recordUse') written.push(...args[0] as KeyUse[])
    return await (method as (...args: unknown[]) => unknown)(...args)
  }])) as unknown as Required<KeyStore>
  return { store, calls, written, inner }
}

const header = (key: string) => [`Authorization: Bearer ${key}`]

/** Waits for something that happens by itself. The test ends with a failure if it does not. */
async function until (holds: () => Promise<boolean>): Promise<void> {
  while (!await holds()) await wait(5)
}

/** What a request with a key of such a grant leaves behind: nothing, or the demands that were met. */
interface Case {
  readonly title: string
  readonly url: string
  readonly granted?: readonly string[]
  readonly method?: 'GET' | 'POST'
  readonly body?: object
  readonly status?: number
  readonly met: ReadonlyArray<string | string[]> | 'no use'
}

const cases: readonly Case[] = [
  { title: 'a scope', url: '/clusters', met: ['clusters:read'] },
  { title: 'a scope that the grant covers under another name', url: '/clusters', granted: ['clusters:write'], met: ['clusters:read'] },
  { title: 'several scopes', url: '/hosts', method: 'POST', met: ['hosts:create', 'hosts:enroll'] },
  { title: 'one of several', url: '/devices', granted: ['devices:read'], met: [['devices:provision', 'devices:read']] },
  { title: 'no scope', url: '/any-key', granted: [], met: [] },
  { title: 'a missing scope', url: '/clusters', granted: ['devices:read'], status: 403, met: [] },
  { title: 'a route that is for users', url: '/user', status: 403, met: [] },
  { title: 'a public route', url: '/public', met: 'no use' },
  { title: 'a URL that matches no route', url: '/nowhere', status: 404, met: 'no use' },
  { title: 'no condition applies', url: '/deploy', method: 'POST', body: {}, met: ['clusters:write'] },
  { title: 'a condition applies', url: '/deploy', method: 'POST', body: { hosts: true }, met: ['clusters:write', 'hosts:create'] },
  { title: 'two conditions apply', url: '/deploy', method: 'POST', body: { hosts: true, devices: true }, met: ['clusters:write', 'hosts:create', ['devices:provision', 'devices:read']] },
  { title: 'a condition that is not met', url: '/deploy', method: 'POST', body: { hosts: true }, granted: ['clusters:write'], status: 403, met: [] },
  { title: 'a body that is not valid, before the conditions', url: '/deploy', method: 'POST', body: { hosts: 'x' }, status: 400, met: [] },
  { title: 'a body that is not valid, after the decision', url: '/strict', method: 'POST', body: { hosts: 'x' }, status: 400, met: ['clusters:write'] },
  { title: 'what a handler asks for', url: '/asks', granted: ['clusters:read', 'hosts:create'], met: ['clusters:read', 'hosts:create'] },
  { title: 'what a handler asks for and does not get', url: '/asks', granted: ['clusters:read'], met: ['clusters:read'] },
  { title: 'what a handler requires', url: '/requires', granted: ['clusters:read', 'hosts:create', 'devices:read'], met: ['clusters:read', 'hosts:create', ['devices:provision', 'devices:read']] },
  { title: 'what a handler requires and does not get', url: '/requires', granted: ['clusters:read', 'hosts:create'], status: 403, met: ['clusters:read', 'hosts:create'] }
]

async function usedApp (t: Test, { plugin, ...options }: WireOptions = {}) {
  return await wireApp(t, {
    plugin: { authenticateUser: async ({ headers }) => headers['x-user'] === undefined ? null : { id: 'u1', scopes: ['clusters:read'] }, ...plugin },
    ...options,
    async after (app) {
      const body = { type: 'object', properties: { hosts: { type: 'boolean' }, devices: { type: 'boolean' } } }
      const applies = (field: string) => ({ body }: { body: unknown }) => (body as Record<string, unknown>)[field] === true
      app.post('/deploy', {
        schema: { body },
        config: {
          scopes: 'clusters:write',
          scopesWhen: [{ when: applies('hosts'), scopes: 'hosts:create' }, { when: applies('devices'), scopes: { anyOf: ['devices:read', 'devices:provision'] } }]
        }
      }, async () => 'deployed')
      app.post('/strict', { schema: { body }, config: { scopes: 'clusters:write' } }, async () => 'deployed')
      app.get('/asks', { config: { scopes: 'clusters:read' } }, async request => request.hasScopes('hosts:create'))
      app.get('/requires', { config: { scopes: 'clusters:read' } }, async request => {
        request.requireScopes('hosts:create')
        request.requireScopes({ anyOf: ['devices:provision', 'devices:read'] })
        return 'passed'
      })
      await options.after?.(app)
    }
  })
}

const textOf = (demand: string | string[]) => JSON.stringify([demand].flat().map(name => [name]))

t.test('a request leaves behind when its key was used, and the demands that it met', async (t) => {
  const { store, written } = watched()
  const { app } = await usedApp(t, { plugin: { store } })
  for (const { title, url, granted = ['full'], method = 'GET', body, status = 200, met } of cases) {
    const { key, record } = await app.apiKeys.create({ name: title, scopes: granted })
    const before = Date.now()
    const response = await app.inject({ method, url, headers: bearer(key), ...body && { payload: body } })
    t.equal(response.statusCode, status, title)
    const usage = (await app.apiKeys.usage(record.id))!
    const found = written.splice(0)
    t.strictSame(found.map(({ id, demands }) => [id, [...demands.keys()].sort()]), met === 'no use' ? [] : [[record.id, met.map(textOf).sort()]], title)
    for (const { lastUsedAt, demands } of found) {
      for (const at of [lastUsedAt, ...demands.values()]) t.ok(at.getTime() >= before && at.getTime() <= Date.now())
    }
    t.strictSame(usage.lastUsedAt, found[0]?.lastUsedAt ?? null)
  }
})

t.test('what is refused is no use of a key, and neither is a session', async (t) => {
  const { store, written } = watched()
  const { app, get } = await usedApp(t, { plugin: { store } })
  const past = new Date(0)
  for (const ended of [{ expiresAt: past }, { revokedAt: past }, { disabledAt: past }, { scopes: null as never }]) {
    const key = await plant(store, { scopes: ['full'], ...ended })
    t.equal((await get('/clusters', bearer(key))).statusCode, 401)
  }
  t.equal((await get('/clusters', { 'x-user': 'u1' })).statusCode, 200)
  t.equal((await get('/asks', { 'x-user': 'u1' })).statusCode, 200)
  t.equal((await app.inject({ method: 'POST', url: '/deploy', headers: { 'x-user': 'u1' }, payload: {} })).statusCode, 403)
  await app.close()
  t.strictSame(written, [])
})

t.test('a request that goes on to a guarded not-found handler has met both demands', async (t) => {
  const { store, written } = watched()
  const { app, get, create } = await usedApp(t, {
    plugin: { store, notFound: { scopes: 'devices:read' } },
    after (app) {
      app.setNotFoundHandler(async () => 'served')
      app.get('/on', { config: { scopes: 'clusters:read' } }, (_request, reply) => { reply.callNotFound() })
    }
  })
  const key = await create('full')
  t.equal((await get('/on', bearer(key))).body, 'served')
  t.equal((await get('/nowhere', bearer(key))).body, 'served')
  await app.close()
  t.strictSame(written.flatMap(({ demands }) => [...demands.keys()].sort()), ['[["clusters:read"]]', '[["devices:read"]]'])
})

t.test('while requests are served the store is not called', async (t) => {
  const { store, calls, written } = watched()
  const { app } = await usedApp(t, { fastify: { logger: false }, plugin: { store, maxStaleness: 3_600_000, usage: { flushInterval: 3_600_000 } } })
  const keys = await Promise.all(Array.from({ length: 20 }, async () => (await app.apiKeys.create({ name: 'x', scopes: ['full'] })).key))
  const client = new RawClient(await listen(app))
  t.teardown(() => { client.end() })
  const round = keys.flatMap(key => ['/clusters', '/devices', '/any-key', '/user', '/asks', '/requires'].map(url => rawRequest(url, header(key))))
  await client.exchange(round)
  calls.length = 0
  for (let i = 0; i < 20; i++) {
    const answers = await client.exchange(round)
    t.ok(answers.every(({ status }, i) => status === (i % 6 === 3 ? 403 : 200)))
  }
  t.strictSame(calls, [])
  await app.close()
  t.strictSame(calls, ['recordUse', 'close'])
  t.equal(written.length, 20)
})

/** Both stores; the file of the second one can be looked at from outside. */
function stores (t: Test): ReadonlyArray<{ readonly name: string, readonly store: Required<KeyStore>, readonly reopen: () => Promise<Required<KeyStore>> }> {
  const memory = memoryStore()
  const file = join(t.testdir(), 'keys.db')
  return [
    { name: 'memory', store: memory, reopen: async () => memory },
    {
      name: 'SQLite',
      store: sqliteStore(file),
      async reopen () {
        const store = sqliteStore(file)
        await store.open()
        t.teardown(() => store.close())
        return store
      }
    }
  ]
}

t.test('what was seen is written from time to time, by itself', async (t) => {
  for (const { name, store, reopen } of stores(t)) {
    const { app } = await usedApp(t, { plugin: { store, usage: { flushInterval: 100 } } })
    const port = await listen(app)
    const outside = await reopen()
    for (const url of ['/clusters', '/devices']) {
      const { key, record } = await app.apiKeys.create({ name: 'x', scopes: ['full'] })
      const client = new RawClient(port)
      t.strictSame((await client.exchange([rawRequest(url, header(key))])).map(({ status }) => status), [200])
      await until(async () => (await outside.get(record.id))!.lastUsedAt !== null)
      t.equal((await outside.usesOf(record.id)).size, 1, `${name}: ${url}`)
      client.end()
    }
    await app.close()
  }
})

t.test('a server that is closed while it serves has written the use of every key that it has let through', async (t) => {
  for (const { name, store, reopen } of stores(t)) {
    for (const routes of ['at once', 'after a while'] as const) {
      const { app } = await usedApp(t, {
        fastify: { logger: false },
        plugin: { store, usage: { flushInterval: 3_600_000 } },
        after (app) {
          app.get('/slow', { config: { scopes: 'clusters:read' } }, async () => {
            if (routes === 'after a while') await wait(20)
            return 'ok'
          })
        }
      })
      const port = await listen(app)
      // Each request has a key of its own, which the server has not seen before.
      const keys = new Map<string, string>()
      for (let i = 0; i < requests / 4; i++) {
        const { key, record } = await app.apiKeys.create({ name: 'x', scopes: ['full'] })
        keys.set(key, record.id)
      }
      const passed = new Set<string>()
      let answered = 0
      let closing: Promise<void> | undefined
      const waiting = [...keys.keys()]
      const connections = Array.from({ length: 20 }, async () => {
        const client = new RawClient(port)
        try {
          for (let key = waiting.pop(); key !== undefined; key = waiting.pop()) {
            const [answer] = await client.exchange([rawRequest('/slow', header(key))])
            answered++
            if (answer!.status === 200) passed.add(keys.get(key)!)
            if (answered === Math.floor(keys.size / 2)) closing = app.close()
          }
        } catch {
          // The server has hung up.
        }
        client.end()
      })
      await Promise.all(connections)
      await closing
      t.ok(closing !== undefined && passed.size >= Math.floor(keys.size / 2), `${passed.size} of ${keys.size} were let through`)
      t.ok(waiting.length > 0, 'it was closed in the middle')

      const after = await reopen()
      const lost: string[] = []
      for (const id of passed) {
        const used = (await after.get(id))!.lastUsedAt !== null && (await after.usesOf(id)).has('[["clusters:read"]]')
        if (!used) lost.push(id)
      }
      t.strictSame(lost, [], `${name}, ${routes}: of ${passed.size} uses none is lost`)
    }
  }
})

t.test('a store that takes nothing for a while gets everything once it is back', async (t) => {
  for (const { name, store: inner, reopen } of stores(t)) {
    let down = false
    let refused = 0
    const store: KeyStore = {
      ...inner,
      async recordUse (uses) {
        if (down) {
          refused++
          throw new Error('the disk is full')
        }
        await inner.recordUse(uses)
      }
    }
    const { app, lines } = await usedApp(t, { plugin: { store, usage: { flushInterval: 100 } } })
    const client = new RawClient(await listen(app))
    const made = await Promise.all(Array.from({ length: 50 }, async () => await app.apiKeys.create({ name: 'x', scopes: ['full'] })))
    const use = async (url: string) => {
      const answers = await client.exchange(made.map(({ key }) => rawRequest(url, header(key))))
      t.ok(answers.every(({ status }) => status === 200))
    }
    await use('/clusters')
    down = true
    await use('/devices')
    await until(async () => refused > 1)
    const between = Date.now()
    await use('/clusters')
    await t.rejects(app.apiKeys.usage(made[0]!.record.id), { code: 'FST_API_KEY_STORE_UNAVAILABLE' })
    await use('/asks')
    const told = lines.filter(({ msg }) => msg === 'the API key store failed')
    t.match(told[0], { err: { message: 'the disk is full' } })
    down = false
    const outside = await reopen()
    await until(async () => (await outside.usesOf(made.at(-1)!.record.id)).size === 3)
    client.end()
    await app.close()
    for (const { record } of made) {
      const uses = await outside.usesOf(record.id)
      t.strictSame([...uses.keys()].sort(), ['[["clusters:read"]]', '[["devices:provision"],["devices:read"]]', '[["hosts:create"]]'], name)
      t.ok(uses.get('[["clusters:read"]]')!.getTime() >= between, 'with the latest date')
      t.ok((await outside.get(record.id))!.lastUsedAt!.getTime() >= between)
    }
  }
})

t.test('two apps that share a file add to each other', async (t) => {
  const file = join(t.testdir(), 'keys.db')
  const start = async () => {
    const { app, get } = await usedApp(t, { plugin: { store: sqliteStore(file) } })
    return { app, get, close: async () => { await app.close() } }
  }
  const [one, other] = [await start(), await start()]
  const { key, record } = await one.app.apiKeys.create({ name: 'x', scopes: ['full'] })
  const use = async ({ get }: typeof one, url: string) => { t.equal((await get(url, bearer(key))).statusCode, 200) }
  const usage = async ({ app }: { app: FastifyInstance }) => (await app.apiKeys.usage(record.id))!
  await use(one, '/clusters')
  await use(other, '/devices')
  const early = await usage(one)
  await usage(other)
  t.strictSame(early.smallestGrant, ['clusters:read'], 'what the other has seen is not written yet')
  t.strictSame((await usage(one)).smallestGrant, ['clusters:read', 'devices:provision'], 'and now it is')
  await wait(2)
  await use(one, '/clusters')
  const latest = (await usage(one)).lastUsedAt!
  t.ok(latest > early.lastUsedAt!)
  // What the other notes later, but has seen earlier, changes nothing.
  const real = Date.now
  Date.now = () => latest.getTime() - 1000
  await use(other, '/clusters')
  Date.now = real
  t.strictSame((await usage(other)).lastUsedAt, latest)
  await use(other, '/requires')
  await other.close()
  t.strictSame((await usage(one)).smallestGrant, ['clusters:read', 'hosts:create', 'devices:provision'], 'closing writes what is left')
})

t.test('with usage: false nothing is noted', async (t) => {
  const { store, calls } = watched()
  const { app, get, create } = await usedApp(t, { plugin: { store, usage: false } })
  const key = await create('full')
  for (const url of ['/clusters', '/devices', '/requires', '/user']) await get(url, bearer(key))
  const { records: [record] } = await app.apiKeys.list()
  await t.rejects(app.apiKeys.usage(record!.id), { code: 'FST_API_KEY_USAGE_OFF' })
  await t.rejects(app.apiKeys.list({ unusedFor: 'P30D' }), { code: 'FST_API_KEY_USAGE_OFF' })
  await app.close()
  t.notOk(calls.includes('recordUse'))
})

t.test('a store that cannot keep it serves all the same', async (t) => {
  const { recordUse, usesOf, ...store } = memoryStore()
  const { app, get, create, lines } = await usedApp(t, { plugin: { store } as Partial<ApiKeyScopesOptions> })
  const key = await create('full')
  for (const url of ['/clusters', '/devices', '/requires']) t.equal((await get(url, bearer(key))).statusCode, 200)
  await t.rejects(app.apiKeys.usage('x'), { code: 'FST_API_KEY_STORE_INCAPABLE' })
  await app.close()
  t.strictSame(lines.filter(({ level }) => level > 30), [])
})

t.test('that some use was forgotten is told once an hour', (t) => {
  const lines: unknown[] = []
  let now = 0
  const full = usageTrouble({ warn (line: unknown) { lines.push(line) } } as never, () => now)
  for (const minutes of [0, 1, 59, 60, 61, 200]) {
    now = minutes * 60_000
    full()
  }
  t.strictSame(lines, [{ forgottenBefore: 0 }, { forgottenBefore: 2 }, { forgottenBefore: 1 }])
  t.end()
})
