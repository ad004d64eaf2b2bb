import { createHash, randomBytes } from 'node:crypto'
import { setImmediate as nextTurn } from 'node:timers/promises'
import fc from 'fast-check'
import t from 'tap'
import { readDigest } from '../../lib/keys/digest-text.js'
import { digester, fingerprintOf } from '../../lib/keys/digest.js'
import { ForeignKeys, type ForeignKeyShape } from '../../lib/keys/foreign-keys.js'
import { generateKey } from '../../lib/keys/key-format.js'
import { KeyVerifier } from '../../lib/keys/verifier.js'
import { sampleKey } from '../../lib/testing/store-cases/store-case.js'
import { catalog, watched } from './set-up.js'

/* Digests as text */

const bytes = Buffer.from('fb30ffc9bc1c00000e8143e08dae2223b00361a396177a9cb410ff61f20015fb', 'hex')
const sha256 = (text: string) => createHash('sha256').update(text).digest()

t.test('a digest is read in every encoding that systems write it in', async (t) => {
  for (const text of formsOf(bytes)) t.equal(readDigest(text), bytes.toString('hex'), text)
})

t.test('any 32 bytes are read the same in every encoding', async () => {
  fc.assert(fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), array => {
    const some = Buffer.from(array)
    return formsOf(some).every(text => readDigest(text) === some.toString('hex'))
  }), { numRuns: 2000 })
})

t.test('what is no digest is not read', async (t) => {
  const hex = bytes.toString('hex')
  const base64 = bytes.toString('base64')
  const base64url = bytes.toString('base64url')
  const others: readonly unknown[] = [
    '', ' ', hex.slice(1), hex + '0', ` ${hex}`, `${hex}\n`, `0x${hex}`, `sha256:${hex}`, hex.replace('f', 'g'),
    base64 + '=', base64.slice(0, -2), base64.slice(0, -2) + '==', `${base64}\n`, base64url + '==', base64url.slice(1), base64url + 'A',
    // Both alphabets at once, and bits that stand for nothing.
    '-/' + base64.slice(2), '_+' + base64.slice(2), base64url.slice(0, -1) + 'v', base64url.slice(0, -1) + 'B',
    randomBytes(31).toString('base64'), randomBytes(33).toString('base64'), randomBytes(64).toString('hex'), sha256('').toString('latin1'),
    '\u017F'.repeat(64), '\uFF10'.repeat(64), generateKey('acmes'), 'pbkdf2_sha256$100000$salt$nJSAj17/1ejl1FP4UjLPHouiuTLCcNd3m0z85mwhW2g=',
    null, undefined, 7, true, bytes, [hex], { toString: () => hex }, Object(hex)
  ]
  for (const other of others) t.equal(readDigest(other), undefined, JSON.stringify(other))
})

t.test('100,000 digests with one fault are not read', async (t) => {
  let read = 0
  for (let i = 0; i < 100_000; i++) {
    const good = formsOf(randomBytes(32))[i % 6]!
    const at = i * 7 % good.length
    const broken = [good.slice(0, at) + good.slice(at + 1), `${good.slice(0, at)}*${good.slice(at + 1)}`, `${good.slice(0, at)} ${good.slice(at)}`, good + good[at]!][i % 4]!
    // Of a digest without padding, one with another padding is left.
    if (readDigest(broken) !== undefined && !formsOf(Buffer.from(broken, 'base64')).includes(broken)) read++
  }
  t.equal(read, 0)
})

function formsOf (digest: Buffer): string[] {
  const [hex, base64, base64url] = [digest.toString('hex'), digest.toString('base64'), digest.toString('base64url')]
  return [hex, hex.toUpperCase(), base64, base64.replace('=', ''), base64url, `${base64url}=`]
}

/* Shapes */

const told: string[] = []
const foreign = (...shapes: ForeignKeyShape[]) => new ForeignKeys(shapes, fault => { told.push(fault) })

t.test('a key of another system matches its shape as a whole', async (t) => {
  const table: ReadonlyArray<readonly [match: RegExp, yes: readonly string[], no: readonly string[]]> = [
    [/\d+\|\w{4}/, ['1|abcd', '12|ABCD'], ['|abcd', '1|abc', '1|abcde', ' 1|abcd', '1|abcd ', 'x1|abcd', '1|abcd\n', '']],
    [/^\d+\|\w{4}$/, ['1|abcd'], ['x1|abcd', '1|abcde', '1|abcd\n']],
    [/a|ab/, ['a', 'ab'], ['abc', 'b', 'ba']],
    [/^a|b$/, ['a', 'b'], ['ab', 'ax', 'xb']],
    [/(a)\1/, ['aa'], ['a', 'aaa']],
    [/key_[a-z]+/i, ['KEY_A', 'key_a'], ['key_1']],
    [/(?<=x)a/, [], ['a', 'xa']],
    [/a$/m, ['a'], ['a\nb', 'b\na']],
    [/.+/s, ['a', '~!', 'x'.repeat(1024)], ['a b', 'a\tb', 'a\nb', 'a\0', '\x7F', '\xE4', '\u{1F511}', 'x'.repeat(1025)]],
    [/[\s\S]*/, ['a'], ['', ' ']],
    [/\p{L}+/u, ['a'], ['\xE4', '1']],
    [/(?:)/, [], ['', 'a']]
  ]
  for (const [match, yes, no] of table) {
    for (const flags of [match.flags, `${match.flags}g`, `${match.flags}y`, `${match.flags}gy`]) {
      const keys = foreign({ match: new RegExp(match.source, flags) })
      // Twice, for a RegExp with state finds every second time.
      for (const key of [...yes, ...yes]) t.ok(keys.matches(key) && keys.fingerprintOf(key) !== null, `/${match.source}/${flags} ${key.slice(0, 20)}`)
      for (const key of [...no, ...no]) t.notOk(keys.matches(key) || keys.fingerprintOf(key) !== null, `not /${match.source}/${flags} ${JSON.stringify(key.slice(0, 20))}`)
    }
  }
  t.equal(foreign().matches('a'), false)
})

t.test('the RegExp that was given is neither used nor changed', async (t) => {
  const match = Object.assign(/a/g, { lastIndex: 1 })
  const keys = foreign({ match })
  t.ok(keys.matches('a'))
  t.equal(match.lastIndex, 1)
  t.equal(match.flags, 'g')
})

t.test('a key is known by SHA-256 of the whole, or by what digest answers, in any encoding; the first shape that matches counts', async (t) => {
  const afterPipe = (key: string) => sha256(key.slice(key.indexOf('|') + 1))
  t.equal(foreign({ match: /\w+/ }).fingerprintOf('abc'), fingerprintOf('abc'))
  for (const form of [0, 1, 2, 3, 4, 5]) {
    t.equal(foreign({ match: /\d\|\w+/, digest: key => formsOf(afterPipe(key))[form]! }).fingerprintOf('1|abc'), fingerprintOf('abc'))
  }
  const two = foreign({ match: /a+/, digest: () => bytes.toString('hex') }, { match: /[ab]+/ })
  t.equal(two.fingerprintOf('aa'), bytes.toString('hex'))
  t.equal(two.fingerprintOf('ab'), fingerprintOf('ab'))
  t.strictSame(told, [])
})

t.test('a digest that fails refuses the key, and neither the key nor what was answered is told', async (t) => {
  const key = 'canary'
  const hex = fingerprintOf('x')
  const faults: ReadonlyArray<readonly [digest: (key: string) => unknown, key: string]> = [
    [() => { throw new Error(`cannot hash ${key}`) }, key],
    [() => { throw null }, key], // eslint-disable-line no-throw-literal
    [() => undefined, key],
    [() => null, key],
    [() => '', key],
    [() => key, key],
    [key => `sha256:${key}`, key],
    [() => bytes, key],
    [() => hex.slice(1), key],
    [() => ({ toString: () => hex }), key],
    [async () => hex, key],
    [async () => { throw new Error(key) }, key],
    [() => ({ then () { throw new Error(key) } }), key],
    [() => Object.defineProperty({}, 'then', { get () { throw new Error(key) } }), key],
    // Whoever has seen the other store has all digests.
    [key => key, hex],
    [key => key.toUpperCase(), hex],
    [() => Buffer.from(hex, 'hex').toString('base64'), hex]
  ]
  for (const [digest, given] of faults) {
    told.length = 0
    const keys = foreign({ match: /never/ }, { match: /\w+/, digest: digest as ForeignKeyShape['digest'] & {} })
    t.equal(keys.fingerprintOf(given), null)
    t.ok(keys.matches(given), 'it is a key all the same')
    t.equal(told.length, 1)
    t.match(told[0], /^foreignKeys\[1\]\.digest (threw an error|must answer a SHA-256 digest)/)
    t.notMatch(told[0], given)
  }
  // A rejection that nobody takes ends the process after this turn.
  await nextTurn()
  told.length = 0
})

/* Verdicts */

const PREFIXES = ['acme', 'my_company']

function verifierOf (shapes: readonly ForeignKeyShape[]) {
  const { store, memory, calls } = watched()
  const faults: string[] = []
  const verifier = new KeyVerifier({
    catalog,
    store,
    prefixes: PREFIXES,
    foreignKeys: new ForeignKeys(shapes, fault => { faults.push(fault) }),
    digester: digester([], false),
    maxStaleness: 60_000,
    ownerScopes: undefined,
    trouble: { failed (error) { throw error }, corrupt () { throw new Error('corrupt') }, ineffective () { throw new Error('ineffective') }, forgot () { throw new Error('forgot') } }
  })
  const plant = async (fingerprint: string) => { await memory.insert(sampleKey({ id: fingerprint, digest: fingerprint, ...USABLE })) }
  return { verifier, calls, faults, plant }
}

const USABLE = { scopes: ['full'], expiresAt: null, revokedAt: null, disabledAt: null }

t.test('many texts of one foreign key cost one read, and its fingerprint opens nothing', async (t) => {
  const { verifier, calls, plant } = verifierOf([{ match: /\d+\|\w+/, digest: key => fingerprintOf(key.split('|')[1]!) }])
  const fingerprint = fingerprintOf('secret')
  await plant(fingerprint)
  for (let i = 0; i < 100; i++) t.equal((await verifier.verify(`${i}|secret`)).refusal, null)
  t.equal(calls.findByDigest, 1)
  t.equal(verifier.peek('100|secret')?.refusal, null, 'not even for a new one')
  for (const text of [fingerprint, 'secret']) t.same([verifier.known(text), verifier.peek(text)?.refusal], [undefined, 'malformed'])
})

t.test('claims, peek and verify agree on what is a key, whosever it is', async (t) => {
  const { verifier, calls, plant } = verifierOf([{ match: /\d+\|\w+/, digest: key => fingerprintOf(key.split('|')[1]!) }, { match: /acme_\w{8}_\w{24}/ }])
  const own = generateKey('acme')
  const seam = 'acme_6e9z7Xik_B83FKcK3ucocCjy4C4PBqrsn'
  for (const fingerprint of [own, seam, 'secret'].map(fingerprintOf)) await plant(fingerprint)

  const table: ReadonlyArray<readonly [credential: string, isKey: boolean, refusal: string | null]> = [
    [own, true, null],
    [seam, true, null],
    ['1|secret', true, null],
    ['2|secret', true, null],
    ['1|wrong', true, 'unknown'],
    [generateKey('my_company'), true, 'unknown'],
    // Our prefix, and neither our checksum nor a shape.
    [`${own.slice(0, -1)}*`, true, 'malformed'],
    ['acme_', true, 'malformed'],
    ['secret', false, 'malformed'],
    ['1|', false, 'malformed'],
    ['x1|secret', false, 'malformed'],
    [`1|${'s'.repeat(1023)}`, false, 'malformed'],
    ['eyJhbGciOiJIUzI1NiJ9.e30.ZRrHA1JJJW8opsbCGfG_HACGpVUMN_a9IV7pAx_Zmeo', false, 'malformed']
  ]
  for (const [credential, isKey, refusal] of table) {
    const before = calls.findByDigest ?? 0
    t.equal(verifier.claims(credential), isKey, `${credential.slice(0, 30)} ${isKey ? 'is' : 'is no'} key`)
    if (refusal === 'malformed') t.strictSame(verifier.peek(credential), { key: null, refusal }, credential.slice(0, 30))
    const verdict = await verifier.verify(credential)
    t.equal(verdict.refusal, refusal, credential.slice(0, 30))
    t.strictSame(verifier.peek(credential), verdict)
    t.ok((calls.findByDigest ?? 0) - before <= (refusal === 'malformed' ? 0 : 1), 'the store is asked once at most')
  }
})

t.test('our own keys are never shown to the shapes of others', async (t) => {
  const { verifier, plant } = verifierOf([{ match: /.+/, digest: () => { throw new Error('asked') } }])
  const own = generateKey('acme')
  await plant(fingerprintOf(own))
  t.equal((await verifier.verify(own)).refusal, null)
  t.equal(verifier.peek(own)?.refusal, null)
  t.ok(verifier.claims(own))
})

t.test('a digest that fails is a refusal, and not the store is asked', async (t) => {
  const { verifier, calls, faults } = verifierOf([{ match: /\w+/, digest: () => 'no digest' }])
  t.strictSame(await verifier.verify('abc'), { key: null, refusal: 'malformed' })
  t.strictSame(verifier.peek('abc'), { key: null, refusal: 'malformed' })
  t.ok(verifier.claims('abc'))
  t.equal(calls.findByDigest, undefined)
  t.equal(faults.length, 2)
})

t.test('any text gets one verdict from peek and verify, whatever the shapes', async () => {
  const { verifier } = verifierOf([{ match: /\d*\|[ab]+/g }, { match: /[a-c]{2}/y, digest: key => key === 'cc' ? '' : fingerprintOf(key) }])
  await fc.assert(fc.asyncProperty(fc.string({ unit: fc.constantFrom(...'abc01|_ \n\xE4') }), async text => {
    const isForeign = /^(?:\d*\|[ab]+|[a-c]{2})$/.test(text)
    const { refusal } = await verifier.verify(text)
    return verifier.claims(text) === isForeign && verifier.isForeignKey(text) === isForeign && verifier.peek(text)?.refusal === refusal &&
      refusal === (isForeign && text !== 'cc' ? 'unknown' : 'malformed')
  }), { numRuns: 2000 })
})
