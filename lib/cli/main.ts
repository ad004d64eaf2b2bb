import { CommanderError } from 'commander'
import { EXIT, explain } from './errors.js'
import { Output, OutputClosedError } from './output.js'
import { hider } from './passwords.js'
import { programOf } from './program.js'
import type { Terminal } from './terminal.js'

/** Does what the command line says, and answers the exit code. Never rejects. */
export async function main (args: readonly string[], terminal: Terminal): Promise<number> {
  const output = new Output(terminal, says('--json', args), hider(args))
  try {
    await programOf(terminal, output).parseAsync(args, { from: 'user' })
  } catch (error) {
    const isHelp = error instanceof CommanderError && error.message === '(outputHelp)'
    // As after | head -1: whoever has read enough is content.
    const isDone = error instanceof OutputClosedError || (error instanceof CommanderError && error.exitCode === 0)
    if (!isHelp && !isDone) await output.error(error, says('--debug', args))
    if (!isDone) return isHelp ? EXIT.wrong : explain(error).exitCode
  } finally {
    await output.flush()
  }
  return EXIT.done
}

/** An option is needed before the command line is understood, for the case that it cannot be. */
function says (option: string, args: readonly string[]): boolean {
  const end = args.indexOf('--')
  return args.slice(0, end === -1 ? undefined : end).includes(option)
}
