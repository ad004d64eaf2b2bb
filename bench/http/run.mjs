// HTTP side by side: what a check costs on the same route in the same run. `npm run bench:http -- --help`
import { mkdirSync, writeFileSync } from 'node:fs'
import { cpus, loadavg } from 'node:os'
import { PINNED } from './child.mjs'
import { contest } from './contest.mjs'
import { HELP, readOptions } from './options.mjs'
import { installPeers, versions } from './peers.mjs'
import { print, rowOf } from './rows.mjs'

await run(process.argv.slice(2)).catch((error) => {
  console.error(error.message)
  process.exitCode = 1
})

async function run (args) {
  const { help, variants, against, ...settings } = readOptions(args)
  if (help) return console.log(HELP)
  installPeers()

  const entries = variants.map(variant => contestants(variant, against)).map(list => ({ list, slices: list.map(() => []) }))
  // Round by round: what changes in the machine from one minute to the next meets all of them.
  for (let round = 1; round <= settings.processes; round++) {
    for (const { list, slices } of entries) {
      process.stderr.write(`\r\x1b[Kround ${round} of ${settings.processes}: ${list[0].title}`)
      const more = await contest(list, settings)
      more.forEach((of, at) => slices[at].push(...of))
    }
  }
  process.stderr.write('\r\x1b[K')

  const rows = entries.flatMap(({ list, slices }) => list.map((variant, at) => rowOf(variant, slices[at], settings.processes)))
  const about = { node: process.version, cpu: `${cpus()[0].model}, ${cpus().length} cores`, date: new Date().toISOString(), load: loadavg()[0] }
  console.log(`Node ${about.node}, ${about.cpu}, load ${about.load.toFixed(1)}; ${settings.processes} processes of ${settings.slices} slices each; medians (quartiles)${PINNED ? '' : '; without taskset'}\n`)
  print(rows)
  save({ ...about, versions: versions(), settings: { ...settings, checkout: undefined, pinned: PINNED, connections: 32 }, rows })
}

/** With --against, ours of both versions stand beside the same process of bare Fastify. */
function contestants (variant, against) {
  if (against === undefined || variant.file !== 'ours.mjs') return [variant]
  return [variant, { ...variant, name: `${variant.name}-against`, title: `${variant.title} (${against})`, settings: { checkout: against } }]
}

function save (results) {
  const folder = new URL('../results/', import.meta.url)
  mkdirSync(folder, { recursive: true })
  writeFileSync(new URL('http.json', folder), JSON.stringify(results, null, 2) + '\n')
}
