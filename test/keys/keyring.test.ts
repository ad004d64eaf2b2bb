import t from 'tap'
import { digester, fingerprintOf } from '../../lib/keys/digest.js'
import { BeyondGrantError, InvalidInputError, StoreIncapableError, StoreUnavailableError } from '../../lib/keys/errors.js'
import { generateKey } from '../../lib/keys/key-format.js'
import type { Keyring } from '../../lib/keys/keyring.js'
import type { NewApiKey } from '../../lib/keys/new-key.js'
import type { StoredKey } from '../../lib/keys/record.js'
import type { Issuer } from '../../lib/keys/life/caller.js'
import type { KeyStore } from '../../lib/keys/store.js'
import type { Verdict } from '../../lib/keys/verifier.js'
import { defineScopes, type Catalog } from '../../lib/scopes/catalog.js'
import { memoryStore } from '../../lib/stores/memory.js'
import { sampleKey } from '../../lib/testing/store-cases/store-case.js'
import { badFields, json, text } from './bad-fields.js'
import { catalog, entries, gated, refusalOf, setUp, stored, watched } from './set-up.js'

const withDefault = defineScopes(entries, { defaultGrant: ['full'] }) as Catalog

t.test('a key is created, found, listed, verified and revoked', async (t) => {
  const { keys, told } = setUp()
  const before = Date.now()
  const { key, record } = await keys.create({ name: 'ci', ownerId: 'u1', scopes: ['apps:deploy', 'hosts:read', 'apps:deploy'], metadata: { team: 'x' } })
  t.match(key, /^acme_[0-9A-Za-z]{38}$/)
  t.match(record.id, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  t.ok(record.createdAt.getTime() >= before && record.createdAt.getTime() <= Date.now())
  const { id, createdAt, ...rest } = record
  t.strictSame(rest, {
    name: 'ci',
    ownerId: 'u1',
    start: key.slice(0, 9),
    scopes: ['apps:deploy', 'hosts:read'],
    expiresAt: null,
    revokedAt: null,
    revokedReason: null,
    disabledAt: null,
    lastUsedAt: null,
    metadata: { team: 'x' },
    rotatedFrom: null,
    pepperVersion: 0
  })
  t.strictSame(await keys.get(id), record)
  t.strictSame(await keys.list(), { records: [record], cursor: null })
  t.strictSame(await keys.verify(key), { valid: true, record })

  const revoked = await keys.revoke(id)
  t.ok(revoked!.revokedAt!.getTime() >= before)
  t.strictSame({ ...revoked, revokedAt: null }, record)
  t.strictSame(await keys.get(id), revoked)
  t.strictSame(await keys.verify(key), { valid: false, reason: 'revoked', record: revoked })
  t.strictSame(told, [])
})

t.test('the least that a key needs is a name and scopes', async (t) => {
  const { record } = await setUp().keys.create({ name: 'n', scopes: [] })
  t.strictSame([record.ownerId, record.scopes, record.expiresAt, record.metadata], [null, [], null, {}])
})

t.test('a key made with a pepper carries its version', async (t) => {
  const { keys } = setUp({ peppers: [{ version: 7, secret: 'p'.repeat(32) }, { version: 3, secret: 'q'.repeat(32) }], prefixes: ['sk_live', 'sk'] })
  const { key, record } = await keys.create({ name: 'n', scopes: [] })
  t.equal(record.pepperVersion, 7)
  t.match(record.start, /^sk_live_[0-9A-Za-z]{4}$/)
  t.equal((await keys.verify(key)).valid, true)
})

t.test('scopes left out are the default grant; an empty list is an empty list', async (t) => {
  const { keys } = setUp({ catalog: withDefault })
  t.strictSame((await keys.create({ name: 'n' })).record.scopes, ['full'])
  t.strictSame((await keys.create({ name: 'n', scopes: [] })).record.scopes, [])
  await t.rejects(setUp().keys.create({ name: 'n' }), { message: 'scopes must be named: this API has no default grant (an empty list grants nothing)' })
})

const when = 'expiresAt must be a Date, an ISO 8601 date and time with its zone, such as "2030-01-31T12:00:00Z", or an ISO 8601 duration, such as "P90D", not'

// One wrong field each, beside a good name and scopes.
const badFieldsOfNew: ReadonlyArray<readonly [Record<string, unknown>, string]> = [
  ...badFields,
  [{ name: undefined }, `name ${text} 200 characters without control characters, not undefined`],
  [{ ownerId: '' }, `ownerId ${text} 255 characters, not ""`],
  [{ ownerId: 7 }, `ownerId ${text} 255 characters, not 7`],
  [{ ownerId: 'u\r' }, `ownerId ${text} 255 characters, not "u\\r"`],
  [{ ownerId: '\uDE00' }, `ownerId ${text} 255 characters, not "\\ude00"`],
  [{ ownerId: 'u'.repeat(256) }, `ownerId ${text} 255 characters, not "${'u'.repeat(78)}…`],
  [{ expiresAt: new Date(NaN) }, `${when} Invalid Date`],
  [{ expiresAt: NaN }, `${when} NaN`],
  [{ expiresAt: Infinity }, `${when} Infinity`],
  [{ expiresAt: 4_000_000_000_000 }, `${when} 4000000000000`],
  [{ expiresAt: '4000000000000' }, `${when} "4000000000000"`],
  [{ expiresAt: '' }, `${when} ""`],
  [{ expiresAt: false }, `${when} false`],
  [{ expiresAt: '2040-01-31' }, `${when} "2040-01-31"`],
  [{ expiresAt: '2040-01-31T12:00:00' }, `${when} "2040-01-31T12:00:00"`],
  [{ expiresAt: '2040-01-31 12:00:00Z' }, `${when} "2040-01-31 12:00:00Z"`],
  [{ expiresAt: '2040-01-31T12:00:00+0100' }, `${when} "2040-01-31T12:00:00+0100"`],
  [{ expiresAt: '2040-01-31T12:00:00Z\n' }, `${when} "2040-01-31T12:00:00Z\\n"`],
  [{ expiresAt: '2040-13-01T12:00:00Z' }, `${when} "2040-13-01T12:00:00Z"`],
  [{ expiresAt: '2040-02-30T12:00:00Z' }, `${when} "2040-02-30T12:00:00Z"`],
  [{ expiresAt: '2041-02-29T12:00:00+01:00' }, `${when} "2041-02-29T12:00:00+01:00"`],
  [{ expiresAt: '2040-01-01T25:00:00Z' }, `${when} "2040-01-01T25:00:00Z"`],
  [{ expiresAt: 'tomorrow' }, `${when} "tomorrow"`],
  [{ expiresAt: new Date(0) }, 'expiresAt must be in the future, not 1970-01-01T00:00:00.000Z'],
  [{ expiresAt: '2020-01-31T12:00:00+01:00' }, 'expiresAt must be in the future, not 2020-01-31T11:00:00.000Z'],
  [{ id: 'x' }, 'unknown field "id"'],
  [{ ownerID: 'u1' }, 'unknown field "ownerID" (did you mean "ownerId"?)'],
  [{ scope: 'full' }, 'unknown field "scope" (did you mean "scopes"?)'],
  [{ expires: 1 }, 'unknown field "expires"'],
  [{ userId: 'u1', digest: 'd' }, 'unknown field "userId"; unknown field "digest"'],
  [JSON.parse('{"__proto__":{"scopes":["full"]}}'), 'unknown field "__proto__"']
]

t.test('a bad field of a new key is told, with the way to put it right', async (t) => {
  const { store, calls } = watched()
  const { keys } = setUp({ store })
  for (const [field, message] of badFieldsOfNew) {
    const input = Object.assign(Object.create(null), { name: 'n', scopes: ['full'] })
    for (const [name, value] of Object.entries(field)) Object.defineProperty(input, name, { value, enumerable: true })
    await t.rejects(keys.create(input), { code: 'FST_API_KEY_INVALID_INPUT', statusCode: 400, message }, message)
  }
  for (const nothing of [null, undefined, 'x', 7, ['n'], new Map()]) {
    await t.rejects(keys.create(nothing as unknown as NewApiKey), { statusCode: 400, message: /^expected an object \{ name, ownerId, scopes, expiresAt, metadata \}, not / })
    await t.rejects(keys.create(nothing as unknown as NewApiKey, { as: { id: 'u1' } }), { statusCode: 400, message: /^expected an object/ })
  }
  t.equal(calls.insert, undefined, 'the store was not asked')
})

t.test('all bad fields of a new key are told at once', async (t) => {
  const input = { nmae: 'x', ownerId: 1, scopes: ['ful', 'soon'], expiresAt: 'x', metadata: 1 } as unknown as NewApiKey
  await t.rejects(setUp().keys.create(input), {
    message: [
      'unknown field "nmae" (did you mean "name"?)',
      `name ${text} 200 characters without control characters, not undefined`,
      `ownerId ${text} 255 characters, not 1`,
      `${when} "x"`,
      'unknown scope "ful" (did you mean "full"?)',
      'scope "soon" is planned and cannot be granted yet',
      json
    ].join('; ')
  })
})

// What can just about be given, and what becomes of it.
const goodFields: ReadonlyArray<readonly [Record<string, unknown>, Record<string, unknown>]> = [
  [{ name: 'n'.repeat(200) }, { name: 'n'.repeat(200) }],
  [{ name: 'für Ünïcode 😀' }, { name: 'für Ünïcode 😀' }],
  [{ ownerId: 'u'.repeat(255) }, { ownerId: 'u'.repeat(255) }],
  [{ ownerId: null }, { ownerId: null }],
  [{ ownerId: undefined, expiresAt: undefined, metadata: undefined }, { ownerId: null, expiresAt: null, metadata: {} }],
  [{ expiresAt: null }, { expiresAt: null }],
  [{ expiresAt: new Date('2040-01-31T12:00:00Z') }, { expiresAt: new Date('2040-01-31T12:00:00Z') }],
  [{ expiresAt: '2040-01-31T12:00:00.123Z' }, { expiresAt: new Date(Date.UTC(2040, 0, 31, 12, 0, 0, 123)) }],
  [{ expiresAt: '2040-02-29T12:00Z' }, { expiresAt: new Date(Date.UTC(2040, 1, 29, 12)) }],
  [{ expiresAt: '2040-01-31T23:30:00-05:30' }, { expiresAt: new Date(Date.UTC(2040, 1, 1, 5)) }],
  [{ metadata: { text: 'x'.repeat(16 * 1024 - 11) } }, { metadata: { text: 'x'.repeat(16 * 1024 - 11) } }],
  [{ metadata: { at: new Date(0), gone: undefined, list: [NaN] } }, { metadata: { at: '1970-01-01T00:00:00.000Z', list: [null] } }],
  [{ metadata: Object.create(null) }, { metadata: {} }]
]

t.test('what is allowed for a new key is kept as it was given', async (t) => {
  for (const [fields, kept] of goodFields) {
    const { keys } = setUp()
    const { record } = await keys.create({ name: 'n', scopes: [], ...fields } as NewApiKey)
    const found = await keys.get(record.id)
    for (const [field, value] of Object.entries(kept)) {
      t.strictSame(found![field as keyof typeof record], value, `${field}: ${JSON.stringify(value).slice(0, 60)}`)
      t.strictSame(record[field as keyof typeof record], value)
    }
  }
})

t.test('a record is a frozen copy of what was given', async (t) => {
  const { keys } = setUp()
  const metadata = { team: { names: ['x'] } }
  const scopes = ['apps:read']
  const expiresAt = new Date('2040-01-01T00:00:00Z')
  const { key, record } = await keys.create({ name: 'n', scopes, metadata, expiresAt })
  metadata.team.names.push('y')
  scopes.push('full')
  expiresAt.setFullYear(2050)
  for (const found of [record, (await keys.get(record.id))!, (await keys.list()).records[0]!, (await keys.verify(key)).record!]) {
    t.strictSame(found.metadata, { team: { names: ['x'] } })
    t.strictSame(found.scopes, ['apps:read'])
    t.strictSame(found.expiresAt, new Date('2040-01-01T00:00:00Z'))
    t.ok([found, found.scopes, found.metadata, found.metadata.team].every(part => Object.isFrozen(part)))
  }
})

t.test('a key expires', async (t) => {
  const { keys, store } = setUp()
  const { key, record } = await keys.create({ name: 'n', scopes: [], expiresAt: new Date(Date.now() + 3_600_000) })
  t.equal(await refusalOf(keys, key), null)
  const old = generateKey('acme')
  await store.insert!({ ...await stored(store, key), id: 'old', digest: fingerprintOf(old), expiresAt: new Date(Date.now() - 1) })
  t.equal(await refusalOf(keys, old), 'expired')
  const off = generateKey('acme')
  await store.insert!({ ...await stored(store, key), id: 'off', digest: fingerprintOf(off), disabledAt: new Date() })
  t.equal(await refusalOf(keys, off), 'disabled')
  t.equal(record.expiresAt!.getTime() > Date.now(), true)
})

t.test('lists come in pages', async (t) => {
  const { keys } = setUp()
  const ids: string[] = []
  for (let i = 0; i < 25; i++) ids.push((await keys.create({ name: `key ${i}`, ownerId: i % 5 === 0 ? 'u2' : 'u1', scopes: [] })).record.id)

  for (const limit of [1, 7, 24, 25, 26, 1000]) {
    const seen: string[] = []
    const sizes: number[] = []
    let cursor: string | null | undefined
    while (cursor !== null) {
      const page = await keys.list({ limit, ...cursor !== undefined && { cursor } })
      seen.push(...page.records.map(record => record.id))
      sizes.push(page.records.length)
      cursor = page.cursor
    }
    t.strictSame([...seen].sort(), [...ids].sort(), `pages of ${limit} show every key once`)
    t.ok(sizes.slice(0, -1).every(size => size === limit) && sizes.length === Math.ceil(25 / limit), 'and no page is empty')
    t.strictSame(seen, (await keys.list({ limit: 1000 })).records.map(record => record.id), 'in the same order')
  }
  const created = (await keys.list()).records.map(record => record.createdAt.getTime())
  t.strictSame(created, created.toSorted((a, b) => b - a), 'newest first')

  const { records, cursor } = await keys.list({ ownerId: 'u2', limit: 3 })
  t.strictSame([...records, ...(await keys.list({ ownerId: 'u2', cursor: cursor! })).records].map(record => record.ownerId), ['u2', 'u2', 'u2', 'u2', 'u2'])
  t.strictSame(await keys.list({ ownerId: 'nobody' }), { records: [], cursor: null })
})

t.test('a page holds 100 records unless told otherwise', async (t) => {
  const { keys } = setUp()
  for (let i = 0; i < 101; i++) await keys.create({ name: 'n', scopes: [] })
  const { records, cursor } = await keys.list()
  t.equal(records.length, 100)
  t.equal((await keys.list({ cursor: cursor! })).records.length, 1)
})

const place = (text: string) => Buffer.from(text).toString('base64url')
const page = 'cursor must be one that a page came with'
const whole = 'limit must be a whole number from 1 to 1000, not'

const badQueries: ReadonlyArray<readonly [Record<string, unknown>, string]> = [
  [{ limit: 0 }, `${whole} 0`], [{ limit: 1001 }, `${whole} 1001`], [{ limit: -1 }, `${whole} -1`], [{ limit: 1.5 }, `${whole} 1.5`],
  [{ limit: NaN }, `${whole} NaN`], [{ limit: '10' }, `${whole} "10"`], [{ limit: null }, `${whole} null`],
  [{ ownerId: 7 }, 'ownerId must be a string, not 7'], [{ ownerId: null }, 'ownerId must be a string, not null'],
  [{ cursor: '' }, page], [{ cursor: 'x' }, page], [{ cursor: null }, page], [{ cursor: 7 }, page], [{ cursor: {} }, page], [{ cursor: { toString: 1 } }, page],
  [{ cursor: place('123') }, page], [{ cursor: place('123 ') }, page], [{ cursor: place(' id') }, page], [{ cursor: place('1e3 id') }, page],
  [{ cursor: place('1234567890123456 id') }, page], [{ cursor: place('x 123 id') }, page],
  [{ owner: 'u1' }, 'unknown field "owner"'], [{ ownerID: 'u1' }, 'unknown field "ownerID" (did you mean "ownerId"?)']
]

t.test('a bad query is told, with the way to put it right', async (t) => {
  const { store, calls } = watched()
  const { keys } = setUp({ store })
  for (const [query, message] of badQueries) {
    await t.rejects(keys.list(query), { code: 'FST_API_KEY_INVALID_INPUT', statusCode: 400, message }, JSON.stringify(query))
  }
  for (const id of [undefined, null, 7, {}, ['x']]) {
    for (const call of [keys.get, keys.revoke, (id: string) => keys.update(id, {})]) await t.rejects(call(id as unknown as string), { statusCode: 400, message: /^id must be a string, not / })
  }
  t.strictSame(calls, {})
})

t.test('a corrupt record is shown to nobody, ends no list and hides no other', async (t) => {
  const { keys, store, told } = setUp()
  const { key, record } = await keys.create({ name: 'n', scopes: [], ownerId: 'u1' })
  const good = await stored(store, key)
  const later = (ms: number) => new Date(good.createdAt.getTime() + ms)
  await store.insert!({ ...good, id: 'bad 1', digest: '1', createdAt: later(1), scopes: null as unknown as string[] })
  await store.insert!({ ...good, id: 'bad 2', digest: '2', createdAt: later(2), expiresAt: new Date(NaN) })
  await store.insert!({ ...good, id: 'good 3', digest: '3', createdAt: later(3) })

  t.equal(await keys.get('bad 1'), null)
  t.strictSame(told, [['corrupt', 'bad 1', ['scopes is missing or malformed']]])
  for (const limit of [1, 2, 3]) {
    const seen: string[] = []
    for (let cursor: string | null | undefined; cursor !== null;) {
      const page = await keys.list({ limit, ...cursor !== undefined && { cursor } })
      seen.push(...page.records.map(({ id }) => id))
      cursor = page.cursor
    }
    t.strictSame(seen, ['good 3', record.id], `in pages of ${limit}`)
  }
  t.ok(told.some(([what, id]) => what === 'corrupt' && id === 'bad 2'))

  t.equal(await keys.revoke('bad 1'), null, 'revoking it does what can be done')
  t.ok((await store.get!('bad 1'))!.revokedAt instanceof Date)
  t.equal(await keys.revoke('bad 2', { as: { id: 'u1' } }), null)
  t.equal(await keys.update('bad 2', { name: 'new' }), null, 'changing it does nothing, for who could tell what it then is')
  t.equal((await store.get!('bad 2'))!.name, 'n')
})

t.test('records without a place in the order are left out, and the next page begins after the last that has one', async (t) => {
  const { keys, store } = setUp()
  const { key, record } = await keys.create({ name: 'n', scopes: [] })
  const good = await stored(store, key)
  const odd = [{ ...good, id: 7 }, { ...good, createdAt: 'x' }, null] as unknown as StoredKey[]
  const listing = (answer: readonly StoredKey[]) => setUp({ store: { ...memoryStore(), list: () => answer } }).keys.list({ limit: 3 })
  const { cursor } = await listing([good, odd[0]!, odd[1]!, odd[2]!])
  t.equal(Buffer.from(cursor!, 'base64url').toString(), `${record.createdAt.getTime()} ${record.id}`)
  t.strictSame(await listing([...odd, good]), { records: [], cursor: null })
})

/* On behalf of a user */

t.test('on behalf of a user, other people\'s keys do not exist', async (t) => {
  const { store, calls } = watched()
  const { keys } = setUp({ store })
  const as = { id: 'u1' }
  const own = (await keys.create({ name: 'own', scopes: [] }, { as })).record
  const others = (await keys.create({ name: 'other', scopes: [], ownerId: 'u2' })).record
  const nobodys = (await keys.create({ name: 'machine', scopes: [] })).record
  t.equal(own.ownerId, 'u1')

  t.strictSame(await keys.get(own.id, { as }), own)
  t.strictSame((await keys.list({}, { as })).records, [own])
  t.strictSame((await keys.list({ ownerId: 'u1' }, { as })).records, [own])
  for (const { id } of [others, nobodys, { id: 'none' }]) {
    t.equal(await keys.get(id, { as }), null)
    t.equal(await keys.revoke(id, { as }), null)
  }
  t.equal(calls.revoke, undefined, 'the store was not asked to revoke any')
  t.ok((await keys.list()).records.every(record => record.revokedAt === null))

  t.type((await keys.revoke(own.id, { as }))!.revokedAt, Date)
  t.equal(calls.revoke, 1)
})

t.test('nobody acts in another\'s name, or in nobody\'s', async (t) => {
  const { keys } = setUp()
  const as = { id: 'u1' }
  const message = 'ownerId cannot be chosen: it is that of the user who asks'
  for (const ownerId of ['u2', '', null, 7, ['u1']]) {
    await t.rejects(keys.create({ name: 'n', scopes: [], ownerId: ownerId as string }, { as }), { statusCode: 400, message })
    await t.rejects(keys.list({ ownerId: ownerId as string }, { as }), { statusCode: 400, message })
  }
  t.equal((await keys.create({ name: 'n', scopes: [], ownerId: 'u1' }, { as })).record.ownerId, 'u1')
})

t.test('a store that answers with somebody else\'s keys shows them to no user', async (t) => {
  const { keys, store } = setUp()
  const { key, record } = await keys.create({ name: 'n', scopes: [], ownerId: 'u2' })
  const answer = await stored(store, key)
  const careless = setUp({ store: { ...store, get: () => answer, list: () => [answer] } }).keys
  t.strictSame(await careless.get('x'), record)
  t.equal(await careless.get('x', { as: { id: 'u1' } }), null)
  t.strictSame((await careless.list({}, { as: { id: 'u1' } })).records, [])
})

t.test('an `as` that holds no user is refused, for without one the caller may do everything', async (t) => {
  const { keys, store } = setUp()
  const { record } = await keys.create({ name: 'n', scopes: [] })
  for (const as of [undefined, null, 'u1', 7, {}, { id: undefined }, { id: null }, { id: '' }, { id: 7 }, { id: 'u1', scopes: null }, { id: 'u1', scopes: 'full' }, { id: 'u1', scopes: [1] }]) {
    const options = { as: as as unknown as Issuer }
    for (const call of [
      (): Promise<unknown> => keys.create({ name: 'n', scopes: [] }, options), () => keys.get(record.id, options),
      () => keys.list({}, options), () => keys.update(record.id, { name: 'x' }, options), () => keys.revoke(record.id, options)
    ]) await t.rejects(call(), { statusCode: 400, message: 'as must be the user for whom the call is made, { id, scopes? }, or a request\'s principal; leave it out if the calling code may do everything' })
  }
  t.strictSame((await store.list!({ limit: 10 })).map(({ name, revokedAt }) => ({ name, revokedAt })), [{ name: 'n', revokedAt: null }])
  t.equal((await keys.list({}, {})).records.length, 1)
})

// What a user's session may do, and what keys it can make.
const ceilings: ReadonlyArray<{ own?: string[], scopes: string[], beyond: string | null }> = [
  { scopes: ['full'], beyond: null },
  { own: ['full'], scopes: ['full', 'api:read', 'apps:deploy'], beyond: null },
  { own: ['apps:deploy'], scopes: ['apps:deploy', 'apps:read'], beyond: null },
  { own: ['apps:read'], scopes: ['apps:deploy'], beyond: 'apps:deploy' },
  { own: ['apps:read'], scopes: ['apps:read', 'full', 'hosts:read'], beyond: 'full, hosts:read' },
  { own: ['api:read'], scopes: ['apps:read', 'hosts:read', 'api:read'], beyond: null },
  { own: ['apps:read', 'hosts:read'], scopes: ['api:read'], beyond: 'api:read' },
  { own: ['apps:read', 'apps:deploy', 'hosts:read', 'api:read'], scopes: ['full'], beyond: 'full' },
  { own: [], scopes: [], beyond: null },
  { own: [], scopes: ['apps:read'], beyond: 'apps:read' },
  { own: ['*', 'soon', 'gone', 'apps:*'], scopes: ['apps:read'], beyond: 'apps:read' }
]

t.test('a user gives away no scopes beyond those of their own session', async (t) => {
  for (const { own, scopes, beyond } of ceilings) {
    const { keys, store } = setUp()
    const created = keys.create({ name: 'n', scopes }, { as: { id: 'u1', ...own && { scopes: own } } })
    const title = `${own?.join(', ') ?? 'everything'} for ${scopes.join(', ')}`
    if (beyond === null) {
      t.strictSame((await created).record.scopes, scopes, title)
    } else {
      await t.rejects(created, { code: 'FST_API_KEY_BEYOND_GRANT', statusCode: 403, message: `You cannot give away scopes that you do not have: ${beyond}` }, title)
      t.strictSame(await store.list!({ limit: 1 }), [])
    }
  }
  await t.rejects(setUp({ catalog: withDefault }).keys.create({ name: 'n' }, { as: { id: 'u1', scopes: ['apps:read'] } }), BeyondGrantError, 'nor by leaving them out')
})

/* Effects on verification */

t.test('a key that was looked for in vain 10,000 times works as soon as it is created', async (t) => {
  const { store, calls } = watched()
  const { keys, verifier } = setUp({ store })
  const key = generateKey('acme')
  for (let i = 0; i < 10_000; i++) t.equal(await refusalOf(keys, key), 'unknown') || t.bailout()
  t.equal(calls.findByDigest, 1)
  const made = (await keys.create({ name: 'n', scopes: [] })).key
  t.equal(await refusalOf(keys, made), null)

  // A key cannot be chosen, so this is what create does with the one that was looked for.
  await store.insert({ ...await stored(store, made), id: 'late', digest: fingerprintOf(key) })
  t.equal(await refusalOf(keys, key), 'unknown')
  verifier.changed([fingerprintOf(key)])
  t.equal(await refusalOf(keys, key), null)
})

t.test('create tells the cache of the new key before it answers', async (t) => {
  const { store } = watched()
  const { keys, verifier } = setUp({ store })
  const changes: unknown[] = []
  const changed = verifier.changed.bind(verifier)
  verifier.changed = digests => { changes.push(digests); changed(digests) }
  const { key } = await keys.create({ name: 'n', scopes: [] })
  t.strictSame(changes, [[fingerprintOf(key)]])
})

t.test('a revoked key is refused at once, though it was remembered as good', async (t) => {
  const { store, calls } = watched()
  const { keys, verifier } = setUp({ store })
  const { key, record } = await keys.create({ name: 'n', scopes: [] })
  const other = await keys.create({ name: 'n', scopes: [] })
  t.equal(await refusalOf(keys, key), null)
  t.equal(await refusalOf(keys, other.key), null)
  t.equal(verifier.peek(key)!.refusal, null, 'warm')
  await keys.revoke(record.id)
  t.equal(verifier.peek(key), undefined)
  t.equal(await refusalOf(keys, key), 'revoked')
  t.equal(verifier.peek(key)!.refusal, 'revoked', 'and that is remembered')
  t.equal(verifier.peek(other.key)!.refusal, null, 'other keys are not forgotten')
  t.equal(calls.findByDigest, 3)
})

t.test('a read that is under way when a key is revoked does not bring it back', async (t) => {
  const { store, gate } = gated()
  const { keys } = setUp({ store })
  const { key, record } = await keys.create({ name: 'n', scopes: [] })
  gate.slow = true
  const early = refusalOf(keys, key)
  await new Promise(resolve => setImmediate(resolve))
  await keys.revoke(record.id)
  gate.slow = false
  t.equal(await refusalOf(keys, key), 'revoked', 'who asks after the revocation does not wait for that read')
  gate.open()
  t.equal(await early, null, 'who asked before it may get the answer from before')
  t.equal(await refusalOf(keys, key), 'revoked', 'which is not remembered')
})

t.test('revoking again changes nothing, and revoking what is not there is null', async (t) => {
  const { keys } = setUp()
  const { record } = await keys.create({ name: 'n', scopes: [] })
  const first = await keys.revoke(record.id)
  await new Promise(resolve => setTimeout(resolve, 2))
  t.strictSame(await keys.revoke(record.id), first)
  t.equal(await keys.revoke('none'), null)
  t.equal(await keys.get('none'), null)
})

t.test('a revocation whose answer was lost takes effect all the same', async (t) => {
  const memory = memoryStore()
  const { keys } = setUp({
    store: {
      ...memory,
      async revoke (id, at) {
        await memory.revoke(id, at)
        throw new Error('connection lost')
      }
    }
  })
  const { key, record } = await keys.create({ name: 'n', scopes: [] })
  t.equal(await refusalOf(keys, key), null)
  await t.rejects(keys.revoke(record.id), StoreUnavailableError)
  t.equal(await refusalOf(keys, key), 'revoked')
})

t.test('the calls work on their own, and cannot be replaced', async (t) => {
  const { keys } = setUp()
  const { create, get, list, update, revoke, verify, catalog: scopes } = keys
  const { key, record } = await create({ name: 'n', scopes: [] })
  t.strictSame([(await get(record.id))!.id, (await list()).records[0]!.id, (await verify(key)).record!.id, (await update(record.id, {}))!.id, (await revoke(record.id))!.id], Array.from({ length: 5 }, () => record.id))
  t.equal(scopes, catalog)
  t.ok(Object.isFrozen(keys))
})

/* Stores that cannot, or do not */

const methods = ['insert', 'get', 'list', 'update', 'revoke'] as const

const calls: ReadonlyArray<{ call: string, needs: ReadonlyArray<typeof methods[number]>, ask: (keys: Keyring) => Promise<unknown> }> = [
  { call: 'create', needs: ['insert'], ask: keys => keys.create({ name: 'n', scopes: [] }) },
  { call: 'get', needs: ['get'], ask: keys => keys.get('x') },
  { call: 'list', needs: ['list'], ask: keys => keys.list() },
  { call: 'update', needs: ['update', 'get'], ask: keys => keys.update('x', {}) },
  { call: 'revoke', needs: ['revoke'], ask: keys => keys.revoke('x') },
  { call: 'revoke', needs: ['revoke', 'get'], ask: keys => keys.revoke('x', { as: { id: 'u1' } }) },
  { call: 'verify', needs: [], ask: keys => keys.verify(generateKey('acme')) }
]

t.test('what a store has no method for is refused by name, and the rest goes on', async (t) => {
  for (const method of methods) {
    const { [method]: _, ...store } = memoryStore()
    for (const { call, needs, ask } of calls) {
      const message = `This store has no method ${method}, so app.apiKeys.${call} is not available`
      if (needs.includes(method)) await t.rejects(ask(setUp({ store }).keys), { code: 'FST_API_KEY_STORE_INCAPABLE', statusCode: 500, message })
      else await t.resolves(ask(setUp({ store }).keys), `without ${method}, ${call} works`)
    }
  }
})

t.test('finding keys by their digest is enough to verify them', async (t) => {
  const { keys, store } = setUp()
  const { key } = await keys.create({ name: 'n', scopes: [] })
  const minimal = setUp({ store: { findByDigest: digest => store.findByDigest(digest) } }).keys
  t.equal(await refusalOf(minimal, key), null)
  t.equal(await refusalOf(minimal, generateKey('acme')), 'unknown')
})

t.test('a store that answers undefined has no such key', async (t) => {
  const { keys, told } = setUp({ store: { ...memoryStore(), get: () => undefined, revoke: () => undefined } as unknown as KeyStore })
  t.strictSame([await keys.get('x'), await keys.update('x', {}), await keys.revoke('x'), await keys.revoke('x', { as: { id: 'u1' } })], [null, null, null, null])
  t.strictSame(told, [])
})

t.test('a store may be an instance whose methods need it', async (t) => {
  class Store implements KeyStore {
    readonly #memory = memoryStore()
    findByDigest (digest: string) { return this.#memory.findByDigest(digest) }
    insert (key: StoredKey) { return this.#memory.insert(key) }
    revoke (id: string, at: Date) { return this.#memory.revoke(id, at) }
  }
  const { keys } = setUp({ store: new Store() })
  const { key, record } = await keys.create({ name: 'n', scopes: [] })
  t.equal(await refusalOf(keys, key), null)
  await keys.revoke(record.id)
  t.equal(await refusalOf(keys, key), 'revoked')
})

t.test('a store that fails is a 503 that says nothing of it, and the operator is told', async (t) => {
  const failure = new Error('password authentication failed for user "keys"')
  const failing = Object.fromEntries(Object.keys(memoryStore()).map(method => [method, async () => { throw failure }])) as unknown as KeyStore
  const throwing = Object.fromEntries(Object.keys(memoryStore()).map(method => [method, () => { throw failure }])) as unknown as KeyStore
  for (const store of [failing, throwing]) {
    for (const { ask } of calls) {
      const { keys, told } = setUp({ store })
      const error: InstanceType<typeof StoreUnavailableError> = await ask(keys).then(() => t.fail('it resolved'), error => error)
      t.ok(error instanceof StoreUnavailableError)
      t.strictSame([error.code, error.statusCode, error.message], ['FST_API_KEY_STORE_UNAVAILABLE', 503, 'API keys cannot be verified right now'])
      t.equal(error.cause, failure)
      t.notMatch(JSON.stringify(error), 'password')
      t.strictSame(told, [['failed', failure]])
    }
  }
})

/* The verifier */

t.test('what is no well-formed key never reaches the store', async (t) => {
  const { store, calls } = watched()
  const { keys, verifier } = setUp({ store })
  const good = generateKey('acme')
  const malformed = [
    '', 'x', 'acme_', good.slice(0, -1), `${good}0`, generateKey('other'), ` ${good}`, `${good}\n`, good.replace('acme', 'Acme'),
    'acme_' + 'a'.repeat(1_000_000), '\u0080\u00ff', '😀', '__proto__',
    ...Array.from({ length: 100_000 }, (_, i) => `acme_${String(i).padStart(38, '0')}`)
  ]
  let refused = 0
  for (const credential of malformed) {
    if (verifier.peek(credential)?.refusal === 'malformed' && (await verifier.verify(credential)).refusal === 'malformed') refused++
  }
  t.equal(refused, malformed.length)
  for (const nothing of [undefined, null, 7, {}, { toString: () => good }, [good]]) {
    t.strictSame(await keys.verify(nothing as unknown as string), { valid: false, reason: 'malformed', record: null })
  }
  t.strictSame(calls, {})

  t.equal(verifier.peek(good), undefined)
  t.equal(await refusalOf(keys, good), 'unknown')
  t.equal(calls.findByDigest, 1, 'a well-formed one does')
  t.equal(verifier.peek(good)!.refusal, 'unknown')
  t.ok(verifier.claims('acme_x'))
  t.notOk(verifier.claims('other_x'))
})

const key = generateKey('acme')
const digest = fingerprintOf(key)

function record (fields: Partial<Record<keyof StoredKey, unknown>> = {}): StoredKey {
  return { ...sampleKey({ id: 'key1', digest, scopes: ['apps:deploy'] }), ...fields } as StoredKey
}

const other = 'digest is not the one asked for'

// What a store may answer, and what is made of it.
const answers: ReadonlyArray<{ answer: unknown, refusal: string | null, corrupt?: [unknown, string[]] }> = [
  { answer: record(), refusal: null },
  { answer: null, refusal: 'unknown' },
  { answer: undefined, refusal: 'unknown' },
  { answer: false, refusal: 'corrupt', corrupt: [undefined, ['the record is no object']] },
  { answer: '', refusal: 'corrupt', corrupt: [undefined, ['the record is no object']] },
  { answer: 1, refusal: 'corrupt', corrupt: [undefined, ['the record is no object']] },
  { answer: record({ digest: digest.toUpperCase() }), refusal: 'corrupt', corrupt: ['key1', [other]] },
  { answer: record({ digest: fingerprintOf('another key') }), refusal: 'corrupt', corrupt: ['key1', [other]] },
  { answer: record({ digest: '' }), refusal: 'corrupt', corrupt: ['key1', [other]] },
  { answer: record({ digest: undefined }), refusal: 'corrupt', corrupt: ['key1', ['digest is missing or malformed']] },
  { answer: record({ expiresAt: new Date(NaN) }), refusal: 'corrupt', corrupt: ['key1', ['expiresAt is missing or malformed']] },
  { answer: record({ expiresAt: '2099-01-01T00:00:00Z' }), refusal: 'corrupt', corrupt: ['key1', ['expiresAt is missing or malformed']] },
  { answer: record({ scopes: null, id: 7 }), refusal: 'corrupt', corrupt: [7, ['id is missing or malformed', 'scopes is missing or malformed']] },
  { answer: record({ revokedAt: new Date() }), refusal: 'revoked' },
  { answer: record({ expiresAt: new Date(1) }), refusal: 'expired' }
]

t.test('whatever a store answers, only a good record of this very key is accepted', async (t) => {
  for (const { answer, refusal, corrupt } of answers) {
    for (const findByDigest of [() => answer, async () => answer]) {
      const { keys, verifier, told } = setUp({ store: { findByDigest } as KeyStore })
      const verification = await keys.verify(key)
      const title = `${JSON.stringify(answer)}: ${refusal ?? 'accepted'}`
      t.equal(verification.valid ? null : verification.reason, refusal, title)
      t.equal(verification.record === null, refusal === 'unknown' || refusal === 'corrupt')
      t.strictSame(told, corrupt === undefined ? [] : [['corrupt', ...corrupt]])
      t.equal(verifier.peek(key)!.refusal, refusal, 'and remembered')
    }
  }
})

t.test('what an accepted key opens is decided by the catalog, and the operator is told of scopes that grant nothing', async (t) => {
  const { verifier, told } = setUp({ store: { findByDigest: () => record({ scopes: ['apps:deploy', 'gone', 'soon'] }) } })
  const { key: known } = await verifier.verify(key) as Verdict & { refusal: null }
  t.strictSame(['apps:deploy', 'apps:read', 'hosts:read', 'full', 'soon', 'gone'].filter(name => known.grant.covers(name)), ['apps:deploy', 'apps:read'])
  t.strictSame(told, [['ineffective', 'key1', ['gone', 'soon']]])
  t.notMatch(JSON.stringify(known), digest)
})

t.test('a store that does not answer is unavailable after maxStaleness', async (t) => {
  const { keys, told } = setUp({ maxStaleness: 20, store: { findByDigest: () => new Promise(() => {}) } })
  const results = await Promise.allSettled([keys.verify(key), keys.verify(key)])
  for (const result of results) {
    t.match(result, { status: 'rejected', reason: { code: 'FST_API_KEY_STORE_UNAVAILABLE', cause: { message: 'the store did not answer in time' } } })
  }
  t.equal(told.length, 2)
})

t.test('with maxStaleness 0, every verification asks the store, which has a second to answer', async (t) => {
  let reads = 0
  const { keys, verifier } = setUp({ maxStaleness: 0, store: { findByDigest: async () => { reads++; return record() } } })
  for (let i = 1; i <= 3; i++) {
    t.equal(await refusalOf(keys, key), null)
    t.equal(verifier.peek(key), undefined)
    t.equal(reads, i)
  }
  const hanging = setUp({ maxStaleness: 0, store: { findByDigest: () => new Promise(() => {}) } })
  await t.rejects(hanging.keys.verify(key), StoreUnavailableError)
})

t.test('peppers are tried in their order, until one fits', async (t) => {
  const peppers = [3, 2, 1].map(version => ({ version, secret: `${version}`.repeat(32) }))
  const expected = peppers.map(pepper => digester([pepper], false).forNewKey(digest).digest)
  for (const [place, fitting] of [...expected, 'none'].entries()) {
    const asked: string[] = []
    const { keys } = setUp({ peppers, store: { findByDigest: async wanted => { asked.push(wanted); return wanted === fitting ? record({ digest: wanted }) : null } } })
    t.equal(await refusalOf(keys, key), place < 3 ? null : 'unknown')
    t.strictSame(asked, expected.slice(0, place + 1))
  }
  const asked: string[] = []
  const { keys } = setUp({ peppers, store: { findByDigest: async wanted => { asked.push(wanted); return record({ scopes: 1 }) } } })
  t.equal(await refusalOf(keys, key), 'corrupt', 'a corrupt record is the end of it')
  t.equal(asked.length, 1)
})

/* The secret */

t.test('the secret is in the answer of create and nowhere else', async (t) => {
  for (const peppers of [[], [{ version: 1, secret: 'p'.repeat(32) }]]) {
    const kept: unknown[] = []
    const memory = memoryStore()
    const store: KeyStore = { ...memory, async insert (key) { kept.push(key); await memory.insert(key) } }
    const { keys, verifier, told } = setUp({ store, peppers })
    const { key, record } = await keys.create({ name: 'n', ownerId: 'u1', scopes: ['full'], metadata: { a: 1 } })
    const shown = [
      record, kept, await keys.get(record.id), await keys.list(), await keys.verify(key), await verifier.verify(key), verifier.peek(key),
      await memory.list({ limit: 10 }), await keys.revoke(record.id), await keys.verify(key), await keys.verify(`${key}x`), told
    ]
    const secret = key.slice('acme_'.length)
    for (const part of [key, secret, secret.slice(8, 24)]) {
      const forms = [part, Buffer.from(part).toString('hex'), encodeURIComponent(part), ...base64Of(part)]
      for (const form of forms) t.notOk(JSON.stringify(shown).includes(form), form)
      t.ok(JSON.stringify({ key }).includes(part), 'it would be noticed')
    }
    const [stored] = await memory.list({ limit: 1 })
    const outside = [record, await keys.get(record.id), await keys.list(), await keys.verify(key), await verifier.verify(key)]
    t.notOk(JSON.stringify(outside).includes(stored!.digest), 'nor does any record show the digest')
  }
})

/** How a text looks in base64, wherever it begins in what is encoded. */
function base64Of (text: string): string[] {
  return [0, 1, 2].map(shift => Buffer.from(' '.repeat(shift) + text).toString('base64').slice(shift === 0 ? 0 : 4, -4))
}

t.test('the operator is told of a single scope that grants nothing, too', async (t) => {
  const { verifier, told } = setUp({ store: { findByDigest: () => record({ scopes: ['gone'] }) } })
  await verifier.verify(key)
  t.strictSame(told, [['ineffective', 'key1', ['gone']]])
})

t.test('a misspelt option of a call does not make it a trusted one', async (t) => {
  const { keys } = setUp()
  const options = { As: { id: 'u1', scopes: [] } } as object
  const calls: ReadonlyArray<readonly [call: () => Promise<unknown>, own?: string]> = [
    [() => keys.create({ name: 'n', scopes: ['full'] }, options)], [() => keys.get('x', options)], [() => keys.list({}, options)], [() => keys.update('x', {}, options)],
    [() => keys.rotate('x', options), 'gracePeriod, expiresAt, '], [() => keys.revoke('x', options), 'reason, '], [() => keys.revokeOwner('x', options), 'reason, '],
    [() => keys.purge({ olderThan: 'P1D' }, options)]
  ]
  for (const [call, own = ''] of calls) {
    await t.rejects(call(), { code: 'FST_API_KEY_INVALID_INPUT', message: `unknown call option "As"; there is { ${own}as, all, actor, request }` })
  }
  t.strictSame((await keys.list()).records, [])
})

t.test('errors are of the classes that the package exports', async (t) => {
  await t.rejects(setUp().keys.create({} as NewApiKey), InvalidInputError)
  await t.rejects(setUp().keys.create({ name: 'n', scopes: ['full'] }, { as: { id: 'u', scopes: [] } }), BeyondGrantError)
  await t.rejects(setUp({ store: { findByDigest: () => null } }).keys.list(), StoreIncapableError)
})

t.test('of very many wrong scopes the first are named, and the rest are counted', async (t) => {
  const { keys } = setUp()
  const scopes = Array.from({ length: 50_000 }, (_, i) => `clusters:raed${i}`)
  const error: Error = await keys.create({ name: 'n', scopes: scopes as never }).then(() => t.fail('it resolved') as never, error => error)
  t.match(error.message, /^50000 of the scopes cannot be granted, the first of them these; unknown scope "clusters:raed0"/)
  t.ok(error.message.length < 2000)
  await t.rejects(keys.create({ name: 'n', scopes: scopes.slice(0, 10) as never }), { message: /^(unknown scope "clusters:raed\d"(; )?){10}$/ }, 'ten are not too many')
})

t.test('a name that turns the direction of a text is refused', async (t) => {
  const { keys } = setUp()
  for (const name of ['a\u202Eb', 'a\u2028b', 'a\u2029b', 'a\u200Fb']) await t.rejects(keys.create({ name, scopes: [] }), { message: /^name must be/ })
})
