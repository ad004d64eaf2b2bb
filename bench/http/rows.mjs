// From slices to the rows of the table, and the table.
import { percentile, spread } from './statistics.mjs'

/** Of a server that was not busy all the time its throughput says little, and its CPU all the same. */
const BUSY_ENOUGH = 0.95

/** @param slices of one variant, those of all its processes together */
export function rowOf ({ name, title, group }, slices, processes) {
  return {
    name,
    title,
    group,
    cpuMicroseconds: spread(slices.map(({ cpu }) => cpu)),
    cpuRatio: spread(slices.map(({ cpu, bare }) => cpu / bare.cpu)),
    throughput: { requestsPerSecond: spread(slices.map(({ rate }) => rate)) },
    throughputRatio: spread(slices.map(({ rate, bare }) => rate / bare.rate)),
    p99Milliseconds: percentile(slices.flatMap(({ latencies }) => [...latencies]), 0.99),
    busy: spread(slices.map(({ busy }) => busy)).median,
    bareBusy: spread(slices.map(({ bare }) => bare.busy)).median,
    processes
  }
}

export function print (rows) {
  const width = Math.max(...rows.map(({ title }) => title.length))
  console.log(`${''.padEnd(width)}   throughput of bare    CPU of bare           CPU, µs   requests/s   p99, ms   busy`)
  let group
  for (const row of rows) {
    if (row.group !== group) console.log(`${group === undefined ? '' : '\n'}${row.group}`)
    group = row.group
    const cells = [
      ratio(row.throughputRatio).padEnd(21),
      ratio(row.cpuRatio).padEnd(21),
      row.cpuMicroseconds.median.toFixed(1).padStart(7),
      Math.round(row.throughput.requestsPerSecond.median).toLocaleString('en').padStart(12),
      row.p99Milliseconds.toFixed(2).padStart(9),
      row.busy.toFixed(2).padStart(6) + (row.busy < BUSY_ENOUGH || row.bareBusy < BUSY_ENOUGH ? ' !' : '')
    ]
    console.log(`${row.title.padEnd(width)}   ${cells.join(' ')}`)
  }
  if (rows.some(({ busy, bareBusy }) => Math.min(busy, bareBusy) < BUSY_ENOUGH)) {
    console.log(`\n! the servers were busy for less than ${BUSY_ENOUGH * 100} % of the time (others used the machine, or the store was waited for): believe the CPU, not the throughput`)
  }
}

function ratio ({ median, low, high }) {
  return `${median.toFixed(3)} (${low.toFixed(3)}–${high.toFixed(3)})`
}
