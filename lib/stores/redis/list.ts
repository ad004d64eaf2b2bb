import type { StoredKey } from '../../keys/record.js'
import type { KeyQuery } from '../../keys/store.js'
import { toMilliseconds, toText } from '../row.js'
import { fromValues, type Values } from './record.js'
import type { Session } from './session.js'

/** Page by page, so that no script takes long: each looks at a few hundred keys of an owner, or of all, until there are enough. */
export async function listKeys ({ read, keys, scripts }: Session, { ownerId, state, unusedSince, after, limit }: KeyQuery): Promise<StoredKey[]> {
  const indexes = [ownerId === undefined ? keys.created : keys.owner(ownerId), keys.ids]
  const filters = [
    state?.is ?? '',
    state === undefined ? '' : String(toMilliseconds(state.at)),
    unusedSince === undefined ? '' : String(toMilliseconds(unusedSince))
  ]
  const found: StoredKey[] = []
  let place = after === undefined ? ['', ''] : [String(toMilliseconds(after.createdAt)), toText(after.id)]
  for (;;) {
    const most = Math.min(limit - found.length, LOOKED_AT)
    const sizes = [String(most), String(filters.every(filter => filter === '') ? most : LOOKED_AT)]
    const [some, ...next] = await read(scripts.list, indexes, ...sizes, ...place, ...filters) as Answer
    found.push(...some.map(fromValues))
    if (next.length === 0 || found.length === limit) return found
    place = next
  }
}

/** The keys, and where to go on; nothing if there are no more. */
type Answer = readonly [keys: readonly Values[], ...next: string[]]

const LOOKED_AT = 500
