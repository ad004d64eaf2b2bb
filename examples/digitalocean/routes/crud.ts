import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { ScopeName } from 'fastify-api-key-scopes'
import type { Collection, Fields } from '../collection.js'
import { body, someOf, type Properties } from './schema.js'

/** A resource that has nothing special: which of the usual operations it has, and the scope of each. */
export interface Resource {
  readonly path: string
  readonly items: Collection
  /** What one of them is called in answers, and several. */
  readonly names: readonly [one: string, several: string]
  /** For what belongs to something else, as a record to its domain: the parameter in the path, and where it is looked up. */
  readonly within?: readonly [param: string, parents: Collection]
  /** `GET path` and `GET path/:id` */
  readonly read?: ScopeName
  /** `POST path` */
  readonly create?: ScopeName
  /** `PUT path/:id`, with all fields, or `PATCH path/:id`, with some. */
  readonly put?: ScopeName
  readonly patch?: ScopeName
  /** `DELETE path/:id` */
  readonly remove?: ScopeName
  /** What a body has to have. */
  readonly fields?: Properties
}

export function crud (app: FastifyInstance, { path, items, names, within, fields = {}, ...scopes }: Resource): void {
  const [one, several] = names
  const { read, create, put, patch, remove } = scopes

  if (read !== undefined) {
    app.get(path, { config: { scopes: read } }, async request => ({ [several]: items.list(parentOf(request)) }))
    app.get(`${path}/:id`, { config: { scopes: read } }, async request => ({ [one]: items.get(idOf(request), parentOf(request)) }))
  }

  if (create !== undefined) {
    app.post<{ Body: Fields }>(path, { config: { scopes: create }, schema: body(fields) }, async (request, reply) => {
      const parent = parentOf(request)
      reply.code(201)
      return { [one]: items.add({ ...request.body, ...parent }) }
    })
  }

  for (const [method, scope, schema] of [['PUT', put, body(fields)], ['PATCH', patch, someOf(fields)]] as const) {
    if (scope === undefined) continue
    app.route<{ Body: Fields }>({
      method,
      url: `${path}/:id`,
      config: { scopes: scope },
      schema,
      handler: async request => ({ [one]: items.update(idOf(request), request.body, parentOf(request)) })
    })
  }

  if (remove !== undefined) {
    app.delete(`${path}/:id`, { config: { scopes: remove } }, async (request, reply) => {
      items.remove(idOf(request), parentOf(request))
      reply.code(204)
    })
  }

  /** What it belongs to, as a field. */
  function parentOf ({ params }: FastifyRequest): Fields {
    if (within === undefined) return {}
    const [param, parents] = within
    return { [param]: parents.get((params as Record<string, string>)[param]!).id }
  }
}

function idOf ({ params }: FastifyRequest): string {
  return (params as { id: string }).id
}
