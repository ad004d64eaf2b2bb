// The commands for the store itself: epoch and migrate.
import { setTimeout as wait } from 'node:timers/promises'
import Fastify from 'fastify'
import t from 'tap'
import apiKeyScopes from '../../lib/plugin.js'
import { defineScopes } from '../../lib/scopes/catalog.js'
import { openDatabase } from '../../lib/stores/sqlite/driver.js'
import { sqliteStore } from '../../lib/stores/sqlite.js'
import { json, project, RUNNERS } from './set-up.js'

for (const [how, run] of RUNNERS) {
  t.test(how, async t => {
    t.test('epoch bump begins another epoch, with a store alone as well', async t => {
      const app = project(t)
      await app.insert({ id: 'k' })
      const epoch = async () => await app.use(async store => (await store.changes(null)).position.epoch)
      const before = await epoch()
      t.same(await run([...app.config, 'epoch', 'bump']), {
        code: 0, stdout: '', stderr: 'A new epoch has begun: every process reads all API keys anew, within its maxStaleness.\n'
      })
      const then = await epoch()
      t.not(then, before)
      t.same(json(await run(['--store', `sqlite:${app.db}`, 'epoch', 'bump', '--json'])), { bumped: true })
      t.not(await epoch(), then)
      t.match(await app.stored(), [{ id: 'k', revokedAt: null }])
    })

    t.test('migrate tells from which version to which', async t => {
      for (const [from, to, said] of [[0, 2, 'Made the tables, of version 2.'], [1, 2, 'Brought the tables from version 1 to version 2.'], [2, 2, 'The tables are of version 2 already.']] as const) {
        // Not opened: that would refuse tables that are not up to date.
        const app = project(t, { options: `{ scopes, store: { findByDigest () {}, open () { throw new Error('opened') }, async migrate () { return { from: ${from}, to: ${to} } } }, keyPrefix: 'acme' }` })
        t.same(await run([...app.config, 'migrate']), { code: 0, stdout: '', stderr: `${said}\n` })
        t.same(json(await run([...app.config, 'migrate', '--json'])), { migration: { from, to } })
      }
    })

    t.test('migrate leaves a store alone that sees to itself', async t => {
      const app = project(t)
      await app.insert()
      t.same(await run([...app.config, 'migrate']), { code: 0, stdout: '', stderr: 'This store brings itself up to date when it is opened; nothing was done.\n' })
      t.same(json(await run([...app.config, 'migrate', '--json'])), { migration: null })
    })

    t.test('a store that cannot', async t => {
      const app = project(t, { options: '{ scopes, store: { findByDigest () {}, migrate () { throw new Error(\'permission denied\') } }, keyPrefix: \'acme\' }' })
      t.same(await run([...app.config, 'epoch', 'bump']), { code: 1, stdout: '', stderr: 'error: this store has no method bumpEpoch; restart all processes of the app instead\n' })
      t.same(await run([...app.config, 'migrate']), { code: 1, stdout: '', stderr: 'error: permission denied\n' })
    })
  })
}

t.test('after epoch bump a process that serves forgets what a restored backup has undone', async t => {
  const { db, config } = project(t)
  const app = Fastify()
  t.teardown(async () => { await app.close() })
  // So long that nothing is forgotten by itself in this test.
  await app.register(apiKeyScopes, { scopes: defineScopes({ 'apps:read': '' }), store: sqliteStore(db), keyPrefix: 'acme', maxStaleness: 600_000 })
  app.get('/', { config: { scopes: 'apps:read' } }, async () => 'apps')
  await app.ready()
  const { key } = await app.apiKeys.create({ name: 'a', scopes: ['apps:read'] })
  const status = async () => (await app.inject({ url: '/', headers: { authorization: `Bearer ${key}` } })).statusCode
  t.equal(await status(), 200)

  // As a backup in which there was no such key yet, at the same position.
  const database = await openDatabase(db)
  database.exec('DELETE FROM api_key_scopes_keys')
  database.close()
  t.equal(await status(), 200, 'nobody has told it')

  t.equal((await RUNNERS[0]![1]([...config, 'epoch', 'bump'])).code, 0)
  while (await status() === 200) await wait(10)
  t.equal(await status(), 401)
})
