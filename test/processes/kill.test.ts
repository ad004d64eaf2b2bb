/**
 * What is left in PostgreSQL and in Redis when they, or processes that use keys, are killed with -9. The number of cycles is 4, or
 * what KILL_CYCLES says; in full:
 *
 *     KILL_CYCLES=1000 npx tap --timeout=0 --disable-coverage test/processes/kill.test.ts
 */
import { setTimeout as wait } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { startPostgres } from '../servers/postgres.js'
import type { Server } from '../servers/program.js'
import { redisCommand, startRedis } from '../servers/redis.js'
import { anApp } from '../stores/fixtures/app.js'
import { program } from '../stores/fixtures/processes.js'
import { faultsIn, type Said } from '../stores/fixtures/said.js'
import { storeAt } from './store-at.js'

const cycles = Number(process.env.KILL_CYCLES ?? 4)
/** After so many, in an empty store: all that was ever made is looked through each time. */
const EMPTIED_EVERY = 50

/** A server, and what empties it and says where. */
interface Killed { readonly server: Server, readonly empty: () => Promise<string> }

const engines: ReadonlyArray<readonly [name: string, start: (t: Test) => Promise<Killed | null>]> = [
  ['PostgreSQL', async (t) => {
    const server = await startPostgres(t)
    return server && { server, empty: () => server.database() }
  }],
  ['Redis', async (t) => {
    const server = await startRedis(t)
    return server && {
      server,
      async empty () {
        await redisCommand(server.port, 'FLUSHALL')
        return server.url
      }
    }
  }]
]

for (const [name, startServer] of engines) {
  t.test(name, { timeout: 60_000 + cycles * 20_000 }, async (t) => {
    const killed = await startServer(t)
    if (killed === null) return
    const start = await program(t, 'keyring-process')

    await t.test(`what was acknowledged is there after kill -9, and nothing half done, ${cycles} times`, { timeout: 0 }, async (t) => {
      const { server, empty } = killed
      let url = ''
      const counts = { acknowledged: 0, interrupted: 0, process: 0, server: 0 }
      for (let cycle = 0; cycle < cycles; cycle++) {
        if (cycle % EMPTIED_EVERY === 0) url = await empty()
        const whom = cycle % 2 === 0 ? 'process' : 'server'
        const { child, next } = start('live', url, String(cycle))
        const lines: string[] = []
        while (lines.at(-1)?.startsWith('{"did"') !== true) {
          const line = await next()
          if (line === undefined) throw new Error(`Cycle ${cycle}: it ended before it had done anything: ${lines.join(' ')}`)
          lines.push(line)
        }
        await wait(Math.random() * 150)
        if (whom === 'process') child.kill('SIGKILL')
        else await server.kill()
        for (let line = await next(); line !== undefined; line = await next()) lines.push(line)
        if (whom === 'server') await server.start()

        const said = lines.map((line) => JSON.parse(line) as Said | { failed: string })
        const failed = said.filter((what) => 'failed' in what)
        if (whom === 'process') t.same(failed, [], 'nothing failed before')
        const faults = await faultsIn(url, said.filter((what) => !('failed' in what)) as Said[])
        if (faults.length > 0) t.fail(`cycle ${cycle}, killed the ${whom}: ${faults.join('; ')}`)
        counts[whom]++
        counts.acknowledged += said.filter((what) => 'did' in what).length
        if ('doing' in said.filter((what) => !('failed' in what)).at(-1)!) counts.interrupted++
      }
      t.comment(`killed the process ${counts.process} times and the server ${counts.server} times; ${counts.acknowledged} changes were acknowledged, and ${counts.interrupted} interrupted`)
    })

    await t.test('killed at any step of a rotation, a process leaves a key that works, and never two successors', { timeout: 0 }, async (t) => {
      const url = await killed.empty()
      const deaths: string[] = []
      const outcomes = new Set<string>()
      const app = await anApp(await storeAt(url), { maxStaleness: 0 })
      for (let step = 1; !deaths.at(-1)?.startsWith('rotated'); step++) {
        const { key, record } = await app.apiKeys.create({ name: `step ${step}`, ownerId: 'user-1', scopes: ['devices:read'] })
        const { next } = start('die', url, record.id, 'PT0S', String(step))
        const death = await next()
        if (!/^(before|after|rotated) /.test(death ?? '')) throw new Error(`It did not die as it should: ${death}`)
        deaths.push(death!)
        t.equal(await next(), undefined)
        const successors = (await app.apiKeys.list({ limit: 200 })).records.filter(({ rotatedFrom }) => rotatedFrom === record.id)
        const { valid } = await app.apiKeys.verify(key)
        t.equal(successors.length, valid ? 0 : 1, `killed ${deaths.at(-1)}: the key works, or its successor does`)
        outcomes.add(valid ? 'as before' : 'rotated')
      }
      await app.close()
      t.same([...outcomes], ['as before', 'rotated'], 'it is as before up to one step, and rotated from there on')
      t.comment(`${deaths.length - 1} steps: ${deaths.join(', ')}`)
    })
  })
}
