// How keys of other systems are taken over. What those systems store is in import-recipes.test.ts.
import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import t from 'tap'
import type { ImportedKey } from '../../lib/index.js'
import { readDigest } from '../../lib/keys/digest-text.js'
import { digester, fingerprintOf, type Pepper } from '../../lib/keys/digest.js'
import { generateKey } from '../../lib/keys/key-format.js'
import type { Keyring } from '../../lib/keys/keyring.js'
import type { KeyStore } from '../../lib/keys/store.js'
import { defineScopes, type Catalog } from '../../lib/scopes/catalog.js'
import { memoryStore } from '../../lib/stores/memory.js'
import { badFields } from './bad-fields.js'
import { entries, refusalOf, setUp, watched } from './set-up.js'

const everything = async (store: KeyStore) => JSON.stringify(await store.list!({ limit: 1000 }))

/** An entry for a key of our own form, which therefore works. */
function entry (fields: Record<string, unknown> = {}) {
  const key = generateKey('acme')
  return { key, input: { digest: fingerprintOf(key), name: 'imported', scopes: ['apps:deploy'], ...fields } as ImportedKey }
}
const inputs = (count: number) => Array.from({ length: count }, () => entry().input)

/** Tries an import that must be refused, and answers the message. */
async function refusal (keys: Keyring, list: unknown, options?: Parameters<Keyring['import']>[1]): Promise<string> {
  try {
    await keys.import(list as ImportedKey[], options)
  } catch (error) {
    return (error as Error).message
  }
  return 'no error'
}

t.test('a key is imported with all that is known of it, and works', async (t) => {
  const { keys, store, told, events } = setUp()
  const before = Date.now()
  const full = entry({
    ownerId: 'u1',
    expiresAt: '2099-01-31T12:00:00Z',
    metadata: { plan: 'pro' },
    start: 'acme_7Hq2',
    createdAt: '2024-01-31T13:00:00+01:00',
    lastUsedAt: new Date('2025-06-01T00:00:00Z')
  })
  const least = entry()
  const { imported, existing } = await keys.import([full.input, least.input], { actor: 'migration' })
  t.strictSame(existing, [])
  const [first, second] = imported
  const { id, createdAt, ...rest } = second!
  const plain = {
    name: 'imported',
    ownerId: null,
    start: '',
    scopes: ['apps:deploy'],
    expiresAt: null,
    revokedAt: null,
    revokedReason: null,
    disabledAt: null,
    lastUsedAt: null,
    metadata: {},
    rotatedFrom: null,
    pepperVersion: 0
  }
  t.strictSame(rest, plain)
  t.strictSame(first, {
    ...plain,
    id: first!.id,
    ownerId: 'u1',
    start: 'acme_7Hq2',
    createdAt: new Date('2024-01-31T12:00:00Z'),
    expiresAt: new Date('2099-01-31T12:00:00Z'),
    lastUsedAt: new Date('2025-06-01T00:00:00Z'),
    metadata: { plan: 'pro' }
  })
  t.ok(createdAt.getTime() >= before && createdAt.getTime() <= Date.now())
  t.match(id, /^[0-9a-f-]{36}$/)
  t.not(id, first!.id)
  t.ok(Object.isFrozen(first))

  t.strictSame(await keys.verify(full.key), { valid: true, record: first })
  t.strictSame(await keys.verify(least.key), { valid: true, record: second })
  t.strictSame((await store.findByDigest(full.input.digest))!.id, first!.id)
  t.strictSame(events.map(({ action, outcome, actor, keyId, ownerId, scopes }) => ({ action, outcome, actor, keyId, ownerId, scopes })), [
    { action: 'import', outcome: 'done', actor: { type: 'code', id: 'migration' }, keyId: first!.id, ownerId: 'u1', scopes: ['apps:deploy'] },
    { action: 'import', outcome: 'done', actor: { type: 'code', id: 'migration' }, keyId: id, ownerId: null, scopes: ['apps:deploy'] }
  ])
  t.strictSame(told, [])
})

t.test('an imported key can be rotated, revoked and listed as any other', async (t) => {
  const { keys } = setUp()
  const { key, input } = entry({ ownerId: 'u1', createdAt: '2020-01-01T00:00:00Z' })
  const made = await keys.create({ name: 'made here', ownerId: 'u1', scopes: [] })
  const { imported: [record] } = await keys.import([input])
  t.strictSame((await keys.list({ ownerId: 'u1' })).records.map(({ id }) => id), [made.record.id, record!.id], 'by when it was created')
  const successor = await keys.rotate(record!.id, { gracePeriod: 'PT0S' })
  t.equal(await refusalOf(keys, key), 'expired')
  t.match(successor!.key, /^acme_\w{38}$/)
  t.equal(await refusalOf(keys, successor!.key), null)
  await keys.revoke(successor!.record.id)
  t.equal(await refusalOf(keys, successor!.key), 'revoked')
})

t.test('a disabled key is refused until it is enabled', async (t) => {
  const { keys } = setUp()
  const { key, input } = entry({ disabled: true })
  const { imported: [record] } = await keys.import([input])
  t.ok(record!.disabledAt !== null)
  t.equal(await refusalOf(keys, key), 'disabled')
  await keys.update(record!.id, { disabled: false })
  t.equal(await refusalOf(keys, key), null)
})

t.test('scopes left out are the default grant; null and undefined are what they are for a new key', async (t) => {
  const { keys } = setUp({ catalog: defineScopes(entries, { defaultGrant: ['full'] }) as Catalog })
  const absent = { scopes: undefined, ownerId: undefined, expiresAt: undefined, metadata: undefined, start: undefined, createdAt: undefined, lastUsedAt: undefined, disabled: undefined }
  const { imported } = await keys.import([entry(absent).input, entry({ ...absent, ownerId: null, expiresAt: null, lastUsedAt: null, scopes: [] }).input])
  t.strictSame(imported.map(({ scopes, ownerId, expiresAt, lastUsedAt }) => [scopes, ownerId, expiresAt, lastUsedAt]), [[['full'], null, null, null], [[], null, null, null]])
  t.equal(await refusal(setUp().keys, [entry({ scopes: undefined }).input]), 'keys[0].scopes must be named: this API has no default grant (an empty list grants nothing)')
})

t.test('any 32 bytes are one record, in whatever encoding', async () => {
  await fc.assert(fc.asyncProperty(fc.uint8Array({ minLength: 32, maxLength: 32 }), async array => {
    const { keys, store } = setUp()
    const bytes = Buffer.from(array)
    const hex = bytes.toString('hex')
    const forms = [hex, hex.toUpperCase(), bytes.toString('base64'), bytes.toString('base64').slice(0, 43), bytes.toString('base64url'), `${bytes.toString('base64url')}=`]
    const ids = new Set<string>()
    for (const digest of forms) {
      const { imported, existing } = await keys.import([{ digest, name: 'n', scopes: [] }])
      for (const { id } of [...imported, ...existing]) ids.add(id)
    }
    const [only, ...others] = await store.list!({ limit: 10 })
    return ids.size === 1 && others.length === 0 && only!.digest === hex
  }), { numRuns: 300 })
})

const date = 'must be a Date, or an ISO 8601 date and time with its zone, such as "2024-01-31T12:00:00Z", not'
const digest = 'digest must be a SHA-256 digest (32 bytes) in hexadecimal, base64url or base64'
const start = 'start must be a string of at most 32 characters without control characters'

/** One wrong field each, and what is said of it behind `keys[i]`. */
const badImports: ReadonlyArray<readonly [Record<string, unknown>, string]> = [
  [{ digest: undefined }, `.${digest}`],
  [{ digest: 7 }, `.${digest}`],
  [{ digest: '' }, `.${digest}`],
  [{ digest: 'acme_SomeKeyThatSomebodyHasPasted' }, `.${digest}`],
  [{ digest: '$2b$10$KIXnJ6qXzJYc8m0sYp1J0eE0zv5v0m0b0' }, `.${digest}`],
  [{ ownerId: '' }, '.ownerId must be a string of 1 to 255 characters, not ""'],
  [{ ownerId: 12 }, '.ownerId must be a string of 1 to 255 characters, not 12'],
  [{ expiresAt: 1_800_000_000 }, '.expiresAt must be a Date, an ISO 8601 date and time with its zone, such as "2030-01-31T12:00:00Z", or an ISO 8601 duration, such as "P90D", not 1800000000'],
  [{ expiresAt: '2020-01-01T00:00:00Z' }, '.expiresAt must be in the future, not 2020-01-01T00:00:00.000Z'],
  [{ start: null }, `.${start}`],
  [{ start: 7 }, `.${start}`],
  [{ start: 'x'.repeat(33) }, `.${start}`],
  [{ start: 'a\u001B[31m' }, `.${start}`],
  [{ createdAt: '2024-01-31 12:00:00' }, `.createdAt ${date} "2024-01-31 12:00:00"`],
  [{ createdAt: 1_700_000_000 }, `.createdAt ${date} 1700000000`],
  [{ createdAt: 'P1D' }, `.createdAt ${date} "P1D"`],
  [{ createdAt: new Date(NaN) }, `.createdAt ${date} Invalid Date`],
  [{ createdAt: '2099-01-31T12:00:00Z' }, '.createdAt must not be in the future, as 2099-01-31T12:00:00.000Z is'],
  [{ lastUsedAt: '2024-02-30T12:00:00Z' }, `.lastUsedAt ${date} "2024-02-30T12:00:00Z"`],
  [{ lastUsedAt: false }, `.lastUsedAt ${date} false`],
  [{ lastUsedAt: new Date('2099-01-31T12:00:00Z') }, '.lastUsedAt must not be in the future, as 2099-01-31T12:00:00.000Z is'],
  [{ disabled: 'no' }, '.disabled must be true or false, not "no"'],
  [{ disabled: 0 }, '.disabled must be true or false, not 0'],
  [{ hash: 'x' }, ': unknown field "hash"'],
  [{ scope: 'x' }, ': unknown field "scope" (did you mean "scopes"?)'],
  [JSON.parse('{"__proto__":1}'), ': unknown field "__proto__"'],
  // The fields that a new key has too. What is said of a scope does not begin with the field.
  ...badFields.map(([field, message]): [Record<string, unknown>, string] => {
    const [name = ''] = Object.keys(field)
    const [first = '', ...rest] = message.split('; ')
    const told = (fault: string) => fault.startsWith(`${name} `) ? `.${fault}` : `.${name}: ${fault}`
    return [field, [told(first), ...rest.map(fault => `keys[1]${told(fault)}`)].join('; ')]
  })
]

t.test('what is wrong is told with its place and its field, and nothing is changed', async (t) => {
  const { store, calls } = watched()
  const { keys, events } = setUp({ store })
  for (const [field, message] of badImports) {
    const input = Object.assign(Object.create(null), entry().input)
    for (const [name, value] of Object.entries(field)) Object.defineProperty(input, name, { value, enumerable: true })
    const told = await refusal(keys, [entry().input, input, entry().input])
    // A long value is shown in part.
    t.ok(told === `keys[1]${message}` || (message.endsWith('…') && told === `keys[1]${message}`), `${told} is keys[1]${message}`)
  }
  const fields = '{ digest, name, ownerId, scopes, expiresAt, metadata, start, createdAt, lastUsedAt, disabled }'
  const holes: unknown[] = []
  holes[1] = entry().input
  for (const list of [[null], [7], ['acme_key'], [[]], [new Map()], holes]) t.equal(await refusal(keys, list), `keys[0] must be an object ${fields}`)
  for (const list of [undefined, null, 'acme_key', {}, new Set(), entry().input, { length: 1 }]) {
    t.equal(await refusal(keys, list), 'expected a list of at most 100000 keys { digest, name, ownerId, scopes, ... }')
  }
  t.equal(await refusal(keys, Array.from({ length: 100_001 })), 'expected a list of at most 100000 keys { digest, name, ownerId, scopes, ... }')
  await t.rejects(keys.import([], { atomic: true } as never), { code: 'FST_API_KEY_INVALID_INPUT', message: /^unknown call option "atomic"/ })
  t.strictSame(await keys.import([]), { imported: [], existing: [] })
  t.strictSame(calls, {}, 'the store was not asked')
  t.strictSame(events, [])
})

t.test('an import is refused as a whole, with the first faults of many', async (t) => {
  const { keys, store } = setUp()
  const list: unknown[] = inputs(20)
  list[3] = { digest: 'x', name: '', scopes: ['ful'] }
  list[19] = { ...inputs(1)[0], name: 7 }
  t.equal(await refusal(keys, list), [
    `keys[3].${digest}`, 'keys[3].name must be a string of 1 to 200 characters without control characters, not ""', 'keys[3].scopes: unknown scope "ful" (did you mean "full"?)',
    'keys[19].name must be a string of 1 to 200 characters without control characters, not 7'
  ].join('; '))
  let read = 0
  const many = await refusal(keys, inputs(50_000).map(input => ({ ...input, get scopes () { return read++ < 0 ? [] : ['nothing:like:it'] } })))
  t.equal(read, 11, 'nobody need wait for the others')
  t.equal(many, Array.from({ length: 10 }, (_, i) => `keys[${i}].scopes: unknown scope "nothing:like:it"; `).join('') + 'and more, which will be told once these are put right')
  t.equal(await everything(store), '[]')
})

t.test('malformed digests are refused, one as well as 100,000', async (t) => {
  const { keys, store } = setUp()
  let accepted = 0
  for (let i = 0; i < 1000; i++) {
    const good = randomBytes(32).toString((['hex', 'base64', 'base64url'] as const)[i % 3])
    const at = i % good.length
    const told = await refusal(keys, [{ digest: `${good.slice(0, at)}*${good.slice(at + 1)}`, name: 'n', scopes: [] }])
    if (told !== `keys[0].${digest}`) accepted++
  }
  t.equal(accepted, 0)
  t.match(await refusal(keys, Array.from({ length: 100_000 }, () => ({ digest: randomBytes(31).toString('base64'), name: 'n', scopes: [] }))), /^keys\[0\]\.digest must be .+; and more, which/)
  t.equal(await everything(store), '[]')
})

t.test('neither a digest nor a key that stands in the wrong place is ever shown', async (t) => {
  const { keys, store } = setUp({ prefixes: ['acme', 'other'] })
  // With a prefix of four letters, a key looks like a digest in base64url once in four times.
  let key = generateKey('acme')
  while (readDigest(key) === undefined) key = generateKey('acme')
  const { input } = entry()
  const seen = [
    await refusal(keys, [key]),
    await refusal(keys, key),
    await refusal(keys, [{ ...input, digest: key }]),
    await refusal(keys, [{ ...input, digest: `${key} ` }]),
    await refusal(keys, [{ ...input, start: key }]),
    await refusal(keys, [{ ...input, start: input.digest }]),
    await refusal(keys, [input, { ...input }]),
    await refusal(keys, [{ ...input, digest: [key] }])
  ]
  t.equal(seen[2], 'keys[0].digest must be that of the key, not the key itself')
  t.equal(seen[6], 'keys[1].digest is that of keys[0], too')
  for (const message of seen) t.notOk(message === 'no error' || message.includes(key) || message.includes(input.digest) || message.includes(key.slice(5, 15)), message)
  t.equal(await everything(store), '[]')
})

t.test('the start must not be the whole of a short key', async (t) => {
  const { keys } = setUp()
  const short = '3ZFeSzZi4bAHLaADiPyJy7BN'
  const input = { digest: 'Af0t8Qg3G7oLwGHlkgMYIeloGL2dNBfcLxOLp3IDROY=', name: 'n', scopes: [] }
  t.equal(await refusal(keys, [{ ...input, start: short }]), 'keys[0].start must be the first characters of the key, not the whole of it')
  const { imported } = await keys.import([{ ...input, start: short.slice(0, 4) }])
  t.equal(imported[0]!.start, '3ZFe')
})

t.test('the same digest twice in a list is refused, however it is written', async (t) => {
  const { keys, store } = setUp()
  const [a, b] = [entry().input, entry().input]
  const again = { ...a, digest: Buffer.from(a.digest, 'hex').toString('base64'), name: 'the other' }
  t.equal(await refusal(keys, [a, b, again, b]), 'keys[2].digest is that of keys[0], too; keys[3].digest is that of keys[1], too')
  t.equal(await everything(store), '[]')
})

t.test('an import can be run again: what is there is left as it is', async (t) => {
  const { keys, store, events } = setUp()
  const list = inputs(5)
  const first = await keys.import(list.slice(0, 3))
  const [revoked, renamed] = first.imported
  await keys.revoke(revoked!.id)
  await keys.update(renamed!.id, { name: 'renamed', scopes: [] })
  const before = await everything(store)
  events.length = 0
  const again = await keys.import(list.slice(0, 3).map(input => ({ ...input, name: 'another name', scopes: ['full'] })))
  t.strictSame(again.imported, [])
  t.strictSame(again.existing, await Promise.all(first.imported.map(async ({ id }) => await keys.get(id))))
  t.equal(await everything(store), before)
  t.strictSame(events, [], 'nothing was done')

  const rest = await keys.import(list)
  t.strictSame([rest.imported.length, rest.existing.length], [2, 3])
  t.equal((await keys.list()).records.length, 5)
})

t.test('a key that was created here is there already', async (t) => {
  const { keys } = setUp()
  const { key, record } = await keys.create({ name: 'made here', scopes: [] })
  t.strictSame(await keys.import([{ digest: fingerprintOf(key), name: 'n', scopes: ['full'] }]), { imported: [], existing: [record] })
})

const [p1, p2]: [Pepper, Pepper] = [{ version: 1, secret: 'p'.repeat(32) }, { version: 2, secret: 'q'.repeat(32) }]

t.test('with a pepper the imported digest is peppered, and found again under an older one', async (t) => {
  const store = memoryStore()
  const { key, input } = entry()
  const { keys } = setUp({ store, peppers: [p1] })
  const { imported: [record] } = await keys.import([input])
  t.equal(record!.pepperVersion, 1)
  t.equal(await store.findByDigest(input.digest), null, 'what stands in the store is not what was imported')
  t.ok(await store.findByDigest(digester([p1], false).forNewKey(input.digest).digest))
  t.equal(await refusalOf(keys, key), null)

  const later = setUp({ store, peppers: [p2, p1] }).keys
  t.strictSame(await later.import([input]), { imported: [], existing: [record] })
  const { imported: [other] } = await later.import([entry().input])
  t.equal(other!.pepperVersion, 2)
})

t.test('the longest life of a key holds for imported ones', async (t) => {
  const { keys } = setUp({ maxKeyLifetime: 86_400_000 })
  const { imported: [record] } = await keys.import([entry({ createdAt: '2020-01-01T00:00:00Z' }).input])
  const left = record!.expiresAt!.getTime() - Date.now()
  t.ok(left > 86_000_000 && left <= 86_400_000)
  t.match(await refusal(keys, [entry({ expiresAt: null }).input]), /^keys\[0\]\.expiresAt must be .+ or earlier, not never/)
  t.match(await refusal(keys, [entry({ expiresAt: 'P2D' }).input]), /^keys\[0\]\.expiresAt must be .+ or earlier, not 2/)
})

t.test('for a user, keys are imported in that user\'s name, within what the user may give away', async (t) => {
  const { keys, store, events } = setUp({ grantable: () => ['apps:deploy'] })
  const as = { id: 'u1' }
  const { imported: [record] } = await keys.import([entry({ scopes: ['apps:read'] }).input], { as })
  t.equal(record!.ownerId, 'u1')
  const before = await everything(store)
  events.length = 0
  t.equal(await refusal(keys, [entry().input, entry({ ownerId: 'u2' }).input, entry({ ownerId: null }).input], { as }),
    'keys[1].ownerId cannot be chosen: it is that of the user who asks; keys[2].ownerId cannot be chosen: it is that of the user who asks')
  t.strictSame(events, [])
  await t.rejects(keys.import([entry({ ownerId: 'u1' }).input, entry({ scopes: ['full', 'hosts:read'] }).input], { as }), {
    statusCode: 403, code: 'FST_API_KEY_BEYOND_GRANT', message: 'You cannot give away scopes that you do not have: full, hosts:read'
  })
  t.match(events, [{ action: 'import', outcome: 'denied', actor: { type: 'user', id: 'u1' }, ownerId: 'u1', keyId: null, reason: 'beyondGrant', code: 'FST_API_KEY_BEYOND_GRANT' }])
  t.equal(events.length, 1)
  t.equal(await everything(store), before)
})

t.test('a key imports nothing beyond itself, nor for longer', async (t) => {
  const { keys } = setUp()
  const expiresAt = new Date(Date.now() + 3_600_000)
  const { record } = await keys.create({ name: 'k', ownerId: 'u1', scopes: ['apps:deploy'], expiresAt })
  const as = { type: 'apiKey', record } as const
  const { imported: [made] } = await keys.import([entry({ scopes: ['apps:read'] }).input], { as })
  t.strictSame([made!.ownerId, made!.expiresAt], ['u1', expiresAt])
  t.match(await refusal(keys, [entry({ scopes: ['full'] }).input], { as }), /^You cannot give away/)
  t.match(await refusal(keys, [entry({ expiresAt: 'P1D' }).input], { as }), /the key that makes it expires then$/)
})

t.test('a key of somebody else is not revealed, only that its digest is taken', async (t) => {
  const { keys, store } = setUp()
  const [theirs, mine, fresh] = [entry({ ownerId: 'u2' }).input, entry({ ownerId: 'u1' }).input, entry().input]
  await keys.import([theirs, mine])
  const before = await everything(store)
  const own = (input: ImportedKey) => ({ ...input, ownerId: 'u1' })
  t.equal(await refusal(keys, [fresh, own(mine), own(theirs)], { as: { id: 'u1' } }), 'keys[2].digest is taken')
  t.equal(await everything(store), before, 'and nothing is imported')
  const { existing } = await keys.import([mine], { as: { id: 'u1' } })
  t.equal(existing[0]!.ownerId, 'u1')
  // An administrator sees all keys.
  t.equal((await keys.import([own(theirs)], { as: { id: 'u1' }, all: true })).existing[0]!.ownerId, 'u2')
})

t.test('what is there and cannot be read is told to the operator, and not overwritten', async (t) => {
  const memory = memoryStore()
  const { input } = entry()
  const { keys, told } = setUp({ store: { ...memory, async findByDigest (digest) { return { ...(await memory.findByDigest(digest))!, scopes: null as never } } } })
  await memory.insert({ ...(await setUp().keys.import([input])).imported[0]!, digest: input.digest })
  t.equal(await refusal(keys, [input]), 'keys[0].digest is taken')
  t.match(told, [['corrupt', String, ['scopes is missing or malformed']]])
})

t.test('a store without insert cannot import; one whose misses are undefined can', async (t) => {
  const { findByDigest, ...rest } = memoryStore()
  await t.rejects(setUp({ store: { findByDigest } }).keys.import([]), { statusCode: 500, code: 'FST_API_KEY_STORE_INCAPABLE', message: /insert.+import/ })
  const { keys } = setUp({ store: { ...rest, findByDigest: async digest => await findByDigest(digest) ?? undefined as never } })
  t.equal((await keys.import(inputs(1))).imported.length, 1)
})

t.test('a store that fails in the middle: the error is told, and a second run completes', async (t) => {
  const memory = memoryStore()
  const failing = { at: 3, kept: false }
  const { keys, told, events } = setUp({
    store: {
      ...memory,
      async insert (key) {
        if (--failing.at === 0) {
          if (failing.kept) await memory.insert(key)
          throw new Error('connection lost')
        }
        await memory.insert(key)
      }
    }
  })
  const list = inputs(6)
  await t.rejects(keys.import(list), { statusCode: 503, code: 'FST_API_KEY_STORE_UNAVAILABLE', cause: { message: 'connection lost' } })
  t.equal(told.length, 1)
  t.equal(events.length, 2)
  // Now one that was kept, and only the answer was lost.
  Object.assign(failing, { at: 2, kept: true })
  await t.rejects(keys.import(list), { code: 'FST_API_KEY_STORE_UNAVAILABLE' })
  const { imported, existing } = await keys.import(list)
  t.strictSame([imported.length, existing.length], [2, 4])
  t.equal((await keys.list()).records.length, 6)
})

t.test('of two imports at the same time each key is imported by one, and is there already for the other', async (t) => {
  const store = memoryStore()
  const [one, other] = [setUp({ store }), setUp({ store })]
  const list = inputs(20)
  const results = await Promise.all([one.keys.import(list), other.keys.import(list)])
  t.equal(results[0].imported.length + results[1].imported.length, 20)
  for (const { imported, existing } of results) t.equal(new Set([...imported, ...existing].map(({ id }) => id)).size, 20)
  t.equal((await store.list({ limit: 100 })).length, 20)
  t.equal([...one.events, ...other.events].length, 20, 'told of once each')
})

t.test('a store that cannot be asked imports nothing', async (t) => {
  const memory = memoryStore()
  const { keys } = setUp({ store: { ...memory, async findByDigest () { throw new Error('down') } } })
  await t.rejects(keys.import(inputs(2)), { statusCode: 503, code: 'FST_API_KEY_STORE_UNAVAILABLE' })
  t.equal(await everything(memory), '[]')
})

t.test('a required audit sink is asked before each key; what it does not take is not imported', async (t) => {
  const taken: string[] = []
  const { keys, store } = setUp({
    audit: {
      required: true,
      sink ({ action, keyId }) {
        if (taken.length === 2) throw new Error('full')
        taken.push(`${action} ${keyId!}`)
      }
    }
  })
  await t.rejects(keys.import(inputs(4)), { statusCode: 503, code: 'FST_API_KEY_AUDIT_UNAVAILABLE' })
  const there = await store.list!({ limit: 10 })
  t.strictSame(taken.sort(), there.map(({ id }) => `import ${id}`).sort())
})

t.test('a key that was asked for before it was imported works at once', async (t) => {
  for (const kept of [false, true]) {
    const memory = memoryStore()
    const { keys } = setUp({ store: { ...memory, async insert (key) { await memory.insert(key); if (kept) throw new Error('answer lost') } } })
    const { key, input } = entry()
    t.equal(await refusalOf(keys, key), 'unknown')
    await keys.import([input]).catch(() => {})
    t.equal(await refusalOf(keys, key), null)
  }
})

t.test('100,000 keys are imported while others have their turn', async (t) => {
  const random = randomBytes(100_000 * 32)
  const list = Array.from({ length: 100_000 }, (_, i) => ({ digest: random.toString('base64url', i * 32, (i + 1) * 32), name: `key ${i}`, scopes: ['apps:deploy', 'hosts:read'] as never, start: 'old_' }))
  const { keys } = setUp()
  let turns = 0
  const counting = setInterval(() => { turns++ }, 1)
  const { imported } = await keys.import(list)
  clearInterval(counting)
  t.equal(imported.length, 100_000)
  t.ok(turns > 5, `${turns} turns of others`)
})
