// Packs the package and checks the tarball as its users will get it: what is in it, what `exports` promises
// (publint), and that the types resolve under every way of importing (attw).
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from './build.mjs'

// README and LICENSE are packed whether they are in `files` or not.
const EXPECTED = /^(package\.json|README\.md|LICENSE|CHANGELOG\.md|docs\/.+|dist\/(esm|cjs)\/.+\.(js|d\.ts)|dist\/cjs\/package\.json)$/

process.chdir(fileURLToPath(new URL('..', import.meta.url)))
const folder = mkdtempSync(join(tmpdir(), 'package-'))
try {
  await build()
  const [packed] = JSON.parse(npm('pack', '--ignore-scripts', '--json', '--pack-destination', folder))
  const strangers = packed.files.map((file) => file.path).filter((path) => !EXPECTED.test(path))
  if (strangers.length > 0) throw new Error(`These do not belong into the package: ${strangers.join(', ')}`)
  for (const wanted of ['README.md', 'LICENSE', 'CHANGELOG.md']) {
    if (!packed.files.some((file) => file.path === wanted)) throw new Error(`${wanted} is missing from the package`)
  }

  const tarball = join(folder, packed.filename)
  tool('publint', 'run', tarball, '--strict')
  // node16 leaves out "node10", the resolution that knows no `exports`: it could find no subpath such as
  // fastify-api-key-scopes/sqlite, and no version of Node that is supported resolves like that.
  tool('attw', tarball, '--profile', 'node16')
  console.log(`${packed.filename} is clean: ${packed.files.length} files, ${Math.round(packed.size / 1024)} KiB packed`)
} catch (error) {
  console.error(error.message)
  process.exitCode = 1
} finally {
  rmSync(folder, { recursive: true })
}

function npm (...args) {
  return execFileSync('npm', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })
}

function tool (name, ...args) {
  try {
    execFileSync(join('node_modules/.bin', name), args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })
  } catch (error) {
    throw new Error(`${name} found something wrong with the package\n${error.stdout}`)
  }
}
