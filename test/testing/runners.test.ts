// The cases of a matrix are tests of tap, of node:test and of vitest: they pass for an app that is as it says, and fail for one that is not.
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { ended, spawned } from '../cli/set-up.js'

const root = fileURLToPath(new URL('../..', import.meta.url))
const fixture = (name: string) => join('test/testing/fixtures', name)
const typescript = ['--import', './scripts/typescript.mjs']

const RUNNERS: ReadonlyArray<readonly [name: string, command: readonly string[], passed: RegExp]> = [
  ['tap', [process.execPath, ...typescript, fixture('matrix.tap.ts')], /# Subtest: GET \/apps: apps:read\n/],
  ['node:test', [process.execPath, ...typescript, '--test-reporter', 'tap', fixture('matrix.node-test.ts')], /# Subtest: GET \/apps: apps:read\n/],
  ['vitest', [process.execPath, 'node_modules/vitest/vitest.mjs', 'run', '--reporter', 'verbose', '--config', fixture('vitest.config.mjs')], / GET \/apps: apps:read/]
]

for (const [name, command, listed] of RUNNERS) {
  t.test(name, async t => {
    const run = async (env: NodeJS.ProcessEnv) => {
      const { code, stdout, stderr } = await ended(spawned(command, { cwd: root, env: { FORCE_COLOR: '0', NO_COLOR: '1', ...env } }))
      return { code, output: stdout + stderr }
    }
    const sound = await run({})
    t.equal(sound.code, 0, sound.output)
    t.match(sound.output, listed)

    const broken = await run({ BROKEN: 'yes' })
    t.not(broken.code, 0)
    t.match(broken.output, /GET \/apps is for: apps:read/)
    t.match(broken.output, /it was answered 200 before it was decided; something is in its way/)
  })
}
