import type { GuardedRoute } from '../http/guarded-routes.js'
import type { ReportMode } from '../http/report-mode.js'
import type { ReportedDenials, ReportedQuery } from '../http/report-mode-summary.js'
import type { Keyring } from '../keys/keyring.js'
import type { RouteTable } from './route-table.js'

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
}

export function apiKeysOf (keyring: Keyring, table: RouteTable, reportMode: ReportMode): ApiKeys {
  return Object.freeze({
    ...keyring,
    routes: () => table.entries('routes').map(({ guarded }) => guarded),
    reported: (query?: ReportedQuery) => reportMode.summary(query)
  })
}
