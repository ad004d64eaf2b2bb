// node --import ./scripts/typescript.mjs <file.ts>: runs TypeScript files of this repository, also on Node 20.
// node scripts/typescript.mjs: transpiles all of them beforehand.
//
// tap runs the tests with it (see .taprc) instead of with its own ts-node, which loads the whole compiler twice
// into every process and transpiles every file again each time. Here what was transpiled once is kept in
// .build/transpiled. What is not there yet is transpiled all at once: the compiler takes hardly longer for all files than for one.
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync, existsSync } from 'node:fs'
import { createRequire, register } from 'node:module'
import { basename, dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

// Node loads this file once more, by this name, in the thread where its hooks run.
const HOOKS = '?hooks'

const FOLDERS = ['lib', 'test', 'examples']

// Neither are its imports looked at nor are types checked, so what the compiler says of types that are missing does not matter.
const EACH_FOR_ITSELF = {
  module: 'esnext', moduleResolution: 'bundler', noEmit: false, noCheck: true, noResolve: true, noLib: true, types: [], paths: {}, inlineSourceMap: true, inlineSources: true
}

const root = fileURLToPath(new URL('..', import.meta.url))
const kept = join(root, '.build/transpiled')
const require = createRequire(import.meta.url)
const maker = `${require('@typescript/native/package.json').version}\0${readFileSync(fileURLToPath(import.meta.url))}`

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await transpileAll()
} else if (!import.meta.url.endsWith(HOOKS)) {
  register(import.meta.url + HOOKS)
  // From here on nobody else has to see that it was tap's own ts-node that was turned off by this.
  delete process.env.TAP_TYPE_STRIP_ONLY
}

/** A hook of Node: in TypeScript './a.js' means ./a.ts, where there is one. */
export async function resolve (specifier, context, next) {
  if (/^\.\.?\/.*\.js$/.test(specifier) && isOurs(context.parentURL)) {
    const url = new URL(specifier.replace(/\.js$/, '.ts'), context.parentURL)
    if (existsSync(url)) return { url: url.href, format: 'module', shortCircuit: true }
  }
  return await next(specifier, context)
}

/** A hook of Node: what runs in place of a TypeScript file. */
export async function load (url, context, next) {
  if (!isOurs(url)) return await next(url, context)
  return { format: 'module', source: await transpiled(fileURLToPath(url)), shortCircuit: true }
}

function isOurs (url) {
  return url?.endsWith('.ts') === true && FOLDERS.some((folder) => url.startsWith(new URL(`../${folder}/`, import.meta.url).href))
}

async function transpiled (path) {
  const file = keptAs(path)
  if (!existsSync(file)) await transpileAll()
  return readFileSync(file, 'utf8')
}

// Several processes may do this at once: each in a folder of its own, and renaming is atomic.
async function transpileAll () {
  const missing = FOLDERS.flatMap((folder) => readdirSync(join(root, folder), { recursive: true }).map((file) => join(folder, file)))
    .filter((file) => file.endsWith('.ts'))
    .map((file) => ({ file, target: keptAs(join(root, file)) }))
    .filter(({ target }) => !existsSync(target))
  if (missing.length === 0) return

  const { compile } = await import('./programs.mjs')
  mkdirSync(kept, { recursive: true })
  const fresh = mkdtempSync(join(root, '.build/transpiled-'))
  try {
    const { output } = await compile(missing.map(({ file }) => file), { ...EACH_FOR_ITSELF, outDir: fresh })
    for (const { file, target } of missing) {
      const made = join(fresh, file.replace(/ts$/, 'js'))
      if (!existsSync(made)) throw new Error(`${file} is not transpiled\n${output}`)
      writeFileSync(made, besideItsSource(file, readFileSync(made, 'utf8')))
      mkdirSync(dirname(target), { recursive: true })
      renameSync(made, target)
      for (const old of readdirSync(dirname(target)).filter((name) => name !== basename(target))) rmSync(join(dirname(target), old), { force: true })
    }
  } finally {
    rmSync(fresh, { recursive: true })
  }
}

function keptAs (path) {
  const digest = createHash('sha256').update(`${maker}\0${path}\0`).update(readFileSync(path)).digest('hex')
  return join(kept, relative(root, path), `${digest}.js`)
}

// Node loads it from where the source is, and the map says from where it has been compiled.
function besideItsSource (file, source) {
  return source.replace(/(?<=\n\/\/# sourceMappingURL=data:application\/json;base64,)\S+\s*$/, (map) => {
    return Buffer.from(JSON.stringify({ ...JSON.parse(Buffer.from(map, 'base64')), sources: [basename(file)] })).toString('base64')
  })
}
