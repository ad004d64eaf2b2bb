import type { FastifyRequest } from 'fastify'

/**
 * An object that stands for the route that a request was matched with: the same for all its requests, and no other route's.
 *
 * That is Fastify's own context of the route, which a request holds under a symbol. `request.routeOptions` is made anew each time it is
 * asked for, which takes longer than all the rest of a check; it is asked where a Fastify to come holds its contexts elsewhere.
 */
export function routeOf (request: FastifyRequest): object {
  kContext ??= Object.getOwnPropertySymbols(request).find(({ description }) => description === 'fastify.context')
  return (kContext === undefined ? undefined : (request as unknown as Record<symbol, object | undefined>)[kContext]) ?? request.routeOptions.config
}

let kContext: symbol | undefined
