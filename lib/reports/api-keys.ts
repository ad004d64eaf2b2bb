import type { GuardedRoute } from '../http/guarded-routes.js'
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
}

export function apiKeysOf (keyring: Keyring, table: RouteTable): ApiKeys {
  return Object.freeze({
    ...keyring,
    routes: () => table.entries('routes').map(({ guarded }) => guarded)
  })
}
