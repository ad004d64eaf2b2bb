// Compiles lib/ twice, to dist/esm and dist/cjs. Does nothing when dist/ already is what the sources make,
// so that npm test, npm start and the examples can all call it first.
import { createHash } from 'node:crypto'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { tsc } from './programs.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const dist = join(root, 'dist')
const stamp = join(root, '.build/dist.sha256')

export async function build () {
  const wanted = digestOfSources()
  if (existsSync(join(dist, 'cjs/package.json')) && existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return

  mkdirSync(dirname(stamp), { recursive: true })
  const fresh = mkdtempSync(join(root, '.build/dist-'))
  try {
    const compile = async (kind) => await tsc('-p', `tsconfig.${kind}.json`, '--outDir', join(fresh, kind))
    const [esm, cjs] = await Promise.all([compile('esm'), compile('cjs')])
    if (!esm.ok || !cjs.ok) throw new Error(`lib/ does not compile\n${esm.ok ? cjs.output : esm.output}`)
    writeFileSync(join(fresh, 'cjs/package.json'), '{ "type": "commonjs" }\n')
    chmodSync(join(fresh, 'esm/cli.js'), 0o755)
    replaceFiles(fresh, dist)
    writeFileSync(stamp, wanted)
  } finally {
    rmSync(fresh, { recursive: true, force: true })
  }
}

function digestOfSources () {
  const configs = ['package.json', 'tsconfig.json', 'tsconfig.esm.json', 'tsconfig.cjs.json', 'scripts/build.mjs']
  return digestOf([...configs, ...filesIn(join(root, 'lib')).map((file) => `lib/${file}`)])
}

/** Changes when any of these files does; paths from the root. */
export function digestOf (files) {
  const hash = createHash('sha256')
  for (const file of files) hash.update(`${file}\0`).update(readFileSync(join(root, file))).update('\0')
  return hash.digest('hex')
}

// File by file, because renaming a file is atomic and swapping a whole folder is not: whoever
// imports from dist/ at this moment, or builds it too, never finds a file missing or half written.
export function replaceFiles (from, to) {
  const files = filesIn(from)
  for (const file of files) {
    mkdirSync(dirname(join(to, file)), { recursive: true })
    renameSync(join(from, file), join(to, file))
  }
  const stale = filesIn(to).filter((file) => !files.includes(file))
  for (const file of stale) rmSync(join(to, file), { force: true })
}

export function filesIn (folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort()
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await build().catch((error) => {
    console.error(error.message)
    process.exitCode = 1
  })
}
