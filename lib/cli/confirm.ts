import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { CliError } from './errors.js'
import type { Output } from './output.js'
import type { Terminal } from './terminal.js'

/**
 * Asks before something that cannot be undone. Where nobody can be asked, as in a script, the answer is no.
 *
 * @throws {CliError} with the exit code for it, unless the answer is yes.
 */
export async function confirm (question: string, yes: boolean, { stdin, stderr, interrupted }: Terminal, output: Output): Promise<void> {
  if (yes) return
  if (stdin.isTTY !== true || stderr.isTTY !== true) throw new CliError('CLI_NOT_CONFIRMED', `${question} There is no terminal to ask on: give --yes to do it`)
  await output.ask(`${question} [y/N] `)
  const lines = createInterface({ input: stdin, signal: interrupted })
  const [answer] = await Promise.race([once(lines, 'line'), once(lines, 'close')]) as [string?]
  lines.close()
  if (answer !== undefined) output.answered()
  if (!/^\s*y(es)?\s*$/i.test(answer ?? '')) throw new CliError('CLI_NOT_CONFIRMED', 'nothing was done')
}
