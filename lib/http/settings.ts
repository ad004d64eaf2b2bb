import { types } from 'node:util'
import type { AuditSettings, AuditSink } from '../keys/audit.js'
import type { Pepper } from '../keys/digest.js'
import type { ForeignKeyShape } from '../keys/foreign-keys.js'
import type { MissingRequiredPolicy } from '../keys/granted-scopes.js'
import { isKeyPrefix } from '../keys/key-format.js'
import type { Grantable } from '../keys/life/ceiling.js'
import type { OwnerScopes } from '../keys/owner-rights.js'
import type { KeyStore } from '../keys/store.js'
import type { Catalog } from '../scopes/catalog.js'
import { isPlainObject } from '../scopes/entries.js'
import { didYouMean, show } from '../scopes/faults.js'
import type { FormatError } from './answer.js'
import type { Policy, ScopesMode } from './decision.js'
import type { DenialLogLevel } from './decision-log.js'
import { BadOptionsError } from './errors.js'
import type { ApiKeyScopesOptions } from './options.js'
import { isScopesMode, PUBLIC, readAccess } from './policy.js'
import type { Annotate } from './route-policies.js'
import type { AuthenticateUser } from './session.js'

/** The options, checked and with their defaults. */
export interface Settings {
  readonly catalog: Catalog
  readonly store: KeyStore
  readonly prefixes: readonly [string, ...string[]]
  readonly authenticateUser: AuthenticateUser | undefined
  readonly annotate: Annotate | undefined
  readonly notFound: Policy
  readonly mode: ScopesMode
  readonly peppers: readonly Pepper[]
  readonly allowUnpeppered: boolean
  readonly apiKeyHeader: string | null
  readonly realm: string
  readonly maxStaleness: number
  readonly maxKeys: number
  readonly missingRequired: MissingRequiredPolicy
  readonly mutableScopes: boolean
  readonly maxKeyLifetime: number | null
  readonly grantable: Grantable | undefined
  readonly ownerScopes: OwnerScopes | undefined
  readonly foreignKeys: readonly ForeignKeyShape[]
  readonly audit: AuditSettings
  /** Milliseconds; `null`: use is not written down. */
  readonly usageFlushInterval: number | null
  readonly revealGranted: boolean
  readonly formatError: FormatError | undefined
  readonly denialLogLevel: DenialLogLevel
  readonly logFindings: boolean
}

/** @throws {BadOptionsError} naming every option that is wrong, and how to put it right. */
export function readOptions (options: Partial<ApiKeyScopesOptions>): Settings {
  const faults: string[] = []
  const must = (holds: boolean, option: keyof ApiKeyScopesOptions, be: string) => {
    if (!holds) faults.push(`${option} must be ${be}, not ${show(options[option])}`)
  }
  const {
    scopes, store, keyPrefix, authenticateUser, annotate, notFound, mode = 'enforce', pepper, allowUnpeppered = false, apiKeyHeader, realm = 'api',
    maxStaleness = 1000, maxCachedKeys = 100_000, missingRequired = 'reject', mutableScopes = true, maxKeyLifetime, grantable, ownerScopes,
    foreignKeys = [], audit = {}, usage = {}, revealGranted = true, formatError, denialLogLevel = 'debug', logFindings = true, ...rest
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
  for (const [option, value] of Object.entries({ authenticateUser, annotate, grantable, ownerScopes, formatError }) as Array<[keyof ApiKeyScopesOptions, unknown]>) {
    must(value === undefined || typeof value === 'function', option, 'a function')
  }
  must(isScopesMode(mode), 'mode', '\'enforce\' or \'report\'')
  must(typeof allowUnpeppered === 'boolean', 'allowUnpeppered', 'true or false')
  must(typeof revealGranted === 'boolean', 'revealGranted', 'true or false')
  must(typeof logFindings === 'boolean', 'logFindings', 'true or false')
  must(apiKeyHeader === undefined || isHeaderName(apiKeyHeader), 'apiKeyHeader', 'the name of a header such as "x-api-key", and none that HTTP uses itself')
  must(typeof realm === 'string' && /^[\x20-\x7E]*$/.test(realm), 'realm', 'a string of printable ASCII characters')
  must(typeof maxStaleness === 'number' && maxStaleness >= 0 && maxStaleness <= 3_600_000, 'maxStaleness', 'a number of milliseconds from 0 to 3600000')
  must(isCount(maxCachedKeys, 10_000_000), 'maxCachedKeys', 'a whole number from 1 to 10000000')
  must(missingRequired === 'reject' || missingRequired === 'add', 'missingRequired', '\'reject\' or \'add\'')
  must(typeof mutableScopes === 'boolean', 'mutableScopes', 'true or false')
  must(maxKeyLifetime === undefined || isCount(maxKeyLifetime, Number.MAX_SAFE_INTEGER), 'maxKeyLifetime', 'a whole number of milliseconds from 1')
  must(isListOfShapes(foreignKeys), 'foreignKeys', 'a list of { match: RegExp, digest?: (key) => string }')
  const auditSettings = readAudit(audit)
  must(auditSettings !== undefined, 'audit', 'a function that takes events, or { sink, required?, decisions? }, where required needs a sink and decisions is \'denied\' or \'all\'')
  const usageFlushInterval = readUsage(usage)
  must(usageFlushInterval !== undefined, 'usage', 'false, or { flushInterval } with a number of milliseconds from 100 to 3600000')
  must(LEVELS.includes(denialLogLevel), 'denialLogLevel', `one of ${LEVELS.join(', ')}`)
  if ('pepper' in options && pepper === undefined) faults.push('pepper is undefined: is an environment variable not set? Leave it out to have none')
  const peppers = readPeppers(pepper)
  // Not shown as it is: it is a secret.
  if (peppers === undefined) faults.push('pepper must be a secret, { version, secret } with a whole number from 1, or a list of them with different versions')

  let notFoundPolicy = PUBLIC
  if (notFound !== undefined && hasCatalog) {
    const said: string[] = []
    notFoundPolicy = readAccess(notFound, { catalog: scopes!, hasSessions: authenticateUser !== undefined }, said) ?? PUBLIC
    if (Object.hasOwn(Object(notFound) as object, 'scopesMode')) said.push('requests that match no route are refused in every mode; leave scopesMode out')
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
    mode,
    peppers: peppers!,
    allowUnpeppered,
    apiKeyHeader: apiKeyHeader?.toLowerCase() ?? null,
    realm,
    maxStaleness,
    maxKeys: maxCachedKeys,
    missingRequired,
    mutableScopes,
    maxKeyLifetime: maxKeyLifetime ?? null,
    grantable: grantable as Grantable | undefined,
    ownerScopes,
    foreignKeys,
    audit: auditSettings!,
    usageFlushInterval: usageFlushInterval!,
    revealGranted,
    formatError,
    denialLogLevel,
    logFindings
  }
}

const LEVELS: readonly unknown[] = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] satisfies DenialLogLevel[]

const OPTIONS = [
  'scopes', 'store', 'keyPrefix', 'authenticateUser', 'annotate', 'notFound', 'mode', 'pepper', 'allowUnpeppered', 'apiKeyHeader',
  'realm', 'maxStaleness', 'maxCachedKeys', 'missingRequired', 'mutableScopes', 'maxKeyLifetime', 'grantable', 'ownerScopes', 'foreignKeys', 'audit', 'usage', 'revealGranted', 'formatError', 'denialLogLevel', 'logFindings'
]

/** What `register` itself reads from the options of a plugin. */
export const FASTIFY_OPTIONS: readonly string[] = ['prefix', 'logLevel', 'logSerializers']

function isCount (value: unknown, most: number): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 1 && (value as number) <= most
}

function isHeaderName (value: unknown): boolean {
  return typeof value === 'string' && /^[A-Za-z0-9-]+$/.test(value) && !['authorization', 'cookie', 'host'].includes(value.toLowerCase())
}

function readPeppers (pepper: ApiKeyScopesOptions['pepper']): Pepper[] | undefined {
  const list = pepper === undefined ? [] : [pepper].flat() as ReadonlyArray<string | Uint8Array | Pepper>
  const peppers = list.map((given, i) => isPlainObject(given) ? given as unknown as Pepper : { version: list.length - i, secret: given as string })
  const sound = peppers.every(({ version, secret, ...rest }) => Number.isInteger(version) && version >= 1 && isSecret(secret) && Object.keys(rest).length === 0)
  return sound && new Set(peppers.map(({ version }) => version)).size === peppers.length ? peppers : undefined
}

function isListOfShapes (value: unknown): boolean {
  return Array.isArray(value) && value.every(shape => {
    if (!isPlainObject(shape)) return false
    const { match, digest, ...rest } = shape
    return types.isRegExp(match) && (digest === undefined || typeof digest === 'function') && Object.keys(rest).length === 0
  })
}

function readAudit (audit: unknown): AuditSettings | undefined {
  if (typeof audit === 'function') return { sink: audit as AuditSink, required: false, decisions: 'denied' }
  if (!isPlainObject(audit)) return undefined
  const { sink, required = false, decisions = 'denied', ...rest } = audit
  const sound = (sink === undefined ? required === false : typeof sink === 'function' && typeof required === 'boolean') &&
    (decisions === 'denied' || decisions === 'all') && Object.keys(rest).length === 0
  return sound ? { sink, required, decisions } as AuditSettings : undefined
}

/** `undefined`: not well-formed. */
function readUsage (usage: unknown): number | null | undefined {
  if (usage === false) return null
  if (!isPlainObject(usage)) return undefined
  const { flushInterval = 10_000, ...rest } = usage
  const sound = typeof flushInterval === 'number' && flushInterval >= 100 && flushInterval <= 3_600_000 && Object.keys(rest).length === 0
  return sound ? flushInterval : undefined
}

function isSecret (value: unknown): boolean {
  return (typeof value === 'string' || value instanceof Uint8Array) && value.length > 0
}
