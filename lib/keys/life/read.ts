import { cursorAfter, hasPlace, readListQuery, type KeyPage, type ListQuery } from '../key-list.js'
import type { ApiKeyRecord } from '../record.js'
import { listOf } from '../records.js'
import { callerNow } from './acting-key.js'
import { ownedBy, type CallOptions } from './caller.js'
import { checkId, type KeyLife } from './life.js'

export function getting (life: KeyLife) {
  const { records } = life

  return async (id: string, options?: CallOptions): Promise<ApiKeyRecord | null> => {
    checkId(id)
    const { sees } = await callerNow(life, 'get', options)
    return await records.get(id, 'get', sees)
  }
}

export function listing (life: KeyLife) {
  const { records, usage } = life

  return async (query: ListQuery = {}, options?: CallOptions): Promise<KeyPage> => {
    const read = records.capability('list', 'list')
    const { sees } = await callerNow(life, 'list', options)
    const { limit, ...wanted } = readListQuery(sees === undefined || query === null ? query : { ...query, ownerId: ownedBy(query.ownerId, sees) })
    // Who asks which keys are not used may want to end them.
    if (wanted.unusedSince !== undefined) await usage.flush()
    // One more than asked for tells whether there is a next page.
    const found = await records.asked(async () => listOf(await read({ ...wanted, limit: limit + 1 })))
    const page = found.slice(0, limit)
    const readable = page.map(key => records.readable(key, sees)).filter(record => record !== null)
    const last = found.length > limit ? page.findLast(hasPlace) : undefined
    return { records: readable, cursor: last === undefined ? null : cursorAfter(last) }
  }
}
