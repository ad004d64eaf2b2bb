/**
 * Many processes on one store, simulated: whatever goes wrong, no key is accepted more than `maxStaleness` after it was
 * revoked. A seed makes one simulation, always the same one. How many there are is what SEEDS says; in full:
 *
 *     SEEDS=1000000 npx tap --timeout=0 --allow-incomplete-coverage test/simulation/simulation.test.ts
 *
 * SEED=<number> shows what happens in one of them, and with SABOTAGE=<words of its name> what does in one that is sabotaged.
 * SHARES=1000 tells in how many of so many seeds each sabotage is found out.
 *
 * What is held to be accepted is a verdict that is handed to whoever asked; that a process is stopped before it makes use of
 * it cannot be seen here. What no process can know of is left out, too: that both clocks of its machine stood still, or that
 * the one was set back by just as much as the other stood still; and that the store was restored with the epoch that it had,
 * until somebody begins a new one. Whether a key has expired is for the wall clock of each process to say.
 */
import t from 'tap'
import { startSimulator } from './copies.js'
import { sabotages } from './sabotages.js'

const { SEED, SABOTAGE, SHARES } = process.env
const seeds = Number(process.env.SEEDS ?? 2000)
const simulator = await startSimulator(t)

if (SEED !== undefined) {
  const sabotage = sabotages.find(({ name }) => SABOTAGE !== undefined && name.includes(SABOTAGE))
  const folder = sabotage === undefined ? simulator.folder : simulator.sabotaged(sabotage)
  const { trace, broken } = await simulator.run({ folder, first: Number(SEED), seeds: 1, until: 'end', server: sabotage?.server ?? {}, trace: true })
  t.comment(trace.join('\n'))
  t.strictSame(broken, [], 'the promise holds')
} else {
  t.test(`the promise holds in ${seeds} simulations`, { timeout: 0 }, async (t) => {
    const { broken, seconds } = await simulator.run({ folder: simulator.folder, first: 1, seeds, until: 'broken' })
    t.strictSame(broken, [], 'run it with SEED=<seed> to see how it came')
    t.comment(`${seeds} simulations, ${(seconds / seeds * 1000).toFixed(2)} ms of the processor each`)
  })

  t.test('the same seed makes the same simulation', async (t) => {
    const { folder } = simulator
    const [once, again] = [await simulator.run({ folder, first: 7, seeds: 5, until: 'end', trace: true }), await simulator.run({ folder, first: 7, seeds: 5, until: 'end', trace: true })]
    t.ok(once.trace.length > 100)
    t.strictSame(once.trace, again.trace)
  })

  for (const sabotage of sabotages) {
    t.test(`found out: ${sabotage.name}`, { timeout: 0 }, async (t) => {
      const most = Number(SHARES ?? 5000)
      const folder = simulator.sabotaged(sabotage)
      const { ran, broken, seconds } = await simulator.run({ folder, first: 1, seeds: most, until: SHARES === undefined ? 'broken' : 'end', server: sabotage.server ?? {} })
      t.not(broken.length, 0)
      const share = SHARES === undefined ? '' : `in ${(broken.length / ran * 100).toFixed(1)} % of seeds, `
      t.comment(`${share}${ran} simulations, ${seconds.toFixed(2)} s; ${broken[0]?.seed}: ${broken[0]?.how}`)
    })
  }
}
