/**
 * What is left in a file when processes that use keys are killed with -9. The number of cycles is 8, or what KILL_CYCLES
 * says; in full:
 *
 *     KILL_CYCLES=1000 npx tap --timeout=0 --allow-incomplete-coverage test/stores/sqlite-kill.test.ts
 */
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import t, { type Test } from 'tap'
import type { ApiKeyRecord } from '../../lib/keys/record.js'
import { openDatabase } from '../../lib/stores/sqlite/driver.js'
import { sqliteStore } from '../../lib/stores/sqlite.js'
import { anApp } from './fixtures/app.js'
import { program } from './fixtures/processes.js'
import { faultsIn, type Said } from './fixtures/said.js'

const cycles = Number(process.env.KILL_CYCLES ?? 8)
const start = await program(t, 'keyring-process')

t.test(`what was acknowledged is there after kill -9, and every chain of keys has one that works, ${cycles} times`, { timeout: 30_000 + cycles * 5000 }, async (t) => {
  const path = join(t.testdir(), 'keys.db')
  const acknowledged: Record<string, number> = {}
  const interrupted: Record<string, number> = {}
  for (let cycle = 0; cycle < cycles; cycle++) {
    const { child, next } = start('live', path, String(cycle))
    const lines = [await next()]
    await wait(Math.random() * 100)
    child.kill('SIGKILL')
    for (let line = await next(); line !== undefined; line = await next()) lines.push(line)
    const said = lines.map((line) => JSON.parse(line!) as Said)
    const faults = await faultsIn(path, said)
    if (faults.length > 0) t.fail(`cycle ${cycle}: ${faults.join('; ')}`)
    for (const what of said) if ('did' in what) acknowledged[what.did] = (acknowledged[what.did] ?? 0) + 1
    const last = said.at(-1)!
    if ('doing' in last) interrupted[last.doing] = (interrupted[last.doing] ?? 0) + 1
  }
  t.ok(acknowledged.rotate! >= cycles, 'much was acknowledged')
  t.comment(`in ${cycles} cycles acknowledged ${JSON.stringify(acknowledged)}, interrupted ${JSON.stringify(interrupted)}`)
})

// A start of a process takes half a second, so each step has one of the two; in full, each has both.
const GRACE_PERIODS = ['PT1H', 'PT0S']
for (const first of process.env.KILL_CYCLES === undefined ? [0] : [0, 1]) {
  t.test(`killed at any step of a rotation, with a grace period or without (${first}), a process leaves a key that works, and never two successors`, { timeout: 300_000 }, async (t) => {
    const dir = t.testdir()
    const original = await openDatabase(':memory:')
    const app = await anApp(sqliteStore(original))
    const { key, record } = await app.apiKeys.create({ name: 'ci', ownerId: 'user-1', scopes: ['devices:read'], metadata: { a: [1] } })
    await app.close()

    const deaths: string[] = []
    const outcomes = new Set<string>()
    for (let step = 1; !deaths.at(-1)?.startsWith('rotated'); step++) {
      const path = join(dir, `${step}.db`)
      original.exec(`VACUUM INTO '${path}'`)
      const { next } = start('die', path, record.id, GRACE_PERIODS[(first + step) % 2]!, String(step))
      deaths.push(await next() ?? 'nothing')
      t.equal(await next(), undefined)
      outcomes.add(await outcomeOf(t, path, key, record, `killed ${deaths.at(-1)}`))
    }
    // In the middle of it all there is a transaction.
    for (const death of ['before store.get', 'after the audit sink', 'before BEGIN', 'after INSERT', 'before COMMIT', 'after COMMIT', 'after store.rotate']) {
      t.ok(deaths.some((found) => found.startsWith(death)), `there was a death ${death}`)
    }
    t.same([...outcomes], ['as before', 'rotated'], 'it is as before up to one step, and rotated from there on')
    t.comment(`${deaths.length - 1} steps: ${deaths.join(', ')}`)
  })
}

/** What a process has left that was killed while it rotated this key; checks that it is one or the other, and that life goes on. */
async function outcomeOf (t: Test, path: string, key: string, record: ApiKeyRecord, when: string): Promise<'as before' | 'rotated'> {
  const app = await anApp(sqliteStore(path))
  try {
    const { records } = await app.apiKeys.list()
    const successors = records.filter(({ rotatedFrom }) => rotatedFrom === record.id)
    const old = await app.apiKeys.verify(key)
    if (successors.length === 0) {
      t.same(old, { valid: true, record }, `${when}: the key is as before`)
      t.ok(await app.apiKeys.rotate(record.id), `${when}: and can be rotated`)
      return 'as before'
    }
    t.equal(successors.length, 1, `${when}: there is one successor`)
    const { name, ownerId, scopes, metadata } = record
    t.match(successors[0], { name, ownerId, scopes, metadata, expiresAt: null, revokedAt: null, disabledAt: null }, `${when}: the successor is whole`)
    t.equal(old.valid, old.record!.expiresAt! > new Date(), `${when}: the key works as long as the grace period lasts`)
    t.equal(records.length, 2)
    await t.rejects(app.apiKeys.rotate(record.id, { gracePeriod: 'PT1H' }), { code: old.valid ? 'FST_API_KEY_ALREADY_ROTATED' : 'FST_API_KEY_INVALID_INPUT' })
    t.ok(await app.apiKeys.rotate(successors[0]!.id), `${when}: the successor can be rotated`)
    return 'rotated'
  } finally {
    await app.close()
  }
}
