// The example as people run it: npm start, the commands that it prints, npm run demo, and a crash.
import { once } from 'node:events'
import { createServer as createHttpServer } from 'node:http'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { answersIn, cannotPaste, commandsIn, compiled, run, start as startExample } from './walkthrough.js'

const serverProgram = await compiled('skaledata')
const demoProgram = await compiled('skaledata', 'demo.js')

t.test('npm start prints commands that do what the page says', { skip: cannotPaste }, async (t) => {
  const { output, api, stop } = await start(t, ['npm', 'start', '--'], join(t.testdir(), 'keys.db'))
  const ran = await run(['bash', '-c', commandsIn(output)])
  t.equal(ran.code, 0)
  t.equal(ran.stderr, '')

  const missing = 'API key missing required scope: clusters:write'
  const expected = [
    ['"id":"production"', 200],
    ['deploy registry.example.com/airflow:3 to airflow', 202],
    [missing, 403],
    [missing, 403],
    ['"version":"1.33"', 200],
    ['This endpoint requires a user session and does not accept API keys', 403],
    ['"plan":"enterprise"', 200],
    ['"scopes":["clusters:read","apps:deploy"]', 200],
    ['"unusedScopes":[],"smallestGrant":["clusters:read","apps:deploy"]', 200],
    ['"id":"production"', 200],
    ['"id":"production"', 200],
    ['', 204],
    ['Invalid API key', 401],
    ['"id":"production"', 200],
    ['"revokedReason":"leaked"', 200]
  ] as const
  const answers = answersIn(ran.stdout)
  t.same(answers.map(({ status }) => status), expected.map(([, status]) => status))
  for (const [i, [text]] of expected.entries()) t.ok(answers[i]?.text.includes(text), `an answer with ${text}`)
  t.notMatch(ran.stdout, /skale_\w{5}/, 'no key is shown')

  // As Ctrl-C does it, to npm and all that it has started.
  await stop('SIGINT')
  await t.rejects(fetch(api), 'the server has ended')
})

t.test('the commands can be run again on the same server', { skip: cannotPaste }, async (t) => {
  const { output, stop } = await start(t, serverProgram, join(t.testdir(), 'keys.db'))
  const statusesOf = async () => answersIn((await run(['bash', '-c', commandsIn(output)])).stdout).map(({ status }) => status)
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
    const { api } = await start(t, serverProgram, join(t.testdir(), 'keys.db'))
    const { code, stdout } = await run([...demoProgram, '--url', api])
    t.equal(code, 0)
    t.match(stdout, /not ours to kill/)
  })

  await t.test('fails if the answers are not those of the page', async (t) => {
    const { server, port } = await listen(createHttpServer((_, response) => {
      const everything = { issuer: `http://127.0.0.1:${port}`, token: 'x', key: 'x', record: { id: 'x', start: 'x', scopes: [] } }
      response.end(JSON.stringify(everything))
    }))
    t.teardown(() => server.close())
    const { code, stdout } = await run([...demoProgram, '--url', `http://127.0.0.1:${port}`])
    t.equal(code, 1)
    t.match(stdout, /200 {2}DELETE \/clusters\/staging.*\n {2}EXPECTED 403 API key missing required scope: clusters:write\n/)
    t.match(stdout, /Not as expected: \d\d\n$/)
  })

  await t.test('fails if there is no server', async (t) => {
    const { server, port } = await listen()
    await once(server.close(), 'close')
    const { code, stdout, stderr } = await run([...demoProgram, '--url', `http://127.0.0.1:${port}`])
    t.equal(code, 1)
    t.match(stdout, /Not as expected: 1\n$/)
    t.match(stderr, /^fetch failed: .*ECONNREFUSED.*\n$/)
  })
})

t.test('keys and revocations survive kill -9, sessions do not', async (t) => {
  const db = join(t.testdir(), 'keys.db')
  const keys: Array<{ key: string, id: string, scopes: string[] | undefined }> = []
  let earlier = ''

  for (const round of [1, 2]) {
    const { api, issuer, stop } = await start(t, serverProgram, db)
    const session = await signIn(issuer)
    for (const scopes of [undefined, ['apps:deploy', 'clusters:read'], []]) {
      const { answer } = await ask(api, 'POST /api-keys', session, { name: `round ${round}`, ...scopes && { scopes } })
      keys.push({ key: answer.key, id: answer.record.id, scopes })
    }
    // The answer is the promise: not a moment passes between the last one and the kill.
    const doomed = keys[keys.length - 1]!
    t.equal((await ask(api, `DELETE /api-keys/${doomed.id}`, session)).status, 204)
    await stop('SIGKILL')

    const again = await start(t, serverProgram, db)
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
    const { code, stderr, stdout } = await run([...serverProgram, ...given])
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

async function start (t: Test, program: string[], db: string) {
  const args = ['--port=0', '--issuer-port=0', `--db=${db}`, '--log-level=warn']
  const { output, url: api, stop } = await startExample(t, 'skaledata', [...program, ...args])
  const [, issuer] = /sessions from (\S+),/.exec(output) ?? []
  if (issuer === undefined) throw new Error(`the server does not say where its sessions come from: ${output}`)
  return { output, api, issuer, stop }
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
