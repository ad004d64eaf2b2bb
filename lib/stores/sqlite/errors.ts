import { existsSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { storeError } from '../errors.js'

export { storeError }

/** The error of an `open` that failed: what is wrong, with which file, and what to do about it. */
export function openError (path: string | undefined, cause: Error): Error {
  const place = path === undefined ? 'in the given database' : `at ${path}`
  return storeError('FST_API_KEY_STORE_OPEN', `Cannot open the API key store ${place}: ${explain(path, cause.message)}`, cause)
}

/** SQLite's own words are the same in every driver, its codes are not; and a file that cannot be opened has no words. */
function explain (path: string | undefined, message: string): string {
  if (/not a database|malformed/.test(message)) {
    return 'the file is not an SQLite database, or is damaged; choose another file, or restore this one from a backup'
  }
  if (/locked/.test(message)) {
    return 'another process has locked it; end that process, or make it release its exclusive lock'
  }
  if (path !== undefined && /unable to open/i.test(message)) {
    if (!existsSync(dirname(path))) return `the directory ${dirname(path)} does not exist; create it first`
    if (existsSync(path) && statSync(path).isDirectory()) return 'this is a directory; give the name of a file'
  }
  if (/unable to open|readonly/i.test(message)) {
    return 'it cannot be written; let this process write the file and its directory, where SQLite keeps two files beside it (-wal, -shm)'
  }
  return message
}
