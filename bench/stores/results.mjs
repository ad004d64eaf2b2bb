import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Writes down a run, beside those of other sizes. */
export function keep (folder, file, keys, result) {
  mkdirSync(folder, { recursive: true })
  const path = join(folder, file)
  const runs = existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : {}
  writeFileSync(path, `${JSON.stringify({ ...runs, [keys]: result }, null, 2)}\n`)
}
