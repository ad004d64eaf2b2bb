// Everything that the command line does is told to the audit sink of the app's config, and it waits for that.
import { readFileSync } from 'node:fs'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import type { AuditEvent } from '../../lib/index.js'
import { asProcess, inProcess, project, type Project } from './set-up.js'

/** A sink that takes a while, and writes to a file. */
const WRITES = `
import { appendFileSync } from 'node:fs'
async function sink (event) {
  await new Promise(resolve => setTimeout(resolve, 50))
  appendFileSync(db + '.events', JSON.stringify(event) + '\\n')
}`
const FAILS = 'async function sink () { throw new Error(\'the audit log\\nis full\') }'
const withAudit = (audit: string) => `{ scopes, store: sqliteStore(db), keyPrefix: 'acme', audit: ${audit} }`

const eventsOf = ({ db }: Project): AuditEvent[] => readFileSync(`${db}.events`, 'utf8').split('\n').slice(0, -1).map(line => JSON.parse(line))

for (const audit of ['sink', '{ sink, required: true }']) {
  t.test(`with audit: ${audit}, it has taken every event when the command ends`, async t => {
    const app = project(t, { before: WRITES, options: withAudit(audit) })
    const run = async (...args: string[]) => JSON.parse((await inProcess([...app.config, '--json', ...args])).stdout)
    const first = (await run('create', '--name', 'a', '--owner', 'u1')).record
    const second = (await run('rotate', first.id)).record
    await run('revoke', second.id, '--reason', 'leaked')
    await run('revoke', '--owner', 'u1', '--yes')
    await inProcess([...app.config, 'import', '-', '--dry-run'], { input: JSON.stringify({ digest: 'a'.repeat(64), name: 'b' }) })
    await inProcess([...app.config, 'import', '-'], { input: JSON.stringify({ digest: 'a'.repeat(64), name: 'b' }) })
    await run('purge', '--older-than', 'P1Y', '--yes')
    // This ends as a process, too.
    await asProcess([...app.config, 'purge', '--older-than', 'P2Y', '--yes'])
    const events = eventsOf(app)
    t.match(events, [
      { action: 'create', keyId: first.id, ownerId: 'u1', scopes: ['full'] },
      { action: 'rotate', keyId: first.id, successorId: second.id },
      { action: 'revoke', keyId: second.id, reason: 'leaked' },
      { action: 'revokeOwner', ownerId: 'u1' },
      { action: 'revoke', keyId: first.id },
      { action: 'import' },
      { action: 'purge' },
      { action: 'purge' }
    ])
    t.equal(events.length, 8)
    for (const { actor, outcome } of events) t.same([actor, outcome], [{ type: 'code', id: `cli:${userInfo().username}` }, 'done'])
  })
}

t.test('what a required sink does not take is not done', async t => {
  const app = project(t, { before: FAILS, options: withAudit('{ sink, required: true }') })
  await app.insert({ id: 'k' })
  for (const args of [['create', '--name', 'a'], ['rotate', 'k'], ['revoke', 'k'], ['revoke', '--owner', 'u1', '--yes'], ['purge', '--older-than', 'P1D', '--yes']]) {
    t.same(await inProcess([...app.config, ...args]), { code: 1, stdout: '', stderr: 'error: nothing was done, because the audit sink did not take the event: the audit log is full\n' }, args[0]!)
  }
  t.match(await app.stored(), [{ id: 'k', revokedAt: null }])
  t.equal((await inProcess([...app.config, 'list'])).code, 0, 'reading is not audited')
})

t.test('where it is not required, it is done, and what is lost is told', async t => {
  const app = project(t, { before: FAILS, options: withAudit('sink') })
  const { code, stdout, stderr } = await inProcess([...app.config, 'create', '--name', 'a'])
  t.equal(code, 0)
  t.match(stdout, /^acme_\w{38}\n$/)
  t.match(stderr, /^Created .+\nwarning: the audit sink did not take the event of this create: the audit log is full\n$/)
  t.equal((await app.stored()).length, 1)
})

t.test('the key is on standard output and nowhere else', async t => {
  const app = project(t, { before: WRITES, options: withAudit('sink').replace('keyPrefix', 'pepper: \'x\'.repeat(32), keyPrefix') })
  const keys: string[] = []
  for (const json of [[], ['--json']]) {
    for (const debug of [[], ['--debug']]) {
      const flags = [...app.config, ...json, ...debug]
      // Beside what the command says, a process may be told something by Node: most with --debug.
      const run = debug.length > 0 && json.length === 0 ? asProcess : inProcess
      const created = await run([...flags, 'create', '--name', 'canary'])
      const rotated = await run([...flags, 'rotate', (await app.stored())[0]!.id])
      for (const { stdout, stderr } of [created, rotated]) {
        const [key] = /acme_\w{38}/.exec(stdout) ?? []
        t.equal(stdout.split(key!).length, 2, 'once')
        keys.push(key!)
        t.notMatch(stderr, key!.slice(9))
      }
    }
  }
  t.equal(new Set(keys).size, 8)
  const left = await app.use(async () => ['keys.db', 'keys.db-wal', 'keys.db.events'].map(file => readFileSync(join(app.dir, file))))
  const seen = [...left, ...await Promise.all(['list', 'usage'].flatMap(command => [[command], [command, '--json']]).map(async args => {
    const { stdout, stderr } = await inProcess([...app.config, ...args])
    return Buffer.from(stdout + stderr)
  }))]
  for (const key of keys) {
    const secret = key.slice(9)
    for (const spelt of [secret, Buffer.from(key).toString('base64').slice(12, -4), Buffer.from(secret).toString('hex')]) {
      for (const bytes of seen) t.notOk(bytes.includes(spelt))
    }
  }
})
