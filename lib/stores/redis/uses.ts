import type { KeyUse } from '../../keys/store.js'
import { fromMilliseconds, fromText, toMilliseconds, toText } from '../row.js'

/** Uses as words, as many at once as keep Redis busy for some milliseconds. */
export function batchesOf (uses: readonly KeyUse[]): string[][] {
  const batches: string[][] = []
  for (const { id, lastUsedAt, demands } of uses) {
    const words = [toText(id), String(toMilliseconds(lastUsedAt)), String(demands.size)]
    for (const [demand, at] of demands) words.push(toText(demand), String(toMilliseconds(at)))
    const last = batches.at(-1)
    if (last === undefined || last.length + words.length > WORDS_AT_ONCE) batches.push(words)
    else last.push(...words)
  }
  return batches
}

/** From each demand and its date. */
export function usesFrom (words: readonly string[]): Map<string, Date> {
  const uses = new Map<string, Date>()
  for (let i = 0; i < words.length; i += 2) uses.set(fromText(words[i]!), fromMilliseconds(words[i + 1]!))
  return uses
}

const WORDS_AT_ONCE = 5000
