import { types } from 'node:util'
import { InvalidInputError } from '../errors.js'
import { readUnusedFor } from '../key-fields.js'
import { isDate } from '../known-key.js'
import { reportUsage, type KeyUsage } from '../usage/report.js'
import { callerNow } from './acting-key.js'
import type { CallOptions } from './caller.js'
import { checkId, type KeyLife } from './life.js'

export interface UsageQuery extends CallOptions {
  /**
   * For how long a scope must not have been needed to be among `unusedScopes`: an ISO 8601 duration such as `P90D`, or
   * since when, as a `Date` or an ISO 8601 date and time with its zone. Default: it never was.
   */
  readonly unusedFor?: Date | string
}

export function reporting (life: KeyLife) {
  const { records, rules, usage } = life

  return async (id: string, options?: UsageQuery): Promise<KeyUsage | null> => {
    // Without it nothing could ever have been seen.
    records.capability('recordUse', 'usage')
    const usesOf = records.capability('usesOf', 'usage')
    const { sees } = await callerNow(life, 'usage', options, ['unusedFor'])
    checkId(id)
    const faults: string[] = []
    const unusedSince = options?.unusedFor === undefined ? null : readUnusedFor(options.unusedFor, Date.now(), faults)
    if (faults.length > 0) throw new InvalidInputError(faults.join('; '))
    await usage.flush()
    const record = await records.get(id, 'usage', sees)
    if (record === null) return null
    const uses = await records.asked(async () => checkUses(await usesOf(id)))
    return reportUsage(record, uses, unusedSince, rules.catalog)
  }
}

/** What is malformed must not pass for a key that was never used. */
function checkUses (uses: unknown): ReadonlyMap<string, Date> {
  if (types.isMap(uses) && [...uses].every(([demand, at]) => typeof demand === 'string' && isDate(at))) return uses as ReadonlyMap<string, Date>
  throw new TypeError('usesOf must answer a Map of texts and dates')
}
