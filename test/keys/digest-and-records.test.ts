// The mutations run MUTATIONS times (default 20,000).
// In full: MUTATIONS=1000000 npx tap --timeout=0 test/keys/digest-and-records.test.ts
import crypto, { createHash, createHmac } from 'node:crypto'
import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import t from 'tap'
import { digester, fingerprintOf, sha256By, type Pepper } from '../../lib/keys/digest.js'
import { generateKey } from '../../lib/keys/key-format.js'
import { isCorrupt, readStoredKey, recordOf, refusalOf, type KnownKey } from '../../lib/keys/known-key.js'
import type { ApiKeyRecord, StoredKey } from '../../lib/keys/record.js'
import { KeyVerifier, type Verdict } from '../../lib/keys/verifier.js'
import { defineScopes } from '../../lib/scopes/catalog.js'
import { memoryStore } from '../../lib/stores/memory.js'
import { grantResolver } from '../../lib/keys/grants.js'

const MUTATIONS = Number(process.env.MUTATIONS ?? 20_000)

const catalog = defineScopes({ full: { includes: '*' }, 'a:read': '', 'a:write': '' })
const newer: Pepper = { version: 2, secret: 'p'.repeat(40) }
const older: Pepper = { version: 1, secret: Uint8Array.from({ length: 32 }, (_, i) => i) }

/* Digests */

t.test('a fingerprint is SHA-256 in lower-case hexadecimal', async (t) => {
  t.equal(fingerprintOf('abc'), 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad', 'the vector of FIPS 180-2')
  t.equal(fingerprintOf(''), 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855')
})

t.test('it is the same where Node has no hash in one call', async () => {
  const [older, newer] = [sha256By(undefined), sha256By(crypto.hash)]
  fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 200 }), text => older(text) === newer(text)))
})

t.test('without a pepper the digest is the fingerprint', async (t) => {
  const fingerprint = fingerprintOf('abc')
  for (const allowUnpeppered of [false, true]) {
    const { forNewKey, candidates } = digester([], allowUnpeppered)
    t.strictSame(forNewKey(fingerprint), { digest: fingerprint, pepperVersion: 0 })
    t.equal(candidates(fingerprint)[0], fingerprint)
  }
})

t.test('with a pepper the digest is the HMAC of the 32 bytes of SHA-256', async (t) => {
  const raw = createHash('sha256').update('abc').digest()
  for (const pepper of [older, newer]) {
    const expected = createHmac('sha256', pepper.secret).update(raw).digest('hex')
    const { forNewKey, candidates } = digester([pepper], false)
    t.strictSame(forNewKey(fingerprintOf('abc')), { digest: expected, pepperVersion: pepper.version })
    t.strictSame(candidates(fingerprintOf('abc')), [expected])
  }
  // Computed with Python's hmac and hashlib.
  t.equal(digester([{ version: 1, secret: 'Jefe' }], false).forNewKey(fingerprintOf('abc')).digest, '232c2669cb503fb8cdcb22ab38171d82809faa9dd6ad5b92eab1ae43616b9924')
})

t.test('new keys get the newest pepper; keys of older ones, and where allowed of none, are still found', async (t) => {
  const fingerprint = fingerprintOf('abc')
  const made = (pepper: Pepper) => digester([pepper], false).forNewKey(fingerprint).digest
  t.strictSame(digester([newer, older], false).candidates(fingerprint), [made(newer), made(older)])
  t.strictSame(digester([newer, older], true).candidates(fingerprint), [made(newer), made(older), fingerprint])
  t.strictSame(digester([newer, older], true).forNewKey(fingerprint), { digest: made(newer), pepperVersion: 2 })
})

// Under which peppers a record was made, and with which it is looked for.
const peppers: ReadonlyArray<{ made: Pepper[], asked: Pepper[], allowUnpeppered?: boolean, valid: boolean }> = [
  { made: [], asked: [], valid: true },
  { made: [older], asked: [older], valid: true },
  { made: [older], asked: [newer, older], valid: true },
  { made: [newer, older], asked: [newer], valid: true },
  { made: [newer, older], asked: [older], valid: false },
  { made: [older], asked: [], valid: false },
  { made: [older], asked: [newer], valid: false },
  { made: [older], asked: [newer], allowUnpeppered: true, valid: false },
  { made: [], asked: [newer], valid: false },
  { made: [], asked: [newer], allowUnpeppered: true, valid: true },
  { made: [older], asked: [{ ...older, secret: Buffer.from(older.secret) }], valid: true },
  { made: [older], asked: [{ version: 1, secret: 'x'.repeat(32) }], valid: false }
]

t.test('a stolen store verifies nothing without the pepper, and peppers can be rotated', async (t) => {
  for (const { made, asked, allowUnpeppered = false, valid } of peppers) {
    const store = memoryStore()
    const keys = Array.from({ length: 20 }, () => generateKey('acme'))
    for (const [i, key] of keys.entries()) {
      await store.insert({ ...goodRecord(), id: `key ${i}`, ...digester(made, false).forNewKey(fingerprintOf(key)) })
    }
    const verifier = new KeyVerifier({
      catalog,
      store,
      prefixes: ['acme'],
      digester: digester(asked, allowUnpeppered),
      maxStaleness: 1000,
      trouble: { failed (error) { throw error }, corrupt () { throw new Error('corrupt') }, ineffective () { throw new Error('ineffective') }, forgot () { throw new Error('forgot') } }
    })
    const verdicts: Verdict[] = []
    for (const key of keys) verdicts.push(await verifier.verify(key))
    const title = `made with ${JSON.stringify(made.map(p => p.version))}, asked with ${JSON.stringify(asked.map(p => p.version))}`
    t.ok(verdicts.every(({ refusal }) => refusal === (valid ? null : 'unknown')), title)
  }
})

/* Records */

function goodRecord (): StoredKey {
  return {
    id: 'key1',
    digest: 'd'.repeat(64),
    name: 'ci',
    ownerId: 'u1',
    start: 'acme_abcd',
    scopes: ['a:read'],
    createdAt: new Date('2025-01-01T00:00:00Z'),
    expiresAt: new Date('2030-01-01T00:00:00Z'),
    revokedAt: null,
    revokedReason: null,
    disabledAt: null,
    lastUsedAt: new Date('2025-01-02T00:00:00Z'),
    metadata: { team: { names: ['x', { y: 1 }] } },
    rotatedFrom: 'key0',
    pepperVersion: 2
  }
}

const DURING = Date.parse('2026-01-01T00:00:00Z')

const read = (stored: unknown) => readStoredKey(stored, scopes => catalog.grant(scopes))

function readWell (stored: unknown): KnownKey {
  const key = read(stored)
  if (isCorrupt(key)) throw new Error(key.corrupt.join(', '))
  return key
}

t.test('a record has exactly its fields, without the digest and whatever else the store has', async (t) => {
  const { digest, ...fields } = goodRecord()
  const stored = { ...goodRecord(), secret: 's', extra: 1 }
  t.strictSame(readWell(stored).record, fields)
  t.strictSame(recordOf(stored), fields)
  t.notMatch(JSON.stringify(readWell(stored)), digest)
})

t.test('a record is frozen to its depth, and a copy', async (t) => {
  const stored = goodRecord()
  const { record } = readWell(stored)
  const { team } = record.metadata as { team: { names: unknown[] } }
  for (const part of [record, record.scopes, record.metadata, team, team.names, team.names[1]]) t.ok(Object.isFrozen(part))
  const changing = stored as unknown as { scopes: string[], metadata: { team: unknown }, createdAt: Date }
  changing.scopes.push('a:write')
  changing.metadata.team = 'x'
  changing.createdAt.setFullYear(1999)
  t.strictSame(record, recordOf(goodRecord()))
})

t.test('metadata may have names that every object has', async (t) => {
  const metadata = JSON.parse('{"__proto__":{"a":1},"constructor":"c","toString":null}')
  const { record } = readWell({ ...goodRecord(), metadata })
  t.equal(JSON.stringify(record.metadata), '{"__proto__":{"a":1},"constructor":"c","toString":null}')
  t.equal((record.metadata as { a?: unknown }).a, undefined)
})

t.test('changing the dates of a record does not revive its key, not even in a store that keeps the very objects', async (t) => {
  const kept = { ...goodRecord(), expiresAt: new Date('2025-06-01T00:00:00Z') }
  const first = readWell(kept)
  t.equal(refusalOf(first, DURING), 'expired')
  first.record.expiresAt!.setFullYear(2099)
  t.equal(refusalOf(first, DURING), 'expired')
  t.equal(refusalOf(readWell(kept), DURING), 'expired')

  const revoked = { ...goodRecord(), revokedAt: new Date(0) }
  readWell(revoked).record.revokedAt!.setTime(NaN)
  t.equal(refusalOf(readWell(revoked), DURING), 'revoked')
})

const at = (time: number) => new Date(time)

// At the time 1000.
const states: ReadonlyArray<{ fields: Partial<ApiKeyRecord>, now: number, refusal: string | null }> = [
  { fields: { expiresAt: null }, now: 1000, refusal: null },
  { fields: { expiresAt: at(1000) }, now: 999, refusal: null },
  { fields: { expiresAt: at(1000) }, now: 1000, refusal: 'expired' },
  { fields: { expiresAt: at(1000) }, now: 1001, refusal: 'expired' },
  { fields: { expiresAt: at(1000) }, now: NaN, refusal: 'expired' },
  { fields: { expiresAt: null }, now: Number.MAX_SAFE_INTEGER, refusal: null },
  { fields: { expiresAt: null, revokedAt: at(1) }, now: 1000, refusal: 'revoked' },
  { fields: { expiresAt: null, revokedAt: at(2000) }, now: 1000, refusal: 'revoked' },
  { fields: { expiresAt: null, disabledAt: at(1) }, now: 1000, refusal: 'disabled' },
  { fields: { expiresAt: null, disabledAt: at(2000) }, now: 1000, refusal: 'disabled' },
  { fields: { expiresAt: null, disabledAt: at(1), revokedAt: at(2) }, now: 1000, refusal: 'revoked' },
  { fields: { expiresAt: at(5), revokedAt: at(2) }, now: 1000, refusal: 'revoked' },
  { fields: { expiresAt: at(5), disabledAt: at(2) }, now: 1000, refusal: 'disabled' }
]

t.test('a key is refused from the very moment at which it expires, and once it is revoked or disabled', async (t) => {
  for (const { fields, now, refusal } of states) {
    t.equal(refusalOf(readWell({ ...goodRecord(), ...fields }), now), refusal, `${JSON.stringify(fields)} at ${now}`)
  }
})

const noDates = [undefined, NaN, 0, 1893456000000, '2030-01-01T00:00:00Z', '', new Date(NaN), {}, true, { getTime: () => 9e15 }]
const noStrings = [undefined, 1, {}, [], true]

// Every field, with values that it cannot have.
const malformed: ReadonlyArray<readonly [keyof StoredKey, readonly unknown[]]> = [
  ['id', [...noStrings, null, '']],
  ['digest', [...noStrings, null]],
  ['name', [...noStrings, null]],
  ['ownerId', noStrings],
  ['start', [...noStrings, null]],
  // eslint-disable-next-line no-sparse-arrays
  ['scopes', [undefined, null, 'a:read', {}, [1], ['a:read', null], [['a:read']], [, 'a:read'], new Set(['a:read']), '["a:read"]', { length: 0 }]],
  ['createdAt', [...noDates, null]],
  ['expiresAt', noDates],
  ['revokedAt', noDates],
  ['revokedReason', [1, true, {}, ['why'], new Date()]],
  ['disabledAt', noDates],
  ['lastUsedAt', noDates],
  ['metadata', [undefined, null, '{}', [], 1, new Date(), new Map()]],
  ['rotatedFrom', noStrings],
  ['pepperVersion', [undefined, null, '1', NaN, 1.5, {}]]
]

t.test('a record with a field that is missing or malformed is corrupt', async (t) => {
  t.strictSame(malformed.map(([field]) => field).sort(), Object.keys(goodRecord()).sort(), 'every field is tried')
  for (const [field, values] of malformed) {
    for (const value of values) {
      t.strictSame(read({ ...goodRecord(), [field]: value }), { corrupt: [`${field} is missing or malformed`] }, `${field}: ${JSON.stringify(value)}`)
    }
    const { [field]: _, ...rest } = goodRecord()
    if (field === 'revokedReason') t.equal(readWell(rest as StoredKey).record.revokedReason, null, 'a store need not keep it')
    else t.strictSame(read(rest), { corrupt: [`${field} is missing or malformed`] })
  }
  t.strictSame(read({ ...goodRecord(), scopes: null, expiresAt: NaN }), { corrupt: ['scopes is missing or malformed', 'expiresAt is missing or malformed'] })
  for (const nothing of [null, undefined, 'x', 1, true]) t.strictSame(read(nothing), { corrupt: ['the record is no object'] })
  t.equal((read([]) as { corrupt: string[] }).corrupt.length, malformed.length - 1)
})

t.test('records of another realm, such as Jest gives its tests, are as good as others', async (t) => {
  const foreign = runInNewContext('({ metadata: { a: [1] }, scopes: ["a:read"], createdAt: new Date(5), expiresAt: new Date(1000) })') as StoredKey
  const key = readWell({ ...goodRecord(), ...foreign })
  t.equal(refusalOf(key, 999), null)
  t.equal(refusalOf(key, 1000), 'expired')
  t.ok(key.record.createdAt instanceof Date)
  t.strictSame(read({ ...goodRecord(), expiresAt: runInNewContext('new Date(NaN)') }), { corrupt: ['expiresAt is missing or malformed'] })
})

t.test('however a record is damaged, no key comes of it that may do more or longer', async (t) => {
  const junk = fc.oneof(
    fc.anything({ withDate: true, withNullPrototype: true, withSparseArray: true, withBigInt: true }),
    fc.constantFrom<unknown>(null, undefined, NaN, '', 'null', '[]', new Date(NaN), '2099-01-01', 4e12, [null], [NaN], ['full', 7], [['full']], { 0: 'full', length: 1 })
  )
  const field = fc.constantFrom(...Object.keys(goodRecord()))
  let corrupt = 0
  fc.assert(fc.property(fc.array(fc.tuple(field, junk), { minLength: 1, maxLength: 2 }), (damages) => {
    const stored: Record<string, unknown> = { ...goodRecord() }
    for (const [name, value] of damages) stored[name] = value
    const key = read(stored)
    if (isCorrupt(key)) {
      corrupt++
      return key.corrupt.length > 0
    }
    // What passes says what the record says, to the letter. (A valid list of scopes or a valid date is no damage.)
    const { scopes, expiresAt } = stored as unknown as StoredKey
    const open = new Set(scopes.includes('full') ? ['full', 'a:read', 'a:write'] : scopes)
    return ['full', 'a:read', 'a:write'].every(scope => key.grant.covers(scope) === open.has(scope)) &&
      [DURING, 0, 4e12].every(now => (refusalOf(key, now) === null) ===
        (stored.revokedAt === null && stored.disabledAt === null && (expiresAt === null || now < expiresAt.getTime())))
  }), { numRuns: MUTATIONS })
  t.ok(corrupt > MUTATIONS / 2, `${corrupt} of ${MUTATIONS} were corrupt`)
})

t.test('a record that was cut off in the middle of its JSON is corrupt', async (t) => {
  const json = JSON.stringify(goodRecord())
  const revive = (text: string): unknown => JSON.parse(text, (name, value) => name.endsWith('At') && value !== null ? new Date(value) : value)
  t.notOk(isCorrupt(read(revive(json))))
  for (const [field] of malformed) {
    const cut = json.slice(0, json.indexOf(`"${field}"`)).replace(/,$/, '')
    t.ok(isCorrupt(read(revive(`${cut}}`))), `cut off before ${field}`)
  }
})

t.test('equal lists of scopes share one grant, and no list passes for another', async (t) => {
  const resolve = grantResolver(defineScopes({ a: '', b: '', 'a,b': '' }))
  t.equal(resolve(['a', 'b']), resolve(['a', 'b']))
  for (const other of [['a b'], ['a,b'], ['a","b'], ['b'], [], ['a', 'c']]) t.equal(resolve(['a', 'b']).covers('a') && resolve(other).covers('a') && resolve(other).covers('b'), false, JSON.stringify(other))
  t.strictSame(resolve(['b', 'a']).names, ['b', 'a'], 'in the order in which they were named')
})
