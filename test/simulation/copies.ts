// The code that is simulated: compiled, together with the simulation itself, and copied once for each sabotage.
import { spawn } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'
import ts from 'typescript'
import { compile } from '../../scripts/programs.mjs'
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

/** Compiles all that is needed, and starts a process that simulates. */
export async function startSimulator (t: Test): Promise<Simulator> {
  mkdirSync(join(root, '.build'), { recursive: true })
  const outDir = mkdtempSync(join(root, '.build/simulation-'))
  t.teardown(() => { rmSync(outDir, { recursive: true }) })
  const { ok, output } = await compile(['test/simulation/campaign.ts', 'lib/keys/keyring.ts'], { noEmit: false, noCheck: true, outDir })
  if (!ok) throw new Error(output)

  const child = spawn('env', ['-u', 'NODE_OPTIONS', process.execPath, join(outDir, 'test/simulation/campaign.js')], { stdio: ['pipe', 'pipe', 'inherit'] })
  t.teardown(() => child.kill('SIGKILL'))
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  let copies = 0

  return {
    folder: join(outDir, 'lib'),

    sabotaged ({ file, from, to }) {
      const folder = join(outDir, `sabotaged-${++copies}/lib`)
      cpSync(join(outDir, 'lib'), folder, { recursive: true })
      if (file === undefined) return folder
      const parts = readFileSync(join(root, 'lib/keys', file), 'utf8').split(from!)
      if (parts.length !== 2) throw new Error(`lib/keys/${file} has ${parts.length - 1} times, not once: ${from}; the table of sabotages must follow the code`)
      const { outputText } = ts.transpileModule(parts.join(to!), { compilerOptions: { target: ts.ScriptTarget.ES2023, module: ts.ModuleKind.ESNext, verbatimModuleSyntax: true } })
      writeFileSync(join(folder, 'keys', file.replace(/ts$/, 'js')), outputText)
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
