import type { KeyStore } from '../keys/store.js'
import { readChanges } from './redis/changes.js'
import type { RedisClient } from './redis/client.js'
import { connectorTo } from './redis/connection.js'
import { listKeys } from './redis/list.js'
import { readOptions, type RedisStoreOptions } from './redis/options.js'
import { changesToWords, fromValues, fromValuesOrNull, reasonToWords, seenToWords, toNewWords, type Values } from './redis/record.js'
import { openSession } from './redis/session.js'
import { batchesOf, usesFrom } from './redis/uses.js'
import { watchStream } from './redis/watch.js'
import { toMilliseconds, toText } from './row.js'
import { sharedSession } from './shared-session.js'

export type { RedisClient } from './redis/client.js'
export type { RedisStoreOptions } from './redis/options.js'

/**
 * Keeps key records in Redis 7.0 or later, in Valkey, or in a cluster of either, for any number of processes on any number of
 * machines. Needs the package `ioredis`, or `iovalkey`.
 *
 * The store makes connections of its own: one for commands and one that waits for news. With a client, it takes the client's
 * settings for these (address, credentials, TLS, Sentinels), but not its time-outs, its offline queue, its `keyPrefix` and its `replyMapping`; the
 * client itself is not used and stays as it is. What has no answer after `timeout` (a change: `writeTimeout`) rejects, is
 * never sent again, and a change is not made later either.
 *
 * Every change is one script, all of it or nothing. All keys are in one slot. What reads asks a master alone.
 *
 * `open` rejects with an error of code `FST_API_KEY_STORE_OPEN` that names host and port and the remedy: also if this Redis is a
 * replica, may evict keys or does not persist in an append-only file. Everything else rejects with `FST_API_KEY_STORE_CLOSED` while
 * the store is not open.
 *
 * @param source A `Redis` or `Cluster` of ioredis or iovalkey, or the URL of a server: `redis://user:password@host:6379/0`,
 * or with `rediss:`, `valkey:` or `valkeys:`. The URL of any server of a cluster leads to all of it.
 * @throws `TypeError` for a source or options that cannot be.
 * @example
 * await app.register(apiKeyScopes, { scopes, store: redisStore('redis://localhost:6379'), keyPrefix: 'acme' })
 */
export function redisStore (source: string | RedisClient, options: RedisStoreOptions = {}): Required<KeyStore> {
  const settings = readOptions(options)
  const connector = connectorTo(source)
  const { open, close, current: opened } = sharedSession(async () => await openSession(connector, settings), session => { session.close() })

  return {
    open,

    close,

    async findByDigest (digest) {
      const { read, keys, scripts } = await opened()
      return fromValuesOrNull(await read(scripts.findByDigest, [keys.record(digest)]) as Values)
    },

    async insert (key) {
      const { change, keys, scripts } = await opened()
      const words = toNewWords(key)
      refuseTaken(await change(scripts.insert, keys.forAdding(key), ...words))
    },

    async get (id) {
      const { read, keys, scripts } = await opened()
      return fromValuesOrNull(await read(scripts.get, [keys.ids], toText(id)) as Values | null)
    },

    async list (query) {
      return await listKeys(await opened(), query)
    },

    async update (id, changes, seen) {
      const { change, keys, scripts } = await opened()
      const words = [toText(id), ...seenToWords(seen), ...changesToWords(changes)]
      return fromValuesOrNull(await change(scripts.update, keys.forChanging, ...words) as Values | null)
    },

    async rotate (id, successor, endsAt) {
      const { change, keys, scripts } = await opened()
      const words = [...toNewWords(successor), toText(id), String(toMilliseconds(endsAt))]
      const answer = await change(scripts.rotate, keys.forAdding(successor), ...words)
      refuseTaken(answer)
      return fromValuesOrNull(answer as Values | null)
    },

    async revoke (id, at, reason) {
      const { change, keys, scripts } = await opened()
      const words = [toText(id), String(toMilliseconds(at)), ...reasonToWords(reason)]
      return fromValuesOrNull(await change(scripts.revoke, keys.forChanging, ...words) as Values | null)
    },

    async revokeOwner (ownerId, at, reason) {
      const { change, keys, scripts } = await opened()
      const words = [String(toMilliseconds(at)), ...reasonToWords(reason)]
      const revoked = await change(scripts.revokeOwner, [...keys.forChanging, keys.owner(ownerId)], ...words)
      return (revoked as Values[]).map(fromValues)
    },

    async purge (endedBefore) {
      const { change, keys, scripts } = await opened()
      const words = [String(toMilliseconds(endedBefore)), String(PURGED_AT_ONCE), keys.owners, keys.nobody]
      let purged = 0
      for (;;) {
        const some = Number(await change(scripts.purge, keys.forPurging, ...words))
        purged += some
        if (some < PURGED_AT_ONCE) return purged
      }
    },

    async recordUse (uses) {
      const { read, keys, scripts } = await opened()
      for (const words of batchesOf(uses)) await read(scripts.recordUse, [keys.ids], ...words)
    },

    async usesOf (id) {
      const { read, keys, scripts } = await opened()
      return usesFrom(await read(scripts.usesOf, [keys.ids], toText(id)) as string[])
    },

    async changes (since) {
      return await readChanges(await opened(), since)
    },

    async watch (hint) {
      const session = await opened()
      const end = watchStream(session, hint)
      session.onClose(end)
      return async () => { end() }
    },

    async bumpEpoch () {
      const { change, keys, scripts } = await opened()
      await change(scripts.bumpEpoch, [keys.feed, keys.changes])
    }
  }
}

function refuseTaken (answer: unknown): void {
  if (answer === 'id' || answer === 'digest') throw new Error(`There is already an API key record with this ${answer}`)
}

/** How many records one script removes: Redis does nothing else meanwhile. */
const PURGED_AT_ONCE = 500
