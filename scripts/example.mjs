// node scripts/example.mjs <system>[/<file>] [argument ...]
//
// Runs examples/<system>/server.ts, or <file>.ts, with what is in lib/ today. The compiled program runs in this
// very process, so that its signals, exit code, input and output are its own.
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from './build.mjs'
import { compileExamples } from './examples.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const [what = '', ...args] = process.argv.slice(2)
const [system, file = 'server'] = what.split('/')

if (what === '' || !existsSync(join(root, 'examples', system, `${file}.ts`))) {
  const systems = readdirSync(join(root, 'examples')).filter((name) => existsSync(join(root, 'examples', name, 'server.ts')))
  console.error(`There is no example '${what}'. There are: ${systems.join(', ')}`)
  process.exit(1)
}

await build()
const program = join(await compileExamples(), system, `${file}.js`)
process.argv = [process.execPath, program, ...args]
await import(pathToFileURL(program).href)
