// What several real processes do to one file.
import { once } from 'node:events'
import { chmodSync, cpSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { sqliteStore } from '../../lib/stores/sqlite.js'
import { anApp } from './fixtures/app.js'
import { aKey } from './fixtures/keys.js'
import { program } from './fixtures/processes.js'
import { version1File, version1Keys } from './fixtures/version-1.js'

const start = await program(t, 'store-process')

t.test('several processes may open a file at the same moment', async (t) => {
  const dir = t.testdir()
  const ids = Array.from({ length: 8 }, (_, i) => `process-${i}`)
  const children = ids.map((id) => start('insert', id))
  t.same(await Promise.all(children.map(({ next }) => next())), ids.map(() => 'ready'))

  for (const size of [2, 8]) {
    await t.test(`${size} a new one`, async (t) => {
      const store = await insertedBy(t, size, join(dir, `${size}.db`))
      t.same((await store.list({ limit: 100 })).map(({ id }) => id).sort(), ids.slice(0, size))
      await store.close()
    })
  }

  await t.test('8 one of version 1, which is brought up to date', async (t) => {
    const path = join(dir, 'version-1.db')
    cpSync(version1File, path)
    const store = await insertedBy(t, 8, path)
    for (const key of [...version1Keys, ...ids.map((id) => aKey(id))]) t.strictSame(await store.get(key.id), key)
    t.equal((await store.list({ limit: 100 })).length, version1Keys.length + ids.length)
    await store.close()
  })

  /** The store of a file, after so many of the processes have inserted a key each. */
  async function insertedBy (t: Test, size: number, path: string) {
    const some = children.slice(0, size)
    for (const { child } of some) child.stdin!.write(`${path}\n`)
    t.same(await Promise.all(some.map(({ next }) => next())), some.map(() => 'inserted'))
    const store = sqliteStore(path)
    await store.open()
    return store
  }
})

t.test('of several processes that rotate one key at the same moment, exactly one wins', async (t) => {
  const path = join(t.testdir(), 'keys.db')
  const store = sqliteStore(path)
  const app = await anApp(store, { maxStaleness: 0 })
  const startKeyring = await program(t, 'keyring-process')
  const children = Array.from({ length: 3 }, () => startKeyring('rotate', path))
  t.same(await Promise.all(children.map(({ next }) => next())), children.map(() => 'ready'))

  let current = await app.apiKeys.create({ name: 'ci', ownerId: 'user-1', scopes: [] })
  for (let round = 0; round < 20; round++) {
    for (const { child } of children) child.stdin!.write(`${current.record.id}\n`)
    const answers = await Promise.all(children.map(({ next }) => next()))
    const won = answers.filter((answer) => answer!.startsWith('acme_'))
    t.equal(won.length, 1, `round ${round}`)
    t.same(answers.filter((answer) => answer !== won[0]), ['FST_API_KEY_ALREADY_ROTATED', 'FST_API_KEY_ALREADY_ROTATED'])
    const successors = (await store.list({ limit: 100 })).filter(({ rotatedFrom }) => rotatedFrom === current.record.id)
    t.equal(successors.length, 1)
    const successor = await app.apiKeys.verify(won[0]!)
    t.match(successor, { valid: true, record: { id: successors[0]!.id, rotatedFrom: current.record.id } })
    t.match(await app.apiKeys.verify(current.key), { valid: true, record: { expiresAt: Date } })
    current = { key: won[0]!, record: successor.record! }
  }
  for (const { child } of children) child.stdin!.end()
  await Promise.all(children.map(({ child }) => once(child, 'exit')))
  await app.close()
})

t.test('what one process writes, another sees at once', async (t) => {
  const path = join(t.testdir(), 'keys.db')
  const { child, next } = start('watch', path, 'shared')
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
  const { child, next } = start('lock', path)
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
    const { next } = start('unprivileged', path)
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
