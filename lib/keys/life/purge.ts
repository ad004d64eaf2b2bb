import { isPlainObject } from '../../scopes/entries.js'
import { show } from '../../scopes/faults.js'
import { InvalidInputError } from '../errors.js'
import { readMoment } from '../key-fields.js'
import { callerOf, type CallOptions } from './caller.js'
import { happening, type KeyLife } from './life.js'

export interface PurgeQuery {
  /** A `Date`, an ISO 8601 date and time with its zone, or an ISO 8601 duration: so long ago (`P1Y`). */
  readonly olderThan: Date | string
}

export function purging (life: KeyLife) {
  const { records, auditor } = life

  return async (query: PurgeQuery, options?: Pick<CallOptions, 'actor'>): Promise<number> => {
    const purge = records.capability('purge', 'purge')
    const caller = callerOf(options)
    if (caller.owner !== undefined) throw new InvalidInputError('purge is for trusted code alone: leave as out')
    const { olderThan, ...rest } = (isPlainObject(query) ? query : {}) as Record<string, unknown>
    const now = Date.now()
    const before = readMoment(olderThan, now, 'before')
    if (before === undefined || before.getTime() > now || Object.keys(rest).length > 0) {
      throw new InvalidInputError(`purge needs { olderThan }: a Date or an ISO 8601 date and time that is past, or an ISO 8601 duration such as "P90D", not ${show(query)}`)
    }
    return await auditor.change(happening('purge', caller, { until: before.toISOString() }), () => records.asked(() => purge(before)))
  }
}
