import { CommanderError } from 'commander'

/** What the exit codes mean; they are told by `--help` and in docs/cli.md. */
export const EXIT = Object.freeze({ done: 0, failed: 1, wrong: 2, notFound: 3, notConfirmed: 4 })

/** Ends a command with one line for people, and a code for scripts. */
export class CliError extends Error {
  readonly code: string
  readonly exitCode: number
  /** Lines to copy, below the one that says what is wrong. */
  readonly toCopy: string | undefined

  constructor (code: CliErrorCode, message: string, options: { cause?: unknown, exitCode?: number, toCopy?: string } = {}) {
    super(message, options)
    this.name = 'CliError'
    this.code = code
    this.exitCode = options.exitCode ?? EXITS[code]
    this.toCopy = options.toCopy
  }
}

export type CliErrorCode = 'CLI_FAILED' | 'CLI_WRONG' | 'CLI_NOT_FOUND' | 'CLI_NOT_CONFIRMED' | 'CLI_INTERRUPTED'

/** The command line, the config file or a field of a key is wrong: nothing was done. */
export function wrong (message: string, cause?: unknown): CliError {
  return new CliError('CLI_WRONG', message, { cause })
}

export function noSuchKey (id: string): CliError {
  return new CliError('CLI_NOT_FOUND', `there is no API key with the id ${JSON.stringify(id)}; api-key-scopes list shows the ids`)
}

/** By a signal. */
export function interruption (exitCode: number): CliError {
  return new CliError('CLI_INTERRUPTED', 'interrupted', { exitCode })
}

export interface Explained { readonly code: string, readonly message: string, readonly exitCode: number }

/** What to tell of any error. Operators, other than clients, are told what the store or the audit sink said. */
export function explain (error: unknown): Explained {
  if (error instanceof CliError) return { code: error.code, message: error.message, exitCode: error.exitCode }
  if (error instanceof CommanderError) return { code: 'CLI_WRONG', message: error.message.replace(/^error: /, ''), exitCode: EXIT.wrong }
  const { code, message = String(error), cause } = Object(error) as { code?: unknown, message?: string, cause?: unknown }
  const known = typeof code === 'string' ? code : 'CLI_FAILED'
  return {
    code: known,
    message: Object.hasOwn(TEXTS, known) ? `${TEXTS[known]}: ${messageOf(cause)}` : message,
    exitCode: WRONG.includes(known) ? EXIT.wrong : EXIT.failed
  }
}

export function messageOf (error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

const TEXTS: Readonly<Record<string, string>> = {
  FST_API_KEY_STORE_UNAVAILABLE: 'the store failed',
  FST_API_KEY_AUDIT_UNAVAILABLE: 'nothing was done, because the audit sink did not take the event'
}

const WRONG = ['FST_API_KEY_INVALID_INPUT', 'FST_API_KEY_BAD_OPTIONS', 'FST_API_KEY_ALREADY_ROTATED']

const EXITS: Readonly<Record<CliErrorCode, number>> = {
  CLI_FAILED: EXIT.failed,
  CLI_WRONG: EXIT.wrong,
  CLI_NOT_FOUND: EXIT.notFound,
  CLI_NOT_CONFIRMED: EXIT.notConfirmed,
  CLI_INTERRUPTED: EXIT.failed
}
