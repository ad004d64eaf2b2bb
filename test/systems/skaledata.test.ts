// The example as people run it: npm start, the commands that it prints, npm run demo, and a crash.
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer as createHttpServer } from 'node:http'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { tsc } from '../../scripts/programs.mjs'

const root = fileURLToPath(new URL('../..', import.meta.url))

// Compiled as npm start does it, but to a folder of its own.
mkdirSync(join(root, '.build'), { recursive: true })
const folder = mkdtempSync(join(root, '.build/skaledata-'))
t.teardown(() => rmSync(folder, { recursive: true }))
const compiled = await tsc('-p', 'tsconfig.examples.json', '--outDir', folder)
if (!compiled.ok) throw new Error(compiled.output)

const node = (program: string) => [process.execPath, join(folder, 'skaledata', program)]
const hasBash = await exists('bash', 'curl', 'sed')

t.test('npm start prints commands that do what the page says', { skip: !hasBash && 'LEFT OUT: bash, curl or sed is missing' }, async (t) => {
  const { output, api, stop } = await start(t, ['npm', 'start', '--'], join(t.testdir(), 'keys.db'))
  const commands = output.slice(output.indexOf('# 1.'))
  const ran = await run(['bash', '-c', commands])
  t.equal(ran.code, 0)
  t.equal(ran.stderr, '')

  const missing = 'API key missing required scope: clusters:write'
  const answers = [
    ['"id":"production"', 200],
    ['deploy registry.example.com/airflow:3 to airflow', 202],
    [missing, 403],
    [missing, 403],
    ['"version":"1.33"', 200],
    ['This endpoint requires a user session and does not accept API keys', 403],
    ['"plan":"enterprise"', 200],
    ['', 204],
    ['Invalid API key', 401]
  ] as const
  const lines = ran.stdout.trimEnd().split('\n')
  t.equal(lines.length, answers.length)
  for (const [i, [text, status]] of answers.entries()) {
    const line = lines[i] ?? 'nothing'
    t.ok(line.includes(text) && line.endsWith(` -> ${status}`), line)
  }
  t.notMatch(ran.stdout, /skale_\w{5}/, 'no key is shown')

  // As Ctrl-C does it, to npm and all that it has started.
  await stop('SIGINT')
  await t.rejects(fetch(api), 'the server has ended')
})

t.test('the commands can be run again on the same server', { skip: !hasBash && 'LEFT OUT: bash, curl or sed is missing' }, async (t) => {
  const { output, stop } = await start(t, node('server.js'), join(t.testdir(), 'keys.db'))
  const commands = output.slice(output.indexOf('# 1.'))
  const statusesOf = async () => (await run(['bash', '-c', commands])).stdout.match(/ -> \d+$/gm)
  t.same(await statusesOf(), await statusesOf())
  t.equal(await stop('SIGINT'), 0, 'it ends in good order')
})

t.test('npm run demo', async (t) => {
  await t.test('tells the story, with a crash in it, and succeeds', async (t) => {
    const { code, stdout, stderr } = await run(['npm', 'run', 'demo'])
    t.equal(code, 0, stderr)
    t.match(stdout, /403 {2}POST \/clusters {2}API key missing required scope: clusters:write/)
    t.match(stdout, /kill -9[^]*200 {2}GET \/clusters[^]*401 {2}GET \/clusters/)
    t.match(stdout, /Everything was as the page says\.\n$/)
    t.notMatch(stdout, /skale_\w{5}|eyJ\w{2}/, 'no key or token is shown')
  })

  await t.test('with --url, tells it to a server that runs already', async (t) => {
    const { api } = await start(t, node('server.js'), join(t.testdir(), 'keys.db'))
    const { code, stdout } = await run([...node('demo.js'), '--url', api])
    t.equal(code, 0)
    t.match(stdout, /not ours to kill/)
  })

  await t.test('fails if the answers are not those of the page', async (t) => {
    const { server, port } = await listen(createHttpServer((_, response) => {
      const everything = { issuer: `http://127.0.0.1:${port}`, token: 'x', key: 'x', record: { id: 'x', start: 'x', scopes: [] } }
      response.end(JSON.stringify(everything))
    }))
    t.teardown(() => server.close())
    const { code, stdout } = await run([...node('demo.js'), '--url', `http://127.0.0.1:${port}`])
    t.equal(code, 1)
    t.match(stdout, /200 {2}DELETE \/clusters\/staging.*\n {2}EXPECTED 403 API key missing required scope: clusters:write\n/)
    t.match(stdout, /Not as expected: \d\d\n$/)
  })

  await t.test('fails if there is no server', async (t) => {
    const { server, port } = await listen()
    await once(server.close(), 'close')
    const { code, stdout, stderr } = await run([...node('demo.js'), '--url', `http://127.0.0.1:${port}`])
    t.equal(code, 1)
    t.match(stdout, /Not as expected: 1\n$/)
    t.match(stderr, /^fetch failed: .*ECONNREFUSED.*\n$/)
  })
})

t.test('keys and revocations survive kill -9, sessions do not', async (t) => {
  const db = join(t.testdir(), 'keys.db')
  const keys: Array<{ key: string, id: string, scopes: string[] | undefined }> = []
  let earlier = ''

  for (const round of [1, 2, 3]) {
    const { api, issuer, stop } = await start(t, node('server.js'), db)
    const session = await signIn(issuer)
    for (const scopes of [undefined, ['apps:deploy', 'clusters:read'], []]) {
      const { answer } = await ask(api, 'POST /api-keys', session, { name: `round ${round}`, ...scopes && { scopes } })
      keys.push({ key: answer.key, id: answer.record.id, scopes })
    }
    // The answer is the promise: not a moment passes between the last one and the kill.
    const doomed = keys[keys.length - 1]!
    t.equal((await ask(api, `DELETE /api-keys/${doomed.id}`, session)).status, 204)
    await stop('SIGKILL')

    const again = await start(t, node('server.js'), db)
    for (const { key, id, scopes } of keys) {
      const isRevoked = scopes?.length === 0
      t.equal((await ask(again.api, 'GET /clusters', key)).status, isRevoked ? 401 : 200, `${id}, ${scopes ?? 'full'}`)
      if (!isRevoked) t.equal((await ask(again.api, 'POST /jobs/job-2/cancel', key)).status, scopes === undefined ? 200 : 403)
    }
    t.equal((await ask(again.api, 'GET /api-keys', session)).status, 401, 'the issuer made a new key for itself')
    const { answer } = await ask(again.api, 'GET /api-keys?limit=100', await signIn(again.issuer))
    t.equal(answer.records.length, keys.length)
    t.not(again.issuer, earlier)
    earlier = again.issuer
    t.equal(await again.stop('SIGTERM'), 0)
  }
})

t.test('a server that cannot start says why in one line', async (t) => {
  const { server, port } = await listen()
  t.teardown(() => server.close())
  const dir = t.testdir()
  const args = (...more: string[]) => ['--port=0', '--issuer-port=0', `--db=${join(dir, 'keys.db')}`, '--log-level=warn', ...more]
  const reasons: Array<[string[], RegExp]> = [
    [args(`--port=${port}`), new RegExp(`^Port ${port} is in use; choose another with --port or --issuer-port\n$`)],
    [args(`--issuer-port=${port}`), new RegExp(`^Port ${port} is in use; .+\n$`)],
    [args('--port=http'), /^options.port should be .+\n$/],
    [args(`--db=${join(dir, 'no/keys.db')}`), /^Cannot open the API key store at .+\n$/],
    [args('--prot=1'), /^Unknown option '--prot'.*\n$/]
  ]
  for (const [given, reason] of reasons) {
    const { code, stderr, stdout } = await run([...node('server.js'), ...given])
    t.equal(code, 1)
    t.match(stderr, reason)
    t.equal(stdout, '')
  }
})

async function listen (server = createServer()) {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { server, port: (server.address() as AddressInfo).port }
}

/** Starts the server, and waits until it says where it is. It leads a process group of its own, which gets the signals. */
async function start (t: Test, program: string[], db: string) {
  const args = ['--port=0', '--issuer-port=0', `--db=${db}`, '--log-level=warn']
  const child = spawn(...command([...program, ...args]), { cwd: root, detached: true, stdio: ['ignore', 'pipe', 'inherit'] })
  const exited = once(child, 'exit')
  const stop = async (signal: NodeJS.Signals): Promise<number | null> => {
    if (child.exitCode === null && child.signalCode === null) process.kill(-child.pid!, signal)
    return (await exited)[0]
  }
  t.teardown(() => stop('SIGKILL'))

  let output = ''
  for await (const chunk of child.stdout.setEncoding('utf8')) {
    output += chunk
    if (output.includes('# 7.') && output.endsWith('\n\n')) break
  }
  const [, api, issuer] = /SkaleData API on (\S+), sessions from (\S+),/.exec(output) ?? []
  if (api === undefined || issuer === undefined) throw new Error(`the server did not start: ${output}`)
  return { output, api, issuer, stop }
}

interface Ran { code: unknown, stdout: string, stderr: string }

function run (program: string[]): Promise<Ran> {
  return new Promise((resolve) => {
    execFile(...command(program), { cwd: root, timeout: 60_000 }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : error.code ?? error.signal, stdout, stderr })
    })
  })
}

/**
 * A command that runs as it does outside of the tests: without the hooks that tap loads into every child
 * process. And without Node 22 saying that its SQLite is experimental.
 */
function command (program: string[]): [file: string, args: string[]] {
  return ['env', ['-u', 'NODE_OPTIONS', 'NODE_NO_WARNINGS=1', ...program]]
}

async function exists (...programs: string[]): Promise<boolean> {
  const found = await Promise.all(programs.map(program => run([program, '--version'])))
  return found.every(({ code }) => code === 0)
}

async function ask (api: string, request: string, credential?: string, body?: object) {
  const [method, path] = request.split(' ') as [string, string]
  const headers = { ...credential !== undefined && { authorization: `Bearer ${credential}` }, ...body && { 'content-type': 'application/json' } }
  const response = await fetch(`${api}${path}`, { method, headers, ...body && { body: JSON.stringify(body) } })
  const text = await response.text()
  return { status: response.status, answer: text === '' ? undefined : JSON.parse(text) }
}

async function signIn (issuer: string): Promise<string> {
  return (await ask(issuer, 'POST /sign-in', undefined, { user: 'alice' })).answer.token
}
