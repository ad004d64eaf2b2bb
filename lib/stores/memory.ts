import type { StoredKey } from '../keys/record.js'
import type { KeyQuery, KeyStore } from '../keys/store.js'

/**
 * A store that keeps key records in this process's memory: for tests, demos and keys that are imported at every start.
 * Nothing survives the process, and no other process sees it. What goes in and what comes out are copies.
 *
 * @example
 * await app.register(apiKeyScopes, { scopes, store: memoryStore(), keyPrefix: 'acme' })
 */
export function memoryStore (): Required<KeyStore> {
  const byId = new Map<string, StoredKey>()
  const byDigest = new Map<string, StoredKey>()

  return {
    async open () {},

    async close () {},

    async findByDigest (digest) {
      return structuredClone(byDigest.get(digest) ?? null)
    },

    async insert (key) {
      if (byId.has(key.id)) throw new Error('There is already an API key record with this id')
      if (byDigest.has(key.digest)) throw new Error('There is already an API key record with this digest')
      save(structuredClone(key))
    },

    async get (id) {
      return structuredClone(byId.get(id) ?? null)
    },

    async list (query) {
      const found = [...byId.values()].filter((key) => matches(key, query)).sort(newestFirst)
      return structuredClone(found.slice(0, query.limit))
    },

    async update (id, changes) {
      const key = byId.get(id)
      if (key === undefined) return null
      save({ ...key, ...structuredClone(changes) })
      return structuredClone(byId.get(id)!)
    },

    async revoke (id, at) {
      const key = byId.get(id)
      if (key === undefined) return null
      if (key.revokedAt === null) save({ ...key, revokedAt: new Date(at) })
      return structuredClone(byId.get(id)!)
    }
  }

  function save (key: StoredKey): void {
    byId.set(key.id, key)
    byDigest.set(key.digest, key)
  }
}

type Place = NonNullable<KeyQuery['after']>

function matches (key: StoredKey, { ownerId, after }: KeyQuery): boolean {
  if (ownerId !== undefined && key.ownerId !== ownerId) return false
  return after === undefined || newestFirst(after, key) < 0
}

function newestFirst (a: Place, b: Place): number {
  return b.createdAt.getTime() - a.createdAt.getTime() || byBytes(b.id, a.id)
}

/** UTF-8 order, as in the databases; JavaScript's own `<` puts an emoji before some other characters. */
function byBytes (a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b))
}
