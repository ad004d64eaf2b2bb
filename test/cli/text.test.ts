// What comes from a store ends up in a terminal, and in scripts: whatever it is, it does nothing there.
import fc from 'fast-check'
import t from 'tap'
import { fields, table } from '../../lib/cli/table.js'
import { harmless, harmlessJson, shortened, widthOf } from '../../lib/cli/text.js'
import { anyText } from '../any-text.js'
import { onTerminal, project } from './set-up.js'

/** What a terminal would obey, or what would begin a line. */
const OBEYED = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/u

const hostile = fc.string({ unit: fc.oneof(fc.constantFrom('\u001b', '\u009b', '\n', '\r', '\0', '\u007f', '\u2028', '\u202e', '\u2066', '\ud800', '[31m', '日', 'é', '👩‍👩‍👧'), anyText()) })

t.test('harmless text has nothing in it that a terminal obeys, and everything else as it was', async t => {
  fc.assert(fc.property(hostile, text => !OBEYED.test(harmless(text)) && Buffer.from(harmless(text)).toString() === harmless(text)))
  t.equal(harmless('a\u001b[31mb\u009b0m\n\u202ec\ud800'), 'a\\u{1b}[31mb\\u{9b}0m\\u{a}\\u{202e}c\\u{d800}')
  t.equal(harmless('ci-deploy, Ünï 日本 👍'), 'ci-deploy, Ünï 日本 👍')
})

t.test('harmless JSON says the same as any other, and has line ends alone that a terminal obeys', async t => {
  fc.assert(fc.property(hostile, hostile, fc.constantFrom(undefined, 2), (name, value, indent) => {
    const json = harmlessJson({ [`x${name}`]: [value] }, indent)
    return !OBEYED.test(json.replaceAll('\n', '')) && JSON.stringify(JSON.parse(json)) === JSON.stringify({ [`x${name}`]: [value] })
  }))
  t.equal(harmlessJson({ a: '\u009b\n' }), '{"a":"\\u009b\\n"}')
})

t.test('columns stand below each other, however wide their characters are', async t => {
  const widths: Array<[string, number]> = [['', 0], ['abc', 3], ['日本', 4], ['é', 1], ['e\u0301', 1], ['👍', 2], ['👩‍👩‍👧', 2], ['한글', 4], ['ﾃｽﾄ', 3], ['❤️', 2], ['\u200b', 0]]
  for (const [text, width] of widths) t.equal(widthOf(text), width, JSON.stringify(text))
  t.equal(table(['A', 'B', 'C'], [['日本', 'x', ''], ['long one', '\n', 'z']]), 'A         B      C\n日本      x\nlong one  \\u{a}  z\n')
  t.equal(table(['A'], []), 'A\n')
  t.equal(fields([['name', 'x'], ['some', ['1', '2']], ['none of', []]]), 'name     x\nsome     1\n         2\nnone of  none\n')
})

t.test('what is too long for a cell is cut between characters', async t => {
  t.equal(shortened('four', 4), 'four')
  t.equal(shortened('longer', 4), 'lon…')
  t.equal(shortened('日本語', 4), '日…')
  fc.assert(fc.property(hostile, fc.integer({ min: 1, max: 20 }), (text, columns) => widthOf(shortened(text, columns)) <= columns))
})

t.test('a record that came from elsewhere cannot forge a line or change the terminal', async t => {
  const app = project(t)
  const evil = '\u001b[2J\u009b31mx\r\nid  ci\u202e'
  await app.insert({ id: `k${evil}`, name: evil, ownerId: evil, scopes: ['apps:read', evil], metadata: { [evil]: evil }, start: evil, rotatedFrom: evil, lastUsedAt: new Date() })
  for (const args of [['list'], ['list', '--json'], ['show', `k${evil}`], ['show', `k${evil}`, '--json'], ['usage', `k${evil}`], ['usage', '--json'], ['usage'], ['revoke', `k${evil}`], ['revoke', '--owner', evil], ['revoke', '--owner', evil, '--yes']]) {
    for (const isTTY of [false, true]) {
      const { stdout, stderr } = await onTerminal([...app.config, ...args], { isTTY, input: '' })
      t.ok(stdout !== '' || stderr !== '')
      t.notMatch((stdout + stderr).replaceAll('\n', ''), OBEYED, args[0]!)
      t.notMatch(stdout + stderr, /^id {2}ci/m)
    }
  }
})

t.test('a corrupt record is told of and left out, and can be revoked', async t => {
  const app = project(t)
  await app.insert({ id: 'good', name: 'good' }, { id: 'bad\u001b', scopes: null as never })
  const told = 'the record bad\\u{1b} is corrupt, and its key is refused: scopes is missing or malformed'
  const listed = await onTerminal([...app.config, 'list'])
  t.match(listed.stdout, /^good /m)
  t.notMatch(listed.stdout, /bad/)
  t.equal(listed.stderr, `warning: ${told}\n`)
  t.same(JSON.parse((await onTerminal([...app.config, 'list', '--json'])).stderr), { warning: { message: told.replace('\\u{1b}', '\u001b') } })
  t.equal((await onTerminal([...app.config, 'show', 'bad\u001b'])).code, 3)
  const { code, stderr } = await onTerminal([...app.config, 'revoke', 'bad\u001b'])
  t.equal(code, 0)
  t.match(stderr, /\nRevoked bad\\u\{1b\}\.\n$/)
  t.ok((await app.stored()).find(({ id }) => id === 'bad\u001b')!.revokedAt)
})
