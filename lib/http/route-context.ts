import type { FastifyRequest } from 'fastify'

/**
 * An object that stands for the route that a request was matched with: the same for all its requests, and no other route's.
 *
 * That is Fastify's own context of the route, which a request holds under a symbol. `request.routeOptions` is made anew each time it is
 * asked for, which takes longer than all the rest of a check; it is asked where a request holds none under that symbol: one of a second
 * copy of Fastify in this process, or of a Fastify to come.
 */
export function routeOf (request: FastifyRequest): object {
  kContext ??= Object.getOwnPropertySymbols(request).find(({ description }) => description === 'fastify.context')
  return (request as unknown as Record<symbol, object | undefined>)[kContext!] ?? request.routeOptions.config
}

let kContext: symbol | undefined
