import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { extname, resolve } from 'node:path'
import type { FastifyInstance, FastifyPluginCallback, FastifyServerOptions } from 'fastify'
import fp from 'fastify-plugin'
import { beginInspecting } from '../http/inspection.js'
import { isPlainObject } from '../scopes/entries.js'
import { show } from '../scopes/faults.js'
import { CliError, messageOf, wrong } from './errors.js'
import { loadModule } from './load-module.js'
import { inTime } from './waiting.js'

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
 * Makes an app ready, has something done with it, and closes it, whatever happens. It never listens, and logs nothing, for standard
 * output is for the result.
 *
 * The file exports the app, or a promise of it; a function without parameters that makes it; or a plugin, a function of an app and its
 * options, as fastify-cli takes it, with or without fastify-plugin.
 */
export async function withApp (wanted: WantedApp, work: (app: FastifyInstance) => Promise<void>): Promise<void> {
  const { file, needsStore } = wanted
  const end = needsStore ? () => {} : beginInspecting()
  try {
    const app = await appIn(wanted)
    try {
      if (typeof app.log.level === 'string') app.log.level = 'silent'
      await starting(wanted, async () => { await app.ready() })
      if (!app.hasDecorator('apiKeys')) throw wrong(`the app of ${file} does not use fastify-api-key-scopes, or only in a part of it; register the plugin on the app itself`)
      await work(app)
    } finally {
      await inTime(() => app.close(), 'the app did not close')
    }
  } finally {
    end()
  }
}

async function appIn (wanted: WantedApp): Promise<FastifyInstance> {
  const { file, exported } = wanted
  const path = resolve(file)
  if (!existsSync(path)) throw wrong(`there is no file ${file}`)
  if (!/^\.[cm]?[jt]s$/.test(extname(path))) throw wrong(`${file} must be TypeScript or JavaScript, .ts, .mts, .cts, .js, .mjs or .cjs`)
  const module = await loadModule(path).catch((error: unknown) => { throw wrong(`${file} cannot be loaded: ${messageOf(error)}`, error) })
  const found = exportOf(module, exported)
  const app = await starting(wanted, async () => await (typeof found === 'function' ? made(found, module, path) : found))
  if (isApp(app)) return app
  throw wrong(`${file} must export the app, a function that makes it, or a plugin${exported === undefined ? ', as its default export or with --export <name>' : ` as ${exported}`}, not ${show(app)}${otherExports(module, exported)}`)
}

async function starting<T> ({ file, needsStore }: WantedApp, start: () => Promise<T>): Promise<T> {
  try {
    return await start()
  } catch (error) {
    // By its code, for the app may have another copy of this package.
    const isForStore = !needsStore && (Object(error) as { code?: unknown }).code === 'FST_API_KEY_STORE_INCAPABLE'
    const why = isForStore ? 'it calls app.apiKeys while it starts, and this command does not open its store; do that in an onListen hook' : messageOf(error)
    throw new CliError('CLI_FAILED', `the app of ${file} does not start: ${why}`, { cause: error })
  }
}

function exportOf (module: unknown, exported = 'default'): unknown {
  const { members, inner } = exportsOf(module)
  if (exported !== 'default') return members[exported] ?? inner[exported]
  return inner.__esModule === true ? inner.default : members.default
}

/**
 * In a CommonJS module that Node imports, and in one that was compiled from an ES module, what is exported is one level down. jiti lends a
 * module the members of its default export: one that exports an app looks like a promise of it, and has become the app when it was waited for.
 */
function exportsOf (module: unknown) {
  const members = (isApp(module) ? { default: module } : Object(module)) as Record<string, unknown>
  return { members, inner: Object(members.default) as Record<string, unknown> }
}

/** What may have been meant. */
function otherExports (module: unknown, exported = 'default'): string {
  const { members, inner } = exportsOf(module)
  const names = new Set([members, ...isPlainObject(inner) ? [inner] : []].flatMap(from => Object.keys(from).filter(name => isApp(from[name]) || typeof from[name] === 'function')))
  const others = [...names].filter(name => name !== 'default' && name !== exported)
  return others.length === 0 ? '' : `; it also exports ${others.join(', ')}`
}

async function made (make: Function, module: unknown, path: string): Promise<unknown> {
  if (make.length === 0 && !isWrapped(make)) return await (make as () => unknown)()
  // The Fastify of the app, not of whoever looks at it.
  const { default: Fastify } = createRequire(path)('fastify') as { default: (options: FastifyServerOptions) => FastifyInstance }
  // As `fastify start --options` has it.
  const { logger, loggerInstance, ...options } = Object(exportOf(module, 'options')) as FastifyServerOptions
  const app = Fastify(options)
  // What it decorates its app with shall be seen.
  app.register(isWrapped(make) ? make : fp(make as FastifyPluginCallback))
  return app
}

/** By fastify-plugin. */
function isWrapped (make: Function): make is FastifyPluginCallback {
  return Symbol.for('skip-override') in make
}

function isApp (value: unknown): value is FastifyInstance {
  const { ready, close, hasDecorator } = Object(value) as Record<string, unknown>
  return [ready, close, hasDecorator].every(method => typeof method === 'function')
}
