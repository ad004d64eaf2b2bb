import type { Command } from 'commander'
import type { FastifyInstance } from 'fastify'
import { wrong } from './errors.js'
import type { Output } from './output.js'
import type { Terminal } from './terminal.js'
import { unlessInterrupted } from './waiting.js'

/** What a command has that looks at an app, once that is ready. */
export interface AppCall {
  readonly app: FastifyInstance
  readonly output: Output
  readonly terminal: Terminal
}

/** Adds a command about an app, its routes and its catalog, to the program. */
export type AddAppCommand = (program: Command, run: RunOnApp) => void

/** Does the work of a command with an app. It never listens, and its store is opened only if the work needs keys. */
export type RunOnApp = (command: Command, file: string, needs: { readonly store?: boolean }, work: (call: AppCall) => Promise<void>) => Promise<void>

export function appRunner (terminal: Terminal, output: Output): RunOnApp {
  return async (command, file, { store = false }, work) => {
    const given = command.optsWithGlobals<{ export?: string, config?: string, store?: string }>()
    for (const option of ['config', 'store'] as const) {
      if (given[option] !== undefined) throw wrong(`${command.name()} does not take --${option}: the app itself says what its options are`)
    }
    const wanted = { file, exported: given.export, needsStore: store }
    await unlessInterrupted(terminal.interrupted, async () => {
      // Help does not wait until it is loaded.
      const { withApp } = await import('./app.js')
      await withApp(wanted, async app => { await work({ app, output, terminal }) })
    })
  }
}

/** Lets a command be told which app it is about. */
export function aboutApp (command: Command): Command {
  return command
    .argument('<app>', 'the file that exports the app, a function that makes it, or a plugin')
    .option('--export <name>', 'which of its exports that is (default: the default export)')
}
