// What another process does to the same store meanwhile, and how long each call takes it. Run by `beside`.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { postgresStore } from '../../dist/esm/stores/postgres.js'
import { sqliteStore } from '../../dist/esm/stores/sqlite.js'
import { keyNumber, liveKeys } from './keys.mjs'
import { spreadOf, timesOf } from './timing.mjs'

const file = fileURLToPath(import.meta.url)

/** Does `work` while another process calls the store all the time. Answers what `work` did, and how long those calls took. */
export async function beside ({ kind, source, keys, calls, seed }, work) {
  const child = fork(file, [JSON.stringify({ kind, source, keys, calls, seed })])
  await once(child, 'message')
  const answer = await work()
  child.send('enough')
  const [spread] = await once(child, 'message')
  if (child.exitCode === null) await once(child, 'exit')
  return { answer, beside: spread }
}

if (process.argv[1] === file) {
  const { kind, source, keys, calls, seed } = JSON.parse(process.argv[2])
  const store = kind === 'sqlite' ? sqliteStore(source) : postgresStore(source)
  const order = liveKeys(keys, seed)
  const next = () => order.next().value
  // Lookups come as they can. Who writes without a pause would keep everybody else from writing to SQLite.
  const pause = calls === 'insert' ? 10 : 0
  const call = {
    lookup: async () => { if (await store.findByDigest(keyNumber(next(), keys).digest) === null) throw new Error('a key is missing') },
    insert: async (i) => { await store.insert(newKey(seed, i, keys)) }
  }[calls]
  await store.open()
  await timesOf(20, (i) => call(-1 - i))
  const times = []
  let failed = 0
  let isEnough = false
  process.once('message', () => { isEnough = true })
  // Nobody waits for it any more.
  process.once('disconnect', () => { isEnough = true })
  process.send('begun')
  const isGoingOn = () => !isEnough
  for (let i = 0; isGoingOn(); i++) {
    const start = performance.now()
    await Promise.resolve(call(i)).catch((error) => { if (failed++ === 0) console.error(error.message) })
    times.push(performance.now() - start)
    await wait(pause)
  }
  await store.close()
  if (process.connected) process.send({ ...spreadOf(times), failed }, () => { process.disconnect() })
}

/** A key that is not there yet. */
export function newKey (seed, i, keys) {
  return { ...keyNumber(keys * (seed + 1) + i + 1000, keys), ownerId: `user-new-${seed}`, createdAt: new Date(), expiresAt: null, revokedAt: null, revokedReason: null }
}
