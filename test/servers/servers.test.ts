// That what the other tests rely on does what it says: the servers of a test, and what is done to their connections.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { connect } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { startPostgres } from './postgres.js'
import { isAlive } from './process-table.js'
import { serve, serverFolder } from './program.js'
import { startProxy, type Proxy, type ProxyMode } from './proxy.js'
import { redisCommand, startRedis, startRedisCluster } from './redis.js'

t.test('what was acknowledged is there when a server is started again after kill -9', async (t) => {
  t.test('PostgreSQL', async (t) => {
    const server = await startPostgres(t)
    if (server === null) return
    const { default: pg } = await import('pg')
    const url = await server.database()
    const ask = async (sql: string) => {
      const client = new pg.Client(url)
      client.on('error', () => {})
      await client.connect()
      return await client.query(sql).finally(() => client.end())
    }
    await ask('CREATE TABLE numbers (number int); INSERT INTO numbers VALUES (7)')
    const busy = t.rejects(ask('SELECT pg_sleep(60)'), 'who waits for an answer hears of it')
    await wait(100)
    await server.kill()
    await busy
    await t.rejects(ask('SELECT 1'), { code: 'ECONNREFUSED' })
    await server.start()
    t.same((await ask('SELECT * FROM numbers')).rows, [{ number: 7 }])
    await server.stop()
    await server.start()
    t.same((await ask('SELECT * FROM numbers')).rows, [{ number: 7 }])
  })

  t.test('Redis', async (t) => {
    const server = await startRedis(t)
    if (server === null) return
    t.equal(await redisCommand(server.port, 'SET', 'number', '7'), '+OK\r\n')
    await server.kill()
    t.equal(await redisCommand(server.port, 'GET', 'number'), '')
    await server.start()
    t.equal(await redisCommand(server.port, 'GET', 'number'), '$1\r\n7\r\n')
    await server.stop()
    await server.start()
    t.equal(await redisCommand(server.port, 'GET', 'number'), '$1\r\n7\r\n')
  })
})

t.test('a cluster of Redis serves all slots', async (t) => {
  for (const masters of [1, 3]) {
    const nodes = await startRedisCluster(t, masters)
    if (nodes === null) return
    t.equal(nodes.length, masters)
    for (const key of ['a', 'b', 'c', 'd', 'e', 'f']) {
      const answers = await Promise.all(nodes.map(({ port }) => redisCommand(port, 'SET', key, '1')))
      t.equal(answers.filter((answer) => answer === '+OK\r\n').length, 1)
      t.equal(answers.filter((answer) => answer.startsWith('-MOVED')).length, masters - 1)
    }
  }
})

t.test('a server and its folder do not outlive a test that is killed', async (t) => {
  const child = spawn(process.execPath, [...process.execArgv, fileURLToPath(new URL('orphan.ts', import.meta.url))], { stdio: ['ignore', 'pipe', 'inherit'] })
  const [line] = await once(child.stdout, 'data')
  const { pid, folder } = JSON.parse(String(line))
  t.ok(isAlive(pid))
  t.ok(existsSync(folder))
  child.kill('SIGKILL')
  while (isAlive(pid) || existsSync(folder)) await wait(20)
})

t.test('a server that does not start says why', async (t) => {
  const folder = serverFolder(t, 'none')
  const commandLine = () => ['sh', '-c', 'echo no such thing; exit 1']
  await t.rejects(serve(t, { folder, user: undefined, commandLine, stopSignal: 'SIGTERM', isReady: () => false }), { message: /no such thing/ })
})

t.test('the proxy', async (t) => {
  t.test('passes on what is said and answered', async (t) => {
    const { proxy, client } = await anEcho(t)
    t.equal(await client().ask('hello'), 'hello')
    t.equal(proxy.through('redis://127.0.0.1:6379/1'), `redis://127.0.0.1:${proxy.port}/1`)
  })

  // What becomes of a connection that there was, and of a new one.
  const modes: Array<[mode: ProxyMode, present: string, after: string]> = [
    ['refuse', 'end', 'ECONNREFUSED'],
    ['reset', 'ECONNRESET', 'ECONNRESET'],
    ['hang', 'nothing', 'nothing'],
    ['halfOpen', 'nothing', 'nothing'],
    ['mute', 'nothing', 'nothing'],
    ['corrupt', 'something else', 'something else'],
    [{ delay: 100 }, 'late', 'late']
  ]
  for (const [mode, present, after] of modes) {
    t.test(`${JSON.stringify(mode)}, and back`, async (t) => {
      const { proxy, client } = await anEcho(t)
      const old = client()
      t.equal(await old.ask('hello'), 'hello')
      proxy.mode = mode
      t.equal(await old.ask('anybody?'), present)
      t.equal(await client().ask('anybody?'), after)
      proxy.mode = 'pass'
      t.equal(await client().ask('hello'), 'hello')
      if (mode === 'hang') t.equal(await old.ask('!').then(old.heard), 'helloanybody?!', 'what was held up goes on')
      if (mode === 'halfOpen' || mode === 'mute') t.equal(await old.ask('!'), 'nothing', 'what was lost stays lost')
    })
  }

  t.test('may do so only to those who have said something', async (t) => {
    const { proxy, client } = await anEcho(t)
    proxy.only = /LISTEN/
    proxy.mode = 'hang'
    const [listener, other] = [client(), client()]
    t.equal(await listener.ask('hello'), 'hello')
    t.equal(await listener.ask('LISTEN'), 'nothing')
    t.equal(await other.ask('hello'), 'hello')
    proxy.mode = 'pass'
    t.equal(await listener.ask('!'), 'LISTEN!')
  })
})

/** A server that answers what it is told, behind a proxy. */
async function anEcho (t: Test) {
  const { createServer } = await import('node:net')
  const server = createServer((socket) => socket.on('error', () => {}).pipe(socket)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  const proxy = await startProxy(t, () => server.address() as { port: number })
  return { proxy, client: () => aClient(t, proxy) }
}

function aClient (t: Test, { port }: Proxy) {
  const socket = connect(port, '127.0.0.1')
  t.teardown(() => socket.destroy())
  const seen = { ending: '', answer: '', all: '' }
  socket.on('error', (error: NodeJS.ErrnoException) => { seen.ending = error.code! })
  socket.on('end', () => { seen.ending ||= 'end' })
  socket.on('data', (data) => {
    seen.answer += String(data)
    seen.all += String(data)
  })
  return { ask, heard: () => seen.all }

  /** What it answers, or what became of it in a quarter of a second. */
  async function ask (words: string): Promise<string> {
    seen.answer = ''
    socket.write(words)
    const start = performance.now()
    while (performance.now() - start < 250 && seen.ending === '' && !seen.answer.endsWith(words)) await wait(2)
    await wait(5)
    const { ending, answer } = seen
    if (ending !== '') return ending
    if (answer === '') return 'nothing'
    if (!answer.endsWith(words)) return 'something else'
    return performance.now() - start > 100 ? 'late' : answer
  }
}
