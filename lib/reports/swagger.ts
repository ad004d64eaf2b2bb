import type { FastifyInstance } from 'fastify'
import type { Inside } from './inside.js'
import type { SwaggerFunction } from './openapi-swagger.js'

type WithSwagger = object & { swagger: SwaggerFunction }

/**
 * Has the documents that `@fastify/swagger` makes say who may call what: that of the app, those of encapsulated children, and that of
 * an instance around the app. Nothing is loaded for it where there are none. To be called once all routes are there.
 */
export async function describeSwagger (app: FastifyInstance, inside: Inside): Promise<void> {
  const owners = new Set([app, ...inside.table.instances('swagger')].flatMap(withSwagger))
  if (owners.size === 0) return
  const { describing } = await import('./openapi-swagger.js')
  const entries = inside.table.entries('swagger')
  for (const owner of owners) {
    // A document of something around the app has operations that are none of its business.
    const log = isWithin(owner, app) ? app.log : null
    owner.swagger = describing(owner.swagger, entries.filter(({ known }) => isWithin(known.instance, owner)), inside, log)
  }
}

/** This instance and those around it, as far as they have a document of their own. */
function withSwagger (instance: FastifyInstance): WithSwagger[] {
  const owners: WithSwagger[] = []
  for (let each: object | null = instance; each !== null; each = Object.getPrototypeOf(each) as object | null) {
    if (Object.hasOwn(each, 'swagger') && (each as FastifyInstance).hasPlugin('@fastify/swagger')) owners.push(each as WithSwagger)
  }
  return owners
}

function isWithin (instance: object, other: object): boolean {
  return instance === other || Object.prototype.isPrototypeOf.call(other, instance)
}
