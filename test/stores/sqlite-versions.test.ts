// Files that earlier versions of this package have written.
import { cpSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import type { StoredKey } from '../../lib/keys/record.js'
import { openDatabase } from '../../lib/stores/sqlite/driver.js'
import { sqliteStore } from '../../lib/stores/sqlite.js'
import { availableDrivers } from './fixtures/drivers.js'
import { aSuccessor } from './fixtures/keys.js'
import { version1File, version1Keys } from './fixtures/version-1.js'

t.test('a file of version 1 is opened with all that it holds, and from then on does what it could not', async (t) => {
  const path = join(t.testdir(), 'keys.db')
  cpSync(version1File, path)
  t.equal(await versionOf(path), 1)
  for (const when of ['the first time', 'the second time']) {
    const store = sqliteStore(path)
    await store.open()
    for (const key of version1Keys) {
      t.strictSame(await store.get(key.id), key, `${when}: ${JSON.stringify(key.id)}`)
      t.strictSame(await store.findByDigest(key.digest), key)
    }
    t.equal((await store.list({ limit: 100 })).length, version1Keys.length)
    await store.close()
    t.equal(await versionOf(path), 4)
  }

  const store = sqliteStore(path)
  await store.open()
  const [at, end] = [new Date(1_760_000_000_123), new Date(1_770_000_000_456)]
  t.same(await store.rotate('used', aSuccessor('used', 'new'), end), { ...version1Key('used'), expiresAt: end })
  t.match(await store.revoke('expiring', at, 'leaked'), { revokedAt: at, revokedReason: 'leaked' })
  t.match(await store.revoke('ended', at, 'leaked'), { revokedAt: new Date(1_750_000_000_456), revokedReason: null })
  await store.recordUse([{ id: 'peppered', lastUsedAt: at, demands: new Map([['x', at]]) }])
  t.same(await store.usesOf('peppered'), new Map([['x', at]]))
  t.same((await store.revokeOwner('order', at, 'left')).map(({ id, revokedReason }) => [id, revokedReason]), [['order', 'left']])
  t.equal(await store.purge(new Date(1_755_000_000_000)), 3)
  for (const id of ['expired', 'revoked', 'ended']) t.equal(await store.get(id), null)
  t.equal((await store.list({ limit: 100 })).length, version1Keys.length + 1 - 3)
  await store.close()
})

t.test('tables of version 1 in a database of your own are brought up to date too, by whatever driver', async (t) => {
  for (const driver of await availableDrivers()) {
    const path = join(t.testdir(), `${driver.name.replace(':', '-')}.db`)
    cpSync(version1File, path)
    const handle = await driver.open(path)
    handle.exec('CREATE TABLE mine (x TEXT)')
    const store = sqliteStore(handle)
    await store.open()
    for (const key of version1Keys) t.strictSame(await store.get(key.id), key)
    await store.close()
    handle.close()
  }
})

t.test('if a file cannot be brought up to date, it stays of version 1, and whole', async (t) => {
  const path = join(t.testdir(), 'keys.db')
  cpSync(version1File, path)
  const handle = await openDatabase(path)
  // In the way of what is made last.
  handle.exec('CREATE TABLE api_key_scopes_changes (x TEXT)')
  const columns = () => handle.prepare("SELECT name FROM pragma_table_info('api_key_scopes_keys')").all().length
  const before = columns()
  await t.rejects(sqliteStore(path).open() as Promise<void>, { code: 'FST_API_KEY_STORE_OPEN', message: /already exists/ })
  t.match(handle.prepare('SELECT version FROM api_key_scopes_schema').get(), { version: 1 })
  t.equal(columns(), before)
  handle.exec('DROP TABLE api_key_scopes_changes')
  handle.close()
  const store = sqliteStore(path)
  await store.open()
  t.strictSame(await store.get('used'), version1Key('used'))
  await store.close()
})

async function versionOf (path: string): Promise<number> {
  const handle = await openDatabase(path)
  const { version } = handle.prepare('SELECT version FROM api_key_scopes_schema').get() as { version: number }
  handle.close()
  return version
}

function version1Key (id: string): StoredKey {
  return version1Keys.find((key) => key.id === id)!
}
