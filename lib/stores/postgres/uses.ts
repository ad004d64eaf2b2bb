import { createHash } from 'node:crypto'
import type { KeyUse } from '../../keys/store.js'
import { toMilliseconds, toText } from '../row.js'
import type { Connection } from './connection.js'
import { transaction } from './transaction.js'

/** Notes all uses in three statements. That is no change of which others must hear, so it waits for nobody's. */
export async function recordUse ({ pool, writeTimeout, lockUsed, keysUsed, demandsMet }: Connection, uses: readonly KeyUse[]): Promise<void> {
  const keys = new Map<string, number>()
  const demands = new Map<string, Met>()
  for (const use of uses) {
    const id = toText(use.id)
    keys.set(id, Math.max(keys.get(id) ?? -Infinity, toMilliseconds(use.lastUsedAt)))
    for (const [text, at] of use.demands) {
      const demand = toText(text)
      const met = { id, digest: createHash('sha256').update(demand).digest('hex'), demand, at: toMilliseconds(at) }
      const key = `${met.digest} ${id}`
      if ((demands.get(key)?.at ?? -Infinity) < met.at) demands.set(key, met)
    }
  }
  await transaction(pool, writeTimeout, 'SELECT 1', async (ask) => {
    const { rows } = await ask(lockUsed([...keys.keys()])) as { rows: Array<{ id: string }> }
    const found = new Set(rows.map(({ id }) => id))
    // Not of a key that was added since it was looked for: its own last use would not be noted.
    const met = [...demands.values()].filter(({ id }) => found.has(id))
    await ask(keysUsed([...keys.keys()], [...keys.values()]))
    if (met.length > 0) await ask(demandsMet(met.map(({ id }) => id), met.map(({ digest }) => digest), met.map(({ demand }) => demand), met.map(({ at }) => at)))
  })
}

interface Met { readonly id: string, readonly digest: string, readonly demand: string, readonly at: number }
