// How it ends: whatever happens to its streams, its store and itself, there is no stack trace, and the store is closed.
import { readFileSync } from 'node:fs'
import t from 'tap'
import { asProcess, ended, inProcess, onTerminal, program, project, spawned, type Project } from './set-up.js'

/** A store that says when it is closed, and does some things in its own way. */
const CLOSING = (own: string) => `
import { appendFileSync } from 'node:fs'
const inner = sqliteStore(db)
const closing = {
  ...inner,
  async close () { await inner.close(); appendFileSync(db + '.closed', 'closed;') },
  ${own}
}`
const CLOSING_OPTIONS = '{ scopes, store: closing, keyPrefix: \'acme\' }'

const closed = ({ db }: Project) => readFileSync(`${db}.closed`, 'utf8')

const start = (args: readonly string[]) => spawned([process.execPath, program, ...args])

t.test('whoever stops reading a list has read enough', async t => {
  const app = project(t, { before: CLOSING(''), options: CLOSING_OPTIONS })
  await app.insert(...Array.from({ length: 1000 }, () => ({ name: 'n'.repeat(100), metadata: { much: 'm'.repeat(500) } })))
  const child = start([...app.config, 'list', '--all', '--json'])
  child.stdout.once('data', () => { child.stdout.destroy() })
  t.match(await ended(child), { code: 0, stderr: '' })
  t.equal(closed(app), 'closed;')
})

t.test('whoever does not read a new key is told, for nobody has it then', async t => {
  const app = project(t, { before: CLOSING(''), options: CLOSING_OPTIONS })
  const child = start([...app.config, 'create', '--name', 'lost'])
  child.stdout.destroy()
  const { code, stderr } = await ended(child)
  t.equal(code, 1)
  const { id } = (await app.stored())[0]!
  t.equal(stderr, `error: the key ${id} was made, but it could not be written (nobody reads the output), so that nobody has it; this makes another in its place: api-key-scopes rotate ${id} --grace PT0S\n`)
  t.equal(closed(app), 'closed;')

  for (const args of [['create', '--name', 'lost'], ['rotate', id]]) {
    t.match(await onTerminal([...app.config, ...args], { stdoutFails: 'ENOSPC' }), { code: 1, stderr: /could not be written \(write ENOSPC\)/ })
  }
  t.match(await onTerminal([...app.config, 'list'], { stdoutFails: 'ENOSPC' }), { code: 1, stderr: 'error: write ENOSPC\n' })
  t.match(await onTerminal([...app.config, 'list'], { stdoutFails: 'EPIPE' }), { code: 0, stderr: '' })
})

t.test('nobody reads what is for people', async t => {
  const app = project(t)
  const child = start([...app.config, 'create', '--name', 'a'])
  child.stderr.destroy()
  t.match(await ended(child), { code: 0, stdout: /^acme_\w{38}\n$/ })
})

t.test('an interruption', async t => {
  for (const [signal, exit] of [['SIGINT', 130], ['SIGTERM', 143], ['SIGHUP', 129]] as const) {
    // An answer that never comes, from a connection that is alive.
    const app = project(t, { before: CLOSING('list () { setInterval(() => {}, 1000); console.error(\'asked\'); return new Promise(() => {}) }'), options: CLOSING_OPTIONS })
    await app.insert()
    const child = start([...app.config, 'list'])
    child.stderr.once('data', () => { child.kill(signal) })
    t.same(await ended(child), { code: exit, stdout: '', stderr: 'asked\nerror: interrupted\n' }, signal)
    t.equal(closed(app), 'closed;')
  }
})

t.test('standard input is closed', async t => {
  const app = project(t)
  await app.insert({ id: 'k', lastUsedAt: new Date() })
  const command = [process.execPath, program, ...app.config, 'revoke', 'k'].map(arg => `'${arg}'`).join(' ')
  const child = spawned(['sh', '-c', `${command} <&-`])
  t.match(await ended(child), { code: 4, stdout: '', stderr: /give --yes to do it\n$/ })
})

t.test('what the config file has opened does not keep it from ending', async t => {
  const app = project(t, { before: 'setInterval(() => {}, 1000)' })
  t.equal((await asProcess([...app.config, 'create', '--name', 'a'])).code, 0)
})

t.test('what the config file has started throws', async t => {
  for (const thrown of ['setTimeout(() => { throw new Error(\'connection\\n lost\') })', 'setTimeout(async () => { throw new Error(\'connection lost\') })']) {
    const app = project(t, { before: CLOSING(`list () { ${thrown}; return new Promise(() => {}) }`), options: CLOSING_OPTIONS })
    await app.insert()
    t.same(await asProcess([...app.config, 'list']), { code: 1, stdout: '', stderr: 'error: connection lost\n' })
    t.equal(closed(app), 'closed;')
  }
})

t.test('an interruption while the config file or the store does not come to an end', async t => {
  for (const [before, own] of [['console.error(\'asked\'); setInterval(() => {}, 1000); await new Promise(() => {})', ''], ['', 'open () { console.error(\'asked\'); setInterval(() => {}, 1000); return new Promise(() => {}) }']] as const) {
    const app = project(t, { before: before + CLOSING(own), options: CLOSING_OPTIONS })
    await app.insert()
    const child = start([...app.config, 'list'])
    child.stderr.once('data', () => { child.kill('SIGINT') })
    t.same(await ended(child), { code: 130, stdout: '', stderr: 'asked\nerror: interrupted\n' })
  }
})

t.test('a store that fails after a rotation takes nothing of it back', async t => {
  const app = project(t, { before: CLOSING('async get (id) { if (globalThis.rotated) throw new Error(\'disk on fire\'); return await inner.get(id) }, async rotate (...args) { globalThis.rotated = true; return await inner.rotate(...args) }'), options: CLOSING_OPTIONS })
  await app.insert({ id: 'k', createdAt: new Date() })
  t.match(await inProcess([...app.config, 'rotate', 'k']), { code: 0, stdout: /^acme_\w{38}\n$/, stderr: /; the old one, k, works until its grace period ends\. / })
})

t.test('the store fails', async t => {
  const table: Array<[own: string, exit: number, code: string, message: string | RegExp, closes: boolean]> = [
    ['list () { throw new Error(\'disk\\n  on fire\') }', 1, 'FST_API_KEY_STORE_UNAVAILABLE', 'the store failed: disk on fire', true],
    ['list () { throw \'a text\' }', 1, 'FST_API_KEY_STORE_UNAVAILABLE', 'the store failed: a text', true],
    ['list: undefined', 1, 'FST_API_KEY_STORE_INCAPABLE', 'This store has no method list, so app.apiKeys.list is not available', true],
    ['open () { throw new Error(\'no route to host\') }', 1, 'CLI_FAILED', 'no route to host', false],
    ['close () { throw new Error(\'half closed\') }', 1, 'CLI_FAILED', 'half closed', false]
  ]
  for (const [own, exit, code, message, closes] of table) {
    const app = project(t, { before: CLOSING(own), options: CLOSING_OPTIONS })
    await app.insert()
    const ran = await inProcess([...app.config, 'list', '--json'])
    t.equal(ran.code, exit, own)
    t.same(JSON.parse(ran.stderr), { error: { code, message } })
    if (closes) t.equal(closed(app), 'closed;')
  }
})

t.test('with --debug it shows what is behind an error, and what Node warns of', async t => {
  const app = project(t, { before: CLOSING('list () { throw new Error(\'disk on fire\') }') + '\nprocess.emitWarning(\'be careful\')', options: CLOSING_OPTIONS })
  await app.insert()
  const quiet = await asProcess([...app.config, 'list'])
  t.equal(quiet.stderr, 'error: the store failed: disk on fire\n')
  const { stderr } = await asProcess([...app.config, 'list', '--debug'])
  t.match(stderr, /^error: the store failed: disk on fire\n[^]*^ {4}at [^]*^caused by Error: disk on fire\n {4}at /m)
  t.match(stderr, /Warning: be careful/)
})

t.test('help and version', async t => {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
  t.same(await asProcess(['--version']), { code: 0, stdout: `${version}\n`, stderr: '' })
  const help = await asProcess(['--help'])
  t.match(help, { code: 0, stderr: '' })
  for (const command of ['create', 'list', 'show', 'rotate', 'revoke', 'usage', 'import', 'purge', 'migrate', 'epoch']) {
    t.match(help.stdout, new RegExp(`^  ${command}\\b`, 'm'))
    const of = await inProcess([command, '--help'])
    t.match(of, { code: 0, stderr: '', stdout: new RegExp(`^Usage: api-key-scopes ${command} `) })
    t.match(of.stdout, /\nExamples:\n {2}# .+\n {2}.*api-key-scopes /)
    t.equal((await inProcess(['help', command])).stdout, of.stdout)
  }
  t.same(await asProcess(['help', 'list']), await inProcess(['list', '--help']))
  t.match(help.stdout, /Exit codes:\n {2}0 /)
  t.match(help.stdout, /P90D \(90 days\)/)
  const nothing = await asProcess([])
  t.same([nothing.code, nothing.stdout], [2, ''])
  t.equal(nothing.stderr, help.stdout)
  t.match(await inProcess(['--json']), { code: 2, stdout: '' })
})
