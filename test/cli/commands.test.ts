// What the commands of every day say and do, for people and for scripts; and that the built program does it too.
import t from 'tap'
import { ago, asProcess, inProcess, json, project } from './set-up.js'

const KEY = /^acme_[0-9A-Za-z]{38}\n$/
const ID = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/

t.test('the built program, once for each command about keys', async t => {
  const app = project(t)
  const built = async (...args: string[]) => await asProcess([...app.config, ...args], { input: JSON.stringify({ digest: 'a'.repeat(64), name: 'legacy' }) })
  t.match(await built('create', '--name', 'ci', '--owner', 'u1', '--preset', 'CI deploy'), { code: 0, stdout: KEY, stderr: /^Created [0-9a-f-]{36}, with apps:deploy, hosts:read; it never expires\. The key is not shown again\.\n$/ })
  const { id } = (await app.stored())[0]!
  t.match(await built('rotate', id), { code: 0, stdout: KEY, stderr: /^Rotated\. The new key is / })
  const { records } = json(await built('list', '--json'))
  t.match(records, [{ rotatedFrom: id, scopes: ['apps:deploy', 'hosts:read'] }, { id }])
  t.match(await built('show', id), { code: 0, stdout: /^id +.+\nname +ci\nowner +u1\nstate +active\n[^]+\nopens +apps:read +List apps\n/, stderr: '' })
  t.match(await built('usage'), { code: 0, stdout: /^ID .+ SMALLEST GRANT\n.+ ci +u1 +never .+\n.+ ci +u1 +never .+\n$/, stderr: '' })
  t.same(await built('revoke', id, '--reason', 'leaked'), { code: 0, stdout: '', stderr: `Revoked "ci" (${id}, of u1).\n` })
  t.same(await built('import', '-'), { code: 0, stdout: '', stderr: 'Imported 1; 0 were there already.\n' })
  t.same(await built('purge', '--older-than', 'P1D', '--yes'), { code: 0, stdout: '', stderr: 'Removed 0 records.\n' })
  t.same(json(await built('epoch', 'bump', '--json')), { bumped: true })
  t.same(json(await built('migrate', '--json')), { migration: null })
  t.match(await app.stored(), [{ name: 'legacy' }, { rotatedFrom: id, revokedAt: null }, { id, revokedReason: 'leaked' }])
})

t.test('create writes the key alone to standard output, and tells people the rest', async t => {
  const app = project(t)
  const { code, stdout, stderr } = await inProcess([...app.config, 'create', '--name', 'ci-deploy', '--owner', 'u1', '--preset', 'CI deploy', '--scope', 'apps:read', '--expires', 'P90D'])
  t.equal(code, 0)
  t.match(stdout, KEY)
  t.match(stderr, /^Created [0-9a-f-]{36}, with apps:deploy, hosts:read, apps:read; it expires at .+Z\. The key is not shown again\.\n$/)
  t.match(await app.stored(), [{ name: 'ci-deploy', ownerId: 'u1', scopes: ['apps:deploy', 'hosts:read', 'apps:read'], start: stdout.slice(0, 9) }])
  const [stored] = await app.stored()
  t.equal(stored!.expiresAt!.getTime() - stored!.createdAt.getTime(), 90 * 24 * 3600_000)
})

t.test('create --json has the key and the record in one document', async t => {
  const app = project(t)
  const { key, record } = json(await inProcess([...app.config, 'create', '--name', 'all', '--json']))
  t.match(`${key}\n`, KEY)
  t.match(record, { name: 'all', ownerId: null, scopes: ['full'], expiresAt: null })
  t.match(record.createdAt, /^\d{4}-\d\d-\d\dT[\d:.]+Z$/)
  t.notOk('digest' in record)
})

t.test('create takes a date, which begins in UTC, and "never"', async t => {
  const app = project(t)
  t.match(json(await inProcess([...app.config, 'create', '--json', '--name', 'a', '--expires', '2099-01-31'])).record, { expiresAt: '2099-01-31T00:00:00.000Z' })
  t.match(json(await inProcess([...app.config, 'create', '--json', '--name', 'b', '--expires', '2099-01-31T12:00:00+02:00'])).record, { expiresAt: '2099-01-31T10:00:00.000Z' })
  t.match(json(await inProcess([...app.config, 'create', '--json', '--name', 'c', '--expires', 'never'])).record, { expiresAt: null })
})

t.test('list shows keys newest first, in a table or with everything that is known', async t => {
  const app = project(t)
  await app.insert({ id: 'old', name: 'old one', lastUsedAt: new Date('2026-01-02T03:04:05Z') }, { id: 'new', name: 'new one', ownerId: null, scopes: [], revokedAt: new Date(), expiresAt: new Date('2099-01-01T00:00:00Z') })
  t.same(await inProcess([...app.config, 'list']), {
    code: 0,
    stderr: '',
    stdout: 'ID   NAME     OWNER  STATE    LAST USED          EXPIRES            SCOPES\n' +
      'new  new one  -      revoked  never              2099-01-01 00:00Z  -\n' +
      'old  old one  u1     active   2026-01-02 03:04Z  never              apps:deploy\n'
  })
  const { records, cursor } = json(await inProcess([...app.config, 'list', '--json']))
  t.equal(cursor, null)
  t.match(records, [{ id: 'new', scopes: [], expiresAt: '2099-01-01T00:00:00.000Z' }, { id: 'old', metadata: {}, lastUsedAt: '2026-01-02T03:04:05.000Z' }])
})

t.test('list chooses by owner, state and use, and turns pages', async t => {
  const app = project(t)
  await app.insert(
    { id: 'a', ownerId: 'u1' }, { id: 'b', ownerId: 'u2', lastUsedAt: ago(1) }, { id: 'c', ownerId: 'u2', disabledAt: ago(1) },
    { id: 'd', ownerId: 'u2', expiresAt: ago(1) }, { id: 'e', ownerId: 'u2', revokedAt: ago(1) }
  )
  const listed = async (...args: string[]) => json(await inProcess([...app.config, 'list', '--json', ...args])).records.map(({ id }: { id: string }) => id).join('')
  const table: Array<[args: string[], ids: string]> = [
    [[], 'edcba'],
    [['--owner', 'u2'], 'edcb'],
    [['--state', 'active'], 'ba'],
    [['--state', 'disabled'], 'c'],
    [['--state', 'expired'], 'd'],
    [['--state', 'revoked'], 'e'],
    [['--unused-for', 'P2D', '--owner', 'u2'], 'edc'],
    [['--limit', '2'], 'ed'],
    [['--all'], 'edcba']
  ]
  for (const [args, ids] of table) t.equal(await listed(...args), ids, args.join(' '))

  const first = await inProcess([...app.config, 'list', '--limit', '3'])
  const [, cursor] = /^There are more: --cursor (\S+)\n$/.exec(first.stderr) ?? []
  t.equal(await listed('--cursor', cursor!), 'ba')
})

t.test('list of nothing is nothing on standard output', async t => {
  const app = project(t)
  await app.insert()
  t.same(await inProcess([...app.config, 'list']), { code: 0, stdout: '', stderr: 'No keys.\n' })
  t.same(json(await inProcess([...app.config, 'list', '--json'])), { records: [], cursor: null })
})

t.test('show has the record, and what the scopes include today', async t => {
  const app = project(t)
  await app.insert({
    id: 'k',
    name: 'ci',
    scopes: ['apps:deploy', 'gone:by'],
    metadata: { team: 'platform' },
    rotatedFrom: 'older',
    pepperVersion: 2,
    disabledAt: new Date('2026-02-03T00:00:00Z'),
    revokedAt: new Date('2026-03-04T00:00:00Z'),
    revokedReason: 'leaked',
    createdAt: new Date('2026-01-01T00:00:00Z')
  })
  const { code, stdout } = await inProcess([...app.config, 'show', 'k'])
  t.equal(code, 0)
  t.equal(stdout, `id           k
name         ci
owner        u1
state        revoked
begins with  acme_abcd
created      2026-01-01 00:00Z
last used    never
expires      never
disabled     2026-02-03 00:00Z
revoked      2026-03-04 00:00Z, leaked
replaces     older
metadata     {"team":"platform"}
pepper       version 2
granted      apps:deploy  Deploy apps
             gone:by      (not in the catalog, or not in force: it opens nothing)
opens        apps:read    List apps
             apps:deploy  Deploy apps
`)
  t.match(json(await inProcess([...app.config, 'show', 'k', '--json'])), {
    record: { id: 'k', metadata: { team: 'platform' }, revokedReason: 'leaked', pepperVersion: 2 },
    effectiveScopes: [{ name: 'apps:read', description: 'List apps' }, { name: 'apps:deploy', description: 'Deploy apps' }]
  })
})

t.test('rotate replaces a key, and says until when the old one works', async t => {
  const app = project(t)
  const [old] = await app.insert({ createdAt: new Date() })
  const { code, stdout, stderr } = await inProcess([...app.config, 'rotate', old!.id, '--grace', 'P7D', '--expires', 'P1Y'])
  t.equal(code, 0)
  t.match(stdout, KEY)
  t.match(stderr, new RegExp(`^Rotated\\. The new key is ${ID.source}, and expires at .+Z; the old one, ${old!.id}, works until .+Z\\. The key is not shown again\\.\n$`))
  const [fresh, before] = await app.stored()
  t.equal(fresh!.rotatedFrom, before!.id)
  t.ok(Math.abs(before!.expiresAt!.getTime() - Date.now() - 7 * 24 * 3600_000) < 60_000)

  const { key, record } = json(await inProcess([...app.config, 'rotate', fresh!.id, '--json']))
  t.match(`${key}\n`, KEY)
  t.match(record, { rotatedFrom: fresh!.id, name: old!.name, scopes: old!.scopes })
})

t.test('revoke ends a key, tells why it did, and may be said again', async t => {
  const app = project(t)
  await app.insert({ id: 'k', name: 'ci' }, { id: 'l' })
  t.same(await inProcess([...app.config, 'revoke', 'k', '--reason', 'leaked']), { code: 0, stdout: '', stderr: 'Revoked "ci" (k, of u1).\n' })
  const again = await inProcess([...app.config, 'revoke', 'k', '--reason', 'another'])
  t.equal(again.code, 0)
  t.match(again.stderr, /^"ci" \(k, of u1\) was revoked already, at .+Z\.\n$/)
  t.match(json(await inProcess([...app.config, 'revoke', 'l', '--json'])).record, { id: 'l', revokedAt: /Z$/, revokedReason: null })
  t.match(await app.stored(), [{ id: 'l', revokedReason: null }, { id: 'k', revokedReason: 'leaked' }])
})

t.test('revoke --owner ends all keys of one owner and of no other', async t => {
  const app = project(t)
  await app.insert({ id: 'a', name: 'one' }, { id: 'b', ownerId: 'u2' }, { id: 'c', revokedAt: ago(1), revokedReason: 'before' })
  t.match(await inProcess([...app.config, 'revoke', '--owner', 'u1', '--yes', '--reason', 'left']), { code: 0, stdout: '', stderr: 'Revoked 1 of u1: "one" (a, of u1).\n' })
  t.same(await inProcess([...app.config, 'revoke', '--owner', 'u1']), { code: 0, stdout: '', stderr: 'All keys of u1 were revoked already.\n' })
  t.match(json(await inProcess([...app.config, 'revoke', '--owner', 'u2', '--yes', '--json'])), { records: [{ id: 'b' }] })
  t.match(await app.stored(), [{ revokedReason: 'before' }, { ownerId: 'u2', revokedReason: null }, { revokedReason: 'left' }])
})
