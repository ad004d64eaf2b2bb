import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { run } from './run.js'

const root = fileURLToPath(new URL('../..', import.meta.url))

t.test('docs/benchmarks.md and its picture are what bench/results makes', async (t) => {
  const { code, output } = await run(process.execPath, ['bench/render/run.mjs', '--check'], { cwd: root, timeout: 20_000 })
  t.equal(code, 0, output)
})

t.test('what the page says to run is there', async (t) => {
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: Record<string, string> }
  const page = readFileSync(join(root, 'docs/benchmarks.md'), 'utf8')
  const named = ['bench', ...[...page.matchAll(/`(bench:[\w-]+)`/g)].map(([, name]) => name!)]
  t.ok(named.length > 5)
  for (const name of named) t.ok(scripts[name], name)
})
