// Type-checks everything. `fastify-api-key-scopes` means lib/ here (`paths` in tsconfig.json), so nothing has to
// be built first, and a test and an example that meet in one program have the same types.
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { compile, declaresRegister } from './programs.mjs'

process.chdir(fileURLToPath(new URL('..', import.meta.url)))

// Each example is one program, together with its tests; so is any other file that declares `Register`.
const programs = new Map()
for (const file of ['lib', 'test', 'bench', 'examples'].flatMap(sourcesIn)) {
  const [, system] = /^(?:examples|test\/systems)\/([\w-]+)/.exec(file) ?? []
  const name = system ?? (declaresRegister(file) ? file : 'the rest')
  programs.set(name, [...programs.get(name) ?? [], file])
}

let failed = 0
const queue = [...programs.values()]
await Promise.all([worker(), worker()])
console.log(`${programs.size} programs type-checked, ${failed} with errors`)
process.exitCode = failed === 0 ? 0 : 1

async function worker () {
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    const { ok, output } = await compile(next)
    if (!ok) console.error(output)
    if (!ok) failed++
  }
}

function sourcesIn (folder) {
  if (!existsSync(folder)) return []
  return readdirSync(folder, { recursive: true })
    .filter((file) => /\.[mc]?ts$/.test(file) && !/(^|[/\\])node_modules[/\\]/.test(file))
    .map((file) => join(folder, file))
    .sort()
}
