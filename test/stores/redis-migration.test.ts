// A slot moves from one server of a cluster to another while keys are used: whatever is answered is right, or a rejection.
import { setImmediate } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import { Cluster } from 'ioredis'
import t, { type Test } from 'tap'
import type { StoredKey } from '../../lib/keys/record.js'
import type { KeyStore, Position } from '../../lib/keys/store.js'
import { redisStore } from '../../lib/stores/redis.js'
import { startRedisCluster } from '../servers/redis.js'
import { aKey, aSuccessor } from './fixtures/keys.js'
import { moveOfSlot } from './fixtures/redis-slots.js'

type Store = Required<KeyStore>

const nodes = await startRedisCluster(t, 3)
const at = new Date(1_760_000_000_123)
const NOT_NOW = /no answer after 60 ms|the connection was lost|there is no connection|TRYAGAIN|TIMEOUT|Script attempted to access a non local key/
const indexes = ['feed', 'changes', 'ids', 'ends', 'created', 'successors']

if (nodes !== null) {
  const client = new Cluster(nodes.map(({ port }) => ({ host: '127.0.0.1', port })), { lazyConnect: true })
  const open = async (t: Test, tag: string, timeout: number) => {
    const store = redisStore(client, { prefix: `{${tag}}`, timeout, writeTimeout: timeout })
    await store.open()
    t.teardown(async () => store.close())
    return store
  }

  const orders: Record<string, (keys: string[]) => string[]> = {
    'records first': keys => [...keys.filter(key => !isIndex(key)), ...keys.filter(isIndex)],
    'indexes first': keys => [...keys.filter(isIndex), ...keys.filter(key => !isIndex(key))],
    'in any order': keys => keys.map(key => ({ key, order: Math.random() })).sort((a, b) => a.order - b.order).map(({ key }) => key)
  }

  for (const [how, order] of Object.entries(orders)) {
    t.test(`with each key that moves, every answer is right or a rejection: ${how}`, { timeout: 100_000 }, async (t) => {
      const tag = `one ${how}`
      // Not for long: what cannot be done until more has moved is tried until then.
      const store = await open(t, tag, 60)
      const known = new Map<string, StoredKey>()
      const slow = await open(t, tag, 5000)
      for (let i = 0; i < 4; i++) {
        const key = aKey(`key-${i}`, { ownerId: `owner-${i % 2}` })
        await slow.insert(key)
        known.set(key.id, key)
      }
      const tally = { answered: 0, rejected: 0 }
      const expects = async <T>(work: () => T | Promise<T>, check: (answer: T) => unknown) => {
        const outcome = await (async () => work())().then(answer => ({ answer }), (error: Error) => ({ error }))
        if ('error' in outcome) {
          tally.rejected++
          t.match(outcome.error.message, NOT_NOW)
        } else {
          tally.answered++
          check(outcome.answer)
        }
      }
      // Of a change that is rejected nobody knows whether it was made: its answer may have come too late.
      const makes = async (before: StoredKey | null, after: StoredKey, work: () => unknown) => {
        let isMade = false
        await expects(work, () => { isMade = true })
        const found = await slow.findByDigest(after.digest)
        if (isMade || !isDeepStrictEqual(found, before)) t.same(found, after)
        if (found !== null) known.set(found.id, found)
      }
      let step = 0
      const everything = async (store: Store) => {
        step++
        const [first, other] = [known.get('key-0')!, known.get('key-1')!]
        for (const key of known.values()) t.same(await slow.findByDigest(key.digest), key, 'a lookup always finds it')
        t.equal(await slow.findByDigest('unknown'), null)
        await expects(() => store.get('key-1'), found => t.same(found, other))
        await expects(() => store.get('unknown'), found => t.equal(found, null))
        await expects(() => store.list({ limit: 99 }), found => t.same(new Set(found.map(({ id }) => id)), new Set(known.keys())))
        await expects(() => store.list({ limit: 99, ownerId: 'owner-1' }), found => t.equal(found.length, [...known.values()].filter(({ ownerId }) => ownerId === 'owner-1').length))
        await makes(other, { ...other, name: `name ${step}` }, () => store.update('key-1', { name: `name ${step}` }))
        await makes(first, { ...first, revokedAt: at }, () => store.revoke('key-0', at))
        await makes(null, aKey(`new-${step}`), () => store.insert(aKey(`new-${step}`)))
        await expects(() => store.revoke('unknown', at), answer => t.equal(answer, null))
        await expects(() => store.revokeOwner('nobody', at), answer => t.same(answer, []))
        for (const taken of [() => store.insert(aKey('key-2')), () => store.rotate('key-3', aSuccessor('key-3', 'key-2', { ownerId: 'owner-1' }), at)]) {
          await t.rejects(async () => taken(), new RegExp(`There is already an API key|${NOT_NOW.source}`))
        }
        await expects(() => store.usesOf('key-1'), uses => t.equal(uses.size, 0))
        await expects(() => store.purge(new Date(0)), purged => t.equal(purged, 0))
        await expects(() => store.changes(null), ({ digests }) => t.equal(digests, null))
      }

      await everything(slow)
      t.equal(tally.rejected, 0, 'as long as nothing moves, nothing is rejected')
      const move = await moveOfSlot(nodes, tag)
      await move.begin()
      await everything(store)
      for (const key of order(await move.left())) {
        await move.keys(key)
        await everything(store)
      }
      await move.end()
      t.ok(tally.rejected > 0, 'while it moves, something is')
      const { rejected } = tally
      await everything(slow)
      t.equal(tally.rejected, rejected)
      t.comment(tally)
    })
  }

  t.test('while it moves with all that it has, no revocation is late, and nothing is lost', { timeout: 100_000 }, async (t) => {
    const tag = 'many'
    const store = await open(t, tag, 5000)
    const keys = Array.from({ length: 200 }, (_, i) => aKey(`many-${i}`))
    await Promise.all(keys.map(async key => store.insert(key)))
    const revoked = new Set<string>()
    const going = { on: true, lookups: 0 }
    let { position } = await store.changes(null)
    const remembered = new Map<string, StoredKey>()

    const work = [
      ...[0, 1].map(async (half) => {
        for (const key of keys.filter((_, i) => i % 2 === half)) {
          await again(async () => store.revoke(key.id, at))
          revoked.add(key.id)
        }
        going.on = false
      }),
      (async () => {
        while (going.on) {
          const key = oneOf(keys)
          const had = revoked.has(key.id)
          const found = await again(async () => store.findByDigest(key.digest))
          going.lookups++
          if (found === null || (had && found.revokedAt === null)) t.fail(`${key.id} was ${had ? 'revoked' : 'there'}, and ${found} was found`)
        }
      })(),
      // Somebody who remembers records until their digests are told.
      (async () => {
        for (let last = false; !last;) {
          last = !going.on
          const begun = new Set(revoked)
          const { position: next, digests } = await again(async () => store.changes(position))
          position = next as Position
          if (digests === null) remembered.clear()
          for (const digest of digests ?? []) remembered.delete(digest)
          for (const key of keys) {
            if (begun.has(key.id) && remembered.get(key.digest)?.revokedAt === null) t.fail(`${key.id} is remembered though it was revoked`)
          }
          const key = oneOf(keys)
          remembered.set(key.digest, (await again(async () => store.findByDigest(key.digest)))!)
        }
      })()
    ]

    const move = await moveOfSlot(nodes, tag)
    await move.begin()
    for (let left = await move.left(); left.length > 0; left = await move.left()) {
      await move.keys(...left.sort(() => Math.random() - 0.5).slice(0, 5))
      for (const { lookups } = { ...going }; going.on && going.lookups < lookups + 3;) await setImmediate()
    }
    t.comment(`${revoked.size} of ${keys.length} were revoked while it moved`)
    await move.end()
    await Promise.all(work)
    t.same(new Set((await store.list({ limit: 999, state: { is: 'revoked', at } })).map(({ id }) => id)), new Set(keys.map(({ id }) => id)))
    await store.insert(aKey('after'))
    t.ok(await store.get('after'))
  })
}

function isIndex (key: string): boolean {
  return indexes.some(index => key.endsWith(`:${index}`))
}

function oneOf<T> (list: readonly T[]): T {
  return list[Math.floor(Math.random() * list.length)]!
}

/** What it answers once it does not reject. */
async function again<T> (work: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await work()
    } catch (error) {
      if (!/no answer|TRYAGAIN|TIMEOUT|non local key|connection was lost/.test((error as Error).message)) throw error
      await setImmediate()
    }
  }
}
