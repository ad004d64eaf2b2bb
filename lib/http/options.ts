import type { AuditSink } from '../keys/audit.js'
import type { Pepper } from '../keys/digest.js'
import type { ForeignKeyShape } from '../keys/foreign-keys.js'
import type { MissingRequiredPolicy } from '../keys/granted-scopes.js'
import type { Grantable } from '../keys/life/ceiling.js'
import type { OwnerScopes } from '../keys/owner-rights.js'
import type { KeyStore } from '../keys/store.js'
import type { Catalog } from '../scopes/catalog.js'
import type { RegisteredUser } from './access.js'
import type { FormatError } from './answer.js'
import type { ScopesMode } from './decision.js'
import type { DenialLogLevel } from './decision-log.js'
import type { RouteAccess } from './policy.js'
import type { Annotate } from './route-policies.js'
import type { AuthenticateUser } from './session.js'

export interface AuditOptions {
  readonly sink?: AuditSink
  /** With it nothing is done with keys that the sink has not taken: it is asked first, and if it fails the call does. Default `false`. */
  readonly required?: boolean
  /** Of which requests there are events: those that are denied, or all that are decided. Default `denied`. */
  readonly decisions?: 'denied' | 'all'
}

export interface UsageOptions {
  /** Milliseconds between two writes of what was seen. Default 10000. */
  readonly flushInterval?: number
}

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
  readonly notFound?: Exclude<RouteAccess, { readonly public: true }> & { readonly scopesMode?: never }
  /**
   * Whether routes refuse what they should, or only tell of it. `report` is for adding scopes to an API that is in use: a key or session
   * that was verified passes although it lacks a scope, or is a key where only users may come, and the log, the audit and
   * `app.apiKeys.reported()` tell of it. Strangers are refused all the same. `config.scopesMode` of a route goes before it. Default `enforce`.
   */
  readonly mode?: ScopesMode
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
  /**
   * How long after a change was acknowledged, in milliseconds, a process may still not know of it: a revoked key is refused
   * at once where it was revoked, and at most this much later everywhere else, whatever messages are lost. Four times in it, each
   * process asks the store what has changed; a store that is not reached for so long is no longer believed (503). No read of a key
   * may take longer, nor an answer to what has changed longer than half of it. Default 1000; 0 asks the store for each request.
   */
  readonly maxStaleness?: number
  /**
   * How many keys each process remembers at most, some 300 bytes each, from 1 to 10,000,000: more than are in use at a time, or many
   * requests have to ask the store. Default 100,000.
   */
  readonly maxCachedKeys?: number
  /** What happens when a key is to be given scopes without those that they require: refuse, or add them. Default `reject`. */
  readonly missingRequired?: MissingRequiredPolicy
  /** Whether the scopes of a key may be changed after it was created. Default `true`. */
  readonly mutableScopes?: boolean
  /** The longest life of a new key, in milliseconds. A key made without `expiresAt` gets it; one that is to live longer is refused. Default: any. */
  readonly maxKeyLifetime?: number
  /**
   * Says which scopes a user may give away, when a key is created, changed, rotated or imported `{ as: user }`; what these
   * include may be given away too. A session's own `scopes` limit it further. Default: all that the session has.
   */
  readonly grantable?: Grantable<RegisteredUser>
  /**
   * Says what the owner of a key may do today, or `null` if there is no such owner any more: no key does more. Asked
   * when a record is read from the store, and remembered with it for `maxStaleness`: with this option, the keys of an owner are
   * read so often. Default: a key may do what it was granted.
   */
  readonly ownerScopes?: OwnerScopes
  /** Shapes of keys that were imported from elsewhere. Default: none, only keys of our own format are looked up. */
  readonly foreignKeys?: readonly ForeignKeyShape[]
  /** Takes every event of the audit. A function is `{ sink }`. Default: events go to the log and the diagnostics channel alone. */
  readonly audit?: AuditSink | AuditOptions
  /** Whether, and how often, it is written down when keys were last used and which scopes they needed. Default: every 10 seconds. */
  readonly usage?: false | UsageOptions
  /** Whether a denial for a missing scope tells what the key was granted. Default `true`. */
  readonly revealGranted?: boolean
  /** Shapes the bodies of all denials. Default: the app's error handler if it has one, else `{ statusCode, code, error, message, ... }`. */
  readonly formatError?: FormatError
  /** Whether one line at start, at `info`, tells what `app.apiKeys.findings()` has found. Default `true`. */
  readonly logFindings?: boolean
  /** The level at which denials of unverified credentials are logged; those of verified ones are at `info`. Default `debug`. */
  readonly denialLogLevel?: DenialLogLevel
}
