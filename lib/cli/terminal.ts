import type { Readable, Writable } from 'node:stream'

/** What a command reads and writes: the streams of the process, or those of a test. */
export interface Terminal {
  readonly stdin: Readable & { readonly isTTY?: boolean }
  readonly stdout: Writable
  readonly stderr: Writable & { readonly isTTY?: boolean }
  /** Aborted by a signal such as that of Ctrl-C. The reason is the error with which the command is to end. */
  readonly interrupted: AbortSignal
}
