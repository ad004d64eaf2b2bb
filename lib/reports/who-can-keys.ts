import { decide, type Identity } from '../http/decision.js'
import type { GuardedRouteEntry } from '../http/guarded-routes.js'
import { identityOf } from '../http/identity.js'
import { cursorAfter, readListQuery } from '../keys/key-list.js'
import { anyKey } from '../keys/known-key.js'
import type { ApiKeyRecord } from '../keys/record.js'
import type { Owners } from '../keys/verifier.js'
import { isPlainObject } from '../scopes/entries.js'
import { show } from '../scopes/faults.js'
import { passes } from './passes.js'
import type { Views } from './views.js'

/** Which keys to tell of. */
export interface KeysQuery {
  /** Whether to look for keys at all. Default `true`. */
  readonly keys?: boolean
  /** How many keys at most, 1 to 1000. Default 100. */
  readonly limit?: number
  /** The `cursor` of the answer before. Default: from the newest key. */
  readonly cursor?: string
}

export interface AbleKeys {
  /** The active keys that may call it, newest first, as far as this page goes; `null` if nobody asked for them, or everybody may. */
  readonly keys: readonly AbleKey[] | null
  /** Asks for the next page of keys; `null` after the last one. A page may be short, or empty, with others behind it. */
  readonly cursor: string | null
}

/** A key that may call a route, as long as no condition applies to the request. */
export interface AbleKey {
  readonly record: ApiKeyRecord
  /** Whether it holds what each condition of the route adds, in their order. */
  readonly conditions: readonly boolean[]
  /** Whether it is let through only because the route is in report mode. */
  readonly reported: boolean
}

/** How many records are read at once, and how many at most for one page of keys. */
const BATCH = 1000
const MOST_READ = 10_000

/** What is wrong is added to `faults`. */
export function readKeysQuery (options: unknown, faults: string[]): Required<Pick<KeysQuery, 'keys' | 'limit'>> & KeysQuery {
  const { keys = true, limit = 100, cursor } = (isPlainObject(options) ? options : {}) as KeysQuery
  if (typeof keys !== 'boolean') faults.push(`keys must be true or false, not ${show(keys)}`)
  try {
    readListQuery({ limit, ...cursor !== undefined && { cursor } })
  } catch (error) {
    faults.push((error as Error).message)
  }
  return { keys, limit, ...cursor !== undefined && { cursor } }
}

export async function keysWho (entry: GuardedRouteEntry, { keys: wanted, limit, cursor: after }: ReturnType<typeof readKeysQuery>, { ring, verifier }: Views): Promise<AbleKeys> {
  const { policy, known: { mode } } = entry
  if (!wanted || policy.kind === 'public') return { keys: null, cursor: null }
  // No key opens such a route, so none is read.
  if (policy.kind !== 'scopes' && mode !== 'report') return { keys: [], cursor: null }

  const keys: AbleKey[] = []
  const owners: Owners = new Map()
  let cursor = after ?? null
  for (let read = 0; read < MOST_READ; read += BATCH) {
    const page = await ring.list({ state: 'active', limit: BATCH, ...cursor !== null && { cursor } })
    for (const record of page.records) {
      const able = await judged(record)
      if (able === null) continue
      if (keys.length === limit) return { keys, cursor: cursorAfter(keys.at(-1)!.record) }
      keys.push(able)
    }
    cursor = page.cursor
    if (cursor === null) break
  }
  return { keys, cursor }

  async function judged (record: ApiKeyRecord): Promise<AbleKey | null> {
    // Its owner can only make it less, and need not be asked for what it lacks anyway.
    if (!passes(entry, anyKey(verifier.resolve(record.scopes)))) return null
    const identity = identityOf(await verifier.judge(record, owners))
    if (identity.type !== 'apiKey' || !passes(entry, identity)) return null
    return Object.freeze({ record, conditions: conditionsMet(identity), reported: decide(policy, identity).outcome !== 'allow' })
  }

  function conditionsMet ({ grant }: Extract<Identity, { type: 'apiKey' }>): readonly boolean[] {
    return policy.kind === 'scopes' ? policy.conditions.map(({ requirement }) => requirement.missing(grant) === null) : []
  }
}
