import type { GuardedRouteEntry } from '../http/guarded-routes.js'
import type { Inside } from './inside.js'
import { DENIAL, describeOperation, type Operation } from './openapi-operation.js'
import { schemesOf, type Schemes, type Security } from './openapi-security.js'

/** Of an OpenAPI document, what this is about. */
export interface Document {
  readonly openapi: string
  readonly servers?: ReadonlyArray<{ readonly url: string, readonly variables?: Readonly<Record<string, { readonly default?: string }>> }>
  readonly security?: Security
  readonly paths?: Readonly<Record<string, PathItem>>
  readonly components?: { readonly schemas?: Readonly<Record<string, object>>, readonly securitySchemes?: Schemes }
}

export type PathItem = Readonly<Record<string, unknown>>

export interface Described<D> {
  readonly document: D
  /** The operations that belong to no route, as `GET /pets`. */
  readonly unknown: readonly string[]
}

export function isOpenApi3<D extends object> (document: D): document is D & Document {
  return /^3\.\d/.test(String((document as Partial<Document>)?.openapi))
}

/**
 * Says which route an operation stands for: `undefined` if that is not known, `null` if it is none of ours. The operation may be
 * another one than in the document.
 */
export type Identify = (method: string, path: string, operation: Operation, item: PathItem) => { readonly operation: Operation, readonly entry: GuardedRouteEntry | undefined | null }

/** A document like this one, in which each operation says who may call it. */
export function describeDocument<D extends Document> (document: D, inside: Inside, identify: Identify): Described<D> {
  const { paths = {}, components = {} } = document
  // What the app has declared under these names goes before ours.
  const schemes: Schemes = { ...schemesOf(inside), ...components.securitySchemes }
  const schemas = { ApiKeyDenial: DENIAL, ...components.schemas }
  const unknown: string[] = []

  const described = (path: string, item: PathItem) => eachOperation(item, (method, found) => {
    const { operation, entry } = identify(method, path, found, item)
    if (entry === undefined) unknown.push(`${method} ${path}`)
    return entry ? describeOperation(operation, entry, { ...document, schemes }, inside) : operation
  })
  const told = Object.entries(paths).map(([path, item]) => [path, isExtension(path) ? item : described(path, item)])
  return { document: { ...document, paths: Object.fromEntries(told), components: { ...components, schemas, securitySchemes: schemes } }, unknown }
}

/** A path item like this one, of which each operation is what is made of it. */
export function eachOperation (item: PathItem, describe: (method: string, operation: Operation) => Operation): PathItem {
  // In a document that somebody has written there may be anything.
  if (!isRecord(item)) return item
  const members = Object.entries(item).map(([name, value]) => {
    if (name === 'additionalOperations') return [name, eachOperation(value as PathItem, describe)]
    // A path item has lists and texts beside its operations, and extensions.
    return [name, isRecord(value) && !isExtension(name) ? describe(name.toUpperCase(), value as Operation) : value]
  })
  return Object.fromEntries(members) as PathItem
}

function isExtension (name: string): boolean {
  return name.startsWith('x-')
}

/** Of whatever class: documents are made by builders, too. */
function isRecord (value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
