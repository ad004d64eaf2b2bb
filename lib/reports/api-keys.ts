import type { FastifyInstance } from 'fastify'
import type { GuardedRoute } from '../http/guarded-routes.js'
import type { ReportMode } from '../http/report-mode.js'
import type { ReportedDenials, ReportedQuery } from '../http/report-mode-summary.js'
import type { Keyring } from '../keys/keyring.js'
import type { KeyVerifier } from '../keys/verifier.js'
import { Scopes } from '../keys/usage/scopes.js'
import { explaining, type Explanation } from './explain.js'
import type { RouteQuery } from './explain-options.js'
import type { ExplainedSubject } from './explain-subject.js'
import { findingsOf, tellingFindings, type TellFindings } from './findings.js'
import type { Inside } from './inside.js'
import { RouteFinder } from './route-finder.js'
import type { Views } from './views.js'
import { whoCan, type WhoCan, type WhoCanQuery } from './who-can.js'

/** `app.apiKeys`: the life of API keys, and what the annotations of the routes tell. */
export interface ApiKeys extends Keyring {
  /**
   * Every route of the app and who may call it, in the order of declaration. A HEAD route that Fastify has added to a GET is left
   * out. So are routes that nobody could see: those declared, before the plugin, on an app that is older than the import of this package.
   *
   * @throws FST_API_KEY_NOT_READY (500) before `app.ready()`.
   */
  routes (): readonly GuardedRoute[]

  /**
   * What would have been denied since the app was made, had no route been in report mode: by key or user, route and missing scopes.
   * Of this process only; it is kept in memory, and 1,000 different denials are told apart.
   *
   * @throws FST_API_KEY_INVALID_INPUT (400) naming every option that is wrong.
   */
  reported (query?: ReportedQuery): ReportedDenials

  /**
   * What is allowed and probably not meant: scopes that no route demands, scopes that a requirement names in vain, and so on. With
   * `{ keys: true }` also what is odd about the scopes of keys that can still be used, or be enabled again: for that it reads all of them
   * from the store, and answers a promise.
   *
   * @throws FST_API_KEY_NOT_READY (500) before `app.ready()`; with keys also FST_API_KEY_STORE_UNAVAILABLE (503), and
   * FST_API_KEY_STORE_INCAPABLE (500) if the store cannot list them.
   */
  findings: TellFindings

  /**
   * Whether a key may call a route, and why: what a request would be answered, through which inclusion it holds what the route needs, what
   * is missing, and the smallest scopes that would do. It does not count as a use of the key.
   *
   * @param subject a key, as it would be sent; the id of one; or scopes, for any key that has them.
   * @param url as it was declared (`/clusters/:id`), or of a request (`/clusters/42?full=true`).
   * @throws FST_API_KEY_INVALID_INPUT (400) naming what is wrong, that there is no such key or route, or that it may be one of several
   * routes; FST_API_KEY_STORE_UNAVAILABLE (503); FST_API_KEY_NOT_READY (500) before `app.ready()`.
   */
  explain (subject: ExplainedSubject, method: string, url: string, options?: RouteQuery): Promise<Explanation>

  /**
   * Who may call a route: the scopes, presets and keys that open it, and whether users may.
   *
   * @throws as `explain` does, and FST_API_KEY_STORE_INCAPABLE (500) if the store cannot list keys; `keys: false` does not ask it.
   */
  whoCan (method: string, url: string, options?: WhoCanQuery): Promise<WhoCan>
}

/** What `app.apiKeys` is put together from. */
export interface Parts {
  readonly app: FastifyInstance
  readonly keyring: Keyring
  readonly verifier: KeyVerifier
  readonly reportMode: ReportMode
  readonly inside: Inside
}

export function apiKeysOf ({ app, keyring, verifier, reportMode, inside }: Parts): ApiKeys {
  const { table, catalog, refusals, hasSessions, notFound } = inside
  const views: Views = { ring: keyring, scopes: new Scopes(catalog), verifier, refusals, hasSessions, finder: new RouteFinder(app, table) }
  const findings = () => findingsOf({ catalog, entries: table.entries('findings'), notFound, mayBeUnseen: table.mayLack })

  return Object.freeze({
    ...keyring,
    routes: () => table.entries('routes').map(({ guarded }) => guarded),
    reported: (query?: ReportedQuery) => reportMode.summary(query),
    findings: tellingFindings(findings, keyring),
    explain: explaining(views),
    whoCan: whoCan(views)
  })
}
