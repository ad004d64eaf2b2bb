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
const seen = new WeakMap<object, Seen>()

interface Seen {
  readonly routes: DeclaredRoute[]
  readonly watchers: Array<(route: DeclaredRoute) => void>
}

channel('fastify.initialization').subscribe(message => {
  const { fastify } = message as { fastify: FastifyInstance }
  const routes: DeclaredRoute[] = []
  const watchers: Seen['watchers'] = []
  seen.set(fastify, { routes, watchers })
  fastify.addHook('onRoute', function (route) {
    const declared = { route, url: route.url, instance: this }
    routes.push(declared)
    for (const watch of watchers) watch(declared)
  })
})

/**
 * Every route declared so far on this instance and its children, or `undefined` if the app is older than the import of
 * this package, so that nobody can tell.
 */
export function routesOf (app: FastifyInstance): readonly DeclaredRoute[] | undefined {
  return seenOf(app)?.routes.filter(route => isOf(app, route))
}

/**
 * Does something with every route that is declared on this instance and its children from now on, before any other `onRoute` hook.
 * Answers whether they can be seen.
 */
export function watchRoutes (app: FastifyInstance, watch: (route: DeclaredRoute) => void): boolean {
  const known = seenOf(app)
  known?.watchers.push(route => { if (isOf(app, route)) watch(route) })
  return known !== undefined
}

function seenOf (app: FastifyInstance): Seen | undefined {
  let root: object | null = app
  while (root !== null && !seen.has(root)) root = Object.getPrototypeOf(root) as object | null
  return root === null ? undefined : seen.get(root)
}

function isOf (app: FastifyInstance, { instance }: DeclaredRoute): boolean {
  return instance === app || Object.prototype.isPrototypeOf.call(app, instance)
}
