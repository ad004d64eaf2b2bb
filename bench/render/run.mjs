// Writes bench/results into docs/benchmarks.md and docs/benchmarks.svg: run.mjs [--check]. With --check it writes nothing, and fails if
// they are not what the results make.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { picture } from './picture.mjs'
import { measuredOn, TABLES } from './tables.mjs'

const { values: { check } } = parseArgs({ options: { check: { type: 'boolean', default: false } } })
const PAGE = new URL('../../docs/benchmarks.md', import.meta.url)
const PICTURE = new URL('../../docs/benchmarks.svg', import.meta.url)

const results = Object.fromEntries([...new Set(Object.values(TABLES).map(([name]) => name))].map(name => [name, read(name)]))
const page = readFileSync(PAGE, 'utf8').replace(/(<!-- figures: (\S+) -->\n)[\s\S]*?(<!-- end of figures -->)/g, (_, begin, name, end) => `${begin}\n${figures(name)}\n\n${end}`)
const files = [[PAGE, page], [PICTURE, picture(results)]]

for (const [file, content] of files) {
  if (existsSync(file) && readFileSync(file, 'utf8') === content) continue
  if (check) {
    console.error(`${file.pathname.split('/').slice(-2).join('/')} is not what bench/results makes: npm run bench:render`)
    process.exitCode = 1
  } else {
    writeFileSync(file, content)
  }
}

function read (name) {
  const file = new URL(`../results/${name}.json`, import.meta.url)
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined
}

function figures (name) {
  const [from, tableOf] = TABLES[name] ?? []
  if (tableOf === undefined) throw new Error(`docs/benchmarks.md has figures that nothing makes: ${name}`)
  const measured = results[from]
  return measured === undefined ? 'Not measured yet.' : `${tableOf(measured)}\n\n${measuredOn(measured)}`
}
