// Measures each of some calls in processes of their own, a few times: V8 settles differently from process to process.
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { spread } from './figures.mjs'

const program = fileURLToPath(new URL('process.mjs', import.meta.url))

/**
 * In turn, so that whatever else the machine does, it does to all of them.
 *
 * @param module what exports `calls`: by name, what makes a call (see process.mjs).
 * @param cases `{ name, size }`
 * @returns the cases, each with the spread of every figure.
 */
export async function inProcesses (module, cases, rounds) {
  const figures = cases.map(() => [])
  for (let round = 0; round < rounds; round++) {
    for (const [i, { name, size }] of cases.entries()) {
      const { stdout } = await promisify(execFile)(process.execPath, ['--expose-gc', '--max-old-space-size=8192', program, module.href, name, String(size)])
      figures[i].push(JSON.parse(stdout))
    }
  }
  return cases.map((each, i) => ({ ...each, ...spreads(figures[i]) }))
}

function spreads (figures) {
  return Object.fromEntries(Object.keys(figures[0]).map(name => [name, spread(figures.map(figure => figure[name]))]))
}
