/** 128 bits that stand for a text, in four words. */
export interface Tag {
  readonly a: number
  readonly b: number
  readonly c: number
  readonly d: number
}

/** Characters. Longer than any key; a limit makes the reading simple. */
const LONGEST = 512

/**
 * Makes a function that tells the tag of a text of ASCII characters, or of what stands in it from a place on (`null`: it has others, or
 * more than 512): its Chaskey-12 with this key of 16 random bytes (Mouha et al., SAC 2014; ISO/IEC 29192-6). Who does not know the key
 * cannot find two texts of the same tag.
 *
 * It is asked at every request, so it takes half the time of the fastest hash that Node has, and makes nothing: the tag is the same
 * object each time, good until the next call.
 */
export function tagger (key: Uint8Array): (text: string, from?: number) => Tag | null {
  const view = new DataView(key.buffer, key.byteOffset, 16)
  const [k0, k1, k2, k3] = [0, 4, 8, 12].map(at => view.getInt32(at, true)) as Words
  // The last block goes with another key than the others: one if it is full, one if it is filled up with a 1 and zeros.
  const ifFull = doubled([k0, k1, k2, k3])
  const ifFilled = doubled(ifFull)
  // All zeros again when it is read, so that no key stays there.
  const words = new Int32Array(LONGEST / 4 + 4)
  const tag = { a: 0, b: 0, c: 0, d: 0 }

  return (text, from = 0) => {
    const { length } = text
    const size = length - from
    if (size > LONGEST) return null

    // Of all characters together.
    let bits = 0
    let count = 0
    let at = from
    for (const end = length - 3; at < end; at += 4) {
      const c0 = text.charCodeAt(at)
      const c1 = text.charCodeAt(at + 1)
      const c2 = text.charCodeAt(at + 2)
      const c3 = text.charCodeAt(at + 3)
      bits |= c0 | c1 | c2 | c3
      words[count++] = c0 | c1 << 8 | c2 << 16 | c3 << 24
    }
    const isFull = size > 0 && (size & 15) === 0
    if (!isFull) {
      let word = 1
      for (let i = length - 1; i >= at; i--) {
        const character = text.charCodeAt(i)
        bits |= character
        word = word << 8 | character
      }
      words[count] = word
      count = (count & ~3) + 4
    }

    const [l0, l1, l2, l3] = isFull ? ifFull : ifFilled
    words[count - 4]! ^= l0
    words[count - 3]! ^= l1
    words[count - 2]! ^= l2
    words[count - 1]! ^= l3
    let a = k0
    let b = k1
    let c = k2
    let d = k3
    for (let i = 0; i < count; i += 4) {
      a ^= words[i]!
      b ^= words[i + 1]!
      c ^= words[i + 2]!
      d ^= words[i + 3]!
      words[i] = words[i + 1] = words[i + 2] = words[i + 3] = 0
      for (let round = 0; round < 12; round++) {
        a = (a + b) | 0
        b = (b << 5 | b >>> 27) ^ a
        a = a << 16 | a >>> 16
        c = (c + d) | 0
        d = (d << 8 | d >>> 24) ^ c
        a = (a + d) | 0
        d = (d << 13 | d >>> 19) ^ a
        c = (c + b) | 0
        b = (b << 7 | b >>> 25) ^ c
        c = c << 16 | c >>> 16
      }
    }
    tag.a = a ^ l0
    tag.b = b ^ l1
    tag.c = c ^ l2
    tag.d = d ^ l3
    return bits < 0x80 ? tag : null
  }
}

type Words = [number, number, number, number]

/** Times x in the field of 2^128 elements, as for CMAC (NIST SP 800-38B), the lowest bit first. */
function doubled ([a, b, c, d]: Words): Words {
  return [a << 1 ^ (d < 0 ? 0x87 : 0), b << 1 | a >>> 31, c << 1 | b >>> 31, d << 1 | c >>> 31]
}
