// Random histories of the stores that need no server, and of some that break promises. How to run more of them: see traces.ts.
import { join } from 'node:path'
import t from 'tap'
import { memoryStore } from '../../lib/stores/memory.js'
import { sqliteStore } from '../../lib/stores/sqlite.js'
import { availableDrivers } from './fixtures/drivers.js'
import type { Sabotage, Store } from './fixtures/faults.js'
import { changeFaults } from './fixtures/change-faults.js'
import { history } from './fixtures/histories.js'
import { listFaults } from './fixtures/list-faults.js'
import { purgeFaults } from './fixtures/purge-faults.js'
import { revokeFaults } from './fixtures/revoke-faults.js'
import { rotateFaults } from './fixtures/rotate-faults.js'
import { seenFaults } from './fixtures/seen-faults.js'
import { updateFaults } from './fixtures/update-faults.js'
import { useFaults } from './fixtures/use-faults.js'
import { runTraces } from './traces.js'

const told = 'an inserted key is told, and nothing else'

/** Ways to break a store that show only now and then. */
const subtle = Object.values({ updateFaults, ...rotateFaults, ...revokeFaults, ...purgeFaults, ...listFaults, ...useFaults, ...seenFaults, ...changeFaults })
  .flatMap((faults) => Object.entries(faults))
  .filter(([fault]) => [
    'update reads, and writes all that can be changed later', 'update takes null for nothing', 'update by the beginning of an id',
    'rotate does not look at the metadata', 'rotate allows fewer scopes',
    'owners in any normalization', 'purge includes the very time', 'expiry comes before disabling', 'a key expires after its date',
    'what was seen is compared, and the change is written later', 'the date of disabling is ignored', 'scopes are compared in one text',
    'changes are numbered before they are done', 'changes are noted before they are done', 'a successor is not told',
    'there are two epochs', 'an insert is not told', 'one change less is told', 'a change does not move the position on'
  ].includes(fault))

t.test('whatever happens to a store in memory, it is as the model says', async () => {
  await runTraces(memoryStore, { runs: 1000, another: (opened) => opened })
})

t.test('whatever happens to a store in a file, through one handle or another, it is as the model says', async (t) => {
  const dir = t.testdir()
  const paths = new WeakMap<Store, string>()
  let count = 0
  const storeAt = (path: string) => {
    const store = sqliteStore(path)
    paths.set(store, path)
    return store
  }
  await runTraces(() => storeAt(join(dir, `${count++}.db`)), { runs: 40, another: (opened) => storeAt(paths.get(opened)!) })
})

for (const driver of await availableDrivers()) {
  t.test(`whatever happens to a store in a database that was opened with ${driver.name}, it is as the model says`, async () => {
    await runTraces(async () => sqliteStore(await driver.open(':memory:')), { runs: 300 })
  })
}

t.test('histories find out stores that break promises', async (t) => {
  t.equal(await failure(history()), undefined, 'a history that is not broken is found out in nothing')
  for (const [fault, sabotage] of subtle) t.match(await failure(sabotage), { message: /seed: 1, path: / }, fault)
})

t.test('a history that fails is told as short as can be, with its seed', async (t) => {
  const error = await failure(changeFaults[told]!['insert is not noted']!, true)
  const calls = error?.message.match(/"method":"\w+"/g)
  t.same(calls, ['"method":"insert"'])
  t.match(error?.message, 'seed: 1,')
  t.match(error?.cause, { message: /not all changes were told|the position has not moved on/ })
})

async function failure (sabotage: Sabotage, shrinks = false): Promise<Error | undefined> {
  return runTraces(() => {
    const store = memoryStore()
    return { ...store, ...sabotage(store) }
  }, { runs: 400, seed: 1, shrinks }).then(() => undefined, (error: Error) => error)
}
