import { generateKeyPairSync } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { gzipSync } from 'node:zlib'
import Fastify from 'fastify'
import t, { type Test } from 'tap'
import { GitHubKeys, type GitHubKeysOptions } from '../../lib/http/github-keys.js'
import { found, makeSigningKey, pemOf, published, scanningApp, send, signed, startGitHub, type SigningKey } from './github.js'
import { logTo, type LogLine } from './wire-app.js'

const MINUTE = 60_000
const DAY = 24 * 60 * MINUTE

/** GitHub's keys as an app reads them, with a clock that is set by hand. */
async function keysApp (t: Test, options: Partial<GitHubKeysOptions> = {}) {
  const github = await startGitHub(t)
  const lines: LogLine[] = []
  const { log } = Fastify({ logger: logTo(lines) })
  const clock = { ms: 0 }
  const keys = new GitHubKeys({ url: github.keysUrl, token: undefined, log, now: () => clock.ms, ...options })
  return {
    github,
    lines,
    clock,
    /** Whether the key is found; or the code of the error. */
    finds: async (key: SigningKey) => await keys.find(key.id).then(found => found !== null && found.equals(key.publicKey), (error: { code: string }) => error.code),
    find: async (id: string) => await keys.find(id)
  }
}

const UNAVAILABLE = 'FST_API_KEY_GITHUB_KEYS_UNAVAILABLE'

t.test('the keys are read when they are needed, and again after a day', async t => {
  const { github, clock, finds } = await keysApp(t)
  t.equal(github.asked.length, 0, 'not before')
  const [key] = github.keys as [SigningKey]
  for (const at of [0, 1, MINUTE, DAY - 1]) {
    clock.ms = at
    t.equal(await finds(key), true)
    t.equal(github.asked.length, 1)
  }
  clock.ms = DAY
  github.keys.splice(0, 1, makeSigningKey())
  t.equal(await finds(key), false, 'a key that was withdrawn is not used any longer')
  t.equal(github.asked.length, 2)
})

t.test('a new key of GitHub is accepted from its first report, and the old one as long as it is published', async t => {
  const { github, clock, finds } = await keysApp(t)
  const [old] = github.keys as [SigningKey]
  t.equal(await finds(old), true)
  clock.ms += 5 * MINUTE
  const rotated = makeSigningKey()
  github.keys.push(rotated)
  t.equal(await finds(rotated), true)
  t.equal(await finds(old), true)
  t.equal(github.asked.length, 2)
})

t.test('however many identifiers are made up, GitHub is asked once in five minutes', async t => {
  const { github, clock, finds, find } = await keysApp(t)
  const flood = async () => { t.ok((await Promise.all(Array.from({ length: 500 }, async (_, i) => await find(`made up ${i}`)))).every(found => found === null)) }
  await flood()
  t.equal(github.asked.length, 1, 'those that come at once share one answer')
  await flood()
  clock.ms += 5 * MINUTE - 1
  await flood()
  t.equal(github.asked.length, 1)
  t.equal(await finds(github.keys[0]!), true, 'GitHub\'s own reports are not held up')
  clock.ms += 1
  await flood()
  await flood()
  t.equal(github.asked.length, 2)
})

t.test('while the keys cannot be read, nobody is accepted or called a stranger, and GitHub is asked every half a minute', async t => {
  const { github, clock, lines, finds } = await keysApp(t)
  const [key] = github.keys as [SigningKey]
  github.answerWith((_request, response) => response.writeHead(500).end())
  t.strictSame(await Promise.all(Array.from({ length: 100 }, async () => await finds(key))), Array(100).fill(UNAVAILABLE))
  t.equal(github.asked.length, 1)
  clock.ms += 29_999
  t.equal(await finds(key), UNAVAILABLE)
  t.equal(github.asked.length, 1)
  clock.ms += 1
  t.equal(await finds(key), UNAVAILABLE)
  t.equal(github.asked.length, 2)
  t.equal(lines.filter(({ level, err }) => level === 50 && err?.message.endsWith('answered with status 500')).length, 2, 'the log has one line for each try')
  github.answerWith(null)
  clock.ms += 30_000
  t.equal(await finds(key), true)

  github.answerWith((_request, response) => response.writeHead(503).end())
  clock.ms += 5 * MINUTE
  t.equal(await finds(makeSigningKey()), UNAVAILABLE, 'it may be a new one')
  t.equal(await finds(key), true, 'keys that were read stay in use')
  clock.ms += DAY
  t.equal(await finds(key), UNAVAILABLE, 'but not for ever')
})

t.test('an answer that is not what GitHub says it is, counts as an outage', async t => {
  const { github, clock, finds, lines } = await keysApp(t)
  const [key] = github.keys as [SigningKey]
  const json = JSON.stringify(published(github.keys))
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey
  const answers: Record<string, (request: IncomingMessage, response: ServerResponse) => unknown> = {
    'no JSON': (_, response) => response.end('<html>'),
    null: (_, response) => response.end('null'),
    'no keys': (_, response) => response.end('{}'),
    'keys that are no list': (_, response) => response.end('{"public_keys":{"0":1}}'),
    'an empty list': (_, response) => response.end('{"public_keys":[]}'),
    'entries that are none': (_, response) => response.end(JSON.stringify({ public_keys: [null, 7, [], {}, { key_identifier: key.id }, { key_identifier: 7, key: pemOf(key.publicKey) }, { key_identifier: key.id, key: 7 }] })),
    'no PEM': (_, response) => response.end(JSON.stringify({ public_keys: [{ key_identifier: key.id, key: 'MFkw' }] })),
    'keys of another kind': (_, response) => response.end(JSON.stringify({ public_keys: [{ key_identifier: key.id, key: pemOf(rsa) }, { key_identifier: key.id, key: pemOf(makeSigningKey('P-384').publicKey) }] })),
    'half of it': (_, response) => response.writeHead(200, { 'content-length': json.length }).write(json.slice(0, 50), () => response.destroy()),
    'too much of it': (_, response) => response.end(json + ' '.repeat(64 * 1024)),
    'too much of it, packed': (_, response) => response.setHeader('content-encoding', 'gzip').end(gzipSync(json + ' '.repeat(10_000_000))),
    'no end': (_, response) => {
      const write = () => { if (!response.destroyed) response.write(' '.repeat(10_000), () => setImmediate(write)) }
      write()
    },
    redirect: (request, response) => request.url === '/elsewhere' ? response.end(json) : response.writeHead(302, { location: '/elsewhere' }).end(),
    'not found': (_, response) => response.writeHead(404).end(json),
    'nothing to say': (_, response) => response.writeHead(204).end(),
    'the line is cut': (request) => request.socket.destroy()
  }
  for (const [title, answer] of Object.entries(answers)) {
    github.answerWith(answer)
    clock.ms += 30_000
    t.equal(await finds(key), UNAVAILABLE, title)
  }
  t.equal(lines.length, Object.keys(answers).length, 'the log says why, each time')
  github.answerWith((_request, response) => response.end(JSON.stringify({ public_keys: [null, { key_identifier: 'rsa', key: pemOf(rsa) }, ...published(github.keys).public_keys] })))
  clock.ms += 30_000
  t.equal(await finds(key), true, 'what is wrong with one entry does no harm to another')
})

t.test('GitHub is not waited for without end', async t => {
  const { github, clock, finds, lines } = await keysApp(t, { timeout: 100 })
  for (const answer of [() => {}, (_request: IncomingMessage, response: ServerResponse) => { response.writeHead(200).flushHeaders() }]) {
    github.answerWith(answer)
    clock.ms += 30_000
    t.equal(await finds(github.keys[0]!), UNAVAILABLE)
  }
  t.ok(lines.every(({ err }) => err?.message.includes('timeout')), 'the log says so')
})

t.test('GitHub is asked as it wishes, with the token if there is one', async t => {
  for (const token of [undefined, 'ghp_secret']) {
    const { github, finds } = await keysApp(t, { token })
    t.equal(await finds(github.keys[0]!), true)
    t.match(github.asked, [{ accept: 'application/vnd.github+json', 'user-agent': 'fastify-api-key-scopes', authorization: token === undefined ? undefined : 'Bearer ghp_secret' }])
  }
})

t.test('when GitHub\'s server is down, a report is neither accepted nor refused, and nothing is changed', async t => {
  const { app, github, port, store, report, everything } = await scanningApp(t)
  const { key } = await app.apiKeys.create({ name: 'ci' })
  const body = JSON.stringify([found(key)])
  const state = await everything()
  store.reads = 0
  github.answerWith(request => request.socket.destroy())
  for (const signer of [github.keys[0]!, makeSigningKey()]) {
    const { status, json, headers } = await send(port, { body, headers: signed(body, signer) })
    t.strictSame([status, json, headers['retry-after']], [503, {
      statusCode: 503, code: UNAVAILABLE, error: 'Service Unavailable', message: 'The signature of this leak report cannot be checked right now'
    }, '60'])
  }
  t.equal(github.asked.length, 1)
  t.equal(store.reads, 0)
  t.equal(await everything(), state)
  t.equal((await report(body, { headers: { 'github-public-key-signature': '' } })).status, 400, 'what cannot be right is refused all the same')
})

t.test('a key that GitHub has rotated works through a running app, and so do the reports under way', async t => {
  const { app, github, report, port } = await scanningApp(t)
  const old = github.keys[0]!
  const made = await Promise.all(Array.from({ length: 3 }, async () => await app.apiKeys.create({ name: 'ci' })))
  github.keys.push(makeSigningKey())
  t.equal((await report([found(made[0]!.key)])).status, 200, 'the new one')
  const late = JSON.stringify([found(made[1]!.key)])
  t.equal((await send(port, { body: late, headers: signed(late, old) })).status, 200, 'a report that was signed before')
  t.equal(github.asked.length, 1)
  t.match(await app.apiKeys.verify(made[2]!.key), { valid: true })
})
