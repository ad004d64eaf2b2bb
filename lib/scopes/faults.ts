/**
 * Thrown for scopes that cannot mean anything: a bad catalog, or a bad requirement. `faults` holds every fault
 * found, each naming the field and the way to fix it.
 */
export class ScopeDefinitionError extends Error {
  readonly code = 'FST_API_KEY_BAD_SCOPES'
  readonly faults: readonly string[]

  constructor (what: string, faults: readonly string[]) {
    super(faults.length === 1 ? `${what}: ${faults[0]}` : `${what}: ${faults.length} faults\n${faults.map(fault => `  - ${fault}`).join('\n')}`)
    this.name = 'ScopeDefinitionError'
    this.faults = faults
  }
}

/** Shows any value in an error message, on one line and not at length. */
export function show (value: unknown): string {
  let text: string | undefined
  try {
    text = JSON.stringify(value)
    // A function has no JSON, and that of NaN and of an invalid date says null.
    if (text === undefined || (text === 'null' && value !== null)) text = String(value).replace(/\s+/g, ' ')
  } catch { /* circular, say: its type must do */ }
  return (text ?? typeof value).slice(0, 80)
}

/** ` (did you mean "…"?)` when one of the known words is close to the given one, else nothing. */
export function didYouMean (given: unknown, known: Iterable<string>): string {
  if (typeof given !== 'string') return ''
  let best = ''
  let least = Math.min(3, Math.floor(given.length / 2) + 1)
  for (const word of known) {
    if (Math.abs(word.length - given.length) >= least) continue
    const distance = editDistance(given.toLowerCase(), word.toLowerCase())
    if (distance < least) [best, least] = [word, distance]
  }
  return best === '' ? '' : ` (did you mean ${show(best)}?)`
}

/** How many single characters must be added, dropped or changed (Levenshtein). */
function editDistance (a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      next.push(Math.min(next[j - 1]! + 1, row[j]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)))
    }
    row = next
  }
  return row[b.length]!
}
