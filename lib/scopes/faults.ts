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

/** Shows any value in an error message, on one line and not at length, and no API key: messages end up in logs. */
export function show (value: unknown): string {
  let text: string | undefined
  try {
    text = JSON.stringify(value)
    // A function has no JSON, and that of NaN and of an invalid date says null.
    if (text === undefined || (text === 'null' && value !== null)) text = String(value).replace(/\s+/g, ' ')
  } catch { /* circular, say: its type must do */ }
  text = (text ?? typeof value).replace(SECRETS, '_…')
  return text.length <= 80 ? text : `${text.slice(0, 79)}…`
}

/** The part of an API key behind its prefix, in any text. */
const SECRETS = /_[0-9A-Za-z]{38}(?![0-9A-Za-z])/g

/** Tells of the first few of many: whoever sends ten thousand wrong names is not to be helped with each of them. */
export function listed<Item> (items: readonly Item[], told: (item: Item) => string = show, separator = ', '): string {
  const first = items.slice(0, LISTED).map(item => told(item)).join(separator)
  return items.length > LISTED ? `${first} and ${items.length - LISTED} more` : first
}

export const LISTED = 10

/** ` (did you mean "…"?)` when one of the known words is close to the given one, else nothing. */
export function didYouMean (given: unknown, known: Iterable<string>): string {
  // Nobody mistypes a name of this length; somebody may send one to keep us busy.
  if (typeof given !== 'string' || given.length > 100) return ''
  const lower = given.toLowerCase()
  let best = ''
  let least = Math.min(3, Math.floor(given.length / 2) + 1)
  for (const word of known) {
    if (Math.abs(word.length - given.length) >= least) continue
    const distance = editDistance(lower, word.toLowerCase(), least)
    if (distance < least) [best, least] = [word, distance]
  }
  return best === '' ? '' : ` (did you mean ${show(best)}?)`
}

/**
 * How many single characters must be added, dropped or changed (Levenshtein); some number from `limit` on if it is not less
 * than that. For words whose lengths differ by less than `limit`: cells further from the diagonal cannot matter, and are not
 * looked at.
 */
function editDistance (a: string, b: string, limit: number): number {
  let same = 0
  while (same < a.length && a[same] === b[same]) same++
  a = a.slice(same)
  b = b.slice(same)
  let row = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const next: number[] = []
    const from = Math.max(1, i - limit)
    const to = Math.min(b.length, i + limit)
    next[from - 1] = from === 1 ? i : limit
    let least = next[from - 1]!
    for (let j = from; j <= to; j++) {
      next[j] = Math.min(next[j - 1]! + 1, (row[j] ?? limit) + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1))
      least = Math.min(least, next[j]!)
    }
    if (least >= limit) return limit
    row = next
  }
  return row[b.length]!
}
