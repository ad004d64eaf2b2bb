// From slices to the rows of the table, and the table.
import { rounded, spread } from '../figures.mjs'

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
    p99Milliseconds: rounded(p99Of(slices.map(({ latencies }) => latencies))),
    busy: spread(slices.map(({ busy }) => busy)).median,
    bareBusy: spread(slices.map(({ bare }) => bare.busy)).median,
    processes
  }
}

/** Of all requests of all slices. */
function p99Of (lists) {
  const all = new Float32Array(lists.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const list of lists) {
    all.set(list, at)
    at += list.length
  }
  return all.sort()[Math.floor(0.99 * (all.length - 1))]
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
      busyness(row.busy, row.bareBusy)
    ]
    console.log(`${row.title.padEnd(width)}   ${cells.join(' ')}`)
  }
  if (rows.some(({ busy, bareBusy }) => Math.min(busy, bareBusy) < BUSY_ENOUGH)) {
    console.log(`\n! the servers were busy for less than ${BUSY_ENOUGH * 100} % of the time (others used the machine, or the store was waited for): believe the CPU, not the throughput`)
  }
}

export function printCrossChecks (rows) {
  if (rows.length === 0) return
  const width = Math.max(...rows.map(({ title }) => title.length))
  console.log(`\n${`With ${rows[0].crossCheck.with}`.padEnd(width)}   throughput of bare    requests/s   p99, ms   busy`)
  for (const { title, crossCheck: { throughputRatio, requestsPerSecond, p99Milliseconds, busy, bareBusy } } of rows) {
    const cells = [
      ratio(throughputRatio).padEnd(21),
      Math.round(requestsPerSecond.median).toLocaleString('en').padStart(10),
      p99Milliseconds.toFixed(2).padStart(9),
      busyness(busy, bareBusy)
    ]
    console.log(`${title.padEnd(width)}   ${cells.join(' ')}`)
  }
}

function busyness (busy, bareBusy) {
  return busy.toFixed(2).padStart(6) + (Math.min(busy, bareBusy) < BUSY_ENOUGH ? ' !' : '')
}

function ratio ({ median, low, high }) {
  return `${median.toFixed(3)} (${low.toFixed(3)}–${high.toFixed(3)})`
}
