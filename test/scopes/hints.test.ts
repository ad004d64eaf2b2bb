import fc from 'fast-check'
import t from 'tap'
import { didYouMean, show } from '../../lib/scopes/faults.js'

t.test('a hint is the first word that is closest, and closer than three changes, case apart', async () => {
  const letter = fc.constantFrom('a', 'b', 'A', ':', '-')
  const word = fc.string({ unit: letter, maxLength: 14 })
  // Most pairs of words have nothing to do with each other: these have two places that differ, or none.
  const nearly = fc.tuple(word, fc.nat(14), fc.nat(14), letter, letter).map(([text, at, to, x, y]) => {
    return [`${text.slice(0, at)}${x}${text.slice(at)}`, `${text.slice(0, to)}${y}${text.slice(to + 1)}`] as const
  })
  fc.assert(fc.property(nearly, fc.array(word), ([given, like], words) => {
    const known = [...words, like]
    const limit = Math.min(3, Math.floor(given.length / 2) + 1)
    const near = known.map(other => ({ other, distance: distanceOf(given.toLowerCase(), other.toLowerCase()) })).filter(({ distance }) => distance < limit)
    const least = Math.min(...near.map(({ distance }) => distance))
    const best = near.find(({ distance }) => distance === least)?.other ?? ''
    return didYouMean(given, known) === (best === '' ? '' : ` (did you mean ${show(best)}?)`)
  }), { numRuns: 20_000 })
})

t.test('thousands of words, or one that is very long, take no time to speak of', { timeout: 60_000 }, async (t) => {
  const known = Array.from({ length: 10_000 }, (_, i) => `${'resource-with-a-long-name-'.repeat(3)}${i}`)
  for (let i = 0; i < 20; i++) didYouMean(`${'resource-with-a-long-nmae-'.repeat(3)}${i}`, known)
  t.equal(didYouMean('x'.repeat(100_000), ['x'.repeat(100_000)]), '')
})

/** Levenshtein, as it is defined. */
function distanceOf (a: string, b: string, known = new Map<string, number>()): number {
  const id = `${a.length} ${b.length}`
  if (!known.has(id)) {
    known.set(id, a === '' || b === ''
      ? a.length + b.length
      : Math.min(
        distanceOf(a.slice(1), b, known) + 1,
        distanceOf(a, b.slice(1), known) + 1,
        distanceOf(a.slice(1), b.slice(1), known) + (a[0] === b[0] ? 0 : 1)))
  }
  return known.get(id)!
}
