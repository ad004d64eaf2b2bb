import type { FastifyReply, FastifyRequest, HookHandlerDoneFunction, RouteOptions } from 'fastify'

export type PreHandler = (request: FastifyRequest, reply: FastifyReply, done: HookHandlerDoneFunction) => void

/**
 * A `preHandler` hook before all others of those routes that need one. It is not one of the instance, for each hook costs every request
 * of every route more than all the rest of a check does.
 */
export class Backstop {
  readonly #hook: PreHandler
  /** What the routes have besides. */
  readonly #own = new WeakMap<RouteOptions, RouteOptions['preHandler']>()

  constructor (hook: PreHandler) {
    this.#hook = hook
  }

  /** As long as the app is not ready. */
  putBefore (route: RouteOptions): void {
    this.#own.set(route, route.preHandler)
    // A new list, for the other may serve several routes.
    route.preHandler = [this.#hook, ...[route.preHandler ?? []].flat()]
  }

  takeFrom (route: RouteOptions): void {
    const own = this.#own.get(route)
    this.#own.delete(route)
    if (own === undefined) delete route.preHandler
    else route.preHandler = own
  }

  /** Whether it was put before this route's hooks and is not there any more: another plugin may have given the route other hooks. */
  isLost (route: RouteOptions): boolean {
    return this.#own.has(route) && !(Array.isArray(route.preHandler) && route.preHandler.includes(this.#hook))
  }
}
