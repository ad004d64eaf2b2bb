import { channel } from 'node:diagnostics_channel'
import type { FastifyInstance, RouteOptions } from 'fastify'

/** A route as it was declared, and the instance (app or encapsulated child) that it was declared on. */
export interface DeclaredRoute {
  readonly route: RouteOptions
  /** As declared: in a route that has two, such as `/` under a prefix, Fastify replaces it by the second. */
  readonly url: string
  readonly instance: FastifyInstance
}

/*
 * A plugin's `onRoute` hook sees only the routes that are declared after it, and one that nobody saw is one that nobody
 * checked. So importing this package subscribes to the channel on which Fastify announces each new instance, and notes
 * the routes of each in declaration order. It has no other effect.
 */
const seen = new WeakMap<object, DeclaredRoute[]>()

channel('fastify.initialization').subscribe(message => {
  const { fastify } = message as { fastify: FastifyInstance }
  const routes: DeclaredRoute[] = []
  seen.set(fastify, routes)
  fastify.addHook('onRoute', function (route) {
    routes.push({ route, url: route.url, instance: this })
  })
})

/**
 * Every route declared so far on this instance and its children, or `undefined` if the app is older than the import of
 * this package, so that nobody can tell.
 */
export function routesOf (app: FastifyInstance): readonly DeclaredRoute[] | undefined {
  let root: object | null = app
  while (root !== null && !seen.has(root)) root = Object.getPrototypeOf(root) as object | null
  if (root === null) return undefined
  return seen.get(root)!.filter(({ instance }) => instance === app || Object.prototype.isPrototypeOf.call(app, instance))
}
