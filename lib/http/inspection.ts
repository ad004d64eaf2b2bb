import type { KeyStore } from '../keys/store.js'
import type { Settings } from './settings.js'

/**
 * Apps that are made in this process from now on are only looked at, for their routes and their scopes: the plugin does not open
 * their stores, so that the CLI can tell who may call what where there is no database. No key is accepted then.
 *
 * @returns what ends it.
 */
export function beginInspecting (): () => void {
  const marked = globalThis as Marked
  marked[kInspecting] = true
  return () => { marked[kInspecting] = false }
}

/** The settings to go by: those that were given, unless the app is only looked at. */
export function asInspected (settings: Settings): Settings {
  return (globalThis as Marked)[kInspecting] === true ? { ...settings, store: UNOPENED, maxStaleness: 0, logFindings: false } : settings
}

const UNOPENED: KeyStore = {
  findByDigest () {
    throw new Error('the app is only looked at, so its store is not open')
  }
}

// Of the process, for the package may be loaded twice in it, as ES modules and as CommonJS.
const kInspecting = Symbol.for('fastify-api-key-scopes.inspecting')
interface Marked { [kInspecting]?: boolean }
