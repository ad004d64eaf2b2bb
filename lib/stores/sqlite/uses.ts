import { setImmediate as breathe } from 'node:timers/promises'
import type { KeyUse } from '../../keys/store.js'
import { toMilliseconds, toText } from '../row.js'
import type { Connection } from './connection.js'
import { writing } from './driver.js'

/** Notes all uses, so many at a time that requests have their turn in between. What was noted already does no harm if it is noted again. */
export async function recordUse (connected: () => Promise<Connection>, uses: readonly KeyUse[]): Promise<void> {
  note(await connected(), uses.slice(0, AT_ONCE))
  for (let from = AT_ONCE; from < uses.length; from += AT_ONCE) {
    await breathe()
    // It may be closed meanwhile.
    note(await connected(), uses.slice(from, from + AT_ONCE))
  }
}

function note ({ handle, keyUsed, demandMet }: Connection, uses: readonly KeyUse[]): void {
  writing(handle, () => {
    for (const { id, lastUsedAt, demands } of uses) {
      const used = toMilliseconds(lastUsedAt)
      keyUsed.run(used, used, toText(id))
      for (const [demand, at] of demands) demandMet.run(toText(demand), toMilliseconds(at), toText(id))
    }
  })
}

/** Keys that are written in one step: some milliseconds, of which waiting for the disk is not the most. */
const AT_ONCE = 100
