/** CRC-32 (ISO 3309, as in gzip) of a text's char codes, which must be ASCII: an unsigned 32-bit number. */
export function crc32 (text: string): number {
  let state = BEGIN
  for (let i = 0; i < text.length; i++) state = afterByte(state, text.charCodeAt(i))
  return sumOf(state)
}

/** For whoever looks at each character anyway: where it begins, ... */
export const BEGIN = -1

/** ... what comes after each byte, ... */
export function afterByte (state: number, byte: number): number {
  return TABLE[(state ^ byte) & 0xFF]! ^ (state >>> 8)
}

/** ... and the sum of them all. */
export function sumOf (state: number): number {
  return ~state >>> 0
}

const TABLE = Int32Array.from({ length: 256 }, (_, byte) => {
  for (let bit = 0; bit < 8; bit++) byte = (byte & 1) === 1 ? (byte >>> 1) ^ 0xEDB88320 : byte >>> 1
  return byte
})
