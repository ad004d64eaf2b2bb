// The command line on real servers: PostgreSQL and Redis.
import t, { type Test } from 'tap'
import { startPostgres } from '../servers/postgres.js'
import { startProxy, type Proxy, type ProxyMode } from '../servers/proxy.js'
import { startRedis } from '../servers/redis.js'
import { asProcess, inProcess, installed, json, project, RUNNERS, runInstalled } from './set-up.js'

t.test('PostgreSQL', async t => {
  const server = await startPostgres(t)
  if (server === null) return
  t.test('every command', async t => {
    const url = await server.database()
    const { config } = project(t)
    const first = await inProcess([...config, '--store', url, 'create', '--name', 'a'])
    t.match(first, { code: 1, stdout: '', stderr: /^error: .*there are no tables of this package .*api-key-scopes migrate/ }, 'tables are not made by the way')
    t.match(json(await inProcess(['--store', url, 'migrate', '--json'])), { migration: { from: 0, to: Number } })
    t.match(await inProcess([...config, '--store', url, 'migrate']), { code: 0, stderr: /^The tables are of version \d+ already\.\n$/ })
    await everyCommand(t, url.replace('postgres:', 'postgresql:'))
  })

  t.test('it does not answer', async t => {
    await fails(t, server, proxy => proxy.through(server.url))
  })

  t.test('the password is wrong', async t => {
    const url = server.url.replace(/:[^:@/]+@/, ':s3cret@')
    for (const [, run] of RUNNERS) {
      const { code, stdout, stderr } = await run(['--store', url, 'list', '--debug'])
      t.equal(code, 1)
      t.match(stderr, /^error: Cannot open the API key store .*: it refuses this user or password/)
      t.notMatch(stdout + stderr, 's3cret')
    }
  })
})

t.test('Redis', async t => {
  const server = await startRedis(t)
  if (server === null) return
  t.test('every command', async t => {
    await everyCommand(t, `${server.url}/1`.replace('redis:', 'valkey:'))
    t.match(await inProcess(['--store', server.url, 'migrate']), { code: 0, stderr: /^This store brings itself up to date/ })
  })

  t.test('it does not answer', async t => {
    await fails(t, server, proxy => proxy.through(server.url).replace('redis://', 'redis://:s3cret@'))
  })

  t.test('keys can be revoked in one that the app should not rely on', async t => {
    const forgetful = (await startRedis(t, { appendonly: 'no' }))!
    t.match(await inProcess(['--store', forgetful.url, 'revoke', '--owner', 'u1']), { code: 3, stderr: /owns no API keys/ })
  })
})

t.test('a driver that is not installed', async t => {
  const dir = installed(t)
  for (const [url, driver] of [['postgres://u:s3cret@127.0.0.1:1/db', 'pg'], ['redis://:s3cret@127.0.0.1:1', 'ioredis']] as const) {
    const { code, stdout, stderr } = await runInstalled(dir, ['list', '--store', url])
    t.equal(code, 1)
    t.equal(stdout, '')
    t.match(stderr, new RegExp(`^error: .*npm install ${driver}\\)?\\n$`))
    t.notMatch(stderr, 's3cret')
  }
})

/** From the first key to the last record. */
async function everyCommand (t: Test, url: string): Promise<void> {
  const { config } = project(t)
  const on = async (...args: string[]) => json(await inProcess(['--store', url, ...args, '--json']))
  const { key, record } = await on(...config, 'create', '--name', 'a', '--owner', 'u1', '--scope', 'apps:deploy')
  t.match(key, /^acme_\w{38}$/)
  t.match(await on('list'), { records: [{ id: record.id, name: 'a' }] })
  t.match(json(await asProcess(['--store', url, 'list', '--json'])), { records: [{ id: record.id, name: 'a' }] }, 'the built program')
  t.match(await on('show', record.id), { record: { scopes: ['apps:deploy'] } })
  const successor = await on(...config, 'rotate', record.id)
  t.match(await on(...config, 'usage'), { keys: { length: 2 } })
  t.match(await on('revoke', record.id), { record: { revokedAt: String } })
  t.match(await on('revoke', '--owner', 'u1', '--yes'), { records: [{ id: successor.record.id }] })
  t.same(await on('epoch', 'bump'), { bumped: true })
  t.same(await on('purge', '--older-than', new Date().toISOString(), '--yes'), { purged: 2 })
  t.same(await on('list'), { records: [], cursor: null })
}

/** Whatever becomes of the connection, the command ends, and says why. All at once, for most of it is waiting. */
async function fails (t: Test, server: { readonly port: number }, urlThrough: (proxy: Proxy) => string): Promise<void> {
  const modes: readonly ProxyMode[] = ['refuse', 'reset', 'hang', 'halfOpen', 'mute']
  // A process of its own for those that it has to wait for: nothing else keeps that one from ending, or lets it end too early.
  for (const [how, run, among] of [['the built program', asProcess, modes.slice(2)], ['the sources', inProcess, modes]] as const) {
    await Promise.all(among.map(async mode => {
      const proxy = await startProxy(t, () => server)
      proxy.mode = mode
      const { code, stdout, stderr } = await run(['--store', urlThrough(proxy), 'list', '--debug'])
      t.equal(code, 1, `${String(mode)}, ${how}`)
      t.equal(stdout, '')
      t.match(stderr, /^error: Cannot open the API key store /)
      t.notMatch(stderr, /s3cret|not-a-secret/)
    }))
  }
}
