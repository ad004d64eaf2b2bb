import { existsSync, realpathSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { messageOf, wrong } from './errors.js'

/** Writes a whole file, or nothing: whoever reads it meanwhile finds what was there before. A link stays one. */
export function writeWhole (file: string, text: string): void {
  const target = existsSync(file) ? realpathSync(file) : file
  const draft = `${target}.${process.pid}.tmp`
  try {
    writeFileSync(draft, text, { flag: 'wx' })
    renameSync(draft, target)
  } catch (error) {
    rmSync(draft, { force: true })
    throw wrong(`${file} cannot be written: ${messageOf(error)}`, error)
  }
}
