// The benchmark of big stores that docs/scaling.md names does what it says, with few keys.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { run } from '../package/run.js'

t.test('npm run bench:stores fills a store, finds what it has filled it with, and writes down what it measured', async (t) => {
  const { scripts } = JSON.parse(readFileSync('package.json', 'utf8'))
  t.match(scripts['bench:stores'], /node bench\/stores\/run\.mjs$/)
  const results = t.testdir()
  const { code, output } = await run(process.execPath, ['bench/stores/run.mjs', '--store', 'sqlite', '--keys', '10000', '--samples', '20', '--results', results], { cwd: '.', timeout: 60_000 })
  t.equal(code, 0, output)
  t.match(output, 'lookup, once more')
  const { 10000: { keys, bytes, ends, usage } } = JSON.parse(readFileSync(join(results, 'stores-sqlite.json'), 'utf8'))
  t.equal(keys, 10_000)
  t.equal(ends.purge.removed, 100, 'one of a hundred keys ended long ago')
  t.ok(bytes['index by digest'] > 64 * keys)
  t.equal(usage['lookups of another process, beside flushes'].failed, 0)
})

t.test('wrong arguments are refused with the right ones', async (t) => {
  for (const args of [['--store', 'mysql'], ['--keys', 'many'], ['--keys', '9999'], ['--samples', '0']]) {
    t.match(await run(process.execPath, ['bench/stores/run.mjs', ...args], { cwd: '.', timeout: 60_000 }), { code: 2, output: /--store sqlite\|postgres/ }, args.join(' '))
  }
})
