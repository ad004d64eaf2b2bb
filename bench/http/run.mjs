// HTTP side by side: what a check costs on the same route in the same run. `npm run bench:http -- --help`
import { cpus, loadavg } from 'node:os'
import { writeResults } from '../figures.mjs'
import { PINNED } from './child.mjs'
import { contest } from './contest.mjs'
import { crossCheck } from './cross-check.mjs'
import { HELP, readOptions } from './options.mjs'
import { installPeers, versions } from './peers.mjs'
import { print, printCrossChecks, rowOf } from './rows.mjs'
import { Stores } from './stores.mjs'
import { VARIANTS } from './variants/index.mjs'

process.once('SIGINT', () => process.exit(130))

await run(process.argv.slice(2)).catch((error) => {
  console.error(error.message)
  process.exitCode = 1
})

async function run (args) {
  const { help, variants, against, tool, ...settings } = readOptions(args)
  if (help) return console.log(HELP)
  installPeers()

  const stores = new Stores()
  try {
    const entries = []
    for (const variant of variants) {
      const list = await contestants(variant, { against, stores, settings })
      if (list !== null) entries.push({ list, slices: list.map(() => []) })
    }
    await measure(entries, settings)
    const rows = entries.flatMap(({ list, slices }) => list.map((variant, at) => rowOf(variant, slices[at], settings.processes)))
    if (tool !== undefined) await crossCheckAll(rows, entries, tool, settings)
    report(rows, settings, variants === VARIANTS && against === undefined)
  } finally {
    await stores.end()
  }
}

/** What stands beside one process of bare Fastify: a variant, and with --against the other version of it. `null`: it cannot be had here. */
async function contestants (variant, { against, stores, settings }) {
  const list = [{ ...variant, checkout: settings.checkout }]
  if (against !== undefined && variant.file === 'ours.mjs') {
    list.push({ ...variant, name: `${variant.name}-against`, title: `${variant.title} (${against})`, checkout: against })
  }
  if (variant.store === undefined) return list
  const filled = []
  for (const each of list) {
    const store = await stores.filled(variant.store, each.checkout)
    if (store === null) return null
    filled.push({ ...each, ...store })
  }
  return filled
}

/** Round by round: what changes in the machine from one minute to the next meets all of them. */
async function measure (entries, settings) {
  for (let round = 1; round <= settings.processes; round++) {
    for (const { list, slices } of entries) {
      progress(`round ${round} of ${settings.processes}: ${list[0].title}`)
      const more = await contest(list, settings)
      more.forEach((of, at) => slices[at].push(...of))
    }
  }
  progress('')
}

/** Those whose headers may be sent again, and by others. */
async function crossCheckAll (rows, entries, tool, settings) {
  for (const variant of entries.flatMap(({ list }) => list).filter(({ once, only }) => !once && !only)) {
    progress(`${tool}: ${variant.title}`)
    rows.find(({ name }) => name === variant.name).crossCheck = await crossCheck(variant, tool, settings)
  }
  progress('')
}

function report (rows, { checkout, ...settings }, isWhole) {
  console.log(`Node ${process.version}, ${cpus()[0].model.trim()}, ${cpus().length} cores, load ${loadavg()[1].toFixed(1)}; ${settings.processes} processes each with ${settings.slices} slices; medians (quartiles)${PINNED ? '' : '; without taskset'}\n`)
  print(rows)
  printCrossChecks(rows.filter(({ crossCheck }) => crossCheck !== undefined))
  // What is published is never a part.
  if (isWhole) writeResults('http', { versions: versions(), settings: { ...settings, pinned: PINNED, connections: 32 }, rows })
}

function progress (text) {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`)
}
