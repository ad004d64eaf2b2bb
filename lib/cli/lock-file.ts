import { existsSync, readFileSync } from 'node:fs'
import { compareLocks, type LockComparison } from '../reports/lock-comparison.js'
import { comparisonSummary, comparisonText } from '../reports/lock-comparison-text.js'
import { readLock } from '../reports/lock-reading.js'
import { lockText } from '../reports/lock-text.js'
import type { Lock } from '../reports/lock.js'
import { CliError, messageOf, wrong } from './errors.js'
import type { Output } from './output.js'
import { harmless } from './text.js'
import { writeWhole } from './write-file.js'

export { lockOf } from '../reports/lock.js'

/** @throws {CliError} with the command that accepts what there is, unless it is what the file says. */
export async function checkLockFile (lock: Lock, file: string, toCopy: string, output: Output): Promise<void> {
  const text = textIn(file)
  if (text === undefined) throw new CliError('CLI_FAILED', `there is no ${file} to check against; write it, and commit it:`, { toCopy })
  const comparison = compareLocks(readOrFail(text, file, toCopy), lock)
  await tell(comparison, { file, written: false }, lock, output)
  if (!comparison.same) throw new CliError('CLI_FAILED', `${file} is not who may call what: ${comparisonSummary(comparison)}. If that is meant, accept it, and commit it:`, { toCopy })
}

/** Unless that would change nothing. */
export async function writeLockFile (lock: Lock, file: string, output: Output): Promise<void> {
  const text = textIn(file)
  // What stands under the name of a lock is not to be lost by a slip of the hand.
  if (text !== undefined && !text.includes('"lockVersion"')) throw wrong(`${file} is there, and is no lock file; nothing was written`)
  const before = text === undefined ? null : await readOrWarn(text, file, output)
  const comparison = before === null ? null : compareLocks(before, lock)
  const written = comparison?.same !== true
  if (written) writeWhole(file, lockText(lock))
  await tell(comparison, { file, written }, lock, output)
}

async function tell (comparison: LockComparison | null, { file, written }: { readonly file: string, readonly written: boolean }, { routes }: Lock, output: Output): Promise<void> {
  const count = `${routes.length} ${routes.length === 1 ? 'route' : 'routes'}`
  const summary = comparison === null ? `${file}: ${count} written` : `${file}: ${count}, ${comparisonSummary(comparison)}`
  await output.result({ file, written, routes: routes.length, changes: comparison }, () => {
    const changes = comparison === null ? '' : comparisonText(comparison).split('\n').map(harmless).join('\n')
    return `${changes === '' ? '' : `${changes}\n`}${harmless(summary)}\n`
  })
}

function textIn (file: string): string | undefined {
  try {
    return existsSync(file) ? readFileSync(file, 'utf8') : undefined
  } catch (error) {
    throw wrong(`${file} cannot be read: ${messageOf(error)}`, error)
  }
}

function readOrFail (text: string, file: string, toCopy: string): Lock {
  try {
    return readLock(text)
  } catch (error) {
    throw new CliError('CLI_FAILED', `${file} ${whyBad(error)}. Write it anew, look at what that changes, and commit it:`, { cause: error, toCopy })
  }
}

async function readOrWarn (text: string, file: string, output: Output): Promise<Lock | null> {
  try {
    return readLock(text)
  } catch (error) {
    await output.warning(`${file} ${whyBad(error)}. It is written anew, and what has changed cannot be told: look at the difference before you commit it`)
    return null
  }
}

/** What is wrong with a lock file, without its name and without what to do. */
function whyBad (error: unknown): string {
  return messageOf(error).replace(/^the lock file /, '').replace(/; write it anew with: .*$/, '')
}
