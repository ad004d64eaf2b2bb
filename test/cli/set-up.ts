// What the tests of the command line share.
import { spawn } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { PassThrough, Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'
import { main } from '../../lib/cli/main.js'
import type { StoredKey } from '../../lib/keys/record.js'
import { sqliteStore } from '../../lib/stores/sqlite.js'

export const root = fileURLToPath(new URL('../..', import.meta.url))
export const program = join(root, 'dist/esm/cli.js')

export interface Ran { readonly code: number | null, readonly stdout: string, readonly stderr: string }

export interface How {
  readonly cwd?: string
  /** What is on standard input, up to its end. */
  readonly input?: string
  /** Beside the environment of the tests. */
  readonly env?: NodeJS.ProcessEnv
  /** Another copy of the built program. */
  readonly binary?: string
}

/** Runs a command. */
export type Run = (args: readonly string[], how?: How) => Promise<Ran>

/** The built program, as a process of its own. */
export const asProcess: Run = async (args, { cwd = root, input = '', env = {}, binary = program } = {}) => {
  const child = spawned([process.execPath, binary, ...args], { cwd, env })
  // A program that does not read its input may have ended before it is written.
  child.stdin.on('error', () => {}).end(input)
  return await ended(child)
}

/** What the built program does, for several commands in one process: most of what a process takes is its start. */
export async function oneAfterAnother (commands: ReadonlyArray<readonly string[]>): Promise<Ran[]> {
  const { code, stdout, stderr } = await ended(spawned([process.execPath, '--no-warnings', join(root, 'test/cli/one-after-another.mjs'), JSON.stringify(commands)]))
  if (code !== 0) throw new Error(stderr)
  return JSON.parse(stdout)
}

/** The same in this process, where it is measured what of the sources was reached. */
export const inProcess: Run = async (args, { input = '' } = {}) => await onTerminal(args, { input })

export const RUNNERS: ReadonlyArray<readonly [string, Run]> = [['the built program', asProcess], ['the sources', inProcess]]

export interface TerminalSettings {
  readonly input?: string
  /** Whether there is somebody to ask. */
  readonly isTTY?: boolean
  readonly interrupted?: AbortSignal
  /** Writes to standard output fail like this. */
  readonly stdoutFails?: string
  /** Told of everything that is said to people. */
  readonly told?: (text: string) => void
}

/** In this process, on streams that are made for it. */
export async function onTerminal (args: readonly string[], settings: TerminalSettings = {}): Promise<Ran> {
  const { input, isTTY = false, interrupted = new AbortController().signal, stdoutFails, told = () => {} } = settings
  const stdin = Object.assign(new PassThrough(), { isTTY })
  if (input !== undefined) stdin.end(input)
  let stdout = ''
  let stderr = ''
  const code = await main(args, {
    stdin,
    stdout: new Writable({
      write (chunk, _encoding, done) {
        if (stdoutFails !== undefined) return done(Object.assign(new Error(`write ${stdoutFails}`), { code: stdoutFails }))
        stdout += String(chunk)
        done()
      }
    }),
    stderr: Object.assign(new Writable({
      write (chunk, _encoding, done) {
        stderr += String(chunk)
        told(String(chunk))
        done()
      }
    }), { isTTY }),
    interrupted
  })
  return { code, stdout, stderr }
}

/** Starts a process without the hooks that tap loads into every child process. */
export function spawned (command: readonly string[], { cwd = root, env = {} }: Pick<How, 'cwd' | 'env'> = {}) {
  return spawn('env', ['-u', 'NODE_OPTIONS', ...command], { cwd, env: { ...process.env, ...env }, stdio: 'pipe' })
}

export async function ended (child: ReturnType<typeof spawn>): Promise<Ran> {
  let stdout = ''
  let stderr = ''
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => { stdout += chunk })
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => { stderr += chunk })
  return await new Promise(resolve => { child.on('close', code => { resolve({ code, stdout, stderr }) }) })
}

/** A shell in a folder, which knows the built program, npx, and these programs beside, which are put into `dir`. */
export function aShell (dir: string, programs: Readonly<Record<string, string>>, cwd = dir): (code: string, env?: NodeJS.ProcessEnv) => Promise<Ran> {
  const bin = join(dir, 'bin')
  mkdirSync(bin)
  symlinkSync(program, join(bin, 'api-key-scopes'))
  for (const [name, code] of Object.entries({ npx: 'exec "$@"', ...programs })) writeFileSync(join(bin, name), `#!/bin/sh\n${code}\n`, { mode: 0o755 })
  return async (code, env = {}) => {
    const child = spawned(['sh', '-euc', code], { cwd, env: { PATH: `${bin}${delimiter}${process.env.PATH}`, ...env } })
    child.stdin.end()
    return await ended(child)
  }
}

export const CATALOG = `import { defineScopes } from 'fastify-api-key-scopes'
export const scopes = defineScopes({
  full: { description: 'All endpoints', includes: '*' },
  'apps:read': 'List apps',
  'apps:deploy': { description: 'Deploy apps', includes: 'apps:read' },
  'hosts:read': 'List hosts'
}, { defaultGrant: ['full'], presets: { 'CI deploy': ['apps:deploy', 'hosts:read'] } })
`

/** The default export of a config file. */
export const OPTIONS = '{ scopes, store: sqliteStore(db), keyPrefix: \'acme\' }'

export interface Project {
  readonly dir: string
  readonly db: string
  /** `['--config', ...]`. */
  readonly config: readonly string[]
  /** Puts records into the store as they are. */
  insert (...records: Array<Partial<StoredKey>>): Promise<StoredKey[]>
  /** All records, as they are in the store. */
  stored (): Promise<readonly StoredKey[]>
  /** Does something with the store. */
  use<T> (work: (store: ReturnType<typeof sqliteStore>) => Promise<T>): Promise<T>
}

/** A folder with a config file and a store of its own, inside of this repository, so that the package is found by its name. */
export function project (t: Test, { options = OPTIONS, before = '' } = {}): Project {
  const dir = temporary(t, join(root, '.build'))
  const db = join(dir, 'keys.db')
  writeFileSync(join(dir, 'scopes.mjs'), CATALOG)
  writeFileSync(join(dir, 'api-key-scopes.config.mjs'), `import { memoryStore } from 'fastify-api-key-scopes'
import { sqliteStore } from 'fastify-api-key-scopes/sqlite'
import { scopes } from './scopes.mjs'
const db = ${JSON.stringify(db)}
${before}
export default ${options}
export { memoryStore }
`)
  const use: Project['use'] = async work => {
    const store = sqliteStore(db)
    await store.open()
    try {
      return await work(store)
    } finally {
      await store.close()
    }
  }
  return {
    dir,
    db,
    config: ['--config', join(dir, 'api-key-scopes.config.mjs')],
    use,
    stored: async () => await use(async store => await store.list({ limit: 1000 })),
    insert: async (...records) => await use(async store => {
      const keys = records.map(record => aKey(record))
      for (const key of keys) await store.insert(key)
      return keys
    })
  }
}

/** The one document on standard output; there is nothing else to be told. */
export function json ({ code, stdout, stderr }: Ran) {
  if (code !== 0 || stderr !== '') throw new Error(`${code}: ${stderr}`)
  return JSON.parse(stdout)
}

/** So many days ago. */
export function ago (days: number): Date {
  return new Date(Date.now() - days * 24 * 3600_000)
}

let made = 0

export function aKey (fields: Partial<StoredKey>): StoredKey {
  made++
  return {
    id: `key-${made}`,
    digest: made.toString(16).padStart(64, '0'),
    name: `number ${made}`,
    ownerId: 'u1',
    start: 'acme_abcd',
    scopes: ['apps:deploy'],
    // Those made later are newer.
    createdAt: new Date(Date.UTC(2024, 0, 1) + made * 1000),
    expiresAt: null,
    revokedAt: null,
    revokedReason: null,
    disabledAt: null,
    lastUsedAt: null,
    metadata: {},
    rotatedFrom: null,
    pepperVersion: 0,
    ...fields
  }
}

/** A folder outside of this repository, in which the built package and its dependencies are installed, and `more`, but no peer. */
export function installed (t: Test, more: readonly string[] = []): string {
  const dir = elsewhere(t)
  const modules = join(dir, 'node_modules')
  mkdirSync(modules)
  const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { dependencies: object }
  for (const name of [...Object.keys(dependencies), ...more]) {
    mkdirSync(dirname(join(modules, name)), { recursive: true })
    symlinkSync(join(root, 'node_modules', name), join(modules, name))
  }
  const own = join(modules, 'fastify-api-key-scopes')
  cpSync(join(root, 'dist'), join(own, 'dist'), { recursive: true })
  cpSync(join(root, 'package.json'), join(own, 'package.json'))
  return dir
}

/** With what is installed there. */
export async function runInstalled (dir: string, args: readonly string[]) {
  return await asProcess(args, { cwd: dir, binary: join(dir, 'node_modules/fastify-api-key-scopes/dist/esm/cli.js') })
}

/** Lets this process work in a folder until the test has ended, for commands that are run in it. */
export function workIn (t: Test, dir: string): void {
  const before = process.cwd()
  t.teardown(() => { process.chdir(before) })
  process.chdir(dir)
}

/** A folder outside of this repository. */
function elsewhere (t: Test): string {
  return temporary(t, tmpdir())
}

function temporary (t: Test, parent: string): string {
  mkdirSync(parent, { recursive: true })
  const dir = mkdtempSync(join(parent, 'cli-'))
  t.teardown(() => { rmSync(dir, { recursive: true }) })
  return dir
}
