import type { FastifyInstance } from 'fastify'
import { NotReadyError } from '../http/errors.js'
import { everyRoute, guardedRoutes, type GuardedRouteEntry } from '../http/guarded-routes.js'
import type { KnownRoute, RoutePolicies } from '../http/route-policies.js'

/** Every route of an app, once they are all there: what all views are made from. */
export class RouteTable {
  readonly #policies: RoutePolicies
  #known: readonly KnownRoute[] | undefined
  /** Made when it is first asked for: an app that is only started needs none of it. */
  #entries: readonly GuardedRouteEntry[] | undefined
  #mayLack = false

  constructor (policies: RoutePolicies) {
    this.#policies = policies
  }

  /**
   * To be called once every route was seen and checked.
   *
   * @param mayLack whether there may be routes that nobody could see.
   */
  complete (mayLack: boolean): void {
    this.#mayLack = mayLack
    this.#known = this.#policies.known()
  }

  /** Whether there may be routes that nobody could see. */
  get mayLack (): boolean {
    return this.#mayLack
  }

  /** Whether any route is in report mode. */
  get isReporting (): boolean {
    return this.#all('routes').some(({ mode }) => mode === 'report')
  }

  /** The app, and the encapsulated children that have routes. */
  instances (call: string): ReadonlySet<FastifyInstance> {
    return new Set(this.#all(call).map(({ instance }) => instance))
  }

  /** How many routes are in report mode, and of how many. */
  unenforced (): { readonly routes: number, readonly of: number } {
    const entries = this.entries('routes')
    return { routes: entries.filter(({ guarded }) => guarded.mode === 'report').length, of: entries.length }
  }

  /**
   * @param call what of `app.apiKeys` asks.
   * @throws {NotReadyError} as long as it is not complete.
   */
  entries (call: string): readonly GuardedRouteEntry[] {
    this.#entries ??= Object.freeze(guardedRoutes(this.#all(call)))
    return this.#entries
  }

  /** The HEAD routes among them that `entries` leaves out. */
  all (call: string): readonly GuardedRouteEntry[] {
    return everyRoute(this.#all(call))
  }

  #all (call: string): readonly KnownRoute[] {
    if (this.#known === undefined) throw new NotReadyError(call)
    return this.#known
  }
}
