import type { Connection } from './connection.js'
import type { PostgresQuery } from './driver.js'
import { onConnection } from './session.js'

/** What a statement finds on the primary. A replica may be behind, and is not believed. */
export async function read ({ pool, timeout, reading }: Connection, query: PostgresQuery): Promise<unknown[]> {
  const { rows } = await reading(timeout, async (left) => await onConnection(pool, left, async (ask) => await ask(query))) as { rows: Row[] }
  // No row at all is what no server answers, but a proxy may.
  refuseReplica(rows[0] ?? { isReplica: true })
  return rows.filter(({ id }) => id !== null)
}

export function refuseReplica ({ isReplica }: { readonly isReplica: boolean }): void {
  if (isReplica) throw new Error('This PostgreSQL server is a replica, which may be behind; connect to the primary')
}

interface Row { readonly isReplica: boolean, readonly id: string | null }
