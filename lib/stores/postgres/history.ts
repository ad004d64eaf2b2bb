import type { Ask } from './session.js'

/**
 * What tells this server's history apart from every other, as an SQL text: the identifier that a cluster is made with, and
 * the timeline, which becomes another when a replica takes over or a backup is restored to a point in time. Some managed
 * services offer neither; then the stored epoch alone has to do.
 */
export async function historyOf (ask: Ask): Promise<string> {
  const offered: string[] = []
  for (const text of TELLS) if (await isOffered(ask, text)) offered.push(`coalesce('-' || ${text}, '')`)
  return offered.join(' || ') || "''"
}

/** On a replica the functions of the log fail. */
const TELLS = [
  '(SELECT CAST(system_identifier AS TEXT) FROM pg_control_system())',
  '(SELECT CASE WHEN pg_is_in_recovery() THEN NULL ELSE left(pg_walfile_name(pg_current_wal_lsn()), 8) END)'
]

async function isOffered (ask: Ask, text: string): Promise<boolean> {
  try {
    await ask({ text: `SELECT ${text}` })
    return true
  } catch (error) {
    if (NOT_OFFERED.includes(String((error as { code?: unknown }).code))) return false
    throw error
  }
}

/** Not allowed, not known, not supported. */
const NOT_OFFERED = ['42501', '42883', '0A000']
