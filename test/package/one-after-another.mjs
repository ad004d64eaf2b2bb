// Runs the programs that are named, one after another in one process: each when there is nothing left to do for
// the one before, which is when a process of its own would have ended. Says before and after each what it is.
import { mkdtempSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { inspect } from 'node:util'

const folder = process.cwd()
const programs = process.argv.slice(2)
let running
let hasEnded = false
let at = 0

process.on('uncaughtException', failed)
process.on('beforeExit', () => {
  if (running !== undefined) tellEnd()
  running = programs[at++]
  if (running !== undefined) begin()
})

function begin () {
  writeSync(1, `\n=== ${running}\n`)
  process.chdir(mkdtempSync(join(folder, 'cwd-')))
  hasEnded = false
  import(running).then(() => { hasEnded = true }, (error) => { hasEnded = true; failed(error) })
  // Later versions of Node import without the event loop, which has to turn for `beforeExit` to come again.
  setImmediate(() => {})
}

function tellEnd () {
  if (!hasEnded) failed('what it awaits never comes')
  writeSync(1, `\n=== ended with ${process.exitCode ?? 0}\n`)
  process.exitCode = undefined
}

function failed (error) {
  writeSync(1, inspect(error))
  process.exitCode = 1
}
