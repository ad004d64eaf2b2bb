/**
 * What several real processes do to one file. The number of kill -9 cycles is 20, or what KILL_CYCLES says; in full:
 *
 *     KILL_CYCLES=1000 npx tap --timeout=0 --allow-incomplete-coverage test/stores/sqlite-processes.test.ts
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { sqliteStore } from '../../lib/stores/sqlite.js'
import { aKey } from './fixtures/keys.js'

const cycles = Number(process.env.KILL_CYCLES ?? 20)
const fixture = fileURLToPath(new URL('fixtures/store-process.ts', import.meta.url))

t.test('several processes may open a new file at the same moment', async (t) => {
  const dir = t.testdir()
  for (const [round, size] of [2, 8].entries()) {
    const path = join(dir, `${round}.db`)
    const ids = Array.from({ length: size }, (_, i) => `process-${i}`)
    const children = ids.map((id) => start(t, 'insert', path, id))
    t.same(await Promise.all(children.map(({ next }) => next())), ids.map(() => 'ready'))
    for (const { child } of children) child.stdin!.end('go\n')
    t.same(await Promise.all(children.map(({ next }) => next())), ids.map(() => 'inserted'))
    const store = sqliteStore(path)
    await store.open()
    t.same((await store.list({ limit: 100 })).map(({ id }) => id).sort(), ids)
    await store.close()
  }
})

t.test('what one process writes, another sees at once', async (t) => {
  const path = join(t.testdir(), 'keys.db')
  const { child, next } = start(t, 'watch', path, 'shared')
  const store = sqliteStore(path)
  await store.open()
  await store.insert(aKey('shared'))
  child.stdin!.write('look\n')
  t.match(await next(), /"id":"shared".*"revokedAt":null/)
  await store.revoke('shared', new Date('2026-01-02T03:04:05.678Z'))
  child.stdin!.write('look\n')
  t.match(await next(), /"revokedAt":"2026-01-02T03:04:05.678Z"/)
  await store.update('shared', { scopes: [], disabledAt: new Date('2026-01-02T03:04:05.679Z') })
  child.stdin!.write('look\n')
  t.match(await next(), /"scopes":\[\].*"disabledAt":"2026-01-02T03:04:05.679Z"/)
  child.stdin!.end()
  await once(child, 'exit')
  await store.close()
})

t.test('a file that another process has locked is refused, and opens when it is free', async (t) => {
  const path = join(t.testdir(), 'keys.db')
  const store = sqliteStore(path)
  const { child, next } = start(t, 'lock', path)
  t.equal(await next(), 'locked')
  await t.rejects(store.open() as Promise<void>, {
    code: 'FST_API_KEY_STORE_OPEN',
    message: `Cannot open the API key store at ${path}: another process has locked it; ` +
      'end that process, or make it release its exclusive lock'
  })
  child.stdin!.end('release\n')
  await once(child, 'exit')
  await store.open()
  await store.close()
})

t.test('a file or directory that cannot be written is refused when it is opened', async (t) => {
  const dir = t.testdir({ file: {}, directory: {}, empty: {} })
  for (const path of [join(dir, 'file/keys.db'), join(dir, 'directory/keys.db')]) {
    const store = sqliteStore(path)
    await store.open()
    await store.close()
  }
  const refused = async (path: string) => {
    const { next } = start(t, 'unprivileged', path)
    t.equal(await next(), `FST_API_KEY_STORE_OPEN Cannot open the API key store at ${path}: it cannot be written; let this ` +
      'process write the file and its directory, where SQLite keeps two files beside it (-wal, -shm)')
  }
  chmodSync(join(dir, 'file'), 0o777)
  chmodSync(join(dir, 'file/keys.db'), 0o444)
  await refused(join(dir, 'file/keys.db'))
  chmodSync(join(dir, 'directory/keys.db'), 0o666)
  chmodSync(join(dir, 'directory'), 0o555)
  await refused(join(dir, 'directory/keys.db'))
  chmodSync(join(dir, 'empty'), 0o555)
  await refused(join(dir, 'empty/keys.db'))
  for (const name of ['directory', 'empty']) chmodSync(join(dir, name), 0o755)
})

t.test(`what was acknowledged is there after kill -9, ${cycles} times`, { timeout: 30_000 + cycles * 5000 }, async (t) => {
  const path = join(t.testdir(), 'keys.db')
  let acknowledged = 0
  for (let cycle = 0; cycle < cycles; cycle++) {
    const { child, next } = start(t, 'write', path, String(cycle))
    const lines = [await next()]
    await wait(Math.random() * 50)
    child.kill('SIGKILL')
    for (let line = await next(); line !== undefined; line = await next()) lines.push(line)
    const store = sqliteStore(path)
    await store.open()
    const lost = []
    for (const line of lines) {
      const [what, id] = line!.split(' ') as ['inserted' | 'updated' | 'revoked', string]
      const key = await store.get(id)
      const isThere = { inserted: key !== null, updated: key?.name === id && key.disabledAt !== null, revoked: key?.revokedAt instanceof Date }[what]
      if (!isThere) lost.push(line)
    }
    await store.close()
    acknowledged += lines.length
    if (lost.length > 0) t.fail(`cycle ${cycle} lost ${lost.join(', ')}`)
  }
  t.ok(acknowledged >= cycles * 2, `${acknowledged} acknowledged`)
  t.comment(`${acknowledged} acknowledged operations in ${cycles} cycles`)
})

interface Started {
  readonly child: ChildProcess
  /** The next line that it says, or `undefined` when there will be none. */
  next (): Promise<string | undefined>
}

function start (t: Test, ...args: string[]): Started {
  const child = spawn(process.execPath, [...process.execArgv, fixture, ...args], { stdio: ['pipe', 'pipe', 'inherit'] })
  t.teardown(() => child.kill('SIGKILL'))
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  return { child, next: async () => (await lines.next()).value }
}
