import { existsSync } from 'node:fs'
import { relative } from 'node:path'
import { readOptions, type Settings } from '../http/settings.js'
import { defineScopes } from '../scopes/catalog.js'
import { whereaboutsOf } from '../stores/whereabouts.js'
import { EXAMPLE_CONFIG, readConfig, type Config } from './config.js'
import { CliError, messageOf, wrong } from './errors.js'
import { storeNamed } from './store-option.js'

/** What a command was told, and what it cannot do without. */
export interface Wanted {
  readonly command: string
  readonly config: string | undefined
  readonly store: string | undefined
  /** Whether it makes keys or judges grants, and so needs the catalog, the prefix and the peppers of the app. */
  readonly needsCatalog: boolean
  /** Whether it may be the first to use a store. */
  readonly mayBeFirst: boolean
  readonly unopened: boolean
}

/** Stands for the catalog of a command that needs none. */
export const NO_SCOPES = defineScopes({ none: '' })

/** The settings of the app, as far as they are needed. `--store` goes before the store of the config. */
export async function settingsFor (wanted: Wanted): Promise<Settings> {
  const config = await readConfig(wanted.config)
  if (config === null && (wanted.needsCatalog || wanted.store === undefined)) throw lacksConfig(wanted)
  const settings = await readSettings(config, wanted)
  refuseStrangePlace(settings, wanted, config)
  return settings
}

async function readSettings (config: Config | null, { needsCatalog, store }: Wanted): Promise<Settings> {
  const options: Record<string, unknown> = { ...!needsCatalog && { scopes: NO_SCOPES, keyPrefix: 'key' }, ...config?.options }
  for (const option of needsCatalog ? OF_REQUESTS : [...OF_REQUESTS, 'pepper']) delete options[option]
  if (store !== undefined) options.store = await storeNamed(store)
  try {
    return readOptions(options)
  } catch (error) {
    throw wrong(`the config file ${config!.file}: ${messageOf(error).replace(/^fastify-api-key-scopes: /, '')}`, error)
  }
}

/** They may need what a program without requests does not have. */
const OF_REQUESTS = ['authenticateUser', 'annotate', 'notFound']

function lacksConfig ({ command, needsCatalog }: Wanted): CliError {
  const why = needsCatalog ? `${command} needs to know the scopes and the key prefix of the app:` : 'which store? Give --store, such as sqlite:keys.db or postgres://user@host/database, or'
  return new CliError('CLI_WRONG', `${why} name a config file with --config, or write an api-key-scopes.config.js or .ts, such as this`, { toCopy: EXAMPLE_CONFIG })
}

/** What is written to the memory of this process is lost with it, and a file that only this process knows was misspelt. */
function refuseStrangePlace ({ store }: Settings, { mayBeFirst }: Wanted, config: Config | null): void {
  const place = whereaboutsOf(store)
  if (place === undefined) return
  if (place === 'memory') throw wrong('the store is in the memory of the app, where no other process can see it; give the app a store that lasts, such as sqliteStore(\'keys.db\')')
  if (existsSync(place.file) || (mayBeFirst && config !== null)) return
  throw new CliError('CLI_FAILED', `there is no store at ${relative('', place.file)}; check the path, or create the first key: api-key-scopes create, with a config file`)
}
