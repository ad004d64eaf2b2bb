import type { FastifyInstance, FastifyRequest, RouteOptions } from 'fastify'
import { isSettled } from './access.js'
import { hasConditions, type Policy } from './decision.js'
import { NoDecisionError } from './errors.js'

/**
 * Puts a last check before the handler of a route. A hook of another plugin may lead a request past our hooks, or on to
 * the handler after they refused it: one that throws `null` does, and one that calls `done` twice.
 *
 * Only for routes that are declared after the plugin; a route that is there already cannot be changed any more.
 */
export function protect (route: RouteOptions, policy: Policy): void {
  if (policy.kind === 'public') return
  const isConditional = hasConditions(policy)
  route.handler = checked(route.handler, isConditional)
  // What @fastify/websocket, registered later, takes from the route for itself.
  const sockets = route as { wsHandler?: Handler }
  if (typeof sockets.wsHandler === 'function') sockets.wsHandler = checked(sockets.wsHandler, isConditional)
}

/** Tells the operator of a request that nobody has decided on. */
export function notDecided (request: FastifyRequest): Error {
  request.log.error({ route: request.routeOptions.url }, 'a hook led this request past the access check; it is refused')
  return new NoDecisionError()
}

type Handler = (this: FastifyInstance, first: any, second: any) => any

function checked<H extends Handler> (handler: H, isConditional: boolean): H {
  const { name } = handler
  // As it is called in traces. A function that is given a name, even none, takes V8 a kilobyte once Fastify has bound it.
  if (name !== '') return { [name] (this: FastifyInstance, first: object, second: object) { return call(handler, isConditional, this, first, second) } }[name] as H
  return function (this: FastifyInstance, first: object, second: object) { return call(handler, isConditional, this, first, second) } as H
}

function call (handler: Handler, isConditional: boolean, instance: FastifyInstance, first: object, second: object): unknown {
  // The handler of a WebSocket is given the socket first, and then the request.
  if (isSettled(first, isConditional) || isSettled(second, isConditional)) return handler.call(instance, first, second)
  throw notDecided('routeOptions' in first ? first as FastifyRequest : second as FastifyRequest)
}
