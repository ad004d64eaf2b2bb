import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'

/** The processes that this one has started and that are alive. */
export function childrenOf (pid: number): number[] {
  return table().filter(({ parent, isDead }) => parent === pid && !isDead).map(({ pid }) => pid)
}

/** Not if it is only waiting for somebody to take note of its end. */
export function isAlive (pid: number): boolean {
  return table(pid).some((row) => row.pid === pid && !row.isDead)
}

interface Row { readonly pid: number, readonly parent: number, readonly isDead: boolean }

/** All processes, or this one. */
function table (pid?: number): Row[] {
  if (existsSync('/proc/self/stat')) {
    return (pid === undefined ? readdirSync('/proc').filter((name) => /^\d+$/.test(name)) : [String(pid)]).flatMap(fromProc)
  }
  const output = execFileSync('ps', ['-A', '-o', 'pid=,ppid=,state='], { encoding: 'utf8' })
  return output.trim().split('\n').map((line) => {
    const [pid, parent, state] = line.trim().split(/\s+/)
    return { pid: Number(pid), parent: Number(parent), isDead: state!.startsWith('Z') }
  })
}

function fromProc (pid: string): Row[] {
  try {
    // After the name, which is in parentheses and may contain anything.
    const [state, parent] = readFileSync(`/proc/${pid}/stat`, 'latin1').replace(/^.*\) /s, '').split(' ')
    return [{ pid: Number(pid), parent: Number(parent), isDead: state === 'Z' || state === 'X' }]
  } catch {
    return []
  }
}
