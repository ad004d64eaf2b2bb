// What every benchmark does with its figures.
import { writeFileSync } from 'node:fs'
import { cpus } from 'node:os'

/** The figure in the middle, and those around it, a quarter of all below and a quarter above. */
export function spread (figures) {
  const sorted = [...figures].sort((a, b) => a - b)
  const at = share => sorted[Math.round(share * (sorted.length - 1))]
  return { median: rounded(at(0.5)), low: rounded(at(0.25)), high: rounded(at(0.75)) }
}

/** More digits than these are noise. */
export function rounded (figure) {
  return Number(figure.toPrecision(4))
}

/** Writes a file of bench/results, with what it was measured on. */
export function writeResults (name, results) {
  const file = new URL(`results/${name}.json`, import.meta.url)
  const measuredOn = { node: process.version, cpu: `${cpus().length} x ${cpus()[0].model.trim()}`, date: new Date().toISOString().slice(0, 10) }
  writeFileSync(file, `${JSON.stringify({ ...measuredOn, ...results }, null, 2)}\n`)
}

/** `1,234 ns (1,200 to 1,300)` */
export function inWords ({ median, low, high }, unit = '') {
  return `${median.toLocaleString('en')}${unit} (${low.toLocaleString('en')} to ${high.toLocaleString('en')})`
}
