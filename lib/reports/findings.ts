import type { Policy } from '../http/decision.js'
import type { GuardedRouteEntry } from '../http/guarded-routes.js'
import type { Keyring } from '../keys/keyring.js'
import type { Catalog } from '../scopes/catalog.js'
import { keyFindings } from './findings-keys.js'
import { routeFindings } from './findings-routes.js'
import { scopeFindings } from './findings-scopes.js'

/** Something about scopes, routes or keys that is allowed, and probably not meant. */
export interface Finding {
  readonly kind: FindingKind
  /** What it is and what to do, in a sentence. */
  readonly message: string
  /** The scope that it is about. */
  readonly scope?: string
  /** The route that it is about: method and URL. */
  readonly route?: string
  /** The ids of the keys that it is about. */
  readonly keys?: readonly string[]
}

export type FindingKind =
  /** No route demands the scope, nor anything that it includes. */
  | 'undemanded-scope'
  /** A scope that routes demand, and that nobody is offered except with everything else. */
  | 'only-with-everything'
  /** A route names a scope that adds nothing, for another one in the requirement includes it. */
  | 'needless-scope'
  /** A route that reads demands a scope for writing. */
  | 'read-demands-write'
  /** A route that changes something is content with a scope for reading. */
  | 'write-demands-read'
  /** A route demands a scope that is deprecated. */
  | 'deprecated-demanded'
  /** Keys still have a scope that is deprecated. */
  | 'deprecated-granted'
  /** Keys have a scope that grants nothing: the catalog does not have it, or not yet. */
  | 'ineffective-granted'
  /** There may be routes that start-up could not see. */
  | 'unseen-routes'

export interface Findable {
  readonly catalog: Catalog
  readonly entries: readonly GuardedRouteEntry[]
  /** Who gets to the not-found handler. */
  readonly notFound: Policy
  /** Whether routes may have been declared where nobody could see it. */
  readonly mayBeUnseen: boolean
}

/** Everything there is to find without the store, first what is about scopes, in the order of the catalog, then about routes, in theirs. */
export function findingsOf (app: Findable): readonly Finding[] {
  return Object.freeze([...app.mayBeUnseen ? [UNSEEN] : [], ...scopeFindings(app), ...routeFindings(app)].map(finding => Object.freeze(finding)))
}

export interface TellFindings {
  (): readonly Finding[]
  (options: { readonly keys: true }): Promise<readonly Finding[]>
}

export function tellingFindings (find: () => readonly Finding[], keyring: Keyring): TellFindings {
  const withKeys = async () => Object.freeze([...find(), ...await keyFindings(keyring)])
  return ((options?: { readonly keys?: boolean }) => options?.keys === true ? withKeys() : find()) as TellFindings
}

const UNSEEN: Finding = {
  kind: 'unseen-routes',
  message: 'the app is older than the import of fastify-api-key-scopes, so there may be routes that no view tells of: import it before the app is made'
}
