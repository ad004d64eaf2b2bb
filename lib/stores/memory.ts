import type { StoredKey } from '../keys/record.js'
import type { KeyQuery, KeyState, KeyStore } from '../keys/store.js'
import { memoryChanges } from './memory-changes.js'
import { isAsSeen, isSameGrant } from './same-grant.js'
import { keptIn } from './whereabouts.js'

/**
 * A store that keeps key records in this process's memory: for tests, demos and keys that are imported at every start.
 * Nothing survives the process, and no other process sees it. What goes in and what comes out are copies.
 *
 * @example
 * await app.register(apiKeyScopes, { scopes, store: memoryStore(), keyPrefix: 'acme' })
 */
export function memoryStore (): Required<KeyStore> {
  const byId = new Map<string, KeptKey>()
  const byDigest = new Map<string, KeptKey>()
  const uses = new Map<string, Map<string, Date>>()
  const history = memoryChanges()

  return keptIn('memory', {
    async open () {},

    async close () {},

    async findByDigest (digest) {
      const key = byDigest.get(digest)
      return key === undefined ? null : structuredClone(key)
    },

    async insert (key) {
      refuseTaken(key)
      change(copyOf(key))
    },

    async get (id) {
      return structuredClone(byId.get(id) ?? null)
    },

    async list (query) {
      const found = [...byId.values()].filter((key) => matches(key, query)).sort(newestFirst)
      return structuredClone(found.slice(0, query.limit))
    },

    async update (id, changes, seen) {
      const key = byId.get(id)
      if (key === undefined || (seen !== undefined && !isAsSeen(key, seen))) return null
      change({ ...key, ...structuredClone(changes) })
      return structuredClone(byId.get(id)!)
    },

    async rotate (id, successor, endsAt) {
      const key = byId.get(id)
      if (key === undefined || key.revokedAt !== null || key.disabledAt !== null || !isSameGrant(key, successor)) return null
      if ([...byId.values()].some(({ rotatedFrom }) => rotatedFrom === id)) return null
      refuseTaken(successor)
      change({ ...key, expiresAt: key.expiresAt === null || endsAt < key.expiresAt ? new Date(endsAt) : key.expiresAt }, copyOf(successor))
      return structuredClone(byId.get(id)!)
    },

    async revoke (id, at, reason = null) {
      const key = byId.get(id)
      if (key === undefined) return null
      if (key.revokedAt === null) change(ended(key, at, reason))
      return structuredClone(byId.get(id)!)
    },

    async revokeOwner (ownerId, at, reason = null) {
      const keys = [...byId.values()].filter(key => key.ownerId === ownerId && key.revokedAt === null)
      change(...keys.map(key => ended(key, at, reason)))
      return structuredClone(keys.map(({ id }) => byId.get(id)!))
    },

    async purge (endedBefore) {
      const ended = [...byId.values()].filter(({ revokedAt, expiresAt }) => {
        return (revokedAt !== null && revokedAt < endedBefore) || (expiresAt !== null && expiresAt < endedBefore)
      })
      for (const { id, digest } of ended) {
        byId.delete(id)
        byDigest.delete(digest)
        uses.delete(id)
      }
      if (ended.length > 0) history.note(null)
      return ended.length
    },

    async recordUse (seen) {
      for (const { id, lastUsedAt, demands } of seen) {
        const key = byId.get(id)
        if (key === undefined) continue
        key.lastUsedAt = later(key.lastUsedAt, lastUsedAt)
        let known = uses.get(id)
        if (known === undefined) uses.set(id, known = new Map())
        for (const [demand, at] of demands) {
          const before = known.get(demand)
          const latest = later(before, at)
          if (latest !== before) known.set(demand, latest)
        }
      }
    },

    async usesOf (id) {
      return structuredClone(uses.get(id) ?? new Map())
    },

    async changes (since) {
      return history.since(since)
    },

    async watch (hint) {
      const end = history.watch(hint)
      return async () => { end() }
    },

    async bumpEpoch () {
      history.beginEpoch()
    }
  })

  function refuseTaken ({ id, digest }: StoredKey): void {
    if (byId.has(id)) throw new Error('There is already an API key record with this id')
    if (byDigest.has(digest)) throw new Error('There is already an API key record with this digest')
  }

  /** One change of the history, whatever it concerns. */
  function change (...keys: StoredKey[]): void {
    keys.forEach(save)
    if (keys.length > 0) history.note(keys.map(({ digest }) => digest))
  }

  function save (key: KeptKey): void {
    byId.set(key.id, key)
    byDigest.set(key.digest, key)
  }
}

/** Uses are noted so often that no new record is made for each. */
type KeptKey = Omit<StoredKey, 'lastUsedAt'> & { lastUsedAt: Date | null }

function ended (key: StoredKey, at: Date, reason: string | null): StoredKey {
  return { ...key, revokedAt: new Date(at), revokedReason: reason }
}

/** Records of earlier versions have no `revokedReason`. The date that changes later is no other date of the record, as it may be here. */
function copyOf (key: StoredKey): StoredKey {
  return { ...structuredClone(key), revokedReason: key.revokedReason ?? null, lastUsedAt: key.lastUsedAt && new Date(key.lastUsedAt) }
}

type Place = NonNullable<KeyQuery['after']>

function matches (key: StoredKey, { ownerId, state, unusedSince, after }: KeyQuery): boolean {
  if (ownerId !== undefined && key.ownerId !== ownerId) return false
  if (state !== undefined && stateOf(key, state.at) !== state.is) return false
  if (unusedSince !== undefined && (key.createdAt >= unusedSince || (key.lastUsedAt !== null && key.lastUsedAt >= unusedSince))) return false
  return after === undefined || newestFirst(after, key) < 0
}

function stateOf ({ revokedAt, disabledAt, expiresAt }: StoredKey, at: Date): KeyState {
  if (revokedAt !== null) return 'revoked'
  if (disabledAt !== null) return 'disabled'
  return expiresAt !== null && expiresAt <= at ? 'expired' : 'active'
}

/** The same date as before, if there is one, which is nobody else's: use is noted so often that new ones would fill the memory. */
function later (known: Date | null | undefined, at: Date): Date {
  if (known == null) return new Date(at)
  if (at > known) known.setTime(at.getTime())
  return known
}

function newestFirst (a: Place, b: Place): number {
  return b.createdAt.getTime() - a.createdAt.getTime() || byBytes(b.id, a.id)
}

/** UTF-8 order, as in the databases; JavaScript's own `<` puts an emoji before some other characters. */
function byBytes (a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b))
}
