import { existsSync } from 'node:fs'
import { extname, resolve } from 'node:path'
import type { ApiKeyScopesOptions } from '../http/options.js'
import { show } from '../scopes/faults.js'
import { messageOf, wrong } from './errors.js'
import { loadModule } from './load-module.js'

export interface Config {
  /** As it was named, for messages. */
  readonly file: string
  readonly options: Partial<ApiKeyScopesOptions>
}

/** What a config file is called, if no other is named: the first that there is. */
export const CONFIG_FILES = ['ts', 'mts', 'cts', 'js', 'mjs', 'cjs'].map(extension => `api-key-scopes.config.${extension}`)

/** A config that is enough for every command, to show to whoever has none. */
export const EXAMPLE_CONFIG = `import { sqliteStore } from 'fastify-api-key-scopes/sqlite'
import { scopes } from './scopes.js'
export default { scopes, store: sqliteStore('keys.db'), keyPrefix: 'acme' }`

/**
 * The options that the app itself passes to the plugin, or a part of them: the default export of this file, or of the first
 * of the usual ones in the working directory. `null` if there is none.
 */
export async function readConfig (named: string | undefined): Promise<Config | null> {
  const file = named ?? CONFIG_FILES.find(name => existsSync(name))
  if (file === undefined) return null
  const path = resolve(file)
  if (!existsSync(path)) throw wrong(`there is no config file ${file}`)
  if (!CONFIG_FILES.some(name => extname(name) === extname(path))) throw wrong(`the config file ${file} must be TypeScript or JavaScript, .ts, .mts, .cts, .js, .mjs or .cjs`)
  const options = defaultExport(await load(path, file))
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw wrong(`the config file ${file} must export the options of the plugin, export default { scopes, store, keyPrefix }, not ${show(options)}`)
  }
  return { file, options: options as Config['options'] }
}

async function load (path: string, file: string): Promise<unknown> {
  try {
    return await loadModule(path)
  } catch (error) {
    throw wrong(`the config file ${file} cannot be loaded: ${messageOf(error)}`, error)
  }
}

/** A CommonJS module that was compiled from an ES module has its default export one level down. */
function defaultExport (module: unknown): unknown {
  const { default: exported } = Object(module) as { default?: unknown }
  const inner = Object(exported) as { __esModule?: unknown, default?: unknown }
  return inner.__esModule === true ? inner.default : exported
}
