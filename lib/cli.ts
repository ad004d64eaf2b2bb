#!/usr/bin/env node
import { constants } from 'node:os'
import { CliError, interruption } from './cli/errors.js'
import { main } from './cli/main.js'

// What Node warns of, such as that its SQLite is new, or how the config file is to be parsed, is for whoever looks for a fault.
if (!process.argv.includes('--debug')) process.removeAllListeners('warning')

const interrupt = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  // Once: if it takes too long to come to an end, the next one ends it.
  process.once(signal, () => { interrupt.abort(interruption(128 + constants.signals[signal])) })
}
// Thrown by something that the config file has started.
process.on('uncaughtException', error => { interrupt.abort(error) })
// Node would end here without a word.
process.on('beforeExit', () => { interrupt.abort(new CliError('CLI_FAILED', 'the app, or the config file, waits for something that never happens')) })

const { stdin, stdout, stderr } = process
// Everything is written and closed by now; but what the config file has opened for the app may still be open.
process.exit(await main(process.argv.slice(2), { stdin, stdout, stderr, interrupted: interrupt.signal }))
