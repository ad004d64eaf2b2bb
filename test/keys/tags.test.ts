import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import t from 'tap'
import { tagger, type Tag } from '../../lib/keys/tag.js'
import { NONE, TagTable } from '../../lib/keys/tag-table.js'

/* Chaskey-12 */

// Of the author of Chaskey, with the key 00112233445566778899aabbccddeeff: the first half of the tags of 00 01 02 ..., from none of these
// bytes to 63 of them.
const vectors = `
  dd3e1849d6824555 ed1da89ec93179ca 98fe20a343cd666f f6f418acdd7d9fa1 4cf04960099949f3 75c83252653d3b57 964b0461fbe92273 141fa08bbf399636
  412d98ed936d4ab2 fb0d98bc70e305f9 36f88e1fda86c8ab 4d1a1815868a5aa8 7a7912c1999eae81 9ca11137b4a34601 7905142f3be77e67 6a3ee3d35c043397
  d13970d7be9b2350 32acd914bfda3bc8 8a58d816cb7a1483 03f4d66638efad8d f9932237ff05e831 f5fedb134862b471 8bb55486f38d57ea 8a3acb94b5ad591c
  7ce3708723f7495f f42f3d2f405710c2 b3933a167e5636ac 899a7945423a5e1b 65e12df5a695fac8 b82449d8c8a06ae9 a850dfbadefa4229 fd42c39d08ab71a0
  b465c2412610bf84 89c4a9ddb53e6991 5a9af91eb095d331 8e54914c151e46b0 fab8ab0b5beaaec6 60ad906acd06c823 6b1e6bc2426dad17 90328fd259889a8f
  f0f7815ee6f3d516 97e7e2cebea826b8 b0fa1845f72a76d6 a468bdfcdf0aa9c7 da84e11338387da7 b30d5ead8e39f2bc 178a43d2a008503e 6dfaa705a8a06c70
  aa047f07c5ae8db4 305bbb420c5d5ecc 0832803159750f49 9080254fb79bab1a 61c285ca245774a4 2aae035cfb61f97a f5289075c9ab39e5 e65c423732dae795
  4b22cf0d9da8de3d 2626ea2fa1f9abcf d1e17e6ec4a88da6 1657442827ff640a fd155a40df15f630 ffeb596f299f58b2 be4ee4ed3975df87 fc7f9df7991b87bc
`.trim().split(/\s+/)

const key = Buffer.from('00112233445566778899aabbccddeeff', 'hex')

function hex (tag: Tag | null): string {
  const { a, b, c, d } = tag!
  return Buffer.from(Int32Array.of(a, b, c, d).buffer).toString('hex')
}

t.test('a tag is Chaskey-12 of the text, in the vectors of its author', async (t) => {
  const tagOf = tagger(key)
  t.equal(vectors.length, 64)
  for (const [length, vector] of vectors.entries()) {
    const text = String.fromCharCode(...Array.from({ length }, (_, i) => i))
    t.equal(hex(tagOf(text)).slice(0, 16), vector, `of ${length} bytes`)
  }
})

t.test('and so it is, to the last bit, when it is computed as its paper has it', async () => {
  const ascii = fc.oneof(fc.string({ unit: 'binary-ascii', maxLength: 70 }), fc.string({ unit: 'binary-ascii', minLength: 70, maxLength: 256 }))
  fc.assert(fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), ascii, (key, text) => {
    const tagOf = tagger(key)
    const tag = chaskey(key, Buffer.from(text)).toString('hex')
    // After whatever it was asked before; and where it stands in another text.
    return tagOf(text + text) !== null && hex(tagOf(text)) === tag && hex(tagOf(`é ${text}`, 2)) === tag
  }), { numRuns: 300 })
})

t.test('the key may be a part of what holds other bytes', async (t) => {
  const within = Buffer.concat([randomBytes(3), key, randomBytes(5)]).subarray(3, 19)
  t.equal(hex(tagger(within)('abc')), hex(tagger(key)('abc')))
  t.not(hex(tagger(randomBytes(16))('abc')), hex(tagger(key)('abc')))
})

t.test('a text with a character that is not ASCII has no tag, wherever it stands', async (t) => {
  const tagOf = tagger(key)
  const places: number[][] = []
  for (const before of [0, 1, 15, 16, 17, 40]) for (const after of [0, 1, 16, 40]) places.push([before, after])
  for (const character of ['\x80', 'é', '\xff', '\u0100', '\u0161', '\u2028', '\ud800', '\uffff', '🔑']) {
    const tagged = places.filter(([before, after]) => tagOf('a'.repeat(before!) + character + 'a'.repeat(after!)) !== null)
    t.strictSame(tagged, [], `U+${character.codePointAt(0)!.toString(16)}`)
  }
  t.ok(tagOf(`\0${'\x7f'.repeat(20)}`), 'and each of ASCII may be in it')
})

t.test('nor has one that is longer than any key', async (t) => {
  const tagOf = tagger(key)
  const before = hex(tagOf('abc'))
  for (const length of [511, 512]) t.equal(hex(tagOf('a'.repeat(length))), chaskey(key, Buffer.alloc(length, 'a')).toString('hex'))
  for (const length of [513, 520, 528, 16_000]) t.equal(tagOf('a'.repeat(length)), null, `of ${length}`)
  t.equal(hex(tagOf('b'.repeat(600) + 'a'.repeat(512), 600)), hex(tagOf('a'.repeat(512))))
  t.equal(hex(tagOf('abc')), before, 'and it leaves nothing behind')
})

t.test('no two of many like texts have the same tag', async (t) => {
  const tagOf = tagger(randomBytes(16))
  const texts = Array.from({ length: 100 }, (_, length) => ['a', 'b', '\0', '\x01', '\x7f'].map(character => character.repeat(length))).flat()
  const distinct = new Set(texts)
  t.equal(new Set([...distinct].map(text => hex(tagOf(text)))).size, distinct.size)
})

/** Chaskey-12 in big integers, as the paper writes it. */
function chaskey (key: Uint8Array, message: Buffer): Buffer {
  const double = (x: bigint) => ((x << 1n) ^ (x >> 127n === 1n ? 0x87n : 0n)) & ((1n << 128n) - 1n)
  const number = (bytes: Uint8Array) => BigInt(`0x${Buffer.from(bytes).reverse().toString('hex')}`)
  const k = number(key)
  const isFull = message.length > 0 && message.length % 16 === 0
  const padded = isFull ? message : Buffer.concat([message, Buffer.of(1), Buffer.alloc(15 - message.length % 16)])
  const last = isFull ? double(k) : double(double(k))
  let state = k
  for (let at = 0; at < padded.length; at += 16) {
    state ^= number(padded.subarray(at, at + 16))
    if (at + 16 === padded.length) state ^= last
    state = permuted(state)
  }
  return Buffer.from((state ^ last).toString(16).padStart(32, '0'), 'hex').reverse()
}

function permuted (state: bigint): bigint {
  let [v0, v1, v2, v3] = [0n, 32n, 64n, 96n].map(at => BigInt.asUintN(32, state >> at)) as [bigint, bigint, bigint, bigint]
  const sum = (a: bigint, b: bigint) => BigInt.asUintN(32, a + b)
  const turned = (a: bigint, by: bigint) => BigInt.asUintN(32, a << by | a >> (32n - by))
  for (let round = 0; round < 12; round++) {
    v0 = sum(v0, v1); v1 = turned(v1, 5n) ^ v0; v0 = turned(v0, 16n)
    v2 = sum(v2, v3); v3 = turned(v3, 8n) ^ v2
    v0 = sum(v0, v3); v3 = turned(v3, 13n) ^ v0
    v2 = sum(v2, v1); v1 = turned(v1, 7n) ^ v2; v2 = turned(v2, 16n)
  }
  return v0 | v1 << 32n | v2 << 64n | v3 << 96n
}

/* TagTable */

/** Some share a bucket in a table of any size, some all words but one. */
const tags: readonly Tag[] = [0, 1, -1, 1024, 0x7fffffff, -0x80000000].flatMap(a => [
  { a, b: 0, c: 0, d: 0 }, { a, b: 1, c: 0, d: 0 }, { a, b: 0, c: -1, d: 0 }, { a, b: 0, c: 0, d: 7 }
])

const step = fc.tuple(fc.constantFrom('add', 'add', 'find', 'remove'), fc.nat(tags.length - 1))

t.test('a table finds a tag at the place it was given until that is taken away, and never at that of another', async () => {
  fc.assert(fc.property(fc.integer({ min: 0, max: 12 }), fc.array(step, { maxLength: 120, size: 'max' }), (limit, steps) => {
    const table = new TagTable(limit)
    const most = Math.max(1, limit)
    const places = new Map<number, number>()
    for (const [what, which] of steps) {
      const tag = tags[which]!
      const place = table.find(tag)
      if (place !== (places.get(which) ?? NONE)) return false
      if (what === 'add' && place === NONE) {
        const given = table.add({ ...tag })
        if (given < 0 || given >= table.capacity || table.capacity > most) return false
        const former = [...places].find(([, taken]) => taken === given)
        // Nobody loses a place while there is another.
        if (former !== undefined) {
          if (places.size < most) return false
          places.delete(former[0])
        }
        places.set(which, given)
      } else if (what === 'remove' && place !== NONE) {
        table.remove(place)
        places.delete(which)
      }
      if (places.size > most) return false
    }
    return tags.every((tag, which) => table.find(tag) === (places.get(which) ?? NONE))
  }), { numRuns: 1000 })
})

const tagAt = (i: number): Tag => ({ a: Math.imul(i, 0x9e3779b1), b: i, c: 0, d: 0 })

t.test('it grows to its limit with all that it has, and no further', async (t) => {
  const limit = 5000
  const table = new TagTable(limit)
  t.ok(Array.from({ length: limit }, (_, i) => table.add(tagAt(i))).every((place, i) => place === i))
  t.equal(table.capacity, limit)
  t.ok(Array.from({ length: limit }, (_, i) => table.find(tagAt(i))).every((place, i) => place === i))
  table.remove(17)
  t.equal(table.find(tagAt(17)), NONE)
  t.equal(table.add(tagAt(limit)), 17, 'a place that was given back is the next')
  t.ok(table.add(tagAt(limit + 1)) < limit)
  t.equal(table.capacity, limit)
})

t.test('what was used since the last round keeps its place, and what was not gives it away', async (t) => {
  const table = new TagTable(4)
  for (let i = 0; i < 4; i++) table.add(tagAt(i))
  t.equal(table.add(tagAt(4)), 0, 'all were: the first')
  table.find(tagAt(2))
  const has = () => [0, 1, 2, 3, 4, 5, 6].filter(i => table.find(tagAt(i)) !== NONE)
  t.equal(table.add(tagAt(5)), 1)
  t.equal(table.add(tagAt(6)), 3, 'the one at 2 was used')
  t.strictSame(has(), [2, 4, 5, 6])
})

t.test('a tag that is new is not the next to give its place away', async (t) => {
  const table = new TagTable(4)
  for (let i = 0; i < 4; i++) table.add(tagAt(i))
  t.equal(table.add(tagAt(4)), 0)
  table.remove(1)
  t.equal(table.add(tagAt(5)), 1)
  table.remove(2)
  t.equal(table.add(tagAt(6)), 2)
  t.equal(table.add(tagAt(7)), 3)
})
