// Compiles examples/ to .build/examples, and does nothing when that already is what the sources make.
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { digestOf, filesIn, replaceFiles } from './build.mjs'
import { tsc } from './programs.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const compiled = join(root, '.build/examples')
const stamp = join(root, '.build/examples.sha256')

/** Answers the folder of the compiled programs. */
export async function compileExamples () {
  // Types are not looked at, so that what comes of a file depends on that file alone.
  const configs = ['tsconfig.json', 'tsconfig.examples.json', 'scripts/examples.mjs']
  const wanted = digestOf([...configs, ...filesIn(join(root, 'examples')).map((file) => `examples/${file}`)])
  if (existsSync(compiled) && existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return compiled

  mkdirSync(join(root, '.build'), { recursive: true })
  const fresh = mkdtempSync(join(root, '.build/examples-'))
  try {
    const { ok, output } = await tsc('-p', 'tsconfig.examples.json', '--outDir', fresh)
    if (!ok) throw new Error(output)
    // Pages, data and the like lie beside the compiled programs as they lie beside the sources.
    cpSync(join(root, 'examples'), fresh, {
      recursive: true,
      filter: (path) => statSync(path).isDirectory() || extname(path) !== '.ts'
    })
    replaceFiles(fresh, compiled)
    writeFileSync(stamp, wanted)
  } finally {
    rmSync(fresh, { recursive: true })
  }
  return compiled
}
