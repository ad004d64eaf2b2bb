import type { MissingRequiredPolicy } from '../keys/granted-scopes.js'
import type { KeyStore } from '../keys/store.js'
import type { Pepper } from '../keys/digest.js'
import { isKeyPrefix } from '../keys/key-format.js'
import type { Catalog } from '../scopes/catalog.js'
import { isPlainObject } from '../scopes/entries.js'
import { didYouMean, show } from '../scopes/faults.js'
import type { RegisteredUser } from './access.js'
import type { FormatError } from './answer.js'
import type { Policy } from './decision.js'
import type { DenialLogLevel } from './denial-log.js'
import { BadOptionsError } from './errors.js'
import { PUBLIC, readAccess, type RouteAccess } from './policy.js'
import type { Annotate } from './route-policies.js'
import type { AuthenticateUser } from './session.js'

export interface ApiKeyScopesOptions {
  /** The scopes of this API, from `defineScopes`. */
  readonly scopes: Catalog
  /** Where the key records are. It is opened when the plugin is registered and closed with the app. */
  readonly store: KeyStore
  /**
   * What every key begins with, before `_`: letters and digits, in parts joined by single underscores. Of a list the
   * first is for new keys, and all are accepted.
   */
  readonly keyPrefix: string | readonly string[]
  /** Tells who the user of a request is, or `null`. Default: there are no users, only API keys. */
  readonly authenticateUser?: AuthenticateUser<RegisteredUser>
  /** Says who may call the routes that do not say it themselves, such as those of other people's plugins. */
  readonly annotate?: Annotate
  /** Guards the not-found handler, for apps in which it serves something. Default: requests that match no route reach it unchecked. */
  readonly notFound?: Exclude<RouteAccess, { readonly public: true }>
  /**
   * A secret that is kept apart from the store, or several, newest first. Plain secrets are numbered from the last, 1.
   * Default: none.
   */
  readonly pepper?: string | Uint8Array | Pepper | ReadonlyArray<string | Uint8Array | Pepper>
  /** With a pepper: whether keys made without one are still accepted. Default `false`. */
  readonly allowUnpeppered?: boolean
  /** A header that carries an API key beside `Authorization`, such as `x-api-key`. Default: none. */
  readonly apiKeyHeader?: string
  /** Stands in challenges. Default `api`. */
  readonly realm?: string
  /** How long after it was read from the store, in milliseconds, a key record may be used. Default 1000; 0 asks for each request. */
  readonly maxStaleness?: number
  /** What happens when a key is to be given scopes without those that they require: refuse, or add them. Default `reject`. */
  readonly missingRequired?: MissingRequiredPolicy
  /** Whether the scopes of a key may be changed after it was created. Default `true`. */
  readonly mutableScopes?: boolean
  /** Whether a denial for a missing scope tells what the key was granted. Default `true`. */
  readonly revealGranted?: boolean
  /** Shapes the bodies of all denials. Default: the app's error handler if it has one, else `{ statusCode, code, error, message, ... }`. */
  readonly formatError?: FormatError
  /** The level at which denials of unverified credentials are logged; those of verified ones are at `info`. Default `debug`. */
  readonly denialLogLevel?: DenialLogLevel
}

/** The options, checked and with their defaults. */
export interface Settings {
  readonly catalog: Catalog
  readonly store: KeyStore
  readonly prefixes: readonly [string, ...string[]]
  readonly authenticateUser: AuthenticateUser | undefined
  readonly annotate: Annotate | undefined
  readonly notFound: Policy
  readonly peppers: readonly Pepper[]
  readonly allowUnpeppered: boolean
  readonly apiKeyHeader: string | null
  readonly realm: string
  readonly maxStaleness: number
  readonly missingRequired: MissingRequiredPolicy
  readonly mutableScopes: boolean
  readonly revealGranted: boolean
  readonly formatError: FormatError | undefined
  readonly denialLogLevel: DenialLogLevel
}

/** @throws {BadOptionsError} naming every option that is wrong, and how to put it right. */
export function readOptions (options: Partial<ApiKeyScopesOptions>): Settings {
  const faults: string[] = []
  const must = (holds: boolean, option: keyof ApiKeyScopesOptions, be: string) => {
    if (!holds) faults.push(`${option} must be ${be}, not ${show(options[option])}`)
  }
  const {
    scopes, store, keyPrefix, authenticateUser, annotate, notFound, pepper, allowUnpeppered = false, apiKeyHeader, realm = 'api',
    maxStaleness = 1000, missingRequired = 'reject', mutableScopes = true, revealGranted = true, formatError, denialLogLevel = 'debug', ...rest
  } = options

  for (const option of Object.keys(rest).filter(name => !FASTIFY_OPTIONS.includes(name))) {
    faults.push(`unknown option ${show(option)}${didYouMean(option, OPTIONS)}`)
  }
  const hasCatalog = isPlainObject(scopes) && typeof scopes.grant === 'function' && typeof scopes.requirement === 'function'
  must(hasCatalog, 'scopes', 'a catalog made by defineScopes')
  must(typeof store?.findByDigest === 'function', 'store', 'a key store, such as memoryStore() or sqliteStore(\'keys.db\')')
  const prefixes = (typeof keyPrefix === 'string' ? [keyPrefix] : keyPrefix ?? []) as readonly unknown[]
  must(Array.isArray(prefixes) && prefixes.length > 0 && prefixes.every(isKeyPrefix), 'keyPrefix',
    'a name for your keys such as "acme" (letters and digits, single underscores between them, 32 characters at most), or a list of them')
  for (const [option, value] of Object.entries({ authenticateUser, annotate, formatError }) as Array<[keyof ApiKeyScopesOptions, unknown]>) {
    must(value === undefined || typeof value === 'function', option, 'a function')
  }
  must(typeof allowUnpeppered === 'boolean', 'allowUnpeppered', 'true or false')
  must(typeof revealGranted === 'boolean', 'revealGranted', 'true or false')
  must(apiKeyHeader === undefined || isHeaderName(apiKeyHeader), 'apiKeyHeader', 'the name of a header such as "x-api-key", and none that HTTP uses itself')
  must(typeof realm === 'string' && /^[\x20-\x7E]*$/.test(realm), 'realm', 'a string of printable ASCII characters')
  must(typeof maxStaleness === 'number' && maxStaleness >= 0 && maxStaleness <= 3_600_000, 'maxStaleness', 'a number of milliseconds from 0 to 3600000')
  must(missingRequired === 'reject' || missingRequired === 'add', 'missingRequired', '\'reject\' or \'add\'')
  must(typeof mutableScopes === 'boolean', 'mutableScopes', 'true or false')
  must(LEVELS.includes(denialLogLevel), 'denialLogLevel', `one of ${LEVELS.join(', ')}`)
  if ('pepper' in options && pepper === undefined) faults.push('pepper is undefined: is an environment variable not set? Leave it out to have none')
  const peppers = readPeppers(pepper)
  // Not shown as it is: it is a secret.
  if (peppers === undefined) faults.push('pepper must be a secret, { version, secret } with a whole number from 1, or a list of them with different versions')

  let notFoundPolicy = PUBLIC
  if (notFound !== undefined && hasCatalog) {
    const said: string[] = []
    notFoundPolicy = readAccess(notFound, { catalog: scopes!, hasSessions: authenticateUser !== undefined }, said) ?? PUBLIC
    if (notFoundPolicy === PUBLIC && said.length === 0) said.push('leave it out to let every such request through')
    faults.push(...said.map(fault => `notFound: ${fault}`))
  }
  if (faults.length > 0) throw new BadOptionsError(faults.join('; '))

  return {
    catalog: scopes!,
    store: store!,
    prefixes: prefixes as [string, ...string[]],
    authenticateUser,
    annotate,
    notFound: notFoundPolicy,
    peppers: peppers!,
    allowUnpeppered,
    apiKeyHeader: apiKeyHeader?.toLowerCase() ?? null,
    realm,
    maxStaleness,
    missingRequired,
    mutableScopes,
    revealGranted,
    formatError,
    denialLogLevel
  }
}

const LEVELS: readonly unknown[] = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] satisfies DenialLogLevel[]

const OPTIONS = [
  'scopes', 'store', 'keyPrefix', 'authenticateUser', 'annotate', 'notFound', 'pepper', 'allowUnpeppered', 'apiKeyHeader',
  'realm', 'maxStaleness', 'missingRequired', 'mutableScopes', 'revealGranted', 'formatError', 'denialLogLevel'
]

/** What `register` itself reads from the options of a plugin. */
const FASTIFY_OPTIONS = ['prefix', 'logLevel', 'logSerializers']

function isHeaderName (value: unknown): boolean {
  return typeof value === 'string' && /^[A-Za-z0-9-]+$/.test(value) && !['authorization', 'cookie', 'host'].includes(value.toLowerCase())
}

function readPeppers (pepper: ApiKeyScopesOptions['pepper']): Pepper[] | undefined {
  const list = pepper === undefined ? [] : [pepper].flat() as ReadonlyArray<string | Uint8Array | Pepper>
  const peppers = list.map((given, i) => isPlainObject(given) ? given as unknown as Pepper : { version: list.length - i, secret: given as string })
  const sound = peppers.every(({ version, secret, ...rest }) => Number.isInteger(version) && version >= 1 && isSecret(secret) && Object.keys(rest).length === 0)
  return sound && new Set(peppers.map(({ version }) => version)).size === peppers.length ? peppers : undefined
}

function isSecret (value: unknown): boolean {
  return (typeof value === 'string' || value instanceof Uint8Array) && value.length > 0
}
