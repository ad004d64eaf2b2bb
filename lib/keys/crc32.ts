/** CRC-32 (ISO 3309, as in gzip) of a text's char codes, which must be ASCII: an unsigned 32-bit number. */
export function crc32 (text: string): number {
  let crc = 0xFFFFFFFF
  for (let i = 0; i < text.length; i++) crc = TABLE[(crc ^ text.charCodeAt(i)) & 0xFF]! ^ (crc >>> 8)
  return (crc ^ 0xFFFFFFFF) >>> 0
}

const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  for (let bit = 0; bit < 8; bit++) byte = (byte & 1) === 1 ? (byte >>> 1) ^ 0xEDB88320 : byte >>> 1
  return byte
})
