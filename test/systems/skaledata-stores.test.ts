// The example on every store: with one option, in several processes, and while its database is gone.
import { setTimeout as wait } from 'node:timers/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { blocksOf } from '../package/markdown-blocks.js'
import { startPostgres } from '../servers/postgres.js'
import type { Server } from '../servers/program.js'
import { startRedis } from '../servers/redis.js'
import { answersIn, cannotPaste, commandsIn, compiled, run, start } from './walkthrough.js'

const root = fileURLToPath(new URL('../..', import.meta.url))
const page = blocksOf(root, 'examples/skaledata/README.md').find(({ heading }) => heading === 'On many machines')!

/** Each with a password, which nobody may see. */
const STORES: ReadonlyArray<readonly [name: string, serve: (t: Test) => Promise<Served | null>]> = [
  ['PostgreSQL', async t => await startPostgres(t)],
  ['Redis', async t => {
    const server = await startRedis(t, { requirepass: 'not-a-secret' })
    return server && { ...server, url: server.url.replace('//', '//:not-a-secret@') }
  }],
  ['SQLite', async t => ({ url: `sqlite:${join(t.testdir(), 'keys.db')}` })]
]

type Served = { readonly url: string } & Partial<Server>

for (const [name, serve] of STORES) {
  t.test(name, { skip: cannotPaste }, async t => {
    const server = await serve(t)
    if (server === null) return
    const commands = page.code.trim().split('\n').map(line => line.replace(/postgres:\S+/, server.url))
    const [one, other] = await Promise.all(commands.map(async line => await example(t, line.split(' '))))

    const ran = await run(['bash', '-c', commandsIn(one!.output)])
    t.equal(ran.code, 0, ran.stderr)
    t.same(answersIn(ran.stdout).map(({ status }) => status), [200, 202, 403, 403, 200, 403, 200, 200, 200, 200, 200, 204, 401, 200, 200])

    const session = await one!.signIn()
    const { key, record: { id } } = await one!.ask('POST /api-keys', session, { name: 'shared' })
    t.equal(await other!.status('GET /clusters', key), 200, 'a key works everywhere')

    for (const [stop, goOn] of [[server.kill, server.start], [server.pause, server.resume]] as const) {
      if (stop === undefined || goOn === undefined) continue
      await stop()
      for (const { status } of [one!, other!]) while (await status('GET /clusters', key) === 200) await wait(20)
      t.match(await one!.ask('GET /clusters', key), { statusCode: 503, code: 'FST_API_KEY_STORE_UNAVAILABLE', message: 'API keys cannot be verified right now' })
      t.equal(await one!.status('GET /clusters', 'skale_no-key'), 401, 'what is no key needs no database')
      t.equal(await one!.status('GET /clusters', await one!.signIn()), 200, 'nor does a session')
      await goOn()
      for (const { status } of [one!, other!]) while (await status('GET /clusters', key) === 503) await wait(20)
      t.equal(await other!.status('GET /clusters', key), 200, 'it recovers by itself')
    }

    t.equal(await one!.status(`DELETE /api-keys/${id}`, session), 204)
    await wait(MAX_STALENESS)
    t.equal(await other!.status('GET /clusters', key), 401, 'and so does a revocation')
    for (const { output, log } of [one!, other!]) t.notMatch(output + log(), 'not-a-secret')
  })
}

/** Milliseconds; what the example leaves at its default. */
const MAX_STALENESS = 1000

t.test('a store that there is not', async t => {
  const program = await compiled('skaledata')
  for (const [store, reason] of [
    ['keys.db', /^--store must be sqlite:keys\.db, postgres:.+ or redis:.+\n$/],
    ['postgres://u:s3cret@127.0.0.1:1/keys', /^Cannot open the API key store at 127\.0\.0\.1:1.+\n$/],
    ['redis://:s3cret@127.0.0.1:1', /^Cannot open the API key store in Redis at 127\.0\.0\.1:1: .+\n$/]
  ] as const) {
    const { code, stdout, stderr } = await run([...program, '--port=0', '--issuer-port=0', '--log-level=silent', `--store=${store}`])
    t.equal(code, 1)
    t.match(stderr, reason)
    t.notMatch(stdout + stderr, 's3cret')
  }
})

async function example (t: Test, command: readonly string[]) {
  const { output, url, log } = await start(t, 'skaledata', [...command, '--port=0', '--issuer-port=0', '--log-level=warn'])
  const [, issuer] = /sessions from (\S+),/.exec(output)!

  async function response (request: string, credential?: string, body?: object): Promise<Response> {
    const [method, path] = request.split(' ') as [string, string]
    const headers = { ...credential !== undefined && { authorization: `Bearer ${credential}` }, ...body && { 'content-type': 'application/json' } }
    return await fetch(new URL(path, url), { method, headers, ...body && { body: JSON.stringify(body) } })
  }
  async function ask (...asked: Parameters<typeof response>): Promise<any> {
    return await (await response(...asked)).json()
  }
  return {
    output,
    log,
    ask,
    async status (...asked: Parameters<typeof response>) { return (await response(...asked)).status },
    async signIn (): Promise<string> { return (await ask(`POST ${issuer}/sign-in`, undefined, { user: 'alice' })).token }
  }
}
