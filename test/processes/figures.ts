/** What was measured, in a line: how often, and the middle, the 99th of a hundred and the worst, in milliseconds. */
export function figures (values: readonly number[]): string {
  const sorted = [...values].sort((a, b) => a - b)
  const at = (share: number) => (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN).toFixed(1)
  return `n ${sorted.length}, p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, worst ${at(1)} ms`
}

/** The size of a test: small in `npm test`, in full with CAMPAIGN=full. */
export function inFull (small: number, full: number): number {
  return process.env.CAMPAIGN === 'full' ? full : small
}
