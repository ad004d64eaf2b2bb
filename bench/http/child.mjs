// A process that is asked one thing at a time, on a core of its own where that can be arranged.
import { execFileSync, fork } from 'node:child_process'
import { availableParallelism } from 'node:os'

/** Whether servers and load generator are kept apart: each has a core of its own. */
export const PINNED = availableParallelism() > 1 && hasTaskset()

export const CORES = { server: 0, load: 1 }

export class Child {
  #process
  #ended

  /** @param core left out: any, until `pin` says which. */
  constructor (file, argument, core) {
    const [execPath, ...execArgv] = core === undefined ? [process.execPath] : onCore(core, [process.execPath])
    this.#process = fork(new URL(file, import.meta.url), [JSON.stringify(argument)], {
      execPath,
      execArgv,
      env: { ...process.env, NODE_ENV: 'production' },
      serialization: 'advanced'
    })
    this.#ended = new Promise((resolve, reject) => {
      this.#process.once('error', reject)
      this.#process.once('exit', (code, signal) => { code === 0 ? resolve() : reject(new Error(`${file} ${JSON.stringify(argument)} ended: ${signal ?? code}`)) })
    })
    this.#ended.catch(() => {})
  }

  /** What it says next. */
  async hear () {
    const said = new Promise((resolve) => { this.#process.once('message', resolve) })
    const ended = this.#ended.then(() => { throw new Error('a process ended too early') })
    const { error, ...message } = await Promise.race([said, ended])
    if (error !== undefined) throw new Error(error)
    return message
  }

  async ask (question) {
    const answer = this.hear()
    this.#process.send(question)
    return await answer
  }

  /** From now on it has this core alone, with all its threads. */
  pin (core) {
    if (PINNED) execFileSync('taskset', ['-a', '-c', '-p', String(core), String(this.#process.pid)], { stdio: 'ignore' })
  }

  async end () {
    this.#process.disconnect()
    await this.#ended
  }
}

/** The command line that runs another one on this core. */
export function onCore (core, commandLine) {
  return PINNED ? ['taskset', '-c', String(core), ...commandLine] : commandLine
}

function hasTaskset () {
  try {
    execFileSync('taskset', ['-V'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}
