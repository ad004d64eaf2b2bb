import { cpus, totalmem } from 'node:os'

/** How long each of so many calls takes, one after the other, in milliseconds. */
export async function timesOf (count, call) {
  const times = []
  const began = performance.now()
  for (let i = 0; i < count; i++) {
    const start = performance.now()
    await call(i)
    times.push(performance.now() - start)
  }
  return { ...spreadOf(times), perSecond: Math.round(count / (performance.now() - began) * 1000) }
}

/** How long one call takes, in milliseconds, and what it answered. */
export async function timeOf (call) {
  const start = performance.now()
  const answer = await call()
  return { ms: performance.now() - start, answer }
}

export function spreadOf (times) {
  const sorted = Float64Array.from(times).sort()
  const at = (share) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]
  return { count: sorted.length, p50: at(0.5), p99: at(0.99), max: at(1) }
}

/** All numbers to three digits, which is more than they are worth. */
export function rounded (value) {
  if (typeof value === 'number') return Number.isInteger(value) ? value : Number(value.toPrecision(3))
  if (Array.isArray(value)) return value.map(rounded)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, rounded(member)]))
}

export function machine () {
  const [{ model }] = cpus()
  return { cpu: model.trim(), cores: cpus().length, memoryGiB: Math.round(totalmem() / 2 ** 30), node: process.version, platform: `${process.platform} ${process.arch}` }
}
