import fc, { type Arbitrary, type StringConstraints } from 'fast-check'

/** Half of a surrogate pair is no character: there are so many of them, from this one on. */
const FIRST_HALF = 0xD800
const HALVES = 0x800
const LAST = 0x10FFFF

const character = fc.integer({ min: 0, max: LAST - HALVES }).map(
  number => String.fromCodePoint(number < FIRST_HALF ? number : number + HALVES),
  text => {
    if (typeof text !== 'string' || !/^\P{Surrogate}$/su.test(text)) throw new Error('no character')
    const number = text.codePointAt(0)!
    return number < FIRST_HALF ? number : number - HALVES
  }
)

/** Any characters at all: what `unit: 'binary'` of fast-check gives, which first makes a table of all characters and takes half a second for it. */
export function anyText (constraints: Omit<StringConstraints, 'unit'> = {}): Arbitrary<string> {
  return fc.string({ ...constraints, unit: character })
}
