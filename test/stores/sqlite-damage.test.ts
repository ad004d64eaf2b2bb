/**
 * What comes of damaged rows: bits that flipped, texts that were cut off or mixed up. A key is denied, or is what the row
 * plainly says; nothing throws, and nothing else is harmed. The number of damages is 3,000, or what DAMAGES says; in full:
 *
 *     DAMAGES=1000000 npx tap --timeout=0 --allow-incomplete-coverage test/stores/sqlite-damage.test.ts
 */
import assert from 'node:assert/strict'
import t from 'tap'
import { sqliteStore, type SqliteHandle } from '../../lib/stores/sqlite.js'
import { anApp } from './fixtures/app.js'
import { availableDrivers } from './fixtures/drivers.js'
import { aKey } from './fixtures/keys.js'

const damages = Number(process.env.DAMAGES ?? 3000)
const seed = Number(process.env.SEED ?? Date.now() % 2 ** 31)

const texts = ['id', 'digest', 'name', 'owner_id', 'start', 'scopes', 'metadata', 'rotated_from', 'revoked_reason'] as const
const numbers = ['created_at', 'expires_at', 'revoked_at', 'disabled_at', 'last_used_at', 'pepper_version'] as const
type Column = typeof texts[number] | typeof numbers[number]

for (const driver of await availableDrivers()) {
  t.test(`of ${damages} damaged rows that ${driver.name} reads, none opens anything that it does not say, seed ${seed}`, { timeout: 60_000 + damages }, async (t) => {
    const random = randomFrom(seed)
    const handle = await driver.open(':memory:')
    const app = await anApp(sqliteStore(handle), { maxStaleness: 0, usage: false })
    const { key, record } = await app.apiKeys.create({ name: 'ci', ownerId: 'user-1', scopes: ['devices:read'], metadata: { a: ['b', { c: 1 }] }, expiresAt: 'P1Y' })
    const beside = await app.apiKeys.create({ name: 'beside', ownerId: 'user-1', scopes: [] })
    const rowOf = `rowid = (SELECT rowid FROM api_key_scopes_keys WHERE id = '${record.id}')`
    const rowid = (handle.prepare(`SELECT CAST(rowid AS TEXT) AS rowid FROM api_key_scopes_keys WHERE ${rowOf}`).get() as { rowid: string }).rowid
    handle.exec(`CREATE TABLE whole AS SELECT rowid AS place, * FROM api_key_scopes_keys WHERE rowid = ${rowid}`)
    const restore = handle.prepare(`UPDATE api_key_scopes_keys SET ${[...texts, ...numbers].map((column) => `${column} = whole.${column}`).join(', ')} FROM whole WHERE api_key_scopes_keys.rowid = place`)

    const seen: Record<string, number> = {}
    for (let i = 0; i < damages; i++) {
      restore.run()
      const said = Array.from({ length: random(4) === 0 ? 2 : 1 }, () => damage(handle, rowid, random)).join(', ')
      const verified = await app.apiKeys.verify(key).catch((cause) => { throw new Error(said, { cause }) })
      const outcome = verified.valid ? 'valid' : verified.reason
      seen[outcome] = (seen[outcome] ?? 0) + 1
      if (verified.valid) {
        const { scopes, expiresAt } = verified.record
        assert.deepEqual({ isOpen: true, scopes, expiresAt: expiresAt && +expiresAt }, plainly(handle, rowid), said)
      }
      if (i % 10 > 0) continue
      const { records } = await app.apiKeys.list()
      assert.ok(records.some(({ id }) => id === beside.record.id), `${said}: the row beside it is not listed`)
      assert.ok((await app.apiKeys.verify(beside.key)).valid, `${said}: the row beside it is not found`)
    }
    restore.run()
    t.match(await app.apiKeys.verify(key), { valid: true, record })
    for (const outcome of ['valid', 'unknown', 'corrupt', 'expired', 'revoked', 'disabled']) t.ok(seen[outcome], `${seen[outcome]} were ${outcome}`)
    await app.close()
  })
}

t.test('what is damaged beside the records harms no record', async (t) => {
  for (const driver of await availableDrivers()) {
    const handle = await driver.open(':memory:')
    const store = sqliteStore(handle)
    await store.open()
    await store.insert(aKey('a'))
    await store.recordUse([{ id: 'a', lastUsedAt: new Date(5), demands: new Map([['x', new Date(5)], ['y', new Date(6)]]) }])
    handle.exec("UPDATE api_key_scopes_uses SET demand = CAST(x'ff' AS TEXT) WHERE demand = 'x'")
    t.same(await store.usesOf('a'), new Map([['y', new Date(6)]]))

    const { position } = await store.changes(null)
    const damaged: string[] = [
      "UPDATE api_key_scopes_changes SET digest = CAST(x'ff' AS TEXT)",
      "UPDATE api_key_scopes_feed SET epoch = CAST(x'ff' AS TEXT)",
      'DELETE FROM api_key_scopes_feed'
    ]
    for (const sql of damaged) {
      handle.exec(sql)
      await t.rejects(async () => store.changes({ ...position, seq: 0 }), /begin a new epoch: api-key-scopes epoch bump/, sql)
      t.ok(await store.findByDigest(aKey('a').digest))
      await store.bumpEpoch()
      const { position: fresh } = await store.changes(position)
      t.not(fresh.epoch, position.epoch)
      await store.update('a', { name: sql })
      t.same((await store.changes(fresh)).digests, [aKey('a').digest])
    }
    handle.exec('DELETE FROM api_key_scopes_changes')
    t.same((await store.changes({ ...(await store.changes(null)).position, seq: 1 })).digests, null, 'who is ahead of a log that was lost forgets everything')
  }
})

/** Damages one column, and says what was done. What the database refuses leaves the row as it is. */
function damage (handle: SqliteHandle, rowid: string, random: Random): string {
  const isText = random(3) > 0
  const column = isText ? texts[random(texts.length)]! : numbers[random(numbers.length)]!
  const before = bytesIn(handle, rowid, column)
  const value = isText ? `CAST(x'${damagedText(before, random).toString('hex')}' AS TEXT)` : damagedNumber(before, random)
  const sql = `UPDATE api_key_scopes_keys SET ${column} = ${random(40) === 0 ? 'NULL' : value} WHERE rowid = ${rowid}`
  try {
    handle.exec(sql)
  } catch (error) {
    if (!/constraint failed/.test((error as Error).message)) throw error
  }
  return sql
}

function damagedText (before: Buffer | null, random: Random): Buffer {
  const text = Buffer.from(before ?? 'null')
  if (text.length === 0) return Buffer.of(random(256))
  const at = random(text.length)
  switch (random(8)) {
    case 0: return text.subarray(0, at)
    case 1: return Buffer.concat([text, text.subarray(at)])
    case 2: return Buffer.concat([text.subarray(0, at), Buffer.of(random(256)), text.subarray(at)])
    case 3: return Buffer.from(junk[random(junk.length)]!)
    default:
      for (let flips = random(3); flips >= 0; flips--) text[random(text.length)]! ^= 1 << random(8)
      return text
  }
}

function damagedNumber (before: Buffer | null, random: Random): string {
  if (before === null || random(8) === 0) return ['0', '1', '-1', '9223372036854775807', '-9223372036854775808', '8640000000000001'][random(6)]!
  return BigInt.asIntN(64, BigInt(before.toString()) ^ (1n << BigInt(random(64)))).toString()
}

const junk = ['', 'null', '[]', '{}', '[null]', '["devices:write"]', '["devices:read","devices:write"]', '"devices:write"', '[["devices:read"]]', '{"0":"devices:read"}', '1', '\0', '\ufeff[]', '[1e999]', '\\u0000']

/** What the row says, read in another way than the store reads it. */
function plainly (handle: SqliteHandle, rowid: string) {
  const [revoked, disabled, expires, scopes] = (['revoked_at', 'disabled_at', 'expires_at', 'scopes'] as const).map((column) => bytesIn(handle, rowid, column)?.toString())
  return {
    isOpen: revoked === undefined && disabled === undefined && (expires === undefined || BigInt(expires) > BigInt(Date.now() - 1000)),
    expiresAt: expires === undefined ? null : Number(expires),
    scopes: JSON.parse(scopes!) as unknown
  }
}

function bytesIn (handle: SqliteHandle, rowid: string, column: Column): Buffer | null {
  const { hex } = handle.prepare(`SELECT CASE WHEN ${column} IS NOT NULL THEN hex(${column}) END AS hex FROM api_key_scopes_keys WHERE rowid = ${rowid}`).get() as { hex: string | null }
  return hex === null ? null : Buffer.from(hex, 'hex')
}

/** A whole number below this. */
type Random = (below: number) => number

/** The same numbers for the same seed (mulberry32). */
function randomFrom (seed: number): Random {
  let state = seed
  return (below) => {
    state = (state + 0x6D2B79F5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below
  }
}
