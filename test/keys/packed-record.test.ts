import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import t from 'tap'
import { knownKeyOf, readStoredKey, recordOf, refusalOf, type KnownKey } from '../../lib/keys/known-key.js'
import { idIn, packed, unpacked } from '../../lib/keys/packed-record.js'
import type { ApiKeyRecord, JsonObject } from '../../lib/keys/record.js'
import { defineScopes } from '../../lib/scopes/catalog.js'
import { intersection } from '../../lib/scopes/grant.js'
import { sampleKey } from '../../lib/testing/store-cases/store-case.js'
import { anyText } from '../any-text.js'

const catalog = defineScopes({ full: { includes: '*' }, 'a:read': '', 'a:write': '' })

// Half of a surrogate pair is no character, and a store may hold it all the same.
const text = fc.oneof(fc.string(), anyText(), fc.constantFrom('', '"', '\\', '\\"', '"\\', '\\\\', '","', '\n', '\0', '\u2028', '\ud800', 'é', '🔑', '__proto__', 'null', '[]'))
const orNull = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: null })
const date = fc.oneof(fc.date({ noInvalidDate: true }), fc.constantFrom(...[0, -1, 1, -8.64e15, 8.64e15, 2 ** 31, 2 ** 32, -(2 ** 31)].map(time => new Date(time))))
const json = fc.dictionary(text, fc.jsonValue(), { maxKeys: 3 }).map(value => JSON.parse(JSON.stringify(value)) as JsonObject)

const record: fc.Arbitrary<ApiKeyRecord> = fc.record({
  id: text,
  name: text,
  ownerId: orNull(text),
  start: text,
  scopes: fc.constant(['a:read']),
  createdAt: date,
  expiresAt: orNull(date),
  revokedAt: orNull(date),
  revokedReason: orNull(text),
  disabledAt: orNull(date),
  lastUsedAt: orNull(date),
  metadata: fc.oneof(json, fc.constant({}), fc.constant(JSON.parse('{"__proto__":{"a":1},"constructor":null,"toJSON":"x"}') as JsonObject)),
  rotatedFrom: orNull(text),
  pepperVersion: fc.oneof(fc.constantFrom(0, 1, -1, Number.MAX_SAFE_INTEGER), fc.integer())
}, { noNullPrototype: true })

t.test('a record comes out of its packed text as it went in', async () => {
  fc.assert(fc.property(record, (record) => {
    const packedRecord = packed(record)
    return isDeepStrictEqual(unpacked(packedRecord, record.scopes), recordOf(record)) && idIn(packedRecord) === record.id
  }), { numRuns: 500 })
})

t.test('what most records do not have takes no room in it', async (t) => {
  const bare = sampleKey({ id: 'i', name: 'n', start: 's', createdAt: new Date(5), ownerId: null, expiresAt: null, metadata: {}, pepperVersion: 0 })
  t.equal(packed(bare), '["i","n","s",5]')
  t.equal(packed({ ...bare, expiresAt: new Date(0) }), '["i","n","s",5,null,null,0]')
  t.equal(packed({ ...bare, revokedReason: undefined as never, rotatedFrom: '' }), '["i","n","s",5,null,null,null,null,null,""]')
})

t.test('a record that came out is frozen to its depth, and its names that every object has do no harm', async (t) => {
  const metadata = JSON.parse('{"__proto__":{"a":1},"list":[{}]}') as JsonObject
  const out = unpacked(packed(sampleKey({ metadata })), Object.freeze(['a:read']))
  for (const part of [out, out.metadata, out.metadata.list, (out.metadata.list as unknown[])[0]]) t.ok(Object.isFrozen(part))
  t.equal((out.metadata as { a?: unknown }).a, undefined)
  t.equal(Object.getPrototypeOf(out.metadata), Object.prototype)
  t.ok(Object.isFrozen(unpacked(packed(sampleKey({ metadata: {} })), []).metadata))
})

/* KnownKey */

const resolve = (scopes: readonly string[]) => catalog.grant(scopes)

t.test('a known key has the id of its record before somebody sees that and after, and it is the same record each time', async (t) => {
  for (const id of ['key1', '"', '\\', 'a\\"b', 'é🔑', '\ud800', '\n']) {
    const stored = sampleKey({ id, scopes: ['full', 'a:read', 'gone'] })
    const { digest, ...fields } = stored
    for (const key of [readStoredKey(stored, resolve) as KnownKey, knownKeyOf(recordOf(stored), resolve)]) {
      t.equal(key.id, id)
      t.strictSame(key.record, fields)
      t.equal(key.record, key.record)
      t.equal(key.id, id)
      t.equal(key.type, 'apiKey')
    }
  }
})

t.test('a key that is limited or ended has the same record, packed or not', async (t) => {
  const stored = sampleKey({ scopes: ['full', 'gone'], expiresAt: new Date(7) })
  const { digest, ...fields } = stored
  const limit = catalog.grant(['a:read'])
  for (const isSeen of [false, true]) {
    const key = readStoredKey(stored, resolve) as KnownKey
    if (isSeen) t.ok(key.record)
    const limited = key.within(limit)
    const ended = key.endedAs('ownerless')
    for (const other of [limited, ended, limited.endedAs('expired')]) {
      t.strictSame(other.record, fields)
    }
    t.strictSame(['a:read', 'a:write'].map(scope => limited.grant.covers(scope)), [true, false])
    t.strictSame(limited.grant.current, intersection(key.grant, limit).current)
    t.strictSame([key.limit, limited.limit, ended.limit], [undefined, limit, undefined])
    for (const [now, refusal] of [[6, null], [7, 'expired']] as const) {
      t.strictSame([key, limited, ended, limited.endedAs('expired')].map(each => refusalOf(each, now)), [refusal, refusal, 'ownerless', 'expired'])
    }
  }
})
