// node --import ./scripts/typescript.mjs <file.ts>: runs TypeScript files of this repository, also on Node 20.
// node scripts/typescript.mjs: transpiles all of them beforehand.
//
// tap runs the tests with it (see .taprc) instead of with its own ts-node, which loads the whole compiler twice
// into every process and transpiles every file again each time. Here what was transpiled once is kept in
// .build/transpiled, so that most processes never load the compiler.
import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync, existsSync } from 'node:fs'
import { createRequire, register } from 'node:module'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

// Node loads this file once more, by this name, in the thread where its hooks run.
const HOOKS = '?hooks'

const FOLDERS = ['lib', 'test', 'examples']

const root = fileURLToPath(new URL('..', import.meta.url))
const kept = join(root, '.build/transpiled')
const require = createRequire(import.meta.url)
const maker = `${require('typescript/package.json').version}\0${readFileSync(fileURLToPath(import.meta.url))}`

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const folder of FOLDERS) {
    const files = readdirSync(join(root, folder), { recursive: true })
    for (const file of files.filter((file) => file.endsWith('.ts'))) transpiled(join(root, folder, file))
  }
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
  return { format: 'module', source: transpiled(fileURLToPath(url)), shortCircuit: true }
}

function isOurs (url) {
  return url?.endsWith('.ts') === true && FOLDERS.some((folder) => url.startsWith(new URL(`../${folder}/`, import.meta.url).href))
}

function transpiled (path) {
  const code = readFileSync(path, 'utf8')
  const folder = join(kept, relative(root, path))
  const file = `${createHash('sha256').update(`${maker}\0${path}\0${code}`).digest('hex')}.js`
  try {
    return readFileSync(join(folder, file), 'utf8')
  } catch {
    const source = transpile(path, code)
    keep(folder, file, source)
    return source
  }
}

function transpile (fileName, code) {
  const ts = require('typescript')
  const compilerOptions = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2023, verbatimModuleSyntax: true, inlineSourceMap: true, inlineSources: true }
  return ts.transpileModule(code, { fileName, compilerOptions }).outputText
}

// Several processes may do this at once: renaming is atomic, and whoever finds nothing transpiles it anew.
function keep (folder, file, source) {
  mkdirSync(folder, { recursive: true })
  const fresh = join(kept, `${process.pid}.fresh`)
  writeFileSync(fresh, source)
  renameSync(fresh, join(folder, file))
  for (const old of readdirSync(folder).filter((name) => name !== file)) rmSync(join(folder, old), { force: true })
}
