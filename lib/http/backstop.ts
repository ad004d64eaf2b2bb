import type { FastifyInstance, FastifyReply, FastifyRequest, HookHandlerDoneFunction, RouteOptions } from 'fastify'
import { routesOf, watchRoutes } from './early-routes.js'

export type PreHandler = (request: FastifyRequest, reply: FastifyReply, done: HookHandlerDoneFunction) => void

/**
 * A `preHandler` hook before all others of those routes that need one. It is not one of the instance, for each hook costs every request
 * of every route more than all the rest of a check does.
 *
 * It is put there once the `onRoute` hooks of other plugins are through with a route: what they add stays, and none of them takes it
 * for a hook that the route brought.
 */
export class Backstop {
  readonly #hook: PreHandler
  /** Instances all of whose routes come to `declared`. */
  readonly #reached = new WeakSet<FastifyInstance>()
  readonly #declared = new WeakSet<RouteOptions>()

  constructor (hook: PreHandler) {
    this.#hook = hook
  }

  /**
   * Puts it before the routes of this instance and its children that are there already, and before those to come that do not come to
   * `declared`: an instance that is older than the plugin does not have its `onRoute` hook. Answers whether routes can be seen.
   */
  watch (app: FastifyInstance): boolean {
    routesOf(app)?.forEach(({ route }) => { this.#putBefore(route) })
    return watchRoutes(app, ({ route, instance }) => {
      if (this.#reached.has(instance)) return
      instance.after(() => { if (!this.#declared.has(route)) this.#putBefore(route) })
    })
  }

  /** For the `onRoute` hook of the plugin: such a route has the last check, and needs more only if it has conditions. */
  declared (route: RouteOptions, instance: FastifyInstance, hasConditions: boolean): void {
    this.#reached.add(instance)
    this.#declared.add(route)
    if (hasConditions) instance.after(() => { this.#putBefore(route) })
  }

  #putBefore (route: RouteOptions): void {
    // A new list, for the other may serve several routes.
    route.preHandler = [this.#hook, ...[route.preHandler ?? []].flat()]
  }
}
