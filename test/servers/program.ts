// Runs a server on a loopback port and in a folder of its own. Neither outlives the test, not even one that is killed.
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, isAbsolute, join } from 'node:path'
import type { Writable } from 'node:stream'
import { setTimeout as wait } from 'node:timers/promises'
import type { Test } from 'tap'
import { freePort } from './free-port.js'
import { childrenOf, isAlive } from './process-table.js'

export interface Program {
  /** What is run, and with what, to serve on this port. */
  readonly commandLine: (port: number) => readonly string[]
  /** Where it runs and may write. */
  readonly folder: string
  readonly user: User | undefined
  readonly stopSignal: NodeJS.Signals
  /** Whether this process has come so far that it answers. */
  isReady (port: number, pid: number): boolean | Promise<boolean>
}

export interface User { readonly uid: number, readonly gid: number }

export interface Server {
  readonly port: number
  /** Where its data and its log are. */
  readonly folder: string
  /** Starts it again, on the same port and data. */
  start (): Promise<void>
  /** Ends all its processes, and resolves when they are gone. */
  kill (signal?: NodeJS.Signals): Promise<void>
  /** Ends it as it ends by itself in good order. */
  stop (): Promise<void>
  /** Stops all its processes in their tracks (SIGSTOP), until `resume`. */
  pause (): void
  resume (): void
}

/** A new folder for a server, removed with the test. Not below the project, which another user may not be able to enter. */
export function serverFolder (t: Test, name: string, user?: User): string {
  const folder = mkdtempSync(join(tmpdir(), `fastify-api-key-scopes-${name}-`))
  t.teardown(() => rmSync(folder, { recursive: true, force: true, maxRetries: 10 }))
  if (user !== undefined) chownSync(folder, user.uid, user.gid)
  return folder
}

/** The first of these programs that there is, in one of these folders or in the path; or where its name says. */
export function findProgram (names: readonly string[], folders: readonly string[] = []): string | undefined {
  const places = [...folders, ...(process.env.PATH ?? '').split(delimiter)]
  return names.flatMap((name) => isAbsolute(name) ? [name] : places.map((place) => join(place, name))).find((path) => existsSync(path))
}

/** Says that what needs this server is not tested here. Where everything has to be tested, it fails. */
export function leftOut (t: Test, server: string, remedy: string): null {
  const message = `LEFT OUT: what needs ${server}, for it is not installed; ${remedy}`
  if (process.env.ALL_SERVERS === 'required') throw new Error(message)
  t.comment(message)
  return null
}

/** A running server, which is killed when the test ends. */
export async function serve (t: Test, program: Program): Promise<Server> {
  let running = await run(program)
  t.teardown(() => kill('SIGKILL'))
  const { port } = running
  const { folder, stopSignal } = program
  return {
    port,
    folder,
    async start () { running = await run(program, port) },
    kill: async (signal = 'SIGKILL') => await kill(signal),
    stop: async () => await kill(stopSignal),
    pause () {
      // While it is stopped it makes no more children.
      running.child.kill('SIGSTOP')
      signalChildren('SIGSTOP')
    },
    resume () {
      signalChildren('SIGCONT')
      running.child.kill('SIGCONT')
    }
  }

  async function kill (signal: NodeJS.Signals): Promise<void> {
    const { child, exited } = running
    const { pid, exitCode, signalCode } = child
    if (exitCode !== null || signalCode !== null) return await exited
    // While it is stopped it makes no more children.
    if (signal === 'SIGKILL') child.kill('SIGSTOP')
    const children = childrenOf(pid!)
    child.kill(signal)
    if (signal === 'SIGKILL') for (const each of children) if (isAlive(each)) process.kill(each, signal)
    await exited
    while (children.some(isAlive)) await wait(2)
  }

  function signalChildren (signal: NodeJS.Signals): void {
    for (const pid of childrenOf(running.child.pid!)) process.kill(pid, signal)
  }
}

interface Running { readonly child: ChildProcess, readonly port: number, readonly exited: Promise<void> }

async function run (program: Program, fixedPort?: number): Promise<Running> {
  for (;;) {
    const port = fixedPort ?? await freePort()
    const log = join(program.folder, 'log')
    const before = existsSync(log) ? statSync(log).size : 0
    const { child, exited } = launch(program, port, log)
    for (;;) {
      if (child.exitCode !== null || child.signalCode !== null) break
      if (await program.isReady(port, child.pid!)) return { child, port, exited }
      await wait(5)
    }
    const said = readFileSync(log, 'latin1').slice(before)
    // Somebody else was faster.
    if (fixedPort === undefined && said.includes('Address already in use')) continue
    throw new Error(`The server did not start:\n${said}`)
  }
}

function launch ({ commandLine, folder, user }: Program, port: number, log: string) {
  const output = openSync(log, 'a')
  const child = spawn('/bin/sh', ['-c', KEPT, folder, ...commandLine(port)], {
    ...user, cwd: folder, env: { PATH: process.env.PATH, LC_ALL: 'C' }, stdio: ['ignore', output, output, 'pipe']
  })
  closeSync(output)
  const keeper = child.stdio[3] as Writable
  keeper.on('error', () => {})
  const exited = once(child, 'exit').then(() => { keeper.end('keep\n') })
  return { child, exited }
}

/**
 * Becomes the server, with the same process id. Beside it somebody waits for the end of file 3, which comes when the test's
 * process is gone, however it died: then the server is killed and its folder removed, unless it was told to keep it.
 */
const KEPT = `
  ( { trap '' INT TERM HUP
      read -r word <&3
      kill -9 $$
      [ "$word" = keep ] || { sleep 1; rm -rf "$0"; }
    } >/dev/null 2>&1 & )
  exec "$@" 3<&-
`
