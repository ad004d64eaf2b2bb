// What a store is, as plainly as it can be said: a list of records, gone through from the beginning for every question.
import { isDeepStrictEqual } from 'node:util'
import type { StoredKey } from '../../lib/keys/record.js'
import type { KeyChanges, KeyQuery, KeyUse, SeenKey } from '../../lib/keys/store.js'

export interface State {
  readonly keys: readonly StoredKey[]
  /** What is known of the use of the keys with these ids. */
  readonly uses: ReadonlyMap<string, ReadonlyMap<string, Date>>
}

export type Call =
  | { readonly method: 'findByDigest', readonly values: readonly [digest: string] }
  | { readonly method: 'get' | 'usesOf', readonly values: readonly [id: string] }
  | { readonly method: 'list', readonly values: readonly [KeyQuery] }
  | { readonly method: 'insert', readonly values: readonly [StoredKey] }
  | { readonly method: 'update', readonly values: readonly [id: string, KeyChanges, SeenKey?] }
  | { readonly method: 'rotate', readonly values: readonly [id: string, successor: StoredKey, endsAt: Date] }
  | { readonly method: 'revoke' | 'revokeOwner', readonly values: readonly [idOrOwner: string, at: Date, reason?: string | null] }
  | { readonly method: 'purge', readonly values: readonly [Date] }
  | { readonly method: 'recordUse', readonly values: readonly [readonly KeyUse[]] }
  | { readonly method: 'bumpEpoch', readonly values: readonly [] }

/** In place of an answer. */
export const REJECTED = 'rejected'

/** Every answer that keeps the contract, and what is in the store after it. */
export function outcomes (state: State, call: Call): Array<{ readonly answer: unknown, readonly after: State }> {
  const { keys } = state
  const byId = (id: string) => keys.find((key) => key.id === id) ?? null
  const isTaken = ({ id, digest }: StoredKey) => keys.some((key) => key.id === id || key.digest === digest)
  const answered = (answer: unknown, after = state) => [{ answer, after }]
  /** These in place of those with the same ids, and new ones. */
  const saved = (...changed: StoredKey[]): State => ({
    ...state, keys: [...keys.filter(({ id }) => !changed.some((key) => key.id === id)), ...changed]
  })

  switch (call.method) {
    case 'findByDigest': return answered(keys.find(({ digest }) => digest === call.values[0]) ?? null)
    case 'get': return answered(byId(call.values[0]))
    case 'usesOf': return answered(state.uses.get(call.values[0]) ?? new Map())
    case 'list': return answered(listed(keys, call.values[0]))
    case 'bumpEpoch': return answered(undefined)

    case 'insert': {
      const [key] = call.values
      return isTaken(key) ? answered(REJECTED) : answered(undefined, saved(key))
    }
    case 'update': {
      const [id, changes, seen] = call.values
      const key = byId(id)
      const isAsSeen = seen === undefined ||
        (key?.revokedAt === null && isDeepStrictEqual([key.scopes, key.disabledAt], [seen.scopes, seen.disabledAt]))
      return key === null || !isAsSeen ? answered(null) : answered({ ...key, ...changes }, saved({ ...key, ...changes }))
    }
    case 'rotate': {
      const [id, successor, endsAt] = call.values
      const key = byId(id)
      const given = ({ name, ownerId, scopes, metadata }: StoredKey) => [name, ownerId, scopes, metadata]
      const refused = isTaken(successor) ? answered(REJECTED) : []
      if (key === null || key.revokedAt !== null || key.disabledAt !== null || keys.some(({ rotatedFrom }) => rotatedFrom === id) ||
        !isDeepStrictEqual(given(key), given(successor))) return [...answered(null), ...refused]
      if (refused.length > 0) return refused
      const old = { ...key, expiresAt: key.expiresAt === null || endsAt < key.expiresAt ? endsAt : key.expiresAt }
      return answered(old, saved(old, successor))
    }
    case 'revoke': {
      const [id, at, reason = null] = call.values
      const key = byId(id)
      if (key === null || key.revokedAt !== null) return answered(key)
      const revoked = { ...key, revokedAt: at, revokedReason: reason }
      return answered(revoked, saved(revoked))
    }
    case 'revokeOwner': {
      const [owner, at, reason = null] = call.values
      const revoked = keys.filter(({ ownerId, revokedAt }) => ownerId === owner && revokedAt === null)
        .map((key) => ({ ...key, revokedAt: at, revokedReason: reason }))
      return answered(revoked, saved(...revoked))
    }
    case 'purge': {
      const isGone = ({ revokedAt, expiresAt }: StoredKey) => [revokedAt, expiresAt].some((end) => end !== null && end < call.values[0])
      const gone = keys.filter(isGone).map(({ id }) => id)
      return answered(gone.length, { keys: keys.filter((key) => !isGone(key)), uses: new Map([...state.uses].filter(([id]) => !gone.includes(id))) })
    }
    case 'recordUse': {
      const uses = new Map([...state.uses].map(([id, dates]) => [id, new Map(dates)]))
      const latest = (known: Date | null | undefined, at: Date) => known != null && known > at ? known : at
      const used = new Map(keys.map((key) => [key.id, key]))
      for (const { id, lastUsedAt, demands } of call.values[0].filter(({ id }) => used.has(id))) {
        const key = used.get(id)!
        used.set(id, { ...key, lastUsedAt: latest(key.lastUsedAt, lastUsedAt) })
        const dates = uses.get(id) ?? new Map<string, Date>()
        for (const [demand, at] of demands) dates.set(demand, latest(dates.get(demand), at))
        uses.set(id, dates)
      }
      return answered(undefined, { keys: [...used.values()], uses })
    }
  }
}

function listed (keys: readonly StoredKey[], { ownerId, state, unusedSince, after, limit }: KeyQuery): StoredKey[] {
  const before = (a: NonNullable<typeof after>, b: NonNullable<typeof after>) => +b.createdAt - +a.createdAt || Buffer.compare(Buffer.from(b.id), Buffer.from(a.id))
  return keys
    .filter((key) => ownerId === undefined || key.ownerId === ownerId)
    .filter((key) => state === undefined || stateAt(key, state.at) === state.is)
    .filter((key) => unusedSince === undefined || (key.createdAt < unusedSince && (key.lastUsedAt === null || key.lastUsedAt < unusedSince)))
    .filter((key) => after === undefined || before(after, key) < 0)
    .toSorted(before)
    .slice(0, limit)
}

function stateAt ({ revokedAt, disabledAt, expiresAt }: StoredKey, now: Date): string {
  if (revokedAt !== null) return 'revoked'
  if (disabledAt !== null) return 'disabled'
  return expiresAt !== null && now >= expiresAt ? 'expired' : 'active'
}
