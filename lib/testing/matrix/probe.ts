import { AsyncLocalStorage } from 'node:async_hooks'
import { channel } from 'node:diagnostics_channel'
import type { FastifyInstance, FastifyReply, FastifyRequest, InjectOptions, RouteOptions } from 'fastify'
import type { AuditEvent } from '../../keys/audit.js'

export type BuildApp = () => FastifyInstance | PromiseLike<FastifyInstance>

/** Where it is known that a request is let through: with conditions, only once its body is there. */
export type DecidedAt = 'onRequest' | 'preHandler'

/** What became of a request. */
export interface Outcome {
  readonly statusCode: number
  /** The route that it was let through to, as `GET /hosts/:id`, or `null`. */
  readonly reached: string | null
  /** Whether the handler of that route was called. */
  readonly handled: boolean
  /** What the plugin told of it: that it was denied, or that in report mode it would have been. */
  readonly events: readonly AuditEvent[]
}

/** An app that tells how far each request gets, and that ends requests of ours where they need go no further. */
export class Probe {
  readonly app: FastifyInstance
  readonly #hear = (event: unknown) => { if ((event as AuditEvent).action === 'request') asking.getStore()?.events.push(event as AuditEvent) }

  private constructor (app: FastifyInstance) {
    this.app = app
    events.subscribe(this.#hear)
  }

  /** Builds an app, and makes it ready. */
  static async start (buildApp: BuildApp): Promise<Probe> {
    const watched = new WeakSet<FastifyInstance>()
    const watch = (message: unknown) => {
      const { fastify } = message as { fastify: FastifyInstance }
      // Somebody else may make an app at the same time.
      if (building.getStore() !== watched) return
      watched.add(fastify)
      fastify.addHook('onRoute', route => { observe(route, fastify) })
    }
    newApps.subscribe(watch)
    try {
      const app = await building.run(watched, async () => await buildApp())
      if (!watched.has(app)) throw new TypeError('buildApp must make the app when it is called: one that was there before cannot be watched')
      await app.ready()
      return new Probe(app)
    } finally {
      newApps.unsubscribe(watch)
    }
  }

  /** Sends a request. Unless it `goesOn`, it ends where it is let through, and nobody else hears of it. */
  async ask (request: InjectOptions, decidedAt: DecidedAt, goesOn: boolean): Promise<Outcome> {
    const asked: Asked = { app: this.app, decidedAt, goesOn, reached: null, handled: false, events: [] }
    const { statusCode } = await asking.run(asked, async () => await this.app.inject(request))
    const { reached, handled, events } = asked
    return { statusCode, reached, handled, events }
  }

  async close (): Promise<void> {
    events.unsubscribe(this.#hear)
    await this.app.close()
  }
}

interface Asked {
  readonly app: FastifyInstance
  readonly decidedAt: DecidedAt
  readonly goesOn: boolean
  reached: string | null
  handled: boolean
  readonly events: AuditEvent[]
}

const asking = new AsyncLocalStorage<Asked>()
const building = new AsyncLocalStorage<WeakSet<FastifyInstance>>()
const newApps = channel('fastify.initialization')
const events = channel('fastify-api-key-scopes.audit')

/**
 * Puts hooks of ours before those of the route itself, and so behind those of the app, among which is the check. Requests of others
 * pass them as if they were not there.
 */
function observe (route: RouteOptions, app: FastifyInstance): void {
  const hookAt = (place: DecidedAt) => (request: FastifyRequest, reply: FastifyReply, done: () => void) => {
    const asked = askedOf(app)
    if (asked?.decidedAt !== place) return done()
    asked.reached = `${request.method} ${request.routeOptions.url}`
    if (asked.goesOn) return done()
    reply.hijack()
    reply.raw.writeHead(204).end()
  }
  route.onRequest = [hookAt('onRequest'), ...[route.onRequest ?? []].flat()] as typeof route.onRequest & {}
  route.preHandler = [hookAt('preHandler'), ...[route.preHandler ?? []].flat()] as typeof route.preHandler & {}
  const { handler } = route
  route.handler = function (request, reply) {
    const asked = askedOf(app)
    if (asked !== undefined) asked.handled = true
    return handler.call(this, request, reply)
  }
}

function askedOf (app: FastifyInstance): Asked | undefined {
  const asked = asking.getStore()
  return asked?.app === app ? asked : undefined
}
