import type { PostgresClient, PostgresPool } from './driver.js'
import { onConnection, type Ask } from './session.js'

/**
 * All of `work` or nothing, within so many milliseconds. If it is not known what became of it, the promise rejects as well.
 *
 * @param first What to ask as soon as the transaction has begun, and in the same message: `work` is given the answer.
 */
export async function transaction<Result> (
  pool: PostgresPool,
  milliseconds: number,
  first: string,
  work: (ask: Ask, first: unknown) => Promise<Result>
): Promise<Result> {
  const outcome = await onConnection(pool, milliseconds, async (ask, client) => {
    try {
      const answers = await ask({ text: `${beginning(milliseconds)}; ${first}` }) as unknown[]
      const result = await work(ask, answers.at(-1))
      await commit(ask, client)
      return { result }
    } catch (error) {
      await ask({ text: 'ROLLBACK' }).catch(() => { throw error })
      return { error }
    }
  })
  if ('error' in outcome) throw outcome.error
  return outcome.result
}

/**
 * Neither a time-out nor anybody who cancels it may end the wait for a synchronous standby: the server would acknowledge, with no
 * more than a warning, what no standby has.
 */
async function commit (ask: Ask, client: PostgresClient): Promise<void> {
  const warnings: string[] = []
  const hear = ({ code, message }: { code: string, message: string }): void => { if (code !== SUCCESS) warnings.push(message) }
  client.on('notice', hear)
  const answers = await ask({ text: 'SET LOCAL statement_timeout = 0; COMMIT' }).finally(() => { client.off('notice', hear) })
  const [, committed] = answers as Array<{ command: string }>
  if (committed?.command !== 'COMMIT') throw new Error('PostgreSQL rolled back the transaction')
  if (warnings.length > 0) throw new Error(`PostgreSQL committed the transaction with a warning, so it may not last: ${warnings.join(', ')}`)
}

/** What a mere notice has for a code. */
const SUCCESS = '00000'

/**
 * Whatever the role or the database is set to. A process that comes to a standstill in the middle holds up the others for no
 * longer than they wait.
 */
function beginning (milliseconds: number): string {
  return [
    'BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE',
    `SET LOCAL statement_timeout = ${milliseconds}`,
    `SET LOCAL lock_timeout = ${milliseconds}`,
    // Else a NULL in a list is the text 'NULL'.
    'SET LOCAL array_nulls = on',
    `SET LOCAL idle_in_transaction_session_timeout = ${Math.ceil(milliseconds / 2)}`,
    "SELECT set_config('synchronous_commit', 'on', TRUE) WHERE current_setting('synchronous_commit') IN ('off', 'local')"
  ].join('; ')
}
