// What the commands for keys in bulk, usage, import and purge, say and do; and which commands do with a store alone.
import t, { type Test } from 'tap'
import { textsOf } from '../../lib/keys/usage/demands.js'
import { defineScopes } from '../../lib/scopes/catalog.js'
import { ago, aKey, json, project, RUNNERS, type Project } from './set-up.js'

for (const [how, run] of RUNNERS) {
  t.test(how, async t => {
    t.test('usage tells of one key which scopes it needed, and of all keys which have too many', async t => {
      const app = await usedProject(t)
      t.same(await run([...app.config, 'usage', 'busy']), {
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
      t.match((await run([...app.config, 'usage', 'busy', '--unused-for', '2026-06-01'])).stdout, /\nnot needed since 2026-06-01 00:00Z +apps:deploy\n +hosts:read\n/)
      t.match((await run([...app.config, 'usage', 'bare'])).stdout, /^last used {2}never\nnever needed +none\nsmallest grant that would have done +none\n$/)
      t.same(json(await run([...app.config, 'usage', 'busy', '--json'])), {
        usage: {
          lastUsedAt: '2026-05-06T07:08:09.000Z',
          scopes: [{ name: 'apps:deploy', lastNeededAt: '2026-05-06T07:08:09.000Z' }, { name: 'hosts:read', lastNeededAt: null }],
          unusedScopes: ['hosts:read'],
          smallestGrant: ['apps:read']
        }
      })
      t.equal((await run([...app.config, 'usage'])).stdout, `ID    NAME  OWNER  LAST USED          UNUSED SCOPES  SMALLEST GRANT
bare  bare  u2     never              -              -
busy  busy  u1     2026-05-06 07:08Z  hosts:read     apps:read
`)
      t.match(json(await run([...app.config, 'usage', '--owner', 'u2', '--json'])), { keys: [{ record: { id: 'bare' }, usage: { unusedScopes: [] } }] })
      t.same(await run([...app.config, 'usage', '--owner', 'u3']), { code: 0, stdout: '', stderr: 'No active keys.\n' })
    })

    t.test('import takes a JSON list, one object, or one on each line, and can be run again', async t => {
      const app = project(t)
      const keys = [1, 2, 3].map(n => ({ digest: String(n).repeat(64), name: `legacy ${n}`, scopes: ['apps:read'] }))
      const lines = keys.map(key => `${JSON.stringify(key)}\n`).join('\n')
      t.same(await run([...app.config, 'import', '-', '--dry-run'], { input: lines }), { code: 0, stdout: '', stderr: 'Would import 3; 0 were there already.\n' })
      t.same(await app.stored(), [], 'nothing is kept of a rehearsal')
      t.same(await run([...app.config, 'import', '-'], { input: JSON.stringify(keys[0]) }), { code: 0, stdout: '', stderr: 'Imported 1; 0 were there already.\n' })
      t.same(await run([...app.config, 'import', '-'], { input: lines }), { code: 0, stdout: '', stderr: 'Imported 2; 1 was there already.\n' })
      t.match(json(await run([...app.config, 'import', '-', '--json'], { input: JSON.stringify(keys) })), { dryRun: false, imported: [], existing: [{ name: 'legacy 1' }, { name: 'legacy 2' }, { name: 'legacy 3' }] })
      t.same((await app.stored()).map(({ name }) => name).sort(), ['legacy 1', 'legacy 2', 'legacy 3'])
    })

    t.test('purge removes what ended before a time, and nothing else', async t => {
      const app = project(t)
      await app.insert({ id: 'a', revokedAt: ago(400) }, { id: 'b', expiresAt: ago(400) }, { id: 'c', revokedAt: ago(300) }, { id: 'd' })
      t.same(await run([...app.config, 'purge', '--older-than', 'P1Y', '--yes']), { code: 0, stdout: '', stderr: 'Removed 2 records.\n' })
      t.same(json(await run([...app.config, 'purge', '--older-than', 'P200D', '-y', '--json'])), { purged: 1 })
      t.same((await app.stored()).map(({ id }) => id), ['d'])
      t.same(await run([...app.config, 'purge', '--older-than', 'P1Y', '--yes']), { code: 0, stdout: '', stderr: 'Removed 0 records.\n' })
    })

    t.test('list, show, revoke and purge do with a store alone', async t => {
      const app = project(t)
      await app.insert({ id: 'k', scopes: ['apps:read'] })
      const store = ['--store', `sqlite:${app.db}`]
      t.match((await run([...store, 'list'])).stdout, /^k /m)
      t.match((await run([...store, 'show', 'k'])).stdout, /^granted {6}apps:read\n$/m)
      t.match(json(await run([...store, 'show', 'k', '--json'])), { effectiveScopes: null })
      t.equal((await run([...store, 'revoke', 'k'])).code, 0)
      t.equal((await run([...store, 'purge', '--older-than', 'P1D', '--yes'])).stderr, 'Removed 0 records.\n')
    })
  })
}

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
