import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { compile, declaresRegister } from '../../scripts/programs.mjs'
import { blocksOf, pagesIn, type Block } from './markdown-blocks.js'
import { run, type Ran } from './run.js'

const root = fileURLToPath(new URL('../..', import.meta.url))
mkdirSync(join(root, '.build'), { recursive: true })
const folder = mkdtempSync(join(root, '.build/docs-'))
t.teardown(() => rmSync(folder, { recursive: true }))

const blocks = pagesIn(root).flatMap((page) => blocksOf(root, page))
const programs = blocks.filter(({ language }) => ['ts', 'js'].includes(language)).map(writeProgram)

t.test('every TypeScript block compiles against the built package', async (t) => {
  // Paths are emptied so that `fastify-api-key-scopes` is what a user gets: dist/, by way of `exports`.
  const options = { noEmit: false, paths: {}, outDir: join(folder, 'out'), rootDir: folder, noUnusedLocals: false, noUnusedParameters: false }
  const typed = programs.filter(({ block }) => block.language === 'ts').map(({ file }) => file)
  const alone = typed.filter((file) => declaresRegister(join(root, file)))
  const together = typed.filter((file) => !alone.includes(file))
  for (const files of [together, ...alone.map((file) => [file])]) {
    if (files.length === 0) continue
    const { ok, output } = await compile(files, options)
    t.ok(ok, inTermsOfPages(output) || `${files.length} compiled`)
  }
})

t.test('every program runs', async (t) => {
  const running = programs.filter(({ block }) => !block.compileOnly)
  const alone = running.filter(({ parts }) => parts.some(({ code }) => NEEDS_A_PROCESS.test(code)))
  const together = running.filter((program) => !alone.includes(program))
  t.test('in one process', { buffered: true }, async (t) => await runTogether(t, together))
  t.test('in a process each', { jobs: 2, buffered: true }, async (t) => {
    for (const program of alone) {
      t.test(program.block.where, { buffered: true }, async (t) => {
        await runs(t, program.block, process.execPath, '--import', IDLE_SERVERS, compiled(program))
      })
    }
  })
})

t.test('every JSON block parses', async (t) => {
  for (const block of blocks.filter(({ language }) => language === 'json')) {
    t.equal(syntaxErrorIn(block.code), undefined, `${block.where} is JSON`)
  }
})

t.test('every shell block is run here, or in the test that it names', async (t) => {
  for (const block of blocks.filter(({ language }) => ['sh', 'bash', 'shell'].includes(language))) {
    if (block.run || block.expect !== undefined) await runs(t, block, 'sh', '-euc', block.code)
    else t.ok(block.checkedIn !== undefined && existsSync(join(root, block.checkedIn)), `${block.where} needs a mark such as <!-- sh: checked in test/… -->, of a file that exists`)
  }
})

function syntaxErrorIn (json: string): unknown {
  try {
    JSON.parse(json)
    return undefined
  } catch (error) {
    return error
  }
}

/** Programs that do something to their process, or listen in it to what all apps do. */
const NEEDS_A_PROCESS = /\b(process|listen|subscribe|logger|Register)\b|'(node:test|tap|vitest)'/

const IDLE_SERVERS = join(root, 'test/package/idle-servers.mjs')

async function runTogether (t: Test, programs: readonly Program[]): Promise<void> {
  const files = programs.map(compiled)
  const args = ['-c', 'exec "$@" 2>&1', 'sh', process.execPath, '--import', IDLE_SERVERS, join(root, 'test/package/one-after-another.mjs'), ...files]
  const { code, output } = await run('sh', args, { cwd: folder, timeout: 60_000 })
  t.equal(code, 0, `the process ends${code === 0 ? '' : `: ${output}`}`)
  for (const [i, { block }] of programs.entries()) {
    const [, printed, ended] = new RegExp(`^=== ${files[i]!.replaceAll('.', '\\.')}\n([^]*?)\n=== ended with (\\d+)$`, 'm').exec(output) ?? []
    isAsSaid(t, block, { code: ended === undefined ? 'unknown' : Number(ended), output: printed ?? '' })
  }
}

/** Where what runs is. */
function compiled ({ block, file }: Program): string {
  return block.language === 'ts' ? join(folder, 'out', file.slice(dirname(file).length + 1).replace(/ts$/, 'js')) : join(root, file)
}

interface Program { block: Block, file: string, parts: Block[] }

function writeProgram (block: Block): Program {
  const parts = [block]
  while (parts[0]!.continues) parts.unshift(before(parts[0]!))
  const code = parts.map((part) => part.code).join('')
  const suffix = block.language === 'ts' ? 'ts' : code.includes('require(') ? 'cjs' : 'js'
  const file = join(folder, `${block.where.replace(/\W+/g, '-')}.${suffix}`)
  writeFileSync(file, `${code}${suffix === 'ts' ? 'export {}\n' : ''}`)
  return { block, file: file.slice(root.length), parts }
}

function before (block: Block): Block {
  const previous = blocks.filter((other) => other.page === block.page && other.language === block.language && other.line < block.line).at(-1)
  if (previous === undefined) throw new Error(`${block.where} continues no block`)
  return previous
}

// `.build/docs-x/README-md-12.ts(3,1): error` -> `README.md:15: error`
function inTermsOfPages (output: string): string {
  return output.trim().replace(/^(\S+)\((\d+),\d+\)/gm, (all, file: string, line: string) => {
    let rest = Number(line)
    for (const part of programs.find((program) => program.file === file)?.parts ?? []) {
      const length = part.code.split('\n').length - 1
      if (rest <= length) return `${part.page}:${part.line + rest - 1}`
      rest -= length
    }
    return all
  })
}

async function runs (t: Test, block: Block, command: string, ...args: string[]): Promise<void> {
  const cwd = mkdtempSync(join(folder, 'cwd-'))
  isAsSaid(t, block, await run(command, args, { cwd, timeout: 20_000 }))
}

function isAsSaid (t: Test, block: Block, { code, output }: Ran): void {
  t.equal(code, 0, `${block.where} runs to its end${code === 0 ? '' : `: ${output}`}`)
  if (block.expect !== undefined) t.ok(output.includes(block.expect), `${block.where} prints ${block.expect}, not ${output}`)
}
