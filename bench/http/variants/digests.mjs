// What a careful application keeps of its keys: digests, and what each key may do.
import { createHash } from 'node:crypto'
import { randomKeys } from './route.mjs'

export const SCOPE = 'apps:deploy'

export function digestOf (key) {
  return createHash('sha256').update(key).digest('hex')
}

/** Keys, and the records of them by digest. */
export function keysWithRecords (count) {
  const keys = randomKeys(count)
  const records = new Map(keys.map((key, i) => [digestOf(key), { id: `key-${i}`, scope: ['apps:read', SCOPE] }]))
  return { keys, records }
}
