import type { Command } from 'commander'
import type { Keys } from './keys.js'
import type { Output } from './output.js'
import type { Terminal } from './terminal.js'

/** What a command has, once its store is open. */
export interface Call extends Keys {
  readonly output: Output
  readonly terminal: Terminal
}

/** Adds a command to the program. */
export type AddCommand = (program: Command, run: Run) => void

/** Does the work of a command with the store of the app. */
export type Run = (command: Command, needs: Needs, work: (call: Call) => Promise<void>) => Promise<void>

export interface Needs {
  /** The command makes keys, or judges grants. Default `false`. */
  readonly catalog?: boolean
  /** It may be the first to use a store. Default `false`. */
  readonly firstUse?: boolean
  /** It works on a store that is not opened. Default `false`. */
  readonly unopened?: boolean
}

export function runner (terminal: Terminal, output: Output): Run {
  return async (command, { catalog = false, firstUse = false, unopened = false }, work) => {
    const { config, store } = command.optsWithGlobals<{ config?: string, store?: string }>()
    const wanted = { command: command.name(), config, store, needsCatalog: catalog, mayBeFirst: firstUse, unopened }
    // Help, and commands about an app, do not wait until it is loaded.
    const { withKeys } = await import('./keys.js')
    await withKeys(wanted, output, terminal.interrupted, async keys => { await work({ ...keys, output, terminal }) })
  }
}

/** What stands below the help of a command: what to type, and what that does. */
export function examples (...lines: ReadonlyArray<readonly [command: string, does: string]>): string {
  return `\nExamples:\n${lines.map(([command, does]) => `  # ${does}\n  ${command}`).join('\n\n')}\n`
}
