import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { extname, resolve } from 'node:path'
import type { FastifyInstance, FastifyPluginCallback } from 'fastify'
import { beginInspecting } from '../http/inspection.js'
import { show } from '../scopes/faults.js'
import { CliError, messageOf, wrong } from './errors.js'
import { inTime } from './keys.js'
import { loadModule } from './load-module.js'

/** Which app a command is about. */
export interface WantedApp {
  /** The file that exports it. */
  readonly file: string
  /** The name of the export; left out: the default one. */
  readonly exported: string | undefined
  /** Whether its store is needed. Else it is not opened. */
  readonly needsStore: boolean
}

/**
 * Makes an app ready, has something done with it, and closes it, whatever happens. It never listens.
 *
 * The file exports the app, or a promise of it; a function without parameters that makes it; or a plugin, a function of an app and its
 * options, as fastify-cli takes it.
 */
export async function withApp ({ file, exported, needsStore }: WantedApp, work: (app: FastifyInstance) => Promise<void>): Promise<void> {
  const end = needsStore ? () => {} : beginInspecting()
  try {
    const app = await appIn(file, exported)
    try {
      await start(app, file)
      await work(app)
    } finally {
      await inTime(() => app.close())
    }
  } finally {
    end()
  }
}

async function start (app: FastifyInstance, file: string): Promise<void> {
  try {
    await app.ready()
  } catch (error) {
    throw new CliError('CLI_FAILED', `the app of ${file} does not start: ${messageOf(error)}`, { cause: error })
  }
  if (!app.hasDecorator('apiKeys')) throw wrong(`the app of ${file} does not use fastify-api-key-scopes, or only in a part of it; register the plugin on the app itself`)
}

async function appIn (file: string, exported: string | undefined): Promise<FastifyInstance> {
  const path = resolve(file)
  if (!existsSync(path)) throw wrong(`there is no file ${file}`)
  if (!/^\.[cm]?[jt]s$/.test(extname(path))) throw wrong(`${file} must be TypeScript or JavaScript, .ts, .mts, .cts, .js, .mjs or .cjs`)
  try {
    const found = exportOf(await loadModule(path), exported)
    const app = await (typeof found === 'function' ? made(found, path) : found)
    if (isApp(app)) return app
    throw wrong(`${file} must export the app, a function that makes it, or a plugin${exported === undefined ? ', as its default export or with --export <name>' : ''}, not ${show(app)}`)
  } catch (error) {
    throw error instanceof CliError ? error : wrong(`${file} cannot be loaded: ${messageOf(error)}`, error)
  }
}

function exportOf (module: unknown, exported = 'default'): unknown {
  const members = Object(module) as Record<string, unknown>
  // In a CommonJS module that Node imports, and in one that was compiled from an ES module, what is exported is one level down.
  const inner = Object(members.default) as Record<string, unknown>
  if (exported !== 'default') return members[exported] ?? inner[exported]
  return inner.__esModule === true ? inner.default : members.default
}

async function made (make: Function, path: string): Promise<unknown> {
  const isPlugin = make.length > 1 || Symbol.for('skip-override') in make
  if (!isPlugin) return await (make as () => unknown)()
  // The Fastify of the app, not of whoever looks at it.
  const { default: Fastify } = createRequire(path)('fastify') as { default: () => FastifyInstance }
  const app = Fastify()
  app.register(make as FastifyPluginCallback)
  return app
}

function isApp (value: unknown): value is FastifyInstance {
  const { ready, close, hasDecorator } = Object(value) as Record<string, unknown>
  return [ready, close, hasDecorator].every(method => typeof method === 'function')
}
