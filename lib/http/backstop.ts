import type { FastifyReply, FastifyRequest, HookHandlerDoneFunction, RouteOptions } from 'fastify'

export type PreHandler = (request: FastifyRequest, reply: FastifyReply, done: HookHandlerDoneFunction) => void

/**
 * A `preHandler` hook before all others of those routes that need one. It is not one of the instance, for each hook costs every request
 * of every route more than all the rest of a check does.
 */
export class Backstop {
  readonly #hook: PreHandler

  constructor (hook: PreHandler) {
    this.#hook = hook
  }

  /** As long as the app is not ready. */
  putBefore (route: RouteOptions): void {
    // A new list, for the other may serve several routes. Most routes have none, and there may be thousands.
    route.preHandler = route.preHandler === undefined ? this.#hook : [this.#hook, ...[route.preHandler].flat()]
  }

  /** Leaves what others have put there meanwhile. */
  takeFrom (route: RouteOptions): void {
    const { preHandler } = route
    // Not deleted: V8 is slow with an object that has lost a member.
    if (preHandler === this.#hook) (route as { preHandler: unknown }).preHandler = undefined
    else if (Array.isArray(preHandler)) route.preHandler = preHandler.filter(hook => hook !== this.#hook)
  }

  /** Another plugin may have given the route other hooks. */
  isBefore ({ preHandler }: RouteOptions): boolean {
    return preHandler === this.#hook || (Array.isArray(preHandler) && preHandler.includes(this.#hook))
  }
}
