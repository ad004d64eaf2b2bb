import { randomUUID } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import type { FastifyBaseLogger, RouteOptions } from 'fastify'
import { stringify } from 'yaml'
import type { GuardedRouteEntry } from '../http/guarded-routes.js'
import type { Inside } from './inside.js'
import { describeDocument, eachOperation, isOpenApi3, type Document, type Identify } from './openapi-document.js'
import type { Operation } from './openapi-operation.js'
import { lastShown, plainest, routesByPath } from './openapi-paths.js'

/** `app.swagger()` of `@fastify/swagger`, which makes its document once. */
export type SwaggerFunction = (options?: { readonly yaml?: boolean }) => object | string

/**
 * In place of `app.swagger()`: answers its document with who may call each operation. The function that was there is asked once,
 * and what it answered is not changed.
 *
 * @param entries the routes that may be in it.
 * @param log where it is said what could not be told; `null`: nowhere.
 */
export function describing (swagger: SwaggerFunction, entries: readonly GuardedRouteEntry[], inside: Inside, log: FastifyBaseLogger | null): SwaggerFunction {
  let described: object | undefined
  let yaml: string | undefined
  return options => {
    described ??= describe()
    if (options?.yaml !== true) return described
    // What is the same in many places is written out: an answer like ours would be an alias nearly everywhere.
    yaml ??= stringify(described, { strict: false, aliasDuplicateObjects: false })
    return yaml
  }

  function describe (): object {
    const marks = new Marks(entries)
    const document = marks.during(() => swagger()) as object
    marks.takeFrom(document)
    if (!isOpenApi3(document)) {
      log?.info('the document of @fastify/swagger is not of OpenAPI 3, so it does not say who may call what; give that plugin the option openapi')
      return document
    }
    const { document: told, unknown } = describeDocument(document, inside, marks.identifyIn(document))
    if (unknown.length > 0) log?.info(`the OpenAPI document does not say who may call what stands for no known route: ${unknown.join(', ')}`)
    return told
  }
}

const MARK = 'x-fastify-api-key-scopes'

/** A copy, in which whatever a class gives it is as well: `hide`, for one. */
function marked<Schema extends object> (schema: Schema, mark: string): Schema {
  const members = { ...Object.getOwnPropertyDescriptors(schema), [MARK]: { value: mark, enumerable: true, configurable: true, writable: true } }
  return Object.create(Object.getPrototypeOf(schema) as object | null, members) as Schema
}

/**
 * Tells which operation is which route, whatever the app makes of its URL: for as long as the document is made, the schemas of the
 * routes carry a mark, which `@fastify/swagger` hands on to the operation like any extension. Fastify itself has read them by then.
 * A route without a schema is not given one, for an app may tell by that what to leave out; it is found by its path.
 */
class Marks {
  readonly #entries: readonly GuardedRouteEntry[]
  /** By the mark. */
  readonly #marked = new Map<unknown, GuardedRouteEntry>()
  readonly #found = new Map<Operation, GuardedRouteEntry>()

  constructor (entries: readonly GuardedRouteEntry[]) {
    this.#entries = entries
  }

  /** What makes the document must do so at once. */
  during<T> (make: () => T): T {
    const schemas = new Map<RouteOptions, NonNullable<RouteOptions['schema']>>()
    try {
      for (const entry of this.#entries) {
        const { route } = entry.known
        // A route of several methods has an entry for each.
        if (route.schema === undefined || schemas.has(route)) continue
        const mark = randomUUID()
        schemas.set(route, route.schema)
        this.#marked.set(mark, entry)
        route.schema = marked(route.schema, mark)
      }
      return make()
    } finally {
      for (const [route, schema] of schemas) route.schema = schema
    }
  }

  /** Leaves the document as it would be without them: somebody else may have it too. */
  takeFrom ({ paths }: { readonly paths?: Document['paths'] }): void {
    for (const item of Object.values(paths ?? {})) {
      eachOperation(item, (_method, operation) => {
        const entry = this.#marked.get(operation[MARK])
        if (entry === undefined) return operation
        this.#found.set(operation, entry)
        Reflect.deleteProperty(operation, MARK)
        return operation
      })
    }
  }

  identifyIn (document: Document): Identify {
    // If none has arrived, it was not made of the routes (`mode: 'static'`), or before they were marked.
    const isLost = this.#found.size === 0 && [...this.#marked.values()].some(({ guarded }) => !guarded.hidden)
    const byPath = routesByPath(this.#entries, document, isLost ? plainest : lastShown)
    return (method, path, operation, item) => {
      const { [MARK]: mark, ...bare } = operation
      const found = this.#found.get(operation)
      // It may be frozen.
      if (found !== undefined) return { operation: bare, entry: found }
      // In an app that has the plugin in several parts, another one is to tell of it.
      if (mark !== undefined) return { operation, entry: null }
      return { operation, entry: method === 'HEAD' ? this.#headOf(item.get as Operation | undefined) ?? byPath(method, path) : byPath(method, path) }
    }
  }

  /** Where HEAD is a route that Fastify has added, it is for whom the GET is. */
  #headOf (get: Operation | undefined): GuardedRouteEntry | undefined {
    const entry = get && this.#found.get(get)
    const { url, constraints } = entry?.guarded ?? {}
    return this.#entries.find(({ guarded }) => guarded.method === 'HEAD' && guarded.url === url && isDeepStrictEqual(guarded.constraints, constraints)) ?? entry
  }
}
