/** Runs the examples as people run them, and the commands that they print in a shell. */
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync, existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'
import { compileExamples } from '../../scripts/examples.mjs'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** What is in examples/ and can be started. */
export const SYSTEMS = readdirSync(join(root, 'examples')).filter(name => existsSync(join(root, 'examples', name, 'server.ts')))

const hasShell = (await Promise.all(['bash', 'curl', 'sed'].map(program => run([program, '--version'])))).every(({ code }) => code === 0)

/** Why a test cannot paste commands, for its option `skip`. */
export const cannotPaste = !hasShell && 'LEFT OUT: bash, curl or sed is missing'

export interface Pasted {
  /** What each of the commands that show an answer has shown. */
  readonly answers: ReadonlyArray<{ readonly text: string, readonly status: number }>
  /** What the server has printed. */
  readonly output: string
  /** What the server has logged. */
  readonly log: string
}

/** Starts an example, pastes everything it says one should paste, and ends it. */
export async function pasted (system: string, t: Test): Promise<Pasted> {
  const { output, log, stop } = await start(t, system, [...await compiled(system), '--port=0', `--db=${join(t.testdir(), 'keys.db')}`])
  const { code, stdout, stderr } = await run(['bash', '-c', commandsIn(output)])
  t.same([code, stderr], [0, ''], 'every command succeeds')
  t.equal(await stop('SIGINT'), 0, 'the server ends in good order')
  return { answers: answersIn(stdout), output, log: log() }
}

/** The commands, up to the end, of what a server has printed. */
export function commandsIn (output: string): string {
  return output.slice(output.indexOf('# 1.'))
}

/** Answers and statuses, as the commands print them: `{"id":"production"} -> 200`. */
export function answersIn (stdout: string): Array<{ text: string, status: number }> {
  const parts = stdout.split(/ -> (\d{3})\n/)
  if (parts.pop() !== '') throw new Error(`the commands have printed something without a status at the end: ${stdout}`)
  return Array.from({ length: parts.length / 2 }, (_, i) => ({ text: parts[2 * i]!, status: Number(parts[2 * i + 1]) }))
}

export interface Started {
  readonly output: string
  readonly url: string
  /** What it has logged up to now. */
  log (): string
  /** Signals it and all that it has started, as Ctrl-C does, and answers its exit code. */
  stop (signal: NodeJS.Signals): Promise<number | null>
}

/** Runs a program that starts the server of an example, and waits until all commands are printed. */
export async function start (t: Test, system: string, program: readonly string[]): Promise<Started> {
  // It leads a process group of its own, which gets the signals.
  const child = spawn(...command(program), { cwd: root, detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
  const exited = once(child, 'close')
  const stop = async (signal: NodeJS.Signals): Promise<number | null> => {
    if (child.exitCode === null && child.signalCode === null) process.kill(-child.pid!, signal)
    return (await exited)[0]
  }
  t.teardown(() => stop('SIGKILL'))

  let log = ''
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => { log += chunk })
  const steps = [...readFileSync(join(root, 'examples', system, 'walkthrough.ts'), 'utf8').matchAll(/^(?:.*`)?(# \d+\.)/gm)].map(([, step]) => step!)
  const output = await new Promise<string>((resolve) => {
    let output = ''
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      output += chunk
      if (steps.every(step => output.includes(step)) && output.endsWith('\n\n')) resolve(output)
    })
    exited.then(() => resolve(output), () => resolve(output))
  })
  const [, url] = / API on (http:\/\/[^\s,]+)/.exec(output) ?? []
  if (url === undefined || steps.length === 0) throw new Error(`${system} did not start: ${output}${log}`)
  return { output, url, log: () => log, stop }
}

/** The command that runs a program of an example, compiled as npm start does it. */
export async function compiled (system: string, program = 'server.js'): Promise<string[]> {
  return [process.execPath, join(await compileExamples(), system, program)]
}

export interface Ran { code: unknown, stdout: string, stderr: string }

export function run (program: readonly string[]): Promise<Ran> {
  return new Promise((resolve) => {
    execFile(...command(program), { cwd: root, timeout: 60_000 }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : error.code ?? error.signal, stdout, stderr })
    })
  })
}

/**
 * A command that runs as it does outside of the tests: without the hooks that tap loads into every child
 * process. And without Node 22 saying that its SQLite is experimental.
 */
function command (program: readonly string[]): [file: string, args: string[]] {
  return ['env', ['-u', 'NODE_OPTIONS', 'NODE_NO_WARNINGS=1', ...program]]
}
