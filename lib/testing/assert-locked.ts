import { AssertionError } from 'node:assert'
import { readFileSync } from 'node:fs'
import type { FastifyInstance } from 'fastify'
import { compareLocks } from '../reports/lock-comparison.js'
import { comparisonSummary, comparisonText } from '../reports/lock-comparison-text.js'
import { lockOf } from '../reports/lock.js'
import { readLock } from '../reports/lock-reading.js'

/**
 * Asserts that who may call what in the app is as it was written down in a lock file, which `npx api-key-scopes lock app.js` makes. What
 * has changed stands in the error, what is easier to reach first.
 *
 * @param app one that is ready.
 * @param file a path, relative to the working directory, or a `file:` URL. Default `scopes.lock.json`.
 * @throws `AssertionError` with what has changed, and how to accept it, also if there is no such file; FST_API_KEY_BAD_LOCK (500) for a
 * file that is no lock file, or was edited by hand; FST_API_KEY_NOT_READY (500) before `app.ready()`.
 * @example
 * await app.ready()
 * assertLocked(app)
 */
export function assertLocked (app: FastifyInstance, file: string | URL = 'scopes.lock.json'): void {
  const now = lockOf(app)
  const text = textOf(file)
  const name = String(file)
  if (text === undefined) throw fails(`there is no ${name}; npx api-key-scopes lock <app>${option(name)} writes it, and it belongs into version control`)
  const comparison = compareLocks(readLock(text), now)
  if (comparison.same) return
  throw fails(`${name}: ${comparisonSummary(comparison)}\n\n${comparisonText(comparison)}\nIf that is meant: npx api-key-scopes lock <app>${option(name)}, and commit the file`)
}

function textOf (file: string | URL): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

function option (file: string): string {
  return file === 'scopes.lock.json' ? '' : ` --file ${file}`
}

function fails (message: string): AssertionError {
  return new AssertionError({ message, operator: 'assertLocked', stackStartFn: assertLocked })
}
