// What is measured of a store with very many keys.
import assert from 'node:assert/strict'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import Fastify from 'fastify'
import apiKeyScopes, { defineScopes } from '../../dist/esm/index.js'
import { newKey } from './beside.mjs'
import { BUSY_OWNER, keyNumber, liveKeys, NOW, PURGED_BEFORE } from './keys.mjs'
import { spreadOf, timeOf, timesOf } from './timing.mjs'

const PAGE = 100
const BATCH = 500

/** That what was loaded is what the store itself would have written, and is found as that. */
export async function isThere (store, keys) {
  const order = liveKeys(keys, 7)
  for (let i = 0; i < 100; i++) {
    const key = keyNumber(order.next().value, keys)
    assert.deepEqual(await store.findByDigest(key.digest), key)
    assert.deepEqual(await store.get(key.id), key)
  }
  const newest = await store.list({ limit: 100 })
  assert.deepEqual(newest.map(({ id }) => id).sort(), newestIds(keys))
}

function newestIds (keys) {
  return Array.from({ length: 100 }, (_, i) => keyNumber(keys - 1 - i, keys).id).sort()
}

/** Keys that were asked for before are not asked for again. */
export function lookups (store, keys, seed, count) {
  const order = liveKeys(keys, seed)
  return timesOf(count, async () => { assert.ok(await store.findByDigest(keyNumber(order.next().value, keys).digest)) })
}

export async function inserts (store, keys, writes) {
  return await timesOf(writes, (i) => store.insert(newKey(0, i, keys)))
}

/** As a migration from another system does it. */
export async function imported (store, keys, count) {
  const app = Fastify()
  await app.register(apiKeyScopes, { scopes: defineScopes({ full: { includes: '*' }, 'clusters:read': '', 'apps:deploy': '' }), store, keyPrefix: 'acme', logFindings: false })
  await app.ready()
  const list = Array.from({ length: count }, (_, i) => {
    const { digest, name, ownerId, scopes, metadata } = newKey(1, i, keys)
    return { digest, name, ownerId, scopes, metadata }
  })
  const { ms } = await timeOf(() => app.apiKeys.import(list))
  await app.close()
  return { count, perSecond: Math.round(count / ms * 1000) }
}

export async function lists (store, keys) {
  const ofOwner = await pages(store, { ownerId: BUSY_OWNER })
  const { createdAt, id } = keyNumber(Math.floor(keys / 100), keys)
  const at = new Date(NOW)
  return {
    'one owner, first page': await timesOf(200, () => store.list({ ownerId: BUSY_OWNER, limit: PAGE })),
    'one owner, all pages': ofOwner,
    'one owner of few keys': await timesOf(500, async (i) => { await store.list({ ownerId: keyNumber(i * 97 + 1, keys).ownerId, limit: PAGE }) }),
    'all, first page': await timesOf(200, () => store.list({ limit: PAGE })),
    'all, after 99 %': await timesOf(200, () => store.list({ limit: PAGE, after: { createdAt, id } })),
    'all, pages on': await pages(store, {}, 500),
    'state active, first page': await timesOf(200, () => store.list({ state: { is: 'active', at }, limit: PAGE })),
    'state revoked, first page': await timesOf(50, () => store.list({ state: { is: 'revoked', at }, limit: PAGE })),
    'state expired, first page': await timesOf(50, () => store.list({ state: { is: 'expired', at }, limit: PAGE })),
    'unused for a year, first page': await timesOf(50, () => store.list({ state: { is: 'active', at }, unusedSince: new Date(NOW - 365 * 86_400_000), limit: PAGE })),
    'state disabled, of which there are none': await outcomeOf(() => store.list({ state: { is: 'disabled', at }, limit: PAGE })),
    'state expired, of which there are none': await outcomeOf(() => store.list({ state: { is: 'expired', at: new Date(NOW - 1000 * 86_400_000) }, limit: PAGE }))
  }
}

async function pages (store, query, most = Infinity) {
  const times = []
  let after
  for (let i = 0; i < most; i++) {
    const { ms, answer } = await timeOf(() => store.list({ ...query, limit: PAGE, ...after !== undefined && { after } }))
    times.push(ms)
    if (answer.length < PAGE) break
    after = answer.at(-1)
  }
  return spreadOf(times)
}

/** How long it took, once, and with what error. */
async function outcomeOf (call) {
  const start = performance.now()
  const error = await Promise.resolve(call()).then(() => undefined, (error) => error.message)
  const ms = performance.now() - start
  return { count: 1, p50: ms, p99: ms, max: ms, ...error !== undefined && { error } }
}

/** One process revokes, another one asks what has changed. */
export async function feed (store, other, keys, { samples, writes }) {
  const order = liveKeys(keys, 11)
  let { position } = await other.changes(null)
  const start = position
  const polls = []
  const revokes = await timesOf(writes, async () => {
    const key = keyNumber(order.next().value, keys)
    await store.revoke(key.id, new Date())
  })
  const told = []
  for (let i = 0; i < writes; i++) {
    const key = keyNumber(order.next().value, keys)
    const poll = timeOf(() => other.changes(position))
    await store.revoke(key.id, new Date())
    const { ms, answer } = await poll
    polls.push(ms)
    position = answer.position
    told.push(...answer.digests)
  }
  return {
    revoke: revokes,
    'changes, while keys are revoked': spreadOf(polls),
    'changes, nothing new': await timesOf(samples, async () => { await other.changes((await other.changes(null)).position) }),
    [`changes, ${2 * writes} behind`]: await timesOf(100, async () => { assert.ok((await other.changes(start)).digests.length > writes) })
  }
}

export async function rotations (store, keys, writes) {
  const order = liveKeys(keys, 13)
  return await timesOf(writes, async (i) => {
    const key = keyNumber(order.next().value, keys)
    const { name, ownerId, scopes, metadata } = key
    await store.rotate(key.id, { ...newKey(2, i, keys), name, ownerId, scopes, metadata, rotatedFrom: key.id }, new Date(NOW + 1000 * 86_400_000))
  })
}

/** Batches as the usage log makes them, each of other keys. Then the same ones again, whose rows are all there. */
export async function flushes (store, keys, most, besides) {
  const rows = BATCH * 2
  const batches = Math.min(most, Math.floor(keys / BATCH / 4))
  const batchesFrom = (seed, at) => {
    const order = liveKeys(keys, seed)
    return (i) => Array.from({ length: BATCH }, () => ({
      id: keyNumber(order.next().value, keys).id,
      lastUsedAt: new Date(NOW + at + i),
      demands: new Map([['["clusters:read"]', new Date(NOW + at + i)]])
    }))
  }
  async function flushed (seed, at) {
    const batch = batchesFrom(seed, at)
    const made = Array.from({ length: batches }, (_, i) => batch(i))
    const { answer: spread, longest } = await heldUp(() => timesOf(batches, (i) => store.recordUse(made[i])))
    return { ...spread, eventLoopHeldUpMs: longest, keysPerSecond: spread.perSecond * BATCH, rowsPerSecond: spread.perSecond * rows }
  }
  const first = await flushed(17, 0)
  const again = await flushed(17, 1e6)
  const alone = await besides('lookup', 19, () => new Promise((resolve) => setTimeout(resolve, 2000)))
  const busy = await besides('lookup', 23, () => flushed(17, 2e6))
  return {
    'batch of 500 keys, first use': first,
    'batch of 500 keys, used before': again,
    'batch of 500 keys, beside lookups': busy.answer,
    'lookups of another process, alone': alone.beside,
    'lookups of another process, beside flushes': busy.beside
  }
}

/** With what others notice of it: in this process, whose event loop may be held up, and in another one that writes. */
export async function ends (store, keys, besides) {
  const purge = await heldUp(() => besides('insert', 29, () => timeOf(() => store.purge(PURGED_BEFORE))))
  const { ms, answer } = purge.answer.answer
  const owner = await heldUp(() => timeOf(() => store.revokeOwner(BUSY_OWNER, new Date())))
  return {
    purge: { removed: answer, seconds: ms / 1000, eventLoopHeldUpMs: purge.longest },
    'inserts of another process, beside the purge': purge.answer.beside,
    'purge, nothing to remove': { count: 1, p50: (await timeOf(() => store.purge(PURGED_BEFORE))).ms },
    revokeOwner: { revoked: owner.answer.answer.length, seconds: owner.answer.ms / 1000, eventLoopHeldUpMs: owner.longest }
  }
}

async function heldUp (work) {
  const delay = monitorEventLoopDelay({ resolution: 1 })
  delay.enable()
  const answer = await work()
  // A delay is told when it is over.
  await new Promise((resolve) => setTimeout(resolve, 50))
  delay.disable()
  return { answer, longest: delay.max / 1e6 }
}
