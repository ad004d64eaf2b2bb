/** A set of small whole numbers: the scopes of a catalog, by their place in it. */
export type Bits = Uint32Array

export function noBits (size: number): Bits {
  return new Uint32Array((size + 31) >>> 5)
}

export function setBit (bits: Bits, index: number): void {
  bits[index >>> 5]! |= 1 << (index & 31)
}

export function hasBit (bits: Bits, index: number): boolean {
  return (bits[index >>> 5]! & (1 << (index & 31))) !== 0
}

export function addBits (bits: Bits, more: Bits): void {
  for (let i = 0; i < bits.length; i++) bits[i]! |= more[i]!
}
