// The statistics run on KEYS generated keys (default 200,000), the edits on EDITS edited keys (default 100,000).
// In full: KEYS=10000000 EDITS=1000000 npx tap --timeout=0 test/keys/key-format.test.ts
import { createCipheriv, randomBytes } from 'node:crypto'
import fc from 'fast-check'
import t from 'tap'
import { claimsToBeKey, generateKey, isKeyPrefix, isWellFormedKey, startOf } from '../../lib/keys/key-format.js'
import { anyText } from '../any-text.js'

const KEYS = Number(process.env.KEYS ?? 200_000)
const EDITS = Number(process.env.EDITS ?? 100_000)
const ALPHABET = [...'0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz']
const placeOf = new Map(ALPHABET.map((char, i) => [char, i]))
const RANDOM = 32
const CHECK = 6

/** CRC-32 as in the standard, bit by bit; shares nothing with lib. */
function crc (text: string): number {
  let rest = 0xFFFFFFFFn
  for (const byte of Buffer.from(text)) {
    rest ^= BigInt(byte)
    for (let i = 0; i < 8; i++) rest = (rest & 1n) === 1n ? (rest >> 1n) ^ 0xEDB88320n : rest >> 1n
  }
  return Number(rest ^ 0xFFFFFFFFn)
}

function base62 (value: number): string {
  return Array.from({ length: CHECK }, (_, i) => ALPHABET[Math.floor(value / 62 ** (CHECK - 1 - i)) % 62]).join('')
}

/** As many bytes as are wanted, the same in every run. */
function seededBytes (seed: string): (size: number) => Uint8Array {
  const stream = createCipheriv('aes-128-ctr', Buffer.from(seed.padEnd(16, '.')), Buffer.alloc(16))
  let pool = Buffer.alloc(0)
  let used = 0
  return (size) => {
    if (used + size > pool.length) [pool, used] = [stream.update(Buffer.alloc(1 << 20)), 0]
    used += size
    return pool.subarray(used - size, used)
  }
}

t.test('a key is its prefix, 32 random characters and a checksum of 6, with 190 random bits', async (t) => {
  for (const prefix of ['acme', 'sk_live', 'a', 'A1_b2_C3']) {
    const key = generateKey(prefix)
    t.match(key, new RegExp(`^${prefix}_[0-9A-Za-z]{${RANDOM + CHECK}}$`))
    t.equal(key.slice(-CHECK), base62(crc(key.slice(0, -CHECK))))
    t.ok(isWellFormedKey(key, [prefix]))
  }
  t.ok(RANDOM * Math.log2(ALPHABET.length) >= 190)
})

t.test('known keys have the checksums that another implementation gives', async (t) => {
  // CRC-32 by Python's zlib, in base 62 with six digits.
  const known = [
    ['acme_00000000000000000000000000000000', 0xBDFA1674, '3ThW3Y'],
    ['sk_live_0123456789ABCDEFGHIJKLMNOPQRSTUV', 0x74E15EEB, '28hqg7']
  ] as const
  for (const [text, sum, checksum] of known) {
    t.equal(crc(text), sum)
    t.equal(base62(sum), checksum)
    t.ok(isWellFormedKey(text + checksum, ['acme', 'sk_live']), text + checksum)
  }
  t.equal(crc('123456789'), 0xCBF43926, 'the check value that every description of CRC-32 gives')
})

t.test('random bytes become characters one by one, and those from 248 on are skipped', async (t) => {
  const given: Array<{ bytes: number[], random: string }> = [
    { bytes: Array.from({ length: 32 }, (_, i) => i), random: '0123456789ABCDEFGHIJKLMNOPQRSTUV' },
    { bytes: Array.from({ length: 32 }, (_, i) => 247 - i), random: 'zyxwvutsrqponmlkjihgfedcbaZYXWVU' },
    { bytes: [61, 62, 123, 124, 185, 186, 247, ...Array.from({ length: 25 }, () => 10)], random: `z0z0z0z${'A'.repeat(25)}` },
    { bytes: [248, 249, 250, 251, 252, 253, 254, 255, ...Array.from({ length: 32 }, () => 1)], random: '1'.repeat(32) },
    { bytes: Array.from({ length: 64 }, (_, i) => i % 2 === 0 ? 255 : i >> 1), random: '0123456789ABCDEFGHIJKLMNOPQRSTUV' }
  ]
  for (const { bytes, random } of given) {
    const left = [...bytes]
    const key = generateKey('acme', size => Uint8Array.from(left.splice(0, size)))
    t.equal(key, `acme_${random}${base62(crc(`acme_${random}`))}`)
    t.strictSame(left, [], 'it asks for no more than it needs')
  }
  t.match(generateKey('acme', () => new Uint8Array(100).fill(5)), /^acme_5{32}[0-9A-Za-z]{6}$/, 'too many bytes are left over')
})

t.test('generated keys differ, and every character is as likely as every other in every place', { timeout: 0 }, async (t) => {
  const bytes = seededBytes('characters')
  const counts = Array.from({ length: RANDOM }, () => new Uint32Array(128))
  const seen = new Float64Array(KEYS)
  for (let i = 0; i < KEYS; i++) {
    const random = generateKey('k', bytes).slice(2, 2 + RANDOM)
    for (let place = 0; place < RANDOM; place++) counts[place]![random.charCodeAt(place)]!++
    // The first nine characters as a number of 53 bits: should these be all different, so are the whole keys.
    seen[i] = [...random.slice(0, 8)].reduce((sum, char) => sum * 62 + placeOf.get(char)!, 0) * 41 + placeOf.get(random[8]!)! % 41
  }
  t.notOk(seen.sort().some((number, i) => number === seen[i + 1]), 'no two are the same')
  // With 61 degrees of freedom, a fair place exceeds 150 once in a billion times; bytes taken modulo 62 do with a few thousand keys.
  for (const [place, count] of counts.entries()) {
    t.ok(chiSquare(ALPHABET.map(char => count[char.charCodeAt(0)]!)) < 150, `place ${place}`)
  }
  t.equal(counts.flatMap(count => [...count]).filter(n => n > 0).length, RANDOM * 62, 'of no other characters')
})

t.test('the statistics would notice keys made without rejection', async (t) => {
  const bytes = seededBytes('biased')
  const counts = new Uint32Array(62)
  for (const byte of bytes(1 << 20).subarray(0, 200_000)) counts[byte % 62]!++
  t.ok(chiSquare([...counts]) > 150)
})

t.test('keys come from the random source of the system', async (t) => {
  const keys = new Set(Array.from({ length: 10_000 }, () => generateKey('k')))
  t.equal(keys.size, 10_000)
})

t.test('every edit of one character, swap of neighbours, cut and extension is refused', { timeout: 0 }, async (t) => {
  const prefixes = ['acme', 'acm', 'acme_x', 'bcme', 'a', 'ame']
  const others = [...ALPHABET, '_', '-', ' ', '\n', '\0', 'é', '٣', '😀', '']
  const wrong: string[] = []
  for (let i = 0; i < 5; i++) {
    const key = generateKey('acme', seededBytes(`edits ${i}`))
    for (let at = 0; at < key.length; at++) {
      for (const other of others) {
        if (other !== key[at]) tryOut(key.slice(0, at) + other + key.slice(at + 1))
        tryOut(key.slice(0, at) + other + key.slice(at), key)
      }
      tryOut(key.slice(0, at) + (key[at + 1] ?? '') + key[at]! + key.slice(at + 2), key)
      tryOut(key.slice(0, at))
      tryOut(key.slice(at + 1))
    }
    for (const other of others) tryOut(key + other, key)
    for (const other of [key + key, `${key} `, ` ${key}`, `Bearer ${key}`, key.toUpperCase(), key.toLowerCase(), key.replace('_', '__'), key.replace('_', '')]) tryOut(other)
    t.ok(isWellFormedKey(key, prefixes), 'the key itself is well-formed')

    function tryOut (edited: string, original = ''): void {
      if (edited !== original && isWellFormedKey(edited, prefixes)) wrong.push(edited)
    }
  }
  t.strictSame(wrong, [])
})

t.test('edited keys are refused', { timeout: 0 }, async (t) => {
  const next = seededBytes('many edits')
  const pick = (below: number) => Buffer.from(next(4)).readUInt32LE() % below
  let accepted = 0
  for (let i = 0; i < EDITS; i++) {
    const key = generateKey('acme', next)
    const at = 5 + pick(RANDOM + CHECK)
    const char = ALPHABET[pick(62)]!
    const end = Math.min(key.length, at + 1 + pick(3))
    const edited = [
      // A burst of up to 32 bits never escapes a CRC-32; in the checksum itself, any change shows.
      key.slice(0, at) + char + key.slice(at + 1),
      key.slice(0, at) + [...key.slice(at, end)].reverse().join('') + key.slice(end),
      key.slice(0, at),
      key.slice(0, at) + char + key.slice(at)
    ][pick(4)]!
    if (edited !== key && isWellFormedKey(edited, ['acme'])) accepted++
  }
  t.equal(accepted, 0)
})

t.test('made-up text is no key', async () => {
  const base62Text = fc.string({ unit: fc.constantFrom(...ALPHABET), minLength: 38, maxLength: 38 })
  fc.assert(fc.property(fc.oneof(fc.string(), anyText(), fc.string().map(text => `acme_${text}`), base62Text.map(text => `acme_${text}`)), (text) =>
    // One in four billion made-up texts of the right shape has the right checksum.
    isWellFormedKey(text, ['acme']) === (/^acme_[0-9A-Za-z]{38}$/.test(text) && text.slice(-CHECK) === base62(crc(text.slice(0, -CHECK))))
  ), { numRuns: 5000 })
})

const goodPrefixes = ['a', 'acme', 'Acme2', 'sk_live', 'a_1', 'a_b_c_d', 'A'.repeat(32)]
const badPrefixes = ['', '_', '1a', '_a', 'a_', 'a__b', 'a-b', 'a.b', 'a b', 'a:b', 'é', 'a\n', '\na', 'A'.repeat(33), null, undefined, 1, ['a'], {}]

t.test('a prefix is letters and digits, in parts joined by single underscores', async (t) => {
  for (const prefix of goodPrefixes) {
    t.ok(isKeyPrefix(prefix), prefix)
    t.ok(isWellFormedKey(generateKey(prefix), [prefix]))
  }
  for (const prefix of badPrefixes) t.notOk(isKeyPrefix(prefix), JSON.stringify(prefix) ?? 'undefined')
})

// Claims: is meant as a key, and so is never shown to a session. Formed: is one, as far as can be told without a store.
const ofPrefixes: ReadonlyArray<{ key: string, prefixes: string[], claims: boolean, formed: boolean }> = [
  { key: generateKey('sk'), prefixes: ['sk'], claims: true, formed: true },
  { key: generateKey('sk'), prefixes: ['sk', 'sk_live'], claims: true, formed: true },
  { key: generateKey('sk'), prefixes: ['sk_live'], claims: false, formed: false },
  { key: generateKey('sk_live'), prefixes: ['sk', 'sk_live'], claims: true, formed: true },
  { key: generateKey('sk_live'), prefixes: ['sk_live', 'sk'], claims: true, formed: true },
  { key: generateKey('sk_live'), prefixes: ['sk'], claims: true, formed: false },
  { key: generateKey('old'), prefixes: ['new', 'old'], claims: true, formed: true },
  { key: generateKey('old'), prefixes: ['new'], claims: false, formed: false },
  { key: generateKey('old'), prefixes: [], claims: false, formed: false },
  { key: generateKey('acme'), prefixes: ['Acme'], claims: false, formed: false },
  { key: generateKey('acme'), prefixes: ['acm'], claims: false, formed: false },
  { key: generateKey('acme'), prefixes: [''], claims: false, formed: false },
  { key: 'acme_', prefixes: ['acme'], claims: true, formed: false },
  { key: 'acme', prefixes: ['acme'], claims: false, formed: false },
  { key: 'acme_short', prefixes: ['acme'], claims: true, formed: false },
  { key: 'acme_two_parts', prefixes: ['acme'], claims: true, formed: false },
  { key: 'acme-x', prefixes: ['acme'], claims: false, formed: false },
  { key: ' acme_x', prefixes: ['acme'], claims: false, formed: false },
  { key: '_', prefixes: ['acme'], claims: false, formed: false },
  { key: '', prefixes: ['acme'], claims: false, formed: false },
  { key: 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ1MSJ9.c2ln_bmF0dXJl', prefixes: ['acme'], claims: false, formed: false }
]

t.test('whether a credential is meant as a key, and whether it is one, depends on the prefixes', async (t) => {
  for (const { key, prefixes, claims, formed } of ofPrefixes) {
    t.equal(claimsToBeKey(key, prefixes), claims, `${key} claims to be a key of ${prefixes.join(', ')}`)
    t.equal(isWellFormedKey(key, prefixes), formed, `${key} is a key of ${prefixes.join(', ')}`)
  }
})

t.test('the checksum covers the prefix', async (t) => {
  const secret = generateKey('test').slice('test_'.length)
  t.notOk(isWellFormedKey(`live_${secret}`, ['test', 'live']), 'a key does not change sides with its prefix')
})

t.test('of a key, its prefix and four characters of the secret are shown', async (t) => {
  t.equal(startOf(`acme_${'abcdefgh'.repeat(4)}123456`), 'acme_abcd')
  t.equal(startOf(`sk_live_${'abcdefgh'.repeat(4)}123456`), 'sk_live_abcd')
  const key = generateKey('acme', size => randomBytes(size))
  t.equal(startOf(key), key.slice(0, 9))
})

function chiSquare (counts: readonly number[]): number {
  const expected = counts.reduce((sum, count) => sum + count, 0) / counts.length
  return counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0)
}
