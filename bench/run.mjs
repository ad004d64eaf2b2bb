// All benchmarks, one after another, and the page that tells of them: npm run bench [-- --quick]
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const { values: { quick } } = parseArgs({ options: { quick: { type: 'boolean', default: false } } })

const few = quick ? ['--rounds', '2'] : []
const STEPS = [
  ['micro/run.mjs', ...few],
  ['scaling/run.mjs', ...few],
  ['start-up/run.mjs', ...few],
  ['http/run.mjs', ...quick ? [] : ['--full']],
  ['render/run.mjs']
]

for (const [file, ...args] of STEPS) {
  const { status } = spawnSync(process.execPath, [fileURLToPath(new URL(file, import.meta.url)), ...args], { stdio: 'inherit' })
  if (status !== 0) process.exit(status ?? 1)
}
