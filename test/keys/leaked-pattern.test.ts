// The checksum rule is tried on EDITS edited keys (100,000 unless it is set; in full 1,000,000).
import { createCipheriv } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { parse } from 'smol-toml'
import t from 'tap'
import { generateKey, isKeyPrefix, isWellFormedKey } from '../../lib/keys/key-format.js'
import { secretScanningPattern } from '../../lib/keys/leaked-pattern.js'
import { blocksOf } from '../package/markdown-blocks.js'

const EDITS = Number(process.env.EDITS ?? 100_000)
const PAGE = 'docs/leaked-keys.md'
const blocks = blocksOf(fileURLToPath(new URL('../..', import.meta.url)), PAGE)
const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

/** The rule as it stands in the docs. */
const { hasRightChecksum } = await importBlock('js', 'hasRightChecksum') as { hasRightChecksum: (key: string) => boolean }

async function importBlock (language: string, name: string): Promise<unknown> {
  const { code } = blocks.find(block => block.language === language && block.code.includes(name))!
  const quiet = code.replace(/^console.*$/mg, '')
  return await import(`data:text/javascript,${encodeURIComponent(`${quiet}\nexport { ${name} }`)}`)
}

/** What a scanner with this expression finds in a text. */
const keysIn = (text: string, pattern: string) => [...text.matchAll(new RegExp(pattern, 'g'))].map(([, key]) => key)

const prefixes = fc.stringMatching(/^[A-Za-z][A-Za-z0-9]{0,20}(?:_[A-Za-z0-9]{1,15}){0,5}$/).filter(isKeyPrefix)

/** As many bytes as are wanted, the same in every run. */
function seededBytes (seed: string): (size: number) => Uint8Array {
  const stream = createCipheriv('aes-128-ctr', Buffer.from(seed.padEnd(16, '.')), Buffer.alloc(16))
  return size => stream.update(Buffer.alloc(size))
}

/** Where keys are found, with `§` in place of one. */
const CONTEXTS = [
  '§', ' § ', 'ACME_KEY=§', 'key: §\r\n', '"§"', "'§'", '`§`', '<§>', '(§)', '[§]', '{§}', 'Bearer §', '§,', '§.', '§;', '§:x', '-§-', '/§/', '|§|',
  '\t§\n', 'https://§@example.com', 'https://example.com/?key=§&a=1', '\u00e4§\u00e4', '\u0000§\u0000', '_§_', 'backup_§_old', '**§**',
  String.raw`"a\n§\nb"`, String.raw`"\t§\r\n"`, '%3D§%26', '%3d§', String.raw`\x3d§\x26`, String.raw`{\u0022§\u0022}`
]

/** What is no key of the prefix `acme`, though it looks like one. */
const LOOKALIKES = [
  'acme_', 'acme_KEY', `acme_${'a'.repeat(37)}`, `acme_${'a'.repeat(39)}`, `acme${'a'.repeat(38)}`, `ACME_${'a'.repeat(38)}`, `acme-${'a'.repeat(38)}`,
  `xacme_${'a'.repeat(38)}`, `0acme_${'a'.repeat(38)}`, `acme_${'a'.repeat(19)}-${'a'.repeat(18)}`, `acme_${'a'.repeat(37)}\u00e4`, `acme_${'a'.repeat(19)}_${'a'.repeat(18)}`
]

t.test('every key is found, whatever its prefix, and wherever it stands', async t => {
  let tried = 0
  fc.assert(fc.property(prefixes, fc.constantFrom(...CONTEXTS), (prefix, context) => {
    const key = generateKey(prefix)
    tried++
    const found = keysIn(context.replace('§', key), secretScanningPattern(prefix))
    return found.length === 1 && found[0] === key
  }), { numRuns: 10_000 })
  t.equal(tried, 10_000)
  const key = generateKey('acme')
  for (const context of CONTEXTS) t.strictSame(keysIn(context.replace('§', key), secretScanningPattern('acme')), [key], JSON.stringify(context))
})

t.test('of several prefixes, the keys of each are found, also where one begins or ends with another', async t => {
  const names = ['acme', 'acme_test', 'test_acme', 'acmetest', 'a', 'live']
  const keys = names.map(name => generateKey(name))
  for (const order of [names, [...names].reverse()]) {
    t.strictSame(keysIn(keys.join('\n'), secretScanningPattern(order)), keys)
    for (const separator of [' ', ',', '\\n', '%20']) t.strictSame(keysIn(keys.join(separator), secretScanningPattern(order)), keys, separator)
  }
  t.strictSame(keysIn(keys.join('\n'), secretScanningPattern(['acmetest'])), [keys[3]])
  t.equal(secretScanningPattern(['acme']), secretScanningPattern('acme'))
  fc.assert(fc.property(fc.uniqueArray(prefixes, { minLength: 1, maxLength: 8 }), list => {
    const all = list.map(prefix => generateKey(prefix))
    return JSON.stringify(keysIn(all.join(' '), secretScanningPattern(list))) === JSON.stringify(all)
  }), { numRuns: 1000 })
})

t.test('what only looks like a key is not found', async t => {
  for (const text of LOOKALIKES) t.strictSame(keysIn(text, secretScanningPattern('acme')), [], text)
  t.strictSame(keysIn(generateKey('other'), secretScanningPattern('acme')), [])
})

t.test('the expression has nothing in it that RE2 does not know', async t => {
  for (const pattern of [secretScanningPattern('acme'), secretScanningPattern(['sk_live', 'sk_test'])]) {
    t.notMatch(pattern, /\(\?[^:]/, 'no lookaround, no named or atomic group')
    t.notMatch(pattern.replaceAll('\\\\', ''), /\\[^b]/, 'no escape but the word boundary and the backslash: so no backreference')
    t.notMatch(pattern, /[*+?}][+?]/, 'no possessive or lazy quantifier')
  }
})

t.test('a prefix that no key can have is refused, and named', async t => {
  const form = 'a prefix has letters and digits, single underscores between them, and 32 characters at most, unlike '
  const table: ReadonlyArray<readonly [unknown, string]> = [
    ['', `${form}""`], ['a-b', `${form}"a-b"`], ['(a+)+', `${form}"(a+)+"`], [undefined, `${form}undefined`], [[7, 'acme', '_'], `${form}7, "_"`], [[], 'the list of prefixes must not be empty']
  ]
  for (const [prefix, message] of table) {
    t.throws(() => secretScanningPattern(prefix as string), { code: 'FST_API_KEY_INVALID_INPUT', message })
  }
})

t.test('the checksum rule of the docs accepts every key, and agrees with what is accepted here', async t => {
  let wrong = 0
  fc.assert(fc.property(prefixes, prefix => {
    const key = generateKey(prefix)
    const edited = `${key.slice(0, -1)}${key.endsWith('A') ? 'B' : 'A'}`
    if (!hasRightChecksum(key)) wrong++
    return hasRightChecksum(key) && !hasRightChecksum(edited) && isWellFormedKey(key, [prefix])
  }), { numRuns: 10_000 })
  t.equal(wrong, 0)
})

t.test(`the checksum rule of the docs refuses ${EDITS} edited keys`, async t => {
  const random = seededBytes('edits')
  const below = (limit: number) => Buffer.from(random(4)).readUInt32LE() % limit
  const letter = () => ALPHABET[below(62)]!
  const edits: ReadonlyArray<(key: string) => string> = [
    key => replaced(key, 5 + below(38), letter()),
    key => replaced(replaced(key, 5 + below(38), letter()), 5 + below(38), letter()),
    key => {
      const at = 5 + below(37)
      return key.slice(0, at) + key[at + 1]! + key[at]! + key.slice(at + 2)
    },
    key => {
      const at = 5 + below(38)
      return key.slice(0, at) + key.slice(at + 1)
    },
    key => {
      const at = 5 + below(38)
      return key.slice(0, at) + letter() + key.slice(at)
    },
    key => key.slice(0, 5) + key.slice(5).toLowerCase(),
    () => `acme_${Array.from({ length: 38 }, letter).join('')}`,
    key => `acmd_${key.slice(5)}`
  ]
  const accepted: string[] = []
  let tried = 0
  let key = ''
  for (let i = 0; tried < EDITS; i++) {
    if (i % 1000 === 0) key = generateKey('acme', random)
    const edited = edits[i % edits.length]!(key)
    if (edited === key) continue
    tried++
    if (hasRightChecksum(edited)) accepted.push(edited)
  }
  t.strictSame([tried, accepted], [EDITS, []])
})

const replaced = (text: string, at: number, char: string) => text.slice(0, at) + char + text.slice(at + 1)

t.test('the docs show the expression as it is made', async t => {
  const [shown] = blocks.filter(({ language, code }) => language === 'text' && code.includes('acme_'))
  t.equal(shown!.code, `${secretScanningPattern('acme')}\n${secretScanningPattern(['acme', 'acme_test'])}\n`)
  t.ok(blocks.find(({ language }) => language === 'yaml')!.code.includes(`'${secretScanningPattern('acme')}'`), 'also for TruffleHog')
})

t.test('the gitleaks rule of the docs is TOML, has what gitleaks 8 knows, and finds keys but no placeholders', async t => {
  interface Rule { id: string, description: string, regex: string, secretGroup: number, entropy: number, keywords: string[] }
  const { extend, rules } = parse(blocks.find(({ language }) => language === 'toml')!.code) as unknown as { extend: object, rules: Rule[] }
  t.same(extend, { useDefault: true })
  t.equal(rules.length, 1)
  const [rule] = rules as [Rule]
  t.match(rule, { id: 'acme-api-key', description: String, secretGroup: 1, entropy: Number, keywords: ['acme_'] })
  t.equal(rule.regex, secretScanningPattern('acme'))

  // As gitleaks goes about it: the keyword in lower case, the expression, the expression again on what it found, the group, the entropy.
  const detects = (text: string) => rule.keywords.some(keyword => text.toLowerCase().includes(keyword)) &&
    [...text.matchAll(new RegExp(rule.regex, 'g'))].some(([match]) => entropyOf(new RegExp(rule.regex).exec(match)?.[rule.secretGroup] ?? '') > rule.entropy)
  let missed = 0
  for (let i = 0; i < 20_000; i++) {
    if (!detects(CONTEXTS[i % CONTEXTS.length]!.replace('§', generateKey('acme')))) missed++
  }
  t.equal(missed, 0)
  for (const text of [...LOOKALIKES, `acme_${'x'.repeat(38)}`, `acme_${'0'.repeat(38)}`, `acme_${'Xx'.repeat(19)}`, 'acme_YOURKEYYOURKEYYOURKEYYOURKEYYOURKEYYO']) t.notOk(detects(text), text)
})

/** Of Shannon, in bits a character, as gitleaks has it. */
function entropyOf (text: string): number {
  const counts = new Map<string, number>()
  for (const char of text) counts.set(char, (counts.get(char) ?? 0) + 1)
  return [...counts.values()].reduce((sum, count) => sum - count / text.length * Math.log2(count / text.length), 0)
}
