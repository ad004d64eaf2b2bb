import assert from 'node:assert/strict'
import { isCorrupt, readStoredKey } from '../../keys/known-key.js'
import type { StoredKey } from '../../keys/record.js'
import { sampleKey, type StoreCase } from './store-case.js'

/** What a field may have become, and can no longer be read as. */
const damages: ReadonlyArray<readonly [field: keyof StoredKey, texts: readonly string[]]> = [
  ['scopes', ['', '[', '["clusters:re', 'null', '"full"', 'full', '{}', '[1]', '[null]', '[["full"]]']],
  ['metadata', ['', '{', '{"a":', 'null', '[]', '1', 'text']],
  ...(['createdAt', 'expiresAt', 'revokedAt', 'disabledAt', 'lastUsedAt'] as const)
    .map((field) => [field, ['soon', 'NaN', 'Infinity', '8640000000000001', '9223372036854775807', '-9223372036854775808', '1e99']] as const),
  ['pepperVersion', ['one', 'NaN', '1.5']]
]

export const damageCases: StoreCase[] = [{
  name: 'a damaged record is answered as one that cannot be read, or not at all, and never as a whole one',
  needs: ['keys', 'damage'],
  async check (store, { put, damage }) {
    await eachDamage(put, damage, async (key, what) => {
      for (const find of [async () => store.findByDigest(key.digest), async () => store.get?.(key.id)]) {
        const found = await find().catch(() => null)
        if (found != null) assert.ok(isCorrupt(readStoredKey(found, () => null as never)), `${what} passes for a record`)
      }
    })
  }
}, {
  name: 'the records beside a damaged one are found and listed as before',
  needs: ['keys', 'damage', 'list'],
  async check (store, { put, damage }) {
    const beside = sampleKey({ ownerId: 'beside', createdAt: new Date(5) })
    await put(beside)
    await eachDamage(put, damage, async (_key, what) => {
      assert.deepEqual(await store.findByDigest(beside.digest), beside, what)
    })
    const listed = await store.list({ limit: 1000 })
    assert.deepEqual(listed.find(({ id }) => id === beside.id), beside)
    assert.deepEqual(await store.list({ ownerId: 'beside', limit: 10 }), [beside])
  }
}]

/** Does this after each damage that the database does not refuse. */
async function eachDamage (
  put: (key: StoredKey) => Promise<void>,
  damage: (key: StoredKey, field: keyof StoredKey, text: string) => Promise<void>,
  check: (key: StoredKey, what: string) => Promise<void>
): Promise<void> {
  let done = 0
  for (const [field, texts] of damages) {
    for (const text of texts) {
      const key = sampleKey({ expiresAt: new Date(1_800_000_000_000) })
      await put(key)
      if (await damage(key, field, text).then(() => false, () => true)) continue
      done++
      await check(key, `${field}, damaged to ${JSON.stringify(text)},`)
    }
  }
  assert.ok(done > 0, 'every damage was refused')
}
