import fc from 'fast-check'
import t from 'tap'
import { ChangeMarks } from '../../lib/keys/change-marks.js'
import { fingerprintOf as digestOf } from '../../lib/keys/digest.js'
import { Remembered } from '../../lib/keys/remembered.js'
import type { Tag } from '../../lib/keys/tag.js'
import { NONE } from '../../lib/keys/tag-table.js'

const readAt = { monotonic: 0, wall: 0 }
const tagOf = (i: number): Tag => ({ a: i & 3, b: i, c: 0, d: -i })

function setUp ({ limit = 100 } = {}) {
  const marks = new ChangeMarks()
  const remembered = new Remembered<string>(limit, marks)
  return {
    marks,
    remembered,
    set (i: number, answer: string, digests = [digestOf(String(i))]) { remembered.set(tagOf(i), answer, { isToldOf: true, mark: marks.take(digests), readAt }) },
    get (i: number) {
      const place = remembered.find(tagOf(i))
      return place === NONE ? undefined : remembered.at(place)
    }
  }
}

type Step = readonly [what: 'set' | 'delete' | 'change' | 'find', which: number]

const step: fc.Arbitrary<Step> = fc.tuple(fc.constantFrom('set', 'set', 'set', 'find', 'delete', 'change'), fc.nat(15))

t.test('it answers what was set for a tag last, until its digest changes, or nothing where there is too much', async () => {
  fc.assert(fc.property(fc.constantFrom(1, 2, 5, 16), fc.constantFrom(1, 2), fc.array(step, { maxLength: 120, size: 'max' }), (limit, digestsEach, steps) => {
    const { marks, remembered, get } = setUp({ limit })
    const digests = (which: number) => Array.from({ length: digestsEach }, (_, i) => digestOf(`${which}/${i}`))
    const model = new Map<number, { answer: string, readAt: number, isToldOf: boolean }>()
    for (const [i, [what, which]] of steps.entries()) {
      if (what === 'set') {
        const isToldOf = i % 2 === 0
        remembered.set(tagOf(which), String(i), { isToldOf, mark: marks.take(digests(which)), readAt: { monotonic: i, wall: -i } })
        model.set(which, { answer: String(i), readAt: i, isToldOf })
        if (get(which) !== String(i)) return false
      } else if (what === 'delete') {
        remembered.delete(tagOf(which))
        model.delete(which)
      } else if (what === 'change') {
        // Of any of them.
        marks.changed(digests(which).slice(i % digestsEach))
        model.delete(which)
      }
      const place = remembered.find(tagOf(which))
      const expected = model.get(which)
      if (place !== NONE && expected === undefined) return false
      if (place !== NONE && !isAs(place, expected!)) return false
      if (limit === 16 && (place === NONE) !== (expected === undefined)) return false
    }
    const found = [...Array(16).keys()].filter(which => remembered.find(tagOf(which)) !== NONE)
    return found.length <= limit && found.every(which => isAs(remembered.find(tagOf(which)), model.get(which)!))

    function isAs (place: number, { answer, readAt, isToldOf }: { answer: string, readAt: number, isToldOf: boolean }): boolean {
      const at = (milliseconds: number) => ({ monotonic: readAt + milliseconds, wall: milliseconds - readAt })
      return remembered.at(place) === answer && remembered.isToldOf(place) === isToldOf &&
        remembered.isWithin(10, place, at(9)) && !remembered.isWithin(10, place, at(10))
    }
  }), { numRuns: 500 })
})

t.test('what is about digests that cannot be read holds until anything has changed', async (t) => {
  for (const digests of [['x'], [digestOf('a'), 'x'], ['']]) {
    const { marks, set, get } = setUp()
    set(1, 'one', digests)
    t.equal(get(1), 'one')
    marks.changed([digestOf('anything')])
    t.equal(get(1), undefined, JSON.stringify(digests))
    t.equal(get(1), undefined, 'nor later')
    set(1, 'two', digests)
    t.equal(get(1), 'two')
  }
})

t.test('when it cannot be told what has changed, nothing holds, and what is remembered then does', async (t) => {
  for (const changes of [null, ['an id'], [digestOf('1'), 'an id']]) {
    const { marks, set, get } = setUp()
    for (let i = 0; i < 50; i++) set(i, `first ${i}`)
    marks.changed(changes)
    set(3, 'second 3')
    t.strictSame([...Array(50).keys()].map(get).filter(answer => answer !== undefined), ['second 3'])
  }
})

t.test('an answer that was overtaken by a change does not hold, though it comes after it', async (t) => {
  const { marks, remembered, get } = setUp()
  const mark = marks.take([digestOf('1')])
  marks.changed([digestOf('1')])
  remembered.set(tagOf(1), 'old', { isToldOf: true, mark, readAt })
  t.equal(get(1), undefined)
  marks.changed([digestOf('2')])
  t.equal(get(1), undefined)
})

t.test('with another number of digests each, nothing from before holds', async (t) => {
  for (const [before, after] of [[['a', 'b'], ['c']], [['a'], ['b', 'c']]] as const) {
    const { marks, set, get } = setUp()
    for (let i = 0; i < 50; i++) set(i, `first ${i}`, before.map(name => digestOf(name + i)))
    set(50, 'second', after.map(digestOf))
    t.strictSame([...Array(51).keys()].map(get).filter(answer => answer !== undefined), ['second'])
    marks.changed([digestOf('b')])
    t.equal(get(50), after.includes('b' as never) ? undefined : 'second')
  }
})

t.test('it grows with all that it has', async (t) => {
  const { marks, set, get } = setUp({ limit: 5000 })
  for (let i = 0; i < 5000; i++) set(i, `answer ${i}`)
  marks.changed(Array.from({ length: 500 }, (_, i) => digestOf(String(i * 10))))
  const right = [...Array(5000).keys()].filter(i => get(i) === (i % 10 === 0 ? undefined : `answer ${i}`))
  // Two digests may be in one of 65,536 slots.
  t.ok(right.length > 4900, `${right.length} are`)
  t.ok([...Array(500).keys()].every(i => get(i * 10) === undefined))
})
