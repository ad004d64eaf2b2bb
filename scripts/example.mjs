// node scripts/example.mjs <system>[/<file>] [argument ...]
//
// Runs examples/<system>/server.ts, or <file>.ts, with what is in lib/ today. The compiled program runs in this
// very process, so that its signals, exit code, input and output are its own.
import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { extname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build, replaceFiles } from './build.mjs'
import { tsc } from './programs.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const [what = '', ...args] = process.argv.slice(2)
const [system, file = 'server'] = what.split('/')

if (what === '' || !existsSync(join(root, 'examples', system, `${file}.ts`))) {
  const systems = readdirSync(join(root, 'examples')).filter((name) => existsSync(join(root, 'examples', name, 'server.ts')))
  console.error(`There is no example '${what}'. There are: ${systems.join(', ')}`)
  process.exit(1)
}

await build()
const examples = join(root, '.build/examples')
const fresh = mkdtempSync(join(root, '.build/examples-'))
try {
  const compiled = await tsc('-p', 'tsconfig.examples.json', '--outDir', fresh)
  if (!compiled.ok) throw new Error(compiled.output)
  // Pages, data and the like lie beside the compiled programs as they lie beside the sources.
  cpSync(join(root, 'examples'), fresh, {
    recursive: true,
    filter: (path) => statSync(path).isDirectory() || extname(path) !== '.ts'
  })
  replaceFiles(fresh, examples)
} finally {
  rmSync(fresh, { recursive: true })
}

const program = join(examples, system, `${file}.js`)
process.argv = [process.execPath, program, ...args]
await import(pathToFileURL(program).href)
