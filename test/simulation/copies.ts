// The code that is simulated: compiled, together with the simulation itself, and copied once for each sabotage, as far as that
// reaches: the rest is linked, and so stays as fast as it has become by then.
import { spawn } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'
import ts from 'typescript'
import { compiled } from '../stores/fixtures/compiled.js'
import type { Campaign, CampaignResult } from './campaign.js'
import type { Sabotage } from './sabotages.js'

const root = fileURLToPath(new URL('../..', import.meta.url))

export interface Simulator {
  /** Of lib/, compiled. */
  readonly folder: string
  /** The same, with something left out. @throws if that is not there, or not once. */
  sabotaged (sabotage: Sabotage): string
  run (campaign: Campaign): Promise<CampaignResult>
}

/** Starts a process that simulates. */
export async function startSimulator (t: Test): Promise<Simulator> {
  const original = await compiled()
  const copied = mkdtempSync(join(root, '.build/simulation-'))
  t.teardown(() => { rmSync(copied, { recursive: true }) })

  const child = spawn('env', ['-u', 'NODE_OPTIONS', process.execPath, join(original, 'test/simulation/campaign.js')], { stdio: ['pipe', 'pipe', 'inherit'] })
  t.teardown(() => child.kill('SIGKILL'))
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const lib = join(original, 'lib')
  const imports = importsIn(lib)
  let copies = 0

  return {
    folder: lib,

    sabotaged ({ file, from, to }) {
      if (file === undefined) return lib
      const folder = join(copied, `sabotaged-${++copies}/lib`)
      const sabotaged = join('keys', file.replace(/ts$/, 'js'))
      const reached = whatReaches(sabotaged, imports)
      for (const path of imports.keys()) {
        mkdirSync(dirname(join(folder, path)), { recursive: true })
        if (reached.has(path)) copyFileSync(join(lib, path), join(folder, path))
        else symlinkSync(join(lib, path), join(folder, path))
      }
      const parts = readFileSync(join(root, 'lib/keys', file), 'utf8').split(from!)
      if (parts.length !== 2) throw new Error(`lib/keys/${file} has ${parts.length - 1} times, not once: ${from}; the table of sabotages must follow the code`)
      const { outputText } = ts.transpileModule(parts.join(to!), { compilerOptions: { target: ts.ScriptTarget.ES2023, module: ts.ModuleKind.ESNext, verbatimModuleSyntax: true } })
      writeFileSync(join(folder, sabotaged), outputText)
      return folder
    },

    async run (campaign) {
      child.stdin.write(JSON.stringify(campaign) + '\n')
      const { value, done } = await lines.next()
      if (done) throw new Error('the simulator has ended')
      return JSON.parse(value)
    }
  }
}

/** What each compiled file of a folder imports of the others. */
function importsIn (folder: string): ReadonlyMap<string, readonly string[]> {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.js'))
  return new Map(files.map((path) => {
    const specifiers = readFileSync(join(folder, path), 'utf8').matchAll(/from '(\.[^']+)'/g)
    return [path, [...specifiers].map(([, specifier]) => join(dirname(path), specifier!))]
  }))
}

/** A file, and all that import it, also by way of others. */
function whatReaches (file: string, imports: ReadonlyMap<string, readonly string[]>): ReadonlySet<string> {
  const reached = new Set([file])
  // Whatever is added while this goes on has its turn, too.
  for (const one of reached) for (const [path, imported] of imports) if (imported.includes(one)) reached.add(path)
  return reached
}
