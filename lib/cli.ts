#!/usr/bin/env node
import { constants } from 'node:os'
import { main } from './cli/main.js'

// What Node warns of, such as that its SQLite is new, or how the config file is to be parsed, is for whoever looks for a fault.
if (!process.argv.includes('--debug')) process.removeAllListeners('warning')

const interruption = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.once(signal, () => { interruption.abort(128 + constants.signals[signal]) })
}

const { stdin, stdout, stderr } = process
// Everything is written and closed by now; but what the config file has opened for the app may still be open.
process.exit(await main(process.argv.slice(2), { stdin, stdout, stderr, interrupted: interruption.signal }))
