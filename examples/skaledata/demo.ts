import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

// The page 'API Key Scopes' as a story, told over HTTP to a real server: its own, or the one at --url.

let server: ChildProcess | undefined
let api = ''
let surprises = 0

const folder = mkdtempSync(join(tmpdir(), 'skaledata-'))
process.on('exit', () => {
  server?.kill('SIGKILL')
  rmSync(folder, { recursive: true })
})
try {
  const { url } = parseArgs({ options: { url: { type: 'string' } } }).values
  api = url ?? await startServer()
  await tell(url === undefined)
} catch (error) {
  surprises++
  const { message, cause } = error as Error
  console.error(cause instanceof Error ? `${message}: ${cause.message}` : message)
} finally {
  await stopServer('SIGTERM')
}
console.log(surprises === 0 ? '\nEverything was as the page says.' : `\nNot as expected: ${surprises}`)
process.exitCode = surprises === 0 ? 0 : 1

async function tell (isOurServer: boolean): Promise<void> {
  say('Alice signs in (the issuer stands in for Clerk), and creates the key of the page')
  const session = await signIn()
  const ci = await createKey(session, { name: 'ci-deploy', scopes: ['apps:deploy', 'clusters:read'] })

  say('"The returned key can deploy images and read cluster info ..."')
  await expect(200, 'GET /clusters', ci.key)
  await expect(202, 'POST /apps/airflow/deploy', ci.key, { image: 'registry.example.com/airflow:3' })

  say('"... but cannot create or destroy clusters."')
  const newCluster = { id: `demo-${Date.now()}`, cloudId: 'aws-main', version: '1.32' }
  await expect(403, 'POST /clusters', ci.key, newCluster, 'API key missing required scope: clusters:write')
  await expect(403, 'DELETE /clusters/staging', ci.key, undefined, 'API key missing required scope: clusters:write')

  say('A key created without scopes is "full": it "can call any endpoint that accepts API key auth"')
  const full = await createKey(session, { name: 'everything' })
  await expect(201, 'POST /clusters', full.key, newCluster)
  await expect(204, `DELETE /clusters/${newCluster.id}`, full.key)

  say('"Some endpoints are user-only and reject API key auth entirely"')
  const usersOnly = 'This endpoint requires a user session and does not accept API keys'
  await expect(403, 'POST /billing/plan', full.key, { plan: 'enterprise' }, usersOnly)
  await expect(403, 'POST /api-keys', full.key, { name: 'more' }, usersOnly)
  await expect(403, 'POST /clusters/staging/data-plane-token', full.key, undefined, usersOnly)
  await expect(200, 'POST /billing/plan', session, { plan: 'enterprise' })

  say('A key may ask what it is, and Alice what it was used for')
  await expect(200, 'GET /api-keys/current', ci.key)
  await expect(200, `GET /api-keys/${ci.record.id}/usage`, session)

  say('Alice replaces the first key; the old one works until its grace period ends')
  const next = await expect(201, `POST /api-keys/${ci.record.id}/rotate`, session, { gracePeriod: 'P1D' })
  await expect(200, 'GET /clusters', next.key)
  await expect(200, 'GET /clusters', ci.key)

  say('It has leaked: Alice revokes it')
  await expect(204, `DELETE /api-keys/${ci.record.id}?reason=leaked`, session)
  await expect(401, 'GET /clusters', ci.key, undefined, 'Invalid API key')
  await expect(200, 'GET /clusters', next.key)

  if (!isOurServer) {
    say('The server is not ours to kill: what follows a crash is left out')
    for (const { record } of [full, next]) await expect(204, `DELETE /api-keys/${record.id}`, session)
    return
  }
  say('The server is killed (kill -9) and started again: keys and revocations are still there')
  await stopServer('SIGKILL')
  api = await startServer()
  for (const { key } of [full, next]) await expect(200, 'GET /clusters', key)
  await expect(401, 'GET /clusters', ci.key, undefined, 'Invalid API key')
}

function say (line: string): void {
  console.log(`\n${line}`)
}

/** Makes a request, prints it with its answer, and counts it if the answer is not as expected. */
async function expect (status: number, request: string, credential?: string, body?: object, message?: string): Promise<any> {
  const [method, path] = request.split(' ') as [string, string]
  const response = await fetch(new URL(path, api), {
    method,
    headers: {
      ...credential !== undefined && { authorization: `Bearer ${credential}` },
      ...body !== undefined && { 'content-type': 'application/json' }
    },
    ...body !== undefined && { body: JSON.stringify(body) }
  })
  const text = await response.text()
  const answer = text === '' ? undefined : JSON.parse(text)
  const isAsExpected = response.status === status && (message === undefined || answer.message === message)
  if (!isAsExpected) surprises++
  console.log(`  ${response.status}  ${request}  ${gist(answer)}`.trimEnd())
  if (!isAsExpected) console.log(`  EXPECTED ${status} ${message ?? ''}`)
  return answer
}

/** What is interesting in an answer. Never a whole key or token. */
function gist (answer: any): string {
  if (Array.isArray(answer)) return answer.map(item => item.id).join(', ')
  if (answer?.key) return `${answer.record.start}... with ${answer.record.scopes.join(', ')}`
  if (answer?.token) return `${answer.token.slice(0, 4)}... for ten minutes`
  if (answer?.usage) return `needed: ${answer.usage.smallestGrant.join(', ')}`
  if (answer?.type) return `a key that may ${answer.scopes.join(', ')}`
  return answer?.message ?? answer?.about ?? answer?.what ?? answer?.plan ?? answer?.id ?? ''
}

async function signIn (): Promise<string> {
  const { issuer } = await expect(200, 'GET /')
  const { token } = await expect(200, `POST ${issuer}/sign-in`, undefined, { user: 'alice' })
  return token
}

async function createKey (session: string, body: object): Promise<{ key: string, record: { id: string } }> {
  return await expect(201, 'POST /api-keys', session, body)
}

/** On free ports, always with the same database. Answers its URL. */
async function startServer (): Promise<string> {
  const program = fileURLToPath(new URL('server.js', import.meta.url))
  const args = ['--port=0', '--issuer-port=0', `--db=${join(folder, 'keys.db')}`, '--log-level=warn']
  server = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
  for await (const line of createInterface({ input: server.stdout! })) {
    const [url] = /http:\/\/[\d.:]+/.exec(line) ?? []
    if (url !== undefined) return url
  }
  throw new Error('The server did not start')
}

async function stopServer (signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
  if (server === undefined || server.exitCode !== null || server.signalCode !== null) return
  server.kill(signal)
  await once(server, 'exit')
}
