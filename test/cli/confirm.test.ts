// What cannot be undone is asked about: on streams of our own, and by the built program on a real terminal.
import { spawnSync } from 'node:child_process'
import t from 'tap'
import { interruption as interrupted } from '../../lib/cli/errors.js'
import { asProcess, onTerminal, program, project, spawned, type Project } from './set-up.js'

const HOUR = 3600_000

const revokedIn = async (app: Project) => (await app.stored()).filter(({ revokedAt }) => revokedAt !== null).length

t.test('only "y" and "yes" are a yes', async t => {
  for (const [answer, does] of [['y\n', true], ['YES\n', true], [' yes \r\n', true], ['n\n', false], ['\n', false], ['yep\n', false], ['yes please\n', false], ['', false], ['y', true]] as const) {
    const app = project(t)
    await app.insert({ id: 'k', name: 'ci', lastUsedAt: new Date('2999-01-01') })
    const { code, stdout, stderr } = await onTerminal([...app.config, 'revoke', 'k'], { input: answer, isTTY: true })
    t.equal(code, does ? 0 : 4, JSON.stringify(answer))
    t.equal(stdout, '')
    t.equal(stderr, `The key "ci" (k, of u1) was last used at 2999-01-01 00:00Z. Revoke it? [y/N] ${answer === '' ? '\n' : ''}${does ? 'Revoked "ci" (k, of u1).' : 'error: nothing was done'}\n`)
    t.equal(await revokedIn(app), does ? 1 : 0)
  }
})

t.test('a key is asked about if it was used in the last 24 hours and works', async t => {
  const used = (hours: number) => ({ lastUsedAt: new Date(Date.now() - hours * HOUR) })
  for (const [fields, asks] of [[used(23), true], [used(0), true], [used(25), false], [{}, false], [{ ...used(1), revokedAt: new Date() }, false]] as const) {
    const app = project(t)
    await app.insert({ id: 'k', ...fields })
    t.equal((await onTerminal([...app.config, 'revoke', 'k'])).code, asks ? 4 : 0, JSON.stringify(fields))
    t.equal((await onTerminal([...app.config, 'revoke', 'k', '--yes'])).code, 0)
    t.equal(await revokedIn(app), 1)
  }
})

t.test('all keys of an owner are always asked about, with their names and last uses', async t => {
  const app = project(t)
  await app.insert({ name: 'one' }, { name: 'two', lastUsedAt: new Date('2026-01-02T03:04:05Z') }, { ownerId: 'u2' })
  const { code, stderr } = await onTerminal([...app.config, 'revoke', '--owner', 'u1'], { input: 'y\n', isTTY: true })
  t.equal(code, 0)
  t.match(stderr, /^u1 has 2 keys: "two", last used 2026-01-02 03:04Z; "one", last used never\. Revoke all\? \[y\/N\] Revoked 2 of u1: /)
  t.equal(await revokedIn(app), 2)
})

t.test('to purge is always asked about', async t => {
  const app = project(t)
  await app.insert({ revokedAt: new Date('2025-01-01') })
  const { code, stderr } = await onTerminal([...app.config, 'purge', '--older-than', '2026-01-01'], { input: 'n\n', isTTY: true })
  t.equal(code, 4)
  t.equal(stderr, 'The records of all keys that ended before 2026-01-01 00:00Z will be gone. Remove them? [y/N] error: nothing was done\n')
  t.equal((await app.stored()).length, 1)
})

t.test('an interruption at the prompt ends it, does nothing and closes the store', async t => {
  const app = project(t, { before: CLOSES, options: '{ scopes, store: telling, keyPrefix: \'acme\' }' })
  await app.insert({ id: 'k', lastUsedAt: new Date() })
  const interruption = new AbortController()
  const { code, stderr } = await onTerminal([...app.config, 'revoke', 'k'], {
    isTTY: true,
    interrupted: interruption.signal,
    told (text) { if (text.endsWith('[y/N] ')) interruption.abort(interrupted(130)) }
  })
  t.equal(code, 130)
  t.match(stderr, /\[y\/N\] \nerror: interrupted\n$/)
  t.same((globalThis as { storeIsClosed?: number }).storeIsClosed, 1)
  t.equal(await revokedIn(app), 0)

  const before = AbortSignal.abort(interrupted(143))
  t.same(await onTerminal([...app.config, 'revoke', 'k', '--yes'], { interrupted: before }), { code: 143, stdout: '', stderr: 'error: interrupted\n' })
  t.equal(await revokedIn(app), 0, 'nor is anything begun after it')
})

const CLOSES = `
const inner = sqliteStore(db)
const telling = { ...inner, async close () { await inner.close(); globalThis.storeIsClosed = (globalThis.storeIsClosed ?? 0) + 1 } }
`

// util-linux has it, and so has nearly every Linux. Elsewhere it is called alike and understands other options.
const hasTerminal = spawnSync('script', ['--version'], { encoding: 'utf8' }).stdout?.includes('util-linux') ?? false

t.test('on a real terminal', { skip: !hasTerminal && 'LEFT OUT: script of util-linux is missing' }, async t => {
  for (const [typed, exit, said, revoked] of [['y\r', 0, /Revoked "ci"/, 1], ['n\r', 4, /error: nothing was done/, 0], ['\u0004', 4, /error: nothing was done/, 0], ['\u0003', 130, /error: interrupted/, 0]] as const) {
    const app = project(t)
    await app.insert({ id: 'k', name: 'ci', lastUsedAt: new Date() })
    const { code, screen } = await typing(typed, [...app.config, 'revoke', 'k'])
    t.equal(code, exit, JSON.stringify(typed))
    t.match(screen, said)
    t.notMatch(screen, /^\s+at /m)
    t.equal(await revokedIn(app), revoked)
  }
})

t.test('without a terminal nothing is read: a pipe cannot say yes', async t => {
  const app = project(t)
  await app.insert({ id: 'k', lastUsedAt: new Date() })
  t.equal((await asProcess([...app.config, 'revoke', 'k'], { input: 'y\n' })).code, 4)
})

/** Runs the built program on a terminal, and types once it asks. */
async function typing (keys: string, args: readonly string[]): Promise<{ code: number | null, screen: string }> {
  const command = [process.execPath, program, ...args].map(arg => `'${arg}'`).join(' ')
  const child = spawned(['script', '--quiet', '--return', '--command', command, '/dev/null'])
  let screen = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    screen += text
    if (text.includes('[y/N] ')) child.stdin.write(keys)
  })
  const code = await new Promise<number | null>(resolve => { child.on('close', resolve) })
  return { code, screen }
}
