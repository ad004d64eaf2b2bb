import type { Writable } from 'node:stream'
import { CliError, explain, messageOf } from './errors.js'
import { harmless, harmlessJson } from './text.js'
import type { Terminal } from './terminal.js'

/** Nobody reads any more what is written, as after `| head -1`. */
export class OutputClosedError extends Error {}

/**
 * What a command says. Results are for standard output, where a script may read them; everything else is for people, and
 * goes to standard error. With `--json` a result is one JSON document, and an error is one too.
 */
export class Output {
  readonly json: boolean
  readonly #terminal: Terminal
  readonly #hide: (text: string) => string
  #isAsking = false

  /** @param hide Takes out of errors what nobody may see. */
  constructor (terminal: Terminal, json: boolean, hide: (text: string) => string) {
    this.#terminal = terminal
    this.json = json
    this.#hide = hide
    // What could not be written is told to whoever wrote it; without a listener it would end the process as well.
    for (const stream of [terminal.stdout, terminal.stderr]) stream.on('error', () => {})
  }

  /** @throws {OutputClosedError} if nobody reads it; any other error as the stream gives it. */
  async result (document: object, text: () => string): Promise<void> {
    const result = this.json ? `${harmlessJson(document, 2)}\n` : text()
    if (result !== '') await write(this.#terminal.stdout, result)
  }

  /** For people: left out with `--json`. */
  async note (text: string): Promise<void> {
    if (!this.json) await this.#tell(harmless(text))
  }

  /** A question, whose answer follows on the same line. */
  async ask (question: string): Promise<void> {
    this.#isAsking = true
    await write(this.#terminal.stderr, harmless(question)).catch(() => {})
  }

  /** Whoever answered has ended the line. */
  answered (): void {
    this.#isAsking = false
  }

  async warning (message: string): Promise<void> {
    const text = this.#hide(message)
    await this.#tell(this.json ? harmlessJson({ warning: { message: text } }) : `warning: ${oneLine(text)}`)
  }

  async error (error: unknown, debug: boolean): Promise<void> {
    const { code, message } = explain(error)
    const text = oneLine(this.#hide(message))
    await this.#tell(this.json ? harmlessJson({ error: { code, message: text } }) : `error: ${text}`)
    if (error instanceof CliError && error.toCopy !== undefined && !this.json) await this.#tell(error.toCopy)
    if (debug && error instanceof Error) await this.#tell(this.#hide(stackOf(error)))
  }

  /** Resolves once everything is written, help that others wrote included. */
  async flush (): Promise<void> {
    const { stdout, stderr } = this.#terminal
    await Promise.allSettled([write(stdout, ''), write(stderr, '')])
  }

  /** If nobody reads what people are told, the result still counts. */
  async #tell (line: string): Promise<void> {
    await write(this.#terminal.stderr, `${this.#isAsking ? '\n' : ''}${line}\n`).catch(() => {})
    this.#isAsking = false
  }
}

async function write (stream: Writable, text: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    stream.write(text, error => { error == null ? resolve() : reject(error) })
  }).catch((error: NodeJS.ErrnoException) => {
    throw error.code === 'EPIPE' || error.code === 'ERR_STREAM_DESTROYED' ? new OutputClosedError('nobody reads the output', { cause: error }) : error
  })
}

function oneLine (message: string): string {
  return harmless(message.replace(/\s*\n[\s-]*/g, ' '))
}

function stackOf (error: Error): string {
  const own = (error.stack ?? messageOf(error)).split('\n').map(line => harmless(line)).join('\n')
  return error.cause instanceof Error ? `${own}\ncaused by ${stackOf(error.cause)}` : own
}
