import { execFile } from 'node:child_process'

export interface Ran { code: number | string, output: string }

/** Runs a command as it would run outside of the tests: without the hooks that tap loads into every child process. */
export function run (command: string, args: readonly string[], options: { cwd: string, timeout: number }): Promise<Ran> {
  return new Promise((resolve) => {
    const child = execFile('env', ['-u', 'NODE_OPTIONS', command, ...args], { ...options, killSignal: 'SIGKILL' }, (error, stdout, stderr) => {
      const code = error === null ? 0 : error.killed ? 'timeout' : error.code ?? error.signal ?? 'unknown'
      resolve({ code, output: stdout + stderr })
    })
    child.stdin?.end()
  })
}
