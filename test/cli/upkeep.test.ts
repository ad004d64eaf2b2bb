// What the commands for keys in bulk, usage, import and purge, and those for the store itself, epoch and migrate, say and do; and which
// commands do with a store alone.
import { setTimeout as wait } from 'node:timers/promises'
import Fastify from 'fastify'
import t, { type Test } from 'tap'
import { textsOf } from '../../lib/keys/usage/demands.js'
import apiKeyScopes from '../../lib/plugin.js'
import { defineScopes } from '../../lib/scopes/catalog.js'
import { openDatabase } from '../../lib/stores/sqlite/driver.js'
import { sqliteStore } from '../../lib/stores/sqlite.js'
import { ago, aKey, asProcess, inProcess, json, project, type Project } from './set-up.js'

t.test('usage tells of one key which scopes it needed, and of all keys which have too many', async t => {
  const app = await usedProject(t)
  t.same(await inProcess([...app.config, 'usage', 'busy']), {
    code: 0,
    stderr: '',
    stdout: `last used  2026-05-06 07:08Z

SCOPE        LAST NEEDED
apps:deploy  2026-05-06 07:08Z
hosts:read   never

never needed                         hosts:read
smallest grant that would have done  apps:read
`
  })
  t.match((await inProcess([...app.config, 'usage', 'busy', '--unused-for', '2026-06-01'])).stdout, /\nnot needed since 2026-06-01 00:00Z +apps:deploy\n +hosts:read\n/)
  t.match((await inProcess([...app.config, 'usage', 'bare'])).stdout, /^last used {2}never\nnever needed +none\nsmallest grant that would have done +none\n$/)
  t.same(json(await inProcess([...app.config, 'usage', 'busy', '--json'])), {
    usage: {
      lastUsedAt: '2026-05-06T07:08:09.000Z',
      scopes: [{ name: 'apps:deploy', lastNeededAt: '2026-05-06T07:08:09.000Z' }, { name: 'hosts:read', lastNeededAt: null }],
      unusedScopes: ['hosts:read'],
      smallestGrant: ['apps:read']
    }
  })
  t.equal((await inProcess([...app.config, 'usage'])).stdout, `ID    NAME  OWNER  LAST USED          UNUSED SCOPES  SMALLEST GRANT
bare  bare  u2     never              -              -
busy  busy  u1     2026-05-06 07:08Z  hosts:read     apps:read
`)
  t.match(json(await inProcess([...app.config, 'usage', '--owner', 'u2', '--json'])), { keys: [{ record: { id: 'bare' }, usage: { unusedScopes: [] } }] })
  t.same(await inProcess([...app.config, 'usage', '--owner', 'u3']), { code: 0, stdout: '', stderr: 'No active keys.\n' })
})

t.test('import takes a JSON list, one object, or one on each line, and can be run again', async t => {
  const app = project(t)
  const keys = [1, 2, 3].map(n => ({ digest: String(n).repeat(64), name: `legacy ${n}`, scopes: ['apps:read'] }))
  const lines = keys.map(key => `${JSON.stringify(key)}\n`).join('\n')
  t.same(await inProcess([...app.config, 'import', '-', '--dry-run'], { input: lines }), { code: 0, stdout: '', stderr: 'Would import 3; 0 were there already.\n' })
  t.same(await app.stored(), [], 'nothing is kept of a rehearsal')
  t.same(await inProcess([...app.config, 'import', '-'], { input: JSON.stringify(keys[0]) }), { code: 0, stdout: '', stderr: 'Imported 1; 0 were there already.\n' })
  t.same(await inProcess([...app.config, 'import', '-'], { input: lines }), { code: 0, stdout: '', stderr: 'Imported 2; 1 was there already.\n' })
  t.match(json(await inProcess([...app.config, 'import', '-', '--json'], { input: JSON.stringify(keys) })), { dryRun: false, imported: [], existing: [{ name: 'legacy 1' }, { name: 'legacy 2' }, { name: 'legacy 3' }] })
  t.same((await app.stored()).map(({ name }) => name).sort(), ['legacy 1', 'legacy 2', 'legacy 3'])
})

t.test('purge removes what ended before a time, and nothing else', async t => {
  const app = project(t)
  await app.insert({ id: 'a', revokedAt: ago(400) }, { id: 'b', expiresAt: ago(400) }, { id: 'c', revokedAt: ago(300) }, { id: 'd' })
  t.same(await inProcess([...app.config, 'purge', '--older-than', 'P1Y', '--yes']), { code: 0, stdout: '', stderr: 'Removed 2 records.\n' })
  t.same(json(await inProcess([...app.config, 'purge', '--older-than', 'P200D', '-y', '--json'])), { purged: 1 })
  t.same((await app.stored()).map(({ id }) => id), ['d'])
  t.same(await inProcess([...app.config, 'purge', '--older-than', 'P1Y', '--yes']), { code: 0, stdout: '', stderr: 'Removed 0 records.\n' })
})

t.test('list, show, revoke and purge do with a store alone', async t => {
  const app = project(t)
  await app.insert({ id: 'k', scopes: ['apps:read'] })
  const store = ['--store', `sqlite:${app.db}`]
  t.match((await inProcess([...store, 'list'])).stdout, /^k /m)
  t.match((await inProcess([...store, 'show', 'k'])).stdout, /^granted {6}apps:read\n$/m)
  t.match(json(await inProcess([...store, 'show', 'k', '--json'])), { effectiveScopes: null })
  t.equal((await inProcess([...store, 'revoke', 'k'])).code, 0)
  t.equal((await inProcess([...store, 'purge', '--older-than', 'P1D', '--yes'])).stderr, 'Removed 0 records.\n')
})

t.test('epoch bump begins another epoch, with a store alone as well', async t => {
  const app = project(t)
  await app.insert({ id: 'k' })
  const epoch = async () => await app.use(async store => (await store.changes(null)).position.epoch)
  const before = await epoch()
  t.same(await inProcess([...app.config, 'epoch', 'bump']), {
    code: 0, stdout: '', stderr: 'A new epoch has begun: every process reads all API keys anew, within its maxStaleness.\n'
  })
  const then = await epoch()
  t.not(then, before)
  t.same(json(await inProcess(['--store', `sqlite:${app.db}`, 'epoch', 'bump', '--json'])), { bumped: true })
  t.not(await epoch(), then)
  t.match(await app.stored(), [{ id: 'k', revokedAt: null }])
})

t.test('migrate tells from which version to which', async t => {
  for (const [from, to, said] of [[0, 2, 'Made the tables, of version 2.'], [1, 2, 'Brought the tables from version 1 to version 2.'], [2, 2, 'The tables are of version 2 already.']] as const) {
    // Not opened: that would refuse tables that are not up to date.
    const app = project(t, { options: `{ scopes, store: { findByDigest () {}, open () { throw new Error('opened') }, async migrate () { return { from: ${from}, to: ${to} } } }, keyPrefix: 'acme' }` })
    t.same(await inProcess([...app.config, 'migrate']), { code: 0, stdout: '', stderr: `${said}\n` })
    t.same(json(await inProcess([...app.config, 'migrate', '--json'])), { migration: { from, to } })
  }
})

t.test('migrate leaves a store alone that sees to itself', async t => {
  const app = project(t)
  await app.insert()
  t.same(await inProcess([...app.config, 'migrate']), { code: 0, stdout: '', stderr: 'This store brings itself up to date when it is opened; nothing was done.\n' })
  t.same(json(await inProcess([...app.config, 'migrate', '--json'])), { migration: null })
})

t.test('a store that cannot', async t => {
  const app = project(t, { options: '{ scopes, store: { findByDigest () {}, migrate () { throw new Error(\'permission denied\') } }, keyPrefix: \'acme\' }' })
  t.same(await inProcess([...app.config, 'epoch', 'bump']), { code: 1, stdout: '', stderr: 'error: this store has no method bumpEpoch; restart all processes of the app instead\n' })
  t.same(await inProcess([...app.config, 'migrate']), { code: 1, stdout: '', stderr: 'error: permission denied\n' })
})

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

  t.equal((await asProcess([...config, 'epoch', 'bump'])).code, 0)
  while (await status() === 200) await wait(10)
  t.equal(await status(), 401)
})

/** With a key of which it is known what it was used for, one without scopes, and one that is revoked. */
async function usedProject (t: Test): Promise<Project> {
  const app = project(t)
  await app.insert(
    aKey({ id: 'busy', name: 'busy', scopes: ['apps:deploy', 'hosts:read'] }),
    aKey({ id: 'bare', name: 'bare', ownerId: 'u2', scopes: [] }),
    aKey({ id: 'over', revokedAt: ago(1) })
  )
  const lastUsedAt = new Date('2026-05-06T07:08:09Z')
  const [demand] = textsOf(defineScopes({ 'apps:read': '' }).requirement('apps:read'))
  await app.use(async store => { await store.recordUse([{ id: 'busy', lastUsedAt, demands: new Map([[demand!, lastUsedAt]]) }]) })
  return app
}
