import { NotReadyError } from '../http/errors.js'
import { guardedRoutes, type GuardedRouteEntry } from '../http/guarded-routes.js'
import type { RoutePolicies } from '../http/route-policies.js'

/** Every route of an app, once they are all there: what all views are made from. */
export class RouteTable {
  readonly #policies: RoutePolicies
  #entries: readonly GuardedRouteEntry[] | undefined

  constructor (policies: RoutePolicies) {
    this.#policies = policies
  }

  /** To be called once every route was seen and checked. */
  complete (): void {
    this.#entries = Object.freeze(guardedRoutes(this.#policies.known()))
  }

  /**
   * @param call what of `app.apiKeys` asks.
   * @throws {NotReadyError} as long as it is not complete.
   */
  entries (call: string): readonly GuardedRouteEntry[] {
    if (this.#entries === undefined) throw new NotReadyError(call)
    return this.#entries
  }
}
