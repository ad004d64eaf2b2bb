// What every benchmark does with its figures.
import { writeFileSync } from 'node:fs'
import { cpus, loadavg } from 'node:os'

/** The figure in the middle, and those around it, a quarter of all below and a quarter above. */
export function spread (figures) {
  const sorted = [...figures].sort((a, b) => a - b)
  const last = sorted.length - 1
  const [median, low, high] = [sorted[Math.round(last * 0.5)], sorted[Math.floor(last * 0.25)], sorted[Math.ceil(last * 0.75)]]
  return { median: rounded(median), low: rounded(low), high: rounded(high) }
}

/** More digits than these are noise. */
export function rounded (figure) {
  return Number(figure.toPrecision(4))
}

/** Writes a file of bench/results, with what it was measured on. */
export function writeResults (name, results) {
  const file = new URL(`results/${name}.json`, import.meta.url)
  const measuredOn = { node: process.version, cpu: `${cpus()[0].model.trim()}, ${cpus().length} cores`, date: new Date().toISOString(), load: rounded(loadavg()[0]) }
  writeFileSync(file, `${JSON.stringify({ ...measuredOn, ...results }, null, 2)}\n`)
}

/** `1,234 ns (1,200 to 1,300)` */
export function inWords ({ median, low, high }, unit = '') {
  return `${median.toLocaleString('en')}${unit} (${low.toLocaleString('en')} to ${high.toLocaleString('en')})`
}
