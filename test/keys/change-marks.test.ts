import fc from 'fast-check'
import t from 'tap'
import { ChangeMarks } from '../../lib/keys/change-marks.js'
import { fingerprintOf as digestOf } from '../../lib/keys/digest.js'

const digestsOf = (names: readonly string[]) => names.map(digestOf)

t.test('a mark holds until one of its digests has changed', async () => {
  const names = fc.array(fc.integer({ min: 0, max: 30 }).map(String), { maxLength: 4 })
  fc.assert(fc.property(names, fc.array(names, { maxLength: 20 }), (of, changes) => {
    const marks = new ChangeMarks()
    marks.changed(digestsOf(['before', ...of]))
    const mark = marks.take(digestsOf(of))
    return changes.every((names, i) => {
      const holds = !changes.slice(0, i + 1).flat().some(name => of.includes(name))
      marks.changed(digestsOf(names))
      return marks.holds(mark) === holds
    })
  }))
})

t.test('whatever may have changed has: all, or what is named by no digest that can be read', async (t) => {
  for (const changes of [null, [''], ['x'], ['ABCDEF'], [digestOf('other'), 'g000'], [`${digestOf('other')} `], [digestOf('other').toUpperCase()], ['6f1c0b52-8f0e-4c56-9d0a-2b7e1f3a4c5d'], [undefined as never], new Array<string>(1)]) {
    const marks = new ChangeMarks()
    const taken = ['a', 'b', 'c'].map(name => marks.take([digestOf(name)]))
    marks.changed(changes)
    t.ok(taken.every(mark => !marks.holds(mark)), JSON.stringify(changes))
  }
})

t.test('a mark of a digest that cannot be read holds until anything has changed', async (t) => {
  const marks = new ChangeMarks()
  const mark = marks.take(['x'])
  t.ok(marks.holds(mark))
  marks.changed([digestOf('a')])
  t.notOk(marks.holds(mark))
})

t.test('a change of nothing is none', async (t) => {
  const marks = new ChangeMarks()
  const mark = marks.take([digestOf('a')])
  marks.changed([])
  t.ok(marks.holds(mark))
  t.ok(marks.holds(marks.take([])))
})
